/* SPDX-License-Identifier: MIT */
/* Asks as another user would, in a process of its own: for root only. */
#ifndef AS_USER_H
#define AS_USER_H

#include "client.h"

#define NOBODY 65534

/* The daemon's answer to a request of that user, who is in the group of the same number and in none besides.
 * `body` may be "". It lasts until the test's end. */
const struct reply *ask_as(uid_t uid, const char *method, const char *target, const char *body);

#endif
