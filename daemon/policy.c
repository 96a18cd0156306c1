/* SPDX-License-Identifier: MIT */
#include "policy.h"

bool policy_allows(const struct peer *peer, enum operation operation, uid_t own_uid)
{
    if (operation != OPERATION_CREDENTIAL)
        return true;
    return peer->uid == 0 || peer->uid == own_uid;
}
