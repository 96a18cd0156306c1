/* SPDX-License-Identifier: MIT */
#include "identity_access.h"

#include "identity_fault.h"
#include "identity_reader.h"

#include <errno.h>

#define TOKENS "/tokens"

int identity_access_encode(const struct identity_login *login, const char *endpoint,
                           const char *credentials, const char *key, struct identity_request **ret,
                           struct problem **ret_problem)
{
    _cleanup_(identity_request_freep) struct identity_request *request = NULL;
    const struct credential *scope = identity_login_scope(login), *own = login->credential;
    const char *tenant_id = scope->fields[CREDENTIAL_TENANT_ID];
    const char *tenant_name = tenant_id ? NULL : scope->fields[CREDENTIAL_TENANT_NAME];
    _cleanup_(json_decrefp) json_t *body = NULL;
    json_error_t error;

    if (!own->fields[CREDENTIAL_USERNAME])
        return identity_refuse_credential("The credential has no user name: give one.",
                                          ret_problem);
    body = json_pack_ex(&error, 0, "{s:{s:{s:s,s:s},s:s*,s:s*}}", "auth", credentials, "username",
                        own->fields[CREDENTIAL_USERNAME], key, own->fields[credential_key(own)],
                        "tenantId", tenant_id, "tenantName", tenant_name);
    if (!body && json_error_code(&error) == json_error_invalid_utf8)
        return identity_refuse_credential("The user name, the key or the tenant is not valid "
                                          "UTF-8: correct the credential.",
                                          ret_problem);
    request = identity_request_new("POST", endpoint, TOKENS);
    if (!body || !request)
        return -ENOMEM;
    request->body = json_dumps(body, JSON_COMPACT);
    if (!request->body)
        return -ENOMEM;
    *ret = TAKE_PTR(request);
    return 0;
}

int identity_access_encode_revoke(const char *endpoint, const char *token,
                                  struct identity_request **ret)
{
    _cleanup_(identity_request_freep) struct identity_request *request =
        identity_request_new("DELETE", endpoint, TOKENS);
    int r = request ? identity_request_add_header(request, "X-Auth-Token", token) : -ENOMEM;

    if (r == 0)
        *ret = TAKE_PTR(request);
    return r;
}

static int read_token(struct identity_reader *reader, const json_t *token)
{
    const json_t *tenant = reader_get(token, "tenant", JSON_OBJECT);
    struct session *s = reader->session;
    json_t *id = NULL, *expires = NULL;
    int r = reader_require(reader, token, "access.token.id", JSON_STRING, &id);

    if (r == 0)
        r = reader_take_token(reader, "access.token.id", json_string_value(id));
    if (r == 0)
        r = reader_require(reader, token, "access.token.expires", JSON_STRING, &expires);
    if (r == 0)
        r = reader_take_expiry(reader, "access.token.expires", json_string_value(expires), NULL);
    if (r == 0)
        r = reader_copy_id(tenant, "id", &s->tenant_id);
    if (r == 0)
        r = reader_copy(reader_get_string(tenant, "name"), &s->tenant_name);
    return r;
}

static int read_user(struct identity_reader *reader, const json_t *user)
{
    struct session *s = reader->session;
    int r = reader_copy_user(s, user);

    if (r == 0)
        r = reader_copy(reader_get_string(user, "RAX-AUTH:defaultRegion"), &s->default_region);
    if (r == 0)
        r = reader_copy_roles(reader, "access.user.roles", reader_get(user, "roles", JSON_ARRAY));
    return r;
}

static int read_endpoint(struct service *service, const json_t *endpoint)
{
    static const struct {
        const char *key, *interface;
    } urls[] = {
        {"publicURL", "public"},
        {"internalURL", "internal"},
        {"adminURL", "admin"},
    };
    _cleanup_(freep) char *tenant_id = NULL;
    int r = reader_copy_id(endpoint, "tenantId", &tenant_id);

    for (size_t i = 0; i < ARRAY_SIZE(urls) && r == 0; i++) {
        const char *url = reader_get_string(endpoint, urls[i].key);

        if (url && *url)
            r = service_add_endpoint(service, reader_get_string(endpoint, "region"),
                                     urls[i].interface, url, tenant_id);
    }
    return r;
}

static int read_access(struct identity_reader *reader)
{
    json_t *access = NULL, *token = NULL;
    int r = reader_require(reader, reader->root, "access", JSON_OBJECT, &access);

    if (r == 0)
        r = reader_require(reader, access, "access.token", JSON_OBJECT, &token);
    if (r == 0)
        r = read_token(reader, token);
    if (r == 0)
        r = read_user(reader, reader_get(access, "user", JSON_OBJECT));
    if (r == 0)
        r = reader_copy_catalog(reader, "access.serviceCatalog",
                                json_object_get(access, "serviceCatalog"), read_endpoint);
    return r == 0 ? reader_make_document(reader) : r;
}

int identity_access_decode(const struct identity_answer *answer, struct session **ret,
                           struct problem **ret_problem)
{
    _cleanup_(reader_done) struct identity_reader reader = {0};
    int r;

    if (answer->status != 200 && answer->status != 203) {
        *ret_problem = identity_fault(answer);
        return *ret_problem ? 1 : -ENOMEM;
    }
    r = reader_init(&reader, answer);
    if (r == 0)
        r = read_access(&reader);
    return reader_finish(&reader, r, ret, ret_problem);
}
