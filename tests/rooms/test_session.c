/* SPDX-License-Identifier: MIT */
/* The suite of the room that holds what a login gave us. */
#include "session.h"
#include "suite.h"

#include "secret.h"

#include <string.h>

START_TEST(is_new_and_empty)
{
    _cleanup_(session_unrefp) struct session *s = session_new();

    ck_assert_ptr_nonnull(s);
    ck_assert_uint_eq(s->refs, 1);
    ck_assert_ptr_nonnull(s->catalog);
    ck_assert_uint_eq(s->catalog->n_services, 0);
    ck_assert_uint_eq(s->n_roles, 0);
    ck_assert_ptr_null(s->token);
}
END_TEST

START_TEST(lives_until_its_last_reference_goes)
{
    struct session *s = session_new(), *other;

    s->token = secret_strdup("token");
    other = session_ref(s);
    ck_assert_ptr_eq(other, s);
    session_unref(s);
    ck_assert_str_eq(other->token, "token");
    ck_assert_uint_eq(other->refs, 1);
    session_unref(other);
    session_unref(NULL);
}
END_TEST

START_TEST(copies_its_roles)
{
    _cleanup_(session_unrefp) struct session *s = session_new();
    char name[] = "role-0";

    for (int i = 0; i < 9; i++) {
        name[5] = (char)('0' + i);
        ck_assert_int_eq(session_add_role(s, "id", name, i % 2 ? "described" : NULL), 0);
    }
    ck_assert_uint_eq(s->n_roles, 9);
    ck_assert_str_eq(s->roles[0].name, "role-0");
    ck_assert_ptr_null(s->roles[0].description);
    ck_assert_str_eq(s->roles[7].name, "role-7");
    ck_assert_str_eq(s->roles[7].id, "id");
    ck_assert_str_eq(s->roles[7].description, "described");
}
END_TEST

static const struct {
    usec_t deadline, now;
    uint64_t expected;
} lives[] = {
    {0, 0, 0},
    {10 * USEC_PER_SEC, 0, 10},
    {10 * USEC_PER_SEC, 1, 9},
    {10 * USEC_PER_SEC, 9 * USEC_PER_SEC, 1},
    {10 * USEC_PER_SEC, 9 * USEC_PER_SEC + 1, 0},
    {10 * USEC_PER_SEC, 10 * USEC_PER_SEC, 0},
    {10 * USEC_PER_SEC, 10 * USEC_PER_SEC + 1, 0},
    {10 * USEC_PER_SEC, USEC_INFINITY, 0},
    {USEC_INFINITY, 0, UINT64_MAX / 1000000},
};

START_TEST(counts_whole_seconds_down)
{
    struct session s = {.deadline = lives[_i].deadline};

    ck_assert_uint_eq(session_seconds_left(&s, lives[_i].now), lives[_i].expected);
}
END_TEST

Suite *make_suite(void)
{
    Suite *s = suite_create("session");
    TCase *t = tcase_create("value");

    tcase_add_test(t, is_new_and_empty);
    tcase_add_test(t, lives_until_its_last_reference_goes);
    tcase_add_test(t, copies_its_roles);
    tcase_add_loop_test(t, counts_whole_seconds_down, 0, (int)ARRAY_SIZE(lives));
    suite_add_tcase(s, t);
    return s;
}
