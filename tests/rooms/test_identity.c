/* SPDX-License-Identifier: MIT */
/* The suite of the room that knows the identity providers and whose clock counts. */
#include "identity.h"
#include "suite.h"

#include "secret.h"

#include <errno.h>
#include <jansson.h>

#define DATE 1700000000
#define SECOND (DATE * USEC_PER_SEC)
#define TWO_HOURS (7200 * USEC_PER_SEC)

START_TEST(has_a_table_of_providers)
{
    size_t n = 0;

    for (; identity_table[n].type; n++) {
        ck_assert_ptr_nonnull(identity_table[n].provider);
        if (identity_table[n].provider->make_session)
            continue;
        ck_assert_ptr_nonnull(identity_table[n].provider->encode_login);
        ck_assert_ptr_nonnull(identity_table[n].provider->decode_login);
    }
    ck_assert_uint_ge(n, 3);
    ck_assert_str_eq(identity_table[0].type, "rackspace");
    ck_assert_ptr_eq(identity_table[0].provider, &identity_rackspace);
}
END_TEST

START_TEST(makes_requests)
{
    _cleanup_(identity_request_freep) struct identity_request *r =
        identity_request_new("GET", "http://host/v3", "/auth");

    ck_assert_str_eq(r->method, "GET");
    ck_assert_str_eq(r->url, "http://host/v3/auth");
    ck_assert_int_eq(identity_request_add_header(r, "A", "b c"), 0);
    ck_assert_int_eq(identity_request_add_header(r, "D", "e\r\nF: g"), -EBADMSG);
    ck_assert_int_eq(identity_request_add_header(r, "H", "i\x7f"), -EBADMSG);
    ck_assert_int_eq(identity_request_add_header(r, "J", ""), 0);
    ck_assert_str_eq(r->headers[0].name, "A");
    ck_assert_str_eq(r->headers[0].value, "b c");
    ck_assert_str_eq(r->headers[1].name, "J");
    ck_assert_str_eq(r->headers[1].value, "");
    ck_assert_ptr_null(r->headers[2].name);
    r->body = secret_strdup("body");
    identity_request_free(NULL);
}
END_TEST

static const struct {
    const char *what;
    time_t date;
    usec_t realtime, expected;
} clocks[] = {
    {"right", DATE, SECOND + 345678, SECOND + 345678},
    {"right, at the second's start", DATE, SECOND, SECOND},
    {"right, at the second's end", DATE, SECOND + 999999, SECOND + 999999},
    {"the answer took a while", DATE, SECOND + USEC_PER_SEC + 20000, SECOND + USEC_PER_SEC},
    {"a second slow", DATE, SECOND - 1, SECOND + USEC_PER_SEC},
    {"two hours fast", DATE, SECOND + TWO_HOURS + 345678, SECOND + USEC_PER_SEC},
    {"two hours slow", DATE, SECOND - TWO_HOURS + 345678, SECOND + USEC_PER_SEC},
    {"at the epoch", DATE, 0, SECOND + USEC_PER_SEC},
    {"no Date", 0, SECOND + 345678, SECOND + 345678},
    {"a Date before the epoch", -1, SECOND + 345678, SECOND + 345678},
};

START_TEST(trusts_the_services_clock)
{
    const struct identity_answer answer = {
        .date = clocks[_i].date,
        .received_realtime = clocks[_i].realtime,
        .received_boottime = 17,
    };

    ck_assert_msg(identity_now(&answer) == clocks[_i].expected, "%s: %ju", clocks[_i].what,
                  (uintmax_t)identity_now(&answer));
}
END_TEST

START_TEST(gives_jansson_secret_memory)
{
    json_malloc_t allocate;
    json_free_t release;

    identity_init();
    json_get_alloc_funcs(&allocate, &release);
    ck_assert(allocate == secret_malloc);
    ck_assert(release == secret_free);
}
END_TEST

Suite *make_suite(void)
{
    Suite *s = suite_create("identity");
    TCase *t = tcase_create("room");

    tcase_add_test(t, has_a_table_of_providers);
    tcase_add_test(t, makes_requests);
    tcase_add_loop_test(t, trusts_the_services_clock, 0, (int)ARRAY_SIZE(clocks));
    tcase_add_test(t, gives_jansson_secret_memory);
    suite_add_tcase(s, t);
    return s;
}
