/* SPDX-License-Identifier: MIT */
/*
 * Keystone v3 (Identity API v3): a password or an application credential goes out, with what the token
 * is to be good for; a `token` document comes back, and the token itself in the header
 * `X-Subject-Token`.
 */
#include "identity_document.h"
#include "identity_fault.h"
#include "identity_reader.h"

#include <errno.h>
#include <string.h>

#define TOKENS "/auth/tokens"
#define DEFAULT_DOMAIN "default" /* the id that every Keystone is set up with */

/* ---- what goes out */

/* The domain that a name lives in, by its id or else by its name. */
static json_t *pack_domain(const char *id, const char *name)
{
    if (!id && name)
        return json_pack("{s:s}", "name", name);
    return json_pack("{s:s}", "id", id ? id : DEFAULT_DOMAIN);
}

static json_t *pack_user(const struct identity_login *login)
{
    const char *id = identity_login_get(login, CREDENTIAL_USER_ID);
    const char *name = identity_login_get(login, CREDENTIAL_USERNAME);

    if (id)
        return json_pack("{s:s}", "id", id);
    return json_pack("{s:s, s:o}", "name", name, "domain",
                     pack_domain(identity_login_get(login, CREDENTIAL_USER_DOMAIN_ID),
                                 identity_login_get(login, CREDENTIAL_USER_DOMAIN_NAME)));
}

static json_t *pack_password(const struct identity_login *login)
{
    json_t *user = pack_user(login);

    if (json_object_set_new(user, "password",
                            json_string(login->credential->fields[CREDENTIAL_PASSWORD])) < 0) {
        json_decref(user);
        return NULL;
    }
    return json_pack("{s:[s], s:{s:o}}", "methods", "password", "password", "user", user);
}

static json_t *pack_application_credential(const struct identity_login *login)
{
    static const char method[] = "application_credential";
    char *const *fields = login->credential->fields;
    const char *id = fields[CREDENTIAL_APPLICATION_CREDENTIAL_ID];
    const char *secret = fields[CREDENTIAL_APPLICATION_CREDENTIAL_SECRET];

    if (id)
        return json_pack("{s:[s], s:{s:s, s:s}}", "methods", method, method, "id", id, "secret",
                         secret);
    return json_pack("{s:[s], s:{s:s, s:s, s:o}}", "methods", method, method, "name",
                     fields[CREDENTIAL_APPLICATION_CREDENTIAL_NAME], "secret", secret, "user",
                     pack_user(login));
}

/* A project, else a domain; NULL with ret_unscoped set where the configuration names neither. */
static json_t *pack_scope(const struct identity_login *login, bool *ret_unscoped)
{
    char *const *scope = identity_login_scope(login)->fields;
    const char *project_domain_id = identity_login_get(login, CREDENTIAL_PROJECT_DOMAIN_ID);
    const char *project_domain_name = identity_login_get(login, CREDENTIAL_PROJECT_DOMAIN_NAME);

    *ret_unscoped = false;
    if (scope[CREDENTIAL_TENANT_ID])
        return json_pack("{s:{s:s}}", "project", "id", scope[CREDENTIAL_TENANT_ID]);
    if (scope[CREDENTIAL_TENANT_NAME])
        return json_pack("{s:{s:s, s:o}}", "project", "name", scope[CREDENTIAL_TENANT_NAME],
                         "domain", pack_domain(project_domain_id, project_domain_name));
    if (scope[CREDENTIAL_DOMAIN_ID] || scope[CREDENTIAL_DOMAIN_NAME])
        return json_pack("{s:o}", "domain",
                         pack_domain(scope[CREDENTIAL_DOMAIN_ID], scope[CREDENTIAL_DOMAIN_NAME]));
    *ret_unscoped = true;
    return NULL;
}

/* An application credential is bound to its project: it comes without a scope, or is refused. NULL
 * without memory, and for text that is no UTF-8. */
static json_t *pack_login(const struct identity_login *login)
{
    bool unscoped = true, by_password = login->credential->fields[CREDENTIAL_PASSWORD] != NULL;
    json_t *identity = by_password ? pack_password(login) : pack_application_credential(login);
    json_t *scope = by_password ? pack_scope(login, &unscoped) : NULL;

    if (unscoped)
        return json_pack("{s:{s:o}}", "auth", "identity", identity);
    return json_pack("{s:{s:o, s:o}}", "auth", "identity", identity, "scope", scope);
}

static bool is_utf8(const struct credential *c)
{
    bool all = true;

    for (size_t i = 0; i < _CREDENTIAL_FIELD_MAX; i++) {
        json_t *text = c->fields[i] ? json_string(c->fields[i]) : NULL;

        all &= text || !c->fields[i];
        json_decref(text);
    }
    return all;
}

static int encode_login(const struct identity_login *login, struct identity_request **ret,
                        struct problem **ret_problem)
{
    _cleanup_(identity_request_freep) struct identity_request *request = NULL;
    _cleanup_(json_decrefp) json_t *body = NULL;

    if (login->credential->fields[CREDENTIAL_API_KEY])
        return identity_refuse_credential("Keystone takes a password or an application "
                                          "credential, and no API key: give one of the two.",
                                          ret_problem);
    if (!is_utf8(login->credential) || !is_utf8(&login->cloud->login))
        return identity_refuse_credential("The user, the key or the project is not valid UTF-8: "
                                          "correct the credential.",
                                          ret_problem);
    body = pack_login(login);
    request = identity_request_new("POST", login->endpoint, TOKENS);
    if (!body || !request)
        return -ENOMEM;
    request->body = json_dumps(body, JSON_COMPACT);
    if (!request->body)
        return -ENOMEM;
    *ret = TAKE_PTR(request);
    return 0;
}

static int encode_revoke(const struct identity_login *login, const char *token,
                         struct identity_request **ret)
{
    _cleanup_(identity_request_freep) struct identity_request *request =
        identity_request_new("DELETE", login->endpoint, TOKENS);
    int r = request ? identity_request_add_header(request, "X-Auth-Token", token) : -ENOMEM;

    if (r == 0)
        r = identity_request_add_header(request, "X-Subject-Token", token);
    if (r == 0)
        *ret = TAKE_PTR(request);
    return r;
}

/* ---- what comes back */

static int read_endpoint(struct service *service, const json_t *endpoint)
{
    const char *region = reader_get_string(endpoint, "region_id");
    const char *interface = reader_get_string(endpoint, "interface");
    const char *url = reader_get_string(endpoint, "url");

    if (!region)
        region = reader_get_string(endpoint, "region"); /* its name before v3.2 */
    if (!url || !*url || !interface || !*interface)
        return 0;
    return service_add_endpoint(service, region, interface, url, NULL);
}

static int read_token(struct identity_reader *reader, const json_t *token)
{
    const char *subject = identity_answer_header(reader->answer, "X-Subject-Token");
    const json_t *project = reader_get(token, "project", JSON_OBJECT);
    struct session *s = reader->session;
    json_t *expires = NULL;
    int r;

    if (!subject)
        return reader_complain(reader, "the header X-Subject-Token", "is missing");
    r = reader_take_token(reader, "the header X-Subject-Token", subject);
    if (r == 0)
        r = reader_require(reader, token, "token.expires_at", JSON_STRING, &expires);
    if (r == 0)
        r = reader_take_expiry(reader, "token.expires_at", json_string_value(expires),
                               reader_get_string(token, "issued_at"));
    if (r == 0)
        r = reader_copy_id(project, "id", &s->tenant_id);
    if (r == 0)
        r = reader_copy(reader_get_string(project, "name"), &s->tenant_name);
    if (r == 0)
        r = reader_copy_user(s, reader_get(token, "user", JSON_OBJECT));
    if (r == 0)
        r = reader_copy_roles(reader, "token.roles", reader_get(token, "roles", JSON_ARRAY));
    return r;
}

static int read_document(struct identity_reader *reader)
{
    json_t *token = NULL;
    int r = reader_require(reader, reader->root, "token", JSON_OBJECT, &token);

    if (r == 0)
        r = read_token(reader, token);
    if (r == 0)
        r = reader_copy_catalog(reader, "token.catalog", json_object_get(token, "catalog"),
                                read_endpoint);
    return r == 0 ? reader_make_document(reader) : r;
}

/* Keystone's 404 to a login that it understood: there is no such application credential. An address
 * where there is no login answers without the reason. */
static bool is_unknown_application(const struct identity_login *login,
                                   const struct identity_answer *answer)
{
    static const char reason[] = "Could not find Application Credential";
    _cleanup_(json_decrefp) json_t *root = NULL;
    const char *message;

    if (answer->status != 404 ||
        !login->credential->fields[CREDENTIAL_APPLICATION_CREDENTIAL_SECRET])
        return false;
    root = identity_document_load(answer);
    message = reader_get_string(reader_get(root, "error", JSON_OBJECT), "message");
    return message && strncmp(message, reason, strlen(reason)) == 0;
}

static int decode_login(const struct identity_login *login, const struct identity_answer *answer,
                        struct session **ret, struct problem **ret_problem)
{
    _cleanup_(reader_done) struct identity_reader reader = {0};
    int r;

    if (is_unknown_application(login, answer))
        return identity_refuse_credential("The identity service does not know this application "
                                          "credential: check its id, or its name and user, and "
                                          "whether it has been deleted.",
                                          ret_problem);
    if (answer->status != 200 && answer->status != 201) {
        *ret_problem = identity_fault(answer);
        return *ret_problem ? 1 : -ENOMEM;
    }
    r = reader_init(&reader, answer);
    if (r == 0)
        r = read_document(&reader);
    return reader_finish(&reader, r, ret, ret_problem);
}

const struct identity_provider identity_keystone_v3 = {
    .version = "v3",
    .encode_login = encode_login,
    .decode_login = decode_login,
    .encode_revoke = encode_revoke,
};
