/* SPDX-License-Identifier: MIT */
/* A renewal that fails: what still serves goes on serving, the next tries come ever more seldom,
 * and when the service says when to come back, not before that. */
#include "daemon.h"
#include "patience.h"
#include "raw.h"
#include "sandbox.h"
#include "stage.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

static json_t *identity(void)
{
    return reply_json(get("/v1/default/identity"), 200);
}

static double attempt_time(size_t i)
{
    json_t *times = json_object_get(sandbox_stats(), "login_attempt_times");

    ck_assert_uint_lt(i, json_array_size(times));
    return json_number_value(json_array_get(times, i));
}

static void demand_last_error(json_t *document, const char *wanted)
{
    const char *code, *detail, *at;
    struct tm tm;

    json_demand(document, "{s:{s:s, s:s, s:s !}}", "last_error", "code", &code, "detail", &detail,
                "at", &at);
    ck_assert_str_eq(code, wanted);
    ck_assert(*detail);
    ck_assert(strptime(at, "%Y-%m-%dT%H:%M:%S", &tm) && at[strlen(at) - 1] == 'Z');
}

static bool is_dead(void *token)
{
    const char **text = token;

    return !sandbox_takes(*text);
}

START_TEST(keeps_the_old_token_until_it_dies)
{
    const char *first, *token;
    json_t *document, *error;
    const struct reply *r;
    int authenticated;

    sandbox_start((const char *const[]){"--token-lifetime", "6", NULL});
    (void)daemon_start(NULL);
    json_demand(reply_json(get("/v1/default/token"), 200), "{s:s}", "token", &first);
    sandbox_set("'login_fault': 'service_unavailable'");

    daemon_wait_state("default", "degraded");
    document = identity();
    demand_last_error(document, "identity-unavailable");
    json_demand(document, "{s:b}", "authenticated", &authenticated);
    ck_assert(authenticated);
    json_demand(reply_json(get("/v1/default/token"), 200), "{s:s}", "token", &token);
    ck_assert_str_eq(token, first);
    ck_assert(sandbox_takes(token));
    ck_assert_int_eq(get("/health")->status, 200);
    ck_assert_int_eq(get("/v1/default/proxy/x-echo/")->status, 200);

    daemon_wait_state("default", "failed");
    /* The service's Date is in whole seconds: the daemon gives up early rather than late. */
    ck_assert(wait_until(1.5, is_dead, &first));
    r = get("/v1/default/token");
    (void)reply_problem(r, 503, "identity-unavailable");
    ck_assert_ptr_nonnull(reply_header(r, "Retry-After"));
    (void)reply_problem(get("/v1/default/proxy/x-echo/"), 503, "identity-unavailable");
    (void)reply_problem(get("/v1/default/catalog"), 503, "identity-unavailable");
    (void)reply_problem(get("/health"), 503, "not-ready");
    document = identity();
    json_demand(document, "{s:b}", "authenticated", &authenticated);
    ck_assert(!authenticated);
    demand_last_error(document, "identity-unavailable");

    sandbox_set("'login_fault': 'none'");
    daemon_wait_state("default", "ready");
    json_demand(identity(), "{s:o}", "last_error", &error);
    ck_assert(json_is_null(error));
    json_demand(reply_json(get("/v1/default/token"), 200), "{s:s}", "token", &token);
    ck_assert(sandbox_takes(token));
}
END_TEST

START_TEST(says_that_it_renews)
{
    const struct reply *r;

    sandbox_start((const char *const[]){"--token-lifetime", "10", NULL});
    (void)daemon_start(NULL);
    sandbox_set("'login_delay': 1.4");
    daemon_wait_state("default", "renewing");
    r = get("/v1/default/token");
    ck_assert_int_eq(r->status, 200);
    ck_assert(r->seconds < patience(1));
    daemon_wait_state("default", "ready");
    ck_assert_int_eq(sandbox_count("logins"), 2);
}
END_TEST

/* A renewal that takes longer than the old token lives: there is none then, and this is no start. */
START_TEST(fails_while_it_renews_too_slowly)
{
    struct daemon *d;
    const struct reply *r;
    json_t *error;
    int fd;

    sandbox_start((const char *const[]){"--token-lifetime", "3", NULL});
    d = daemon_start(NULL);
    sandbox_set("'login_delay': 4, 'token_lifetime': 100");
    daemon_wait_state("default", "renewing");
    daemon_wait_state("default", "failed");
    json_demand(identity(), "{s:o}", "last_error", &error);
    ck_assert(json_is_null(error));
    ck_assert_int_eq(get("/health")->status, 503);
    /* Who asks now waits for that login. */
    r = get("/v1/default/token");
    ck_assert_int_eq(r->status, 200);
    ck_assert_str_eq(daemon_state("default"), "ready");
    ck_assert_int_eq(sandbox_count("login_attempt_times"), 2);

    /* With a new credential it starts again. */
    sandbox_set("'login_delay': 2");
    ck_assert_int_eq(send_text("DELETE", "/v1/default/credential", NULL, NULL)->status, 204);
    ck_assert_ptr_null(strstr(strstr(daemon_log(d), "is failed"), "is starting"));
    fd = raw_connect(NULL);
    raw_print(fd,
              "PUT /v1/default/credential HTTP/1.1\r\nHost: localhost\r\n"
              "Content-Length: %zu\r\n\r\n{\"username\":\"%s\",\"api_key\":\"%s\"}",
              strlen("{\"username\":\"\",\"api_key\":\"\"}") + strlen(SANDBOX_USER SANDBOX_KEY),
              SANDBOX_USER, SANDBOX_KEY);
    daemon_wait_state("default", "starting");
    daemon_wait_state("default", "ready");
    ck_assert_ptr_nonnull(strstr(raw_read_head(fd), " 200 "));
    ck_assert_int_eq(close(fd), 0);
}
END_TEST

START_TEST(backs_off_further_each_time)
{
    double last = 0;

    sandbox_start(NULL);
    sandbox_set("'login_fault': 'service_unavailable'");
    (void)daemon_start(NULL);
    sandbox_wait_count("login_attempt_times", 4);
    for (size_t i = 0; i < 3; i++) {
        double wanted = 1 << i, gap = attempt_time(i + 1) - attempt_time(i);

        ck_assert_msg(gap > wanted * 0.5 && gap < wanted * 2 + patience(1),
                      "the wait of number %zu is %.2f s", i, gap);
        ck_assert_msg(gap > last, "%.2f s behind %.2f s", gap, last);
        last = gap;
    }
    /* The next one is planned, and shown. */
    ck_assert_int_ge(json_integer_value(json_object_get(identity(), "refresh_in")), 3);
}
END_TEST

static const char *const limits[] = {"over_limit", "over_limit_body", "over_limit_at", "too_many"};

START_TEST(comes_back_when_it_is_told_to)
{
    const struct reply *r;
    const char *after;
    double gap;

    sandbox_start(NULL);
    sandbox_set("'login_fault': '%s', 'login_fault_count': 1, 'retry_after': 4", limits[_i]);
    (void)daemon_start(NULL);
    ck_assert_str_eq(daemon_state("default"), "failed");
    demand_last_error(identity(), "rate-limited");
    ck_assert_int_ge(json_integer_value(json_object_get(identity(), "refresh_in")), 2);
    r = get("/v1/default/token");
    (void)reply_problem(r, 503, "rate-limited");
    after = reply_header(r, "Retry-After");
    ck_assert_ptr_nonnull(after);
    ck_assert_int_ge(atoi(after), 2);

    daemon_wait_state("default", "ready");
    gap = attempt_time(1) - attempt_time(0);
    ck_assert_msg(gap >= 3.9 && gap < 4 * 1.5 + patience(2), "came back after %.2f s", gap);
    ck_assert_int_eq(sandbox_count("login_attempt_times"), 2);
}
END_TEST

START_TEST(does_not_insist_on_refused_credentials)
{
    json_int_t refresh;

    sandbox_start(NULL);
    sandbox_set("'login_fault': 'unauthorized'");
    (void)daemon_start(NULL);
    ck_assert_str_eq(daemon_state("default"), "rejected");
    demand_last_error(identity(), "credentials-rejected");
    refresh = json_integer_value(json_object_get(identity(), "refresh_in"));
    ck_assert_msg(refresh >= 20, "asks again in %lld s", (long long)refresh);
    nanosleep(&(struct timespec){.tv_sec = 3}, NULL);
    ck_assert_int_eq(sandbox_count("login_attempt_times"), 1);
    /* What a caller asks for is done at once. */
    sandbox_set("'login_fault': 'none'");
    ck_assert_int_eq(send_text("POST", "/v1/default/refresh", NULL, NULL)->status, 200);
    ck_assert_str_eq(daemon_state("default"), "ready");
}
END_TEST

/* A login that never ends is ended, and the one that holds a token serves it meanwhile. */
START_TEST(gives_a_hanging_login_up)
{
    sandbox_start(NULL);
    (void)daemon_start(&(struct daemon_options){
        .config = stage_text("[latchkeyd]\nlogin_timeout = 1\n%s", daemon_cloud("main", ""))});
    sandbox_set("'login_fault': 'hang'");
    (void)reply_problem(send_text("POST", "/v1/main/refresh", NULL, NULL), 504, "upstream-timeout");
    ck_assert_str_eq(daemon_state("main"), "degraded");
    ck_assert_int_eq(get("/v1/main/token")->status, 200);
    sandbox_set("'login_fault': 'none'");
    daemon_wait_state("main", "ready");
}
END_TEST

/* The identity service goes away as a whole, and comes back. */
START_TEST(outlives_an_identity_service_that_is_gone)
{
    int port;

    sandbox_start((const char *const[]){"--token-lifetime", "4", NULL});
    (void)daemon_start(NULL);
    port = sandbox_port();
    sandbox_stop();
    daemon_wait_state("default", "degraded");
    demand_last_error(identity(), "upstream-unreachable");
    daemon_wait_state("default", "failed");
    (void)reply_problem(get("/v1/default/token"), 503, "upstream-unreachable");
    sandbox_start((const char *const[]){"--port", stage_text("%d", port), NULL});
    daemon_wait_state("default", "ready");
    ck_assert_int_eq(get("/v1/default/proxy/x-echo/")->status, 200);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("renewal_failure");
    TCase *c = stage_case(s, "failure", 40);

    tcase_add_test(c, keeps_the_old_token_until_it_dies);
    tcase_add_test(c, says_that_it_renews);
    tcase_add_test(c, fails_while_it_renews_too_slowly);
    tcase_add_test(c, backs_off_further_each_time);
    tcase_add_loop_test(c, comes_back_when_it_is_told_to, 0, ARRAY_SIZE(limits));
    tcase_add_test(c, does_not_insist_on_refused_credentials);
    tcase_add_test(c, gives_a_hanging_login_up);
    tcase_add_test(c, outlives_an_identity_service_that_is_gone);
    return stage_run(s);
}
