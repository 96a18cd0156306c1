/* SPDX-License-Identifier: MIT */
/* The library's calls against a scripted peer: what they ask, and what they make of refusals. */
#include "cleanup.h"
#include "dialogue.h"
#include "peer.h"
#include "suite.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* ---- client ---------------------------------------------------------------------------------- */

static void expect_socket(const char *expected)
{
    ck_assert_int_eq(lk_client_new(NULL, &client), 0);
    ck_assert_str_eq(lk_client_socket(client), expected);
    lk_client_free(client);
}

START_TEST(finds_its_socket)
{
    char directory[] = "/tmp/latchkey-run-XXXXXX", folder[64], path[96];
    FILE *file;

    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(folder, sizeof(folder), "%s/latchkey", directory);
    snprintf(path, sizeof(path), "%s/latchkey.sock", folder);
    setenv("XDG_RUNTIME_DIR", directory, 1);

    setenv("LATCHKEY_SOCKET", "/somewhere/else", 1);
    expect_socket("/somewhere/else");
    setenv("LATCHKEY_SOCKET", "", 1);
    expect_socket("/run/latchkey/latchkey.sock");

    ck_assert_int_eq(mkdir(folder, 0700), 0);
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fclose(file);
    expect_socket(path);
    unlink(path);
    rmdir(folder);
    rmdir(directory);
}
END_TEST

START_TEST(refuses_what_cannot_be)
{
    lk_request *request = NULL;

    ck_assert_int_eq(lk_client_new("", &client), -EINVAL);
    ck_assert_ptr_null(client);
    ck_assert_int_eq(lk_client_new("/nonexistent", &client), 0);
    ck_assert_int_eq(lk_client_set_timeout(client, 0), -EINVAL);
    ck_assert_int_eq(lk_request_new(client, "", "x", "y", &request), -EINVAL);
    ck_assert_int_eq(lk_request_new(client, "GE T", "x", "y", &request), -EINVAL);
    ck_assert_int_eq(lk_request_new(client, "GET", "", "y", &request), -EINVAL);
    ck_assert_int_eq(lk_request_new(client, "GET", "x", "y z", &request), -EINVAL);
    ck_assert_ptr_null(request);

    ck_assert_int_eq(lk_request_new(client, "GET", "x", "y", &request), 0);
    ck_assert_int_eq(lk_request_add_header(request, "host", "x"), -EINVAL);
    ck_assert_int_eq(lk_request_add_header(request, "Content-Length", "1"), -EINVAL);
    ck_assert_int_eq(lk_request_add_header(request, "A b", "x"), -EINVAL);
    ck_assert_int_eq(lk_request_add_header(request, "A", "x\r\nB: y"), -EINVAL);
    ck_assert_int_eq(lk_request_add_header(request, "A", "\033[31m"), -EINVAL);
    ck_assert_int_eq(lk_request_add_header(request, "A", "x\x7f"), -EINVAL);
    ck_assert_int_eq(lk_request_add_header(request, "A", "x\ty \xc3\xa9"), 0);
    ck_assert_int_eq(lk_request_set_silence(request, 0), -EINVAL);
    lk_request_free(request);
    lk_client_free(client);
}
END_TEST

START_TEST(says_who_is_not_there)
{
    lk_error *error = NULL;

    ck_assert_int_eq(lk_client_new("/tmp/latchkey-no-such-socket", &client), 0);
    ck_assert_int_eq(lk_client_connect(client, &error), -ENOENT);
    ck_assert_str_eq(
        lk_error_message(error),
        "no daemon answers at /tmp/latchkey-no-such-socket: No such file or directory");
    lk_error_free(error);
    lk_client_free(client);
}
END_TEST

START_TEST(knows_its_daemon)
{
    lk_error *error = NULL;

    answer_json("{\"default\":\"a\",\"clouds\":[]}");
    answer("200 OK", "text/html", "<html>");
    answer("302 Found", "text/plain", "{}");
    dialogue_start();
    ck_assert_int_eq(lk_client_connect(client, &error), 0);
    ck_assert_ptr_null(error);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(lk_client_connect(client, &error), -EPROTO);
        ck_assert_int_eq(lk_error_result(error), -EPROTO);
        lk_error_free(error);
        error = NULL;
    }
    expect_line(0, "GET /v1");
    dialogue_finish();
}
END_TEST

START_TEST(takes_the_cloud_from_the_environment)
{
    lk_token *token = NULL;

    answer_problem("denied");
    answer_problem("denied");
    dialogue_start();
    lk_client_free(client);
    setenv("LATCHKEY_CLOUD", "b c", 1);
    ck_assert_int_eq(lk_client_new(peer_socket(), &client), 0);
    setenv("LATCHKEY_CLOUD", "d", 1);
    ck_assert_int_eq(lk_token_get(client, NULL, 0, &token, NULL), LK_DENIED);
    ck_assert_int_eq(lk_token_get(client, "e", 0, &token, NULL), LK_DENIED);
    ck_assert_ptr_null(token);
    expect_line(0, "GET /v1/b%20c/token");
    expect_line(1, "GET /v1/e/token");
    dialogue_finish();
}
END_TEST

/* ---- tokens and credentials ------------------------------------------------------------------ */

START_TEST(gets_tokens)
{
    static const char document[] = "{\"token\":\"secret\",\"expires\":\"2026-01-31T08:00:00Z\","
                                   "\"expires_in\":100,\"generation\":7}";
    lk_token *token = NULL;

    answer_json(document);
    answer_json("{\"token\":\"with\\/escape\",\"expires_in\":0,\"generation\":8}");
    dialogue_start();
    ck_assert_int_eq(lk_token_get(client, "a", 60, &token, NULL), 0);
    expect_line(0, "GET /v1/a/token?min_ttl=60");
    ck_assert_str_eq(lk_token_secret(token), "secret");
    ck_assert_str_eq(lk_token_expires(token), "2026-01-31T08:00:00Z");
    ck_assert_int_le(lk_token_expires_in(token), 100);
    ck_assert_int_ge(lk_token_expires_in(token), 90);
    ck_assert_uint_eq(lk_token_generation(token), 7);
    ck_assert_str_eq(lk_token_json(token), document);
    lk_token_free(token);

    ck_assert_int_eq(lk_token_get(client, "a", 0, &token, NULL), 0);
    expect_line(1, "GET /v1/a/token");
    ck_assert_str_eq(lk_token_secret(token), "with/escape");
    ck_assert_int_eq(lk_token_expires_in(token), 0);
    ck_assert_ptr_null(lk_token_expires(token));
    lk_token_free(token);
    lk_token_free(NULL);
    dialogue_finish();
}
END_TEST

static const char *const no_tokens[] = {
    "{}", "{\"token\":null}", "{\"token\":\"\"}", "{\"token\":\"x\"", "[\"token\"]", "",
};

START_TEST(refuses_what_is_no_token)
{
    lk_token *token = NULL;
    lk_error *error = NULL;

    answer_json(no_tokens[_i]);
    dialogue_start();
    ck_assert_int_eq(lk_token_get(client, NULL, 0, &token, &error), -EPROTO);
    ck_assert_ptr_null(token);
    ck_assert_int_eq(lk_error_result(error), -EPROTO);
    lk_error_free(error);
    dialogue_finish();
}
END_TEST

static const struct {
    const char *expires_in;
    int64_t least;
} lives[] = {
    {"9223372036854775807", INT64_MAX / 2},
    {"-1", 0},
    {"-9223372036854775808", 0},
    {"\"soon\"", 0},
};

START_TEST(believes_any_life)
{
    _cleanup_(freep) char *document = NULL;
    lk_token *token = NULL;

    ck_assert_int_ge(
        asprintf(&document, "{\"token\":\"x\",\"expires_in\":%s}", lives[_i].expires_in), 0);
    answer_json(document);
    dialogue_start();
    ck_assert_int_eq(lk_token_get(client, NULL, 0, &token, NULL), 0);
    ck_assert_int_ge(lk_token_expires_in(token), lives[_i].least);
    ck_assert(lives[_i].least > 0 || lk_token_expires_in(token) == 0);
    lk_token_free(token);
    dialogue_finish();
}
END_TEST

/* Each long poll has a connection of its own, so that libcurl cannot send it twice. */
START_TEST(waits_for_tokens)
{
    lk_token *token = NULL;
    lk_error *error = NULL;

    answer_json("{\"token\":\"x\",\"generation\":8}");
    answer_json("{\"token\":\"x\",\"generation\":8}");
    answer_json("{\"token\":\"x\",\"generation\":8}");
    hang_up();
    answer_problem("not-ready");
    answer_nothing();
    hang_up();
    answer_json("{\"token\":\"y\",\"generation\":1}");
    dialogue_start();
    ck_assert_int_eq(lk_token_wait(client, NULL, 7, 30, &token, &error), 0);
    ck_assert_uint_eq(lk_token_generation(token), 8);
    lk_token_free(token);
    token = NULL;
    expect_line(0, "GET /v1/default/token?after=0&timeout=0");
    ck_assert_int_eq(lk_token_wait(client, NULL, 8, 0, &token, &error), LK_NO_CHANGE);
    ck_assert_ptr_null(token);
    ck_assert_ptr_null(error);

    /* longer than one poll may be */
    ck_assert_int_eq(lk_token_wait(client, NULL, 8, 9999, &token, &error), LK_NOT_READY);
    expect_line(3, "GET /v1/default/token?after=8&timeout=60");
    ck_assert_str_eq(lk_error_message(error), "Do.");
    ck_assert_str_eq(lk_error_title(error), "T");
    ck_assert_str_eq(lk_error_detail(error), "Do.");
    ck_assert_uint_eq(lk_error_http_status(error), 503);
    lk_error_free(error);

    /* no token, perhaps of a daemon that counts anew: any token is a new one */
    ck_assert_int_eq(lk_token_wait(client, NULL, 8, 9999, &token, NULL), 0);
    ck_assert_uint_eq(lk_token_generation(token), 1);
    lk_token_free(token);
    expect_line(5, "GET /v1/default/token?after=0&timeout=60");
    dialogue_finish();
}
END_TEST

/* A daemon that stops answers at once that nothing has changed, one that dies with nothing. The next
 * one may have counted to the same number. */
START_TEST(waits_through_restarts)
{
    lk_token *token = NULL;
    lk_error *error = NULL;

    answer_json("{\"token\":\"x\",\"generation\":8}");
    hang_up();
    answer_nothing();
    answer_problem("stopping");
    answer_json("{\"token\":\"x\",\"generation\":8}");
    hang_up();
    answer_by_going_away();
    answer_json("{\"token\":\"y\",\"generation\":8}");
    dialogue_start();
    ck_assert_int_eq(lk_token_wait(client, NULL, 8, 9999, &token, &error), 0);
    ck_assert_str_eq(lk_token_secret(token), "y");
    ck_assert_ptr_null(error);
    lk_token_free(token);
    for (size_t i = 0; i < 6; i++)
        expect_line(i, i == 1 || i == 4 ? "GET /v1/default/token?after=8&timeout=60"
                                        : "GET /v1/default/token?after=0&timeout=0");
    dialogue_finish();
}
END_TEST

/* Nobody was there that could come back. */
START_TEST(waits_for_no_first_daemon)
{
    lk_token *token = NULL;

    ck_assert_int_eq(lk_client_new("/tmp/latchkey-no-such-socket", &client), 0);
    ck_assert_int_eq(lk_token_wait(client, NULL, 8, 9999, &token, NULL), -ENOENT);
    ck_assert_ptr_null(token);
    lk_client_free(client);
}
END_TEST

START_TEST(logs_in_and_out)
{
    lk_credential *credential = NULL;
    lk_identity *identity = NULL;

    answer_json("{\"state\":\"ready\",\"user\":{\"name\":\"joe\"}}");
    answer_json("{\"state\":\"ready\",\"user\":{\"name\":\"joe\"}}");
    answer_nothing();
    dialogue_start();
    ck_assert_int_eq(lk_credential_new(&credential), 0);
    ck_assert_int_eq(lk_credential_set(credential, "username", "joe"), 0);
    ck_assert_int_eq(lk_credential_set(credential, "api_key", "k\"ey"), 0);
    ck_assert_int_eq(lk_login(client, "a", credential, &identity, NULL), 0);
    expect_line(0, "PUT /v1/a/credential");
    ck_assert_ptr_nonnull(strstr(peer_request(0), "\r\nContent-Type: application/json\r\n"));
    ck_assert_ptr_nonnull(
        strstr(peer_request(0), "\r\n\r\n{\"username\":\"joe\",\"api_key\":\"k\\\"ey\"}"));
    ck_assert_str_eq(lk_identity_user_name(identity), "joe");
    lk_identity_free(identity);
    lk_credential_free(credential);

    ck_assert_int_eq(lk_refresh(client, "a", NULL, NULL), 0);
    expect_line(1, "POST /v1/a/refresh");
    ck_assert_int_eq(lk_logout(client, "a", NULL), 0);
    expect_line(2, "DELETE /v1/a/credential");
    dialogue_finish();
}
END_TEST

/* ---- requests ------------------------------------------------------------------------------ */

static int count_body(void *userdata, const void *data, size_t size)
{
    (void)data;
    *(size_t *)userdata += size;
    return 0;
}

START_TEST(signs_requests)
{
    static const char theirs[] = "{\"type\":\"about:blank\",\"code\":\"not-ready\"}";
    lk_request *request = NULL;
    lk_error *error = NULL;
    size_t size = 0;

    answer("404 Not Found", "text/plain", "no");
    answer("422 Unprocessable", "application/problem+json", theirs);
    answer_problem("upstream-unreachable");
    dialogue_start();
    ck_assert_int_eq(lk_request_new(client, "GET", "x", "/a%2Fb?c", &request), 0);
    ck_assert_int_eq(lk_request_set_cloud(request, "a"), 0);
    ck_assert_int_eq(lk_request_set_region(request, "DFW"), 0);
    ck_assert_int_eq(lk_request_set_interface(request, "internal"), 0);
    ck_assert_int_eq(lk_request_add_header(request, "X-A", " 1"), 0);
    ck_assert_int_eq(lk_request_add_header(request, "X-A", "2"), 0);
    ck_assert_int_eq(lk_request_add_header(request, "X-Empty", ""), 0);
    lk_request_on_body(request, count_body, &size);

    ck_assert_int_eq(lk_request_perform(request, &error), 0);
    ck_assert_uint_eq(lk_request_status(request), 404);
    ck_assert_uint_eq(size, 2);
    ck_assert_str_eq(peer_request(0), "GET /v1/a/proxy/x@DFW:internal/a%2Fb?c HTTP/1.1\r\n"
                                      "Host: localhost\r\nX-A: 1\r\nX-A: 2\r\nX-Empty:\r\n\r\n");

    ck_assert_int_eq(lk_request_perform(request, &error), 0);
    ck_assert_uint_eq(lk_request_status(request), 422);
    ck_assert_uint_eq(size, 2 + strlen(theirs));
    ck_assert_ptr_null(error);

    ck_assert_int_eq(lk_request_perform(request, &error), LK_UNREACHABLE);
    ck_assert_uint_eq(lk_request_status(request), 503);
    ck_assert_str_eq(lk_error_code(error), "upstream-unreachable");
    ck_assert_uint_gt(size, 2 + strlen(theirs));
    lk_error_free(error);
    lk_request_free(request);
    dialogue_finish();
}
END_TEST

START_TEST(head_requests_have_no_body)
{
    lk_request *request = NULL;
    lk_error *error = NULL;

    ck_assert_int_eq(lk_client_new("/nonexistent", &client), 0);
    ck_assert_int_eq(lk_request_new(client, "HEAD", "x", "y", &request), 0);
    ck_assert_int_eq(lk_request_set_body(request, "x", 1), 0);
    ck_assert_int_eq(lk_request_perform(request, &error), -EINVAL);
    lk_error_free(error);
    lk_request_free(request);
    lk_client_free(client);
}
END_TEST

Suite *make_suite(void)
{
    Suite *suite = suite_create("library");
    TCase *tcase = tcase_create("library");

    tcase_set_timeout(tcase, 30);
    tcase_add_test(tcase, finds_its_socket);
    tcase_add_test(tcase, refuses_what_cannot_be);
    tcase_add_test(tcase, says_who_is_not_there);
    tcase_add_test(tcase, knows_its_daemon);
    tcase_add_test(tcase, takes_the_cloud_from_the_environment);
    tcase_add_test(tcase, gets_tokens);
    tcase_add_loop_test(tcase, refuses_what_is_no_token, 0, (int)ARRAY_SIZE(no_tokens));
    tcase_add_loop_test(tcase, believes_any_life, 0, (int)ARRAY_SIZE(lives));
    tcase_add_test(tcase, waits_for_tokens);
    tcase_add_test(tcase, waits_through_restarts);
    tcase_add_test(tcase, waits_for_no_first_daemon);
    tcase_add_test(tcase, logs_in_and_out);
    tcase_add_test(tcase, signs_requests);
    tcase_add_test(tcase, head_requests_have_no_body);
    suite_add_tcase(suite, tcase);
    return suite;
}
