/* SPDX-License-Identifier: MIT */
/*
 * Everything that goes out over the network: HTTP transfers, streamed both ways, on the event loop.
 * Only this room knows libcurl, which makes its connections: names, proxies and TLS are libcurl's.
 *
 * A transfer ends exactly once, by its done() or by transfer_free(), after which none of its
 * functions is called. Bodies are held back, not buffered: whoever cannot take or give bytes says
 * so and calls transfer_continue() when that has changed.
 */
#ifndef UPSTREAM_H
#define UPSTREAM_H

#include "config.h"
#include "header_list.h"
#include "later.h"
#include "problem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-event.h>
#include <time.h>

struct upstream;
struct transfer;

/* The queue is borrowed. 0 or a negative errno. */
int upstream_new(sd_event *event, struct later_queue *queue, struct upstream **ret);
void upstream_free(struct upstream *u);
DEFINE_CLEANUP(struct upstream *, upstream_free)

#define TRANSFER_NO_BODY (-2)
#define TRANSFER_UNKNOWN_LENGTH (-1)
#define TRANSFER_PAUSE (-1)
#define TRANSFER_ABORT (-2)

struct transfer_header {
    const char *name, *value;
};

struct transfer_request {
    const char *method;
    const char *url;    /* scheme, authority and path */
    const char *target; /* the request target to be sent, byte by byte, in place of the URL's path;
                           NULL: the URL's */
    const struct transfer_header *headers; /* besides Host, the body's length and Expect */
    size_t n_headers;
    int64_t length;       /* of the body, or one of the two above */
    bool expect_continue; /* let the service refuse before the body is sent */
    bool repeatable;      /* may be sent once more when a connection that was kept ends without
                                   an answer (RFC 9112, 9.3.1) */
    bool seldom; /* the next request there is hours away: the connection is not kept for it */
    const struct cloud_config *cloud; /* how it is reached: TLS, proxy, connect_timeout */
    usec_t total_timeout;             /* for everything; 0: none */
    const char *total_key;            /* the key that it comes from, for errors; static */
    usec_t idle_timeout; /* without the service taking or sending a byte, while it is its turn; 0:
                             none */
};

struct transfer_handler {
    /* The final status and headers are here; false gives up what follows, and the connection. */
    bool (*head)(struct transfer *t, unsigned status, void *userdata);
    /* Part of the answer's body: 0 when all of it was taken, TRANSFER_PAUSE to have it offered again,
     * or TRANSFER_ABORT. */
    int (*body)(struct transfer *t, const char *data, size_t length, void *userdata);
    /* Fills in some of the request's body: bytes, 0 at its end, TRANSFER_PAUSE or TRANSFER_ABORT.
     */
    ssize_t (*upload)(struct transfer *t, char *to, size_t length, void *userdata);
    /* Goes back to the first byte of the request's body, for a connection that turned out dead;
     * false when it cannot. */
    bool (*rewind)(struct transfer *t, void *userdata);
    /* It is over: problem is NULL when the answer came whole. The transfer may be freed in here. */
    void (*done)(struct transfer *t, const struct problem *problem, void *userdata);
};

/* Starts a transfer; what `request` points to is copied, the headers into locked memory. Nothing of the
 * handler is called before this has returned. The caller frees the transfer, at any time but from within
 * head(), body(), upload() and rewind(). 0; -EINVAL for a URL or target with blanks or control characters in it, with
 * a user, or without a host; or another negative errno. */
int transfer_start(struct upstream *u, const struct transfer_request *request,
                   const struct transfer_handler *handler, void *userdata, struct transfer **ret);
void transfer_free(struct transfer *t);
DEFINE_CLEANUP(struct transfer *, transfer_free)

/* Something that was held back can go on now. */
void transfer_continue(struct transfer *t);

/* The answer's headers in their order and spelling, one with each call; NULL at the end.
 * `*position` starts at 0. */
const char *transfer_header(const struct transfer *t, size_t *position, const char **ret_value);
const char *transfer_header_find(const struct transfer *t, const char *name);
const struct header_list *transfer_headers(const struct transfer *t);

/* How long the headers are, about. */
size_t transfer_head_length(const struct transfer *t);

/* Bytes of the request's body that have left. */
uint64_t transfer_sent(const struct transfer *t);

/* How many transfers are under way. */
size_t upstream_active(const struct upstream *u);

/* A time as HTTP writes it (RFC 9110, 5.6.7), or 0. */
time_t upstream_parse_date(const char *text);

/* Has libcurl take its memory from the secret room. Once, before anything else here. 0 or a
 * negative errno. */
int upstream_init(void);

#endif
