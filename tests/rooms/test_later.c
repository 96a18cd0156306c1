/* SPDX-License-Identifier: MIT */
/* What is put off: in which order and when it is done. */
#include "later.h"
#include "suite.h"

#include <string.h>

#define MANY 1000

static sd_event *event;
static struct later_queue *queue;
static struct later a, b;
static char order[8];
static unsigned runs;
static unsigned runs_before_others;

static void note_a(void *userdata _unused_)
{
    strcat(order, "a");
}

static void note_b(void *userdata _unused_)
{
    strcat(order, "b");
}

static void again(void *userdata)
{
    if (++runs < MANY)
        ck_assert_int_ge(later_schedule(userdata), 0);
}

static int on_other(sd_event_source *source _unused_, void *userdata _unused_)
{
    runs_before_others = runs;
    return 0;
}

static void setup(void)
{
    ck_assert_int_ge(sd_event_new(&event), 0);
    ck_assert_int_ge(later_queue_new(event, &queue), 0);
    later_init(&a, queue, note_a, NULL);
    later_init(&b, queue, note_b, NULL);
    memset(order, 0, sizeof(order));
    runs = runs_before_others = 0;
}

static void teardown(void)
{
    later_done(&a);
    later_done(&b);
    later_queue_free(queue);
    sd_event_unref(event);
}

START_TEST(is_done_at_the_end_of_the_event)
{
    later_begin(queue);
    ck_assert_int_eq(later_schedule(&b), 0);
    ck_assert_int_eq(later_schedule(&a), 0);
    ck_assert_int_eq(later_schedule(&b), 0);
    ck_assert_str_eq(order, "");
    later_end(queue);
    ck_assert_str_eq(order, "ba");
    /* and the loop has nothing to do for it */
    ck_assert_int_eq(sd_event_run(event, 0), 0);
    later_begin(queue);
    later_end(queue);
    ck_assert_str_eq(order, "ba");
}
END_TEST

START_TEST(is_done_in_the_next_round_outside_of_one)
{
    ck_assert_int_ge(later_schedule(&a), 0);
    ck_assert_int_ge(later_schedule(&b), 0);
    ck_assert_str_eq(order, "");
    ck_assert_int_gt(sd_event_run(event, 0), 0);
    ck_assert_str_eq(order, "ab");
    ck_assert_int_eq(sd_event_run(event, 0), 0);
}
END_TEST

START_TEST(is_not_done_when_it_is_called_off)
{
    later_begin(queue);
    ck_assert_int_eq(later_schedule(&a), 0);
    ck_assert_int_eq(later_schedule(&b), 0);
    later_done(&b);
    later_done(&b);
    later_end(queue);
    ck_assert_str_eq(order, "a");
    /* the last one in the queue was taken out, and the next comes behind what is left */
    later_begin(queue);
    ck_assert_int_eq(later_schedule(&b), 0);
    later_end(queue);
    ck_assert_str_eq(order, "ab");
}
END_TEST

/* Whatever has itself done again and again: other events have their turn in between. */
START_TEST(keeps_nobody_out)
{
    _cleanup_(sd_event_source_unrefp) sd_event_source *other = NULL;

    later_init(&a, queue, again, &a);
    later_begin(queue);
    ck_assert_int_eq(later_schedule(&a), 0);
    later_end(queue);
    ck_assert_uint_gt(runs, 1);
    ck_assert_uint_lt(runs, MANY);
    ck_assert_int_ge(sd_event_add_defer(event, &other, on_other, NULL), 0);
    while (sd_event_run(event, 0) > 0)
        continue;
    ck_assert_uint_eq(runs, MANY);
    ck_assert_uint_gt(runs_before_others, 0);
    ck_assert_uint_lt(runs_before_others, MANY);
}
END_TEST

Suite *make_suite(void)
{
    Suite *suite = suite_create("later");
    TCase *tcase = tcase_create("later");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, is_done_at_the_end_of_the_event);
    tcase_add_test(tcase, is_done_in_the_next_round_outside_of_one);
    tcase_add_test(tcase, is_not_done_when_it_is_called_off);
    tcase_add_test(tcase, keeps_nobody_out);
    suite_add_tcase(suite, tcase);
    return suite;
}
