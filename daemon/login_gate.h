/* SPDX-License-Identifier: MIT */
/*
 * How many logins may be under way at one identity service: with a thousand clouds, all of which log in when
 * the daemon starts, the service is to be kept busy, and not run over. Each service, told by scheme, host and
 * port, has its own queue, so that one which hangs holds up nobody else's logins.
 */
#ifndef LOGIN_GATE_H
#define LOGIN_GATE_H

#include "cleanup.h"
#include "later.h"

#include <stdbool.h>
#include <sys/queue.h>

struct login_gate;

/* One login's place in the queue, and behind the gate; zeroed it is in neither. It is the caller's, who
 * fills in admit(): called from the loop when its turn has come, and may leave or be freed in it. */
struct login_pass {
    void (*admit)(struct login_pass *p);
    struct login_service *service; /* NULL: in neither */
    TAILQ_ENTRY(login_pass) entry;
    bool is_through;
    bool is_first;
};

/* The queue is borrowed. 0 or -ENOMEM. */
int login_gate_new(struct later_queue *queue, unsigned limit, struct login_gate **ret);
/* Once nobody has a place any more. */
void login_gate_free(struct login_gate *g);
DEFINE_CLEANUP(struct login_gate *, login_gate_free)

/* From now on; who is through already stays so. */
void login_gate_set_limit(struct login_gate *g, unsigned limit);

/* The service of an endpoint, NULL: the provider's own. 1: the login may begin; 0: it waits for admit();
 * or -ENOMEM. */
int login_gate_enter(struct login_gate *g, const char *endpoint, struct login_pass *p);

/* Goes before those for which nobody waits, if it is in a queue. */
void login_gate_hurry(struct login_pass *p);

/* The login has ended, or will not begin. */
void login_gate_leave(struct login_pass *p);

#endif
