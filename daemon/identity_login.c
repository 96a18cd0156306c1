/* SPDX-License-Identifier: MIT */
#include "identity_login.h"

#include "identity_call.h"

#include <errno.h>
#include <stddef.h>
#include <strings.h>

struct identity_attempt {
    struct upstream *upstream;
    struct identity_login login;
    struct identity_place *place;
    struct login_pass pass; /* of the gate that it begins behind */
    struct identity_call *call;
    usec_t until;            /* CLOCK_BOOTTIME, once it has begun */
    struct problem *problem; /* why there was no login, while we look what there is instead */
    identity_attempt_done done;
    void *userdata;
};

static void end(struct identity_attempt *a, struct session *session, struct problem *problem)
{
    identity_call_free(TAKE_PTR(a->call));
    a->done(session, problem, a->userdata);
}

/* ---- what there is instead */

static void on_explored(const struct identity_answer *answer,
                        const struct problem *failure _unused_, void *userdata)
{
    struct identity_attempt *a = userdata;
    struct problem *problem = NULL;

    if (answer)
        problem = identity_explain_discovery(a->place->endpoint, answer);
    if (!problem)
        problem = TAKE_PTR(a->problem);
    /* What was found another time is not there any more, and is to be looked for anew. */
    identity_place_done(a->place);
    end(a, NULL, problem);
}

/* ---- the login */

static bool was_nothing_there(const struct identity_attempt *a,
                              const struct identity_answer *answer, const struct problem *problem)
{
    return problem && problem->code == PROBLEM_BAD_ANSWER && answer->status >= 300 &&
           answer->status < 500 && a->place->provider->version;
}

static void explore(struct identity_attempt *a, struct problem *problem)
{
    struct identity_request *request;

    identity_call_free(TAKE_PTR(a->call));
    a->problem = problem;
    if (identity_encode_discovery(a->place->endpoint, &request) < 0 ||
        identity_call_start(a->upstream, request, a->login.cloud, a->until, on_explored, a,
                            &a->call) < 0)
        end(a, NULL, TAKE_PTR(a->problem));
}

static void on_login(const struct identity_answer *answer, const struct problem *failure,
                     void *userdata)
{
    struct identity_attempt *a = userdata;
    struct problem *problem = NULL;
    struct session *session = NULL;

    if (!answer)
        problem = problem_copy(failure);
    else
        (void)a->place->provider->decode_login(&a->login, answer, &session, &problem);
    if (answer && was_nothing_there(a, answer, problem))
        explore(a, problem);
    else
        end(a, session, problem);
}

static int start_login(struct identity_attempt *a, struct problem **ret_problem)
{
    struct identity_request *request = NULL;
    int r;

    a->login.endpoint = a->place->endpoint;
    r = a->place->provider->encode_login(&a->login, &request, ret_problem);
    if (r != 0)
        return r;
    return identity_call_start(a->upstream, request, a->login.cloud, a->until, on_login, a,
                               &a->call);
}

/* ---- the versions */

static void on_versions(const struct identity_answer *answer, const struct problem *failure,
                        void *userdata)
{
    struct identity_attempt *a = userdata;
    struct identity_place found = {0};
    struct problem *problem = NULL;
    int r;

    if (!answer) {
        end(a, NULL, problem_copy(failure));
        return;
    }
    r = identity_decode_discovery(a->login.cloud, a->place->endpoint, answer, &found, &problem);
    identity_call_free(TAKE_PTR(a->call));
    if (r == 0) {
        identity_place_done(a->place);
        *a->place = found;
        r = start_login(a, &problem);
    }
    if (r != 0)
        end(a, NULL, problem);
}

static int start_discovery(struct identity_attempt *a)
{
    struct identity_request *request;
    int r = identity_encode_discovery(a->place->endpoint, &request);

    if (r < 0)
        return r;
    return identity_call_start(a->upstream, request, a->login.cloud, a->until, on_versions, a,
                               &a->call);
}

/* ---- life */

static int begin(struct identity_attempt *a, struct problem **ret_problem)
{
    a->until = clock_boottime() + a->login.cloud->login_timeout;
    return a->place->provider ? start_login(a, ret_problem) : start_discovery(a);
}

static void on_admitted(struct login_pass *pass)
{
    struct identity_attempt *a =
        (struct identity_attempt *)((char *)pass - offsetof(struct identity_attempt, pass));
    struct problem *problem = NULL;

    if (begin(a, &problem) != 0)
        end(a, NULL, problem);
}

int identity_attempt_start(struct upstream *u, struct login_gate *gate,
                           const struct cloud_config *cloud, const struct credential *credential,
                           struct identity_place *place, identity_attempt_done done, void *userdata,
                           struct identity_attempt **ret, struct problem **ret_problem)
{
    _cleanup_(identity_attempt_freep) struct identity_attempt *a = calloc(1, sizeof(*a));
    int r;

    if (!a)
        return -ENOMEM;
    *a = (struct identity_attempt){
        .upstream = u,
        .login = {.cloud = cloud, .credential = credential},
        .place = place,
        .pass.admit = on_admitted,
        .done = done,
        .userdata = userdata,
    };
    if (!place->provider) {
        identity_place_done(place);
        r = identity_place_of(cloud, place);
        if (r < 0)
            return r;
    }
    r = gate ? login_gate_enter(gate, place->endpoint, &a->pass) : 1;
    if (r == 1)
        r = begin(a, ret_problem);
    if (r == 0)
        *ret = TAKE_PTR(a);
    return r;
}

void identity_attempt_hurry(struct identity_attempt *a)
{
    login_gate_hurry(&a->pass);
}

int identity_login_at_once(const struct cloud_config *cloud, const struct credential *credential,
                           struct session **ret)
{
    const struct identity_login login = {.cloud = cloud, .credential = credential};

    for (const struct identity_row *row = identity_table; row->type; row++)
        if (row->provider->make_session && strcasecmp(row->type, cloud->identity_type) == 0)
            return row->provider->make_session(&login, clock_boottime(), ret);
    return 1;
}

void identity_attempt_free(struct identity_attempt *a)
{
    if (!a)
        return;
    login_gate_leave(&a->pass);
    identity_call_free(a->call);
    problem_free(a->problem);
    free(a);
}
