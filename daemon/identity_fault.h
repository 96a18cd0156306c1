/* SPDX-License-Identifier: MIT */
/*
 * What an identity service means when it does not log us in. All of OpenStack's family answer with
 * the same shape, `{"unauthorized": {"code": 401, "message": …}}`; proxies in between answer with
 * anything, and what they say is no word on the credentials. Nothing of the answer's text is ever
 * quoted: it could hold what was sent.
 */
#ifndef IDENTITY_FAULT_H
#define IDENTITY_FAULT_H

#include "identity.h"

/* The problem that an answer without a token stands for, with the seconds to wait if the service
 * named them. NULL without memory. */
struct problem *identity_fault(const struct identity_answer *answer);

#endif
