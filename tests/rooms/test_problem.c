/* SPDX-License-Identifier: MIT */
/* The suites of the small rooms: problems, secret memory. */
#include "problem.h"
#include "secret.h"
#include "suite.h"

#include <ctype.h>
#include <string.h>

START_TEST(has_a_word_a_status_and_a_title_for_each_code)
{
    const char *word = problem_word(_i);

    ck_assert_ptr_nonnull(word);
    for (const char *c = word; *c; c++)
        ck_assert(islower((unsigned char)*c) || *c == '-');
    ck_assert_uint_ge(problem_status(_i), 400);
    ck_assert_uint_lt(problem_status(_i), 600);
    ck_assert_ptr_nonnull(problem_title(_i));
    for (int other = 0; other < _i; other++)
        ck_assert_str_ne(word, problem_word(other));
}
END_TEST

START_TEST(copies_a_problem)
{
    _cleanup_(problem_freep) struct problem *p = problem_new(PROBLEM_RATE_LIMITED, "wait %d s", 5);
    _cleanup_(problem_freep) struct problem *copy = NULL;

    p->retry_after = 5;
    copy = problem_copy(p);
    ck_assert_int_eq(copy->code, PROBLEM_RATE_LIMITED);
    ck_assert_str_eq(copy->detail, "wait 5 s");
    ck_assert_uint_eq(copy->retry_after, 5);
    problem_free(NULL);
}
END_TEST

START_TEST(has_one_for_no_memory)
{
    struct problem *p = problem_or_no_memory(NULL), *other = problem_new(PROBLEM_DENIED, "no");

    ck_assert_int_eq(p->code, PROBLEM_INTERNAL);
    ck_assert(*p->detail);
    problem_free(p);
    ck_assert_ptr_eq(problem_or_no_memory(NULL), p);
    ck_assert(*p->detail);
    ck_assert_ptr_eq(problem_or_no_memory(other), other);
    problem_free(other);
}
END_TEST

START_TEST(moves_secret_memory_whole)
{
    char *p = secret_strdup("0123456789");

    for (size_t size = 11; size < 100000; size = size * 3 / 2) {
        p = secret_realloc(p, size);
        ck_assert_str_eq(p, "0123456789");
    }
    secret_free(p);
    secret_free(NULL);
    p = secret_realloc(NULL, 4);
    ck_assert_ptr_nonnull(p);
    secret_free(p);
}
END_TEST

Suite *make_suite(void)
{
    Suite *s = suite_create("problem, secret");
    TCase *t = tcase_create("pure");

    tcase_add_loop_test(t, has_a_word_a_status_and_a_title_for_each_code, 0, _PROBLEM_MAX);
    tcase_add_test(t, copies_a_problem);
    tcase_add_test(t, has_one_for_no_memory);
    tcase_add_test(t, moves_secret_memory_whole);
    suite_add_tcase(s, t);
    return s;
}
