/* SPDX-License-Identifier: MIT */
/* The cloud over TLS: verified against `ca_file` or the system's, unless the cloud says not to. The
 * certificates are made afresh with openssl for each test. */
#include "daemon.h"
#include "sandbox.h"
#include "stage.h"
#include "tls.h"

#include <string.h>

static void start_sandbox(const char *name)
{
    sandbox_start((const char *const[]){"--tls-cert", stage_path(stage_text("%s.pem", name)),
                                        "--tls-key", stage_path(stage_text("%s.key", name)), NULL});
    ck_assert(!strncmp(sandbox_url(), "https://", 8));
}

static struct daemon *start_daemon(const char *more)
{
    return daemon_start(&(struct daemon_options){.config = daemon_cloud("main", more)});
}

static const char *last_error(void)
{
    const char *code;

    json_demand(reply_json(get("/v1/main/identity"), 200), "{s:{s:s}}", "last_error", "code",
                &code);
    return code;
}

START_TEST(trusts_its_ca_file)
{
    struct daemon *d;

    tls_certificate("good", "IP:127.0.0.1");
    start_sandbox("good");
    d = start_daemon(stage_text("ca_file = %s", stage_path("good.pem")));
    ck_assert_str_eq(daemon_state("main"), "ready");
    ck_assert_int_eq(get("/v1/main/proxy/x-echo/")->status, 200);
    ck_assert_ptr_null(strstr(daemon_log(d), "verify_ssl"));
}
END_TEST

START_TEST(refuses_a_certificate_that_nobody_vouches_for)
{
    const char *detail;

    tls_certificate("good", "IP:127.0.0.1");
    start_sandbox("good");
    (void)start_daemon("");
    ck_assert_str_eq(daemon_state("main"), "failed");
    ck_assert_str_eq(last_error(), "tls-failure");
    detail = reply_problem(get("/v1/main/token"), 503, "tls-failure");
    ck_assert_msg(strstr(detail, "ca_file"), "%s", detail);
    ck_assert_int_eq(sandbox_count("login_attempt_times"), 0);
}
END_TEST

START_TEST(refuses_a_certificate_for_somebody_else)
{
    tls_certificate("other", "DNS:elsewhere.example");
    start_sandbox("other");
    (void)start_daemon(stage_text("ca_file = %s", stage_path("other.pem")));
    ck_assert_str_eq(last_error(), "tls-failure");
    ck_assert_int_eq(sandbox_count("login_attempt_times"), 0);
}
END_TEST

START_TEST(refuses_another_authority)
{
    tls_certificate("good", "IP:127.0.0.1");
    tls_certificate("other", "IP:127.0.0.1");
    start_sandbox("good");
    (void)start_daemon(stage_text("ca_file = %s", stage_path("other.pem")));
    ck_assert_str_eq(last_error(), "tls-failure");
}
END_TEST

START_TEST(does_not_verify_when_told_so)
{
    struct daemon *d;
    const char *said;

    tls_certificate("other", "DNS:elsewhere.example");
    start_sandbox("other");
    d = start_daemon("verify_ssl = no");
    ck_assert_str_eq(daemon_state("main"), "ready");
    ck_assert_int_eq(get("/v1/main/proxy/x-echo/")->status, 200);
    /* And somebody is told what that means, at each reload, too. */
    said = strstr(daemon_log(d), "verify_ssl = no");
    ck_assert_ptr_nonnull(said);
    ck_assert_ptr_null(strstr(said + 1, "verify_ssl = no"));
    daemon_reload(d, NULL);
    ck_assert_ptr_nonnull(strstr(strstr(daemon_log(d), "verify_ssl = no") + 1, "verify_ssl = no"));
}
END_TEST

/* Each cloud has its own say: one that does not verify opens no door for another one's requests,
 * not even on a connection that is already open. */
START_TEST(keeps_clouds_apart)
{
    tls_certificate("other", "DNS:elsewhere.example");
    start_sandbox("other");
    (void)daemon_start(&(struct daemon_options){
        .config = stage_text("%s%s", daemon_cloud("lax", "verify_ssl = no"),
                             daemon_cloud("strict", ""))});
    daemon_wait_state("lax", "ready");
    ck_assert_int_eq(get("/v1/lax/proxy/x-echo/")->status, 200);
    daemon_wait_state("strict", "failed");
    ck_assert_int_eq(send_text("POST", "/v1/strict/refresh", NULL, NULL)->status, 502);
    ck_assert_int_eq(get("/v1/strict/proxy/x-echo/")->status, 503);
    ck_assert_int_eq(sandbox_count("logins"), 1);
}
END_TEST

/* A signed request meets a bad certificate: its own code, and the token is not sent. */
START_TEST(sends_no_token_over_a_bad_connection)
{
    const char *url, *detail;

    /* One sandbox with TLS, which the plain one names in its catalog. */
    tls_certificate("other", "DNS:elsewhere.example");
    start_sandbox("other");
    url = stage_text("%s", sandbox_url());
    sandbox_start(
        (const char *const[]){"--extra-service", stage_text("tls,x-tls,,%s/echo", url), NULL});
    (void)start_daemon("");
    detail = reply_problem(get("/v1/main/proxy/x-tls/a"), 502, "tls-failure");
    ck_assert_msg(strstr(detail, "certificate"), "%s", detail);
    ck_assert_str_eq(daemon_state("main"), "ready");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("tls");
    TCase *c = stage_case(s, "tls", 30);

    tcase_add_test(c, trusts_its_ca_file);
    tcase_add_test(c, refuses_a_certificate_that_nobody_vouches_for);
    tcase_add_test(c, refuses_a_certificate_for_somebody_else);
    tcase_add_test(c, refuses_another_authority);
    tcase_add_test(c, does_not_verify_when_told_so);
    tcase_add_test(c, keeps_clouds_apart);
    tcase_add_test(c, sends_no_token_over_a_bad_connection);
    return stage_run(s);
}
