/* SPDX-License-Identifier: MIT */
/*
 * Keystone v2.0, as older OpenStack clouds have it (Identity API v2.0): a user name and a password go
 * out, for a tenant by its id or name, and an `access` document comes back.
 */
#include "identity_access.h"

static int encode_login(const struct identity_login *login, struct identity_request **ret,
                        struct problem **ret_problem)
{
    if (credential_key(login->credential) != CREDENTIAL_PASSWORD)
        return identity_refuse_credential("Keystone v2.0 takes a user name and a password: give "
                                          "them, or an `auth_endpoint` that speaks v3.",
                                          ret_problem);
    return identity_access_encode(login, login->endpoint, "passwordCredentials", "password", ret,
                                  ret_problem);
}

static int decode_login(const struct identity_login *login _unused_,
                        const struct identity_answer *answer, struct session **ret,
                        struct problem **ret_problem)
{
    return identity_access_decode(answer, ret, ret_problem);
}

static int encode_revoke(const struct identity_login *login, const char *token,
                         struct identity_request **ret)
{
    return identity_access_encode_revoke(login->endpoint, token, ret);
}

const struct identity_provider identity_keystone_v2 = {
    .version = "v2",
    .encode_login = encode_login,
    .decode_login = decode_login,
    .encode_revoke = encode_revoke,
};
