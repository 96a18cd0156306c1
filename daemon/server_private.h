/* SPDX-License-Identifier: MIT */
/* What the files of the server room know of each other: server.c has connections and the loop, request.c
 * a request's way, server_answer.c its answer, server_wait.c who waits, and server_idle.c what connections cost
 * that have nothing to ask. */
#ifndef SERVER_PRIVATE_H
#define SERVER_PRIVATE_H

#include "server.h"
#include "unit_lookup.h"

#include <microhttpd.h>
#include <sys/queue.h>

#define TARGET_INLINE 256
/* It is wiped at every request, so that a larger one costs time; one byte less, and it is malloc()'s and not
 * mmap()'s: in memory before it is used, and afterwards for good. */
#define POOL_SIZE ((size_t)32 * 1024 + 1)

enum phase {
    PHASE_IDLE,
    PHASE_HEAD,
    PHASE_PEER, /* not known to the handler: who asks is still being found out */
    PHASE_HELD, /* start() asked for the body to be left */
    PHASE_BODY,
    PHASE_READY,
};

enum wait {
    WAIT_NONE,      /* it is libmicrohttpd's to go on with */
    WAIT_IN_PLACE,  /* for moments: libmicrohttpd asks at each of its runs, and asks in vain */
    WAIT_SUSPENDED, /* until request_wake(): libmicrohttpd does not look at it */
    WAIT_FOR_TURN,  /* suspended too, and only its turn or its client's end has it go on */
};

struct answer {
    unsigned refs;
    time_t date; /* that is in its head; 0: libmicrohttpd puts one in */
    struct MHD_Response *response;
};

struct connection {
    struct request request; /* one at a time: HTTP/1.1 has them in turn */
    struct connection *next, **link;
    TAILQ_ENTRY(connection) turn; /* with WAIT_FOR_TURN */
    struct listener *listener;
    struct MHD_Connection *mhd;
    struct answer *answer; /* given, and not queued yet */
    sd_event_source *hangup;
    sd_event_source *farewell; /* until then it may ask, to be told that it is one too many */
    struct peer peer;
    struct unit_lookup unit_lookup; /* under way: the peer is not complete */
    enum quota_kind quota;
    enum phase phase;
    enum wait wait;
    bool admitted; /* and counts for its user as `quota` */
    bool hold, gone, newcomer;
    bool is_large; /* its body, or that of its answer */
    int passing;   /* the descriptor that goes out behind a 101; -1: none */
    struct MHD_UpgradeResponseHandle *passed; /* and it has: the client is to close now */
    ssize_t (*read)(struct request *r, char *to, size_t length);
    char *pool;          /* libmicrohttpd's memory for it; NULL: not known, or given back */
    unsigned idle_round; /* in which its last request ended */
    char *target;        /* NULL: target_inline holds it */
    char target_inline[TARGET_INLINE];
};

/*
 * A listening socket has a libmicrohttpd of its own: only of those that it accepts itself does it
 * know that they are no TCP, and spare them two failing setsockopt() for each answer.
 */
struct listener {
    struct listener *next;
    struct server *server;
    char *name;
    struct MHD_Daemon *mhd;
    sd_event_source *io;
    struct later again;
    struct connection *connections;
    size_t in_place; /* connections with WAIT_IN_PLACE */
    size_t heads;    /* requests of which part of the head is here */
    size_t begun;    /* requests, in the last run */
    bool moved;      /* something has come of libmicrohttpd's last run */
    TAILQ_HEAD(, connection) turns;
    size_t large;   /* requests with a large body, or with an answer that has one */
    bool small;     /* a request has ended since the last turn that is none of these */
    bool is_shared; /* there are both kinds */
    usec_t shared_until;
    unsigned blocks; /* of large bodies that may pass before others have their turn */
};

struct server {
    sd_event *event;
    struct later_queue *queue;
    struct quota *quota;
    struct unit_bus *units;
    struct listener *listeners;
    server_handler handler;
    server_observer observer;
    void *userdata;
    sd_event_source *idle; /* the next round of server_idle.c */
    unsigned idle_round;
    bool idle_armed;
    bool idle_paused; /* the round is not over */
    size_t page_size;
    size_t connections;
    size_t newcomers;
    size_t requests;
};

static inline struct connection *connection_of(const struct request *r)
{
    /* The request is the connection's first member. */
    return (struct connection *)(uintptr_t)r;
}

/* ---- server_wait.c */

/* Until request_wake(). */
void connection_suspend(struct connection *c);
/* The same for one that has no answer yet. */
void connection_wait(struct connection *c);
/* It has ended, however that came. */
void connection_stop_waiting(struct connection *c);

/* Whether it is not this connection's turn to send a block of a large answer: it waits for that then. */
bool connection_has_to_queue(struct connection *c);
/* The same for a piece of the request's body, which may be a small one. */
bool connection_body_has_to_queue(struct connection *c);
/* How much of the room for a block is to be filled: less while somebody asks for small things. */
size_t connection_piece(const struct connection *c, size_t room);
/* Lets the next of those go on that wait for their turn. */
void listener_take_turns(struct listener *l);

/* ---- server_answer.c */

/* Hands the answer that was given to libmicrohttpd. */
enum MHD_Result connection_queue_answer(struct connection *c);
/* Ends a connection on which a descriptor was passed. */
void request_end_passed(struct connection *c);

/* ---- server_idle.c */

/* A request has ended, whose method was there: the connection is idle from now on. NULL: and will have no other. */
void server_idle_begin(struct connection *c, const char *request_line);
int server_idle_new(struct server *s);

/* ---- request.c */

/* A request is over. */
void request_finish(struct connection *c);

/* libmicrohttpd's callbacks for a request, in the order in which it makes them. */
void *request_on_target(void *userdata, const char *target, struct MHD_Connection *mhd);
enum MHD_Result request_on_call(void *userdata, struct MHD_Connection *mhd, const char *url,
                                const char *method, const char *version, const char *data,
                                size_t *length, void **context);
void request_on_completed(void *userdata, struct MHD_Connection *mhd, void **context,
                          enum MHD_RequestTerminationCode why);

#endif
