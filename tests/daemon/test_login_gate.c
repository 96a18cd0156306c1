/* SPDX-License-Identifier: MIT */
/* Many clouds at one identity service, which no more of them log in to at a time than it may have. */
#include "daemon.h"
#include "look.h"
#include "patience.h"
#include "raw.h"
#include "sandbox.h"
#include "stage.h"

#include <signal.h>
#include <string.h>

#define MANY 40
#define LAST "cloud-39"
#define HANGS "cloud-00"
#define BEFORE "[latchkeyd]\nlogins_at_once = %d\n"

/* [latchkeyd] with that limit and more lines, and so many clouds at the sandbox; what comes behind them is the
 * last one's. */
static const char *fleet(int at_once, int n, const char *more, const char *last)
{
    char *config = stage_text(BEFORE "%s\n", at_once, more);

    for (int i = 0; i < n; i++)
        config = stage_text("%s%s", config,
                            daemon_cloud(stage_text("cloud-%02d", i), i == n - 1 ? last : ""));
    return config;
}

/* One whose first login hangs, and has all others wait, until somebody deletes its credential. */
static struct daemon *start_held(int n, const char *more, const char *last)
{
    struct daemon *d;

    sandbox_start(NULL);
    sandbox_set("'login_fault': 'hang', 'login_fault_count': 1");
    d = daemon_start(&(struct daemon_options){
        .config = fleet(1, n, more, last),
        .wait = DAEMON_LISTENS,
    });
    sandbox_wait_count("login_attempt_times", 1);
    ck_assert_str_eq(daemon_state(HANGS), "starting");
    ck_assert_str_eq(daemon_state("cloud-01"), "starting");
    return d;
}

static void let_go(void)
{
    ck_assert_int_eq(send_text("DELETE", "/v1/" HANGS "/credential", NULL, NULL)->status, 204);
}

static bool has_requests(void *userdata)
{
    return strstr(get("/metrics")->body, userdata) != NULL;
}

/* So many, and the one that looks. */
static void wait_for_requests(int n)
{
    ck_assert(
        wait_until(20, has_requests, stage_text("\nlatchkey_requests_in_flight %d\n", n + 1)));
}

/* ---- the limit */

START_TEST(keeps_to_the_limit)
{
    struct daemon *d;

    sandbox_start(NULL);
    sandbox_set("'login_delay': 0.05");
    d = daemon_start(&(struct daemon_options){.config = fleet(3, MANY, "", "")});
    ck_assert(notify_wait(d->notify, stage_text("STATUS=%d of %d clouds ready", MANY, MANY), 20));
    ck_assert_int_eq(sandbox_count("logins_at_once"), 3);
    ck_assert_int_eq(sandbox_count("login_attempt_times"), MANY);
    /* Renewals too. */
    for (int i = 0; i < 6; i++)
        raw_print(raw_connect(NULL), "POST /v1/cloud-%02d/refresh HTTP/1.1\r\nHost: x\r\n\r\n", i);
    sandbox_wait_count("logins", MANY + 6);
    ck_assert_int_eq(sandbox_count("logins_at_once"), 3);
}
END_TEST

START_TEST(takes_it_over_in_a_reload)
{
    struct daemon *d = start_held(4, "", "");

    daemon_wait_state("cloud-03", "starting");
    (void)stage_write(strrchr(d->config, '/') + 1, 0600, fleet(2, 3, "", ""));
    process_signal(&d->process, SIGHUP);
    daemon_wait_state("cloud-01", "ready");
    daemon_wait_state("cloud-02", "ready");
    ck_assert_str_eq(daemon_state(HANGS), "starting");
    /* What was taken out of the queue has not logged in. */
    ck_assert_int_eq(sandbox_count("login_attempt_times"), 3);
}
END_TEST

START_TEST(checks_within_the_limit)
{
    struct daemon *d;

    sandbox_start(NULL);
    sandbox_set("'login_delay': 0.02");
    d = daemon_start(&(struct daemon_options){
        .config = fleet(2, MANY, "", ""),
        .arguments = (const char *const[]){"--check", NULL},
        .wait = DAEMON_NOTHING,
    });
    ck_assert_int_eq(daemon_wait_end(d, 30), 0);
    ck_assert_int_eq(sandbox_count("logins_at_once"), 2);
    ck_assert_int_eq(sandbox_count("logins"), MANY);
}
END_TEST

/* One that hangs is no other's trouble. */
START_TEST(counts_for_each_service)
{
    const char *config;

    sandbox_start(NULL);
    sandbox_set("'login_fault': 'hang'");
    config = fleet(1, 3, "", "");
    sandbox_start(NULL);
    (void)daemon_start(&(struct daemon_options){
        .config = stage_text("%s%s%s", config, daemon_cloud("good", ""), daemon_cloud("too", "")),
        .wait = DAEMON_LISTENS,
    });
    daemon_wait_state("good", "ready");
    daemon_wait_state("too", "ready");
    ck_assert_str_eq(daemon_state("cloud-02"), "starting");
}
END_TEST

/* ---- who waits */

static const char *const waits[] = {
    "GET /v1/" LAST "/token HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET /v1/" LAST "/token?after=0 HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET /v1/" LAST "/proxy/x-echo/hi HTTP/1.1\r\nHost: x\r\n\r\n",
    "POST /v1/" LAST "/refresh HTTP/1.1\r\nHost: x\r\n\r\n",
    "PUT /v1/" LAST "/credential HTTP/1.1\r\nHost: x\r\nContent-Length: 58\r\n\r\n"
    "{\"username\": \"" SANDBOX_USER "\", \"api_key\": \"" SANDBOX_KEY "\"}",
};

START_TEST(has_those_first_for_whom_somebody_waits)
{
    struct daemon *d = start_held(MANY, "", "");
    const char *log, *first;
    int fd = raw_connect(NULL);

    raw_print(fd, "%s", waits[_i]);
    wait_for_requests(1);
    let_go();
    ck_assert_ptr_nonnull(strstr(raw_read_head(fd), " 200 "));
    daemon_wait_state("cloud-38", "ready");
    sandbox_wait_count("logins", MANY - 1);
    ck_assert_int_eq(sandbox_count("login_attempt_times"), MANY); /* the one that hung, too */
    log = daemon_log(d);
    first = strstr(log, " is ready");
    ck_assert_ptr_nonnull(first);
    ck_assert_msg(!strncmp(first - strlen(LAST), LAST, strlen(LAST)), "%.100s", first - 50);
}
END_TEST

/* A login's time does not begin while it waits; who waits for it is told to come again. */
START_TEST(says_that_it_is_not_ready)
{
    (void)start_held(2, "login_timeout = 60", "login_timeout = 1");
    (void)reply_problem(get("/v1/cloud-01/token"), 503, "not-ready");
    (void)reply_problem(send_text("POST", "/v1/cloud-01/refresh", NULL, NULL), 503, "not-ready");
    (void)reply_problem(get("/v1/cloud-01/proxy/x-echo/hi"), 503, "not-ready");
    ck_assert_str_eq(daemon_state("cloud-01"), "starting");
    ck_assert_int_eq(sandbox_count("login_attempt_times"), 1);
    let_go();
    daemon_wait_state("cloud-01", "ready");
    ck_assert_int_eq(sandbox_count("login_attempt_times"), 2);
}
END_TEST

START_TEST(stops_at_once)
{
    daemon_stop(start_held(MANY, "login_timeout = 60", ""));
    ck_assert_int_eq(sandbox_count("login_attempt_times"), 1);
}
END_TEST

/* However many have to fail before it is ready: systemd is asked for more time with each of them. */
START_TEST(asks_for_time_while_they_fail)
{
    struct daemon *d;
    const char *said;
    size_t times = 0;

    sandbox_start(NULL);
    sandbox_set("'login_fault': 'service_unavailable', 'login_delay': 0.2");
    d = daemon_start(&(struct daemon_options){.config = fleet(1, 6, "", "")});
    said = notify_said(d->notify);
    while ((said = strstr(said, "EXTEND_TIMEOUT_USEC=40000000\n"))) {
        said++;
        times++;
    }
    /* At the start, and with all but the last. */
    ck_assert_uint_ge(times, 6);
    ck_assert_str_eq(daemon_state("cloud-05"), "failed");
}
END_TEST

/* Nobody waits for the end of a queue that takes minutes: units that come after us start, and hear of it. */
START_TEST(is_ready_before_a_long_queue_has_ended)
{
    double begin = time_now();
    struct daemon *d;

    sandbox_start(NULL);
    sandbox_set("'login_fault': 'hang'");
    d = daemon_start(&(struct daemon_options){
        .config = fleet(1, MANY, "login_timeout = 3", "login_timeout = 4"),
        .wait = DAEMON_LISTENS,
    });
    /* The longest login_timeout and 10 s: between the ends of two logins, at 12 s and at 15. */
    ck_assert(notify_wait(d->notify, "READY=1", 15));
    ck_assert_double_ge(time_now() - begin, 14);
    ck_assert_str_eq(daemon_state(HANGS), "failed");
    ck_assert_str_eq(daemon_state(LAST), "starting");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("login_gate");
    TCase *c = stage_case(s, "login_gate", 40);

    tcase_add_test(c, keeps_to_the_limit);
    tcase_add_test(c, takes_it_over_in_a_reload);
    tcase_add_test(c, checks_within_the_limit);
    tcase_add_test(c, counts_for_each_service);
    tcase_add_loop_test(c, has_those_first_for_whom_somebody_waits, 0, (int)ARRAY_SIZE(waits));
    tcase_add_test(c, says_that_it_is_not_ready);
    tcase_add_test(c, stops_at_once);
    tcase_add_test(c, asks_for_time_while_they_fail);
    tcase_add_test(c, is_ready_before_a_long_queue_has_ended);
    return stage_run(s);
}
