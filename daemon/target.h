/* SPDX-License-Identifier: MIT */
/*
 * The request target, taken apart where it lies: decoded segments for those who look things up by them,
 * and the rest untouched for the signed request, which has to pass it on as it came. Pure.
 */
#ifndef TARGET_H
#define TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TARGET_SEGMENTS 4

struct target {
    char *segments[TARGET_SEGMENTS]; /* decoded; NULL behind the last */
    const char *rest;  /* raw, from the slash behind the fourth segment on, "" if there is none; the
                          query is in it */
    const char *query; /* raw, behind the first `?`; NULL: none */
};

/* 0; -EINVAL for a target that is neither an absolute path nor an http:// URL, has a blank or a control
 * character in it, or a broken escape in its first segments. `raw` must outlive it, and is no target any more
 * afterwards: the segments are decoded in it. */
int target_parse(char *raw, struct target *ret);

/*
 * Looks a parameter up in a raw query and decodes it; a `+` is a space. 1 with ret set (the caller
 * frees it), 0 when it is not there, -EINVAL for a broken escape or a parameter that is there
 * twice, -ENOMEM.
 */
int query_get(const char *query, const char *key, char **ret);

/* The same for a number: digits only. 1, 0, -EINVAL (also when it does not fit), -ENOMEM. */
int query_get_number(const char *query, const char *key, uint64_t *ret);

/*
 * Whether the raw path (a query ends it) would climb out of where it starts: `..` in any spelling
 * that a server might take for it, with `%2e`, `%2f`, `\`, a path parameter behind it, or hidden
 * behind empty segments; and whichever of `%2f` and `\` the server takes for a part of a name.
 */
bool path_escapes(const char *path);

/* What names the endpoint in a signed request: `{service}[@{region}][:{interface}]`, decoded. */
struct proxy_address {
    char *service;         /* owns the memory of all three */
    const char *region;    /* NULL: not given */
    const char *interface; /* NULL: not given */
};

int proxy_address_parse(const char *segment, struct proxy_address *ret);
void proxy_address_done(struct proxy_address *a);

#endif
