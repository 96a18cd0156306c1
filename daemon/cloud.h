/* SPDX-License-Identifier: MIT */
/*
 * One cloud: its credential, its session and the state machine that keeps the second alive with the
 * first. It has one timer, and at most one login under way however many ask for it. A login that
 * fails never takes a session away that still serves.
 *
 * The fields are there to be read by others; only the cloud room's own files write them.
 */
#ifndef CLOUD_H
#define CLOUD_H

#include "audit.h"
#include "identity_login.h"
#include "session.h"
#include "store.h"
#include "token_page.h"
#include "upstream.h"

enum cloud_state {
    CLOUD_STARTING,   /* the first login with this credential is under way */
    CLOUD_READY,      /* a usable token is held */
    CLOUD_RENEWING,   /* a usable token is held and a login is under way */
    CLOUD_DEGRADED,   /* a usable token is held, the last login failed */
    CLOUD_FAILED,     /* no usable token */
    CLOUD_REJECTED,   /* the identity service refused the credentials */
    CLOUD_SIGNED_OUT, /* no credential is held */
    _CLOUD_STATE_MAX,
};

struct cloud;

/* What all clouds live on; borrowed, outlives them. */
struct cloud_host {
    sd_event *event;
    struct upstream *upstream;
    struct login_gate *gate; /* that all logins begin behind; NULL: none */
    struct store *store;     /* for sessions to outlive a restart in; NULL: none */
    struct audit *audit;     /* may be NULL */
    void (*changed)(const struct cloud *c, void *userdata); /* its state is another one now */
    void *userdata;
};

/* Somebody who wants to look again after the next outcome of a login or a revocation. Woken once;
 * may wait again. */
struct cloud_waiter {
    struct cloud_waiter *next, **link;
    void (*wake)(struct cloud_waiter *w);
};

struct cloud_counters {
    uint64_t logins_succeeded;
    uint64_t logins_failed[_PROBLEM_MAX];
    uint64_t renewals; /* new tokens after the first */
    uint64_t bytes_sent;
    uint64_t bytes_received;
};

#define CLOUD_INCURABLES 16

/* What is known of 401s (cloud_challenge.c). */
struct cloud_challenges {
    usec_t last;       /* when a login last began because of one, CLOCK_BOOTTIME; 0: never */
    bool login_due;    /* the next login is because of one */
    uint64_t brought;  /* the generation that such a login brought */
    uint64_t accepted; /* the last generation that a service took, since then */

    /* Resources that answered 401 to a fresh token too: for a while nobody logs in for those. */
    struct {
        uint64_t resource;
        unsigned times;
        usec_t until;
    } incurable[CLOUD_INCURABLES];
    size_t next; /* the place to take when none is free */
};

struct cloud_revocation;

struct cloud {
    unsigned refs;
    const struct cloud_host *host;
    struct cloud_config config;
    struct identity_place place; /* of its identity service, as far as it is known */

    struct credential *credential; /* what logs in; NULL: signed out */
    struct credential *previous;   /* comes back when `credential`, handed in, is refused */
    struct digest configured;      /* of what the configuration last had */
    uint64_t salt;                 /* of that digest */

    bool removed; /* not configured any more: nothing will come of waiting */
    enum cloud_state state;
    struct session *session;      /* may be dead: ask cloud_session() */
    struct token_page *page;      /* shows its token; NULL: nobody has asked for that */
    uint64_t generation;          /* of the last new token */
    usec_t generation_since;      /* when it came, CLOCK_BOOTTIME */
    bool ran_out;                 /* it ended before there was another */
    struct problem *last_problem; /* NULL: the last login succeeded, or there was none */
    usec_t last_problem_at;       /* CLOCK_REALTIME */
    unsigned failures;            /* in a row */
    usec_t next_attempt;          /* CLOCK_BOOTTIME; USEC_INFINITY: none planned */

    struct identity_attempt *login; /* under way, also where it waits for its turn; or NULL */
    uint64_t logins_started;        /* numbers the logins: the one under way, or the last one */
    uint64_t logins_finished;
    usec_t last_login; /* when the last one ended, CLOCK_BOOTTIME */

    struct cloud_challenges challenge;

    struct cloud_revocation *revocations; /* those under way */

    sd_event_source *timer;
    struct cloud_waiter *waiters;
    struct cloud_counters counters;
};

const char *cloud_state_name(enum cloud_state state);

/* A cloud with one reference, not configured yet. 0 or a negative errno. */
int cloud_new(const struct cloud_host *host, struct cloud **ret);
struct cloud *cloud_ref(struct cloud *c);
void cloud_unref(struct cloud *c);
DEFINE_CLEANUP(struct cloud *, cloud_unref)

/*
 * Takes a configuration over, at the start and at each reload, and logs in where that is called
 * for: not where the store has a session from before a restart. `credential` is the configuration's, NULL when it has none, and the cloud's from here on, as
 * is `unreadable`, which says why it could not be read. A credential that was handed in over the
 * socket stays until the configuration's own changes. 0 or a negative errno; then nothing has
 * changed.
 */
int cloud_configure(struct cloud *c, const struct cloud_config *config,
                    struct credential *credential, struct problem *unreadable);

/* No login, timer or waiter from here on: the daemon stops. */
void cloud_stop(struct cloud *c);

/*
 * The same for a cloud that is done with: with `revoke_on_exit` the token that it holds is given up,
 * and the identity service is told to revoke it. That may take a while, as long as the cloud lives and
 * is not stopped; its outcome is logged.
 */
void cloud_leave(struct cloud *c);
bool cloud_will_revoke(const struct cloud *c);
bool cloud_is_revoking(const struct cloud *c);

/* Leaves because the cloud is not configured any more; who waits for it will be told so. */
void cloud_remove(struct cloud *c);

/* The session if its token is alive at this moment, else NULL. Borrowed. */
struct session *cloud_session(const struct cloud *c);
/* The same for who has just looked at the clock. */
struct session *cloud_session_at(const struct cloud *c, usec_t now);

/*
 * The descriptor of the page that shows the cloud's token, and each that follows; borrowed, and to be passed on
 * at once. -ENODATA: there is no token; -EMSGSIZE: it does not fit into a page; or another negative errno.
 */
int cloud_page(struct cloud *c, int *ret_fd);

/* From here on it shows nothing any more: whoever has it has to ask anew, and then it is another. */
void cloud_retire_page(struct cloud *c);

/* Whether a login is under way, or begins within milliseconds because the token has just ended: then
 * there will be an outcome to wait for. */
bool cloud_is_logging_in(const struct cloud *c);

/* Why there is no usable token, as a problem to hand out; NULL without memory. The caller frees it.
 */
struct problem *cloud_explain(const struct cloud *c);

/*
 * Starts a login or joins the one under way: its number, which logins_finished reaches when it has
 * ended; 0 when there is nothing to log in with.
 */
uint64_t cloud_login(struct cloud *c);

/*
 * The same for who could do with a better token. At most one login in 5 s comes of it: when the last
 * one is younger, the next is planned for the end of that time. After a failed one it starts nothing
 * before the time has come for the next try; then the number is that of the last.
 */
uint64_t cloud_login_soon(struct cloud *c);

enum cloud_challenge {
    CHALLENGE_RETRY, /* there is a newer token: use it */
    CHALLENGE_WAIT,  /* there will be an outcome: wait for it and look again */
    CHALLENGE_FINAL, /* no login would help: hand the 401 back */
};

/*
 * A service answered 401 to the token of that generation; `resource` is a hash of what was asked
 * for. At most one login in 5 s comes of it, ever fewer for a resource that no login cures, and
 * none before its time after one that failed. Who was told to wait asks again when woken, with
 * again = true, which starts nothing.
 */
enum cloud_challenge cloud_challenge(struct cloud *c, uint64_t generation, uint64_t resource,
                                     bool again);

/* It answered 401 to the fresh token, too. */
void cloud_challenge_failed(struct cloud *c, uint64_t resource);

/* A service took the token of that generation. */
void cloud_accepted(struct cloud *c, uint64_t generation, uint64_t resource);

/* A credential handed in over the socket, the cloud's from here on: logs in at once. The login's
 * number. */
uint64_t cloud_set_credential(struct cloud *c, struct credential *credential);

/*
 * Forgets credential and token and has the identity service revoke the token. 0 with a reference to the
 * revocation, or with NULL when there was no token; -ENOMEM: both are forgotten, but the token lives on.
 */
int cloud_forget(struct cloud *c, struct cloud_revocation **ret);

/* Whether it has ended, and, when it has, why the token was not revoked; NULL: it was. Borrowed. */
bool cloud_revocation_has_ended(const struct cloud_revocation *r);
const struct problem *cloud_revocation_problem(const struct cloud_revocation *r);
void cloud_revocation_unref(struct cloud_revocation *r);
DEFINE_CLEANUP(struct cloud_revocation *, cloud_revocation_unref)

/* Seconds until the next planned login, or -1 when there is none. */
int64_t cloud_refresh_in(const struct cloud *c);

void cloud_wait(struct cloud *c, struct cloud_waiter *w);
void cloud_waiter_cancel(struct cloud_waiter *w);

/* Wakes everybody who waits. */
void cloud_wake(struct cloud *c);

#endif
