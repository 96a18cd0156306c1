/* SPDX-License-Identifier: MIT */
/*
 * The headers of an answer, in their order and spelling, out of the lines that came over the wire.
 * Pure; the memory is wiped, as a token may be among them.
 */
#ifndef HEADER_LIST_H
#define HEADER_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <strings.h>

struct header_list {
    char *data; /* "name\0value\0…" */
    size_t length;
    size_t size;
};

void header_list_done(struct header_list *l);
void header_list_clear(struct header_list *l);

/*
 * Takes a line, its end included or not. One that begins with a blank goes on with the one before
 * (RFC 9112, 5.2); one without a name and a colon is none that could be handed on, and is dropped. 0;
 * -EBADMSG for one that can be read in two ways; or -EMSGSIZE when that makes too many of them.
 */
int header_list_add(struct header_list *l, const char *line, size_t length);

/* One with each call, NULL at the end; *position starts at 0. */
const char *header_list_next(const struct header_list *l, size_t *position, const char **ret_value);

/* Whether two names of headers are the same, in any case (RFC 9110, 5.1). Most of those that are not begin with
 * another letter. */
static inline bool header_is(const char *given, const char *known)
{
    return (*given | 0x20) == (*known | 0x20) && strcasecmp(given, known) == 0;
}

/* Whether that could be the name of a header, or a method (RFC 9110, 5.6.2). */
bool header_is_token(const char *text);

/* The first of that name, compared without case; NULL: there is none. */
const char *header_list_find(const struct header_list *l, const char *name);

#endif
