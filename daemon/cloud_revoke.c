/* SPDX-License-Identifier: MIT */
/*
 * The end of a token that is not wanted any more. Each has a revocation of its own: a cloud that is
 * signed out, in and out again may have several under way, and none of them is forgotten.
 */
#include "cloud_private.h"

#include "log.h"

struct cloud_revocation {
    struct cloud_revocation *next;
    struct cloud *cloud;
    struct identity_call *call;
    uint64_t number;
};

static void revocation_free(struct cloud_revocation *r)
{
    identity_call_free(r->call);
    free(r);
}

static void ended(struct cloud *c, uint64_t number, struct problem *problem)
{
    struct log_fields fields = {.cloud = c->config.name,
                                .code = problem ? problem_word(problem->code) : NULL};

    log_with(problem ? LOG_WARNING : LOG_INFO, &fields, "cloud %s: the token was %s%s",
             c->config.name, problem ? "not revoked: " : "revoked", problem ? problem->detail : "");
    if (problem && number > c->revocation_failed) {
        problem_free(c->revocation_problem);
        c->revocation_problem = problem;
        c->revocation_failed = number;
    } else {
        problem_free(problem);
    }
    cloud_wake(c);
}

static void on_revocation(const struct identity_answer *answer, const struct problem *failure,
                          void *userdata)
{
    struct cloud_revocation *r = userdata, **link = &r->cloud->revocations;
    struct problem *problem = NULL;
    struct cloud *c = r->cloud;
    uint64_t number = r->number;
    bool gone = false;

    if (!answer)
        problem = problem_copy(failure);
    else if (answer->status < 300 || answer->status == 404 || answer->status == 401)
        gone = true;
    else
        problem = problem_new(PROBLEM_BAD_ANSWER,
                              "The identity service answered %u to the revocation: the token lives "
                              "on until it expires.",
                              answer->status);
    while (*link != r)
        link = &(*link)->next;
    *link = r->next;
    revocation_free(r);
    ended(c, number, gone || problem ? problem : problem_no_memory());
}

uint64_t cloud_revoke(struct cloud *c, const char *token)
{
    struct cloud_revocation *r = calloc(1, sizeof(*r));
    struct identity_request *request;
    uint64_t number = ++c->revocations_started;

    if (r && c->provider->encode_revoke(&c->config, token, &request) >= 0 &&
        identity_call_start(c->host->upstream, request, &c->config, &c->host->limits, on_revocation,
                            r, &r->call) >= 0) {
        r->cloud = c;
        r->number = number;
        r->next = c->revocations;
        c->revocations = r;
    } else {
        free(r);
        ended(c, number, problem_no_memory());
    }
    return number;
}

bool cloud_revokes(const struct cloud *c, uint64_t number)
{
    const struct cloud_revocation *r = c->revocations;

    while (r && r->number != number)
        r = r->next;
    return r != NULL;
}

const struct problem *cloud_revocation_problem(const struct cloud *c, uint64_t number)
{
    return number <= c->revocation_failed ? c->revocation_problem : NULL;
}

void cloud_break_off_revocations(struct cloud *c)
{
    while (c->revocations) {
        struct cloud_revocation *r = c->revocations;
        uint64_t number = r->number;

        c->revocations = r->next;
        revocation_free(r);
        ended(c, number,
              problem_new(PROBLEM_STOPPING,
                          "The revocation was broken off: the token lives on until it expires."));
    }
}
