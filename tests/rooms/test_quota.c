/* SPDX-License-Identifier: MIT */
/* The suite of the quotas. */
#include "config_keys.h"
#include "quota.h"
#include "suite.h"

#include <string.h>

static struct quota *make(unsigned connections, unsigned requests, unsigned waiting)
{
    const struct quota_limits limits = {{
        [QUOTA_CONNECTIONS] = connections,
        [QUOTA_REQUESTS] = requests,
        [QUOTA_WAITING] = waiting,
    }};
    struct quota *q;

    ck_assert_int_eq(quota_new(&q), 0);
    quota_set_limits(q, &limits);
    return q;
}

START_TEST(grants_as_many_as_there_may_be)
{
    _cleanup_(quota_freep) struct quota *q = make(3, 2, 1);

    for (enum quota_kind kind = 0; kind < QUOTA_LIMITS; kind++) {
        for (unsigned i = 0; i < 3 - kind; i++)
            ck_assert_int_eq(quota_take(q, kind, 1000), 0);
        ck_assert_int_eq(quota_take(q, kind, 1000), QUOTA_OVER);
        ck_assert_int_eq(quota_take(q, kind, 1000), QUOTA_OVER);
        ck_assert_uint_eq(quota_taken(q, kind, 1000), 3 - kind);
        ck_assert_uint_eq(quota_refused(q, kind), 2);
        quota_give_back(q, kind, 1000);
        ck_assert_int_eq(quota_take(q, kind, 1000), 0);
    }
}
END_TEST

START_TEST(has_as_many_farewells_as_connections)
{
    _cleanup_(quota_freep) struct quota *q = make(2, 0, 0);

    ck_assert_int_eq(quota_take(q, QUOTA_CONNECTIONS, 7), 0);
    ck_assert_int_eq(quota_take(q, QUOTA_CONNECTIONS, 7), 0);
    ck_assert_int_eq(quota_take(q, QUOTA_FAREWELLS, 7), 0);
    ck_assert_int_eq(quota_take(q, QUOTA_FAREWELLS, 7), 0);
    ck_assert_int_eq(quota_take(q, QUOTA_FAREWELLS, 7), QUOTA_OVER);
    ck_assert_uint_eq(quota_taken(q, QUOTA_CONNECTIONS, 7), 2);
}
END_TEST

START_TEST(counts_each_user_apart)
{
    _cleanup_(quota_freep) struct quota *q = make(1, 1, 1);

    for (uid_t uid = 0; uid < 1000; uid++)
        ck_assert_int_eq(quota_take(q, QUOTA_REQUESTS, uid * 65537), 0);
    ck_assert_uint_eq(quota_users(q), 1000);
    for (uid_t uid = 0; uid < 1000; uid++)
        ck_assert_int_eq(quota_take(q, QUOTA_REQUESTS, uid * 65537), QUOTA_OVER);
    ck_assert_int_eq(quota_take(q, QUOTA_CONNECTIONS, 65537), 0);
    for (uid_t uid = 0; uid < 1000; uid++)
        quota_give_back(q, QUOTA_REQUESTS, uid * 65537);
    ck_assert_uint_eq(quota_users(q), 1);
    ck_assert_uint_eq(quota_taken(q, QUOTA_CONNECTIONS, 65537), 1);
    ck_assert_uint_eq(quota_taken(q, QUOTA_REQUESTS, 65537), 0);
}
END_TEST

START_TEST(keeps_nobody_who_has_nothing)
{
    _cleanup_(quota_freep) struct quota *q = make(0, 0, 1);

    for (unsigned i = 0; i < 5000; i++)
        ck_assert_int_eq(quota_take(q, QUOTA_CONNECTIONS, 42), 0);
    ck_assert_uint_eq(quota_users(q), 1);
    ck_assert_uint_eq(quota_refused(q, QUOTA_CONNECTIONS), 0);
    for (unsigned i = 0; i < 5000; i++)
        quota_give_back(q, QUOTA_CONNECTIONS, 42);
    ck_assert_uint_eq(quota_users(q), 0);

    /* What was never taken cannot be given back. */
    quota_give_back(q, QUOTA_CONNECTIONS, 42);
    ck_assert_int_eq(quota_take(q, QUOTA_WAITING, 42), 0);
    quota_give_back(q, QUOTA_REQUESTS, 42);
    ck_assert_uint_eq(quota_taken(q, QUOTA_REQUESTS, 42), 0);
    ck_assert_uint_eq(quota_taken(q, QUOTA_WAITING, 42), 1);
}
END_TEST

START_TEST(takes_other_limits_while_it_counts)
{
    _cleanup_(quota_freep) struct quota *q = make(3, 0, 0);

    for (unsigned i = 0; i < 3; i++)
        ck_assert_int_eq(quota_take(q, QUOTA_CONNECTIONS, 1), 0);
    quota_set_limits(q, &(struct quota_limits){{[QUOTA_CONNECTIONS] = 1}});
    ck_assert_uint_eq(quota_limit(q, QUOTA_CONNECTIONS), 1);
    ck_assert_uint_eq(quota_limit(q, QUOTA_FAREWELLS), 1);
    ck_assert_uint_eq(quota_taken(q, QUOTA_CONNECTIONS, 1), 3);
    for (unsigned i = 0; i < 3; i++) {
        ck_assert_int_eq(quota_take(q, QUOTA_CONNECTIONS, 1), QUOTA_OVER);
        quota_give_back(q, QUOTA_CONNECTIONS, 1);
    }
    ck_assert_int_eq(quota_take(q, QUOTA_CONNECTIONS, 1), 0);
}
END_TEST

START_TEST(bears_the_names_of_the_configuration)
{
    for (enum quota_kind kind = 0; kind < QUOTA_LIMITS; kind++) {
        enum config_key_id id = config_key_find(quota_key(kind), true);

        ck_assert_int_ne(id, _KEY_MAX);
        ck_assert_uint_eq(config_keys[id].offset, offsetof(struct config, quotas.most[kind]));
        ck_assert_ptr_nonnull(quota_noun(kind));
    }
}
END_TEST

Suite *make_suite(void)
{
    Suite *s = suite_create("quota");
    TCase *t = tcase_create("quota");

    tcase_add_test(t, grants_as_many_as_there_may_be);
    tcase_add_test(t, has_as_many_farewells_as_connections);
    tcase_add_test(t, counts_each_user_apart);
    tcase_add_test(t, keeps_nobody_who_has_nothing);
    tcase_add_test(t, takes_other_limits_while_it_counts);
    tcase_add_test(t, bears_the_names_of_the_configuration);
    suite_add_tcase(s, t);
    return s;
}
