/* SPDX-License-Identifier: MIT */
/* The suite of the room that decides when to log in: no clock, no sleep. */
#include "schedule.h"
#include "suite.h"

#include "cleanup.h"

#define NOW (1000 * USEC_PER_SEC)
#define HOUR (3600 * USEC_PER_SEC)

static const usec_t lifetimes[] = {6 * USEC_PER_SEC, 60 * USEC_PER_SEC, 24 * HOUR,
                                   200 * 365 * 24 * HOUR};
static const uint32_t dice[] = {0, 1, UINT32_MAX / 4, UINT32_MAX / 2, UINT32_MAX - 1, UINT32_MAX};

START_TEST(renews_between_70_and_85_percent)
{
    usec_t life = lifetimes[_i];

    for (size_t i = 0; i < ARRAY_SIZE(dice); i++) {
        usec_t at = schedule_renewal(NOW, NOW + life, dice[i]);

        ck_assert_uint_ge(at, NOW + life / 20 * 14);
        ck_assert_uint_le(at, NOW + life / 20 * 17);
    }
    /* The dice count over the whole width. */
    ck_assert_uint_eq(schedule_renewal(NOW, NOW + life, 0), NOW + life / 20 * 14);
    ck_assert_uint_ge(schedule_renewal(NOW, NOW + life, UINT32_MAX), NOW + life / 100 * 84);
}
END_TEST

START_TEST(never_renews_in_a_loop)
{
    ck_assert_uint_eq(schedule_renewal(NOW, NOW + 10, 5), NOW + USEC_PER_SEC);
    ck_assert_uint_eq(schedule_renewal(NOW, NOW, 5), NOW + USEC_PER_SEC);
    ck_assert_uint_eq(schedule_renewal(NOW, NOW - 10, 5), NOW + USEC_PER_SEC);
}
END_TEST

/* A service that hands the same token back for ever is asked a handful of times in a day, not
 * thousands. */
START_TEST(asks_seldom_for_a_token_that_stays_the_same)
{
    usec_t now = NOW, deadline = NOW + 24 * HOUR;
    unsigned asked = 0;

    while (now < deadline) {
        now = schedule_renewal(now, deadline, UINT32_MAX / 2);
        asked++;
    }
    ck_assert_uint_le(asked, 12);
}
END_TEST

/* What was planned before a restart stays so; what is overdue then is spread over a minute. */
START_TEST(resumes_what_was_planned)
{
    for (size_t i = 0; i < ARRAY_SIZE(dice); i++) {
        static const usec_t overdue[] = {0, NOW - 900 * USEC_PER_SEC, NOW, NOW + USEC_PER_SEC};

        ck_assert_uint_eq(schedule_resumption(NOW, NOW + HOUR, dice[i]), NOW + HOUR);
        for (size_t k = 0; k < ARRAY_SIZE(overdue); k++) {
            usec_t at = schedule_resumption(NOW, overdue[k], dice[i]);

            ck_assert_uint_ge(at, NOW + USEC_PER_SEC);
            ck_assert_uint_le(at, NOW + 61 * USEC_PER_SEC);
        }
    }
    ck_assert_uint_ge(schedule_resumption(NOW, NOW, UINT32_MAX), NOW + 60 * USEC_PER_SEC);
}
END_TEST

START_TEST(doubles_from_a_second_to_five_minutes)
{
    usec_t expected = USEC_PER_SEC;

    for (unsigned failures = 1; failures < 100; failures++) {
        for (size_t i = 0; i < ARRAY_SIZE(dice); i++) {
            usec_t wait = schedule_retry(NOW, failures, 0, dice[i]) - NOW;

            ck_assert_uint_le(wait, 300 * USEC_PER_SEC);
            if (expected < 300 * USEC_PER_SEC)
                ck_assert_uint_ge(wait,
                                  expected < 150 * USEC_PER_SEC ? expected : 150 * USEC_PER_SEC);
            else
                ck_assert_uint_ge(wait, 150 * USEC_PER_SEC);
            ck_assert_uint_le(wait, 2 * expected);
        }
        /* The last of a fleet come when the first do for the next time. */
        if (2 * expected <= 150 * USEC_PER_SEC)
            ck_assert_uint_ge(schedule_retry(NOW, failures, 0, UINT32_MAX) + USEC_PER_MSEC,
                              schedule_retry(NOW, failures + 1, 0, 0));
        expected = expected * 2 < 300 * USEC_PER_SEC ? expected * 2 : 300 * USEC_PER_SEC;
    }
}
END_TEST

START_TEST(spreads_the_retries_of_a_fleet)
{
    for (unsigned failures = 1; failures < 12; failures++)
        ck_assert_uint_ne(schedule_retry(NOW, failures, 0, 0),
                          schedule_retry(NOW, failures, 0, UINT32_MAX));
    ck_assert_uint_ne(schedule_retry(NOW, 1, 60, 0), schedule_retry(NOW, 1, 60, UINT32_MAX));
}
END_TEST

START_TEST(honours_retry_after)
{
    ck_assert_uint_ge(schedule_retry(NOW, 1, 60, 0), NOW + 60 * USEC_PER_SEC);
    ck_assert_uint_le(schedule_retry(NOW, 1, 60, UINT32_MAX), NOW + 90 * USEC_PER_SEC);
    ck_assert_uint_ge(schedule_retry(NOW, 1, 60, UINT32_MAX), NOW + 89 * USEC_PER_SEC);
    /* It never shortens a wait, and nobody silences us for good. */
    ck_assert_uint_ge(schedule_retry(NOW, 8, 1, 0), NOW + 100 * USEC_PER_SEC);
    ck_assert_uint_le(schedule_retry(NOW, 1, UINT32_MAX, UINT32_MAX),
                      NOW + 24 * HOUR + 300 * USEC_PER_SEC);
}
END_TEST

START_TEST(retries_refused_credentials_slowly)
{
    ck_assert_uint_ge(schedule_retry_rejected(NOW, 1, 0), NOW + 60 * USEC_PER_SEC);
    ck_assert_uint_le(schedule_retry_rejected(NOW, 1, UINT32_MAX), NOW + 120 * USEC_PER_SEC);
    ck_assert_uint_ge(schedule_retry_rejected(NOW, 50, UINT32_MAX),
                      NOW + 30 * 60 * USEC_PER_SEC - 1);
    ck_assert_uint_le(schedule_retry_rejected(NOW, 50, 0), NOW + HOUR);
}
END_TEST

Suite *make_suite(void)
{
    Suite *s = suite_create("schedule");
    TCase *t = tcase_create("pure");

    tcase_add_loop_test(t, renews_between_70_and_85_percent, 0, (int)ARRAY_SIZE(lifetimes));
    tcase_add_test(t, never_renews_in_a_loop);
    tcase_add_test(t, asks_seldom_for_a_token_that_stays_the_same);
    tcase_add_test(t, resumes_what_was_planned);
    tcase_add_test(t, doubles_from_a_second_to_five_minutes);
    tcase_add_test(t, spreads_the_retries_of_a_fleet);
    tcase_add_test(t, honours_retry_after);
    tcase_add_test(t, retries_refused_credentials_slowly);
    suite_add_tcase(s, t);
    return s;
}
