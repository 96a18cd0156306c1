/* SPDX-License-Identifier: MIT */
/*
 * Path patterns of the access rules, `PATTERN|PATH`: what matches does so as each server would read it that
 * is played here, with a matcher that has nothing in common with the daemon's, and no server is led by it
 * to a segment of dots.
 */
#include "fuzz.h"
#include "policy_path.h"

#include <ctype.h>
#include <string.h>

#define MOST 512

/* What a server may make of a path. */
enum {
    ESCAPED_SLASH = 1, /* separates */
    BACKSLASH = 2,     /* separates, escaped or not */
    PARAMETERS = 4,    /* are dropped */
    ESCAPED_PARAMETERS = 8,
    FRAGMENT = 16, /* `?` and `#` end the path, escaped or not */
    MERGED = 32,   /* empty segments are dropped */
    TWICE = 64,    /* it is decoded twice */
    NUL_ENDS = 128,
    READINGS = 256,
};

struct byte {
    unsigned char value;
    bool escaped;
};

/* A path, or a pattern, as a row of names. */
struct names {
    char text[MOST];
    const char *name[MOST];
    size_t n;
};

static int digit(struct byte b)
{
    if (!isxdigit(b.value))
        return -1;
    return isdigit(b.value) ? b.value - '0' : tolower(b.value) - 'a' + 10;
}

static size_t decode(struct byte *bytes, size_t n)
{
    size_t to = 0;

    for (size_t i = 0; i < n; i++, to++) {
        bytes[to] = bytes[i];
        if (bytes[i].value == '%' && i + 2 < n && digit(bytes[i + 1]) >= 0 &&
            digit(bytes[i + 2]) >= 0) {
            bytes[to].value = (unsigned char)(digit(bytes[i + 1]) * 16 + digit(bytes[i + 2]));
            bytes[to].escaped = true;
            i += 2;
        }
    }
    return to;
}

static bool separates(struct byte b, unsigned reading)
{
    if (b.value == '/')
        return !b.escaped || (reading & ESCAPED_SLASH);
    return b.value == '\\' && reading & BACKSLASH;
}

static bool ends(struct byte b, unsigned reading)
{
    if (b.value == 0)
        return reading & NUL_ENDS;
    return (b.value == '?' || b.value == '#') && reading & FRAGMENT;
}

static void add_name(struct names *names, const char *start, const char *end, unsigned reading)
{
    if (start < end || !(reading & MERGED))
        names->name[names->n++] = start;
}

static void see(const char *path, unsigned reading, struct names *ret)
{
    struct byte bytes[MOST];
    size_t n = strlen(path);
    char *to = ret->text, *start = to;
    bool dropping = false;

    for (size_t i = 0; i < n; i++)
        bytes[i] = (struct byte){(unsigned char)path[i], false};
    n = decode(bytes, n);
    if (reading & TWICE)
        n = decode(bytes, n);
    ret->n = 0;
    for (size_t i = 1; i < n && !ends(bytes[i], reading); i++) {
        if (separates(bytes[i], reading)) {
            *to++ = '\0';
            add_name(ret, start, to - 1, reading);
            start = to;
            dropping = false;
            continue;
        }
        if (bytes[i].value == ';' && reading & (bytes[i].escaped ? ESCAPED_PARAMETERS : PARAMETERS))
            dropping = true;
        if (!dropping)
            *to++ = bytes[i].value ? (char)bytes[i].value : '\1';
    }
    *to++ = '\0';
    add_name(ret, start, to - 1, reading);
}

/* A pattern has nothing to decode. */
static void split(const char *pattern, unsigned reading, struct names *ret)
{
    char *to = strcpy(ret->text, pattern + 1), *name;

    ret->n = 0;
    while ((name = strsep(&to, "/")))
        add_name(ret, name, name + strlen(name), reading);
}

/* All that each part of the pattern can reach, side by side. */
static bool name_fits(const char *pattern, const char *name)
{
    bool reached[MOST + 1] = {true}, next[MOST + 1];
    size_t length = strlen(name);

    for (; *pattern; pattern++) {
        memset(next, 0, sizeof(next));
        for (size_t i = 0; i <= length; i++) {
            size_t character = 1;

            if (*pattern == '*')
                next[i] = reached[i] || (i > 0 && next[i - 1]);
            if (*pattern == '*' || !reached[i] || i == length)
                continue;
            while (*pattern == '?' && ((unsigned char)name[i + character] & 0xc0) == 0x80)
                character++;
            if (*pattern == '?' || *pattern == name[i])
                next[i + character] = true;
        }
        memcpy(reached, next, sizeof(next));
    }
    return reached[length];
}

static bool fits(const struct names *pattern, const struct names *path)
{
    bool reached[MOST + 1] = {true}, next[MOST + 1];

    for (size_t p = 0; p < pattern->n; p++) {
        bool deep = strcmp(pattern->name[p], "**") == 0, last = p + 1 == pattern->n;

        memset(next, 0, sizeof(next));
        for (size_t i = 0; i <= path->n; i++) {
            if (deep)
                next[i] = (reached[i] && !last) || (i > 0 && (next[i - 1] || reached[i - 1]));
            else if (i > 0 && reached[i - 1])
                next[i] = name_fits(pattern->name[p], path->name[i - 1]);
        }
        memcpy(reached, next, sizeof(next));
    }
    return reached[path->n];
}

static void check_reading(const char *pattern, const char *path, unsigned reading)
{
    static struct names wanted, seen;

    split(pattern, reading, &wanted);
    see(path, reading, &seen);
    for (size_t i = 0; i < seen.n; i++)
        fuzz_check(strcmp(seen.name[i], ".") != 0 && strcmp(seen.name[i], "..") != 0);
    fuzz_check(fits(&wanted, &seen));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_(freep) char *line = fuzz_text(data, size < MOST ? size : MOST - 1);
    char *rest = line;
    const char *pattern = fuzz_field(&rest), *path = fuzz_field(&rest);
    bool matches;

    if (policy_path_fault(pattern) || !path)
        return 0;
    matches = policy_path_matches(&pattern, 1, path, strlen(path), POLICY_PATH_ITSELF);
    if (policy_path_matches(&pattern, 1, path, strlen(path), POLICY_PATH_PREFIX))
        fuzz_check(matches);
    if (!matches)
        return 0;
    fuzz_check(!*path || *path == '/');
    for (unsigned reading = 0; reading < READINGS; reading++)
        check_reading(pattern, *path ? path : "/", reading);
    return 0;
}
