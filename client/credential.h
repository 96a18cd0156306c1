/* SPDX-License-Identifier: MIT */
/*
 * A credential on its way to the daemon. Its JSON is written here rather than by the JSON library,
 * which does not wipe what it frees.
 */
#ifndef CREDENTIAL_H
#define CREDENTIAL_H

#include "buffer.h"
#include "latchkey.h"

DEFINE_CLEANUP(lk_credential *, lk_credential_free)

/* {"username":"…",…}, the names in the order in which they were set. -EMSGSIZE or -ENOMEM. */
int credential_encode(const lk_credential *credential, struct buffer *ret_json);

#endif
