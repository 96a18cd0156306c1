/* SPDX-License-Identifier: MIT */
/* Asks the daemon as somebody else. Takes root. */
#ifndef AS_USER_H
#define AS_USER_H

#include "client.h"

#define NOBODY 65534

/* The answer to a request that a user, in no group but his own, makes in a process of its own. A body
 * may be NULL. */
const struct reply *ask_as(uid_t uid, const char *method, const char *target, const char *body);

#endif
