/* SPDX-License-Identifier: MIT */
/* The suite of what the Rackspace provider makes of answers that are none, and of faults. */
#include "identity.h"
#include "rackspace_answers.h"
#include "suite.h"

static const struct {
    const char *body, *detail;
} bad_answers[] = {
    /* not the answer of an identity service at all */
    {"", "is not JSON (HTTP status 200)"},
    {" ", "is not JSON"},
    {"<html><body>Sign in to the hotel's network</body></html>", "whether a proxy in between"},
    {"[]", "is not JSON"},
    {"\"access\"", "is not JSON"},
    {"null", "is not JSON"},
    {"{\"access\":", "is not JSON"},
    {ACCESS(TOKEN, "") "x", "is not JSON"},
    {ACCESS("\"id\":\"t0\\u0000ken\"," EXPIRES, ""), "is not JSON"},
    {ACCESS("\"id\":\"t0\xffken\"," EXPIRES, ""), "is not JSON"},
    {"{\"unauthorized\":{\"code\":401}}", "access is missing"},
    /* what must be there */
    {"{}", "access is missing"},
    {"{\"access\":null}", "access is missing"},
    {"{\"access\":{}}", "access.token is missing"},
    {ACCESS("", ""), "access.token.id is missing"},
    {ACCESS(EXPIRES, ""), "access.token.id is missing"},
    {ACCESS(ID, ""), "access.token.expires is missing"},
    {ACCESS(ID ",\"expires\":null", ""), "access.token.expires is missing"},
    /* a token that no header can carry */
    {ACCESS("\"id\":\"\"," EXPIRES, ""), "access.token.id is empty or holds"},
    {ACCESS("\"id\":\"t0 ken\"," EXPIRES, ""), "access.token.id is empty or holds"},
    {ACCESS("\"id\":\"t0\\r\\nken\"," EXPIRES, ""), "access.token.id is empty or holds"},
    {ACCESS("\"id\":\"t0\\tken\"," EXPIRES, ""), "access.token.id is empty or holds"},
    {ACCESS("\"id\":\"t0\\u007fken\"," EXPIRES, ""), "access.token.id is empty or holds"},
    {ACCESS("\"id\":\"t0k\xc3\xa9n\"," EXPIRES, ""), "access.token.id is empty or holds"},
    /* a time that is none, or is over */
    {ACCESS(ID "," EXPIRES, ",\"serviceCatalog\":{}"), "access.serviceCatalog is not a list"},
    {ACCESS(ID "," EXPIRES, ",\"serviceCatalog\":\"none\""), "access.serviceCatalog is not a list"},
    {ACCESS(ID ",\"expires\":\"tomorrow\"", ""), "access.token.expires is not a time"},
    {ACCESS(ID ",\"expires\":\"2023-02-30T00:00:00Z\"", ""), "access.token.expires is not a time"},
    {ACCESS(ID ",\"expires\":\"2023-11-14T22:13:20Z\"", ""), "was over by the service's own clock"},
    {ACCESS(ID ",\"expires\":\"2023-11-14T22:13:20.250Z\"", ""), "was over by the service's"},
    {ACCESS(ID ",\"expires\":\"1970-01-01T00:00:00Z\"", ""), "was over by the service's own clock"},
    /* wrong types of what must be there, each named */
    {"{\"access\":[]}", "access is not an object"},
    {"{\"access\":{\"token\":\"t0ken\"}}", "access.token is not an object"},
    {ACCESS("\"id\":17," EXPIRES, ""), "access.token.id is not a string"},
    {ACCESS(ID ",\"expires\":1700000000", ""), "access.token.expires is not a string"},
    {ACCESS("\"id\":null," EXPIRES, ""), "access.token.id is missing"},
    {ACCESS(ID ",\"expires\":{}", ""), "access.token.expires is not a string"},
};

static void check_refusal(const struct identity_answer *answer, enum problem_code code,
                          unsigned retry_after, const char *detail)
{
    _cleanup_(problem_freep) struct problem *problem = NULL;
    struct session *session = NULL;

    ck_assert_msg(decode_with(&identity_rackspace, answer, &session, &problem) == 1, "%s",
                  answer->body);
    ck_assert_ptr_null(session);
    ck_assert_msg(problem->code == code, "%u %s: %s", answer->status, answer->body,
                  problem->detail);
    ck_assert_msg(strstr(problem->detail, detail) != NULL, "'%s' is not in '%s'", detail,
                  problem->detail);
    ck_assert_uint_eq(problem->retry_after, retry_after);
    ck_assert_msg(strstr(problem->detail, "t0ken") == NULL, "%s", problem->detail);
    ck_assert_msg(strstr(problem->detail, API_KEY) == NULL, "%s", problem->detail);
}

START_TEST(names_what_is_wrong)
{
    struct identity_answer answer = answer_of(200, bad_answers[_i].body);

    check_refusal(&answer, PROBLEM_BAD_ANSWER, 0, bad_answers[_i].detail);
}
END_TEST

START_TEST(survives_hostile_answers)
{
    static const char tail_nul[] = ACCESS(TOKEN, "") "\0";
    _cleanup_(freep) char *deep = malloc(200001);
    struct identity_answer answer = answer_of(200, ACCESS(TOKEN, ""));

    /* a NUL in the text */
    answer.body = tail_nul;
    answer.length = sizeof(tail_nul) - 1;
    check_refusal(&answer, PROBLEM_BAD_ANSWER, 0, "is not JSON");
    /* cut off anywhere */
    for (size_t length = 0; length < strlen(tail_nul); length++) {
        _cleanup_(freep) char *cut = strndup(tail_nul, length);
        struct identity_answer short_answer = answer_of(200, cut);

        check_refusal(&short_answer, PROBLEM_BAD_ANSWER, 0, "is not JSON");
    }
    /* without end in depth */
    memset(deep, '[', 200000);
    deep[200000] = '\0';
    answer = answer_of(200, deep);
    check_refusal(&answer, PROBLEM_BAD_ANSWER, 0, "is nested more than");
    answer.status = 401;
    check_refusal(&answer, PROBLEM_BAD_ANSWER, 0, "not in the words of an identity service");
}
END_TEST

#define FAULT(name, code) "{\"" name "\":{\"code\":" code ",\"message\":\"" API_KEY "\"}}"
#define LIMIT(rest) "{\"overLimit\":{\"code\":413,\"message\":\"slow down\"" rest "}}"
#define HTML "<html><head><title>401 " API_KEY "</title></head></html>"

static const struct {
    unsigned status;
    const char *body, *www_authenticate;
    unsigned header; /* Retry-After, in seconds */
    enum problem_code code;
    unsigned retry_after;
    const char *detail;
} faults[] = {
    /* refused credentials */
    {401, FAULT("unauthorized", "401"), NULL, 0, PROBLEM_CREDENTIALS_REJECTED, 0,
     "refused the user name or the key (HTTP status 401)"},
    {401, "", NULL, 0, PROBLEM_CREDENTIALS_REJECTED, 0, "refused the user name or the key"},
    {401, "\r\n", "Keystone uri=\"x\"", 0, PROBLEM_CREDENTIALS_REJECTED, 0, "refused the user"},
    {401, "{\"error\":{\"code\":401,\"title\":\"Unauthorized\"}}", NULL, 0,
     PROBLEM_CREDENTIALS_REJECTED, 0, "refused the user name or the key"},
    {401, "{\"unauthorized\":{\"message\":\"no\"}}", NULL, 0, PROBLEM_CREDENTIALS_REJECTED, 0,
     "refused the user name or the key"},
    {400, FAULT("badRequest", "400"), NULL, 0, PROBLEM_CREDENTIALS_REJECTED, 0,
     "refused the login request as malformed"},
    {400, "", NULL, 0, PROBLEM_CREDENTIALS_REJECTED, 0, "refused the login request as malformed"},
    {403, FAULT("userDisabled", "403"), NULL, 0, PROBLEM_CREDENTIALS_REJECTED, 0,
     "this user is disabled"},
    {401, FAULT("userDisabled", "401"), NULL, 0, PROBLEM_CREDENTIALS_REJECTED, 0,
     "this user is disabled"},
    {403, FAULT("forbidden", "403"), NULL, 0, PROBLEM_CREDENTIALS_REJECTED, 0,
     "forbids this user to log in"},
    {403, "", NULL, 0, PROBLEM_CREDENTIALS_REJECTED, 0, "forbids this user to log in"},
    /* a second factor is asked for */
    {401, FAULT("unauthorized", "401"), "OS-MF sessionId='1', factor='PASSCODE'", 0,
     PROBLEM_CREDENTIALS_REJECTED, 0, "use the user's API key, which it does not cover"},
    {401, "", "os-mf sessionId='1'", 0, PROBLEM_CREDENTIALS_REJECTED, 0, "Multi-factor"},
    {401, HTML, "OS-MF", 0, PROBLEM_CREDENTIALS_REJECTED, 0, "a password alone is refused"},
    /* refused by somebody else: no word on the credentials */
    {401, HTML, NULL, 0, PROBLEM_BAD_ANSWER, 0, "whether a proxy in between has answered"},
    {401, HTML, "Basic realm=\"proxy\"", 0, PROBLEM_BAD_ANSWER, 0, "a proxy in between"},
    {403, HTML, NULL, 0, PROBLEM_BAD_ANSWER, 0, "a proxy in between"},
    {400, HTML, NULL, 0, PROBLEM_BAD_ANSWER, 0, "a proxy in between"},
    {401, "{}", NULL, 0, PROBLEM_BAD_ANSWER, 0, "a proxy in between"},
    {401, "[{\"code\":401}]", NULL, 0, PROBLEM_BAD_ANSWER, 0, "a proxy in between"},
    {401, "{\"error\":\"blocked\"}", NULL, 0, PROBLEM_BAD_ANSWER, 0, "a proxy in between"},
    {403, "{\"error\":{\"code\":\"403\"}}", NULL, 0, PROBLEM_BAD_ANSWER, 0, "a proxy in between"},
    {407, HTML, NULL, 0, PROBLEM_BAD_ANSWER, 0, "A proxy on the way"},
    {407, "", NULL, 0, PROBLEM_BAD_ANSWER, 0, "A proxy on the way"},
    /* asked to wait */
    {413, LIMIT(""), NULL, 0, PROBLEM_RATE_LIMITED, 0, "too many requests (HTTP status 413)"},
    {413, LIMIT(""), NULL, 7, PROBLEM_RATE_LIMITED, 7, "too many requests"},
    {413, LIMIT(",\"retryAfter\":30"), NULL, 7, PROBLEM_RATE_LIMITED, 7, "too many requests"},
    {413, LIMIT(",\"retryAfter\":30"), NULL, 0, PROBLEM_RATE_LIMITED, 30, "too many requests"},
    {413, LIMIT(",\"retryAfter\":\"30\""), NULL, 0, PROBLEM_RATE_LIMITED, 30, "too many"},
    {413, LIMIT(",\"retryAfter\":1.2"), NULL, 0, PROBLEM_RATE_LIMITED, 2, "too many"},
    {413, LIMIT(",\"retryAfter\":\"2023-11-14T22:14:20Z\""), NULL, 0, PROBLEM_RATE_LIMITED, 60,
     "too many requests"},
    {413, LIMIT(",\"retryAt\":\"2023-11-14T22:14:20.250Z\""), NULL, 0, PROBLEM_RATE_LIMITED, 60,
     "too many requests"},
    {413, LIMIT(",\"retryAt\":\"2023-11-14T16:14:20.251-06:00\""), NULL, 0, PROBLEM_RATE_LIMITED,
     61, "too many requests"},
    {413, LIMIT(",\"retryAt\":\"45\""), NULL, 0, PROBLEM_RATE_LIMITED, 45, "too many requests"},
    {413, LIMIT("},\"retryAfter\":12,\"x\":{"), NULL, 0, PROBLEM_RATE_LIMITED, 12, "too many"},
    {413, LIMIT(",\"retryAfter\":0,\"retryAt\":\"2023-11-14T22:13:25Z\""), NULL, 0,
     PROBLEM_RATE_LIMITED, 5, "too many requests"},
    /* what makes no sense as a wait counts as none */
    {413, LIMIT(",\"retryAt\":\"2023-11-14T22:13:20Z\""), NULL, 0, PROBLEM_RATE_LIMITED, 0, "too"},
    {413, LIMIT(",\"retryAfter\":-5"), NULL, 0, PROBLEM_RATE_LIMITED, 0, "too many requests"},
    {413, LIMIT(",\"retryAfter\":\"\""), NULL, 0, PROBLEM_RATE_LIMITED, 0, "too many requests"},
    {413, LIMIT(",\"retryAfter\":\"soon\""), NULL, 0, PROBLEM_RATE_LIMITED, 0, "too many requests"},
    {413, LIMIT(",\"retryAfter\":[1]"), NULL, 0, PROBLEM_RATE_LIMITED, 0, "too many requests"},
    {413, LIMIT(",\"retryAfter\":99999999999"), NULL, 0, PROBLEM_RATE_LIMITED, 4294967295, "too"},
    {413, LIMIT(",\"retryAfter\":\"99999999999999999999999\""), NULL, 0, PROBLEM_RATE_LIMITED,
     4294967295, "too many requests"},
    {413, HTML, NULL, 9, PROBLEM_RATE_LIMITED, 9, "too many requests"},
    {413, "", NULL, 0, PROBLEM_RATE_LIMITED, 0, "too many requests"},
    {429, HTML, NULL, 3, PROBLEM_RATE_LIMITED, 3, "too many requests (HTTP status 429)"},
    {429, "", NULL, 0, PROBLEM_RATE_LIMITED, 0, "too many requests"},
    {503, FAULT("overLimit", "413"), NULL, 0, PROBLEM_RATE_LIMITED, 0, "too many requests"},
    /* out of order */
    {500, FAULT("identityFault", "500"), NULL, 0, PROBLEM_IDENTITY_UNAVAILABLE, 0, "out of order"},
    {500, "", NULL, 0, PROBLEM_IDENTITY_UNAVAILABLE, 0, "out of order (HTTP status 500)"},
    {502, HTML, NULL, 0, PROBLEM_IDENTITY_UNAVAILABLE, 0, "out of order"},
    {503, FAULT("serviceUnavailable", "503"), NULL, 20, PROBLEM_IDENTITY_UNAVAILABLE, 20, "out of"},
    {503, "{\"serviceUnavailable\":{\"code\":503,\"retryAfter\":\"8\"}}", NULL, 0,
     PROBLEM_IDENTITY_UNAVAILABLE, 8, "out of order"},
    {400, FAULT("serviceUnavailable", "503"), NULL, 0, PROBLEM_IDENTITY_UNAVAILABLE, 0, "out of"},
    {504, HTML, NULL, 0, PROBLEM_IDENTITY_UNAVAILABLE, 0, "out of order"},
    {599, "", NULL, 0, PROBLEM_IDENTITY_UNAVAILABLE, 0, "out of order"},
    {408, "", NULL, 0, PROBLEM_IDENTITY_UNAVAILABLE, 0, "gave up waiting"},
    /* the wrong address */
    {404, FAULT("itemNotFound", "404"), NULL, 0, PROBLEM_BAD_ANSWER, 0, "check `auth_endpoint`"},
    {404, HTML, NULL, 0, PROBLEM_BAD_ANSWER, 0, "no login at this address (HTTP status 404)"},
    {405, "", NULL, 0, PROBLEM_BAD_ANSWER, 0, "no login at this address"},
    {301, "", NULL, 0, PROBLEM_BAD_ANSWER, 0, "sends the login elsewhere"},
    {300, "{\"versions\":{\"values\":[]}}", NULL, 0, PROBLEM_BAD_ANSWER, 0, "sends the login"},
    {204, "", NULL, 0, PROBLEM_BAD_ANSWER, 0, "no answer that an identity service gives"},
    {201, ACCESS(TOKEN, ""), NULL, 0, PROBLEM_BAD_ANSWER, 0, "(HTTP status 201)"},
    {418, HTML, NULL, 0, PROBLEM_BAD_ANSWER, 0, "no answer that an identity service gives"},
    {999, "", NULL, 0, PROBLEM_BAD_ANSWER, 0, "no answer that an identity service gives"},
    {0, "", NULL, 0, PROBLEM_BAD_ANSWER, 0, "no answer that an identity service gives"},
};

START_TEST(tells_faults_apart)
{
    _cleanup_(header_list_done) struct header_list headers = {0};
    struct identity_answer answer = answer_of(faults[_i].status, faults[_i].body);
    char line[64];

    if (faults[_i].www_authenticate) {
        snprintf(line, sizeof(line), "WWW-Authenticate: %s", faults[_i].www_authenticate);
        ck_assert_int_eq(header_list_add(&headers, line, strlen(line)), 0);
    }
    answer.headers = &headers;
    answer.retry_after = faults[_i].header;
    check_refusal(&answer, faults[_i].code, faults[_i].retry_after, faults[_i].detail);
}
END_TEST

Suite *make_suite(void)
{
    Suite *s = suite_create("identity_refusals");
    TCase *t = tcase_create("refusals");

    tcase_add_unchecked_fixture(t, identity_init, NULL);
    tcase_add_loop_test(t, names_what_is_wrong, 0, (int)ARRAY_SIZE(bad_answers));
    tcase_add_test(t, survives_hostile_answers);
    tcase_add_loop_test(t, tells_faults_apart, 0, (int)ARRAY_SIZE(faults));
    suite_add_tcase(s, t);
    return s;
}
