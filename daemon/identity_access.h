/* SPDX-License-Identifier: MIT */
/*
 * Identity v2.0, as Rackspace and Keystone both speak it: the `access` document, which is the answer
 * to a login, and the revocation of a token.
 */
#ifndef IDENTITY_ACCESS_H
#define IDENTITY_ACCESS_H

#include "identity.h"

/* Has the tenant put into a login's body, by its id or else by its name: both at once are refused.
 * As encode_login. */
int identity_access_encode(const struct identity_login *login, const char *endpoint,
                           const char *credentials, const char *key, struct identity_request **ret,
                           struct problem **ret_problem);

/* As decode_login, fault and all. */
int identity_access_decode(const struct identity_answer *answer, struct session **ret,
                           struct problem **ret_problem);

int identity_access_encode_revoke(const char *endpoint, const char *token,
                                  struct identity_request **ret);

#endif
