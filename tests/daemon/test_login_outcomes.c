/* SPDX-License-Identifier: MIT */
/* Every way in which a login can fail, told apart: state, code, a sentence, and when it is tried
 * again. */
#include "capture.h"
#include "daemon.h"
#include "look.h"
#include "patience.h"
#include "sandbox.h"
#include "stage.h"

#include <string.h>

#define RETRY_AFTER 30

static const struct fault {
    const char *name, *state, *code;
    long status;            /* of the answer to who asked for the login */
    json_int_t least, most; /* seconds until the next one */
    const char *word;       /* stands in the sentence */
} faults[] = {
    {"unauthorized", "rejected", "credentials-rejected", 403, 55, 90, "user name"},
    {"bad_request", "rejected", "credentials-rejected", 403, 55, 90, "user name"},
    {"user_disabled", "rejected", "credentials-rejected", 403, 55, 90, "disabled"},
    {"forbidden", "rejected", "credentials-rejected", 403, 55, 90, "forbids"},
    {"multi_factor", "rejected", "credentials-rejected", 403, 55, 90, "API key"},
    {"service_unavailable", "failed", "identity-unavailable", 502, 0, 2, "503"},
    {"html", "failed", "identity-unavailable", 502, 0, 2, "502"},
    {"over_limit", "failed", "rate-limited", 503, RETRY_AFTER - 2, RETRY_AFTER + RETRY_AFTER / 2,
     "wait"},
    {"over_limit_body", "failed", "rate-limited", 503, RETRY_AFTER - 2,
     RETRY_AFTER + RETRY_AFTER / 2, "wait"},
    {"over_limit_at", "failed", "rate-limited", 503, RETRY_AFTER - 2, RETRY_AFTER + RETRY_AFTER / 2,
     "wait"},
    {"too_many", "failed", "rate-limited", 503, RETRY_AFTER - 2, RETRY_AFTER + RETRY_AFTER / 2,
     "wait"},
    {"garbage", "failed", "bad-answer", 502, 0, 2, "auth_endpoint"},
    {"truncated", "failed", "bad-answer", 502, 0, 2, "auth_endpoint"},
    {"empty", "failed", "bad-answer", 502, 0, 2, "auth_endpoint"},
    {"wrong_types", "failed", "bad-answer", 502, 0, 2, "auth_endpoint"},
    {"no_token", "failed", "bad-answer", 502, 0, 2, "auth_endpoint"},
    {"huge", "failed", "bad-answer", 502, 0, 2, ""},
    {"close", "failed", "upstream-unreachable", 502, 0, 2, ""},
    {"hang", "failed", "upstream-timeout", 504, 0, 2, ""},
};

static const struct reply *refresh(void)
{
    return send_text("POST", "/v1/rackspace/refresh", NULL, NULL);
}

static void demand_next_login(const struct fault *f)
{
    json_int_t seconds = look_refresh_in("rackspace");

    ck_assert_msg(seconds >= f->least && seconds <= f->most, "the next login is in %lld s",
                  (long long)seconds);
}

/* What the caller, who has no token, gets to know. */
static void demand_failure(const struct daemon *d, const struct fault *f)
{
    const struct reply *r;
    const char *detail;

    look_demand("rackspace", f->state, f->code);
    demand_next_login(f);
    detail = json_string_value(
        json_object_get(json_object_get(look_identity("rackspace"), "last_error"), "detail"));
    ck_assert_msg(strstr(detail, f->word), "'%s' is not in: %s", f->word, detail);
    ck_assert_ptr_nonnull(strstr(daemon_log(d), stage_text("code=%s", f->code)));
    ck_assert_int_eq(get("/health")->status, 503);
    ck_assert_ptr_nonnull(strstr(get("/health")->body, f->state));

    r = get("/v1/rackspace/token");
    ck_assert_str_eq(reply_problem(r, 503, f->code), detail);
    ck_assert_ptr_nonnull(reply_header(r, "Retry-After"));
    ck_assert_int_le(atoi(reply_header(r, "Retry-After")), f->most + 1);
    ck_assert_int_ge(atoi(reply_header(r, "Retry-After")), f->least);
}

/* The last failure while a token still serves. */
static void demand_degraded(const struct fault *f, const char *token)
{
    look_demand("rackspace", "degraded", f->code);
    ck_assert(json_is_true(json_object_get(look_identity("rackspace"), "authenticated")));
    demand_next_login(f);
    ck_assert_str_eq(look_token("rackspace"), token);
    ck_assert_int_eq(get("/v1/rackspace/proxy/x-echo/alive")->status, 200);
    ck_assert_int_eq(get("/health")->status, 200);
}

START_TEST(tells_faults_apart)
{
    const struct fault *f = &faults[_i];
    struct daemon *d;
    const char *token;

    sandbox_start(NULL);
    sandbox_set("'login_fault': '%s', 'retry_after': %d", f->name, RETRY_AFTER);
    d = daemon_start(&(struct daemon_options){
        .config = stage_text("[latchkeyd]\nlogin_timeout = 1\n%s", daemon_cloud("rackspace", ""))});
    demand_failure(d, f);
    (void)reply_problem(refresh(), f->status, f->code);

    sandbox_set("'login_fault': 'none'");
    (void)reply_json(refresh(), 200);
    look_demand("rackspace", "ready", NULL);
    token = look_token("rackspace");

    sandbox_set("'login_fault': '%s'", f->name);
    (void)reply_problem(refresh(), f->status, f->code);
    demand_degraded(f, token);
    sandbox_set("'login_fault': 'none'");
}
END_TEST

/* ---- what the sandbox cannot do */

START_TEST(says_that_nobody_listens)
{
    static const struct fault f = {NULL, "failed", "upstream-unreachable", 502, 0, 2, "127.0.0.1"};
    const char *config;
    struct daemon *d;
    int port;

    sandbox_start(NULL);
    port = sandbox_port();
    config = daemon_cloud("rackspace", "");
    sandbox_stop();
    d = daemon_start(&(struct daemon_options){.config = config});
    demand_failure(d, &f);
    (void)reply_problem(refresh(), 502, "upstream-unreachable");

    /* It comes back by itself. */
    sandbox_start((const char *const[]){"--port", stage_text("%d", port), NULL});
    daemon_wait_state("rackspace", "ready");
    look_demand("rackspace", "ready", NULL);
}
END_TEST

START_TEST(says_that_an_answer_is_no_http)
{
    static const struct {
        const char *bytes, *code;
        long status;
    } answers[] = {
        {"220 mail.example ESMTP\r\n", "bad-answer", 502},
        {"HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
         "bad-answer", 502},
        {"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "bad-answer", 502},
        {"HTTP/1.1 401 No\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\n<p/>",
         "bad-answer", 502},
        {"HTTP/1.1 204 No Content\r\n\r\n", "bad-answer", 502},
    };
    struct capture *c = capture_new();

    capture_set(c, &(struct capture_answer){.bytes = answers[0].bytes, .end = CAPTURE_CLOSE});
    (void)daemon_start(&(struct daemon_options){
        .config = stage_text("[rackspace]\nauth_endpoint = %s\nusername = %s\napi_key = %s\n",
                             capture_url(c), SANDBOX_USER, SANDBOX_KEY)});
    for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
        static struct capture_answer answer;

        answer = (struct capture_answer){.bytes = answers[i].bytes, .end = CAPTURE_CLOSE};
        capture_set(c, &answer);
        (void)reply_problem(refresh(), answers[i].status, answers[i].code);
        look_demand("rackspace", "failed", answers[i].code);
    }
}
END_TEST

/* Seconds or a time: anything else is no reason to wait, and nothing overflows. */
START_TEST(understands_retry_after)
{
    static const struct {
        const char *value;
        json_int_t least, most;
    } values[] = {
        {"30", 28, 45},
        {"Sun, 06 Nov 1994 08:50:17 GMT", 38, 60},
        {"Sun, 06 Nov 1994 08:49:37 GMT", 0, 2},
        {"-5", 0, 2},
        {"+30", 0, 2},
        {"30 s", 0, 2},
        {"soon", 0, 2},
        {"4294967296", 86398, 86700},
        {"99999999999999999999999", 86398, 86700},
    };
    struct capture *c = capture_new();

    for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
        static struct capture_answer answer;
        json_int_t seconds;

        answer = (struct capture_answer){
            .bytes = stage_text("HTTP/1.1 429 Too Many Requests\r\n"
                                "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                                "Retry-After: %s\r\nContent-Length: 0\r\n\r\n",
                                values[i].value),
            .end = CAPTURE_CLOSE,
        };
        capture_set(c, &answer);
        (void)daemon_start(&(struct daemon_options){
            .config = stage_text("[rackspace]\nauth_endpoint = %s\nusername = %s\napi_key = %s\n",
                                 capture_url(c), SANDBOX_USER, SANDBOX_KEY)});
        look_demand("rackspace", "failed", "rate-limited");
        seconds = look_refresh_in("rackspace");
        ck_assert_msg(seconds >= values[i].least && seconds <= values[i].most,
                      "Retry-After: %s: the next login is in %lld s", values[i].value,
                      (long long)seconds);
        daemon_stop_all();
    }
}
END_TEST

/* A certificate for this address that nobody has signed. */
static void start_tls_sandbox(void)
{
    const char *command =
        stage_text("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "
                   "-subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 -keyout %s -out %s "
                   "2>/dev/null",
                   stage_path("tls.key"), stage_path("tls.pem"));

    ck_assert_msg(system(command) == 0, "openssl did not make a certificate");
    sandbox_start((const char *const[]){"--tls-cert", stage_path("tls.pem"), "--tls-key",
                                        stage_path("tls.key"), NULL});
}

START_TEST(verifies_tls)
{
    static const struct fault f = {NULL, "failed", "tls-failure", 502, 0, 2, "ca_file"};
    struct daemon *d;

    start_tls_sandbox();
    d = daemon_start(NULL);
    demand_failure(d, &f);
    (void)reply_problem(refresh(), 502, "tls-failure");
    ck_assert_int_eq(sandbox_count("login_attempt_times"), 0);
    daemon_stop(d);

    d = daemon_start(&(struct daemon_options){
        .config = stage_text(
            "%s%s", daemon_cloud("careful", stage_text("ca_file = %s", stage_path("tls.pem"))),
            daemon_cloud("careless", "verify_ssl = no"))});
    daemon_wait_state("careful", "ready");
    daemon_wait_state("careless", "ready");
    ck_assert_int_eq(get("/v1/careful/proxy/x-echo/alive")->status, 200);
    ck_assert_ptr_nonnull(strstr(daemon_log(d), "cloud careless has verify_ssl = no"));
    ck_assert_ptr_null(strstr(daemon_log(d), "cloud careful has verify_ssl"));
}
END_TEST

START_TEST(says_that_a_service_has_no_tls)
{
    sandbox_start(NULL);
    (void)daemon_start(&(struct daemon_options){
        .config = stage_text("[rackspace]\nauth_endpoint = https://127.0.0.1:%d\nusername = %s\n"
                             "api_key = %s\n",
                             sandbox_port(), SANDBOX_USER, SANDBOX_KEY)});
    look_demand("rackspace", "failed", "tls-failure");
}
END_TEST

/* ---- when it is tried again */

static double attempt(size_t i)
{
    return json_number_value(
        json_array_get(json_object_get(sandbox_stats(), "login_attempt_times"), i));
}

START_TEST(comes_back_when_it_was_told_to)
{
    sandbox_start(NULL);
    sandbox_set("'login_fault': 'over_limit', 'login_fault_count': 1, 'retry_after': 3");
    (void)daemon_start(NULL);
    look_demand("rackspace", "failed", "rate-limited");
    daemon_wait_state("rackspace", "ready");
    ck_assert_int_eq(sandbox_count("login_attempt_times"), 2);
    ck_assert_double_ge(attempt(1) - attempt(0), 2.99);
    ck_assert_double_le(attempt(1) - attempt(0), 3.3 + patience(1.5));
}
END_TEST

START_TEST(waits_longer_each_time)
{
    sandbox_start(NULL);
    sandbox_set("'login_fault': 'service_unavailable', 'login_fault_count': 2");
    (void)daemon_start(NULL);
    look_demand("rackspace", "failed", "identity-unavailable");
    daemon_wait_state("rackspace", "ready");
    ck_assert_int_eq(sandbox_count("login_attempt_times"), 3);
    ck_assert_double_ge(attempt(1) - attempt(0), 0.99);
    ck_assert_double_le(attempt(1) - attempt(0), 1.5 + patience(1));
    ck_assert_double_ge(attempt(2) - attempt(1), 1.99);
    ck_assert_double_le(attempt(2) - attempt(1), 3 + patience(1));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("login outcomes");
    TCase *c = stage_case(s, "faults", 30);

    tcase_add_loop_test(c, tells_faults_apart, 0, (int)ARRAY_SIZE(faults));
    tcase_add_test(c, says_that_nobody_listens);
    tcase_add_test(c, says_that_an_answer_is_no_http);
    tcase_add_test(c, understands_retry_after);
    tcase_add_test(c, verifies_tls);
    tcase_add_test(c, says_that_a_service_has_no_tls);
    tcase_add_test(c, comes_back_when_it_was_told_to);
    tcase_add_test(c, waits_longer_each_time);
    return stage_run(s);
}
