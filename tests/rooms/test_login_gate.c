/* SPDX-License-Identifier: MIT */
/* The suite of the gate before the identity services: no login, no network. */
#include "login_gate.h"
#include "suite.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define A "https://a.example.org/v3"
#define B "https://b.example.org/v3"
#define MANY 20000

static sd_event *event;
static struct later_queue *queue;
static struct login_gate *gate;

static struct login_pass *admitted[16]; /* in their order */
static size_t n_admitted;

static void setup(void)
{
    ck_assert_int_ge(sd_event_new(&event), 0);
    ck_assert_int_ge(later_queue_new(event, &queue), 0);
    ck_assert_int_eq(login_gate_new(queue, 2, &gate), 0);
    n_admitted = 0;
}

static void teardown(void)
{
    login_gate_free(gate);
    later_queue_free(queue);
    sd_event_unref(event);
}

static void admit(struct login_pass *p)
{
    ck_assert(p->is_through);
    admitted[n_admitted++] = p;
}

/* Has the loop do all that is to be done. */
static void settle(void)
{
    while (sd_event_run(event, 0) > 0)
        continue;
}

static void enter(struct login_pass *p, const char *endpoint, int wanted)
{
    *p = (struct login_pass){.admit = admit};
    ck_assert_int_eq(login_gate_enter(gate, endpoint, p), wanted);
}

static void leave_all(struct login_pass *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        login_gate_leave(&p[i]);
    settle();
}

START_TEST(lets_so_many_through_and_the_others_in_their_order)
{
    struct login_pass p[5];

    for (size_t i = 0; i < ARRAY_SIZE(p); i++)
        enter(&p[i], A, i < 2);
    settle();
    ck_assert_uint_eq(n_admitted, 0);
    login_gate_leave(&p[1]);
    ck_assert_uint_eq(n_admitted, 0); /* in the loop's own time */
    settle();
    ck_assert_uint_eq(n_admitted, 1);
    ck_assert_ptr_eq(admitted[0], &p[2]);
    login_gate_leave(&p[0]);
    login_gate_leave(&p[2]);
    settle();
    ck_assert_uint_eq(n_admitted, 3);
    ck_assert_ptr_eq(admitted[1], &p[3]);
    ck_assert_ptr_eq(admitted[2], &p[4]);
    leave_all(p, ARRAY_SIZE(p));
}
END_TEST

/* Who has left twice, or before its turn, has taken nobody's place. */
START_TEST(forgets_who_leaves)
{
    struct login_pass p[5];

    for (size_t i = 0; i < ARRAY_SIZE(p); i++)
        enter(&p[i], A, i < 2);
    login_gate_leave(&p[2]);
    login_gate_leave(&p[2]);
    settle();
    ck_assert_uint_eq(n_admitted, 0);
    login_gate_leave(&p[0]);
    login_gate_leave(&p[3]); /* its turn has come, but not to it */
    settle();
    ck_assert_uint_eq(n_admitted, 1);
    ck_assert_ptr_eq(admitted[0], &p[4]);
    leave_all(p, ARRAY_SIZE(p));
    ck_assert_uint_eq(n_admitted, 1);
}
END_TEST

START_TEST(has_a_queue_for_each_service)
{
    struct login_pass a[3], b[3];

    for (size_t i = 0; i < ARRAY_SIZE(a); i++)
        enter(&a[i], A, i < 2);
    for (size_t i = 0; i < ARRAY_SIZE(b); i++)
        enter(&b[i], B, i < 2);
    leave_all(b, 2);
    ck_assert_uint_eq(n_admitted, 1);
    ck_assert_ptr_eq(admitted[0], &b[2]);
    leave_all(a, ARRAY_SIZE(a));
    leave_all(b, ARRAY_SIZE(b));
}
END_TEST

static const struct {
    const char *one, *other;
    bool same;
} services[] = {
    {A, "https://A.Example.ORG", true},
    {A, "HTTPS://a.example.org:443/v2.0?x", true},
    {A, "https://a.example.org:5000/v3", false},
    {A, "http://a.example.org/v3", false},
    {A, B, false},
    {A, NULL, false},
    {NULL, NULL, true},
    {"http://h", "http://h:80/", true},
    {"http://h:443", "http://h", false},
    {"http://[::1]:5000/a", "http://[::1]:5000/b", true},
    {"http://[::1]:5000/a", "http://[::2]:5000/a", false},
};

START_TEST(tells_services_by_scheme_host_and_port)
{
    struct login_pass p[3];

    enter(&p[0], services[_i].one, 1);
    enter(&p[1], services[_i].one, 1);
    enter(&p[2], services[_i].other, services[_i].same ? 0 : 1);
    leave_all(p, ARRAY_SIZE(p));
}
END_TEST

START_TEST(has_those_first_for_whom_somebody_waits)
{
    struct login_pass p[6];

    for (size_t i = 0; i < ARRAY_SIZE(p); i++)
        enter(&p[i], A, i < 2);
    login_gate_hurry(&p[0]); /* is through */
    login_gate_hurry(&p[5]);
    login_gate_hurry(&p[4]);
    login_gate_hurry(&p[5]);
    leave_all(p, 2);
    ck_assert_uint_eq(n_admitted, 2);
    ck_assert_ptr_eq(admitted[0], &p[5]);
    ck_assert_ptr_eq(admitted[1], &p[4]);
    leave_all(&p[4], 2);
    ck_assert_ptr_eq(admitted[2], &p[2]);
    leave_all(p, ARRAY_SIZE(p));
    login_gate_hurry(&p[0]); /* is nowhere */
}
END_TEST

START_TEST(takes_another_limit_over)
{
    struct login_pass p[6];

    for (size_t i = 0; i < ARRAY_SIZE(p); i++)
        enter(&p[i], i % 2 ? A : B, i < 4);
    login_gate_set_limit(gate, 1);
    leave_all(p, 2);
    ck_assert_uint_eq(n_admitted, 0);
    login_gate_set_limit(gate, 2);
    settle();
    ck_assert_uint_eq(n_admitted, 2);
    leave_all(p, ARRAY_SIZE(p));
}
END_TEST

static size_t n_failed;

static void fail_at_once(struct login_pass *p)
{
    n_failed++;
    login_gate_leave(p);
    free(p);
}

/* A login that fails as it begins makes room for the next one, which does the same: that is no call within
 * a call, and the service is gone with the last. */
START_TEST(bears_a_queue_of_failures)
{
    struct login_pass first[2];

    enter(&first[0], A, 1);
    enter(&first[1], A, 1);
    for (size_t i = 0; i < MANY; i++) {
        struct login_pass *p = calloc(1, sizeof(*p));

        ck_assert_ptr_nonnull(p);
        p->admit = fail_at_once;
        ck_assert_int_eq(login_gate_enter(gate, A, p), 0);
    }
    login_gate_leave(&first[0]);
    settle();
    ck_assert_uint_eq(n_failed, MANY);
    login_gate_leave(&first[1]);
}
END_TEST

Suite *make_suite(void)
{
    Suite *s = suite_create("login_gate");
    TCase *t = tcase_create("gate");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, lets_so_many_through_and_the_others_in_their_order);
    tcase_add_test(t, forgets_who_leaves);
    tcase_add_test(t, has_a_queue_for_each_service);
    tcase_add_loop_test(t, tells_services_by_scheme_host_and_port, 0, (int)ARRAY_SIZE(services));
    tcase_add_test(t, has_those_first_for_whom_somebody_waits);
    tcase_add_test(t, takes_another_limit_over);
    tcase_add_test(t, bears_a_queue_of_failures);
    suite_add_tcase(s, t);
    return s;
}
