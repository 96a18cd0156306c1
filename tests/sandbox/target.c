/* SPDX-License-Identifier: MIT */
/* See target.h. */
#include "target.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

int target_init(struct target *target, const char *raw)
{
    _cleanup_(freep) char *copy = strdup(raw);
    char *path = copy ? strndup(copy, strcspn(copy, "?")) : NULL;

    if (!path)
        return -ENOMEM;

    *target = (struct target){.path = path, .query = strchr(copy, '?')};
    if (target->query)
        target->query++;
    target->raw = TAKE_PTR(copy);
    return 0;
}

void target_done(struct target *target)
{
    free(target->raw);
    free(target->path);
    *target = (struct target){0};
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

char *target_unescape(const char *text, size_t length)
{
    _cleanup_(freep) char *plain = malloc(length + 1);
    size_t n = 0;

    if (!plain)
        return NULL;

    for (size_t i = 0; i < length; i++) {
        int high = text[i] == '%' && i + 2 < length ? hex_digit(text[i + 1]) : -1;
        int low = high >= 0 ? hex_digit(text[i + 2]) : -1;

        if (low < 0) {
            plain[n++] = text[i];
            continue;
        }
        if (high == 0 && low == 0)
            return NULL;
        plain[n++] = (char)(high << 4 | low);
        i += 2;
    }
    plain[n] = '\0';
    return TAKE_PTR(plain);
}

char *target_parameter(const struct target *target, const char *name)
{
    size_t name_length = strlen(name);

    for (const char *p = target->query; p && *p; p += *p == '&') {
        size_t length = strcspn(p, "&");

        if (length > name_length && strncmp(p, name, name_length) == 0 && p[name_length] == '=')
            return target_unescape(p + name_length + 1, length - name_length - 1);
        p += length;
    }
    return NULL;
}

void target_match_done(struct target_match *match)
{
    for (size_t i = 0; i < ARRAY_SIZE(match->captures); i++)
        free(match->captures[i]);
    *match = (struct target_match){0};
}

/* One segment of the pattern against one of the path; both lengths are without the slash. */
static bool segment_matches(const char *pattern, size_t pattern_length, const char *path,
                            size_t length, struct target_match *match)
{
    size_t n = 0;

    if (pattern_length != 1 || *pattern != '*')
        return length == pattern_length && memcmp(pattern, path, length) == 0;
    if (length == 0)
        return false;

    while (n < ARRAY_SIZE(match->captures) && match->captures[n])
        n++;
    if (n == ARRAY_SIZE(match->captures))
        return false;
    match->captures[n] = target_unescape(path, length);
    return match->captures[n] != NULL;
}

bool target_matches(const struct target *target, const char *pattern,
                    struct target_match *ret_match)
{
    _cleanup_(target_match_done) struct target_match match = {0};
    const char *path = target->path;

    while (*pattern == '/') {
        size_t pattern_length = strcspn(++pattern, "/");
        size_t length;

        if (strcmp(pattern, "**") == 0) {
            match.rest = *path == '/' ? path + 1 : path;
            *ret_match = match;
            match = (struct target_match){0};
            return true;
        }
        if (*path != '/')
            return false;
        length = strcspn(++path, "/");
        if (!segment_matches(pattern, pattern_length, path, length, &match))
            return false;
        pattern += pattern_length;
        path += length;
    }
    if (*path && strcmp(path, "/") != 0)
        return false;

    *ret_match = match;
    match = (struct target_match){0};
    return true;
}
