/* SPDX-License-Identifier: MIT */
/*
 * Rackspace identity v2.0: a user name with an API key or a password goes out, an `access` document
 * or a fault comes back.
 */
#include "identity_access.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#define ENDPOINT "https://identity.api.rackspacecloud.com/v2.0"
#define ENDPOINT_LON "https://lon.identity.api.rackspacecloud.com/v2.0"

/* People write the endpoint with and without its version. NULL without memory. */
static char *endpoint_of(const struct identity_login *login)
{
    const char *region = login->cloud->region;
    const char *endpoint = login->endpoint, *scheme_end;
    char *full;

    if (!endpoint)
        return strdup(region && strcasecmp(region, "LON") == 0 ? ENDPOINT_LON : ENDPOINT);
    scheme_end = strstr(endpoint, "://");
    if (strchr(scheme_end ? scheme_end + strlen("://") : endpoint, '/'))
        return strdup(endpoint);
    return asprintf(&full, "%s/v2.0", endpoint) < 0 ? NULL : full;
}

static int encode_login(const struct identity_login *login, struct identity_request **ret,
                        struct problem **ret_problem)
{
    _cleanup_(freep) char *endpoint = endpoint_of(login);

    if (!endpoint)
        return -ENOMEM;
    switch (credential_key(login->credential)) {
    case CREDENTIAL_API_KEY:
        return identity_access_encode(login, endpoint, "RAX-KSKEY:apiKeyCredentials", "apiKey", ret,
                                      ret_problem);
    case CREDENTIAL_PASSWORD:
        return identity_access_encode(login, endpoint, "passwordCredentials", "password", ret,
                                      ret_problem);
    default:
        return identity_refuse_credential("Rackspace's identity service takes a user name with an "
                                          "API key or a password: give one of the two.",
                                          ret_problem);
    }
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
    _cleanup_(freep) char *endpoint = endpoint_of(login);

    return endpoint ? identity_access_encode_revoke(endpoint, token, ret) : -ENOMEM;
}

const struct identity_provider identity_rackspace = {
    .encode_login = encode_login,
    .decode_login = decode_login,
    .encode_revoke = encode_revoke,
};
