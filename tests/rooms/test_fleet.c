/* SPDX-License-Identifier: MIT */
/* What the schedule makes of a whole fleet that boots within a second: bench/fleet.c's table, smaller, and held
 * to what it shows. */
#include "../bench/fleet_model.h"
#include "suite.h"

#include <string.h>

#define HOSTS 5000

static struct fleet_plan plan;
static struct fleet_outcome outcome;

static void setup(void)
{
    plan = (struct fleet_plan){
        .hosts = HOSTS,
        .seed = 42,
        .boot = FLEET_SECOND,
        .lifetime = FLEET_DAY,
        .answer = FLEET_SECOND / 20,
        .until = FLEET_DAY / 2,
    };
}

static void play(void)
{
    ck_assert_int_eq(fleet_play(&plan, &outcome), 0);
    ck_assert_uint_eq(outcome.served, HOSTS);
}

static void teardown(void)
{
    fleet_done(&outcome);
}

START_TEST(spreads_the_renewals)
{
    plan.until = 4 * FLEET_DAY;
    play();
    ck_assert_uint_eq(fleet_peak(&outcome, 0, FLEET_SECOND), HOSTS);
    ck_assert_uint_eq(fleet_peak(&outcome, 2 * FLEET_SECOND, 16 * FLEET_HOUR), 0);
    ck_assert_uint_gt(fleet_peak(&outcome, 16 * FLEET_HOUR, FLEET_DAY), 0);
    ck_assert_uint_lt(fleet_peak(&outcome, 16 * FLEET_HOUR, plan.until), HOSTS / 250);
    ck_assert_uint_eq(outcome.attempts_most, 1);
}
END_TEST

/* A service that needs 100 s for all of them is done with them in less than three times that. */
START_TEST(serves_all_within_a_limit)
{
    plan.limit = HOSTS / 100;
    play();
    ck_assert_uint_le(outcome.all, 290 * FLEET_SECOND);
    ck_assert_double_le(outcome.attempts_mean, 6.6);
    ck_assert_uint_le(outcome.attempts_most, 9);
}
END_TEST

/* Nobody comes before his time, nor all at once when it is over. */
START_TEST(serves_all_that_were_told_to_wait)
{
    plan.limit = HOSTS / 100;
    plan.retry_after = 60;
    play();
    ck_assert_uint_eq(fleet_peak(&outcome, 2 * FLEET_SECOND, 60 * FLEET_SECOND), 0);
    ck_assert_uint_le(fleet_peak(&outcome, 60 * FLEET_SECOND, plan.until), HOSTS / 20);
    ck_assert_uint_le(outcome.all, 290 * FLEET_SECOND);
    ck_assert_double_le(outcome.attempts_mean, 3.5);
}
END_TEST

/* After hours without a service nobody waits for longer than 5 min for it, and nobody has run it over. */
START_TEST(comes_back_after_an_outage)
{
    plan.out_from = 16 * FLEET_HOUR;
    plan.out_until = plan.watch = 21 * FLEET_HOUR;
    plan.until = FLEET_DAY;
    play();
    ck_assert_uint_le(outcome.all, 301 * FLEET_SECOND);
    ck_assert_uint_lt(fleet_peak(&outcome, 20 * FLEET_HOUR, plan.until), HOSTS / 100);
    ck_assert_uint_gt(fleet_peak(&outcome, 20 * FLEET_HOUR, plan.watch), 0);
}
END_TEST

START_TEST(restarts_without_a_login)
{
    plan.restart = 10 * FLEET_HOUR;
    play();
    ck_assert_uint_eq(fleet_peak(&outcome, plan.restart, plan.until), 0);
}
END_TEST

/* What is overdue then is spread over a minute. */
START_TEST(restarts_when_all_are_overdue)
{
    plan.out_from = 16 * FLEET_HOUR;
    plan.out_until = plan.watch = plan.restart = 21 * FLEET_HOUR;
    plan.until = FLEET_DAY;
    play();
    ck_assert_uint_le(outcome.all, 62 * FLEET_SECOND);
    ck_assert_uint_lt(fleet_peak(&outcome, plan.watch, plan.until), HOSTS / 30);
}
END_TEST

START_TEST(is_the_same_each_time)
{
    struct fleet_outcome again;

    plan.limit = 100;
    play();
    ck_assert_int_eq(fleet_play(&plan, &again), 0);
    ck_assert_uint_eq(again.all, outcome.all);
    ck_assert_int_eq(
        memcmp(again.a_second, outcome.a_second, outcome.seconds * sizeof(*again.a_second)), 0);
    fleet_done(&again);
    plan.seed++;
    ck_assert_int_eq(fleet_play(&plan, &again), 0);
    ck_assert_uint_ne(again.all, outcome.all);
    fleet_done(&again);
}
END_TEST

Suite *make_suite(void)
{
    Suite *s = suite_create("fleet");
    TCase *t = tcase_create("virtual time");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, spreads_the_renewals);
    tcase_add_test(t, serves_all_within_a_limit);
    tcase_add_test(t, serves_all_that_were_told_to_wait);
    tcase_add_test(t, comes_back_after_an_outage);
    tcase_add_test(t, restarts_without_a_login);
    tcase_add_test(t, restarts_when_all_are_overdue);
    tcase_add_test(t, is_the_same_each_time);
    suite_add_tcase(s, t);
    return s;
}
