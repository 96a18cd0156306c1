/* SPDX-License-Identifier: MIT */
/*
 * The end of a token that is not wanted any more. Each has a revocation of its own, with an outcome of
 * its own: a cloud that is signed out, in and out again may have several under way.
 */
#include "cloud_private.h"

#include "identity_call.h"
#include "log.h"

#include <errno.h>

struct cloud_revocation {
    unsigned
        refs; /* the cloud's, while it is under way, and those of who wants to know the outcome */
    struct cloud_revocation *next;
    struct cloud *cloud;        /* NULL: it has ended */
    struct identity_call *call; /* NULL with it */
    struct problem *problem;    /* NULL: it went well */
};

void cloud_revocation_unref(struct cloud_revocation *r)
{
    if (!r || --r->refs > 0)
        return;
    identity_call_free(r->call);
    problem_free(r->problem);
    free(r);
}

bool cloud_revocation_has_ended(const struct cloud_revocation *r)
{
    return !r->cloud;
}

const struct problem *cloud_revocation_problem(const struct cloud_revocation *r)
{
    return r->problem;
}

static void log_outcome(const struct cloud *c, const struct problem *problem)
{
    struct log_fields fields = {.cloud = c->config.name,
                                .code = problem ? problem_word(problem->code) : NULL};

    log_with(problem ? LOG_WARNING : LOG_INFO, &fields, "cloud %s: the token was %s%s",
             c->config.name, problem ? "not revoked: " : "revoked", problem ? problem->detail : "");
}

static void end(struct cloud_revocation *r, struct problem *problem)
{
    struct cloud *c = TAKE_PTR(r->cloud);
    struct cloud_revocation **link = &c->revocations;

    while (*link != r)
        link = &(*link)->next;
    *link = r->next;
    identity_call_free(TAKE_PTR(r->call));
    r->problem = problem;
    log_outcome(c, problem);
    cloud_revocation_unref(r);
    cloud_wake(c);
}

static void on_answer(const struct identity_answer *answer, const struct problem *failure,
                      void *userdata)
{
    struct cloud_revocation *r = userdata;

    if (!answer)
        end(r, problem_or_no_memory(problem_copy(failure)));
    else if (answer->status < 300 || answer->status == 404 || answer->status == 401)
        end(r, NULL);
    else
        end(r,
            problem_or_no_memory(problem_new(
                PROBLEM_BAD_ANSWER,
                "The identity service answered %u to the revocation: the token lives on until it "
                "expires.",
                answer->status)));
}

static int start(struct cloud_revocation *r, struct cloud *c, const char *token)
{
    const struct identity_login login = {.cloud = &c->config, .endpoint = c->place.endpoint};
    struct identity_request *request;
    int result = c->place.provider->encode_revoke(&login, token, &request);

    if (result < 0)
        return result;
    return identity_call_start(c->host->upstream, request, &c->config,
                               clock_boottime() + c->config.login_timeout, on_answer, r, &r->call);
}

int cloud_revoke(struct cloud *c, const char *token, struct cloud_revocation **ret)
{
    _cleanup_(cloud_revocation_unrefp) struct cloud_revocation *r = NULL;

    *ret = NULL;
    if (!token || !c->place.provider || !c->place.provider->encode_revoke)
        return 0; /* there is none, the protocol has none, or where it was spoken is not known any more */
    r = calloc(1, sizeof(*r));
    if (r)
        r->refs = 1;
    if (!r || start(r, c, token) < 0) {
        log_outcome(c, problem_or_no_memory(NULL));
        return -ENOMEM;
    }
    r->refs++;
    r->cloud = c;
    r->next = c->revocations;
    c->revocations = r;
    *ret = TAKE_PTR(r);
    return 0;
}

void cloud_revoke_and_drop(struct cloud *c)
{
    _cleanup_(cloud_revocation_unrefp) struct cloud_revocation *r = NULL;
    struct log_fields fields = {.cloud = c->config.name};

    if (cloud_revoke(c, c->session->token, &r) == 0 && !r)
        log_with(LOG_WARNING, &fields,
                 "cloud %s: the token was not revoked, for its identity service has no way to do "
                 "that: it lives on until it expires",
                 c->config.name);
    cloud_drop_session(c);
}

bool cloud_will_revoke(const struct cloud *c)
{
    const struct session *s = cloud_session(c);

    return c->config.revoke_on_exit && s && s->token;
}

bool cloud_is_revoking(const struct cloud *c)
{
    return c->revocations;
}

void cloud_break_off_revocations(struct cloud *c)
{
    while (c->revocations)
        end(c->revocations,
            problem_or_no_memory(problem_new(PROBLEM_STOPPING,
                                             "The revocation was broken off: the token lives on "
                                             "until it expires.")));
}
