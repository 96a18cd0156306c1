/* SPDX-License-Identifier: MIT */
/* How much of an identity service's answer is read: all that lies within the limits, and nothing of what
 * goes beyond them. */
#include "identity_document.h"
#include "rackspace_answers.h"
#include "suite.h"

/* A piece over and over between two others. */
static char *repeat(const char *before, const char *piece, size_t times, const char *behind)
{
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);

    ck_assert_ptr_nonnull(f);
    fputs(before, f);
    for (size_t i = 0; i < times; i++)
        fputs(piece, f);
    fputs(behind, f);
    ck_assert_int_eq(fclose(f), 0);
    return text;
}

#define V2(rest) "{\"access\":{\"token\":{" TOKEN "}" rest
#define V2_END "}}"
#define V3(rest) "{\"token\":{\"expires_at\":\"2023-11-15T22:13:20Z\"" rest
#define SERVICES V2(",\"serviceCatalog\":[")
#define ENDPOINT "{\"publicURL\":\"u\"}"
#define ENDPOINT_V3 "{\"interface\":\"public\",\"url\":\"u\"}"

/* The pieces that may be there, and one more that may not; what is nested is closed by the test. */
static const struct {
    const struct identity_provider *provider;
    const char *before, *piece;
    size_t most;
    const char *behind, *detail;
} limits[] = {
    /* two of the levels are the document's own, and 10 of the values */
    {&identity_rackspace, V2(",\"x\":"), "[", IDENTITY_DEPTH_MOST - 2, NULL, "nested more than 64"},
    {&identity_rackspace, V2(",\"x\":[1"), ",1", IDENTITY_VALUES_MOST - 7, "]" V2_END,
     "65536 values"},
    {&identity_rackspace, V2(",\"x\":[[]"), ",[]", (IDENTITY_VALUES_MOST - 8) / 2, "]" V2_END,
     "65536 values"},
    {&identity_rackspace, V2(",\"x\":\""), "x", IDENTITY_TEXT_MOST, "\"" V2_END, "16384 bytes"},
    {&identity_rackspace, V2(",\"x\":\""), "\\\"", IDENTITY_TEXT_MOST / 2, "\"" V2_END,
     "16384 bytes"},
    {&identity_rackspace, SERVICES "{}", ",{}", IDENTITY_SERVICES_MOST - 1, "]" V2_END,
     "access.serviceCatalog has more than 1024 services"},
    {&identity_rackspace, SERVICES "{\"endpoints\":[" ENDPOINT, "," ENDPOINT,
     IDENTITY_ENDPOINTS_MOST - 1, "]}]" V2_END,
     "access.serviceCatalog has more than 4096 endpoints"},
    {&identity_rackspace,
     SERVICES "{\"endpoints\":[" ENDPOINT "," ENDPOINT "," ENDPOINT "," ENDPOINT "]}",
     ",{\"endpoints\":[" ENDPOINT "," ENDPOINT "," ENDPOINT "," ENDPOINT "," ENDPOINT "," ENDPOINT
     "," ENDPOINT "," ENDPOINT "," ENDPOINT "," ENDPOINT "," ENDPOINT "," ENDPOINT "]}",
     341, "]" V2_END, "access.serviceCatalog has more than 4096 endpoints"},
    {&identity_rackspace, V2(",\"user\":{\"roles\":[{}"), ",{}", IDENTITY_ROLES_MOST - 1,
     "]}" V2_END, "access.user.roles has more than 1024 roles"},
    {&identity_keystone_v3, V3(",\"catalog\":[{}"), ",{}", IDENTITY_SERVICES_MOST - 1, "]" V2_END,
     "token.catalog has more than 1024 services"},
    {&identity_keystone_v3, V3(",\"catalog\":[{\"endpoints\":[" ENDPOINT_V3), "," ENDPOINT_V3,
     IDENTITY_ENDPOINTS_MOST - 1, "]}]" V2_END, "token.catalog has more than 4096 endpoints"},
    {&identity_keystone_v3, V3(",\"roles\":[{}"), ",{}", IDENTITY_ROLES_MOST - 1, "]" V2_END,
     "token.roles has more than 1024 roles"},
};

static void decode(const struct identity_provider *provider, const char *body, struct session **ret,
                   struct problem **ret_problem)
{
    static const char subject[] = "X-Subject-Token: t0ken";
    _cleanup_(header_list_done) struct header_list headers = {0};
    struct identity_answer answer = answer_of(200, body);

    ck_assert_int_eq(header_list_add(&headers, subject, strlen(subject)), 0);
    answer.headers = &headers;
    ck_assert_int_ge(decode_with(provider, &answer, ret, ret_problem), 0);
}

START_TEST(are_kept_to)
{
    const char *piece = limits[_i].piece, *behind = limits[_i].behind;

    for (size_t more = 0; more < 2; more++) {
        size_t n = limits[_i].most + more;
        _cleanup_(freep) char *end = behind ? strdup(behind) : repeat("", "]", n, V2_END);
        _cleanup_(freep) char *body = repeat(limits[_i].before, piece, n, end);
        _cleanup_(session_unrefp) struct session *s = NULL;
        _cleanup_(problem_freep) struct problem *problem = NULL;

        decode(limits[_i].provider, body, &s, &problem);
        if (more == 0) {
            ck_assert_msg(s != NULL, "%s", problem->detail);
            continue;
        }
        ck_assert_msg(problem != NULL, "%zu of %s were taken", n, piece);
        ck_assert_int_eq(problem->code, PROBLEM_BAD_ANSWER);
        ck_assert_msg(strstr(problem->detail, limits[_i].detail) != NULL, "%s", problem->detail);
    }
}
END_TEST

/* In a header too, where no document says how long it is. */
START_TEST(hold_for_tokens)
{
    static const struct {
        const struct identity_provider *provider;
        const char *header, *body;
    } tokens[] = {
        {&identity_keystone_v3, "X-Subject-Token: ", V3("}}")},
        {&identity_swift_v1, "X-Auth-Token: ", ""},
    };
    static const char storage[] = "X-Storage-Url: http://h/v1/a";
    static const struct cloud_config cloud;
    static char user[] = "user";
    static const struct credential credential = {.fields = {[CREDENTIAL_USERNAME] = user}};
    const struct identity_login login = {&cloud, &credential, NULL};

    for (size_t i = 0; i < ARRAY_SIZE(tokens); i++)
        for (size_t more = 0; more < 2; more++) {
            _cleanup_(freep) char *line =
                repeat(tokens[i].header, "t", IDENTITY_TEXT_MOST + more, "");
            _cleanup_(header_list_done) struct header_list headers = {0};
            _cleanup_(session_unrefp) struct session *s = NULL;
            _cleanup_(problem_freep) struct problem *problem = NULL;
            struct identity_answer answer = answer_of(200, tokens[i].body);

            ck_assert_int_eq(header_list_add(&headers, line, strlen(line)), 0);
            ck_assert_int_eq(header_list_add(&headers, storage, strlen(storage)), 0);
            answer.headers = &headers;
            ck_assert_int_eq(tokens[i].provider->decode_login(&login, &answer, &s, &problem),
                             (int)more);
            if (more == 0)
                ck_assert_uint_eq(strlen(s->token), IDENTITY_TEXT_MOST);
            else
                ck_assert_int_eq(problem->code, PROBLEM_BAD_ANSWER);
        }
}
END_TEST

/* A page is no document, however long the texts in it are. */
START_TEST(do_not_hide_what_is_no_document)
{
    _cleanup_(freep) char *page = repeat("<html>\"", "x", IDENTITY_TEXT_MOST + 1, "\"</html>");
    _cleanup_(problem_freep) struct problem *problem = NULL;
    struct session *s = NULL;

    decode(&identity_rackspace, page, &s, &problem);
    ck_assert_ptr_null(s);
    ck_assert_msg(strstr(problem->detail, "is not JSON") != NULL, "%s", problem->detail);
}
END_TEST

Suite *make_suite(void)
{
    Suite *s = suite_create("identity_limits");
    TCase *t = tcase_create("limits");

    tcase_add_unchecked_fixture(t, identity_init, NULL);
    tcase_add_loop_test(t, are_kept_to, 0, (int)ARRAY_SIZE(limits));
    tcase_add_test(t, hold_for_tokens);
    tcase_add_test(t, do_not_hide_what_is_no_document);
    suite_add_tcase(s, t);
    return s;
}
