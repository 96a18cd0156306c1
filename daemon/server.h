/* SPDX-License-Identifier: MIT */
/*
 * HTTP/1.1 over Unix sockets, on the event loop. Only this room knows libmicrohttpd. It takes
 * requests apart, calls whoever the request's operations name, and sends what they answer; it knows
 * no route and no cloud.
 *
 * A request goes start → body … → ready, and ends with end(), however it ends. ready() answers, or
 * returns without an answer; then the request waits, at no cost, until request_wake() has ready()
 * called again. Answers may also be given from outside, while it waits.
 *
 * The handler sees a request when all is known of who makes it, however long that takes to find out. A
 * connection beyond its user's quota gets one answer, within seconds, and ends; beyond twice the quota it
 * ends at once.
 */
#ifndef SERVER_H
#define SERVER_H

#include "cleanup.h"
#include "later.h"
#include "peer.h"
#include "quota.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

struct server;
struct request;

#define REQUEST_NO_BODY (-2)
#define REQUEST_UNKNOWN_LENGTH (-1)

struct request_ops {
    /* The head is here; called again after each wake for as long as it holds the body back. May be
     * NULL. */
    void (*start)(struct request *r);
    /* Part of the body: how much of it was taken. What was not is offered again after
     * request_wake(). NULL: it is thrown away. */
    size_t (*body)(struct request *r, const char *data, size_t length);
    /* Whether there may be a key in it: what was taken is wiped where it came in. */
    bool secret_body;
    /* It waits for moments, not for minutes: it may do so in a way that costs less for each wait, and more
     * the longer one lasts. */
    bool brief;
    /* The body has been taken whole, or request_wake() was called after that. */
    void (*ready)(struct request *r);
    /* The request is over: give back what `context` has. The request goes away after it. May be
     * NULL. */
    void (*end)(struct request *r);
};

struct request {
    const char *method;
    char *target; /* as the client sent it, for whoever takes it apart */
    size_t target_length;
    const char *version;
    const struct peer *peer;
    int64_t length; /* of the body, or one of the two above */
    bool expects_continue;
    bool malformed; /* the head can be read in two ways: to be refused before its body comes */
    bool excess;    /* its connection is one too many for its user: so is this */

    const struct request_ops *ops; /* set by the server's handler, as are these two */
    void *context;
    int route;

    unsigned status; /* of the answer; 0: none yet */
};

typedef void (*server_handler)(struct request *r, void *userdata);
typedef void (*server_observer)(const struct request *r, void *userdata);

/* handler is called with each new request, observer with each that ends. Queue and quota are borrowed. */
int server_new(sd_event *event, struct later_queue *queue, struct quota *quota,
               server_handler handler, server_observer observer, void *userdata,
               struct server **ret);
void server_free(struct server *s);
DEFINE_CLEANUP(struct server *, server_free)

/* Accepts connections on a listening socket from now on; the descriptor is the server's then, and its
 * name is in each peer that connects there. 0 or a negative errno. */
int server_listen(struct server *s, int fd, const char *name);
/* Closes the listening sockets. Connections stay. With `last`, nobody else will listen there: who has
 * connected and was not let in yet is. */
void server_stop_listening(struct server *s, bool last);
/* Has every request that waits look again. */
void server_wake(struct server *s);

size_t server_connections(const struct server *s);
/* How many of them have not asked anything yet. */
size_t server_newcomers(const struct server *s);
size_t server_requests(const struct server *s);

/* Calls f with each header in its order and spelling until it returns a negative number, which
 * comes back. */
int request_each_header(struct request *r,
                        int (*f)(const char *name, const char *value, void *userdata),
                        void *userdata);

/* In start(): leaves the body, and "100 Continue", until request_wake(). An answer given meanwhile
 * goes out without it. */
void request_hold(struct request *r);
void request_wake(struct request *r);

/*
 * Answers. The body is secret memory and the server's from here on, also on failure. 0 or a
 * negative errno, which has closed the connection: nobody needs to act on it.
 */
int request_answer(struct request *r, unsigned status, const char *content_type, char *body,
                   size_t length);

/* An answer that is given many times: made once, counted by its references; NULL without memory. */
struct answer;
struct answer *answer_new(const char *content_type, char *body, size_t length);
int answer_header(struct answer *a, const char *name, const char *value);
struct answer *answer_ref(struct answer *a);
void answer_unref(struct answer *a);
int request_answer_prepared(struct request *r, unsigned status, struct answer *a);

/*
 * Answers 101, and behind that one byte that brings a copy of the descriptor, which is borrowed. That is the
 * last thing that happens on the connection; it counts for its user until he closes it, for until he has
 * received it the descriptor is one that we have under way. Not for HTTP/1.0.
 */
int request_answer_descriptor(struct request *r, const char *protocol, int fd);

#define STREAM_END (-1)
#define STREAM_ERROR (-2)

/*
 * Answers with a body of `length` bytes (-1: unknown) that read() gives bit by bit: bytes, 0 for
 * none at the moment (request_wake() has it asked again), STREAM_END, or STREAM_ERROR, which closes
 * the connection so that the client cannot take the answer for whole.
 */
int request_answer_stream(struct request *r, unsigned status, int64_t length,
                          ssize_t (*read)(struct request *r, char *to, size_t length));

/* How many bytes of headers an answer to this request can have, about. */
size_t request_head_room(struct request *r);

/* Adds a header to the answer that was just given. */
int request_answer_header(struct request *r, const char *name, const char *value);

/* Whether the client has gone while the request waited. */
bool request_is_gone(const struct request *r);

#endif
