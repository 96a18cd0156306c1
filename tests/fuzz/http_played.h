/* SPDX-License-Identifier: MIT */
/* What http_service.c has to say. */
#ifndef HTTP_PLAYED_H
#define HTTP_PLAYED_H

#include <stdbool.h>
#include <stddef.h>

struct http_played {
    const char *head; /* NULL: no answer at all */
    const char *body; /* NULL: none */
    size_t repeated;  /* that often; 0: once */
    bool at_once;     /* before the request's body has been read */
    bool once;        /* and then as if all was well */
    bool ends;        /* the connection, behind it */
};

/* Of any number; NULL: a login that goes well. */
const struct http_played *http_played_service(unsigned char number);
const struct http_played *http_played_identity(unsigned char number);

/* What the login at that path gets when all is well, with the token of that number; NULL: nobody logs in
 * there. The caller frees it. */
char *http_played_login(const char *path, unsigned number);

#endif
