/* SPDX-License-Identifier: MIT */
#include "policy.h"

const char *const operation_names[_OPERATION_MAX] = {
    [OPERATION_STATUS] = "status",   [OPERATION_IDENTITY] = "identity",
    [OPERATION_CATALOG] = "catalog", [OPERATION_TOKEN] = "token",
    [OPERATION_REFRESH] = "refresh", [OPERATION_CREDENTIAL] = "credential",
    [OPERATION_PROXY] = "proxy",     [OPERATION_METRICS] = "metrics",
};

bool policy_allows(const struct peer *peer, enum operation operation, uid_t own_uid)
{
    if (operation != OPERATION_CREDENTIAL)
        return true;
    return peer->uid == 0 || peer->uid == own_uid;
}
