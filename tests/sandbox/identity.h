/* SPDX-License-Identifier: MIT */
/* Rackspace identity v2.0: logging in, the tokens, and the check of a token that every other
 * service makes. */
#ifndef SANDBOX_IDENTITY_H
#define SANDBOX_IDENTITY_H

#include "request.h"

/* Looks at the request's X-Auth-Token, and counts the use of one that is dead. */
bool identity_token_is_live(const struct request *r);

void identity_serve_versions(struct request *r);
void identity_serve_version(struct request *r);
void identity_begin_login(struct request *r);
void identity_serve_login(struct request *r);
void identity_serve_validate(struct request *r);
void identity_serve_revoke_own(struct request *r);
void identity_serve_revoke(struct request *r);

#endif
