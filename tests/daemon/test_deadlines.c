/* SPDX-License-Identifier: MIT */
/* An address that swallows every connection attempt: `connect_timeout` bounds the signed request
 * and the login, and nobody else is held up by either. */
#include "daemon.h"
#include "patience.h"
#include "sandbox.h"
#include "stage.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#define FILLERS 8

/* A listener whose queue is full lets nobody in, and says nothing. */
static struct {
    int fd, fillers[FILLERS];
} hole;

static int dig_hole(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);

    hole.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(hole.fd, (struct sockaddr *)&address, length), 0);
    ck_assert_int_eq(listen(hole.fd, 0), 0);
    ck_assert_int_eq(getsockname(hole.fd, (struct sockaddr *)&address, &length), 0);
    for (size_t i = 0; i < FILLERS; i++) {
        hole.fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void)connect(hole.fillers[i], (struct sockaddr *)&address, length);
    }
    return ntohs(address.sin_port);
}

static void fill_hole(void)
{
    for (size_t i = 0; i < FILLERS; i++)
        close(hole.fillers[i]);
    close(hole.fd);
}

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
        "--extra-service", stage_text("hole,x-hole,,http://127.0.0.1:%d/", dig_hole()), NULL});
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
    fill_hole();
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
                             daemon_cloud("good", ""), dig_hole(), SANDBOX_USER, SANDBOX_KEY),
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
    fill_hole();
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
