/* SPDX-License-Identifier: MIT */
/* An address that swallows every connection attempt: `connect_timeout` bounds the signed request
 * and the login, and nobody else is held up by either. */
#include "daemon.h"
#include "patience.h"
#include "sandbox.h"
#include "stage.h"
#include "wire.h"

#include <string.h>

START_TEST(bound_a_signed_request)
{
    const struct reply *replies[4];
    struct ask asks[] = {
        {.target = "/v1/main/proxy/x-hole/a"},
        {.method = "PUT", .target = "/v1/main/proxy/x-hole/a", .body = "hello", .length = 5},
        {.target = "/v1/main/proxy/x-echo/a"},
        {.target = "/v1/main/token"},
    };
    const char *detail;

    sandbox_start((const char *const[]){
        "--extra-service",
        stage_text("hole,x-hole,,http://127.0.0.1:%d/", wire_dig_hole("127.0.0.1", 0)), NULL});
    (void)daemon_start(&(struct daemon_options){
        .config = stage_text("[latchkeyd]\nconnect_timeout = 2\n%s", daemon_cloud("main", ""))});
    ask_together(asks, ARRAY_SIZE(asks), replies);

    detail = reply_problem(replies[0], 504, "upstream-timeout");
    ck_assert_ptr_nonnull(strstr(detail, "127.0.0.1"));
    detail = reply_problem(replies[1], 504, "upstream-timeout");
    ck_assert_msg(strstr(detail, "0 bytes"), "%s", detail);
    for (size_t i = 0; i < 2; i++)
        ck_assert_msg(replies[i]->seconds > 1.9 && replies[i]->seconds < 2 + patience(2), "%.2f s",
                      replies[i]->seconds);
    for (size_t i = 2; i < 4; i++) {
        ck_assert_int_eq(replies[i]->status, 200);
        ck_assert_msg(replies[i]->seconds < patience(1.5), "%.2f s", replies[i]->seconds);
    }
    ck_assert_str_eq(daemon_state("main"), "ready");
    wire_fill_hole();
}
END_TEST

START_TEST(bound_a_login)
{
    const struct reply *r;
    struct daemon *d;
    double begin;

    sandbox_start(NULL);
    d = daemon_start(&(struct daemon_options){
        .config = stage_text("[latchkeyd]\nconnect_timeout = 1\nlogin_timeout = 20\n"
                             "default = good\n%s"
                             "[lost]\nidentity_type = rackspace\n"
                             "auth_endpoint = http://127.0.0.1:%d/v2.0\n"
                             "username = %s\napi_key = %s\n",
                             daemon_cloud("good", ""), wire_dig_hole("127.0.0.1", 0), SANDBOX_USER,
                             SANDBOX_KEY),
        .wait = DAEMON_LISTENS});
    begin = time_now();
    /* The other cloud is served meanwhile, and ready is said for it. */
    r = get("/v1/good/token");
    ck_assert_int_eq(r->status, 200);
    ck_assert(notify_wait(d->notify, "READY=1", 5));
    ck_assert_str_eq(daemon_state("lost"), "starting");
    (void)reply_problem(get("/v1/lost/token"), 503, "upstream-timeout");
    ck_assert_msg(time_now() - begin < 1 + patience(5), "%.2f s", time_now() - begin);
    ck_assert_str_eq(daemon_state("lost"), "failed");
    wire_fill_hole();
}
END_TEST

int main(void)
{
    Suite *s = suite_create("deadlines");
    TCase *c = stage_case(s, "deadlines", 20);

    tcase_add_test(c, bound_a_signed_request);
    tcase_add_test(c, bound_a_login);
    return stage_run(s);
}
