/* SPDX-License-Identifier: MIT */
#include "api.h"

#include "accept.h"
#include "prepared.h"
#include "render.h"
#include "schedule.h"
#include "secret.h"

#include <errno.h>
#include <string.h>

#define LONG_POLL_DEFAULT 60     /* s */
#define LONG_POLL_MOST (60 * 60) /* s */

/* ---- the body, for those who take one */

static size_t api_body(struct request *r, const char *data, size_t length)
{
    struct exchange *x = r->context;
    char *grown;

    if (x->length + length > EXCHANGE_BODY_MOST) {
        x->length = EXCHANGE_BODY_MOST + 1; /* nothing more is kept */
        return length;
    }
    grown = secret_realloc(x->body, x->length + length + 1);
    if (!grown)
        return length;
    x->body = grown;
    memcpy(x->body + x->length, data, length);
    x->length += length;
    x->body[x->length] = '\0';
    return length;
}

static void api_ready(struct request *r)
{
    struct exchange *x = r->context;

    if (exchange_may_still(x))
        x->run(x);
}

static void api_end(struct request *r)
{
    exchange_free(r->context);
}

const struct request_ops api_ops = {
    .body = api_body,
    .secret_body = true,
    .ready = api_ready,
    .end = api_end,
};

/* ---- parameters */

/* False when it has answered already. */
static bool number(struct exchange *x, const char *key, uint64_t most, uint64_t *value, bool *given)
{
    int r = query_get_number(x->target.query, key, value);

    if (r == -ENOMEM) {
        exchange_problem(x, NULL);
        return false;
    }
    if (r < 0) {
        exchange_problem(x, problem_new(PROBLEM_BAD_REQUEST,
                                        "The parameter %s has to be given once, as a whole number.",
                                        key));
        return false;
    }
    *given = r > 0;
    if (*value > most)
        *value = most;
    return true;
}

static bool text(struct exchange *x, const char *key, char **value)
{
    int r = query_get(x->target.query, key, value);

    if (r >= 0)
        return true;
    exchange_problem(x, r == -ENOMEM ? NULL
                                     : problem_new(PROBLEM_BAD_REQUEST,
                                                   "The parameter %s has to be given once, with "
                                                   "every %% followed by two hexadecimal digits.",
                                                   key));
    return false;
}

/* ---- what there is */

void api_clouds(struct exchange *x)
{
    struct clouds seen;

    if (exchange_clouds(x, _OPERATION_MAX, &seen) < 0) {
        exchange_problem(x, NULL);
        return;
    }
    exchange_answer(x, 200, render_clouds(&seen));
    free(seen.all);
}

void api_identity(struct exchange *x)
{
    exchange_answer(x, 200, render_identity(x->cloud));
}

/* What the token is wanted as. */
struct form {
    struct accept accept;
    bool page;
};

static int read_form(const char *name, const char *value, void *userdata)
{
    struct form *f = userdata;

    if (header_is(name, "Accept"))
        accept_add(&f->accept, value);
    else if (header_is(name, "Upgrade"))
        f->page |= api_names_page(value);
    return 0;
}

/* Whether the cloud has nobody to log in to, which has been answered then. */
static bool answered_no_identity(struct exchange *x, const struct session *s,
                                 enum problem_code code, const char *what)
{
    if (!s || s->token)
        return false;
    exchange_problem(x, problem_new(code, "Cloud %s has no identity service and so no %s",
                                    x->cloud->config.name, what));
    return true;
}

static void answer_token(struct exchange *x, struct session *s, usec_t now)
{
    struct form form = {0};
    size_t length;
    char *line;

    (void)request_each_header(x->request, read_form, &form);
    if (form.page && api_answer_page(x))
        return;
    if (strcmp(x->request->method, "HEAD") != 0)
        audit_token(x->host->audit, x->request->peer, x->cloud->config.name, x->rule);
    if (!accept_prefers_text(&form.accept)) {
        exchange_answer_prepared(x, 200, prepared_token(s, now));
        return;
    }
    length = strlen(s->token);
    line = secret_malloc_locked(length + 2);
    if (line)
        stpcpy(stpcpy(line, s->token), "\n");
    exchange_answer_text(x, 200, "text/plain; charset=utf-8", line, length + 1);
    (void)request_answer_header(x->request, "Cache-Control", "no-store");
}

/* Which token is wanted, and for how long it may be waited for. */
struct wish {
    uint64_t min_ttl, after, timeout;
    bool has_min_ttl, has_after, has_timeout;
};

/* False when it has answered already. */
static bool read_wish(struct exchange *x, struct wish *w)
{
    return number(x, "min_ttl", UINT32_MAX, &w->min_ttl, &w->has_min_ttl) &&
           number(x, "after", UINT64_MAX, &w->after, &w->has_after) &&
           number(x, "timeout", LONG_POLL_MOST, &w->timeout, &w->has_timeout);
}

/* The long poll: until there is a token newer than the one that the caller knows. */
static void token_after(struct exchange *x, struct session *s, const struct wish *w, usec_t now)
{
    struct problem *problem;

    if (s && s->generation > w->after)
        answer_token(x, s, now);
    else if (x->late || x->host->stopping || w->timeout == 0)
        exchange_answer_text(x, 204, NULL, secret_strdup(""), 0);
    else if ((problem = exchange_take(x, QUOTA_WAITING)))
        exchange_problem(x, problem);
    else
        exchange_wait(x, w->timeout * USEC_PER_SEC);
}

void api_token(struct exchange *x)
{
    struct wish w = {.timeout = LONG_POLL_DEFAULT};
    usec_t now = clock_of_loop(x->host->event);
    struct session *s = cloud_session_at(x->cloud, now);

    if (x->target.query && !read_wish(x, &w))
        return;

    if (answered_no_identity(x, s, PROBLEM_NO_TOKEN, "token: use signed requests."))
        return;
    if (w.has_after) {
        token_after(x, s, &w, now);
        return;
    }
    if (s && w.has_min_ttl && session_seconds_left(s, now) < w.min_ttl && !x->late) {
        if (!x->ticket)
            x->ticket = cloud_login_soon(x->cloud);
        if (x->ticket > x->cloud->logins_finished) {
            exchange_wait(x, w.has_timeout ? w.timeout * USEC_PER_SEC
                                           : SCHEDULE_INTERVAL + x->cloud->config.login_timeout);
            return;
        }
        s = cloud_session_at(x->cloud, now);
    }
    if (s)
        answer_token(x, s, now);
    else
        exchange_wait_for_token(x);
}

void api_catalog(struct exchange *x)
{
    _cleanup_(freep) char *service = NULL, *region = NULL, *interface = NULL;
    struct session *s = cloud_session(x->cloud);
    uint64_t raw = 0;
    bool given;

    if (!text(x, "service", &service) || !text(x, "region", &region) ||
        !text(x, "interface", &interface) || !number(x, "raw", 1, &raw, &given))
        return;
    if (!s)
        exchange_wait_for_token(x);
    else if (raw && answered_no_identity(x, s, PROBLEM_NOT_FOUND, "document: leave `raw` out."))
        return;
    else if (raw)
        exchange_answer_prepared(x, 200, prepared_document(s));
    else if (!service && !region && !interface)
        exchange_answer_prepared(x, 200, prepared_catalog(s));
    else
        exchange_answer(x, 200, render_catalog(s->catalog, service, region, interface));
}

void api_endpoint(struct exchange *x)
{
    _cleanup_(freep) char *service = NULL, *region = NULL, *interface = NULL;
    const struct session *s = cloud_session(x->cloud);
    struct endpoint_choice choice;
    struct problem *problem = NULL;
    int r;

    if (!text(x, "service", &service) || !text(x, "region", &region) ||
        !text(x, "interface", &interface))
        return;
    if (!service) {
        exchange_problem(x, problem_new(PROBLEM_BAD_REQUEST,
                                        "The parameter service is missing: name a service, for "
                                        "example ?service=object-store."));
        return;
    }
    if (!s) {
        exchange_wait_for_token(x);
        return;
    }
    r = exchange_choose(x, s, service, region, interface, &choice, &problem);
    if (r == 0)
        exchange_answer(x, 200, render_endpoint(&choice));
    else
        exchange_problem(x, problem);
}

/* ---- what can be done */

/* Once the login has ended: the Identity object, or why it failed. */
static void answer_login(struct exchange *x)
{
    if (x->ticket == 0)
        exchange_unavailable(x, cloud_explain(x->cloud));
    else if (x->ticket > x->cloud->logins_finished && !x->late)
        exchange_wait(x, x->cloud->config.login_timeout + USEC_PER_SEC);
    else if (x->ticket > x->cloud->logins_finished)
        exchange_unavailable(x, problem_new(PROBLEM_NOT_READY,
                                            "The login is still under way: ask for the identity "
                                            "later."));
    else if (x->cloud->last_problem)
        exchange_problem(x, problem_copy(x->cloud->last_problem));
    else if (!x->cloud->credential)
        exchange_unavailable(x, cloud_explain(x->cloud));
    else
        exchange_answer(x, 200, render_identity(x->cloud));
}

void api_refresh(struct exchange *x)
{
    if (!x->ticket)
        x->ticket = cloud_login(x->cloud);
    answer_login(x);
}

/* One member of the document: a field of a credential, given once, as a text that is not empty. */
static int take_member(struct credential *c, const char *name, const json_t *value)
{
    enum credential_field field = credential_field_find(name);
    const char *text = json_string_value(value);

    if (field == _CREDENTIAL_FIELD_MAX || !text || !*text || c->fields[field])
        return 1;
    return credential_set(c, field, text);
}

/* 0, 1 for a body that is none, or -ENOMEM. */
static int parse_credential(const char *body, size_t length, struct credential **ret)
{
    _cleanup_(credential_freep) struct credential *c = credential_new();
    json_t *document = json_loadb(body, length, JSON_REJECT_DUPLICATES, NULL), *value;
    enum credential_field field, key;
    const char *name;
    int r = !c ? -ENOMEM : json_is_object(document) ? 0 : 1;

    json_object_foreach (document, name, value)
        if (r == 0)
            r = take_member(c, name, value);
    if (r == 0 && credential_check(c, &field, &key) != CREDENTIAL_WHOLE)
        r = 1;
    json_decref(document);
    if (r == 0)
        *ret = TAKE_PTR(c);
    return r;
}

void api_put_credential(struct exchange *x)
{
    struct credential *credential;
    int r;

    if (answered_no_identity(x, cloud_session(x->cloud), PROBLEM_BAD_REQUEST,
                             "login: there is no credential to give."))
        return;
    if (!x->ticket) {
        if (x->length > EXCHANGE_BODY_MOST) {
            exchange_problem(x, problem_new(PROBLEM_BODY_TOO_LARGE,
                                            "A credential has at most %zu bytes.",
                                            EXCHANGE_BODY_MOST));
            return;
        }
        r = parse_credential(x->body ? x->body : "", x->length, &credential);
        if (r != 0) {
            exchange_problem(
                x, r < 0 ? NULL
                         : problem_new(PROBLEM_BAD_REQUEST,
                                       "The body has to be a JSON object with username and either "
                                       "api_key or password, none of them empty; tenant_id, "
                                       "tenant_name and what else latchkeyd.conf(5) lists of a "
                                       "login may be added."));
            return;
        }
        secret_free(TAKE_PTR(x->body));
        audit_credential(x->host->audit, x->request->peer, x->cloud->config.name, x->rule);
        x->ticket = cloud_set_credential(x->cloud, credential);
    }
    answer_login(x);
}

void api_delete_credential(struct exchange *x)
{
    const struct problem *problem = NULL;

    if (answered_no_identity(x, cloud_session(x->cloud), PROBLEM_BAD_REQUEST,
                             "login: there is nothing to forget."))
        return;
    if (!x->revocation) {
        audit_forget(x->host->audit, x->request->peer, x->cloud->config.name, x->rule);
        if (cloud_forget(x->cloud, &x->revocation) < 0)
            problem = problem_or_no_memory(NULL);
    }
    if (x->revocation && !cloud_revocation_has_ended(x->revocation)) {
        if (!x->late)
            exchange_wait(x, x->cloud->config.login_timeout + USEC_PER_SEC);
        else
            exchange_problem(x, problem_new(PROBLEM_UPSTREAM_TIMEOUT,
                                            "Key and token are forgotten here; the token's "
                                            "revocation is still under way."));
        return;
    }
    if (x->revocation)
        problem = cloud_revocation_problem(x->revocation);
    if (problem)
        exchange_problem(x, problem_new(problem->code,
                                        "Key and token are forgotten here, but the token was not "
                                        "revoked: %s",
                                        problem->detail));
    else
        exchange_answer_text(x, 204, NULL, secret_strdup(""), 0);
}

/* ---- the daemon itself */

static void answer_health(struct exchange *x, const struct clouds *seen)
{
    struct problem *problem;
    json_t *document;

    if (clouds_ready(seen)) {
        exchange_answer(x, 200, json_pack("{s:s}", "status", "ready"));
        return;
    }
    problem = problem_new(PROBLEM_NOT_READY, "Not every cloud holds a usable token: see its "
                                             "identity document for the last error.");
    document = problem ? render_problem(problem, 503) : NULL;
    if (document)
        json_object_set_new(document, "clouds", render_states(seen));
    problem_free(problem);
    exchange_problem_document(x, 503, document);
}

void api_health(struct exchange *x)
{
    struct clouds seen;

    if (exchange_clouds(x, _OPERATION_MAX, &seen) < 0) {
        exchange_problem(x, NULL);
        return;
    }
    answer_health(x, &seen);
    free(seen.all);
}

void api_metrics(struct exchange *x)
{
    const struct metrics_gauges gauges = {
        .connections = server_connections(x->host->server),
        .requests = server_requests(x->host->server),
        .transfers = upstream_active(x->host->upstream),
        .quota = x->host->quota,
    };
    struct clouds measured;
    char *answer = NULL;
    size_t length = 0;

    if (exchange_clouds(x, OPERATION_METRICS, &measured) >= 0) {
        (void)metrics_write(x->host->metrics, &measured, &gauges, &answer, &length);
        free(measured.all);
    }
    exchange_answer_text(x, 200, METRICS_CONTENT_TYPE, answer, length);
}
