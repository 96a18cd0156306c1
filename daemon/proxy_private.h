/* SPDX-License-Identifier: MIT */
/* What the files of the proxy room know of each other: proxy.c has the client's side and decides,
 * proxy_access.c asks the rules, proxy_transfer.c has the service's side. */
#ifndef PROXY_PRIVATE_H
#define PROXY_PRIVATE_H

#include "proxy.h"
#include "ring.h"
#include "upstream.h"

struct signing {
    struct exchange *exchange;
    struct transfer *transfer;
    uint64_t generation; /* of the token that it carries */
    unsigned status;     /* of the service's answer; 0: none yet */

    struct ring up;
    bool begun;       /* path and address have been looked at */
    bool up_wanted;   /* the service is ready for the body */
    bool up_complete; /* the client has sent all of it */
    bool up_held;     /* the client has been told to wait: there was no room */
    bool up_refused;  /* nobody wants the rest */

    struct ring down;
    bool down_complete;
    bool down_failed;

    bool challenged;    /* a 401 is kept until a login has ended: it is sent again or handed back */
    bool challenge_new; /* and the cloud has not been told of it */
    bool retried;
    bool
        not_understood; /* a 417 to the question whether it wants the body: to be sent again without */
    bool unasked;       /* and it is not asked again */
    bool answered;
    usec_t
        deadline; /* `request_timeout`, for all tries, CLOCK_BOOTTIME; 0: nothing has been sent */

    struct proxy_address address;
    uint64_t resource; /* a hash of service and path */
    char *url;
    char *target;
};

/* Whether what has been sent is to be sent again. */
static inline bool is_sent_again(const struct signing *s)
{
    return s->challenged || s->not_understood;
}

/*
 * Sends the request to the url and target that were chosen, with the session's token. 0; -E2BIG for
 * too many headers, or another negative errno. What comes of it is noted in `s`, and the request is
 * woken.
 */
int proxy_transfer_start(struct signing *s, const struct session *session);

/* Whether the rules let the request go to that endpoint (proxy_access.c); else, or when it cannot be told,
 * ret_problem is set, NULL without memory. */
bool proxy_may_send(struct exchange *x, const struct session *session,
                    const struct endpoint_choice *choice, struct problem **ret_problem);

/* The request target that the service gets: the endpoint's own path, and behind it byte by byte
 * what the client sent. */
char *proxy_join_target(const char *endpoint, const char *rest);

#define PROXY_HEADERS_MOST 128
#define PROXY_RESUME_AT (RING_SIZE / 2) /* room that is worth waking somebody for */
/* Of an answer that its client is slow to take. No second try needs it, as it does a request's body, and
 * two reads of the upstream room's are enough to keep both sides busy. */
#define PROXY_DOWN_MOST (RING_SIZE / 2)

#endif
