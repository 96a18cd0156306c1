/* SPDX-License-Identifier: MIT */
/*
 * Which catalog entry a name stands for. The answer comes with the criterion that led to it, so
 * that another entry which meets it too can stand in.
 */
#ifndef CATALOG_MATCH_H
#define CATALOG_MATCH_H

#include "catalog.h"

#include <stdbool.h>

enum likeness {
    EXACT,
    SEPARATORS, /* `_` and `-` are the same */
    FOLDED,     /* and case does not count */
};

enum field {
    FIELD_TYPE,
    FIELD_BARE_TYPE, /* without its "rax:" */
    FIELD_NAME,
};

/* What the entries that a name stands for have in common. */
struct criterion {
    enum field field;
    enum likeness likeness;
    const char *wanted;
};

/* The entry, or NULL when no entry answers to the name. */
const struct service *catalog_match(const struct catalog *c, const char *name,
                                    struct criterion *ret);

/* Whether `s` is as good as `chosen`: it meets the same criterion, is of the same type and, of two
 * generations, of the same one. */
bool criterion_admits(const struct criterion *criterion, const struct service *chosen,
                      const struct service *s);

#endif
