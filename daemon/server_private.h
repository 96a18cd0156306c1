/* SPDX-License-Identifier: MIT */
/* What the two files of the server room know of each other: server.c has connections and the loop,
 * request.c one request. */
#ifndef SERVER_PRIVATE_H
#define SERVER_PRIVATE_H

#include "later.h"
#include "server.h"
#include "unit_lookup.h"

#include <microhttpd.h>

#define TARGET_INLINE 256
#define POOL_SIZE ((size_t)32 * 1024) /* a larger one costs time: it is wiped at every request */

enum phase {
    PHASE_IDLE,
    PHASE_HEAD,
    PHASE_PEER, /* not known to the handler: who asks is still being found out */
    PHASE_HELD, /* start() asked for the body to be left */
    PHASE_BODY,
    PHASE_READY,
};

struct answer {
    unsigned refs;
    struct MHD_Response *response;
};

struct connection {
    struct request request; /* one at a time: HTTP/1.1 has them in turn */
    struct connection *next, **link;
    struct listener *listener;
    struct MHD_Connection *mhd;
    struct answer *answer; /* given, and not queued yet */
    sd_event_source *hangup;
    sd_event_source *farewell; /* until then it may ask, to be told that it is one too many */
    struct peer peer;
    struct unit_lookup unit_lookup; /* under way: the peer is not complete */
    enum quota_kind quota;
    enum phase phase;
    bool admitted; /* and counts for its user as `quota` */
    bool hold, suspended, gone, newcomer;
    int passing; /* the descriptor that goes out behind a 101; -1: none */
    struct MHD_UpgradeResponseHandle *passed; /* and it has: the client is to close now */
    ssize_t (*read)(struct request *r, char *to, size_t length);
    char *target; /* NULL: target_inline holds it */
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
};

struct server {
    sd_event *event;
    struct quota *quota;
    struct unit_bus *units;
    struct listener *listeners;
    server_handler handler;
    server_observer observer;
    void *userdata;
    size_t connections;
    size_t newcomers;
    size_t requests;
};

/* libmicrohttpd's callbacks for a request, in the order in which it makes them. */
void *request_on_target(void *userdata, const char *target, struct MHD_Connection *mhd);
enum MHD_Result request_on_call(void *userdata, struct MHD_Connection *mhd, const char *url,
                                const char *method, const char *version, const char *data,
                                size_t *length, void **context);
void request_on_completed(void *userdata, struct MHD_Connection *mhd, void **context,
                          enum MHD_RequestTerminationCode why);

/* Ends a connection on which a descriptor was passed. */
void request_end_passed(struct connection *c);

#endif
