/* SPDX-License-Identifier: MIT */
#include "target.h"

#include "cleanup.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* The byte that an escape at p stands for, or -1 when there is none. */
static int escaped_byte(const char *p, size_t length)
{
    int high, low;

    if (length < 3 || p[0] != '%')
        return -1;
    high = hex_digit(p[1]);
    low = hex_digit(p[2]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

/* Decodes into `to`, which may be as long as `from`. An escaped NUL would cut the text short, so it
 * is an error. */
static int decode(const char *from, size_t length, bool plus_is_space, char *to)
{
    for (size_t i = 0; i < length; i++) {
        if (from[i] == '%') {
            int byte = escaped_byte(from + i, length - i);

            if (byte <= 0)
                return -EINVAL;
            *to++ = (char)byte;
            i += 2;
        } else {
            *to++ = plus_is_space && from[i] == '+' ? ' ' : from[i];
        }
    }
    *to = '\0';
    return 0;
}

/* The absolute form (RFC 9112, 3.2.2), of which the path counts. */
static const char *skip_origin(const char *raw)
{
    static const char scheme[] = "http://";

    if (strncasecmp(raw, scheme, strlen(scheme)) != 0)
        return raw;
    raw += strlen(scheme);
    return raw + strcspn(raw, "/?");
}

static const char *segment_end(const char *p)
{
    while (*p && *p != '/' && *p != '?')
        p++;
    return p;
}

static bool is_plain(const char *raw)
{
    for (; *raw; raw++)
        if ((unsigned char)*raw <= ' ' || *raw == 0x7f)
            return false;
    return true;
}

int target_parse(const char *raw, struct target *ret)
{
    _cleanup_(freep) char *storage = NULL;
    struct target t = {.rest = ""};
    const char *end, *p = raw = skip_origin(raw);
    char *to;

    if (*raw != '/' || !is_plain(raw))
        return -EINVAL;

    end = strchrnul(raw, '?');
    if (*end == '?')
        t.query = end + 1;

    to = storage = malloc((size_t)(end - raw) + 1);
    if (!storage)
        return -ENOMEM;

    for (size_t i = 0; i < TARGET_SEGMENTS && p < end; i++) {
        const char *segment = p + 1;

        p = segment_end(segment);
        if (decode(segment, (size_t)(p - segment), false, to) < 0)
            return -EINVAL;
        t.segments[i] = to;
        to += strlen(to) + 1;
    }
    t.rest = p;
    t.storage = TAKE_PTR(storage);
    *ret = t;
    return 0;
}

void target_done(struct target *t)
{
    free(t->storage);
    *t = (struct target){.rest = ""};
}

int query_get(const char *query, const char *key, char **ret)
{
    _cleanup_(freep) char *found = NULL;
    size_t key_length = strlen(key);

    for (const char *p = query; p && *p;) {
        size_t length = strcspn(p, "&");

        if (length >= key_length && !strncmp(p, key, key_length) &&
            (length == key_length || p[key_length] == '=')) {
            const char *value = p + key_length + (length > key_length);

            if (found)
                return -EINVAL;
            found = malloc(length + 1);
            if (!found)
                return -ENOMEM;
            if (decode(value, (size_t)(p + length - value), true, found) < 0)
                return -EINVAL;
        }
        p += length;
        p += *p == '&';
    }
    if (!found)
        return 0;
    *ret = TAKE_PTR(found);
    return 1;
}

int query_get_number(const char *query, const char *key, uint64_t *ret)
{
    _cleanup_(freep) char *text = NULL;
    unsigned long long value;
    char *end;
    int r;

    r = query_get(query, key, &text);
    if (r <= 0)
        return r;
    if (!isdigit((unsigned char)text[0]))
        return -EINVAL;
    errno = 0;
    value = strtoull(text, &end, 10);
    if (errno || *end)
        return -EINVAL;
    *ret = value;
    return 1;
}

/* What only some servers take for a separator, besides `/`. */
enum {
    ESCAPED_SLASH = 1,
    BACKSLASH = 2,
    ESCAPED_BACKSLASH = 4,
    SEPARATORS_END = 8,
};

static bool is_separator(int byte, bool escaped, unsigned separators)
{
    if (byte == '/')
        return !escaped || separators & ESCAPED_SLASH;
    return byte == '\\' && separators & (escaped ? ESCAPED_BACKSLASH : BACKSLASH);
}

/* Whether it climbs out for a server that takes just these for separators. */
static bool climbs_out(const char *path, size_t length, unsigned separators)
{
    enum { DOTS, OTHER, PARAMETER } kind = DOTS;
    size_t dots = 0;
    long depth = 0;

    for (size_t i = 0; i <= length; i++) {
        int byte = escaped_byte(path + i, length - i);
        bool escaped = byte >= 0;

        if (escaped)
            i += 2;
        else
            byte = i == length ? '/' : (unsigned char)path[i];

        if (is_separator(byte, escaped, separators)) {
            if (kind != OTHER && dots == 2 && --depth < 0)
                return true;
            if (kind == OTHER || dots > 2)
                depth++;
            kind = DOTS;
            dots = 0;
        } else if (kind == DOTS) {
            if (byte == '.')
                dots++;
            else
                kind = byte == ';' || byte == '#' || byte == 0 ? PARAMETER : OTHER;
        }
    }
    return false;
}

bool path_escapes(const char *path)
{
    size_t length = strcspn(path, "?");

    if (strcspn(path, ".%") >= length)
        return false; /* no step upwards, however written */
    /* A separator makes one more to climb over as well as one more `..`: neither reading is the safe
     * one. */
    for (unsigned separators = 0; separators < SEPARATORS_END; separators++)
        if (climbs_out(path, length, separators))
            return true;
    return false;
}

static bool is_interface(const char *s)
{
    static const char *const known[] = {"public",    "internal",    "admin",
                                        "publicURL", "internalURL", "adminURL"};

    for (size_t i = 0; i < ARRAY_SIZE(known); i++)
        if (!strcmp(s, known[i]))
            return true;
    return false;
}

int proxy_address_parse(const char *segment, struct proxy_address *ret)
{
    struct proxy_address a = {0};
    char *at, *colon;

    a.service = strdup(segment);
    if (!a.service)
        return -ENOMEM;

    at = strrchr(a.service, '@');
    if (at) {
        *at++ = '\0';
        a.region = at;
        colon = strrchr(at, ':');
    } else {
        /* Types have a colon of their own (rax:dns): only a word that can be an interface ends one
         * here. */
        colon = strrchr(a.service, ':');
        if (colon && !is_interface(colon + 1))
            colon = NULL;
    }
    if (colon) {
        *colon++ = '\0';
        a.interface = colon;
    }
    if (!*a.service || (a.region && !*a.region) || (a.interface && !*a.interface)) {
        free(a.service);
        return -EINVAL;
    }
    *ret = a;
    return 0;
}

void proxy_address_done(struct proxy_address *a)
{
    free(a->service);
    *a = (struct proxy_address){0};
}
