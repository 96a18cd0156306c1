/* SPDX-License-Identifier: MIT */
/* The library's pure parts: targets, JSON, heads, errors, credentials. */
#include "credential.h"
#include "decode.h"
#include "error.h"
#include "head.h"
#include "suite.h"
#include "target.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <string.h>

/* ---- buffer and target ----------------------------------------------------------------------- */

START_TEST(buffer_has_a_limit_and_remembers_it)
{
    static const char block[1024 * 1024];
    struct buffer buffer = {};

    for (int i = 0; i < 16; i++)
        ck_assert_int_eq(buffer_append(&buffer, block, sizeof(block)), 0);
    ck_assert_int_eq(buffer_append_string(&buffer, "x"), -EMSGSIZE);
    ck_assert_int_eq(buffer_append_string(&buffer, ""), -EMSGSIZE);
    ck_assert_uint_eq(buffer.size, BUFFER_LIMIT);
    buffer_done(&buffer);
    ck_assert_int_eq(buffer.error, 0);
}
END_TEST

static const struct {
    const char *cloud, *resource, *service, *region, *expected;
} resources[] = {
    {NULL, "token", NULL, NULL, "/v1/default/token"},
    {"rack space/é", "token", NULL, NULL, "/v1/rack%20space%2F%C3%A9/token"},
    {"a", "endpoint", "rax:dns", "DFW", "/v1/a/endpoint?service=rax%3Adns&region=DFW"},
    {"a", "endpoint", NULL, "D&F=?#+", "/v1/a/endpoint?region=D%26F%3D%3F%23%2B"},
};

START_TEST(target_names_a_resource)
{
    struct target_query queries[] = {{"service", resources[_i].service},
                                     {"region", resources[_i].region}};
    _cleanup_(freep) char *target = NULL;

    ck_assert_int_eq(
        target_resource(resources[_i].cloud, resources[_i].resource, queries, 2, &target), 0);
    ck_assert_str_eq(target, resources[_i].expected);
}
END_TEST

static const struct {
    const char *cloud, *service, *region, *interface, *path, *expected;
} proxies[] = {
    {NULL, "swift", NULL, NULL, "c/o", "/v1/default/proxy/swift/c/o"},
    {NULL, "swift", NULL, NULL, "/c/o", "/v1/default/proxy/swift/c/o"},
    {NULL, "swift", NULL, NULL, "//c/o", "/v1/default/proxy/swift//c/o"},
    {NULL, "swift", NULL, NULL, "", "/v1/default/proxy/swift/"},
    {NULL, "swift", NULL, NULL, "?format=json", "/v1/default/proxy/swift/?format=json"},
    {"a b", "rax:dns", "DFW", "internal", "x", "/v1/a%20b/proxy/rax:dns@DFW:internal/x"},
    {"a", "x/y@z", "R/S", "i:j", "p", "/v1/a/proxy/x%2Fy%40z@R%2FS:i%3Aj/p"},
    {"a", "x", NULL, "internal", "%2e%2E/%zz/../\xff#",
     "/v1/a/proxy/x:internal/%2e%2E/%zz/../\xff#"},
    {NULL, "", NULL, NULL, "x", NULL},
    {NULL, "x", NULL, NULL, "a b", NULL},
    {NULL, "x", NULL, NULL, "a\r\nX-Evil: 1", NULL},
    {NULL, "x", NULL, NULL, "a\x7f", NULL},
};

START_TEST(target_keeps_the_path)
{
    _cleanup_(freep) char *target = NULL;
    int r = target_proxy(proxies[_i].cloud, proxies[_i].service, proxies[_i].region,
                         proxies[_i].interface, proxies[_i].path, &target);

    ck_assert_int_eq(r, proxies[_i].expected ? 0 : -EINVAL);
    ck_assert_pstr_eq(target, proxies[_i].expected);
}
END_TEST

/* ---- decode ---------------------------------------------------------------------------------- */

static struct document *parse(const char *text, int expected)
{
    struct document *document = NULL;
    struct buffer buffer = {};

    buffer_append_string(&buffer, text);
    ck_assert_int_eq(document_new(&buffer, &document), expected);
    if (expected < 0) {
        ck_assert_ptr_null(document);
        ck_assert_str_eq(buffer.data, text);
    } else {
        ck_assert_ptr_null(buffer.data);
    }
    buffer_done(&buffer);
    return document;
}

START_TEST(document_is_an_object)
{
    static const char *const others[] = {
        "", "[]", "null", "{", "{} {}", "{'a'}", "{\"a\":\"\xff\"}", "{\"a\":\"\\u0000\"}"};

    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        ck_assert_ptr_null(parse(others[i], -EPROTO));
    document_free(parse("{}", 0));
    document_free(NULL);
}
END_TEST

static unsigned allocations_left;

static void *allocate(size_t size)
{
    return allocations_left > 0 && allocations_left-- ? malloc(size) : NULL;
}

/* Where jansson takes the end of the memory for one of the text, nobody can tell. */
START_TEST(document_needs_memory)
{
    static const char text[] = "{\"a\":[1,\"two\",{\"b\":1.5,\"c\":\"\\u00e9\"}]}";
    struct document *document = NULL;
    struct buffer buffer = {};
    unsigned told = 0, taken = 0;

    buffer_append_string(&buffer, text);
    json_set_alloc_funcs(allocate, free);
    for (unsigned n = 0; !document && n < 1000; n++) {
        int r;

        allocations_left = n;
        r = document_new(&buffer, &document);
        told += r == -ENOMEM;
        taken += r == -EPROTO;
    }
    ck_assert_ptr_nonnull(document);
    ck_assert_uint_gt(told, taken);
    document_free(document);
}
END_TEST

START_TEST(nodes_are_forgiving)
{
    _cleanup_(document_freep) struct document *document =
        parse("{\"s\":\"text\",\"i\":42,\"f\":1.5,\"t\":true,\"n\":null,\"o\":{\"x\":\"y\"},"
              "\"a\":[\"one\",2]}",
              0);
    const node *root = document_root(document);
    const node *array = node_member(root, "a");

    ck_assert_str_eq(node_string(root, "s"), "text");
    ck_assert_ptr_null(node_string(root, "i"));
    ck_assert_ptr_null(node_string(root, "n"));
    ck_assert_ptr_null(node_string(root, "missing"));
    ck_assert_ptr_null(node_string(NULL, "s"));
    ck_assert_ptr_null(node_string(array, "s"));
    ck_assert_int_eq(node_integer(root, "i", -1), 42);
    ck_assert_int_eq(node_integer(root, "f", -1), -1);
    ck_assert_int_eq(node_integer(NULL, "i", 7), 7);
    ck_assert(node_flag(root, "t"));
    ck_assert(!node_flag(root, "i"));
    ck_assert_str_eq(node_string(node_member(root, "o"), "x"), "y");
    ck_assert(node_is_array(array));
    ck_assert(!node_is_array(root));
    ck_assert(!node_is_array(NULL));
    ck_assert_uint_eq(node_count(array), 2);
    ck_assert_uint_eq(node_count(root), 0);
    ck_assert_str_eq(node_string_at(array, 0), "one");
    ck_assert_ptr_null(node_string_at(array, 1));
    ck_assert_ptr_null(node_at(array, 2));
}
END_TEST

static const struct {
    const char *text;
    int result;
    const char *secret, *rest;
} cuts[] = {
    {"{\"token\":\"abc\",\"x\":1}", 0, "abc", "{\"token\":\"   \",\"x\":1}"},
    {"{ \"x\" : [\"token\", {\"token\":\"no\"}] , \"token\" :\n \"abc\" }", 0, "abc",
     "{ \"x\" : [\"token\", {\"token\":\"no\"}] , \"token\" :\n \"   \" }"},
    {"{\"a\":\"\\\"token\\\":\\\"\",\"token\":\"t\"}", 0, "t",
     "{\"a\":\"\\\"token\\\":\\\"\",\"token\":\" \"}"},
    {"{\"a\":\"token\",\"token\":\"\"}", 0, "", "{\"a\":\"token\",\"token\":\"\"}"},
    {"{\"token\":\"a\\/b\"}", -EILSEQ, NULL, "{\"token\":\"a\\/b\"}"},
    {"{\"token\":1}", -EILSEQ, NULL, "{\"token\":1}"},
    {"{\"token\":\"abc", -EILSEQ, NULL, "{\"token\":\"abc"},
    {"{\"token\":\"abc\\", -EILSEQ, NULL, "{\"token\":\"abc\\"},
    {"{\"tokens\":\"abc\"}", -ENOENT, NULL, "{\"tokens\":\"abc\"}"},
    {"[\"token\"", -ENOENT, NULL, "[\"token\""},
    {"{\"token", -ENOENT, NULL, "{\"token"},
    {"", -ENOENT, NULL, ""},
};

START_TEST(secret_is_cut_out)
{
    _cleanup_(buffer_done) struct buffer text = {};
    _cleanup_(secret_freep) char *secret = NULL;

    buffer_append_string(&text, cuts[_i].text);
    ck_assert_int_eq(decode_cut_secret(&text, "token", &secret), cuts[_i].result);
    ck_assert_pstr_eq(secret, cuts[_i].secret);
    ck_assert_str_eq(text.data, cuts[_i].rest);
}
END_TEST

/* ---- head ------------------------------------------------------------------------------------ */

static int add(lk_head *head, const char *line)
{
    return head_add_line(head, line, strlen(line));
}

START_TEST(head_is_read)
{
    _cleanup_(head_done) lk_head head = {};

    ck_assert_int_eq(add(&head, "HTTP/1.1 100 Continue\r\n"), 0);
    ck_assert_int_eq(add(&head, "X-Gone: 1\r\n"), 0);
    ck_assert_int_eq(add(&head, "HTTP/1.1 404 Not Found\r\n"), 0);
    ck_assert_int_eq(add(&head, "WWW-Authenticate:Swift realm=\"a\"\r\n"), 0);
    ck_assert_int_eq(add(&head, "Www-Authenticate: \t Keystone  \r\n"), 0);
    ck_assert_int_eq(add(&head, "X-Empty:\r\n"), 0);
    ck_assert_int_eq(add(&head, "\r\n"), 0);
    ck_assert_uint_eq(lk_head_status(&head), 404);
    ck_assert_str_eq(lk_head_reason(&head), "Not Found");
    ck_assert_uint_eq(lk_head_count(&head), 3);
    ck_assert_str_eq(lk_head_name(&head, 1), "Www-Authenticate");
    ck_assert_str_eq(lk_head_value(&head, 1), "Keystone");
    ck_assert_str_eq(lk_head_header(&head, "www-AUTHENTICATE"), "Swift realm=\"a\"");
    ck_assert_str_eq(lk_head_header(&head, "x-empty"), "");
    ck_assert_ptr_null(lk_head_header(&head, "x-gone"));
    ck_assert_ptr_null(lk_head_name(&head, 3));
    ck_assert_ptr_null(lk_head_value(&head, 3));
}
END_TEST

START_TEST(head_without_a_reason)
{
    _cleanup_(head_done) lk_head head = {};

    ck_assert_str_eq(lk_head_reason(&head), "");
    ck_assert_int_eq(add(&head, "HTTP/1.1 204\r\n"), 0);
    ck_assert_uint_eq(lk_head_status(&head), 204);
    ck_assert_str_eq(lk_head_reason(&head), "");
}
END_TEST

START_TEST(head_refuses_nonsense)
{
    static const char *const lines[] = {"no colon",        ": no name",       " folded: x",
                                        "HTTP/1.1",        "HTTP/1.1 2x0 OK", "HTTP/1.1 20 OK",
                                        "HTTP/1.1 2000 x", "HTTP/1.1 200OK x"};
    _cleanup_(head_done) lk_head head = {};

    for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
        ck_assert_int_eq(add(&head, lines[i]), -EPROTO);
    ck_assert_int_eq(head_add_line(&head, "A: b\0c", 6), -EPROTO);
    ck_assert_uint_eq(lk_head_count(&head), 0);
}
END_TEST

/* ---- errors ---------------------------------------------------------------------------------- */

static const struct {
    const char *body;
    int result;
    const char *code, *message;
} problems[] = {
    {"{\"type\":\"about:blank\",\"title\":\"T\",\"status\":503,\"detail\":\"Do this.\","
     "\"code\":\"not-ready\"}",
     LK_NOT_READY, "not-ready", "Do this."},
    {"{\"title\":\"T\",\"code\":\"denied\"}", LK_DENIED, "denied", "T"},
    {"{\"code\":\"region-required\"}", LK_REGION_REQUIRED, "region-required",
     "the daemon answers 503 without saying why"},
    {"{\"detail\":\"New.\",\"code\":\"of-a-later-version\"}", LK_PROBLEM, "of-a-later-version",
     "New."},
    {"{\"detail\":\"D\",\"code\":404}", LK_PROBLEM, NULL, "D"},
    {"<html>", LK_PROBLEM, NULL, "the daemon answers 503 without saying why"},
    {"", LK_PROBLEM, NULL, "the daemon answers 503 without saying why"},
};

START_TEST(problem_becomes_a_status)
{
    _cleanup_(buffer_done) struct buffer body = {};
    _cleanup_(lk_error_freep) lk_error *error = NULL;

    buffer_append_string(&body, problems[_i].body);
    ck_assert_int_eq(error_problem(&error, 503, &body), problems[_i].result);
    ck_assert_int_eq(lk_error_result(error), problems[_i].result);
    ck_assert_uint_eq(lk_error_http_status(error), 503);
    ck_assert_pstr_eq(lk_error_code(error), problems[_i].code);
    ck_assert_str_eq(lk_error_message(error), problems[_i].message);
    ck_assert_int_eq(error_problem(NULL, 503, &body), problems[_i].result);
}
END_TEST

START_TEST(errno_becomes_an_error)
{
    _cleanup_(lk_error_freep) lk_error *error = NULL;

    ck_assert_int_eq(error_errno(NULL, -EPROTO, "x"), -EPROTO);
    ck_assert_int_eq(error_errno(&error, -ENOENT, "no %s", "daemon"), -ENOENT);
    ck_assert_int_eq(lk_error_result(error), -ENOENT);
    ck_assert_str_eq(lk_error_message(error), "no daemon");
    ck_assert_uint_eq(lk_error_http_status(error), 0);
    ck_assert_ptr_null(lk_error_code(error));
    ck_assert_ptr_null(lk_error_title(error));
    ck_assert_ptr_null(lk_error_detail(error));
}
END_TEST

START_TEST(no_error_says_nothing)
{
    lk_error_free(NULL);
    ck_assert_int_eq(lk_error_result(NULL), 0);
    ck_assert_uint_eq(lk_error_http_status(NULL), 0);
    ck_assert_ptr_null(lk_error_code(NULL));
    ck_assert_str_ne(lk_error_message(NULL), "");
}
END_TEST

START_TEST(every_status_has_a_text)
{
    for (int i = LK_OK; i <= LK_TOO_MANY; i++)
        ck_assert_str_ne(lk_status_text(i), "");
    ck_assert_str_eq(lk_status_text(LK_TOO_MANY + 1), lk_status_text(LK_PROBLEM));
    ck_assert_str_eq(lk_status_text(-ENOENT), "No such file or directory");
    ck_assert_str_ne(lk_status_text(-100000), "");
    ck_assert_str_ne(lk_status_text(INT_MIN), "");
}
END_TEST

START_TEST(problem_type_is_recognized)
{
    ck_assert(error_is_problem_type("application/problem+json"));
    ck_assert(error_is_problem_type("Application/Problem+JSON; charset=utf-8"));
    ck_assert(!error_is_problem_type("application/problem+json5"));
    ck_assert(!error_is_problem_type("application/json"));
    ck_assert(!error_is_problem_type(NULL));
}
END_TEST

/* ---- credentials ----------------------------------------------------------------------------- */

START_TEST(credential_is_encoded)
{
    _cleanup_(lk_credential_freep) lk_credential *credential = NULL;
    _cleanup_(buffer_done) struct buffer json = {};

    ck_assert_int_eq(lk_credential_new(&credential), 0);
    ck_assert_int_eq(lk_credential_set(credential, "username", "wrong"), 0);
    ck_assert_int_eq(lk_credential_set(credential, "api_key", "a\"b\\c\n\x1f/%é\xf0\x9f\x94\x91"),
                     0);
    ck_assert_int_eq(lk_credential_set(credential, "username", "joe"), 0);
    ck_assert_int_eq(credential_encode(credential, &json), 0);
    ck_assert_str_eq(json.data, "{\"username\":\"joe\",\"api_key\":"
                                "\"a\\\"b\\\\c\\u000a\\u001f/%é\xf0\x9f\x94\x91\"}");
    document_free(parse(json.data, 0));
}
END_TEST

START_TEST(credential_is_utf8)
{
    static const char *const others[] = {"\xff",
                                         "a\x80",
                                         "\xc3",
                                         "\xc0\xaf",
                                         "\xe0\x80\x80",
                                         "\xed\xa0\x80",
                                         "\xf0\x80\x80\x80",
                                         "\xf4\x90\x80\x80",
                                         "\xf5\x80\x80\x80",
                                         "\xe2\x82"};
    _cleanup_(lk_credential_freep) lk_credential *credential = NULL;

    ck_assert_int_eq(lk_credential_new(&credential), 0);
    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        ck_assert_int_eq(lk_credential_set(credential, "api_key", others[i]), -EINVAL);
    ck_assert_int_eq(lk_credential_set(credential, "", "x"), -EINVAL);
    ck_assert_int_eq(lk_credential_set(credential, "x", "\xed\x9f\xbf\xf4\x8f\xbf\xbf"), 0);
}
END_TEST

Suite *make_suite(void)
{
    Suite *suite = suite_create("pieces");
    TCase *tcase = tcase_create("pieces");

    tcase_add_test(tcase, buffer_has_a_limit_and_remembers_it);
    tcase_add_loop_test(tcase, target_names_a_resource, 0, (int)ARRAY_SIZE(resources));
    tcase_add_loop_test(tcase, target_keeps_the_path, 0, (int)ARRAY_SIZE(proxies));
    tcase_add_test(tcase, document_is_an_object);
    tcase_add_test(tcase, document_needs_memory);
    tcase_add_test(tcase, nodes_are_forgiving);
    tcase_add_loop_test(tcase, secret_is_cut_out, 0, (int)ARRAY_SIZE(cuts));
    tcase_add_test(tcase, head_is_read);
    tcase_add_test(tcase, head_without_a_reason);
    tcase_add_test(tcase, head_refuses_nonsense);
    tcase_add_loop_test(tcase, problem_becomes_a_status, 0, (int)ARRAY_SIZE(problems));
    tcase_add_test(tcase, errno_becomes_an_error);
    tcase_add_test(tcase, no_error_says_nothing);
    tcase_add_test(tcase, every_status_has_a_text);
    tcase_add_test(tcase, problem_type_is_recognized);
    tcase_add_test(tcase, credential_is_encoded);
    tcase_add_test(tcase, credential_is_utf8);
    suite_add_tcase(suite, tcase);
    return suite;
}
