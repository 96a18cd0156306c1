/* SPDX-License-Identifier: MIT */
/*
 * Request targets: the pieces are the target's own, a parameter that is found stands in the query,
 * and no server, whichever bytes it takes for separators, is led out of the endpoint by a path that
 * was let through.
 */
#include "fuzz.h"
#include "target.h"

#include <string.h>

/* ---- the pieces */

static void check_parameter(const char *query, const char *key)
{
    _cleanup_(freep) char *value = NULL;
    uint64_t number = 0;
    int r = query_get(query, key, &value);

    fuzz_check(r != 1 || (strstr(query, key) && value && strlen(value) <= strlen(query)));
    fuzz_check(r == 1 || !value);
    fuzz_check(query_get_number(query, key, &number) != 1 ||
               (r == 1 && strspn(value, "0123456789") == strlen(value)));
}

static void check_address(const char *segment)
{
    struct proxy_address a;

    if (proxy_address_parse(segment, &a) < 0)
        return;
    fuzz_check(*a.service && (!a.region || *a.region) && (!a.interface || *a.interface));
    fuzz_check(strlen(a.service) + (a.region ? strlen(a.region) + 1 : 0) +
                   (a.interface ? strlen(a.interface) + 1 : 0) ==
               strlen(segment));
    fuzz_check(strncmp(segment, a.service, strlen(a.service)) == 0);
    proxy_address_done(&a);
}

static void check_pieces(const char *raw, const struct target *t)
{
    size_t length = strlen(raw), rest = strlen(t->rest);

    for (size_t i = 0; i + 1 < TARGET_SEGMENTS; i++)
        fuzz_check(t->segments[i] || !t->segments[i + 1]);
    fuzz_check(t->segments[0] || !*t->rest || *t->rest == '?');
    fuzz_check(rest <= length && strcmp(raw + length - rest, t->rest) == 0);
    fuzz_check(!rest || *t->rest == '?' || (*t->rest == '/' && t->segments[TARGET_SEGMENTS - 1]));
    if (t->query) {
        size_t query = strlen(t->query);

        fuzz_check(query < rest && strcmp(t->rest + rest - query, t->query) == 0);
        fuzz_check(t->rest[rest - query - 1] == '?');
    } else {
        fuzz_check(!strchr(t->rest, '?'));
    }
}

/* ---- the way out */

/* What a server may take for a separator besides `/`, and whether it drops parameters. */
enum {
    ESCAPED_SLASH = 1,
    BACKSLASH = 2,
    ESCAPED_BACKSLASH = 4,
    PARAMETERS = 8,
    READINGS = 16,
};

static int nibble(char c)
{
    static const char digits[] = "0123456789abcdefABCDEF";
    const char *found = c ? strchr(digits, c) : NULL;

    if (!found)
        return -1;
    return (int)(found - digits) - (found - digits > 15 ? 6 : 0);
}

/* Writes a path as a server sees it: unescaped, with its separators as `/`, and with what is none
 * but looks like one as a letter. */
static char *as_seen(const char *path, unsigned reading)
{
    size_t length = strcspn(path, "?");
    char *seen = malloc(length + 1), *to = seen;

    if (!seen)
        abort();
    for (size_t i = 0; i < length; i++) {
        bool escaped = path[i] == '%' && nibble(path[i + 1]) >= 0 && nibble(path[i + 2]) >= 0;
        char c = escaped ? (char)(nibble(path[i + 1]) << 4 | nibble(path[i + 2])) : path[i];
        bool is_separator = c == '/' && (!escaped || reading & ESCAPED_SLASH);

        if (c == '\\')
            is_separator = reading & (escaped ? ESCAPED_BACKSLASH : BACKSLASH);
        if (is_separator)
            c = '/';
        else if (c == '/' || c == '\\' || (c == 0 && escaped))
            c = 'x';
        *to++ = c;
        i += escaped ? 2 : 0;
    }
    *to = '\0';
    return seen;
}

static bool climbs_out(char *seen, unsigned reading)
{
    char *segment;
    long depth = 0;

    while ((segment = strsep(&seen, "/"))) {
        if (reading & PARAMETERS)
            segment[strcspn(segment, ";")] = '\0';
        if (strcmp(segment, "..") == 0)
            depth--;
        else if (*segment && strcmp(segment, ".") != 0)
            depth++;
        if (depth < 0)
            return true;
    }
    return false;
}

static void check_way_out(const char *path)
{
    if (path_escapes(path))
        return;
    for (unsigned reading = 0; reading < READINGS; reading++) {
        _cleanup_(freep) char *seen = as_seen(path, reading);

        fuzz_check(!climbs_out(seen, reading));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_(freep) char *raw = fuzz_text(data, size), *taken_apart = fuzz_text(data, size);
    struct target t;

    check_way_out(raw);
    check_address(raw);
    check_parameter(raw, "a");
    if (target_parse(taken_apart, &t) < 0)
        return 0;
    check_pieces(raw, &t);
    if (t.query)
        check_parameter(t.query, "region");
    return 0;
}
