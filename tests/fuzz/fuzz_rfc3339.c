/* SPDX-License-Identifier: MIT */
/*
 * Times: what is read can be written and comes back the same; a time in UTC is written as it was
 * read; and any number of microseconds has a text that can be read.
 */
#include "fuzz.h"
#include "rfc3339.h"

#include <string.h>
#include <strings.h>

#define END_OF_9999 (UINT64_C(253402300800) * USEC_PER_SEC)

/* What is written is in milliseconds. */
static usec_t to_milliseconds(usec_t t)
{
    return t - t % USEC_PER_MSEC;
}

static void check_text(const char *text)
{
    char written[RFC3339_LENGTH], again[RFC3339_LENGTH];
    const char *zone;
    usec_t t, back;

    if (rfc3339_parse(text, &t) < 0)
        return;
    fuzz_check(t < END_OF_9999);
    fuzz_check(strlen(rfc3339_format(t, written)) < RFC3339_LENGTH);
    fuzz_check(rfc3339_parse(written, &back) == 0);
    fuzz_check(back == to_milliseconds(t));
    fuzz_check(strcmp(rfc3339_format(back, again), written) == 0);

    zone = text + strlen("2014-01-02T03:04:05");
    zone += strspn(zone, ".0123456789");
    if ((!*zone || strcasecmp(zone, "Z") == 0) && strncmp(text + 17, "60", 2) != 0)
        fuzz_check(strncasecmp(text, written, strlen("2014-01-02T03:04:05")) == 0);
}

static void check_number(usec_t t)
{
    char written[RFC3339_LENGTH];
    usec_t back;

    fuzz_check(rfc3339_parse(rfc3339_format(t, written), &back) == 0);
    fuzz_check(back == to_milliseconds(t < END_OF_9999 ? t : END_OF_9999 - 1));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_(freep) char *text = fuzz_text(data, size);
    usec_t number = 0;

    check_text(text);
    memcpy(&number, data, size < sizeof(number) ? size : sizeof(number));
    check_number(number);
    return 0;
}
