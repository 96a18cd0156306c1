/* SPDX-License-Identifier: MIT */
/* The suite of the room that takes request targets apart. */
#include "suite.h"
#include "target.h"

#include "cleanup.h"

#include <errno.h>

static const struct {
    const char *raw;
    const char *segments[TARGET_SEGMENTS];
    const char *rest;
    const char *query;
} targets[] = {
    {"/", {""}, "", NULL},
    {"/v1", {"v1"}, "", NULL},
    {"/v1?x=1", {"v1"}, "?x=1", "x=1"},
    {"/v1/c/token", {"v1", "c", "token"}, "", NULL},
    {"/v1/c/token?min_ttl=3", {"v1", "c", "token"}, "?min_ttl=3", "min_ttl=3"},
    {"/v1/c/proxy/s", {"v1", "c", "proxy", "s"}, "", NULL},
    {"/v1/c/proxy/s/", {"v1", "c", "proxy", "s"}, "/", NULL},
    {"/v1/c/proxy/s?q", {"v1", "c", "proxy", "s"}, "?q", "q"},
    {"/v1/c/proxy/rax%3Adns%40DFW/a%2Fb//c?d=%20",
     {"v1", "c", "proxy", "rax:dns@DFW"},
     "/a%2Fb//c?d=%20",
     "d=%20"},
    {"/v1/c/proxy/s/broken%zz", {"v1", "c", "proxy", "s"}, "/broken%zz", NULL},
    {"//", {"", ""}, "", NULL},
    {"http://host/v1?x=1", {"v1"}, "?x=1", "x=1"},
    {"HTTP://host:80/v1/c/proxy/s//a?http://b/",
     {"v1", "c", "proxy", "s"},
     "//a?http://b/",
     "http://b/"},
    {"/v1/c/proxy/s/\xc3\xa9", {"v1", "c", "proxy", "s"}, "/\xc3\xa9", NULL},
};

START_TEST(is_taken_apart)
{
    _cleanup_(freep) char *raw = strdup(targets[_i].raw);
    struct target t;

    ck_assert_int_eq(target_parse(raw, &t), 0);
    for (size_t i = 0; i < TARGET_SEGMENTS; i++)
        ck_assert_pstr_eq(t.segments[i], targets[_i].segments[i]);
    ck_assert_str_eq(t.rest, targets[_i].rest);
    ck_assert_pstr_eq(t.query, targets[_i].query);
}
END_TEST

static const char *const no_targets[] = {"",
                                         "v1",
                                         "*",
                                         "http://host",
                                         "http://host?/v1",
                                         "https://host/v1",
                                         "/v1/%",
                                         "/v1/%2",
                                         "/v1/%zz",
                                         "/v1/a%00b",
                                         "/v1/c/proxy/s/a b",
                                         "/v1/c/proxy/s/a\tb",
                                         "/v1/c/proxy/s?a\x7f"};

START_TEST(is_refused_when_it_is_no_path)
{
    _cleanup_(freep) char *raw = strdup(no_targets[_i]);
    struct target t = {.rest = "untouched"};

    ck_assert_int_eq(target_parse(raw, &t), -EINVAL);
    ck_assert_str_eq(t.rest, "untouched");
}
END_TEST

static const struct {
    const char *query;
    int result;
    const char *value;
} queries[] = {
    {NULL, 0, NULL},
    {"", 0, NULL},
    {"region=DFW", 1, "DFW"},
    {"a=1&region=DFW", 1, "DFW"},
    {"regional=1", 0, NULL},
    {"region", 1, ""},
    {"region=", 1, ""},
    {"region=a+b%2B", 1, "a b+"},
    {"region=%zz", -EINVAL, NULL},
    {"region=a&region=b", -EINVAL, NULL},
    {"&&region=x&&", 1, "x"},
    {"region=a=b", 1, "a=b"},
};

START_TEST(gives_a_parameter)
{
    _cleanup_(freep) char *value = NULL;

    ck_assert_int_eq(query_get(queries[_i].query, "region", &value), queries[_i].result);
    ck_assert_pstr_eq(value, queries[_i].value);
}
END_TEST

static const struct {
    const char *query;
    int result;
    uint64_t value;
} numbers[] = {
    {"n=0", 1, 0},
    {"n=42", 1, 42},
    {"n=18446744073709551615", 1, UINT64_MAX},
    {"n=18446744073709551616", -EINVAL, 7},
    {"n=-1", -EINVAL, 7},
    {"n=+1", -EINVAL, 7},
    {"n=", -EINVAL, 7},
    {"n=1s", -EINVAL, 7},
    {"n= 1", -EINVAL, 7},
    {"m=1", 0, 7},
};

START_TEST(gives_a_number)
{
    uint64_t value = 7;

    ck_assert_int_eq(query_get_number(numbers[_i].query, "n", &value), numbers[_i].result);
    ck_assert_uint_eq(value, numbers[_i].value);
}
END_TEST

static const char *const escapes[] = {
    "/..",
    "/../x",
    "/a/../..",
    "/a/../../x",
    "/%2e%2e",
    "/%2E%2e/x",
    "/.%2e/x",
    "/%2e./x",
    "/..%2fx",
    "/a%2f..%2f..%2fx",
    "/a/%2e%2e%2f%2e%2e",
    "//..",
    "/a//../..",
    "/a/./../..",
    "/..\\x",
    "/a\\..\\..\\x",
    "/%5c..%5c..",
    "/..#x",
    "/..%00",
    "/..;x/y",
    "/..;/",
    "/a/..;v=1/..;/x",
    "/.;x/..",
    "/a/../..?q",
    "/;/..",
    /* what is no separator to that server makes one name out of two */
    "/a%2fb/../..",
    "/a\\b/../..",
    "/a%5Cb/../../x",
    "/a%2f../..",
    "/a%2fb\\c/../../..",
};

START_TEST(knows_a_way_out)
{
    ck_assert_msg(path_escapes(escapes[_i]), "%s", escapes[_i]);
}
END_TEST

static const char *const harmless[] = {
    "",        "/",    "/a",       "/a/..",     "/a/../b",      "/a/./b",        "/...",
    "/..a",    "/a..", "/a../..b", "/.hidden",  "/%2e%2e%2e/x", "/%252e%252e/x", "/a?x=/../..",
    "?/../..", "/a%",  "/a%2",     "/%zz/..%2", "/a/b/../../c", "/%2e",          "/a;x=../b",
};

START_TEST(lets_the_rest_pass)
{
    ck_assert_msg(!path_escapes(harmless[_i]), "%s", harmless[_i]);
}
END_TEST

static const struct {
    const char *segment;
    const char *service, *region, *interface;
} addresses[] = {
    {"object-store", "object-store", NULL, NULL},
    {"object-store@DFW", "object-store", "DFW", NULL},
    {"object-store@DFW:internal", "object-store", "DFW", "internal"},
    {"object-store:internal", "object-store", NULL, "internal"},
    {"rax:dns", "rax:dns", NULL, NULL},
    {"rax:dns:public", "rax:dns", NULL, "public"},
    {"rax:load-balancer@ORD:publicURL", "rax:load-balancer", "ORD", "publicURL"},
    {"rax:load-balancer@ORD:other", "rax:load-balancer", "ORD", "other"},
    {"a@b@c", "a@b", "c", NULL},
};

START_TEST(reads_an_address)
{
    struct proxy_address a;

    ck_assert_int_eq(proxy_address_parse(addresses[_i].segment, &a), 0);
    ck_assert_str_eq(a.service, addresses[_i].service);
    ck_assert_pstr_eq(a.region, addresses[_i].region);
    ck_assert_pstr_eq(a.interface, addresses[_i].interface);
    proxy_address_done(&a);
}
END_TEST

static const char *const no_addresses[] = {"", "@DFW", "a@", "a@DFW:", "@", ":public", "a@:public"};

START_TEST(refuses_half_an_address)
{
    struct proxy_address a;

    ck_assert_int_eq(proxy_address_parse(no_addresses[_i], &a), -EINVAL);
}
END_TEST

Suite *make_suite(void)
{
    Suite *s = suite_create("target");
    TCase *t = tcase_create("pure");

    tcase_add_loop_test(t, is_taken_apart, 0, (int)ARRAY_SIZE(targets));
    tcase_add_loop_test(t, is_refused_when_it_is_no_path, 0, (int)ARRAY_SIZE(no_targets));
    tcase_add_loop_test(t, gives_a_parameter, 0, (int)ARRAY_SIZE(queries));
    tcase_add_loop_test(t, gives_a_number, 0, (int)ARRAY_SIZE(numbers));
    tcase_add_loop_test(t, knows_a_way_out, 0, (int)ARRAY_SIZE(escapes));
    tcase_add_loop_test(t, lets_the_rest_pass, 0, (int)ARRAY_SIZE(harmless));
    tcase_add_loop_test(t, reads_an_address, 0, (int)ARRAY_SIZE(addresses));
    tcase_add_loop_test(t, refuses_half_an_address, 0, (int)ARRAY_SIZE(no_addresses));
    suite_add_tcase(s, t);
    return s;
}
