/* SPDX-License-Identifier: MIT */
/* See precondition.h. */
#include "precondition.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The entity tags of a header are in quotes or not; a "*" is any. */
static bool names_etag(const char *header, const char *etag)
{
    return strcmp(header, "*") == 0 || strstr(header, etag);
}

static bool is_newer(const char *header, const struct store_object *object)
{
    time_t since;

    return clock_read_http(header, &since) < 0 || ceil(object->modified) > (double)since;
}

unsigned precondition_check(const struct request *r, const struct store_object *object)
{
    const char *match = request_header(r, "If-Match");
    const char *none_match = request_header(r, "If-None-Match");
    const char *modified = request_header(r, "If-Modified-Since");
    const char *unmodified = request_header(r, "If-Unmodified-Since");

    if (match ? !names_etag(match, object->etag) : unmodified && is_newer(unmodified, object))
        return 412;
    if (none_match ? names_etag(none_match, object->etag) : modified && !is_newer(modified, object))
        return 304;
    return 0;
}

enum range_verdict range_parse(const char *header, uint64_t size, uint64_t *ret_first,
                               uint64_t *ret_length)
{
    uint64_t first, last = UINT64_MAX;
    char *end;

    if (!header || strncmp(header, "bytes=", 6) != 0 || strchr(header, ','))
        return RANGE_WHOLE;
    header += 6;

    if (*header == '-') {
        uint64_t suffix = strtoull(header + 1, &end, 10);

        if (!isdigit((unsigned char)header[1]) || *end)
            return RANGE_WHOLE;
        if (suffix == 0 || size == 0)
            return RANGE_OUTSIDE;
        *ret_length = suffix < size ? suffix : size;
        *ret_first = size - *ret_length;
        return RANGE_PART;
    }

    first = strtoull(header, &end, 10);
    if (!isdigit((unsigned char)*header) || *end++ != '-')
        return RANGE_WHOLE;
    if (isdigit((unsigned char)*end))
        last = strtoull(end, &end, 10);
    if (*end || last < first)
        return RANGE_WHOLE;
    if (first >= size)
        return RANGE_OUTSIDE;
    *ret_first = first;
    *ret_length = (last < size ? last : size - 1) - first + 1;
    return RANGE_PART;
}
