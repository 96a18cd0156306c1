/* SPDX-License-Identifier: MIT */
/* When a restart takes a login after all, and what is not kept for the next daemon any more. */
#include "client.h"
#include "look.h"
#include "restart.h"
#include "sandbox.h"
#include "stage.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

/* ---- what does not */

/* It has a token that it takes for good: the first 401 tells, as always. */
START_TEST(logs_in_when_the_token_has_died)
{
    struct daemon *d = restart_begin("");
    const char *token = look_token("main");

    daemon_stop(d);
    sandbox_revoke_all();
    (void)daemon_start(&(struct daemon_options){.config = daemon_cloud("main", ""), .after = d});
    ck_assert_str_eq(look_token("main"), token);
    ck_assert_int_eq(get("/v1/main/proxy/x-echo/hi")->status, 200);
    ck_assert_str_ne(look_token("main"), token);
    ck_assert_int_eq(look_generation("main"), 2);
    ck_assert_int_eq(restart_attempts(), 2);
}
END_TEST

START_TEST(logs_in_when_the_token_has_ended)
{
    struct daemon *d;

    sandbox_start((const char *const[]){"--token-lifetime", "2", NULL});
    d = daemon_start(&(struct daemon_options){.config = daemon_cloud("main", "")});
    process_signal(&d->process, SIGSTOP);
    usleep(2100 * 1000);
    d = restart(d, true);
    ck_assert_ptr_nonnull(strstr(daemon_log(d), "is not used, for its token has ended"));
    ck_assert_int_eq(look_generation("main"), 2);
    ck_assert_int_eq(restart_attempts(), 2);
}
END_TEST

/* Some private clouds have such; what a login may bring, a restart may too. */
START_TEST(goes_on_with_a_token_of_many_years)
{
    struct daemon *d;

    sandbox_start((const char *const[]){"--token-lifetime", "315360000", NULL});
    d = daemon_start(&(struct daemon_options){.config = daemon_cloud("main", "")});
    d = restart(d, true);
    ck_assert_int_eq(look_generation("main"), 1);
    ck_assert_int_eq(restart_attempts(), 1);
    ck_assert_uint_eq(restart_kept(d), 1);
}
END_TEST

static const struct {
    const char *more, *why;
} changes[] = {
    {"region = ORD", "its configuration has changed"},
    {"interface = internal", "its configuration has changed"},
    {"verify_ssl = no", "its configuration has changed"},
    {"tenant_id = MossoCloudFS_aaaa", "its configuration has changed"},
    {"x_echo_endpoint_override = http://127.0.0.1:1/", "its configuration has changed"},
    {"login_timeout = 7\nrevoke_on_exit = yes\ncustom_user_agent = x", NULL},
};

START_TEST(logs_in_when_the_configuration_has_changed)
{
    const char *why = changes[_i].why;
    struct daemon *d = restart_begin("");

    d = restart_with(d, false, daemon_cloud("main", changes[_i].more));
    look_demand("main", "ready", NULL);
    ck_assert_int_eq(restart_attempts(), why ? 2 : 1);
    ck_assert_int_eq(look_generation("main"), why ? 2 : 1);
    ck_assert_ptr_nonnull(strstr(daemon_log(d), why ? why : "was taken over"));
    ck_assert_uint_eq(restart_kept(d), 1);
}
END_TEST

static const struct {
    const char *username, *key, *more, *state;
} credentials[] = {
    {SANDBOX_USER, "another", "", "rejected"},
    {"another", SANDBOX_KEY, "", "rejected"},
    {SANDBOX_USER, SANDBOX_KEY, "tenant_id = MossoCloudFS_aaaa\n", "ready"},
};

/* Whoever has no key any more has no token. */
START_TEST(logs_in_when_the_credential_has_changed)
{
    const char *path, *config;
    struct daemon *d;

    sandbox_start(NULL);
    path = stage_write("credential", 0600, daemon_credential(SANDBOX_USER, SANDBOX_KEY));
    config =
        stage_text("[main]\nauth_endpoint = %s/v2.0\ncredential_file = %s\n", sandbox_url(), path);
    d = daemon_start(&(struct daemon_options){.config = config});
    d = restart(d, false);
    ck_assert_int_eq(restart_attempts(), 1);
    process_kill(&d->process); /* it would notice */
    (void)stage_write("credential", 0600,
                      stage_text("%s%s",
                                 daemon_credential(credentials[_i].username, credentials[_i].key),
                                 credentials[_i].more));
    d = restart(d, true);
    ck_assert_ptr_nonnull(strstr(daemon_log(d), "is not used, for its credential has changed"));
    ck_assert_str_eq(daemon_state("main"), credentials[_i].state);
    ck_assert_int_eq(restart_attempts(), 2);
}
END_TEST

static const char credential[] =
    "{\"username\": \"" SANDBOX_USER "\", \"api_key\": \"" SANDBOX_KEY "\"}";

/* Whoever waits for a token newer than the one before the restart gets it with the next login. */
START_TEST(counts_on_without_a_credential)
{
    const char *path, *config;
    struct daemon *d;

    sandbox_start(NULL);
    path = stage_write("credential", 0600, daemon_credential(SANDBOX_USER, SANDBOX_KEY));
    config =
        stage_text("[main]\nauth_endpoint = %s/v2.0\ncredential_file = %s\n", sandbox_url(), path);
    d = daemon_start(&(struct daemon_options){.config = config});
    look_demand("main", "ready", NULL);
    process_kill(&d->process);
    ck_assert_int_eq(unlink(path), 0);
    d = restart(d, true);
    look_demand("main", "signed-out", "credential-unreadable");
    ck_assert_ptr_nonnull(strstr(daemon_log(d), "is not used, for its credential is gone"));
    ck_assert_uint_eq(restart_kept(d), 0);
    ck_assert_int_eq(send_text("PUT", "/v1/main/credential", credential, NULL)->status, 200);
    ck_assert_int_eq(look_generation("main"), 2);
}
END_TEST

START_TEST(logs_in_with_an_empty_store)
{
    struct daemon *d = restart_begin("");

    daemon_stop(d);
    notify_drop(d->notify, NULL);
    d = restart(d, false);
    look_demand("main", "ready", NULL);
    ck_assert_int_eq(look_generation("main"), 1);
    ck_assert_int_eq(restart_attempts(), 2);
    ck_assert_ptr_null(strstr(daemon_log(d), "restart"));
}
END_TEST

START_TEST(keeps_nothing_without_a_service_manager)
{
    static const char *const nobody[] = {"NOTIFY_SOCKET=", NULL};
    struct daemon *d;

    sandbox_start(NULL);
    d = daemon_start(&(struct daemon_options){
        .config = daemon_cloud("main", ""), .environment = nobody, .wait = DAEMON_LISTENS});
    daemon_wait_state("main", "ready");
    ck_assert_uint_eq(restart_kept(d), 0);
    daemon_stop(d);
    ck_assert_ptr_null(strstr(daemon_log(d), "restart"));
}
END_TEST

/* ---- what is taken out again */

START_TEST(forgets_a_token_that_has_ended)
{
    struct daemon *d;

    sandbox_start((const char *const[]){"--token-lifetime", "2", NULL});
    d = daemon_start(&(struct daemon_options){.config = daemon_cloud("main", "")});
    sandbox_set("'login_fault': 'service_unavailable'");
    ck_assert_uint_eq(restart_kept(d), 1);
    daemon_wait_state("main", "failed");
    ck_assert_uint_eq(restart_kept(d), 0);
}
END_TEST

START_TEST(forgets_with_the_credential)
{
    struct daemon *d = restart_begin("");
    const char *token = look_token("main");

    /* Also where the process that has logged in is not this one: it knows where to revoke the token. */
    d = restart(d, true);
    ck_assert_int_eq(send_text("DELETE", "/v1/main/credential", NULL, NULL)->status, 204);
    ck_assert(!sandbox_takes(token));
    ck_assert_uint_eq(restart_kept(d), 0);
    (void)restart(d, false);
    ck_assert_str_ne(look_token("main"), token);
    ck_assert_int_eq(restart_attempts(), 2);
}
END_TEST

/* The next process could not renew it. */
START_TEST(keeps_nothing_that_was_handed_in)
{
    struct daemon *d;

    sandbox_start(NULL);
    d = daemon_start(&(struct daemon_options){
        .config = stage_text("[main]\nauth_endpoint = %s/v2.0\n", sandbox_url())});
    ck_assert_int_eq(send_text("PUT", "/v1/main/credential", credential, NULL)->status, 200);
    look_demand("main", "ready", NULL);
    ck_assert_uint_eq(restart_kept(d), 0);
    d = restart(d, false);
    look_demand("main", "signed-out", NULL);
}
END_TEST

/* What was kept of the configured one is not what a restart is to bring back unasked: it logs in. */
START_TEST(forgets_when_another_one_is_handed_in)
{
    struct daemon *d = restart_begin("tenant_id = MossoCloudFS_aaaa");

    ck_assert_uint_eq(restart_kept(d), 1);
    ck_assert_int_eq(send_text("PUT", "/v1/main/credential", credential, NULL)->status, 200);
    ck_assert_uint_eq(restart_kept(d), 0);
    (void)restart(d, true);
    look_demand("main", "ready", NULL);
    ck_assert_int_eq(restart_attempts(), 3);
}
END_TEST

START_TEST(forgets_with_the_cloud)
{
    const char *both = stage_text("%s", ""), *one;
    struct daemon *d;

    sandbox_start(NULL);
    one = daemon_cloud("one", "");
    both = stage_text("%s%s", one, daemon_cloud("other", ""));
    d = daemon_start(&(struct daemon_options){.config = both});
    sandbox_wait_count("logins", 2);
    daemon_wait_state("one", "ready");
    daemon_wait_state("other", "ready");
    ck_assert_uint_eq(restart_kept(d), 2);
    /* by a reload */
    daemon_reload(d, one);
    ck_assert_uint_eq(restart_kept(d), 1);
    daemon_reload(d, both);
    daemon_wait_state("other", "ready");
    ck_assert_uint_eq(restart_kept(d), 2);
    /* by a restart */
    d = restart_with(d, true, one);
    ck_assert_uint_eq(restart_kept(d), 1);
    ck_assert_ptr_nonnull(strstr(daemon_log(d), "there is no such cloud any more"));
    ck_assert_int_eq(restart_attempts(), 3);
}
END_TEST

START_TEST(forgets_with_the_configuration)
{
    struct daemon *d = restart_begin("");

    sandbox_set("'login_fault': 'service_unavailable'");
    daemon_reload(d, daemon_cloud("main", "region = ORD"));
    daemon_wait_state("main", "degraded");
    ck_assert_uint_eq(restart_kept(d), 0);
    sandbox_set("'login_fault': 'none'");
    ck_assert_int_eq(send_text("POST", "/v1/main/refresh", NULL, NULL)->status, 200);
    ck_assert_uint_eq(restart_kept(d), 1);
    daemon_reload(d, NULL);
    ck_assert_uint_eq(restart_kept(d), 1);
}
END_TEST

/* A crash revokes nothing. */
START_TEST(forgets_what_is_revoked_at_the_end)
{
    struct daemon *d = restart_begin("revoke_on_exit = yes");
    const char *token = look_token("main");

    d = restart(d, true);
    ck_assert_str_eq(look_token("main"), token);
    daemon_stop(d);
    ck_assert(!sandbox_takes(token));
    ck_assert_uint_eq(restart_kept(d), 0);
}
END_TEST

START_TEST(keeps_nothing_where_nobody_logs_in)
{
    struct daemon *d = daemon_start(&(struct daemon_options){
        .config = "[main]\nidentity_type = none\nendpoint = http://127.0.0.1:1/\n"});

    look_demand("main", "ready", NULL);
    ck_assert_uint_eq(restart_kept(d), 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("restart_logins");
    TCase *c = stage_case(s, "restart_logins", 40);

    tcase_add_test(c, logs_in_when_the_token_has_died);
    tcase_add_test(c, logs_in_when_the_token_has_ended);
    tcase_add_test(c, goes_on_with_a_token_of_many_years);
    tcase_add_loop_test(c, logs_in_when_the_configuration_has_changed, 0, ARRAY_SIZE(changes));
    tcase_add_loop_test(c, logs_in_when_the_credential_has_changed, 0, ARRAY_SIZE(credentials));
    tcase_add_test(c, counts_on_without_a_credential);
    tcase_add_test(c, logs_in_with_an_empty_store);
    tcase_add_test(c, keeps_nothing_without_a_service_manager);
    tcase_add_test(c, forgets_a_token_that_has_ended);
    tcase_add_test(c, forgets_with_the_credential);
    tcase_add_test(c, keeps_nothing_that_was_handed_in);
    tcase_add_test(c, forgets_when_another_one_is_handed_in);
    tcase_add_test(c, forgets_with_the_cloud);
    tcase_add_test(c, forgets_with_the_configuration);
    tcase_add_test(c, forgets_what_is_revoked_at_the_end);
    tcase_add_test(c, keeps_nothing_where_nobody_logs_in);
    return stage_run(s);
}
