/* SPDX-License-Identifier: MIT */
/*
 * Who may do what: rule × peer × operation → verdict. Pure. Whoever can open the socket may do
 * everything but touch the credential, which is for root and the daemon's own user.
 */
#ifndef POLICY_H
#define POLICY_H

#include "peer.h"

#include <stdbool.h>

enum operation {
    OPERATION_STATUS,
    OPERATION_IDENTITY,
    OPERATION_CATALOG,
    OPERATION_TOKEN,
    OPERATION_REFRESH,
    OPERATION_CREDENTIAL,
    OPERATION_PROXY,
    OPERATION_METRICS,
    _OPERATION_MAX,
};

extern const char *const operation_names[_OPERATION_MAX];

bool policy_allows(const struct peer *peer, enum operation operation, uid_t own_uid);

#endif
