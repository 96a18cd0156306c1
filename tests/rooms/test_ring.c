/* SPDX-License-Identifier: MIT */
/* The suite of the bounded buffer. */
#include "ring.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

static char *pattern(size_t length, unsigned seed)
{
    char *p = malloc(length);

    for (size_t i = 0; i < length; i++)
        p[i] = (char)((i + seed) * 31 >> 3);
    return p;
}

START_TEST(gives_back_what_was_put_in_across_its_end)
{
    char *data = pattern(1000, 1), *got = malloc(1000);
    struct ring r;

    ring_init(&r, false);
    for (int i = 0; i < 1000; i++) {
        ck_assert_int_eq(ring_put(&r, data, 1000), 1000);
        ck_assert_uint_eq(ring_used(&r), 1000);
        memset(got, 0, 1000);
        ck_assert_uint_eq(ring_take(&r, got, 600), 600);
        ck_assert_uint_eq(ring_take(&r, got + 600, 600), 400);
        ck_assert_mem_eq(data, got, 1000);
    }
    ck_assert_uint_eq(ring_take(&r, got, 10), 0);
    ring_done(&r);
    free(data);
    free(got);
}
END_TEST

START_TEST(takes_no_more_than_fits)
{
    char *data = pattern(RING_SIZE + 5, 2);
    struct ring r;

    ring_init(&r, false);
    ck_assert_int_eq(ring_put(&r, data, RING_SIZE + 5), RING_SIZE);
    ck_assert_uint_eq(ring_room(&r), 0);
    ck_assert_int_eq(ring_put(&r, data, 1), 0);
    ring_done(&r);
    free(data);
}
END_TEST

START_TEST(holds_a_whole_body_for_a_second_try)
{
    char *data = pattern(RING_SIZE, 3), *got = malloc(RING_SIZE);
    struct ring r;

    ring_init(&r, true);
    ck_assert_int_eq(ring_put(&r, data, RING_SIZE), RING_SIZE);
    ck_assert_uint_eq(ring_take(&r, got, RING_SIZE), RING_SIZE);
    ck_assert_uint_eq(ring_room_held(&r), 0);
    ck_assert(ring_rewind(&r));
    memset(got, 0, RING_SIZE);
    ck_assert_uint_eq(ring_take(&r, got, RING_SIZE), RING_SIZE);
    ck_assert_mem_eq(data, got, RING_SIZE);
    ring_done(&r);
    free(data);
    free(got);
}
END_TEST

START_TEST(lets_go_with_the_first_byte_too_many)
{
    char *data = pattern(RING_SIZE, 4), *got = malloc(RING_SIZE);
    struct ring r;

    ring_init(&r, true);
    (void)ring_put(&r, data, RING_SIZE);
    ck_assert_uint_eq(ring_take(&r, got, 100), 100);
    ck_assert_int_eq(ring_put(&r, "x", 1), 1);
    ck_assert(!ring_rewind(&r));
    /* Nothing was lost by asking. */
    ck_assert_uint_eq(ring_take(&r, got, RING_SIZE), RING_SIZE - 99);
    ck_assert_mem_eq(got, data + 100, RING_SIZE - 100);
    ck_assert_int_eq(got[RING_SIZE - 100], 'x');
    ring_done(&r);
    free(data);
    free(got);
}
END_TEST

START_TEST(can_go_back_while_nothing_was_taken)
{
    char *data = pattern(RING_SIZE, 5), *got = malloc(RING_SIZE);
    struct ring r;

    ring_init(&r, true);
    ck_assert(ring_rewind(&r));
    ck_assert_int_eq(ring_put(&r, data, 10), 10);
    (void)ring_put(&r, data, RING_SIZE); /* more than can be held */
    ck_assert(ring_rewind(&r));
    ck_assert_uint_eq(ring_take(&r, got, 10), 10);
    ck_assert_mem_eq(got, data, 10);
    ring_done(&r);
    free(data);
    free(got);
}
END_TEST

Suite *make_suite(void)
{
    Suite *s = suite_create("ring");
    TCase *t = tcase_create("value");

    tcase_add_test(t, gives_back_what_was_put_in_across_its_end);
    tcase_add_test(t, takes_no_more_than_fits);
    tcase_add_test(t, holds_a_whole_body_for_a_second_try);
    tcase_add_test(t, lets_go_with_the_first_byte_too_many);
    tcase_add_test(t, can_go_back_while_nothing_was_taken);
    suite_add_tcase(s, t);
    return s;
}
