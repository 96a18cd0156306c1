/* SPDX-License-Identifier: MIT */
/* All clouds without any login: what is left of them when a reload runs out of memory. The linker
 * puts the function below in the place of the real one. */
#include "clouds.h"
#include "load_config.h"
#include "suite.h"

#include <errno.h>

static unsigned calls_until_failure;

int __real_cloud_configure(struct cloud *c, const struct cloud_config *config,
                           struct credential *credential, struct problem *unreadable);
int __wrap_cloud_configure(struct cloud *c, const struct cloud_config *config,
                           struct credential *credential, struct problem *unreadable);

int __wrap_cloud_configure(struct cloud *c, const struct cloud_config *config,
                           struct credential *credential, struct problem *unreadable)
{
    if (calls_until_failure > 0 && --calls_until_failure == 0) {
        credential_free(credential);
        problem_free(unreadable);
        return -ENOMEM;
    }
    return __real_cloud_configure(c, config, credential, unreadable);
}

static void on_changed(const struct cloud *changed _unused_, void *userdata _unused_)
{
}

/* Wherever it happens, the clouds are the old ones and none of them points to what is freed. */
START_TEST(test_out_of_memory)
{
    struct cloud_host host = {.changed = on_changed};
    struct config *old = load("[a]\n[b]\n"), *fresh;
    struct clouds clouds = {0};
    char *error = NULL;

    ck_assert_int_ge(sd_event_new(&host.event), 0);
    ck_assert_int_eq(clouds_configure(&clouds, &host, old, false, &error), 0);
    calls_until_failure = (unsigned)_i;
    fresh = load("[c]\n[a]\n[d]\n");
    ck_assert_int_eq(clouds_configure(&clouds, &host, fresh, false, &error), -ENOMEM);
    config_free(fresh);

    ck_assert_ptr_eq(clouds.config, old);
    ck_assert_uint_eq(clouds.n, 2);
    ck_assert_ptr_nonnull(clouds_find(&clouds, "a"));
    ck_assert_ptr_eq(clouds_find(&clouds, "default"), clouds_find(&clouds, "a"));
    ck_assert_ptr_nonnull(clouds_find(&clouds, "b"));
    ck_assert_ptr_null(clouds_find(&clouds, "c"));
    ck_assert(!clouds_ready(&clouds));

    fresh = load("[b]\n[c]\n");
    ck_assert_int_eq(clouds_configure(&clouds, &host, fresh, false, &error), 0);
    config_free(old);
    ck_assert_ptr_null(clouds_find(&clouds, "a"));
    ck_assert_ptr_nonnull(clouds_find(&clouds, "c"));
    clouds_stop(&clouds);
    clouds_done(&clouds);
    config_free(fresh);
    sd_event_unref(host.event);
}
END_TEST

Suite *make_suite(void)
{
    Suite *suite = suite_create("clouds");
    TCase *tc = tcase_create("clouds");

    tcase_add_checked_fixture(tc, scratch_setup, scratch_teardown);
    tcase_add_loop_test(tc, test_out_of_memory, 1, 4);
    suite_add_tcase(suite, tc);
    return suite;
}
