/* SPDX-License-Identifier: MIT */
/*
 * Asks over HTTP, the daemon through its socket or the sandbox over TCP, the way curl would: what
 * is sent is exactly what a test says. Replies last until the test's end. Safe in several threads,
 * a client in one at a time.
 */
#ifndef CLIENT_H
#define CLIENT_H

#include "cleanup.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define BODY_CHUNKED (-1)

struct ask {
    const char *method;         /* NULL: GET */
    const char *target;         /* byte by byte */
    const char *const *headers; /* "Name: value", NULL-terminated; may be NULL */
    const char *body;           /* NULL: none */
    int64_t length;             /* of the body; BODY_CHUNKED: NUL-terminated and sent chunked */

    /* A body that is made while it is sent: bytes, 0 at its end. `length` counts. */
    size_t (*produce)(char *to, size_t length, void *userdata);
    /* An answer's body that is not kept: false breaks the transfer off. */
    bool (*consume)(const char *data, size_t length, void *userdata);
    void *userdata;

    double seconds; /* its (stretched) bound; 0: 30 */
};

struct reply {
    int error;   /* CURLcode: 0 when an answer came whole */
    long status; /* 0: none came */
    char *head;  /* status line and headers of the last answer, as they came */
    char *body;  /* with a NUL behind it */
    size_t length;
    double seconds; /* how long it took */
};

struct client;

/* One connection that is kept open between requests. `socket` is a path, or NULL for `base`, a URL
 * such as http://127.0.0.1:80. */
struct client *client_new(const char *socket, const char *base);
void client_free(struct client *c);
DEFINE_CLEANUP(struct client *, client_free)
const struct reply *client_ask(struct client *c, const struct ask *a);

/* Connections that it has made. */
long client_connections(const struct client *c);

/* One request to the daemon that was started last, on a connection of its own. */
const struct reply *ask(const struct ask *a);
const struct reply *get(const char *format, ...) _printf_(1, 2);
/* Those with a body, which may be NULL, and one more header, which may be NULL. */
const struct reply *send_text(const char *method, const char *target, const char *body,
                              const char *header);

/* Many at once, each on a connection of its own; all are under way before the first answer counts. */
void ask_together(const struct ask *asks, size_t n, const struct reply **ret_replies);
/* The same request n times. */
void ask_crowd(const struct ask *a, size_t n, const struct reply **ret_replies);

/* The value of the header, the first one of that name in any case; NULL: there is none. */
const char *reply_header(const struct reply *r, const char *name);
size_t reply_header_count(const struct reply *r, const char *name);

/* Demands an application/json answer with that status; its document. */
json_t *reply_json(const struct reply *r, long status);

/* Demands a problem document with that status and code, all of its members and nothing else but
 * `clouds`; its detail. */
const char *reply_problem(const struct reply *r, long status, const char *code);

/* Demands that exactly those members are there, by jansson's format; pass a `!` in it. */
void json_demand(json_t *document, const char *format, ...);

#endif
