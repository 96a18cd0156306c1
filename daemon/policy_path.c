/* SPDX-License-Identifier: MIT */
/*
 * A path is taken in once: decoded, with a mark in place of each byte that can be read in two ways. Marks
 * are control characters, which no path that matches has in it. Then it is read in each way that its marks
 * allow, and each reading is a row of segments.
 */
#include "policy_path.h"

#include "cleanup.h"
#include "utf8.h"

#include <stdint.h>
#include <string.h>

/* In all readings together. Many requests at a time that took long to decide would keep everybody waiting. */
#define READ_MOST ((size_t)16 * 1024)

/* ---- taking it in */

enum mark {
    SLASH = 1,
    ESCAPED_SLASH,
    SEMICOLON,
    ESCAPED_SEMICOLON,
    QUESTION,
    HASH,
};

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The byte that an escape at p stands for, or -1 when there is none. */
static int escaped_byte(const char *p, const char *end)
{
    int high, low;

    if (end - p < 3 || p[0] != '%')
        return -1;
    high = hex_digit(p[1]);
    low = hex_digit(p[2]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

/* What is kept of a byte; -1: there are too many ways to read it. */
static int take_byte(int byte, bool escaped)
{
    switch (byte) {
    case '/':
        return escaped ? ESCAPED_SLASH : SLASH;
    case ';':
        return escaped ? ESCAPED_SEMICOLON : SEMICOLON;
    case '?':
        return QUESTION;
    case '#':
        return HASH;
    case '\\':
        return -1;
    default:
        return byte < ' ' || byte == 0x7f ? -1 : byte;
    }
}

static bool has_escape(const char *text, size_t length)
{
    const char *end = text + length;

    for (const char *p = text; (p = memchr(p, '%', (size_t)(end - p))); p++)
        if (escaped_byte(p, end) >= 0)
            return true;
    return false;
}

/* Decodes into `to`, which is as long as the path. False for what matches nothing. */
static bool take_in(const char *path, size_t length, char *to, size_t *ret_length)
{
    const char *end = path + length;
    char *start = to;

    for (const char *p = path; p < end; p++) {
        int byte = (unsigned char)*p;
        bool escaped = byte == '%';

        if (escaped) {
            byte = escaped_byte(p, end);
            p += 2;
        }
        byte = take_byte(byte, escaped);
        if (byte < 0)
            return false;
        *to++ = (char)byte;
    }
    *ret_length = (size_t)(to - start);
    return !has_escape(start, *ret_length) && utf8_is_valid(start, *ret_length);
}

/* ---- reading it */

enum reading {
    MERGED = 1, /* empty segments, the one behind a last slash too, do not count */
    ESCAPED_SLASHES_SEPARATE = 2,
    PARAMETERS = 4, /* what follows a `;` is not of the name */
    ESCAPED_PARAMETERS = 8,
    LAST_PARAMETERS = 16, /* but only in the last segment */
    CUT = 32,             /* the path ends at a `?` or `#` */
    READINGS_END = 64,
};

static unsigned possible_readings(const char *text, size_t length)
{
    static const unsigned by_mark[] = {
        [ESCAPED_SLASH] = ESCAPED_SLASHES_SEPARATE,
        [SEMICOLON] = PARAMETERS | LAST_PARAMETERS,
        [ESCAPED_SEMICOLON] = ESCAPED_PARAMETERS | LAST_PARAMETERS,
        [QUESTION] = CUT,
        [HASH] = CUT,
    };
    unsigned possible = MERGED;

    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] < ARRAY_SIZE(by_mark))
            possible |= by_mark[(unsigned char)text[i]];
    return possible;
}

static bool separates(char c, unsigned reading)
{
    return c == SLASH || (c == ESCAPED_SLASH && reading & ESCAPED_SLASHES_SEPARATE);
}

static bool begins_parameters(char c, unsigned reading)
{
    return (c == SEMICOLON && reading & PARAMETERS) ||
           (c == ESCAPED_SEMICOLON && reading & ESCAPED_PARAMETERS);
}

static char as_itself(char c)
{
    static const char characters[] = {
        [SLASH] = '/',    [ESCAPED_SLASH] = '/', [SEMICOLON] = ';', [ESCAPED_SEMICOLON] = ';',
        [QUESTION] = '?', [HASH] = '#',
    };

    return (unsigned char)c < ARRAY_SIZE(characters) ? characters[(unsigned char)c] : c;
}

/* `.` and `..`, and what a server may trim to it. */
static bool is_dots(const char *name, size_t length)
{
    return memchr(name, '.', length) && strspn(name, ". ") >= length;
}

/* A row of segments, each with a NUL behind it. */
struct segments {
    const char *at, *end;
};

/* Where the path ends in that reading. */
static const char *end_of(const char *text, size_t length, unsigned reading)
{
    const char *p = text, *end = text + length;

    if (!(reading & CUT))
        return end;
    while (p < end && *p != QUESTION && *p != HASH)
        p++;
    return p;
}

static size_t read_name(const char *p, const char *end, unsigned reading, char *to)
{
    size_t n = 0;

    for (; p < end && !begins_parameters(*p, reading); p++)
        to[n++] = as_itself(*p);
    to[n] = '\0';
    return n;
}

/* Writes the segments of one reading into `to`, which has room for one byte more than the text, which
 * begins with a slash. False when there is one that leads elsewhere. */
static bool read_as(const char *text, size_t length, unsigned reading, char *to,
                    struct segments *ret)
{
    static const unsigned parameters = PARAMETERS | ESCAPED_PARAMETERS;
    const char *p = text, *stop, *end = end_of(text, length, reading);

    ret->at = to;
    do {
        unsigned r = reading;
        size_t n;

        for (stop = ++p; stop < end && !separates(*stop, reading);)
            stop++;
        if (r & LAST_PARAMETERS && stop < end)
            r &= ~parameters;
        n = read_name(p, stop, r, to);
        if (is_dots(to, n))
            return false;
        if (n > 0 || !(reading & MERGED))
            to += n + 1;
        p = stop;
    } while (p < end);
    ret->end = to;
    return true;
}

/* ---- holding it against a pattern */

struct piece {
    const char *start;
    size_t length;
};

/* Steps to the next segment of a pattern; false at its end. */
static bool next_piece(const char **pattern, bool merged, struct piece *ret)
{
    while (**pattern) {
        const char *start = *pattern + 1;
        size_t length = strcspn(start, "/");

        *pattern = start + length;
        if (length > 0 || !merged) {
            *ret = (struct piece){start, length};
            return true;
        }
    }
    return false;
}

static const char *next_segment(struct segments *s)
{
    const char *name = s->at;

    if (s->at == s->end)
        return NULL;
    s->at += strlen(s->at) + 1;
    return name;
}

/* Behind the character at p, which may have several bytes. */
static const char *skip_character(const char *p)
{
    p++;
    while (((unsigned char)*p & 0xc0) == 0x80)
        p++;
    return p;
}

/* Only the last `*` has ever to give way: what stands before it has matched as early as it can. */
static bool name_matches(const struct piece *piece, const char *name)
{
    const char *p = piece->start, *end = p + piece->length, *star = NULL, *retry = NULL;

    while (*name) {
        if (p < end && *p == '*') {
            star = ++p;
            retry = name;
        } else if (p < end && *p == '?') {
            p++;
            name = skip_character(name);
        } else if (p < end && *p == *name) {
            p++;
            name++;
        } else if (star) {
            p = star;
            name = retry = skip_character(retry);
        } else {
            return false;
        }
    }
    while (p < end && *p == '*')
        p++;
    return p == end;
}

static bool is_any_depth(const struct piece *piece)
{
    return piece->length == 2 && memcmp(piece->start, "**", 2) == 0;
}

/* The same one level up, where `**` is the star. */
static bool segments_match(const char *pattern, struct segments segments, bool merged)
{
    const char *star = NULL, *name;
    struct segments retry = segments;
    struct piece piece;

    for (;;) {
        bool more = next_piece(&pattern, merged, &piece);

        if (more && is_any_depth(&piece)) {
            star = pattern;
            retry = segments;
            if (!*pattern)
                return segments.at < segments.end;
            continue;
        }
        name = next_segment(&segments);
        if (!more && !name)
            return true;
        if (more && name && name_matches(&piece, name))
            continue;
        if (!star || !next_segment(&retry))
            return false;
        segments = retry;
        pattern = star;
    }
}

static bool ends_in(const char *pattern, const char *end)
{
    size_t length = strlen(pattern);

    return length >= strlen(end) && strcmp(pattern + length - strlen(end), end) == 0;
}

static bool one_matches(const char *const *patterns, size_t n, struct segments segments,
                        bool merged, enum policy_path_extent extent)
{
    for (size_t i = 0; i < n; i++)
        if ((extent == POLICY_PATH_ITSELF || ends_in(patterns[i], "/**")) &&
            segments_match(patterns[i], segments, merged))
            return true;
    return false;
}

bool policy_path_matches(const char *const *patterns, size_t n, const char *path, size_t length,
                         enum policy_path_extent extent)
{
    _cleanup_(freep) char *text = NULL, *scratch = NULL;
    struct segments segments;
    unsigned possible;

    if (length == 0) {
        path = "/";
        length = 1;
    }
    text = malloc(length);
    scratch = malloc(length + 1);
    if (!text || !scratch || *path != '/' || !take_in(path, length, text, &length))
        return false;
    possible = possible_readings(text, length);
    if (length << __builtin_popcount(possible) > READ_MOST)
        return false;
    for (unsigned reading = 0; reading < READINGS_END; reading++)
        if (!(reading & ~possible) &&
            (!read_as(text, length, reading, scratch, &segments) ||
             !one_matches(patterns, n, segments, reading & MERGED, extent)))
            return false;
    return true;
}

/* ---- patterns as such */

static const char *piece_fault(const struct piece *piece, bool is_last)
{
    if (piece->length == 0 && !is_last)
        return "has two slashes in a row; write one";
    if (piece->length > 0 && strspn(piece->start, ".") >= piece->length)
        return "has a segment of dots, with which no path is let through; take it out";
    if (piece->length > 2 && memmem(piece->start, piece->length, "**", 2))
        return "has `**` within a segment; let it stand alone between slashes";
    return NULL;
}

const char *policy_path_fault(const char *pattern)
{
    const char *fault = NULL;
    struct piece piece;

    if (*pattern != '/')
        return "begins with no slash; write the path behind the service, as in `/container/**`";
    if (strpbrk(pattern, "%\\"))
        return "is to be written decoded, and no path with a backslash is let through; give the "
               "characters themselves, with `?` for a blank or a comma";
    if (ends_in(pattern, "/**/"))
        return "has a slash behind `**`; leave it out";
    while (!fault && next_piece(&pattern, false, &piece))
        fault = piece_fault(&piece, !*pattern);
    return fault;
}
