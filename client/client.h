/* SPDX-License-Identifier: MIT */
/*
 * What the calls of the library share: one question to the daemon and its answer. The objects that
 * callers get are made of the answer in files of their own.
 */
#ifndef CLIENT_H
#define CLIENT_H

#include "decode.h"
#include "error.h"
#include "target.h"
#include "transport.h"

struct client_question {
    const char *method;
    const char *cloud;    /* NULL: the client's, else the default one */
    const char *resource; /* under the cloud; NULL asks for the list of clouds */
    const struct target_query *queries;
    size_t n_queries;
    const struct buffer *body; /* JSON, NULL: none */
    unsigned patience;         /* seconds beyond the client's limit, of a long poll */
};

/*
 * Asks and waits. 0 with the body of a good answer, empty for one without content; else the result
 * of the public call, with ret_error set.
 */
int client_ask(lk_client *client, const struct client_question *question, struct buffer *ret_body,
               lk_error **ret_error);

/* The same where the answer has to be a JSON object with the named string in it (NULL: none). */
int client_ask_document(lk_client *client, const struct client_question *question,
                        const char *required, struct document **ret_document, lk_error **ret_error);

/*
 * Asks for a resource under the cloud with `Upgrade` for a protocol that passes a descriptor: 0 with that,
 * which is the caller's, or with -1 and the body of the usual good answer, empty if none came; else as
 * client_ask().
 */
int client_ask_passing(lk_client *client, const char *cloud, const char *resource,
                       const char *protocol, int *ret_fd, struct buffer *ret_body,
                       lk_error **ret_error);

/* Puts words to a negative errno of an exchange and returns it. */
int client_error(const lk_client *client, int r, lk_error **ret_error);

struct transport *client_transport(lk_client *client);

/* The cloud that an argument of a public call stands for; NULL: the daemon's default. */
const char *client_cloud(const lk_client *client, const char *cloud);

#endif
