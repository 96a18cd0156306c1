/* SPDX-License-Identifier: MIT */
/*
 * Accept headers, one a line: their order is of no meaning, nor is one that comes twice, and text is
 * for those only who name it.
 */
#include "accept.h"
#include "fuzz.h"

#include <string.h>
#include <strings.h>

#define VALUES_MOST 16

static struct accept add_all(char *const values[], size_t n, bool backwards)
{
    struct accept a = {0};

    for (size_t i = 0; i < n; i++)
        accept_add(&a, values[backwards ? n - 1 - i : i]);
    return a;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_(freep) char *text = fuzz_text(data, size);
    bool names_text = strcasestr(text, "text/") != NULL;
    char *values[VALUES_MOST], *rest = text;
    struct accept forwards, backwards, twice;
    size_t n = 0;

    while (n < VALUES_MOST && rest)
        values[n++] = strsep(&rest, "\n");
    forwards = twice = add_all(values, n, false);
    backwards = add_all(values, n, true);
    accept_add(&twice, values[0]);

    fuzz_check(memcmp(&forwards, &backwards, sizeof(forwards)) == 0);
    fuzz_check(memcmp(&forwards, &twice, sizeof(forwards)) == 0);
    for (size_t i = 0; i < _ACCEPT_MAX; i++)
        fuzz_check(forwards.weights[i] <= 1001);
    if (accept_prefers_text(&forwards))
        fuzz_check(names_text);
    return 0;
}
