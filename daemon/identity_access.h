/* SPDX-License-Identifier: MIT */
/*
 * Reads the `access` document of identity v2.0, the answer to a login. The token and its end have to
 * be there and right, and a catalog be a list, or the answer is refused with the field's name. All
 * else a token is of use without: what is missing or of a wrong type is taken as empty, and an
 * identifier may be a number.
 * The session's document holds the token nowhere.
 */
#ifndef IDENTITY_ACCESS_H
#define IDENTITY_ACCESS_H

#include "identity.h"

/* 0 with a session, 1 with a bad-answer, or -ENOMEM. */
int identity_access(const struct identity_answer *answer, struct session **ret,
                    struct problem **ret_problem);

#endif
