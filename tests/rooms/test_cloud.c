/* SPDX-License-Identifier: MIT */
/* The suite of the cloud's state machine, with a provider that never gets as far as the wire: what a
 * live test would have to run out of memory or of patience for. */
#include "cloud.h"
#include "suite.h"

#include "secret.h"

#include <errno.h>
#include <string.h>

static int encode_nothing(const struct cloud_config *cloud _unused_,
                          const struct credential *credential _unused_,
                          struct identity_request **ret _unused_,
                          struct problem **ret_problem _unused_)
{
    return -ENOMEM;
}

static const struct identity_provider without_memory = {
    .type = "fake",
    .encode_login = encode_nothing,
};

static void on_changed(void *userdata _unused_)
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
    struct credential *credential = NULL;

    ck_assert_int_eq(credential_new(CREDENTIAL_API_KEY, "user", "key", &credential), 0);
    return credential;
}

START_TEST(fails_without_memory_for_the_reason)
{
    _cleanup_(problem_freep) struct problem *why = NULL;
    uint64_t number;

    c->provider = &without_memory;
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

Suite *make_suite(void)
{
    Suite *s = suite_create("cloud");
    TCase *t = tcase_create("states");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, fails_without_memory_for_the_reason);
    suite_add_tcase(s, t);
    return s;
}
