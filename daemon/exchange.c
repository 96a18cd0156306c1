/* SPDX-License-Identifier: MIT */
#include "exchange.h"

#include "render.h"
#include "secret.h"

#include <errno.h>
#include <string.h>

#define PROBLEM_TYPE "application/problem+json"

/* ---- quotas */

struct problem *exchange_too_many(const struct exchange *x, enum quota_kind kind)
{
    const struct peer *peer = x->request->peer;
    struct problem *p = problem_new(
        PROBLEM_TOO_MANY,
        "You are uid %u, which may have %u %s at a time: end some and try again, or have %s raised "
        "in [latchkeyd] of the configuration.",
        peer->uid, quota_limit(x->host->quota, kind), quota_noun(kind), quota_key(kind));

    audit_refusal(x->host->audit, peer, NULL, x->cloud ? x->cloud->config.name : NULL,
                  PROBLEM_TOO_MANY);
    if (p)
        p->retry_after = 1;
    return problem_or_no_memory(p);
}

struct problem *exchange_take(struct exchange *x, enum quota_kind kind)
{
    int r = x->taken[kind] ? 0 : quota_take(x->host->quota, kind, x->request->peer->uid);

    if (r == QUOTA_OVER)
        return exchange_too_many(x, kind);
    if (r < 0)
        return problem_or_no_memory(NULL);
    x->taken[kind] = true;
    return NULL;
}

static void give_back(struct exchange *x)
{
    for (enum quota_kind kind = 0; kind < QUOTA_LIMITS; kind++)
        if (x->taken[kind])
            quota_give_back(x->host->quota, kind, x->request->peer->uid);
}

/* ---- waiting */

static void on_wake(struct cloud_waiter *w)
{
    struct exchange *x = (struct exchange *)((char *)w - offsetof(struct exchange, waiter));

    request_wake(x->request);
}

static int on_deadline(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata)
{
    struct exchange *x = userdata;

    x->late = true;
    request_wake(x->request);
    return 0;
}

bool exchange_cut_off(struct exchange *x)
{
    if (x->host->cut_off)
        exchange_problem(x,
                         problem_new(PROBLEM_STOPPING,
                                     "The daemon is stopping and could not wait for the answer any "
                                     "longer; whether the request took effect is not known."));
    return x->host->cut_off;
}

void exchange_wait(struct exchange *x, usec_t timeout)
{
    if (exchange_cut_off(x))
        return;
    if (x->cloud->removed) {
        exchange_problem(x,
                         problem_new(PROBLEM_UNKNOWN_CLOUD, "Cloud %s is not configured any more.",
                                     x->cloud->config.name));
        return;
    }
    x->waiter.wake = on_wake;
    cloud_wait(x->cloud, &x->waiter);
    if (!x->deadline && sd_event_add_time_relative(x->host->event, &x->deadline, CLOCK_BOOTTIME,
                                                   timeout, USEC_PER_MSEC, on_deadline, x) < 0)
        exchange_problem(x, NULL); /* nobody may wait without an end */
}

void exchange_stop_waiting(struct exchange *x)
{
    cloud_waiter_cancel(&x->waiter);
    x->deadline = sd_event_source_disable_unref(x->deadline);
    x->late = false;
}

void exchange_wait_for_token(struct exchange *x)
{
    if (cloud_is_logging_in(x->cloud) && !x->late)
        exchange_wait(x, x->cloud->config.login_timeout);
    else
        exchange_unavailable(x, cloud_explain(x->cloud));
}

int exchange_choose(const struct exchange *x, const struct session *session, const char *service,
                    const char *region, const char *interface, struct endpoint_choice *ret_choice,
                    struct problem **ret_problem)
{
    const struct endpoint_query query = {
        .service = service,
        .region = region,
        .interface = interface,
        .cloud_region = x->cloud->config.region,
        .user_region = session->default_region,
        .cloud_interface = x->cloud->config.interface,
    };

    return catalog_choose(session->catalog, &query, ret_choice, ret_problem);
}

/* ---- answers */

static void answer_document(struct exchange *x, unsigned status, const char *type, json_t *document)
{
    static const char out_of_memory[] =
        "{\"type\":\"urn:latchkey:problem:internal-error\",\"title\":\"The daemon failed\","
        "\"status\":500,\"detail\":\"The daemon is out of memory: try again in a moment.\","
        "\"code\":\"internal-error\"}\n";
    char *text = document ? json_dumps(document, JSON_COMPACT) : NULL;
    size_t length;

    json_decref(document);
    if (!text) {
        text = secret_strdup(out_of_memory);
        if (text)
            (void)request_answer(x->request, 500, PROBLEM_TYPE, text, strlen(text));
        return;
    }
    length = strlen(text);
    (void)request_answer(x->request, status, type, text, length);
}

void exchange_answer(struct exchange *x, unsigned status, json_t *document)
{
    answer_document(x, status, "application/json", document);
}

void exchange_answer_prepared(struct exchange *x, unsigned status, struct answer *a)
{
    if (a)
        (void)request_answer_prepared(x->request, status, a);
    else
        exchange_problem(x, NULL);
}

void exchange_problem_document(struct exchange *x, unsigned status, json_t *document)
{
    answer_document(x, status, PROBLEM_TYPE, document);
}

void exchange_answer_text(struct exchange *x, unsigned status, const char *type, char *text,
                          size_t length)
{
    if (!text)
        exchange_problem(x, NULL);
    else
        (void)request_answer(x->request, status, type, text, length);
}

static void answer_problem(struct exchange *x, unsigned status, struct problem *problem)
{
    char retry_after[16];

    answer_document(x, status, PROBLEM_TYPE, problem ? render_problem(problem, status) : NULL);
    if (problem && problem->retry_after > 0) {
        snprintf(retry_after, sizeof(retry_after), "%u", problem->retry_after);
        (void)request_answer_header(x->request, "Retry-After", retry_after);
    }
    problem_free(problem);
}

void exchange_problem(struct exchange *x, struct problem *problem)
{
    answer_problem(x, problem ? problem_status(problem->code) : 500, problem);
}

void exchange_unavailable(struct exchange *x, struct problem *problem)
{
    int64_t again = cloud_refresh_in(x->cloud);

    if (problem && again >= 0)
        problem->retry_after = (unsigned)again + 1;
    answer_problem(x, 503, problem);
}

void exchange_free(struct exchange *x)
{
    if (!x)
        return;
    give_back(x);
    cloud_waiter_cancel(&x->waiter);
    sd_event_source_disable_unref(x->deadline);
    cloud_revocation_unref(x->revocation);
    cloud_unref(x->cloud);
    policy_unref(x->policy);
    secret_free(x->body);
    free(x);
}
