/* SPDX-License-Identifier: MIT */
/* What the service manager hears, and when: nobody is called ready who is not. */
#include "daemon.h"
#include "look.h"
#include "patience.h"
#include "sandbox.h"
#include "stage.h"

#include <signal.h>
#include <string.h>
#include <time.h>

#define MANY 200

/* How often that line was said so far. */
static size_t count(struct daemon *d, const char *line)
{
    char *said = stage_text("%s", notify_said(d->notify)), *word;
    size_t n = 0;

    while ((word = strsep(&said, "\n")))
        n += !strcmp(word, line);
    return n;
}

static const char *beginning(const char *lines, const char *start)
{
    const char *found = strstr(lines, start);

    return found && (found == lines || found[-1] == '\n') ? found : NULL;
}

/* ---- READY */

START_TEST(is_ready_with_the_token)
{
    double begin = time_now();
    struct daemon *d;

    sandbox_start(NULL);
    sandbox_set("'login_delay': 1");
    d = daemon_start(&(struct daemon_options){.wait = DAEMON_LISTENS});
    sandbox_wait_count("login_attempt_times", 1);
    ck_assert_str_eq(daemon_state("rackspace"), "starting");
    ck_assert_uint_eq(count(d, "READY=1"), 0);
    ck_assert(notify_wait(d->notify, "READY=1", 10));
    ck_assert_double_ge(time_now() - begin, 1);
    ck_assert_int_eq(sandbox_count("logins"), 1);
    look_demand("rackspace", "ready", NULL);
    ck_assert_uint_eq(count(d, "READY=1"), 1);
}
END_TEST

START_TEST(is_ready_when_no_login_came_to_anything)
{
    struct daemon *d;
    const char *said;

    sandbox_start(NULL);
    sandbox_set("'login_delay': 0.5, 'login_fault': 'unauthorized'");
    d = daemon_start(&(struct daemon_options){.wait = DAEMON_LISTENS});
    sandbox_wait_count("login_attempt_times", 1);
    ck_assert_uint_eq(count(d, "READY=1"), 0);
    ck_assert(notify_wait(d->notify, "READY=1", 10));
    /* It has been reported by then, to the log and in the status. */
    ck_assert_ptr_nonnull(strstr(daemon_log(d), "code=credentials-rejected"));
    said = notify_said(d->notify);
    ck_assert_ptr_nonnull(strstr(said, "rejected"));
    ck_assert(strstr(said, "rejected") < strstr(said, "READY=1"));
    look_demand("rackspace", "rejected", "credentials-rejected");
}
END_TEST

/* One cloud's failure says nothing about the other. */
START_TEST(is_ready_when_every_login_has_ended)
{
    double begin;
    struct daemon *d;

    sandbox_start(NULL);
    sandbox_set("'login_fault': 'hang'");
    begin = time_now();
    d = daemon_start(&(struct daemon_options){
        .config = stage_text("[latchkeyd]\nlogin_timeout = 1\n%s"
                             "[nobody]\nauth_endpoint = http://127.0.0.1:1\nusername = me\n"
                             "api_key = k\n[empty]\n",
                             daemon_cloud("slow", "")),
        .wait = DAEMON_LISTENS});
    daemon_wait_state("nobody", "failed");
    ck_assert_str_eq(daemon_state("slow"), "starting");
    ck_assert_uint_eq(count(d, "READY=1"), 0);
    ck_assert(notify_wait(d->notify, "READY=1", 10));
    ck_assert_double_ge(time_now() - begin, 1);
    look_demand("slow", "failed", "upstream-timeout");
    sandbox_set("'login_fault': 'none'");
}
END_TEST

START_TEST(is_ready_with_one_token_of_two)
{
    struct daemon *d;

    sandbox_start(NULL);
    d = daemon_start(&(struct daemon_options){
        .config = stage_text("%s[nobody]\nauth_endpoint = http://127.0.0.1:1\nusername = me\n"
                             "api_key = k\n",
                             daemon_cloud("good", ""))});
    (void)look_token("good");
    daemon_wait_state("nobody", "failed");
    ck_assert_uint_eq(count(d, "READY=1"), 1);
}
END_TEST

/* However long a login may take, systemd is not to take the start for failed meanwhile. */
START_TEST(asks_for_the_time_that_a_login_may_take)
{
    struct daemon *d;

    sandbox_start(NULL);
    sandbox_set("'login_fault': 'hang'");
    d = daemon_start(&(struct daemon_options){
        .config = stage_text("[latchkeyd]\nlogin_timeout = 600\n%s", daemon_cloud("only", "")),
        .wait = DAEMON_LISTENS});
    ck_assert(notify_wait(d->notify, "EXTEND_TIMEOUT_USEC=610000000", 5));
    /* A reload may ask for more. */
    (void)stage_write(strrchr(d->config, '/') + 1, 0600,
                      stage_text("[latchkeyd]\nlogin_timeout = 900\n%s", daemon_cloud("only", "")));
    process_signal(&d->process, SIGHUP);
    ck_assert(notify_wait(d->notify, "EXTEND_TIMEOUT_USEC=910000000", 5));
    daemon_stop(d);

    /* Not once it is ready. */
    sandbox_set("'login_fault': 'none'");
    d = daemon_start(&(struct daemon_options){.config = daemon_cloud("only", "")});
    daemon_reload(d, stage_text("[latchkeyd]\nlogin_timeout = 600\n%s", daemon_cloud("only", "")));
    ck_assert_ptr_null(strstr(notify_said(d->notify), "EXTEND_TIMEOUT_USEC=610000000"));
}
END_TEST

/* ---- STATUS */

static bool has_said_that_it_is_signed_out(void *userdata)
{
    const struct daemon *d = userdata;
    const char *status = beginning(notify_said(d->notify), "STATUS=1 of 2");

    return status && strstr(status, "other is signed-out");
}

START_TEST(says_how_it_is)
{
    struct daemon *d;

    sandbox_start(NULL);
    d = daemon_start(&(struct daemon_options){
        .config = stage_text("%s%s", daemon_cloud("good", ""), daemon_cloud("other", ""))});
    ck_assert(notify_wait(d->notify, "STATUS=2 of 2 clouds ready", 5));
    ck_assert_int_eq(send_text("DELETE", "/v1/other/credential", NULL, NULL)->status, 204);
    ck_assert(wait_until(5, has_said_that_it_is_signed_out, d));
}
END_TEST

/* All at once it is told of, not each. */
START_TEST(says_little_of_many)
{
    const char *config = "", *said, *line = "STATUS=";
    struct daemon *d;
    size_t times = 0;

    sandbox_start(NULL);
    for (int i = 0; i < MANY; i++)
        config = stage_text("%s%s", config, daemon_cloud(stage_text("cloud-%d", i), ""));
    d = daemon_start(&(struct daemon_options){.config = config});
    ck_assert(notify_wait(d->notify, stage_text("STATUS=%d of %d clouds ready", MANY, MANY), 20));
    for (said = notify_said(d->notify); (said = strstr(said, line)); said += strlen(line))
        times++;
    ck_assert_uint_lt(times, MANY / 2);
}
END_TEST

/* ---- reloads */

static unsigned long long monotonic(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (unsigned long long)now.tv_sec * 1000000 + (unsigned long long)now.tv_nsec / 1000;
}

START_TEST(says_that_it_reloads)
{
    static const char start[] = "RELOADING=1\nMONOTONIC_USEC=";
    unsigned long long before, when;
    const char *configs[2], *said;
    struct daemon *d;
    size_t seen;

    sandbox_start(NULL);
    d = daemon_start(&(struct daemon_options){.config = daemon_cloud("only", "")});
    configs[0] = daemon_cloud("only", "region = ORD");
    configs[1] = "[only]\nregoin = ORD\n"; /* broken, and still it ends with READY */
    for (size_t i = 0; i < ARRAY_SIZE(configs); i++) {
        daemon_wait_state("only", "ready");
        seen = strlen(notify_said(d->notify));
        before = monotonic();
        daemon_reload(d, configs[i]);
        said = notify_said(d->notify) + seen;
        /* a status may have been on its way still */
        ck_assert_msg(strstr(said, start), "%s", said);
        said = strstr(said, start);
        when = strtoull(said + strlen(start), NULL, 10);
        ck_assert_uint_ge(when, before);
        ck_assert_uint_le(when, monotonic());
        ck_assert_ptr_nonnull(beginning(said + strlen(start), "READY=1\n"));
    }
}
END_TEST

/* ---- the end */

START_TEST(says_that_it_stops)
{
    struct daemon *d;
    const char *said;

    sandbox_start(NULL);
    d = daemon_start(NULL);
    daemon_stop(d);
    said = beginning(notify_said(d->notify), "STOPPING=1\n");
    ck_assert_ptr_nonnull(said);
    ck_assert_ptr_null(strstr(said, "READY=1"));
    ck_assert_uint_eq(count(d, "STOPPING=1"), 1);
}
END_TEST

/* ---- the watchdog */

START_TEST(feeds_the_watchdog)
{
    static const char *const watched[] = {"WATCHDOG_USEC=1000000", NULL};
    double begin;
    struct daemon *d;

    sandbox_start(NULL);
    d = daemon_start(&(struct daemon_options){.environment = watched});
    begin = time_now();
    for (size_t i = 0; i < 6; i++)
        ck_assert(notify_wait(d->notify, "WATCHDOG=1", 3));
    ck_assert_double_le(time_now() - begin, patience(6));

    /* From the loop: a daemon that stands still feeds nobody. */
    process_signal(&d->process, SIGSTOP);
    while (notify_wait(d->notify, "WATCHDOG=1", 0))
        continue;
    ck_assert(!notify_wait(d->notify, "WATCHDOG=1", 1.5));
    process_signal(&d->process, SIGCONT);
    ck_assert(notify_wait(d->notify, "WATCHDOG=1", 2));
}
END_TEST

/* While the first login takes its time too: it counts from the start. */
START_TEST(feeds_the_watchdog_before_it_is_ready)
{
    static const char *const watched[] = {"WATCHDOG_USEC=400000", NULL};
    struct daemon *d;

    sandbox_start(NULL);
    sandbox_set("'login_delay': 3");
    d = daemon_start(&(struct daemon_options){.environment = watched, .wait = DAEMON_LISTENS});
    ck_assert(notify_wait(d->notify, "WATCHDOG=1", 2));
    ck_assert(notify_wait(d->notify, "WATCHDOG=1", 2));
    ck_assert_uint_eq(count(d, "READY=1"), 0);
    ck_assert(notify_wait(d->notify, "READY=1", 10));
}
END_TEST

START_TEST(feeds_no_watchdog_unasked)
{
    struct daemon *d;

    sandbox_start(NULL);
    d = daemon_start(NULL);
    ck_assert(!notify_wait(d->notify, "WATCHDOG=1", 0.5));
    daemon_stop(d);
    d = daemon_start(&(struct daemon_options){
        .environment = (const char *const[]){"WATCHDOG_USEC=100000", "WATCHDOG_PID=1", NULL}});
    ck_assert(!notify_wait(d->notify, "WATCHDOG=1", 0.5));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("notify");
    TCase *c = stage_case(s, "notify", 20);

    tcase_add_test(c, is_ready_with_the_token);
    tcase_add_test(c, is_ready_when_no_login_came_to_anything);
    tcase_add_test(c, is_ready_when_every_login_has_ended);
    tcase_add_test(c, is_ready_with_one_token_of_two);
    tcase_add_test(c, asks_for_the_time_that_a_login_may_take);
    tcase_add_test(c, says_how_it_is);
    tcase_add_test(c, says_little_of_many);
    tcase_add_test(c, says_that_it_reloads);
    tcase_add_test(c, says_that_it_stops);
    tcase_add_test(c, feeds_the_watchdog);
    tcase_add_test(c, feeds_the_watchdog_before_it_is_ready);
    tcase_add_test(c, feeds_no_watchdog_unasked);
    return stage_run(s);
}
