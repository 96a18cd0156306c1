/* SPDX-License-Identifier: MIT */
/* An address that swallows every connection attempt: `connect_timeout` bounds the signed request
 * and the login, and nobody else is held up by either. And `request_timeout`, which bounds all of a
 * signed request. */
#include "daemon.h"
#include "patience.h"
#include "raw.h"
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

static void start_bounded(void)
{
    sandbox_start(NULL);
    (void)daemon_start(&(struct daemon_options){
        .config = stage_text("%s%s", daemon_cloud("main", "request_timeout = 2"),
                             daemon_cloud("free", ""))});
    daemon_wait_state("free", "ready");
}

static void demand_bound(const struct reply *r)
{
    const char *detail = reply_problem(r, 504, "upstream-timeout");

    ck_assert_msg(strstr(detail, "raise request_timeout"), "%s", detail);
    ck_assert_msg(r->seconds > 1.9 && r->seconds < 2 + patience(1.5), "%.2f s", r->seconds);
}

/* A total, and that cloud's alone. */
START_TEST(bound_a_whole_request)
{
    const struct reply *replies[2];
    const struct ask asks[] = {
        {.target = "/v1/main/proxy/x-echo/hang"},
        {.target = "/v1/free/proxy/x-echo/slow?ms=3000"},
    };

    start_bounded();
    ask_together(asks, ARRAY_SIZE(asks), replies);
    demand_bound(replies[0]);
    ck_assert_int_eq(replies[1]->status, 200);
}
END_TEST

/* A client that dawdles uses it up too: here bytes move all the time. It is told when it has sent
 * what it said it would. */
START_TEST(bound_a_slow_client)
{
    double begin = time_now();
    _cleanup_(closep) int fd = -1;
    const char *answer;
    int sent = 0;

    start_bounded();
    fd = raw_connect(NULL);
    raw_print(fd, "PUT /v1/main/proxy/x-echo/up HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                  "Content-Length: 100\r\n\r\n");
    begin = time_now();
    for (; time_now() - begin < 2.2; sent++) {
        ck_assert(!raw_waits(fd, 0.2));
        raw_print(fd, "x");
    }
    sandbox_wait_count("active_transfers", 0);
    raw_print(fd, "%0*d", 100 - sent, 0);
    answer = raw_read_all(fd, NULL);
    ck_assert_msg(!strncmp(answer, "HTTP/1.1 504 ", 13) && strstr(answer, "request_timeout"), "%s",
                  answer);
}
END_TEST

/* What has begun to come is cut off, so that nobody takes it for the whole. */
START_TEST(cut_off_a_long_answer)
{
    const struct reply *r;

    start_bounded();
    r = get("/v1/main/proxy/x-echo/stream?bytes=100000&rate=10000");
    ck_assert_int_eq(r->status, 200);
    ck_assert_int_ne(r->error, 0);
    ck_assert(r->length < 100000);
    ck_assert_msg(r->seconds < 2 + patience(2), "%.2f s", r->seconds);
}
END_TEST

/* A client that takes nothing: the transfer is held back, and ends all the same. */
START_TEST(bound_a_client_that_takes_nothing)
{
    _cleanup_(closep) int fd = -1;

    start_bounded();
    fd = raw_connect(NULL);
    raw_print(fd, "GET /v1/main/proxy/x-echo/stream?bytes=100000000 HTTP/1.1\r\nHost: x\r\n\r\n");
    sandbox_wait_count("active_transfers", 1);
    sandbox_wait_count("active_transfers", 0);
}
END_TEST

/* Each key is named where it was the one. */
START_TEST(say_which_key)
{
    int port = wire_dig_hole("127.0.0.1", 0);
    const char *detail;

    sandbox_start((const char *const[]){
        "--extra-service", stage_text("hole,x-hole,,http://127.0.0.1:%d/", port), NULL});
    (void)daemon_start(&(struct daemon_options){
        .config = daemon_cloud("main", "connect_timeout = 1\nupstream_timeout = 2\n"
                                       "login_timeout = 1")});
    detail = reply_problem(get("/v1/main/proxy/x-hole/a"), 504, "upstream-timeout");
    ck_assert_msg(strstr(detail, "raise connect_timeout"), "%s", detail);
    detail = reply_problem(get("/v1/main/proxy/x-echo/hang"), 504, "upstream-timeout");
    ck_assert_msg(strstr(detail, "raise upstream_timeout"), "%s", detail);
    sandbox_set("'login_fault': 'hang'");
    detail =
        reply_problem(send_text("POST", "/v1/main/refresh", NULL, NULL), 504, "upstream-timeout");
    ck_assert_msg(strstr(detail, "raise login_timeout"), "%s", detail);
    wire_fill_hole();
}
END_TEST

int main(void)
{
    Suite *s = suite_create("deadlines");
    TCase *c = stage_case(s, "deadlines", 20);

    tcase_add_test(c, bound_a_signed_request);
    tcase_add_test(c, bound_a_login);
    tcase_add_test(c, bound_a_whole_request);
    tcase_add_test(c, bound_a_slow_client);
    tcase_add_test(c, cut_off_a_long_answer);
    tcase_add_test(c, bound_a_client_that_takes_nothing);
    tcase_add_test(c, say_which_key);
    return stage_run(s);
}
