/* SPDX-License-Identifier: MIT */
/*
 * Path patterns of the access rules, in gitignore's manner: `*` and `?` stand for what is within a
 * segment, `**` for any number of whole segments, at the end of a pattern for one or more. They are held
 * against the decoded path.
 *
 * Servers do not agree on what a path says: whether `%2F` separates, what `;` begins, whether `//` is
 * `/`, where an escaped `?` leaves the path. So a path matches only if it does in every reading that a
 * server may have of it. What can be read in still more ways matches nothing: a segment of dots and
 * blanks, a backslash, a control character, a `%` that is no escape, an escape of an escape, bytes that
 * are not UTF-8. Nor does one that is so long that its readings take a while: of 8 KiB, or of less with
 * the above in it, each of which doubles them. Pure.
 */
#ifndef POLICY_PATH_H
#define POLICY_PATH_H

#include <stdbool.h>
#include <stddef.h>

/* What is wrong with a pattern, for the sentence "`PATTERN` …"; NULL: nothing. Static. */
const char *policy_path_fault(const char *pattern);

enum policy_path_extent {
    POLICY_PATH_ITSELF,
    POLICY_PATH_PREFIX, /* and whatever name begins with it */
};

/* Whether the raw path, `length` bytes that begin with a slash (or none: the endpoint itself), matches
 * one of the patterns in each reading. False without memory. */
bool policy_path_matches(const char *const *patterns, size_t n, const char *path, size_t length,
                         enum policy_path_extent extent);

#endif
