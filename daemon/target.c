/* SPDX-License-Identifier: MIT */
#include "target.h"

#include "cleanup.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/types.h>

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
static int escaped_byte(const char *p)
{
    int high = p[0] == '%' ? hex_digit(p[1]) : -1;
    int low = high < 0 ? -1 : hex_digit(p[2]);

    return low < 0 ? -1 : high << 4 | low;
}

/* Takes the next byte, decoded. -1 for a broken escape, and for one of NUL, which would cut the text short. */
static int take_byte(const char **p)
{
    int byte = (unsigned char)**p;
    bool is_escape = byte == '%';

    if (is_escape)
        byte = escaped_byte(*p);
    if (byte <= 0)
        return -1;
    *p += is_escape ? strlen("%41") : 1;
    return byte;
}

/* The absolute form (RFC 9112, 3.2.2), of which the path counts. */
static char *skip_origin(char *raw)
{
    static const char scheme[] = "http://";

    if (*raw == '/' || strncasecmp(raw, scheme, strlen(scheme)) != 0)
        return raw;
    raw += strlen(scheme);
    return raw + strcspn(raw, "/?");
}

/* Decodes the segment behind that slash, and returns its length as it was, the slash included; -1 for a broken
 * escape. It moves to where the slash was, so that the one behind it need not make room for the end of the
 * text. */
static ssize_t decode_segment(char *slash)
{
    const char *from = slash + 1;
    char *to = slash;

    while (*from && *from != '/' && *from != '?') {
        int byte = take_byte(&from);

        if (byte < 0)
            return -1;
        *to++ = (char)byte;
    }
    *to = '\0';
    return from - slash;
}

static bool is_plain(const char *raw)
{
    size_t length = strlen(raw);
    unsigned char plain = 1;

    /* All of it: so the compiler can look at many bytes at once. */
    for (size_t i = 0; i < length; i++)
        plain &= (unsigned char)raw[i] > ' ' && raw[i] != 0x7f;
    return plain;
}

int target_parse(char *raw, struct target *ret)
{
    struct target t = {0};
    char *p = skip_origin(raw);

    if (*p != '/' || !is_plain(p))
        return -EINVAL;

    t.query = strchr(p, '?');
    if (t.query)
        t.query++;
    for (size_t i = 0; i < TARGET_SEGMENTS && *p == '/'; i++) {
        ssize_t length = decode_segment(p);

        if (length < 0)
            return -EINVAL;
        t.segments[i] = p;
        p += length;
    }
    t.rest = p;
    *ret = t;
    return 0;
}

/* Decodes into `to`, which may be as long as what is up to `end`. */
static int decode_value(const char *from, const char *end, char *to)
{
    while (from < end) {
        bool is_space = *from == '+';
        int byte = take_byte(&from);

        if (byte < 0)
            return -EINVAL;
        *to++ = is_space ? ' ' : (char)byte;
    }
    *to = '\0';
    return 0;
}

int query_get(const char *query, const char *key, char **ret)
{
    _cleanup_(freep) char *found = NULL;
    size_t key_length;

    if (!query)
        return 0;
    key_length = strlen(key);
    for (const char *p = query; *p;) {
        size_t length = strcspn(p, "&");

        if (length >= key_length && !strncmp(p, key, key_length) &&
            (length == key_length || p[key_length] == '=')) {
            const char *value = p + key_length + (length > key_length);

            if (found)
                return -EINVAL;
            found = malloc(length + 1);
            if (!found)
                return -ENOMEM;
            if (decode_value(value, p + length, found) < 0)
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
        int byte = escaped_byte(path + i);
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
