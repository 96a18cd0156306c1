/* SPDX-License-Identifier: MIT */
/*
 * One login from its start to the session or the problem that comes of it: asks the service for its
 * versions where nobody knows them, logs in, and where there was nothing to log in to looks what
 * there is instead, for the error's sake. All of it within the cloud's `login_timeout`, which counts from
 * when the gate lets it through.
 */
#ifndef IDENTITY_LOGIN_H
#define IDENTITY_LOGIN_H

#include "identity_discovery.h"
#include "login_gate.h"
#include "upstream.h"

struct identity_attempt;

/* Exactly one of the two is set, and is the callee's, but a NULL problem is one that there was no memory
 * for. The attempt may be freed in it. */
typedef void (*identity_attempt_done)(struct session *session, struct problem *problem,
                                      void *userdata);

/*
 * `login` is borrowed, as are what it points to and `place`, for as long as the attempt lives. `place` is
 * what is known of the service; more is learned here, and forgotten when it turns out wrong. Without a
 * gate it begins at once. 0; 1 with ret_problem when there is nothing to be sent; or a negative errno.
 */
int identity_attempt_start(struct upstream *u, struct login_gate *gate,
                           const struct cloud_config *cloud, const struct credential *credential,
                           struct identity_place *place, identity_attempt_done done, void *userdata,
                           struct identity_attempt **ret, struct problem **ret_problem);

/* Somebody waits for it: it goes before those that wait at the gate without that. */
void identity_attempt_hurry(struct identity_attempt *a);

/* For an identity_type in which nobody has to be asked, in place of an attempt: 0 with the session, 1 where
 * there has to be an attempt, or -ENOMEM. */
int identity_login_at_once(const struct cloud_config *cloud, const struct credential *credential,
                           struct session **ret);

/* Cancels it, or gives it back after its end. */
void identity_attempt_free(struct identity_attempt *a);
DEFINE_CLEANUP(struct identity_attempt *, identity_attempt_free)

#endif
