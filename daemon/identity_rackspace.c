/* SPDX-License-Identifier: MIT */
/*
 * Rackspace identity v2.0: a user name with an API key or a password goes out, an `access` document
 * or a fault comes back.
 */
#include "identity_access.h"
#include "identity_fault.h"
#include "secret.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <strings.h>

#define ENDPOINT "https://identity.api.rackspacecloud.com/v2.0"
#define ENDPOINT_LON "https://lon.identity.api.rackspacecloud.com/v2.0"

static const struct {
    const char *credentials, *key;
} login_forms[] = {
    [CREDENTIAL_API_KEY] = {"RAX-KSKEY:apiKeyCredentials", "apiKey"},
    [CREDENTIAL_PASSWORD] = {"passwordCredentials", "password"},
};

static bool is_set(const char *text)
{
    return text && *text;
}

static const char *endpoint_of(const struct cloud_config *cloud)
{
    if (is_set(cloud->auth_endpoint))
        return cloud->auth_endpoint;
    if (cloud->region && strcasecmp(cloud->region, "LON") == 0)
        return ENDPOINT_LON;
    return ENDPOINT;
}

/* The address of the tokens: people write the endpoint with and without its version, with slashes
 * at its end, or in full. */
static char *tokens_url(const struct cloud_config *cloud)
{
    static const char tokens[] = "/tokens";
    const char *endpoint = endpoint_of(cloud);
    const char *scheme_end = strstr(endpoint, "://");
    const char *authority = scheme_end ? scheme_end + strlen("://") : endpoint;
    size_t length = strlen(authority);
    const char *suffix = tokens;
    char *url = NULL;

    while (length > 0 && authority[length - 1] == '/')
        length--;
    if (!memchr(authority, '/', length))
        suffix = "/v2.0/tokens";
    else if (length >= strlen(tokens) &&
             strncmp(authority + length - strlen(tokens), tokens, strlen(tokens)) == 0)
        suffix = "";

    if (asprintf(&url, "%.*s%s", (int)(authority - endpoint + (ptrdiff_t)length), endpoint,
                 suffix) < 0)
        return NULL;
    return url;
}

static int request_new(const char *method, const struct cloud_config *cloud,
                       struct identity_request **ret)
{
    _cleanup_(identity_request_freep) struct identity_request *r = calloc(1, sizeof(*r));

    if (!r)
        return -ENOMEM;
    r->method = method;
    r->url = tokens_url(cloud);
    if (!r->url)
        return -ENOMEM;
    *ret = TAKE_PTR(r);
    return 0;
}

/* The tenant to ask for, by its id or else by its name: both at once are refused. The credential's
 * own stands before the configuration's. */
static void choose_tenant(const struct cloud_config *cloud, const struct credential *credential,
                          const char **ret_id, const char **ret_name)
{
    const struct {
        const char *id, *name;
    } tenants[] = {
        {credential->tenant_id, credential->tenant_name},
        {cloud->tenant_id, cloud->tenant_name},
    };

    *ret_id = *ret_name = NULL;
    for (size_t i = 0; i < ARRAY_SIZE(tenants) && !*ret_id && !*ret_name; i++) {
        if (is_set(tenants[i].id))
            *ret_id = tenants[i].id;
        else if (is_set(tenants[i].name))
            *ret_name = tenants[i].name;
    }
}

static int refuse_credential(const char *why, struct problem **ret_problem)
{
    struct problem *p = problem_new(PROBLEM_CREDENTIALS_REJECTED, "%s", why);

    if (!p)
        return -ENOMEM;
    *ret_problem = p;
    return 1;
}

static int encode_login(const struct cloud_config *cloud, const struct credential *credential,
                        struct identity_request **ret, struct problem **ret_problem)
{
    _cleanup_(identity_request_freep) struct identity_request *request = NULL;
    _cleanup_(json_decrefp) json_t *body = NULL;
    const char *tenant_id, *tenant_name;
    json_error_t error;
    int r;

    if (!is_set(credential->username) || !is_set(credential->key))
        return refuse_credential("The credential has no user name or no key: give both.",
                                 ret_problem);

    choose_tenant(cloud, credential, &tenant_id, &tenant_name);
    body = json_pack_ex(&error, 0, "{s:{s:{s:s,s:s},s:s*,s:s*}}", "auth",
                        login_forms[credential->kind].credentials, "username", credential->username,
                        login_forms[credential->kind].key, credential->key, "tenantId", tenant_id,
                        "tenantName", tenant_name);
    if (!body && json_error_code(&error) == json_error_invalid_utf8)
        return refuse_credential("The user name, the key or the tenant is not valid UTF-8: correct "
                                 "the credential.",
                                 ret_problem);
    if (!body)
        return -ENOMEM;

    r = request_new("POST", cloud, &request);
    if (r < 0)
        return r;
    request->body = json_dumps(body, JSON_COMPACT);
    if (!request->body)
        return -ENOMEM;
    *ret = TAKE_PTR(request);
    return 0;
}

static int encode_revoke(const struct cloud_config *cloud, const char *token,
                         struct identity_request **ret)
{
    _cleanup_(identity_request_freep) struct identity_request *request = NULL;
    int r = request_new("DELETE", cloud, &request);

    if (r < 0)
        return r;
    request->token = secret_strdup(token);
    if (!request->token)
        return -ENOMEM;
    *ret = TAKE_PTR(request);
    return 0;
}

static int decode_login(const struct identity_answer *answer, struct session **ret,
                        struct problem **ret_problem)
{
    if (answer->status == 200 || answer->status == 203)
        return identity_access(answer, ret, ret_problem);

    *ret_problem = identity_fault(answer);
    return *ret_problem ? 1 : -ENOMEM;
}

const struct identity_provider identity_rackspace = {
    .type = "rackspace",
    .encode_login = encode_login,
    .decode_login = decode_login,
    .encode_revoke = encode_revoke,
};
