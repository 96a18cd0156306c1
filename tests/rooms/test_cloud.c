/* SPDX-License-Identifier: MIT */
/* The suite of the cloud's state machine, with a provider that never gets as far as the wire: what a
 * live test would have to run out of memory or of patience for. */
#include "cloud.h"
#include "schedule.h"
#include "suite.h"

#include "secret.h"

#include <errno.h>
#include <string.h>

static const struct problem *refusal; /* how every login fails */

static int refuse(const struct identity_login *login _unused_,
                  struct identity_request **ret _unused_, struct problem **ret_problem)
{
    *ret_problem = problem_copy(refusal);
    return 1;
}

static const struct identity_provider refusing = {
    .encode_login = refuse,
};

static int encode_nothing(const struct identity_login *login _unused_,
                          struct identity_request **ret _unused_,
                          struct problem **ret_problem _unused_)
{
    return -ENOMEM;
}

static const struct identity_provider without_memory = {
    .encode_login = encode_nothing,
};

static void on_changed(const struct cloud *changed _unused_, void *userdata _unused_)
{
}

static struct cloud_host host = {.changed = on_changed};
static struct cloud *c;

static void setup(void)
{
    ck_assert_int_ge(sd_event_new(&host.event), 0);
    ck_assert_int_eq(cloud_new(&host, &c), 0);
    c->config.name = strdup("here");
    c->config.identity_type = strdup("fake");
}

static void teardown(void)
{
    cloud_unref(c);
    c = NULL;
    host.event = sd_event_unref(host.event);
}

static struct credential *a_credential(void)
{
    struct credential *credential = credential_new();

    ck_assert_int_eq(credential_set(credential, CREDENTIAL_USERNAME, "user"), 0);
    ck_assert_int_eq(credential_set(credential, CREDENTIAL_API_KEY, "key"), 0);
    return credential;
}

/* A token that serves for an hour, and a login that failed a while ago. */
static void fail_beside_a_token(enum problem_code code, unsigned retry_after)
{
    static struct problem problem;
    static char detail[] = "no";

    problem = (struct problem){.code = code, .retry_after = retry_after, .detail = detail};
    refusal = &problem;
    c->place.provider = &refusing;
    c->session = session_new();
    c->session->token = secret_strdup("token");
    c->session->generation = c->generation = 1;
    c->session->deadline = clock_boottime() + 3600 * USEC_PER_SEC;
    (void)cloud_set_credential(c, a_credential());
    ck_assert_int_eq(c->state, CLOUD_DEGRADED);
    ck_assert_uint_eq(c->logins_started, 1);
    c->last_login -= 2 * SCHEDULE_INTERVAL;
}

static const struct {
    enum problem_code code;
    unsigned retry_after;
} setbacks[] = {
    {PROBLEM_RATE_LIMITED, 60},
    {PROBLEM_CREDENTIALS_REJECTED, 0},
    {PROBLEM_IDENTITY_UNAVAILABLE, 0},
};

/* Who wants a better token or met a 401 gets what there is. */
START_TEST(starts_nothing_before_its_time_after_a_failure)
{
    fail_beside_a_token(setbacks[_i].code, setbacks[_i].retry_after);
    ck_assert(c->next_attempt > clock_boottime());
    ck_assert_uint_eq(cloud_login_soon(c), c->logins_finished);
    ck_assert_int_eq(cloud_challenge(c, 1, 1, false), CHALLENGE_FINAL);
    ck_assert_uint_eq(c->logins_started, 1);
    ck_assert_uint_eq(c->challenge.last, 0);
    /* Who asks for a login gets one, and once the time has come so do the others. */
    (void)cloud_login(c);
    ck_assert_uint_eq(c->logins_started, 2);
    c->next_attempt = clock_boottime();
    c->last_login -= 2 * SCHEDULE_INTERVAL;
    ck_assert_uint_eq(cloud_login_soon(c), 3);
    c->next_attempt = clock_boottime();
    (void)cloud_challenge(c, 1, 1, false);
    ck_assert_uint_eq(c->logins_started, 4);
}
END_TEST

/* A login that went well a moment ago: the next for a better token comes 5 s after it. */
START_TEST(plans_a_login_for_who_wants_a_better_token)
{
    fail_beside_a_token(PROBLEM_IDENTITY_UNAVAILABLE, 0);
    c->failures = 0;
    c->last_login = clock_boottime();
    c->next_attempt = USEC_INFINITY;
    for (int i = 0; i < 2; i++) {
        ck_assert_uint_eq(cloud_login_soon(c), 2);
        ck_assert_uint_eq(c->logins_started, 1);
        ck_assert_uint_eq(c->next_attempt, c->last_login + SCHEDULE_INTERVAL);
    }
    /* One that is planned before that is good enough. */
    c->next_attempt = c->last_login + 1;
    ck_assert_uint_eq(cloud_login_soon(c), 2);
    ck_assert_uint_eq(c->next_attempt, c->last_login + 1);
}
END_TEST

/* What has just ended is replaced at once, but for tokens that are that short there is no haste. */
START_TEST(is_logging_in_when_a_token_has_just_ended)
{
    usec_t now = clock_boottime();

    fail_beside_a_token(PROBLEM_IDENTITY_UNAVAILABLE, 0);
    c->generation_since = now - 2 * USEC_PER_SEC;
    c->failures = 0;
    ck_assert(!cloud_is_logging_in(c));
    c->session->deadline = now;
    ck_assert(cloud_is_logging_in(c));
    c->generation_since = now - USEC_PER_SEC / 2;
    ck_assert(!cloud_is_logging_in(c));
    c->generation_since = now - 2 * USEC_PER_SEC;
    c->failures = 1;
    ck_assert(!cloud_is_logging_in(c));
}
END_TEST

START_TEST(fails_without_memory_for_the_reason)
{
    _cleanup_(problem_freep) struct problem *why = NULL;
    uint64_t number;

    c->place.provider = &without_memory;
    number = cloud_set_credential(c, a_credential());
    ck_assert_uint_eq(number, 1);
    ck_assert_uint_eq(c->logins_finished, number);
    ck_assert_int_eq(c->state, CLOUD_FAILED);
    ck_assert_uint_eq(c->failures, 1);
    ck_assert_uint_eq(c->counters.logins_failed[PROBLEM_INTERNAL], 1);
    /* Who asked for the login looks here for its outcome. */
    ck_assert_ptr_nonnull(c->last_problem);
    ck_assert_int_eq(c->last_problem->code, PROBLEM_INTERNAL);
    ck_assert_uint_gt(c->last_problem_at, 0);
    why = cloud_explain(c);
    ck_assert_int_eq(why->code, PROBLEM_INTERNAL);
    /* And once more, with one that is kept already. */
    (void)cloud_login(c);
    ck_assert_uint_eq(c->failures, 2);
    ck_assert_int_eq(c->last_problem->code, PROBLEM_INTERNAL);
}
END_TEST

/* A login that a 401 asked for, and all that follow until there is a token, are 5 s apart. */
START_TEST(keeps_the_pace_of_a_401)
{
    fail_beside_a_token(PROBLEM_UPSTREAM_UNREACHABLE, 0);
    c->generation_since = clock_boottime() - 100 * USEC_PER_SEC;
    c->next_attempt = clock_boottime();
    ck_assert_int_eq(cloud_challenge(c, 1, 1, false), CHALLENGE_FINAL); /* the login has failed */
    ck_assert_uint_eq(c->logins_started, 2);
    for (unsigned i = 0; i < 3; i++) {
        ck_assert_uint_ge(c->next_attempt, c->last_login + SCHEDULE_INTERVAL);
        (void)cloud_login(c);
    }
    /* One that nobody's 401 asked for is tried again in a second or two. */
    c->generation_since = clock_boottime();
    c->failures = 0;
    (void)cloud_login(c);
    ck_assert_uint_lt(c->next_attempt, c->last_login + 2 * USEC_PER_SEC);
}
END_TEST

/* Too soon after the last one a login is planned, and that one counts for the next. */
START_TEST(counts_what_a_401_planned)
{
    usec_t began;

    fail_beside_a_token(PROBLEM_UPSTREAM_UNREACHABLE, 0);
    c->failures = 0;
    c->challenge.last = clock_boottime() - USEC_PER_SEC;
    ck_assert_int_eq(cloud_challenge(c, 1, 1, false), CHALLENGE_WAIT);
    ck_assert_uint_eq(c->logins_started, 1);
    began = clock_boottime();
    (void)cloud_login(c);
    ck_assert_uint_ge(c->challenge.last, began);
}
END_TEST

Suite *make_suite(void)
{
    Suite *s = suite_create("cloud");
    TCase *t = tcase_create("states");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, starts_nothing_before_its_time_after_a_failure, 0,
                        (int)ARRAY_SIZE(setbacks));
    tcase_add_test(t, plans_a_login_for_who_wants_a_better_token);
    tcase_add_test(t, is_logging_in_when_a_token_has_just_ended);
    tcase_add_test(t, fails_without_memory_for_the_reason);
    tcase_add_test(t, keeps_the_pace_of_a_401);
    tcase_add_test(t, counts_what_a_401_planned);
    suite_add_tcase(s, t);
    return s;
}
