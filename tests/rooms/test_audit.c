/* SPDX-License-Identifier: MIT */
/* The suite of the records: what each says, and when the loop wakes up for the others. The log, the time and
 * the timer are this suite's own (-Wl,--wrap). */
#include "audit.h"
#include "clock.h"
#include "log.h"
#include "suite.h"
#include "tally.h"

#include <stdarg.h>
#include <string.h>

static sd_event *event;
static struct audit *a;
static usec_t now, due;
static unsigned armed; /* times that the timer was set */

static unsigned records;
static uint64_t counted;
static int priority;
static char message[256], line[512]; /* the last record's, and its fields */

void __wrap_log_with(int prio, const struct log_fields *f, const char *format, ...) _printf_(3, 4);
int __wrap_sd_event_now(sd_event *e, clockid_t clock, uint64_t *ret);
int __real_sd_event_source_set_time(sd_event_source *s, uint64_t usec);
int __wrap_sd_event_source_set_time(sd_event_source *s, uint64_t usec);

static const char *text_of(const char *text)
{
    return text ? text : "-";
}

void __wrap_log_with(int prio, const struct log_fields *f, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    vsnprintf(message, sizeof(message), format, ap);
    va_end(ap);
    priority = prio;
    records++;
    counted += f->count ? f->count : 1;
    ck_assert_uint_eq(strlen(f->message_id), 32);
    snprintf(line, sizeof(line), "%s %s %s %s %s", text_of(f->operation), text_of(f->verdict),
             text_of(f->cloud), text_of(f->rule), text_of(f->code));
    if (f->peer)
        snprintf(line + strlen(line), sizeof(line) - strlen(line), " %d %d %d %s %s",
                 (int)f->peer->uid, (int)f->peer->gid, (int)f->peer->pid, text_of(f->peer->unit),
                 text_of(f->peer->user_unit));
    if (f->count)
        snprintf(line + strlen(line), sizeof(line) - strlen(line), " x%d", (int)f->count);
}

int __wrap_sd_event_now(sd_event *e _unused_, clockid_t clock, uint64_t *ret)
{
    ck_assert_int_eq(clock, CLOCK_BOOTTIME);
    *ret = now;
    return 0;
}

/* Whatever is due comes in the loop's next round. */
int __wrap_sd_event_source_set_time(sd_event_source *s, uint64_t usec)
{
    armed++;
    due = usec;
    return __real_sd_event_source_set_time(s, 0);
}

static char unit[] = "backup.service", user_unit[] = "sync.service";
static const struct peer backup = {.uid = 34, .gid = 35, .pid = 36, .unit = unit};
static const struct peer person = {
    .uid = 1000, .gid = 1001, .pid = 1002, .unit = unit, .user_unit = user_unit};

static void setup(void)
{
    ck_assert_int_ge(sd_event_new(&event), 0);
    ck_assert_int_eq(audit_new(event, &a), 0);
    now = 1000 * USEC_PER_SEC;
    armed = records = 0;
    counted = 0;
    *message = *line = '\0';
}

static void teardown(void)
{
    audit_free(a);
    sd_event_unref(event);
}

static void demand(int prio, const char *text, const char *fields)
{
    ck_assert_int_eq(priority, prio);
    ck_assert_str_eq(message, text);
    ck_assert_str_eq(line, fields);
}

START_TEST(says_what_happened)
{
    struct problem problem = {.code = PROBLEM_CREDENTIALS_REJECTED, .detail = (char[]){"Wrong."}};

    audit_token(a, &backup, "blue", "nightly");
    demand(LOG_INFO, "a token was handed out (cloud blue, uid 34, pid 36, backup.service)",
           "token allowed blue nightly - 34 35 36 backup.service -");
    audit_refusal(a, &person, "proxy", "blue", PROBLEM_DENIED);
    demand(LOG_NOTICE,
           "a request was refused (proxy, denied, cloud blue, uid 1000, pid 1002, backup.service, "
           "sync.service)",
           "proxy denied blue - denied 1000 1001 1002 backup.service sync.service");
    audit_refusal(a, &backup, NULL, NULL, PROBLEM_DENIED);
    demand(LOG_NOTICE, "a request was refused (denied, uid 34, pid 36, backup.service)",
           "- denied - - denied 34 35 36 backup.service -");
    audit_credential(a, &backup, "blue", NULL);
    demand(LOG_NOTICE, "a credential was handed in (cloud blue, uid 34, pid 36, backup.service)",
           "credential allowed blue - - 34 35 36 backup.service -");
    audit_forget(a, &backup, "blue", NULL);
    demand(LOG_NOTICE,
           "key and token are to be forgotten (cloud blue, uid 34, pid 36, backup.service)",
           "credential allowed blue - - 34 35 36 backup.service -");
    audit_login(a, "blue", "smith", 3, 86400);
    demand(LOG_INFO, "logged in (cloud blue): as smith, token 3 lives for 86400 s",
           "login succeeded blue - -");
    audit_login_failed(a, "blue", &problem);
    demand(LOG_WARNING, "a login failed (credentials-rejected, cloud blue): Wrong.",
           "login failed blue - credentials-rejected");
    audit_reload(NULL, NULL);
    demand(LOG_NOTICE, "the configuration was reloaded", "reload succeeded - - -");
    audit_reload(&(struct peer){.uid = 0, .gid = LOG_NO_GID, .pid = 12}, "x.conf:1: no.");
    demand(LOG_ERR,
           "the configuration was not reloaded, what ran before goes on (uid 0, pid 12): x.conf:1: "
           "no.",
           "reload failed - - - 0 -1 12 - -");
    ck_assert_uint_eq(records, 9);
    ck_assert_uint_eq(armed, 0);
}
END_TEST

START_TEST(wakes_up_once_for_a_summary)
{
    struct peer other = backup;

    for (unsigned i = 0; i < 10000; i++)
        audit_token(a, &backup, "blue", NULL);
    other.pid = 37;
    audit_token(a, &other, "blue", NULL);
    ck_assert_uint_eq(records, TALLY_FIRST);
    ck_assert_uint_eq(armed, 1);
    ck_assert_uint_eq(due, now + TALLY_WINDOW);

    now = due;
    ck_assert_int_gt(sd_event_run(event, UINT64_MAX), 0);
    demand(LOG_INFO, "a token was handed out, 9998 times more (cloud blue, uid 34, backup.service)",
           "token allowed blue - - 34 35 0 backup.service - x9998");
    ck_assert_uint_eq(counted, 10001);
    ck_assert_uint_eq(armed, 1);
    ck_assert_int_eq(sd_event_run(event, 0), 0); /* and then there is nothing to wait for */
}
END_TEST

START_TEST(wakes_up_for_each_in_its_time)
{
    for (unsigned i = 0; i < 10; i++)
        audit_token(a, &backup, "blue", NULL);
    now += USEC_PER_SEC;
    for (unsigned i = 0; i < 10; i++)
        audit_token(a, &person, "blue", NULL);
    ck_assert_uint_eq(armed, 1);
    now = due;
    ck_assert_int_gt(sd_event_run(event, UINT64_MAX), 0);
    ck_assert_uint_eq(counted, 10 + TALLY_FIRST);
    ck_assert_uint_eq(armed, 2);
    ck_assert_uint_eq(due, now + USEC_PER_SEC);
    now = due;
    ck_assert_int_gt(sd_event_run(event, UINT64_MAX), 0);
    ck_assert_uint_eq(counted, 20);
    ck_assert_uint_eq(armed, 2);
}
END_TEST

START_TEST(writes_the_rest_at_the_end)
{
    for (unsigned i = 0; i < 1000; i++)
        audit_refusal(a, &backup, "token", "blue", PROBLEM_DENIED);
    audit_free(a);
    a = NULL;
    demand(LOG_NOTICE,
           "a request was refused, 997 times more (token, denied, cloud blue, uid 34, pid 36, "
           "backup.service)",
           "token denied blue - denied 34 35 36 backup.service - x997");
    ck_assert_uint_eq(counted, 1000);
}
END_TEST

START_TEST(writes_each_reload)
{
    char error[16];

    for (unsigned i = 0; i < 100; i++) {
        snprintf(error, sizeof(error), "wrong %u", i);
        audit_reload(&(struct peer){.uid = 0, .gid = LOG_NO_GID, .pid = 1}, error);
        ck_assert_ptr_nonnull(strstr(message, error));
    }
    ck_assert_uint_eq(records, 100);
}
END_TEST

/* Where there is no loop, as in the suites of other rooms. */
START_TEST(works_without_an_audit)
{
    for (unsigned i = 0; i < 10; i++)
        audit_login(NULL, "blue", NULL, 1, 10);
    demand(LOG_INFO, "logged in (cloud blue): as ?, token 1 lives for 10 s",
           "login succeeded blue - -");
    ck_assert_uint_eq(records, 10);
    audit_free(NULL);
}
END_TEST

Suite *make_suite(void)
{
    Suite *s = suite_create("audit");
    TCase *c = tcase_create("records");

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, says_what_happened);
    tcase_add_test(c, wakes_up_once_for_a_summary);
    tcase_add_test(c, wakes_up_for_each_in_its_time);
    tcase_add_test(c, writes_the_rest_at_the_end);
    tcase_add_test(c, writes_each_reload);
    tcase_add_test(c, works_without_an_audit);
    suite_add_tcase(s, c);
    return s;
}
