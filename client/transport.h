/* SPDX-License-Identifier: MIT */
/*
 * HTTP over the daemon's Unix socket: the only room here that opens sockets, and its transport.c the
 * only file that knows libcurl.
 *
 * A transport keeps a few idle connections behind a mutex; an exchange takes one out or opens
 * another, so exchanges in several threads never wait for each other. A child of fork() drops what
 * it inherited. No signal can arise: libcurl is told to leave signals alone, and sends on sockets
 * with MSG_NOSIGNAL. libcurl's own buffers are the one place where a secret that passed is not
 * wiped.
 */
#ifndef TRANSPORT_H
#define TRANSPORT_H

#include "buffer.h"
#include "head.h"

struct transport;

/* Nanoseconds between two looks at a queue of connections that is full. */
#define TRANSPORT_QUEUE_PAUSE 20000000

struct transport_call {
    const char *method;
    const char *target; /* goes into the request line byte for byte */

    char *const *headers; /* "Name: value", or "Name;" for an empty value */
    size_t n_headers;

    /* the body: none, size bytes of data, or length bytes (-1: not known) from the reader */
    const void *data;
    size_t size;
    lk_read_fn read;
    void *read_userdata;
    int64_t length;

    /* who gets the answer; NULL drops it */
    lk_head_fn on_head;
    void *head_userdata;
    lk_body_fn on_body;
    void *body_userdata;
    lk_progress_fn on_progress;
    void *progress_userdata;

    /* May go out on a kept connection, and so once more if that turns out to be dead. */
    bool repeatable;

    unsigned limit;   /* seconds for the whole, 0: none */
    unsigned silence; /* seconds without a byte either way, 0: none */
};

/* -ENAMETOOLONG: the path does not fit into a socket address; -EINVAL: it is empty; -ENOMEM. */
int transport_new(const char *socket_path, struct transport **ret_transport);
void transport_free(struct transport *transport);
DEFINE_CLEANUP(struct transport *, transport_free)

const char *transport_socket(const struct transport *transport);

/*
 * Makes the exchange. 0 once an answer came whole, whatever it says; a callback's negative errno;
 * else what broke: -ENOENT, -ENOTDIR, -ELOOP, -ECONNREFUSED, -EPROTOTYPE, -EACCES (no connection),
 * -ETIMEDOUT, -ECONNRESET, -EPROTO, -EMSGSIZE, -ENODATA (the reader ended early), -ENOMEM.
 */
int transport_exchange(struct transport *transport, const struct transport_call *call);

struct transport_passed {
    unsigned status;
    int fd;             /* of a 101, the caller's; -1: none came */
    struct buffer body; /* of any other answer; the caller's */
};

/*
 * Asks for a target on a connection of its own, with `Upgrade` for a protocol whose 101 brings a descriptor.
 * 0 once an answer came whole; else what broke, as above. limit: seconds for the whole.
 */
int transport_ask_passing(const struct transport *transport, const char *target,
                          const char *protocol, unsigned limit, struct transport_passed *ret);

#endif
