/* SPDX-License-Identifier: MIT */
/*
 * A request target as it came over the wire: cut into path and query, matched against a pattern,
 * unescaped only where a handler asks for it. Nothing here changes the raw text, which the echo has
 * to show byte by byte.
 */
#ifndef SANDBOX_TARGET_H
#define SANDBOX_TARGET_H

#include <stdbool.h>
#include <stddef.h>

#define TARGET_CAPTURES_MAX 4

struct target {
    char *raw;
    char *path;
    const char *query;
};

struct target_match {
    char *captures[TARGET_CAPTURES_MAX];
    const char *rest;
};

int target_init(struct target *target, const char *raw);
void target_done(struct target *target);

/* TEXT with its %XX taken out, which the caller frees. NULL without memory, and for an escaped NUL.
 */
char *target_unescape(const char *text, size_t length);

/* The unescaped value of a query parameter, which the caller frees; NULL where there is none. */
char *target_parameter(const struct target *target, const char *name);

/*
 * Does the path have the pattern's shape? A "*" in the pattern stands for one segment, kept
 * unescaped in captures; a final
 * "**" for whatever follows, kept raw in rest. Without a match, and without memory, nothing is
 * kept.
 */
bool target_matches(const struct target *target, const char *pattern,
                    struct target_match *ret_match);
void target_match_done(struct target_match *match);

#endif
