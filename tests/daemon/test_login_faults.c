/* SPDX-License-Identifier: MIT */
/* Every way in which a login fails: each has its own code and a sentence that says what to do, and
 * none takes the token away that still serves. */
#include "daemon.h"
#include "patience.h"
#include "sandbox.h"
#include "stage.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

static const struct fault {
    const char *name, *code;
    const char *advice; /* part of the sentence */
} faults[] = {
    {"unauthorized", "credentials-rejected", "check"},
    {"user_disabled", "credentials-rejected", "disabled"},
    {"forbidden", "credentials-rejected", "check"},
    {"bad_request", "credentials-rejected", "check"},
    {"multi_factor", "credentials-rejected", "API key"},
    {"service_unavailable", "identity-unavailable", "wait"},
    {"html", "identity-unavailable", "wait"},
    {"over_limit", "rate-limited", "wait"},
    {"over_limit_body", "rate-limited", "wait"},
    {"over_limit_at", "rate-limited", "wait"},
    {"too_many", "rate-limited", "wait"},
    {"garbage", "bad-answer", "auth_endpoint"},
    {"truncated", "bad-answer", ""},
    {"empty", "bad-answer", ""},
    {"wrong_types", "bad-answer", ""},
    {"no_token", "bad-answer", ""},
    {"huge", "bad-answer", ""},
    {"close", "upstream-unreachable", ""},
    {"hang", "upstream-timeout", ""},
};

static const char *last_error(const char **ret_detail)
{
    const char *code;

    json_demand(reply_json(get("/v1/main/identity"), 200), "{s:{s:s, s:s, s:s !}}", "last_error",
                "code", &code, "detail", ret_detail, "at", &(const char *){NULL});
    return code;
}

/* With a token at hand: it goes on serving, and the failure is shown beside it. */
START_TEST(are_told_apart_and_cost_no_token)
{
    const char *before, *after, *wrong = "";

    sandbox_start(NULL);
    (void)daemon_start(&(struct daemon_options){
        .config = stage_text("[latchkeyd]\nlogin_timeout = 1\n%s", daemon_cloud("main", ""))});
    json_demand(reply_json(get("/v1/main/token"), 200), "{s:s}", "token", &before);
    for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
        const struct fault *f = &faults[i];
        const char *detail, *kept;
        const struct reply *r;

        sandbox_set("'login_fault': '%s'", f->name);
        r = send_text("POST", "/v1/main/refresh", NULL, NULL);
        if (!strstr(r->body, stage_text("\"code\":\"%s\"", f->code)))
            wrong = stage_text("%s%s: %s\n", wrong, f->name, r->body);
        else
            ck_assert_msg(strstr(reply_problem(r, r->status, f->code), f->advice), "%s: %s",
                          f->name, r->body);
        /* The same is kept for those who look later. */
        ck_assert_str_eq(last_error(&detail), f->code);
        kept = daemon_state("main");
        ck_assert_msg(!strcmp(kept, "degraded"), "%s: %s", f->name, kept);
        json_demand(reply_json(get("/v1/main/token"), 200), "{s:s}", "token", &after);
        ck_assert_str_eq(after, before);
    }
    ck_assert_msg(!*wrong, "%s", wrong);
    ck_assert_int_eq(get("/v1/main/proxy/x-echo/")->status, 200);
    ck_assert_int_eq(sandbox_count("logins_with_token"), 0);
    sandbox_set("'login_fault': 'none'");
    ck_assert_int_eq(send_text("POST", "/v1/main/refresh", NULL, NULL)->status, 200);
    ck_assert_str_eq(daemon_state("main"), "ready");
}
END_TEST

/* At a cold start: ready is said, as there is nothing more to wait for, and how it is, too. */
START_TEST(are_reported_at_a_cold_start)
{
    const struct fault *f = &faults[_i];
    bool rejected = !strcmp(f->code, "credentials-rejected");
    const char *detail;
    struct daemon *d;

    sandbox_start(NULL);
    sandbox_set("'login_fault': '%s', 'retry_after': 60", f->name);
    d = daemon_start(&(struct daemon_options){
        .config = stage_text("[latchkeyd]\nlogin_timeout = 1\n%s", daemon_cloud("main", ""))});
    ck_assert_str_eq(daemon_state("main"), rejected ? "rejected" : "failed");
    (void)reply_problem(get("/v1/main/token"), 503, f->code);
    (void)reply_problem(get("/health"), 503, "not-ready");
    ck_assert_str_eq(last_error(&detail), f->code);
    /* The log and the service manager know why. */
    ck_assert_ptr_nonnull(strstr(daemon_log(d), detail));
    ck_assert_ptr_nonnull(strstr(notify_said(d->notify), "STATUS="));
}
END_TEST

START_TEST(include_a_dead_network)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    _cleanup_(closep) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    socklen_t length = sizeof(address);
    const char *detail;

    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, length), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    (void)daemon_start(&(struct daemon_options){
        .config = stage_text("[main]\nidentity_type = rackspace\n"
                             "auth_endpoint = http://127.0.0.1:%d/v2.0\n"
                             "username = %s\napi_key = %s\n",
                             ntohs(address.sin_port), SANDBOX_USER, SANDBOX_KEY)});
    ck_assert_str_eq(daemon_state("main"), "failed");
    ck_assert_str_eq(last_error(&detail), "upstream-unreachable");
    ck_assert_ptr_nonnull(strstr(detail, stage_text("127.0.0.1:%d", ntohs(address.sin_port))));
}
END_TEST

/* An address that answers, but is no identity service. */
START_TEST(include_a_wrong_address)
{
    static const char *const paths[] = {"/nonsense", "/v2.0/nonsense", "/sandbox"};

    sandbox_start(NULL);
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
        const char *detail;

        (void)daemon_start(&(struct daemon_options){
            .config = stage_text("[main]\nidentity_type = rackspace\nauth_endpoint = %s%s\n"
                                 "username = %s\napi_key = %s\n",
                                 sandbox_url(), paths[i], SANDBOX_USER, SANDBOX_KEY)});
        ck_assert_str_eq(last_error(&detail), "bad-answer");
        ck_assert_msg(strstr(detail, "auth_endpoint"), "%s", detail);
        daemon_stop_all();
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("login_faults");
    TCase *c = stage_case(s, "faults", 40);

    tcase_add_test(c, are_told_apart_and_cost_no_token);
    tcase_add_loop_test(c, are_reported_at_a_cold_start, 0, ARRAY_SIZE(faults));
    tcase_add_test(c, include_a_dead_network);
    tcase_add_test(c, include_a_wrong_address);
    return stage_run(s);
}
