/* SPDX-License-Identifier: MIT */
/* The suite of the two Keystone providers: what they send, and what they read out of real answers. */
#include "http_answer.h"
#include "rackspace_answers.h"
#include "suite.h"

#define USER_NAME(domain) "{\"name\":\"u\",\"domain\":{" domain "},\"password\":\"p\"}"
#define PASSWORD(user) \
    "{\"auth\":{\"identity\":{\"methods\":[\"password\"],\"password\":{\"user\":" user "}}"
#define APPLICATION(rest)                                                \
    "{\"auth\":{\"identity\":{\"methods\":[\"application_credential\"]," \
    "\"application_credential\":{" rest "}}}}"
#define DEFAULT "\"id\":\"default\""

struct given {
    enum credential_field field;
    const char *text;
};

static const struct {
    struct given credential[6], configuration[6];
    const char *body;
} logins[] = {
    {{{CREDENTIAL_USERNAME, "u"}, {CREDENTIAL_PASSWORD, "p"}},
     {{0}},
     PASSWORD(USER_NAME(DEFAULT)) "}}"},
    {{{CREDENTIAL_USER_ID, "7"}, {CREDENTIAL_PASSWORD, "p"}},
     {{0}},
     PASSWORD("{\"id\":\"7\",\"password\":\"p\"}") "}}"},
    {{{CREDENTIAL_USERNAME, "u"}, {CREDENTIAL_PASSWORD, "p"}, {CREDENTIAL_USER_DOMAIN_NAME, "D"}},
     {{CREDENTIAL_TENANT_ID, "1"}},
     PASSWORD(USER_NAME("\"name\":\"D\"")) ",\"scope\":{\"project\":{\"id\":\"1\"}}}}"},
    {{{CREDENTIAL_USERNAME, "u"}, {CREDENTIAL_PASSWORD, "p"}},
     {{CREDENTIAL_USER_DOMAIN_ID, "d"},
      {CREDENTIAL_TENANT_NAME, "t"},
      {CREDENTIAL_PROJECT_DOMAIN_NAME, "E"}},
     PASSWORD(USER_NAME("\"id\":\"d\"")) ",\"scope\":{\"project\":{\"name\":\"t\",\"domain\":{"
                                         "\"name\":\"E\"}}}}}"},
    {{{CREDENTIAL_USERNAME, "u"}, {CREDENTIAL_PASSWORD, "p"}, {CREDENTIAL_TENANT_NAME, "t"}},
     {{CREDENTIAL_DOMAIN_ID, "not this"}},
     PASSWORD(USER_NAME(DEFAULT)) ",\"scope\":{\"project\":{\"name\":\"t\",\"domain\":{" DEFAULT
                                  "}}}}}"},
    {{{CREDENTIAL_USERNAME, "u"}, {CREDENTIAL_PASSWORD, "p"}},
     {{CREDENTIAL_DOMAIN_NAME, "D"}},
     PASSWORD(USER_NAME(DEFAULT)) ",\"scope\":{\"domain\":{\"name\":\"D\"}}}}"},
    {{{CREDENTIAL_USERNAME, "u"}, {CREDENTIAL_PASSWORD, "p"}, {CREDENTIAL_DOMAIN_ID, "d"}},
     {{CREDENTIAL_TENANT_NAME, "not this"}},
     PASSWORD(USER_NAME(DEFAULT)) ",\"scope\":{\"domain\":{\"id\":\"d\"}}}}"},
    {{{CREDENTIAL_APPLICATION_CREDENTIAL_ID, "a"}, {CREDENTIAL_APPLICATION_CREDENTIAL_SECRET, "s"}},
     {{CREDENTIAL_TENANT_NAME, "a scope would be refused"}},
     APPLICATION("\"id\":\"a\",\"secret\":\"s\"")},
    {{{CREDENTIAL_APPLICATION_CREDENTIAL_NAME, "a"},
      {CREDENTIAL_USERNAME, "u"},
      {CREDENTIAL_APPLICATION_CREDENTIAL_SECRET, "s"}},
     {{CREDENTIAL_USER_DOMAIN_ID, "d"}},
     APPLICATION("\"name\":\"a\",\"secret\":\"s\",\"user\":{\"name\":\"u\",\"domain\":{"
                 "\"id\":\"d\"}}")},
    {{{CREDENTIAL_APPLICATION_CREDENTIAL_NAME, "a"},
      {CREDENTIAL_USER_ID, "7"},
      {CREDENTIAL_APPLICATION_CREDENTIAL_SECRET, "s"}},
     {{0}},
     APPLICATION("\"name\":\"a\",\"secret\":\"s\",\"user\":{\"id\":\"7\"}")},
};

static void fill(struct credential *c, const struct given *given)
{
    for (; given->text; given++)
        ck_assert_int_eq(credential_set(c, given->field, given->text), 0);
}

START_TEST(writes_the_login)
{
    struct cloud_config cloud = {0};
    struct credential credential = {0};
    const struct identity_login login = {&cloud, &credential, "http://h:5000/v3"};
    _cleanup_(identity_request_freep) struct identity_request *request = NULL;
    struct problem *problem = NULL;

    fill(&credential, logins[_i].credential);
    fill(&cloud.login, logins[_i].configuration);
    ck_assert_int_eq(identity_keystone_v3.encode_login(&login, &request, &problem), 0);
    ck_assert_str_eq(request->method, "POST");
    ck_assert_str_eq(request->url, "http://h:5000/v3/auth/tokens");
    ck_assert_ptr_null(request->headers[0].name);
    ck_assert_str_eq(request->body, logins[_i].body);
    credential_done(&credential);
    credential_done(&cloud.login);
}
END_TEST

static const struct {
    const struct identity_provider *provider;
    struct given given[4];
    const char *detail;
} useless[] = {
    {&identity_keystone_v3,
     {{CREDENTIAL_USERNAME, "u"}, {CREDENTIAL_API_KEY, "s3cret"}},
     "and no API key"},
    {&identity_keystone_v3,
     {{CREDENTIAL_USERNAME, "u"}, {CREDENTIAL_PASSWORD, "s3cret\xff"}},
     "not valid UTF-8"},
    {&identity_keystone_v3,
     {{CREDENTIAL_USERNAME, "\xc3("}, {CREDENTIAL_PASSWORD, "s3cret"}},
     "not valid UTF-8"},
    {&identity_keystone_v2,
     {{CREDENTIAL_USERNAME, "u"}, {CREDENTIAL_API_KEY, "s3cret"}},
     "takes a user name and a password"},
    {&identity_keystone_v2,
     {{CREDENTIAL_APPLICATION_CREDENTIAL_ID, "a"},
      {CREDENTIAL_APPLICATION_CREDENTIAL_SECRET, "s3cret"}},
     "takes a user name and a password"},
    {&identity_keystone_v2,
     {{CREDENTIAL_USER_ID, "u"}, {CREDENTIAL_PASSWORD, "s3cret"}},
     "no user name"},
};

START_TEST(refuses_what_cannot_be_sent)
{
    const struct cloud_config cloud = {0};
    struct credential credential = {0};
    const struct identity_login login = {&cloud, &credential, "http://h/v3"};
    struct identity_request *request = NULL;
    _cleanup_(problem_freep) struct problem *problem = NULL;

    fill(&credential, useless[_i].given);
    ck_assert_int_eq(useless[_i].provider->encode_login(&login, &request, &problem), 1);
    ck_assert_ptr_null(request);
    ck_assert_int_eq(problem->code, PROBLEM_CREDENTIALS_REJECTED);
    ck_assert_msg(strstr(problem->detail, useless[_i].detail) != NULL, "%s", problem->detail);
    ck_assert_ptr_null(strstr(problem->detail, "s3cret"));
    credential_done(&credential);
}
END_TEST

START_TEST(writes_a_revocation)
{
    const struct cloud_config cloud = {0};
    const struct identity_login v3 = {&cloud, NULL, "http://h/v3"},
                                v2 = {&cloud, NULL, "http://h/v2.0"};
    _cleanup_(identity_request_freep) struct identity_request *a = NULL, *b = NULL;

    ck_assert_int_eq(identity_keystone_v3.encode_revoke(&v3, "t0ken", &a), 0);
    ck_assert_str_eq(a->method, "DELETE");
    ck_assert_str_eq(a->url, "http://h/v3/auth/tokens");
    ck_assert_str_eq(a->headers[0].name, "X-Auth-Token");
    ck_assert_str_eq(a->headers[0].value, "t0ken");
    ck_assert_str_eq(a->headers[1].name, "X-Subject-Token");
    ck_assert_str_eq(a->headers[1].value, "t0ken");
    ck_assert_int_eq(identity_keystone_v2.encode_revoke(&v2, "t0ken", &b), 0);
    ck_assert_str_eq(b->url, "http://h/v2.0/tokens");
    ck_assert_str_eq(b->headers[0].name, "X-Auth-Token");
    ck_assert_str_eq(b->headers[0].value, "t0ken");
    ck_assert_ptr_null(b->headers[1].name);
}
END_TEST

START_TEST(speaks_v2)
{
    const struct cloud_config cloud = {0};
    struct credential credential = {0};
    const struct identity_login login = {&cloud, &credential, "http://h/v2.0"};
    _cleanup_(identity_request_freep) struct identity_request *request = NULL;
    _cleanup_(session_unrefp) struct session *s = NULL;
    struct identity_answer answer = answer_of(200, ACCESS(TOKEN, ""));
    struct problem *problem = NULL;

    fill(&credential, (const struct given[]){{CREDENTIAL_USERNAME, "u"},
                                             {CREDENTIAL_PASSWORD, "p"},
                                             {CREDENTIAL_TENANT_NAME, "t"},
                                             {0}});
    ck_assert_int_eq(identity_keystone_v2.encode_login(&login, &request, &problem), 0);
    ck_assert_str_eq(request->url, "http://h/v2.0/tokens");
    ck_assert_str_eq(request->body, "{\"auth\":{\"passwordCredentials\":{\"username\":\"u\","
                                    "\"password\":\"p\"},\"tenantName\":\"t\"}}");
    ck_assert_int_eq(identity_keystone_v2.decode_login(&login, &answer, &s, &problem), 0);
    ck_assert_str_eq(s->token, "t0ken");
    credential_done(&credential);
}
END_TEST

/* ---- real answers */

static struct session *decode(const char *name, struct http_answer *real)
{
    struct session *s = NULL;
    struct problem *problem = NULL;
    int r;

    http_answer_read(name, real);
    r = decode_with(&identity_keystone_v3, &real->answer, &s, &problem);
    ck_assert_msg(r == 0, "%s: %s", name, problem ? problem->detail : "no memory");
    return s;
}

static const struct service *find(const struct session *s, const char *type)
{
    for (size_t i = 0; i < s->catalog->n_services; i++)
        if (!strcmp(s->catalog->services[i].type, type))
            return &s->catalog->services[i];
    return NULL;
}

START_TEST(reads_a_project)
{
    _cleanup_(http_answer_done) struct http_answer real = {0};
    _cleanup_(session_unrefp) struct session *s = decode("password-project-201", &real);
    const struct service *files = find(s, "object-store"), *dns = find(s, "dns");

    ck_assert_uint_ge(strlen(s->token), 183);
    ck_assert_str_eq(s->token, identity_answer_header(&real.answer, "X-Subject-Token"));
    ck_assert_str_eq(s->user_name, "alice");
    ck_assert_uint_eq(strlen(s->user_id), 32);
    ck_assert_str_eq(s->tenant_name, "demo");
    ck_assert_uint_eq(strlen(s->tenant_id), 32);
    ck_assert_uint_ge(s->n_roles, 2);
    ck_assert_ptr_null(s->default_region);
    ck_assert_uint_eq(files->n_endpoints, 6);
    ck_assert_str_eq(files->endpoints[0].region, "RegionOne");
    ck_assert_str_eq(files->endpoints[0].interface, "public");
    ck_assert_ptr_nonnull(strstr(files->endpoints[0].url, "/v1/AUTH_"));
    ck_assert_ptr_null(dns->endpoints[0].region);
    ck_assert_uint_eq(find(s, "compute")->n_endpoints, 0);
    /* It sends no Date: its time of issue is the service's clock. */
    ck_assert_uint_eq(s->expires - s->issued, 3600 * USEC_PER_SEC - 250000);
    ck_assert_uint_eq(s->deadline, s->obtained + (s->expires - s->issued));
    ck_assert_ptr_nonnull(strstr(s->document, "\"catalog\""));
    ck_assert_ptr_null(strstr(s->document, s->token));
}
END_TEST

/* This machine's clock may be anything. */
START_TEST(counts_from_the_time_of_issue)
{
    static const usec_t clocks[] = {0, 1, 4000000000};

    for (size_t i = 0; i < ARRAY_SIZE(clocks); i++) {
        _cleanup_(http_answer_done) struct http_answer real = {0};
        _cleanup_(session_unrefp) struct session *s = NULL;
        struct problem *problem = NULL;

        http_answer_read("password-project-201", &real);
        real.answer.received_realtime = clocks[i] * USEC_PER_SEC;
        ck_assert_int_eq(decode_with(&identity_keystone_v3, &real.answer, &s, &problem), 0);
        ck_assert_uint_eq(s->deadline - s->obtained, 3599 * USEC_PER_SEC);
    }
}
END_TEST

START_TEST(reads_other_scopes)
{
    static const char *const names[] = {"password-unscoped-201", "password-domain-201"};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        _cleanup_(http_answer_done) struct http_answer real = {0};
        _cleanup_(session_unrefp) struct session *s = decode(names[i], &real);

        ck_assert_ptr_null(s->tenant_id);
        ck_assert_ptr_null(s->tenant_name);
        ck_assert_str_ne(s->user_name, "");
    }
}
END_TEST

START_TEST(reads_application_credentials)
{
    static const char *const names[] = {"credential-id-201", "credential-name-201",
                                        "credential-ending-201"};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        _cleanup_(http_answer_done) struct http_answer real = {0};
        _cleanup_(session_unrefp) struct session *s = decode(names[i], &real);

        ck_assert_str_eq(s->tenant_name, "demo");
        /* one that ends soon caps the token, and writes the time without a zone */
        ck_assert((s->expires - s->issued < 300 * USEC_PER_SEC) == (i == 2));
    }
}
END_TEST

static const struct {
    const char *name;
    enum problem_code code;
    bool application;
    const char *detail;
} refusals[] = {
    {"wrong-password-401", PROBLEM_CREDENTIALS_REJECTED, false, "(HTTP status 401)"},
    {"unknown-project-401", PROBLEM_CREDENTIALS_REJECTED, false, "the project"},
    {"unknown-user-401", PROBLEM_CREDENTIALS_REJECTED, false, "(HTTP status 401)"},
    {"wrong-credential-secret-401", PROBLEM_CREDENTIALS_REJECTED, true, "(HTTP status 401)"},
    {"credential-with-scope-401", PROBLEM_CREDENTIALS_REJECTED, true, "(HTTP status 401)"},
    {"credential-ending-401", PROBLEM_CREDENTIALS_REJECTED, true, "(HTTP status 401)"},
    {"unknown-credential-404", PROBLEM_CREDENTIALS_REJECTED, true,
     "does not know this application credential"},
    {"unknown-credential-404", PROBLEM_BAD_ANSWER, false, "no login at this address"},
    {"no-json-400", PROBLEM_CREDENTIALS_REJECTED, false, "as malformed"},
    {"v2-404", PROBLEM_BAD_ANSWER, true, "no login at this address"},
    {"wrong-path-404", PROBLEM_BAD_ANSWER, false, "no login at this address"},
    {"root-405", PROBLEM_BAD_ANSWER, false, "no login at this address"},
    {"versions-300", PROBLEM_BAD_ANSWER, false, "sends the login elsewhere"},
    {"version-200", PROBLEM_BAD_ANSWER, false, "token is missing"},
    {"swift-wrong-token-401", PROBLEM_BAD_ANSWER, false, "a proxy in between"},
};

START_TEST(tells_refusals_apart)
{
    const struct cloud_config cloud = {0};
    char secret[] = "s3cret";
    struct credential credential = {0};
    const struct identity_login login = {&cloud, &credential, "http://h/v3"};
    _cleanup_(http_answer_done) struct http_answer real = {0};
    _cleanup_(problem_freep) struct problem *problem = NULL;
    struct session *s = NULL;

    if (refusals[_i].application)
        credential.fields[CREDENTIAL_APPLICATION_CREDENTIAL_SECRET] = secret;
    http_answer_read(refusals[_i].name, &real);
    ck_assert_int_eq(identity_keystone_v3.decode_login(&login, &real.answer, &s, &problem), 1);
    ck_assert_msg(problem->code == refusals[_i].code, "%s: %s", refusals[_i].name, problem->detail);
    ck_assert_msg(strstr(problem->detail, refusals[_i].detail) != NULL, "%s: %s", refusals[_i].name,
                  problem->detail);
}
END_TEST

/* What must be there, and what must not. */
static const struct {
    const char *subject, *body, *detail;
} bad[] = {
    {NULL, "{\"token\":{\"expires_at\":\"2222-01-01T00:00:00Z\"}}", "X-Subject-Token is missing"},
    {"a b", "{\"token\":{\"expires_at\":\"2222-01-01T00:00:00Z\"}}", "X-Subject-Token is empty or"},
    {"t0ken", "{}", "token is missing"},
    {"t0ken", "{\"token\":7}", "token is not an object"},
    {"t0ken", "{\"token\":{}}", "token.expires_at is missing"},
    {"t0ken", "{\"token\":{\"expires_at\":null}}", "token.expires_at is missing"},
    {"t0ken", "{\"token\":{\"expires_at\":\"never\"}}", "token.expires_at is not a time"},
    {"t0ken", "{\"token\":{\"expires_at\":\"2001-01-01T00:00:00Z\"}}", "was over by the service's"},
    {"t0ken",
     "{\"token\":{\"expires_at\":\"2222-01-01T00:00:00Z\",\"issued_at\":"
     "\"2222-01-01T00:00:00Z\"}}",
     "was over by the service's"},
    {"t0ken", "{\"token\":{\"expires_at\":\"2222-01-01T00:00:00Z\",\"catalog\":{}}}",
     "token.catalog is not a list"},
    {"t0ken", "[]", "is not JSON"},
    {"t0ken", "<html>", "is not JSON"},
};

START_TEST(names_what_is_wrong)
{
    _cleanup_(header_list_done) struct header_list headers = {0};
    _cleanup_(problem_freep) struct problem *problem = NULL;
    struct identity_answer answer = answer_of(201, bad[_i].body);
    struct session *s = NULL;
    char line[64];

    answer.date = 0;
    answer.headers = &headers;
    if (bad[_i].subject) {
        snprintf(line, sizeof(line), "x-subject-token: %s", bad[_i].subject);
        ck_assert_int_eq(header_list_add(&headers, line, strlen(line)), 0);
    }
    ck_assert_int_eq(decode_with(&identity_keystone_v3, &answer, &s, &problem), 1);
    ck_assert_int_eq(problem->code, PROBLEM_BAD_ANSWER);
    ck_assert_msg(strstr(problem->detail, bad[_i].detail) != NULL, "%s", problem->detail);
    ck_assert_ptr_null(strstr(problem->detail, "t0ken"));
}
END_TEST

/* Odd members are no reason to have no token; the token is nowhere in the document. */
START_TEST(makes_do_with_odd_members)
{
    static const char subject[] = "X-Subject-Token: t0ken";
    _cleanup_(header_list_done) struct header_list headers = {0};
    _cleanup_(session_unrefp) struct session *s = NULL;
    struct identity_answer answer = answer_of(
        201, "{\"token\":{\"expires_at\":\"2222-01-01T00:00:00\",\"user\":{\"id\":7,\"name\":[]},"
             "\"project\":\"p\",\"roles\":[1,{\"name\":\"r\"}],\"copy\":\"-t0ken-\",\"catalog\":["
             "null,{\"type\":1,\"endpoints\":{}},{\"type\":\"t\",\"endpoints\":[1,{\"url\":\"u\"},"
             "{\"url\":\"http://u\",\"interface\":\"public\",\"region\":\"R\"},{\"url\":null,"
             "\"interface\":\"public\"},{\"url\":\"http://v\",\"interface\":\"internal\","
             "\"region_id\":\"S\",\"region\":\"T\"}]}]}}");
    struct problem *problem = NULL;

    ck_assert_int_eq(header_list_add(&headers, subject, strlen(subject)), 0);
    answer.headers = &headers;
    ck_assert_int_eq(decode_with(&identity_keystone_v3, &answer, &s, &problem), 0);
    ck_assert_str_eq(s->user_id, "7");
    ck_assert_str_eq(s->user_name, "");
    ck_assert_ptr_null(s->tenant_id);
    ck_assert_uint_eq(s->n_roles, 1);
    ck_assert_uint_eq(s->catalog->n_services, 2);
    ck_assert_uint_eq(s->catalog->services[1].n_endpoints, 2);
    ck_assert_str_eq(s->catalog->services[1].endpoints[0].region, "R");
    ck_assert_str_eq(s->catalog->services[1].endpoints[1].region, "S");
    ck_assert_ptr_null(strstr(s->document, "t0ken"));
}
END_TEST

Suite *make_suite(void)
{
    Suite *s = suite_create("identity_keystone");
    TCase *requests = tcase_create("requests"), *answers = tcase_create("answers");

    tcase_add_unchecked_fixture(requests, identity_init, NULL);
    tcase_add_loop_test(requests, writes_the_login, 0, (int)ARRAY_SIZE(logins));
    tcase_add_loop_test(requests, refuses_what_cannot_be_sent, 0, (int)ARRAY_SIZE(useless));
    tcase_add_test(requests, writes_a_revocation);
    tcase_add_test(requests, speaks_v2);
    suite_add_tcase(s, requests);

    tcase_add_unchecked_fixture(answers, identity_init, NULL);
    tcase_add_test(answers, reads_a_project);
    tcase_add_test(answers, counts_from_the_time_of_issue);
    tcase_add_test(answers, reads_other_scopes);
    tcase_add_test(answers, reads_application_credentials);
    tcase_add_loop_test(answers, tells_refusals_apart, 0, (int)ARRAY_SIZE(refusals));
    tcase_add_loop_test(answers, names_what_is_wrong, 0, (int)ARRAY_SIZE(bad));
    tcase_add_test(answers, makes_do_with_odd_members);
    suite_add_tcase(s, answers);
    return s;
}
