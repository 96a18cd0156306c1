/* SPDX-License-Identifier: MIT */
/* See identity.h. */
#include "identity.h"

#include <string.h>

#include "catalog.h"
#include "cleanup.h"
#include "fault.h"

/* The kinds of credential, by their member in the document; the secret's place is in the settings.
 */
static const struct credential_kind {
    const char *member;
    const char *secret_member;
    size_t secret_offset;
} credential_kinds[] = {
    {"RAX-KSKEY:apiKeyCredentials", "apiKey", offsetof(struct sandbox_settings, api_key)},
    {"passwordCredentials", "password", offsetof(struct sandbox_settings, password)},
};

enum login_verdict {
    LOGIN_GRANTED,
    LOGIN_MALFORMED,
    LOGIN_REFUSED,
};

bool identity_token_is_live(const struct request *r)
{
    _cleanup_(sandbox_unlockp) struct sandbox *s = sandbox_lock(r->sandbox);
    const char *id = request_header(r, "X-Auth-Token");
    enum token_verdict verdict = id ? token_look_up(&s->tokens, id, NULL) : TOKEN_UNKNOWN;

    if (verdict == TOKEN_DEAD)
        s->counters.dead_token_uses++;
    return verdict == TOKEN_LIVE;
}

static json_t *version(const struct sandbox *s)
{
    return json_pack("{s:s,s:s,s:[{s:s,s:o}],s:s}", "id", "v2.0", "status", "CURRENT", "links",
                     "rel", "self", "href", json_sprintf("%s/v2.0/", s->base_url), "updated",
                     "2012-01-01T00:00:00Z");
}

void identity_serve_versions(struct request *r)
{
    answer_json(r, 200, json_pack("{s:{s:[o]}}", "versions", "version", version(r->sandbox)));
}

void identity_serve_version(struct request *r)
{
    answer_json(r, 200, json_pack("{s:o}", "version", version(r->sandbox)));
}

void identity_begin_login(struct request *r)
{
    _cleanup_(sandbox_unlockp) struct sandbox *s = sandbox_lock(r->sandbox);

    sandbox_times_add(&s->counters.login_attempt_times, clock_wall());
    if (request_header(r, "X-Auth-Token"))
        s->counters.logins_with_token++;
    if (request_is_chunked(r) || !request_header(r, "Content-Length")) {
        s->counters.login_failures++;
        answer_bad_request(r, "A login needs a body with a Content-Length.");
    }
}

static enum login_verdict check_tenant(const struct sandbox *s, const json_t *auth)
{
    const json_t *id = json_object_get(auth, "tenantId");
    const json_t *name = json_object_get(auth, "tenantName");
    const char *text = json_string_value(id ? id : name);

    if (id && name)
        return LOGIN_MALFORMED;
    if (!id && !name)
        return LOGIN_GRANTED;
    if (!text)
        return LOGIN_MALFORMED;
    if (name)
        return strcmp(text, CATALOG_TENANT_NAME) == 0 ? LOGIN_GRANTED : LOGIN_REFUSED;
    return strcmp(text, s->options.tenant_id) == 0 || strcmp(text, CATALOG_FILES_TENANT) == 0
               ? LOGIN_GRANTED
               : LOGIN_REFUSED;
}

static enum login_verdict check_credential(const struct sandbox *s, const json_t *auth)
{
    const struct credential_kind *kind = NULL;
    const char *username, *secret, *wanted;
    const json_t *credential;

    for (size_t i = 0; i < ARRAY_SIZE(credential_kinds); i++)
        if (json_object_get(auth, credential_kinds[i].member)) {
            if (kind)
                return LOGIN_MALFORMED;
            kind = &credential_kinds[i];
        }
    if (!kind)
        return LOGIN_MALFORMED;

    credential = json_object_get(auth, kind->member);
    username = json_string_value(json_object_get(credential, "username"));
    secret = json_string_value(json_object_get(credential, kind->secret_member));
    if (!username || !secret)
        return LOGIN_MALFORMED;

    /* An empty secret in the settings means that nobody can log in with one of that kind. */
    wanted = (const char *)&s->settings + kind->secret_offset;
    return *wanted && strcmp(username, s->settings.username) == 0 && strcmp(secret, wanted) == 0
               ? LOGIN_GRANTED
               : LOGIN_REFUSED;
}

static enum login_verdict check_login(const struct sandbox *s, const json_t *document)
{
    const json_t *auth = json_object_get(document, "auth");
    enum login_verdict credential, tenant;

    if (!json_is_object(auth))
        return LOGIN_MALFORMED;
    credential = check_credential(s, auth);
    tenant = check_tenant(s, auth);
    if (credential == LOGIN_MALFORMED || tenant == LOGIN_MALFORMED)
        return LOGIN_MALFORMED;
    return credential == LOGIN_GRANTED ? tenant : credential;
}

/* A fault that is set for a number of logins wears off. */
static int take_fault(struct sandbox *s)
{
    struct sandbox_settings *settings = &s->settings;
    int fault = settings->login_fault_count == 0 ? 0 : settings->login_fault;

    if (settings->login_fault_count > 0)
        settings->login_fault_count--;
    if (settings->login_fault_count == 0)
        settings->login_fault = 0;
    if (fault != 0)
        s->counters.login_failures++;
    return fault;
}

static void grant(struct request *r, struct sandbox *s)
{
    const struct token *token = s->settings.same_token ? token_newest(&s->tokens) : NULL;

    if (!token && token_issue(&s->tokens, s->settings.token_lifetime, &token) < 0)
        return;
    s->counters.logins++;
    sandbox_times_add(&s->counters.login_times, clock_wall());
    answer_json(r, 200, catalog_access(s, token, true));
}

static void decide(struct request *r, struct sandbox *s)
{
    json_auto_t *document = request_json(r);
    enum login_verdict verdict = check_login(s, document);

    if (verdict == LOGIN_GRANTED) {
        grant(r, s);
        return;
    }
    s->counters.login_failures++;
    if (verdict == LOGIN_MALFORMED)
        answer_bad_request(r, "Invalid json request body");
    else
        answer_fault(r, 401, "unauthorized",
                     "Unable to authenticate user with credentials provided.");
}

static bool take_place(struct request *r)
{
    _cleanup_(sandbox_unlockp) struct sandbox *s = sandbox_lock(r->sandbox);

    if (s->settings.login_places > 0 && s->login_places_in_use >= s->settings.login_places)
        return false;
    s->login_places_in_use++;
    return true;
}

/* What the work on it takes: a service with so many places does no more at a time. */
static void work(struct request *r, double delay)
{
    struct sandbox *s;

    while (!take_place(r))
        if (!request_wait(r, 0.001))
            return;
    if (delay > 0)
        (void)request_wait(r, delay);
    s = sandbox_lock(r->sandbox);
    s->login_places_in_use--;
    sandbox_unlock(s);
}

static void serve_login(struct request *r)
{
    struct sandbox_settings settings;
    int fault;

    {
        _cleanup_(sandbox_unlockp) struct sandbox *s = sandbox_lock(r->sandbox);

        settings = s->settings;
        fault = take_fault(s);
    }
    work(r, settings.login_delay);
    if (fault != 0) {
        fault_answer(r, fault, &settings);
        return;
    }
    {
        _cleanup_(sandbox_unlockp) struct sandbox *s = sandbox_lock(r->sandbox);

        decide(r, s);
    }
}

static void count_active(struct request *r, int change)
{
    _cleanup_(sandbox_unlockp) struct sandbox *s = sandbox_lock(r->sandbox);

    s->active_logins += change;
    if ((uint64_t)s->active_logins > s->counters.logins_at_once)
        s->counters.logins_at_once = (uint64_t)s->active_logins;
}

void identity_serve_login(struct request *r)
{
    count_active(r, 1);
    serve_login(r);
    count_active(r, -1);
}

void identity_serve_validate(struct request *r)
{
    _cleanup_(sandbox_unlockp) struct sandbox *s = sandbox_lock(r->sandbox);
    const struct token *token;

    if (token_look_up(&s->tokens, r->match.captures[0], &token) == TOKEN_LIVE)
        answer_json(r, 200, catalog_access(s, token, false));
    else
        answer_not_found(r);
}

static void revoke_now(struct request *r, const char *id)
{
    _cleanup_(sandbox_unlockp) struct sandbox *s = sandbox_lock(r->sandbox);

    if (token_look_up(&s->tokens, id, NULL) != TOKEN_LIVE) {
        answer_not_found(r);
        return;
    }
    token_revoke(&s->tokens, id);
    s->counters.revocations++;
    answer_empty(r, 204);
}

static void revoke_token(struct request *r, const char *id)
{
    double delay;

    {
        _cleanup_(sandbox_unlockp) struct sandbox *s = sandbox_lock(r->sandbox);

        delay = s->settings.revocation_delay;
    }
    if (delay > 0)
        (void)request_wait(r, delay);
    revoke_now(r, id);
}

void identity_serve_revoke_own(struct request *r)
{
    revoke_token(r, request_header(r, "X-Auth-Token"));
}

void identity_serve_revoke(struct request *r)
{
    revoke_token(r, r->match.captures[0]);
}
