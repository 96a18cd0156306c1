/* SPDX-License-Identifier: MIT */
/*
 * What one successful login gave us: the token, how long it lives, who we are and where everything
 * is. A session never changes once its cloud has published it; whoever needs it for longer than a
 * call holds a reference. The token is wiped with the last one.
 */
#ifndef SESSION_H
#define SESSION_H

#include "catalog.h"
#include "clock.h"

#include <stdbool.h>
#include <stdint.h>

struct session_role {
    char *id;
    char *name;
    char *description; /* NULL: not given */
};

struct session {
    unsigned refs;
    uint64_t generation; /* given by the cloud: 1, 2, 3, … */

    char *token;     /* locked memory; NULL: there is no identity service, and no document either */
    usec_t issued;   /* the identity service's clock at the login, µs since 1970; 0: it has none */
    usec_t expires;  /* the same clock; 0: never */
    usec_t obtained; /* CLOCK_BOOTTIME at the login */
    usec_t deadline; /* CLOCK_BOOTTIME at which the token dies: obtained + (expires - issued);
                        USEC_INFINITY: never */

    char *user_id;
    char *user_name;
    char *default_region; /* NULL: the user has none */
    struct session_role *roles;
    size_t n_roles;
    char *tenant_id; /* NULL: the token has no tenant */
    char *tenant_name;

    struct catalog *catalog;
    /* What those who serve the session have made of it, to be made once: released with it. */
    void *prepared;
    void (*prepared_free)(void *prepared);

    char *document; /* the identity service's own answer as JSON text, the token's id taken out */
};

/* An empty session with one reference, an empty catalog in it; NULL without memory. */
struct session *session_new(void);
struct session *session_ref(struct session *s);
void session_unref(struct session *s);
DEFINE_CLEANUP(struct session *, session_unref)

int session_add_role(struct session *s, const char *id, const char *name, const char *description);

/* Whether it ends at all. */
bool session_ends(const struct session *s);

/* Seconds until the token dies, rounded down; 0 when it is dead. */
uint64_t session_seconds_left(const struct session *s, usec_t now_boottime);

#endif
