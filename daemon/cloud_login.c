/* SPDX-License-Identifier: MIT */
/*
 * The one login that may be under way, and the credential it is made with, from when it comes until
 * it is forgotten.
 */
#include "cloud_private.h"

#include "log.h"
#include "schedule.h"
#include "session_override.h"

#include <errno.h>
#include <string.h>

static void log_login(const struct cloud *c)
{
    struct log_fields fields = {.cloud = c->config.name};

    if (!c->session->token) {
        log_with(LOG_INFO, &fields, "cloud %s has no identity service, and is served as it is",
                 c->config.name);
        return;
    }
    audit_login(c->host->audit, c->config.name, c->session->user_name, c->session->generation,
                session_seconds_left(c->session, clock_boottime()));
}

static void warn_of_overrides(const struct cloud *c, const struct catalog *catalog)
{
    struct log_fields fields = {.cloud = c->config.name};

    for (size_t i = 0; i < catalog->n_services; i++)
        if (catalog->services[i].why_none)
            log_with(LOG_WARNING, &fields, "cloud %s: %s", c->config.name,
                     catalog->services[i].why_none);
}

/* ---- the outcome of a login */

static bool is_same_token(const struct session *a, const struct session *b)
{
    return a->token && b->token ? strcmp(a->token, b->token) == 0 : a->token == b->token;
}

/* A service that is asked early may hand the same token back: that is no new one, and its end stays
 * what it is. */
static void publish(struct cloud *c, struct session *session)
{
    bool same = c->session && is_same_token(c->session, session);

    if (!same) {
        if (c->generation_since > 0)
            c->counters.renewals++;
        c->generation++;
        c->generation_since = clock_boottime();
    }
    if (c->challenge.login_due) {
        c->challenge.brought = c->generation;
        c->challenge.accepted = 0;
    }
    session->generation = c->generation;
    session_unref(c->session);
    c->session = session;
    c->ran_out = false;
    cloud_page_update(c);
}

static void succeeded(struct cloud *c, struct session *session)
{
    usec_t now = clock_boottime();

    publish(c, session);
    c->failures = 0;
    c->counters.logins_succeeded++;
    c->next_attempt = schedule_renewal(now, session->deadline, cloud_dice());
    cloud_keep(c);
    c->challenge.login_due = false;
    cloud_fail(c, NULL);
    credential_free(TAKE_PTR(c->previous));
    log_login(c);
    warn_of_overrides(c, session->catalog);
}

/* Nobody locks out a cloud that works with a mistyped key: what was there before comes back. */
static bool restore_previous(struct cloud *c)
{
    const struct session *session = cloud_session(c);

    if (!c->previous)
        return false;
    credential_free(c->credential);
    c->credential = TAKE_PTR(c->previous);
    c->failures = 0;
    c->next_attempt = session ? schedule_renewal(clock_boottime(), session->deadline, cloud_dice())
                              : schedule_retry(clock_boottime(), 1, 0, cloud_dice());
    return true;
}

/* Whether a 401 began what has not brought a token yet. */
static bool is_challenged(const struct cloud *c)
{
    return c->challenge.login_due || c->challenge.last > c->generation_since;
}

/* What a 401 began keeps to a 401's pace until it has brought a token: an identity service that is gone is
 * why services refuse the one that there is. */
static usec_t next_try(const struct cloud *c, usec_t now, unsigned retry_after)
{
    usec_t next = schedule_retry(now, c->failures, retry_after, cloud_dice());

    if (is_challenged(c) && next < now + SCHEDULE_INTERVAL)
        return now + SCHEDULE_INTERVAL;
    return next;
}

static void failed(struct cloud *c, struct problem *problem)
{
    usec_t now = clock_boottime();

    c->counters.logins_failed[problem->code]++;
    c->failures++;
    c->challenge.login_due = false;
    audit_login_failed(c->host->audit, c->config.name, problem);

    if (problem->code != PROBLEM_CREDENTIALS_REJECTED)
        c->next_attempt = next_try(c, now, problem->retry_after);
    else if (!restore_previous(c))
        c->next_attempt = schedule_retry_rejected(now, c->failures, cloud_dice());
    cloud_fail(c, problem);
}

/* Without a session it failed, and a NULL problem is one that there was no memory for. */
static void finish(struct cloud *c, struct session *session, struct problem *problem)
{
    c->logins_finished = c->logins_started;
    c->last_login = clock_boottime();
    if (session && session_override(session, &c->config) < 0)
        session_unref(TAKE_PTR(session));
    if (session)
        succeeded(c, session);
    else
        failed(c, problem_or_no_memory(problem));
    cloud_update(c);
    cloud_wake(c);
}

static void on_login(struct session *session, struct problem *problem, void *userdata)
{
    struct cloud *c = userdata;

    identity_attempt_free(TAKE_PTR(c->login));
    finish(c, session, problem);
}

/* ---- a login's start */

uint64_t cloud_login(struct cloud *c)
{
    struct problem *problem = NULL;
    struct session *session = NULL;
    int r;

    if (!c->credential || !c->timer)
        return 0;
    if (c->login)
        return c->logins_started;
    c->logins_started++;
    if (is_challenged(c))
        c->challenge.last = clock_boottime();
    r = identity_login_at_once(&c->config, c->credential, &session);
    if (r <= 0)
        finish(c, session, NULL);
    else if (identity_attempt_start(c->host->upstream, &c->config, c->credential, &c->place,
                                    on_login, c, &c->login, &problem) == 0)
        cloud_update(c);
    else
        finish(c, NULL, problem);
    return c->logins_started;
}

uint64_t cloud_login_soon(struct cloud *c)
{
    usec_t now = clock_boottime(), earliest = c->last_login + SCHEDULE_INTERVAL;

    if (c->login || !c->credential || !c->timer)
        return cloud_login(c);
    if (cloud_backs_off(c, now))
        return c->logins_finished;
    if (c->last_login == 0 || now >= earliest)
        return cloud_login(c);
    cloud_plan_login(c, earliest);
    return c->logins_started + 1;
}

/* Whatever login is under way is of no use any more; who waits for it waits for the next one. */
static void cancel_login(struct cloud *c)
{
    identity_attempt_free(TAKE_PTR(c->login));
    c->challenge.login_due = false;
}

/* ---- credentials */

/* One that is known to be refused is no help: it would be tried again at once. */
static bool is_refused(const struct cloud *c)
{
    return c->failures > 0 && c->last_problem->code == PROBLEM_CREDENTIALS_REJECTED;
}

uint64_t cloud_set_credential(struct cloud *c, struct credential *credential)
{
    cancel_login(c);
    if (c->credential && !c->previous && !is_refused(c))
        c->previous = TAKE_PTR(c->credential);
    credential_free(c->credential);
    c->credential = credential;
    c->ran_out = false;
    c->failures = 0;
    if (!cloud_session(c))
        cloud_fail(c, NULL);
    return cloud_login(c);
}

/* Leaves nothing that could log in or serve; why says what keeps us from it, NULL: nothing. */
static void sign_out(struct cloud *c, struct problem *why)
{
    cancel_login(c);
    c->logins_finished = c->logins_started;
    credential_free(TAKE_PTR(c->credential));
    credential_free(TAKE_PTR(c->previous));
    c->ran_out = false;
    cloud_fail(c, why);
    c->failures = 0;
    c->next_attempt = USEC_INFINITY;
    cloud_retire_page(c);
    cloud_drop_session(c);
}

int cloud_configure(struct cloud *c, const struct cloud_config *config,
                    struct credential *credential, struct problem *unreadable)
{
    struct digest digest = credential_digest(credential, c->salt);
    bool is_new = !c->config.name, new_config, new_credential, resumed;
    struct cloud_config copy;
    int r;

    r = cloud_config_copy(config, &copy);
    if (r < 0) {
        credential_free(credential);
        problem_free(unreadable);
        return r;
    }
    cloud_config_forget_keys(&copy);
    new_config = is_new || !cloud_config_equal(&c->config, &copy);
    cloud_config_done(&c->config);
    c->config = copy;
    if (new_config)
        identity_place_done(&c->place);
    /* One that never ends would serve for ever beside logins that fail. */
    if (new_config && c->session && !session_ends(c->session))
        cloud_drop_session(c);

    /* A file that cannot be read at the moment is no reason to give up the key that was in it. */
    new_credential = !digest_equal(&digest, &c->configured) && !(unreadable && c->credential);
    if (new_credential) {
        c->configured = digest;
        credential_free(TAKE_PTR(c->previous));
        credential_free(c->credential);
        c->credential = credential;
    } else {
        credential_free(credential);
    }

    /* Also for who has nothing to log in with: it goes on counting. */
    resumed = is_new && cloud_resume(c);
    if (c->credential) {
        problem_free(unreadable);
        if (new_config || new_credential) {
            cancel_login(c);
            c->ran_out = false;
        }
        if (!resumed && (new_config || new_credential || !cloud_session(c))) {
            store_remove(c->host->store, c->config.name);
            c->failures = 0;
            (void)cloud_login(c);
        }
    } else {
        sign_out(c, unreadable);
    }
    cloud_update(c);
    cloud_wake(c);
    return 0;
}

int cloud_forget(struct cloud *c, struct cloud_revocation **ret)
{
    struct session *session = cloud_session(c);
    int r = 0;

    *ret = NULL;
    if (session)
        r = cloud_revoke(c, session->token, ret);
    sign_out(c, NULL);
    cloud_update(c);
    cloud_wake(c);
    return r;
}
