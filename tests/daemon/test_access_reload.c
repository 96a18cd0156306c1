/* SPDX-License-Identifier: MIT */
/* Rules that change while requests wait: nothing is handed out by a rule that is gone, and what was begun
 * goes on. */
#include "daemon.h"
#include "look.h"
#include "patience.h"
#include "raw.h"
#include "sandbox.h"
#include "stage.h"
#include "stream.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>

static const char *config(const char *operations)
{
    return stage_text("%s[allow me]\nuser = %u\noperation = %s\n", daemon_cloud("first", ""),
                      getuid(), operations);
}

static struct daemon *start(const char *operations, enum daemon_wait wait)
{
    return daemon_start(&(struct daemon_options){.config = config(operations), .wait = wait});
}

static void demand_denied(int fd)
{
    char *head = raw_read_head(fd);

    ck_assert_msg(strncmp(head, "HTTP/1.1 403 ", 13) == 0, "%s", head);
    ck_assert_ptr_nonnull(strstr(raw_read(fd, 200), "\"urn:latchkey:problem:denied\""));
}

START_TEST(ends_a_long_poll)
{
    _cleanup_(closep) int fd = -1;
    struct daemon *d;

    sandbox_start(NULL);
    d = start("token, refresh", DAEMON_READY);
    fd = raw_connect(NULL);
    raw_print(fd, "GET /v1/first/token?after=1&timeout=30 HTTP/1.1\r\nHost: x\r\n\r\n");
    ck_assert(!raw_waits(fd, 0.1));
    daemon_reload(d, config("refresh, identity, token"));
    ck_assert(!raw_waits(fd, 0.1)); /* it is still allowed */
    daemon_reload(d, config("refresh, identity"));
    demand_denied(fd);
    ck_assert_int_eq(send_text("POST", "/v1/first/refresh", NULL, NULL)->status, 200);
}
END_TEST

/* Those that wait for the first login, and what each waits with. */
static const struct {
    const char *request;
} waiting[] = {
    {"GET /v1/first/token HTTP/1.1\r\nHost: x\r\n\r\n"},
    {"GET /v1/first/catalog HTTP/1.1\r\nHost: x\r\n\r\n"},
    {"POST /v1/first/refresh HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"},
    {"GET /v1/first/proxy/x-echo/a HTTP/1.1\r\nHost: x\r\n\r\n"},
    {"PUT /v1/first/proxy/x-echo/a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
     "Expect: 100-continue\r\n\r\n"},
    {"PUT /v1/first/proxy/x-echo/a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"},
};

START_TEST(refuses_who_waits_for_a_login)
{
    _cleanup_(closep) int fd = -1;
    struct daemon *d;

    sandbox_start(NULL);
    sandbox_set("'login_fault': 'hang'");
    d = start("*", DAEMON_LISTENS);
    sandbox_wait_count("login_attempt_times", 1);
    fd = raw_connect(NULL);
    raw_print(fd, "%s", waiting[_i].request);
    ck_assert(!raw_waits(fd, 0.1));
    (void)stage_write(strrchr(d->config, '/') + 1, 0600, config("status"));
    process_signal(&d->process, SIGHUP);
    demand_denied(fd);
    ck_assert_ptr_null(strstr(daemon_log(d), "ready"));
    sandbox_set("'login_fault': 'none'");
}
END_TEST

/* A request that met a 401 and waits for the login that it caused. */
START_TEST(refuses_who_waits_with_a_401)
{
    _cleanup_(closep) int fd = -1;
    struct daemon *d;

    sandbox_start(NULL);
    d = start("*", DAEMON_READY);
    sandbox_revoke_all();
    sandbox_set("'login_fault': 'hang'");
    fd = raw_connect(NULL);
    raw_print(fd, "GET /v1/first/proxy/cloudFiles@DFW/ HTTP/1.1\r\nHost: x\r\n\r\n");
    sandbox_wait_count("login_attempt_times", 2);
    ck_assert(!raw_waits(fd, 0.1));
    daemon_reload(d, config("status"));
    demand_denied(fd);
    sandbox_set("'login_fault': 'none'");
}
END_TEST

/* A download on a thread of its own. */
struct download {
    pthread_t thread;
    struct stream stream;
    const struct reply *reply;
};

static void *run_download(void *userdata)
{
    struct download *x = userdata;

    x->reply =
        ask(&(struct ask){.target = "/v1/first/proxy/x-echo/stream?bytes=2000000&rate=2000000",
                          .consume = stream_consume,
                          .userdata = &x->stream});
    return NULL;
}

START_TEST(lets_a_body_go_on)
{
    char got[STREAM_SHA256_TEXT], wanted[STREAM_SHA256_TEXT];
    struct download x = {.reply = NULL};
    struct daemon *d;

    sandbox_start(NULL);
    d = start("*", DAEMON_READY);
    stream_init(&x.stream, 0);
    ck_assert_int_eq(pthread_create(&x.thread, NULL, run_download, &x), 0);
    sandbox_wait_count("active_transfers", 1);
    daemon_reload(d, config("status"));
    (void)reply_problem(get("/v1/first/proxy/x-echo/a"), 403, "denied");
    ck_assert_int_eq(pthread_join(x.thread, NULL), 0);
    ck_assert_int_eq(x.reply->status, 200);
    stream_sha256(&x.stream, got);
    stream_expected(2000000, wanted);
    ck_assert_str_eq(got, wanted);
}
END_TEST

/* The rules are a part of the configuration: a broken one changes nothing. */
START_TEST(keeps_the_rules_it_had)
{
    struct daemon *d;

    sandbox_start(NULL);
    d = start("token", DAEMON_READY);
    daemon_reload(d, config("nonsense"));
    daemon_wait_log(d, "`nonsense` is no operation");
    (void)reply_json(get("/v1/first/token"), 200);
    (void)reply_problem(get("/v1/first/identity"), 403, "denied");

    /* Without a rule it is open again. */
    daemon_reload(d, daemon_cloud("first", ""));
    (void)reply_json(get("/v1/first/identity"), 200);
    daemon_reload(d, config("identity"));
    (void)reply_problem(get("/v1/first/token"), 403, "denied");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("access after a reload");
    TCase *c = stage_case(s, "rules", 20);

    tcase_add_test(c, ends_a_long_poll);
    tcase_add_loop_test(c, refuses_who_waits_for_a_login, 0, ARRAY_SIZE(waiting));
    tcase_add_test(c, refuses_who_waits_with_a_401);
    tcase_add_test(c, lets_a_body_go_on);
    tcase_add_test(c, keeps_the_rules_it_had);
    return stage_run(s);
}
