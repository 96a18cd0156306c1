/* SPDX-License-Identifier: MIT */
/* Sends a provider's request to its identity service and collects the answer, within limits of size
 * and time. */
#ifndef IDENTITY_CALL_H
#define IDENTITY_CALL_H

#include "identity.h"
#include "upstream.h"

struct identity_call;

/* Exactly one of answer and problem is set; both go away when the function returns. The call may be
 * freed in it. */
typedef void (*identity_call_done)(const struct identity_answer *answer,
                                   const struct problem *problem, void *userdata);

/* `until` is when it is to have ended at the latest, CLOCK_BOOTTIME. 0 or a negative errno. The request
 * belongs to the call from here on, also on failure. */
int identity_call_start(struct upstream *u, struct identity_request *request,
                        const struct cloud_config *cloud, usec_t until, identity_call_done done,
                        void *userdata, struct identity_call **ret);

/* Cancels it, or gives it back after its end. */
void identity_call_free(struct identity_call *c);
DEFINE_CLEANUP(struct identity_call *, identity_call_free)

#endif
