/* SPDX-License-Identifier: MIT */
/* The suite of the provider of Swift's own authentication: what it sends, and what it reads out of the
 * headers that come back. */
#include "http_answer.h"
#include "suite.h"

#include <string.h>

static char user[] = "test:tester", alone[] = "tester", account[] = "test", key[] = "s3cret";

static const struct {
    const char *endpoint, *url;
    char *username, *tenant_name;
    enum credential_field key;
    const char *user;
} requests[] = {
    {"http://h:8080/auth/v1.0", "http://h:8080/auth/v1.0", user, NULL, CREDENTIAL_API_KEY,
     "test:tester"},
    {"http://h:8080", "http://h:8080/auth/v1.0", user, NULL, CREDENTIAL_PASSWORD, "test:tester"},
    {"https://auth.api.example/v1.0", "https://auth.api.example/v1.0", alone, NULL,
     CREDENTIAL_API_KEY, "tester"},
    {"http://h/auth/v1.0", "http://h/auth/v1.0", alone, account, CREDENTIAL_API_KEY, "test:tester"},
    {"http://h/auth/v1.0", "http://h/auth/v1.0", user, account, CREDENTIAL_API_KEY, "test:tester"},
};

START_TEST(writes_the_login)
{
    struct cloud_config cloud = {0};
    struct credential credential = {{[CREDENTIAL_USERNAME] = requests[_i].username}};
    const struct identity_login login = {&cloud, &credential, requests[_i].endpoint};
    _cleanup_(identity_request_freep) struct identity_request *request = NULL;
    struct problem *problem = NULL;

    credential.fields[requests[_i].key] = key;
    cloud.login.fields[CREDENTIAL_TENANT_NAME] = requests[_i].tenant_name;
    ck_assert_int_eq(identity_swift_v1.encode_login(&login, &request, &problem), 0);
    ck_assert_str_eq(request->method, "GET");
    ck_assert_str_eq(request->url, requests[_i].url);
    ck_assert_str_eq(request->headers[0].name, "X-Auth-User");
    ck_assert_str_eq(request->headers[0].value, requests[_i].user);
    ck_assert_str_eq(request->headers[1].name, "X-Auth-Key");
    ck_assert_str_eq(request->headers[1].value, "s3cret");
    ck_assert_ptr_null(request->headers[2].name);
    ck_assert_ptr_null(request->body);
}
END_TEST

START_TEST(refuses_what_cannot_be_sent)
{
    static char broken[] = "s3cret\r\nX-Other: 1", id[] = "i";
    static const struct credential useless[] = {
        {{[CREDENTIAL_USERNAME] = user, [CREDENTIAL_API_KEY] = broken}},
        {{[CREDENTIAL_USERNAME] = broken, [CREDENTIAL_API_KEY] = key}},
        {{[CREDENTIAL_USER_ID] = id, [CREDENTIAL_PASSWORD] = key}},
        {{[CREDENTIAL_APPLICATION_CREDENTIAL_ID] = id,
          [CREDENTIAL_APPLICATION_CREDENTIAL_SECRET] = key}},
    };
    const struct cloud_config cloud = {0};

    for (size_t i = 0; i < ARRAY_SIZE(useless); i++) {
        const struct identity_login login = {&cloud, &useless[i], "http://h/auth/v1.0"};
        _cleanup_(problem_freep) struct problem *problem = NULL;
        struct identity_request *request = NULL;

        ck_assert_int_eq(identity_swift_v1.encode_login(&login, &request, &problem), 1);
        ck_assert_ptr_null(request);
        ck_assert_int_eq(problem->code, PROBLEM_CREDENTIALS_REJECTED);
        ck_assert_ptr_null(strstr(problem->detail, "s3cret"));
    }
}
END_TEST

static int decode(const struct identity_answer *answer, struct session **ret,
                  struct problem **ret_problem)
{
    static const struct cloud_config cloud;
    static const struct credential credential = {{[CREDENTIAL_USERNAME] = user}};
    const struct identity_login login = {&cloud, &credential, "http://h/auth/v1.0"};

    return identity_swift_v1.decode_login(&login, answer, ret, ret_problem);
}

START_TEST(reads_tempauth)
{
    _cleanup_(http_answer_done) struct http_answer real = {0};
    _cleanup_(session_unrefp) struct session *s = NULL;
    struct problem *problem = NULL;

    http_answer_read("tempauth-200", &real);
    ck_assert_int_eq(decode(&real.answer, &s, &problem), 0);
    ck_assert_str_eq(s->token, "AUTH_tkfe4304dccaa6122e6bde055e2c4dd005");
    ck_assert_uint_eq(s->deadline - s->obtained, 3575 * USEC_PER_SEC);
    ck_assert_uint_eq(s->expires - s->issued, 3575 * USEC_PER_SEC);
    ck_assert_str_eq(s->user_name, "test:tester");
    ck_assert_str_eq(s->tenant_id, "AUTH_test");
    ck_assert_ptr_null(s->tenant_name);
    ck_assert_uint_eq(s->catalog->n_services, 1);
    ck_assert_str_eq(s->catalog->services[0].type, "object-store");
    ck_assert_uint_eq(s->catalog->services[0].n_endpoints, 3);
    ck_assert_ptr_null(s->catalog->services[0].endpoints[0].region);
    ck_assert_str_eq(s->catalog->services[0].endpoints[0].url,
                     "http://127.0.0.1:18090/v1/AUTH_test");
    ck_assert_str_eq(s->document, "{\"X-Storage-Url\":\"http://127.0.0.1:18090/v1/AUTH_test\"}");
}
END_TEST

#define STORAGE "X-Storage-Url: https://h/v1/MossoCloudFS_a\n"
#define CDN "X-CDN-Management-Url: https://cdn/v1/MossoCloudFS_a\n"
#define TOKEN "X-Auth-Token: t0ken\n"

/* Headers as other services send them; a life of 0 is a bad answer. */
static const struct {
    unsigned status;
    const char *headers;
    unsigned long life; /* s */
    size_t services;
    const char *detail;
} answers[] = {
    {204, TOKEN STORAGE CDN "Cache-Control: s-maxage=86399\n", 86399, 2, NULL},
    {204, STORAGE "X-Storage-Token: t0ken\n", 43200, 1, NULL},
    {200, TOKEN STORAGE "X-Auth-Token-Expires: 1\n", 1, 1, NULL},
    {200, TOKEN STORAGE "X-Auth-Token-Expires: 7200\nCache-Control: s-maxage=5\n", 7200, 1, NULL},
    {200, TOKEN STORAGE "Cache-Control: no-cache\n", 43200, 1, NULL},
    {200, TOKEN STORAGE "X-Auth-Token-Expires: 0\n", 1, 1, NULL},
    {200, TOKEN STORAGE "X-Auth-Token-Expires: -1\n", 0, 0, "life is not a number"},
    {200, TOKEN STORAGE "X-Auth-Token-Expires: 99999999999\n", 0, 0, "life is not a number"},
    {200, STORAGE, 0, 0, "X-Auth-Token is missing"},
    {200, STORAGE "X-Auth-Token: t0 ken\n", 0, 0, "X-Auth-Token is missing or not one"},
    {200, STORAGE "X-Auth-Token:\n", 0, 0, "X-Auth-Token is missing or not one"},
    {200, TOKEN, 0, 0, "X-Storage-Url is missing"},
    {200, TOKEN "X-Storage-Url: https://h/t0ken\n", 0, 0, "X-Storage-Url is missing or not one"},
    {200, TOKEN "X-Storage-Url: a b\n", 0, 0, "X-Storage-Url is missing or not one"},
    {200, TOKEN STORAGE "X-CDN-Management-Url: a b\n", 0, 0, "X-CDN-Management-Url is not one"},
};

static void read_lines(const char *lines, struct header_list *ret)
{
    for (const char *end; *lines; lines = end + 1) {
        end = strchr(lines, '\n');
        ck_assert_int_eq(header_list_add(ret, lines, (size_t)(end - lines)), 0);
    }
}

START_TEST(reads_others)
{
    _cleanup_(header_list_done) struct header_list headers = {0};
    _cleanup_(problem_freep) struct problem *problem = NULL;
    _cleanup_(session_unrefp) struct session *s = NULL;
    const struct identity_answer answer = {
        .status = answers[_i].status, .headers = &headers, .date = 1700000000, .body = ""};

    read_lines(answers[_i].headers, &headers);
    ck_assert_int_eq(decode(&answer, &s, &problem), answers[_i].life ? 0 : 1);
    if (answers[_i].life) {
        ck_assert_str_eq(s->token, "t0ken");
        ck_assert_uint_eq(s->deadline - s->obtained, answers[_i].life * USEC_PER_SEC);
        ck_assert_uint_eq(s->catalog->n_services, answers[_i].services);
        ck_assert_str_eq(s->tenant_id, "MossoCloudFS_a");
        ck_assert_ptr_null(strstr(s->document, "t0ken"));
        return;
    }
    ck_assert_int_eq(problem->code, PROBLEM_BAD_ANSWER);
    ck_assert_msg(strstr(problem->detail, answers[_i].detail) != NULL, "%s", problem->detail);
    ck_assert_ptr_null(strstr(problem->detail, "t0ken"));
}
END_TEST

static const struct {
    const char *name;
    enum problem_code code;
} refusals[] = {
    {"tempauth-wrong-key-401", PROBLEM_CREDENTIALS_REJECTED},
    {"tempauth-unknown-user-401", PROBLEM_CREDENTIALS_REJECTED},
    {"tempauth-no-key-401", PROBLEM_CREDENTIALS_REJECTED},
    {"v2-404", PROBLEM_BAD_ANSWER},
    {"versions-300", PROBLEM_BAD_ANSWER},
};

START_TEST(tells_refusals_apart)
{
    _cleanup_(http_answer_done) struct http_answer real = {0};
    _cleanup_(problem_freep) struct problem *problem = NULL;
    struct session *s = NULL;

    http_answer_read(refusals[_i].name, &real);
    ck_assert_int_eq(decode(&real.answer, &s, &problem), 1);
    ck_assert_msg(problem->code == refusals[_i].code, "%s: %s", refusals[_i].name, problem->detail);
}
END_TEST

/* Rackspace's legacy service said no in plain text, a hotel's network says it in HTML. */
START_TEST(knows_who_refuses)
{
    static const struct {
        const char *headers;
        enum problem_code code;
    } pages[] = {
        {"Content-Type: text/plain\n", PROBLEM_CREDENTIALS_REJECTED},
        {"", PROBLEM_CREDENTIALS_REJECTED},
        {"Content-Type: text/html\n", PROBLEM_BAD_ANSWER},
        {"Content-Type: text/html\nWWW-Authenticate: Basic realm=\"x\"\n", PROBLEM_BAD_ANSWER},
    };

    for (size_t i = 0; i < ARRAY_SIZE(pages); i++) {
        _cleanup_(header_list_done) struct header_list headers = {0};
        _cleanup_(problem_freep) struct problem *problem = NULL;
        const struct identity_answer answer = {
            .status = 401, .headers = &headers, .body = "no", .length = 2};
        struct session *s = NULL;

        read_lines(pages[i].headers, &headers);
        ck_assert_int_eq(decode(&answer, &s, &problem), 1);
        ck_assert_int_eq(problem->code, pages[i].code);
    }
}
END_TEST

Suite *make_suite(void)
{
    Suite *s = suite_create("identity_swift");
    TCase *t = tcase_create("swift");

    tcase_add_unchecked_fixture(t, identity_init, NULL);
    tcase_add_loop_test(t, writes_the_login, 0, (int)ARRAY_SIZE(requests));
    tcase_add_test(t, refuses_what_cannot_be_sent);
    tcase_add_test(t, reads_tempauth);
    tcase_add_loop_test(t, reads_others, 0, (int)ARRAY_SIZE(answers));
    tcase_add_loop_test(t, tells_refusals_apart, 0, (int)ARRAY_SIZE(refusals));
    tcase_add_test(t, knows_who_refuses);
    suite_add_tcase(s, t);
    return s;
}
