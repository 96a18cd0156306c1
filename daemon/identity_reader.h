/* SPDX-License-Identifier: MIT */
/*
 * What the providers that answer in JSON read it with. What a token is of no use without has to be
 * there and right, or the answer is refused with the member's name. All else is taken as empty when
 * it is missing or of a wrong type, and an identifier may be a number.
 * The functions return 0, 1 with the problem set, or -ENOMEM.
 */
#ifndef IDENTITY_READER_H
#define IDENTITY_READER_H

#include "identity.h"

#include <jansson.h>

/* A login's answer on its way to become a session. */
struct identity_reader {
    const struct identity_answer *answer;
    json_t *root; /* an object */
    struct session *session;
    struct problem *problem;
};

/* To be released with reader_done() in any case. */
int reader_init(struct identity_reader *reader, const struct identity_answer *answer);
void reader_done(struct identity_reader *reader);

/* Hands the session over if all went well (r is 0), else the problem; returns r. */
int reader_finish(struct identity_reader *reader, int r, struct session **ret,
                  struct problem **ret_problem);

/* "In the identity service's answer, PATH WHAT". */
int reader_complain(struct identity_reader *reader, const char *path, const char *what);

/* The member that a path such as "access.token" ends with, which must be there. */
int reader_require(struct identity_reader *reader, const json_t *object, const char *path,
                   json_type type, json_t **ret);

/* The token itself, and when it ends by the service's clock. `issued` is when it was made, for a service
 * that makes a new one each time, and says so where it sends no `Date`; NULL: it cannot be told. */
int reader_take_token(struct identity_reader *reader, const char *path, const char *token);
int reader_take_expiry(struct identity_reader *reader, const char *path, const char *expires,
                       const char *issued);

/* The document that is the session's: the answer, with the token nowhere in it. Takes it out of `root`.
 */
int reader_make_document(struct identity_reader *reader);

/* ---- what may be missing */

/* The member if it is of that type, else NULL. */
json_t *reader_get(const json_t *object, const char *key, json_type type);
const char *reader_get_string(const json_t *object, const char *key);

/* Copies a text; an empty or missing one is NULL. 0 or -ENOMEM, as with the next two. */
int reader_copy(const char *text, char **ret);

/* The same for an identifier, which some services write as a number: its digits are its text. */
int reader_copy_id(const json_t *object, const char *key, char **ret);

/* User, with id and name never NULL, and roles, in the form that all versions share. */
int reader_copy_user(struct session *s, const json_t *user);
int reader_copy_roles(struct identity_reader *reader, const char *path, const json_t *roles);

/* The catalog in the form that all versions share, but for what an endpoint is: that is the caller's to
 * add to its service. One that is not there, or null, is empty; one that is no list is no identity
 * service's. */
typedef int (*reader_endpoint)(struct service *service, const json_t *endpoint);
int reader_copy_catalog(struct identity_reader *reader, const char *path, const json_t *catalog,
                        reader_endpoint copy_endpoint);

#endif
