/* SPDX-License-Identifier: MIT */
/*
 * One request being served, and the ways to answer it. A route's begin() is called with the headers
 * there and the body still to come, serve() with the whole body in. Each may answer; an answer of
 * begin() to a request that has a body is sent before the body is read, and costs the connection.
 * If serve() does not answer, the connection is closed without a word.
 */
#ifndef SANDBOX_REQUEST_H
#define SANDBOX_REQUEST_H

#include <jansson.h>
#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

#include "body.h"
#include "sandbox.h"
#include "target.h"

#define REQUEST_KEEP_MAX (1024 * 1024)

struct route;

struct request {
    struct sandbox *sandbox;
    struct MHD_Connection *connection;
    const char *method;
    struct target target;
    struct target_match match;
    const struct route *route;
    struct body body;

    /* Bytes a second at which the body is read; 0 is as fast as it comes. */
    double read_rate;
    /* Close at once after an answer that came before the body, instead of draining what the client
     * still sends. */
    bool abrupt;

    /* The server's own. */
    bool begun;
    bool counted_active;
    bool answered_early;
    unsigned status;
    struct MHD_Response *answer;
};

const char *request_header(const struct request *r, const char *name);
bool request_is_chunked(const struct request *r);
bool request_has_body(const struct request *r);

/* A number in the query, or FALLBACK. */
uint64_t request_number(const struct request *r, const char *name, uint64_t fallback);

/* The body as JSON, or NULL; -1 seconds wait for ever. Wait is false if the client left, or the
 * sandbox ends, meanwhile. */
json_t *request_json(const struct request *r);
bool request_wait(const struct request *r, double seconds);

/* The same for a response's content reader, which has no request any more. */
bool request_wait_on(int client_fd, int stop_fd, double seconds);
int request_client_fd(const struct request *r);

/* Each of these makes the answer, in place of an earlier one; RESPONSE and JSON are taken over. */
void answer_response(struct request *r, unsigned status, struct MHD_Response *response);
void answer_bytes(struct request *r, unsigned status, const char *content_type, const void *bytes,
                  size_t size);
void answer_text(struct request *r, unsigned status, const char *content_type, const char *text);
void answer_json(struct request *r, unsigned status, json_t *json);
void answer_empty(struct request *r, unsigned status);

/* {"NAME": {"code": STATUS, "message": MESSAGE}}, as Rackspace's services say what is wrong. */
void answer_fault(struct request *r, unsigned status, const char *name, const char *message);
void answer_not_found(struct request *r);
void answer_bad_request(struct request *r, const char *message);

/* The 401 of a resource, with the two headers that differ in case only; a page as Swift's, or a
 * fault. */
void answer_unauthorized(struct request *r, bool page);

/* Adds to the answer that is there. */
void answer_header(struct request *r, const char *name, const char *value);
void answer_header_number(struct request *r, const char *name, uint64_t value);

#endif
