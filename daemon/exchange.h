/* SPDX-License-Identifier: MIT */
/*
 * A request that has found its route, and what it needs while it is answered: its cloud, its place
 * among those who wait for a login, a deadline. The ways to answer are here, so that every error is
 * the same kind of document.
 */
#ifndef EXCHANGE_H
#define EXCHANGE_H

#include "audit.h"
#include "clouds.h"
#include "metrics.h"
#include "policy.h"
#include "quota.h"
#include "server.h"
#include "target.h"

#include <jansson.h>

#define EXCHANGE_BODY_MOST ((size_t)64 * 1024)

/* What all exchanges live on; borrowed, outlives them. */
struct exchange_host {
    sd_event *event;
    struct clouds *clouds;
    struct upstream *upstream;
    struct server *server;
    struct metrics *metrics;
    struct policy *policy; /* the one that counts now */
    struct quota *quota;
    struct audit *audit;
    bool stopping; /* nobody waits for what may not come */
    bool cut_off;  /* nor for what takes too long, and nothing new is begun */
};

struct exchange {
    struct request *request;
    const struct exchange_host *host;
    struct target target;
    struct cloud *cloud; /* a reference; NULL on routes without one */

    enum operation operation;
    struct policy *policy; /* what allowed it: a reference */
    const char *rule;      /* of that policy; NULL: there are no rules */

    struct cloud_waiter waiter;
    sd_event_source *deadline;
    bool late;                           /* the deadline has passed */
    uint64_t ticket;                     /* the login that this one waits for; 0: none yet */
    struct cloud_revocation *revocation; /* a reference; NULL: none */

    char *body; /* secret memory, NUL-terminated; NULL: none */
    size_t length;

    bool taken[QUOTA_LIMITS]; /* of its user's quota */

    void (*run)(struct exchange *x); /* answers, or waits and is called again */
    void *signing;                   /* the proxy's */
};

/* One more of these for the user who asks, until the exchange ends; taken once however often it is called.
 * NULL, or the problem that there are too many. */
struct problem *exchange_take(struct exchange *x, enum quota_kind kind);
/* That problem, which is logged here. */
struct problem *exchange_too_many(const struct exchange *x, enum quota_kind kind);

/* ---- what the caller may do (exchange_access.c), by the rules as they are now */

/* Whether he may do it to a cloud of that name, which need not exist; NULL: to any. */
bool exchange_may(struct exchange *x, const char *cloud, enum operation operation);

/* Whether he may send that request to the exchange's cloud. */
bool exchange_may_call(struct exchange *x, const struct policy_call *call);

/* For those who have waited: whether he may go on. If not, that is the answer. */
bool exchange_may_still(struct exchange *x);

/* Logs the refusal of the exchange's operation, and says it. `what` tells more of it; NULL: nothing. */
struct problem *exchange_denied(struct exchange *x, const char *what);

/* The clouds to which he may do that, _OPERATION_MAX: anything at all, as a view: its clouds are borrowed,
 * its list is to be freed. 0 or -ENOMEM. */
int exchange_clouds(const struct exchange *x, enum operation operation, struct clouds *ret);

/* ---- waiting */

/* Waits until something has happened to the cloud or the time is up, counted from the first wait;
 * then run() is called again. */
void exchange_wait(struct exchange *x, usec_t timeout);

/* What it waited for has come: the next wait has a deadline of its own. */
void exchange_stop_waiting(struct exchange *x);

/* Whether a request that waits has to end now: then it has its answer. */
bool exchange_cut_off(struct exchange *x);

/* Waits for the login that is under way or about to be, if there is one; else answers why there is no
 * token. */
void exchange_wait_for_token(struct exchange *x);

/* catalog_choose() with what the exchange's cloud and user say where the request is silent. */
int exchange_choose(const struct exchange *x, const struct session *session, const char *service,
                    const char *region, const char *interface, struct endpoint_choice *ret_choice,
                    struct problem **ret_problem);

/* ---- answers */

/* These take the document, the problem, the text over. NULL stands for no memory and is answered as
 * that. */
void exchange_answer(struct exchange *x, unsigned status, json_t *document);
/* This one's is borrowed. */
void exchange_answer_prepared(struct exchange *x, unsigned status, struct answer *a);
void exchange_answer_text(struct exchange *x, unsigned status, const char *type, char *text,
                          size_t length);
void exchange_problem(struct exchange *x, struct problem *problem);
void exchange_problem_document(struct exchange *x, unsigned status, json_t *document);
/* For a problem that keeps a token from us: 503 whatever its code's own status is, with Retry-After
 * where that is known. */
void exchange_unavailable(struct exchange *x, struct problem *problem);

void exchange_free(struct exchange *x);

#endif
