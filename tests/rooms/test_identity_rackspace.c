/* SPDX-License-Identifier: MIT */
/* The suite of the Rackspace provider: what it sends, and what it reads out of a good answer. */
#include "identity_discovery.h"
#include "rackspace_answers.h"
#include "rfc3339.h"
#include "seed.h"
#include "suite.h"

#include <jansson.h>

#define KEY_FORM \
    "{\"auth\":{\"RAX-KSKEY:apiKeyCredentials\":{\"username\":\"myusername\",\"apiKey\":"
#define PASSWORD_FORM \
    "{\"auth\":{\"passwordCredentials\":{\"username\":\"myusername\",\"password\":"

static struct identity_request *encode(const struct identity_login *login)
{
    struct identity_request *request = NULL;
    struct problem *problem = NULL;

    ck_assert_int_eq(identity_rackspace.encode_login(login, &request, &problem), 0);
    ck_assert_ptr_null(problem);
    ck_assert_str_eq(request->method, "POST");
    ck_assert_ptr_null(request->headers[0].name);
    return request;
}

static const struct {
    const char *auth_endpoint, *region, *url;
} addresses[] = {
    {NULL, NULL, "https://identity.api.rackspacecloud.com/v2.0/tokens"},
    {"", NULL, "https://identity.api.rackspacecloud.com/v2.0/tokens"},
    {NULL, "DFW", "https://identity.api.rackspacecloud.com/v2.0/tokens"},
    {NULL, "LON", "https://lon.identity.api.rackspacecloud.com/v2.0/tokens"},
    {NULL, "lon", "https://lon.identity.api.rackspacecloud.com/v2.0/tokens"},
    {"http://127.0.0.1:8080/v2.0", "LON", "http://127.0.0.1:8080/v2.0/tokens"},
    {"http://127.0.0.1:8080/v2.0/", NULL, "http://127.0.0.1:8080/v2.0/tokens"},
    {"http://127.0.0.1:8080/v2.0///", NULL, "http://127.0.0.1:8080/v2.0/tokens"},
    {"http://127.0.0.1:8080/v2.0/tokens", NULL, "http://127.0.0.1:8080/v2.0/tokens"},
    {"http://127.0.0.1:8080/v2.0/tokens/", NULL, "http://127.0.0.1:8080/v2.0/tokens"},
    {"http://127.0.0.1:8080", NULL, "http://127.0.0.1:8080/v2.0/tokens"},
    {"http://127.0.0.1:8080/", NULL, "http://127.0.0.1:8080/v2.0/tokens"},
    {"http://127.0.0.1:8080//", NULL, "http://127.0.0.1:8080/v2.0/tokens"},
    {"http://[::1]:8080", NULL, "http://[::1]:8080/v2.0/tokens"},
    {"https://cloud.example/identity/v2.0", NULL, "https://cloud.example/identity/v2.0/tokens"},
    {"cloud.example", NULL, "cloud.example/v2.0/tokens"},
    {"cloud.example/v2.0", NULL, "cloud.example/v2.0/tokens"},
};

START_TEST(addresses_the_tokens)
{
    char rackspace[] = "rackspace", user[] = "myusername", key[] = API_KEY;
    _cleanup_(freep) char *endpoint =
        addresses[_i].auth_endpoint ? strdup(addresses[_i].auth_endpoint) : NULL;
    _cleanup_(freep) char *region = addresses[_i].region ? strdup(addresses[_i].region) : NULL;
    struct cloud_config cloud = {
        .identity_type = rackspace, .auth_endpoint = endpoint, .region = region};
    struct credential credential = {{[CREDENTIAL_USERNAME] = user, [CREDENTIAL_API_KEY] = key}};
    _cleanup_(identity_place_done) struct identity_place place = {0};
    _cleanup_(identity_request_freep) struct identity_request *request = NULL, *revoke = NULL;
    struct identity_login login = {&cloud, &credential, NULL};

    ck_assert_int_eq(identity_place_of(&cloud, &place), 1);
    ck_assert_ptr_eq(place.provider, &identity_rackspace);
    login.endpoint = place.endpoint;
    request = encode(&login);
    ck_assert_str_eq(request->url, addresses[_i].url);
    ck_assert_int_eq(identity_rackspace.encode_revoke(&login, SEED_TOKEN, &revoke), 0);
    ck_assert_str_eq(revoke->url, addresses[_i].url);
    ck_assert_str_eq(revoke->method, "DELETE");
    ck_assert_str_eq(revoke->headers[0].name, "X-Auth-Token");
    ck_assert_str_eq(revoke->headers[0].value, SEED_TOKEN);
    ck_assert_ptr_null(revoke->body);
}
END_TEST

static const struct {
    enum credential_field field;
    const char *key, *tenant_id, *tenant_name, *cloud_tenant_id, *cloud_tenant_name, *body;
} bodies[] = {
    {CREDENTIAL_API_KEY, API_KEY, .body = KEY_FORM "\"" API_KEY "\"}}}"},
    {CREDENTIAL_PASSWORD, API_KEY, .body = PASSWORD_FORM "\"" API_KEY "\"}}}"},
    {CREDENTIAL_PASSWORD, "a\"b\\c%d\xc3\xa9 ",
     .body = PASSWORD_FORM "\"a\\\"b\\\\c%d\xc3\xa9 \"}}}"},
    /* a tenant by id or by name, never both; the credential's before the configuration's */
    {CREDENTIAL_API_KEY, "k", "1", .body = KEY_FORM "\"k\"},\"tenantId\":\"1\"}}"},
    {CREDENTIAL_API_KEY, "k", NULL, "n", .body = KEY_FORM "\"k\"},\"tenantName\":\"n\"}}"},
    {CREDENTIAL_API_KEY, "k", "1", "n", "2", "m", KEY_FORM "\"k\"},\"tenantId\":\"1\"}}"},
    {CREDENTIAL_API_KEY, "k", NULL, "n", "2", "m", KEY_FORM "\"k\"},\"tenantName\":\"n\"}}"},
    {CREDENTIAL_API_KEY, "k", NULL, NULL, "2", "m", KEY_FORM "\"k\"},\"tenantId\":\"2\"}}"},
    {CREDENTIAL_API_KEY, "k", NULL, NULL, NULL, "m", KEY_FORM "\"k\"},\"tenantName\":\"m\"}}"},
    {CREDENTIAL_API_KEY, "k", "", "", "", "m", KEY_FORM "\"k\"},\"tenantName\":\"m\"}}"},
    {CREDENTIAL_API_KEY, "k", "", "", "", "", KEY_FORM "\"k\"}}}"},
};

static void set(struct credential *c, enum credential_field field, const char *text)
{
    ck_assert_int_eq(credential_set(c, field, text), 0);
}

START_TEST(writes_the_login)
{
    struct cloud_config cloud = {0};
    struct credential credential = {0};
    _cleanup_(identity_request_freep) struct identity_request *request = NULL;

    set(&credential, CREDENTIAL_USERNAME, "myusername");
    set(&credential, bodies[_i].field, bodies[_i].key);
    set(&credential, CREDENTIAL_TENANT_ID, bodies[_i].tenant_id);
    set(&credential, CREDENTIAL_TENANT_NAME, bodies[_i].tenant_name);
    set(&cloud.login, CREDENTIAL_TENANT_ID, bodies[_i].cloud_tenant_id);
    set(&cloud.login, CREDENTIAL_TENANT_NAME, bodies[_i].cloud_tenant_name);
    request = encode(&(struct identity_login){&cloud, &credential, NULL});
    ck_assert_str_eq(request->body, bodies[_i].body);
    credential_done(&credential);
    credential_done(&cloud.login);
}
END_TEST

static const struct {
    const char *username, *api_key, *tenant_id, *detail;
} useless[] = {
    {"", "k", NULL, "no user name"},        {"u", "", NULL, "an API key or a password"},
    {"\xff", "k", NULL, "not valid UTF-8"}, {"u", "secret\xff", NULL, "not valid UTF-8"},
    {"u", "k", "\xc3", "not valid UTF-8"},
};

START_TEST(refuses_what_cannot_be_sent)
{
    struct cloud_config cloud = {0};
    struct credential credential = {0};
    struct identity_request *request = NULL;
    _cleanup_(problem_freep) struct problem *problem = NULL;

    set(&credential, CREDENTIAL_USERNAME, useless[_i].username);
    set(&credential, CREDENTIAL_API_KEY, useless[_i].api_key);
    set(&credential, CREDENTIAL_TENANT_ID, useless[_i].tenant_id);
    ck_assert_int_eq(identity_rackspace.encode_login(
                         &(struct identity_login){&cloud, &credential, NULL}, &request, &problem),
                     1);
    ck_assert_ptr_null(request);
    ck_assert_int_eq(problem->code, PROBLEM_CREDENTIALS_REJECTED);
    ck_assert_ptr_nonnull(strstr(problem->detail, useless[_i].detail));
    ck_assert_ptr_null(strstr(problem->detail, "secret"));
    credential_done(&credential);
}
END_TEST

START_TEST(reads_the_seed)
{
    _cleanup_(session_unrefp) struct session *s = seed_session();
    const struct service *files = &s->catalog->services[1], *dns = &s->catalog->services[3];
    static const char *const names[] = {
        "cloudLoadBalancers", "cloudFiles",   "cloudServersOpenStack", "cloudDNS",
        "cloudDatabases",     "cloudServers", "cloudFilesCDN",         "cloudMonitoring",
    };
    char buffer[RFC3339_LENGTH];

    ck_assert_str_eq(s->token, SEED_TOKEN);
    ck_assert_str_eq(rfc3339_format(s->expires, buffer), "2222-02-23T00:22:22Z");
    ck_assert_uint_eq(s->generation, 0);
    ck_assert_str_eq(s->user_id, "123456");
    ck_assert_str_eq(s->user_name, "someuser");
    ck_assert_ptr_null(s->default_region);
    ck_assert_uint_eq(s->n_roles, 1);
    ck_assert_str_eq(s->roles[0].id, "3");
    ck_assert_str_eq(s->roles[0].name, "identity:user-admin");
    ck_assert_str_eq(s->roles[0].description, "User Admin Role.");
    ck_assert_str_eq(s->tenant_id, SEED_TENANT);
    ck_assert_str_eq(s->tenant_name, SEED_TENANT);

    ck_assert_uint_eq(s->catalog->n_services, ARRAY_SIZE(names));
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        ck_assert_str_eq(s->catalog->services[i].name, names[i]);
    ck_assert_str_eq(files->type, "object-store");
    ck_assert_uint_eq(files->n_endpoints, 4);
    ck_assert_str_eq(files->endpoints[0].interface, "public");
    ck_assert_str_eq(files->endpoints[0].region, "DFW");
    ck_assert_str_eq(files->endpoints[0].tenant_id, SEED_FILES_TENANT);
    ck_assert_str_eq(files->endpoints[1].interface, "internal");
    ck_assert_str_eq(files->endpoints[1].url,
                     "https://snet-storage101.dfw1.clouddrive.com/v1/" SEED_FILES_TENANT);
    ck_assert_str_eq(files->endpoints[3].region, "ORD");
    ck_assert_uint_eq(dns->n_endpoints, 1);
    ck_assert_ptr_null(dns->endpoints[0].region);
}
END_TEST

START_TEST(keeps_the_document_without_the_token)
{
    _cleanup_(session_unrefp) struct session *s = seed_session();
    _cleanup_(freep) char *text = seed_access();
    _cleanup_(json_decrefp) json_t *expected = json_loads(text, 0, NULL);
    _cleanup_(json_decrefp) json_t *document = json_loads(s->document, 0, NULL);

    json_object_del(json_object_get(json_object_get(expected, "access"), "token"), "id");
    ck_assert(json_equal(document, expected));
    ck_assert_ptr_null(strstr(s->document, SEED_TOKEN));
}
END_TEST

static struct session *decode(const char *body)
{
    struct identity_answer answer = answer_of(200, body);
    struct session *session = NULL;
    struct problem *problem = NULL;
    int r = decode_with(&identity_rackspace, &answer, &session, &problem);

    ck_assert_msg(r == 0, "%s: %s", body, problem ? problem->detail : "no memory");
    ck_assert_ptr_null(problem);
    return session;
}

/* Wherever the token stands, in a value, a key, a list, or spelt with escapes. */
static const struct {
    const char *body, *token, *document;
} documents[] = {
    {ACCESS(TOKEN ",\"copy\":\"t0ken\",\"kept\":\"t0kem\"", ""), "t0ken",
     "{\"access\":{\"token\":{" EXPIRES ",\"kept\":\"t0kem\"}}}"},
    {ACCESS(TOKEN, ",\"t0ken\":1,\"deep\":[[{\"a-t0ken-z\":{}}],\"t0ken\",2,\"xt0kenx\"]"), "t0ken",
     "{\"access\":{\"token\":{" EXPIRES "},\"deep\":[[{}],2]}}"},
    {ACCESS(TOKEN, ",\"escaped\":\"\\u00740ken\""), "t0ken",
     "{\"access\":{\"token\":{" EXPIRES "}}}"},
    {ACCESS("\"id\":\"a\\\"b\\\\c/d\"," EXPIRES ",\"copy\":\"-a\\\"b\\\\c\\/d-\"", ""), "a\"b\\c/d",
     "{\"access\":{\"token\":{" EXPIRES "}}}"},
    {ACCESS("\"id\":\"0\",\"expires\":\"2222-11-15T22:13:27Z\",\"n\":0", ""), "0", "{}"},
};

START_TEST(takes_the_token_out_everywhere)
{
    _cleanup_(session_unrefp) struct session *s = decode(documents[_i].body);

    ck_assert_str_eq(s->token, documents[_i].token);
    ck_assert_str_eq(s->document, documents[_i].document);
}
END_TEST

/* What may be missing, and what it is then. */
START_TEST(makes_do_with_little)
{
    static const char *const little[] = {
        ACCESS(TOKEN, ""),
        ACCESS(TOKEN ",\"tenant\":{},\"unknown\":[1,{\"deep\":null}]",
               ",\"user\":{},\"serviceCatalog\":[],\"metadata\":{\"is_admin\":0}"),
        ACCESS(TOKEN ",\"tenant\":null", ",\"user\":null,\"serviceCatalog\":null"),
        ACCESS(TOKEN ",\"tenant\":{\"id\":\"\",\"name\":null}",
               ",\"user\":{\"id\":null,\"RAX-AUTH:defaultRegion\":\"\",\"roles\":[]}"),
        /* of a wrong type */
        ACCESS(TOKEN ",\"tenant\":\"1\"", ",\"user\":[],\"serviceCatalog\":[]"),
        ACCESS(TOKEN ",\"tenant\":[]", ",\"user\":\"me\""),
        ACCESS(TOKEN ",\"tenant\":{\"id\":true,\"name\":7}",
               ",\"user\":{\"id\":{},\"name\":true,\"RAX-AUTH:defaultRegion\":{},\"roles\":{}}"),
        ACCESS(TOKEN ",\"tenant\":{\"id\":[1],\"name\":[]}",
               ",\"user\":{\"id\":false,\"name\":[\"x\"],\"roles\":[1,null,\"admin\"]},"
               "\"serviceCatalog\":[null,1,\"x\",[]]"),
    };

    for (size_t i = 0; i < ARRAY_SIZE(little); i++) {
        _cleanup_(session_unrefp) struct session *s = decode(little[i]);

        ck_assert_str_eq(s->token, "t0ken");
        ck_assert_str_eq(s->user_id, "");
        ck_assert_str_eq(s->user_name, "");
        ck_assert_ptr_null(s->default_region);
        ck_assert_ptr_null(s->tenant_id);
        ck_assert_ptr_null(s->tenant_name);
        ck_assert_uint_eq(s->n_roles, 0);
        ck_assert_uint_eq(s->catalog->n_services, 0);
    }
}
END_TEST

START_TEST(reads_odd_entries)
{
    _cleanup_(session_unrefp) struct session *s = decode(ACCESS(
        TOKEN, ",\"user\":{\"id\":\"u\",\"name\":\"n\",\"RAX-AUTH:defaultRegion\":\"ORD\","
               "\"roles\":[{\"name\":\"r\",\"tenantId\":7},{\"id\":\"2\"}]},"
               "\"serviceCatalog\":[{},{\"type\":\"t\",\"endpoints\":["
               "{\"region\":\"A\"},{\"publicURL\":\"\",\"internalURL\":null},"
               "{\"adminURL\":\"https://a\",\"publicURL\":\"https://p\",\"region\":\"\"}]}]"));
    const struct service *service;

    ck_assert_str_eq(s->default_region, "ORD");
    ck_assert_uint_eq(s->n_roles, 2);
    ck_assert_str_eq(s->roles[0].id, "");
    ck_assert_str_eq(s->roles[0].name, "r");
    ck_assert_ptr_null(s->roles[0].description);
    ck_assert_str_eq(s->roles[1].name, "");
    ck_assert_uint_eq(s->catalog->n_services, 2);
    ck_assert_str_eq(s->catalog->services[0].type, "");
    service = &s->catalog->services[1];
    ck_assert_str_eq(service->name, "");
    ck_assert_uint_eq(service->n_endpoints, 2);
    ck_assert_str_eq(service->endpoints[0].interface, "public");
    ck_assert_str_eq(service->endpoints[1].interface, "admin");
    ck_assert_str_eq(service->endpoints[1].url, "https://a");
    ck_assert_ptr_null(service->endpoints[1].region);
}
END_TEST

/* One odd member is no reason to have no token: it counts as missing, and a number as its text. */
START_TEST(reads_odd_members)
{
    _cleanup_(session_unrefp) struct session *s = decode(ACCESS(
        TOKEN ",\"tenant\":{\"id\":123456,\"name\":\"n\"}",
        ",\"user\":{\"id\":-7,\"name\":\"me\",\"roles\":[{\"id\":3,\"name\":4},"
        "{\"id\":\"x\",\"description\":5}]},"
        "\"serviceCatalog\":[{\"type\":1,\"name\":2,\"endpoints\":{}},"
        "{\"type\":\"t\",\"name\":\"s\",\"endpoints\":[\"\",{\"publicURL\":1,"
        "\"adminURL\":[],\"internalURL\":\"https://i\",\"region\":1,\"tenantId\":9007199254740993},"
        "{\"publicURL\":\"https://p\",\"region\":\"A\",\"tenantId\":{}}]}]"));
    const struct service *service;

    ck_assert_str_eq(s->tenant_id, "123456");
    ck_assert_str_eq(s->tenant_name, "n");
    ck_assert_str_eq(s->user_id, "-7");
    ck_assert_uint_eq(s->n_roles, 2);
    ck_assert_str_eq(s->roles[0].id, "3");
    ck_assert_str_eq(s->roles[0].name, "");
    ck_assert_ptr_null(s->roles[1].description);
    ck_assert_uint_eq(s->catalog->n_services, 2);
    ck_assert_uint_eq(s->catalog->services[0].n_endpoints, 0);
    service = &s->catalog->services[1];
    ck_assert_uint_eq(service->n_endpoints, 2);
    ck_assert_str_eq(service->endpoints[0].url, "https://i");
    ck_assert_str_eq(service->endpoints[0].tenant_id, "9007199254740993");
    ck_assert_ptr_null(service->endpoints[0].region);
    ck_assert_str_eq(service->endpoints[1].url, "https://p");
    ck_assert_ptr_null(service->endpoints[1].tenant_id);
}
END_TEST

/* The lifetime is counted from the service's clock, whatever this machine's says. */
static const struct {
    const char *expires;
    time_t date;
    int64_t local_offset; /* seconds that this machine's clock is off */
    usec_t lifetime;      /* what must come out */
} lifetimes[] = {
    {"2023-11-15T22:13:20.500Z", NOW, 0, 86400 * USEC_PER_SEC + 250000},
    {"2023-11-15T16:13:20.637-06:00", NOW, 0, 86400 * USEC_PER_SEC + 387000},
    {"2023-11-15T20:13:20.000-02:00", NOW, 0, 86400 * USEC_PER_SEC - 250000},
    {"2023-11-15T22:13:20Z", NOW, 0, 86400 * USEC_PER_SEC - 250000},
    {"2023-11-15T22:13:20", NOW, 0, 86400 * USEC_PER_SEC - 250000},
    {"2023-11-15T22:13:20Z", NOW, 7200, 86399 * USEC_PER_SEC},
    {"2023-11-15T22:13:20Z", NOW, -7200, 86399 * USEC_PER_SEC},
    {"2023-11-15T22:13:20Z", 0, 0, 86400 * USEC_PER_SEC - 250000},
    {"2023-11-14T22:13:22Z", NOW, -NOW, USEC_PER_SEC},
    {"2222-02-22T22:22:22.000-02:00", NOW, 0, 6256922942 * USEC_PER_SEC - 250000},
    {"9999-12-31T23:59:59.999999Z", NOW, 0, 251702300799 * USEC_PER_SEC + 749999},
};

START_TEST(counts_the_lifetime)
{
    _cleanup_(freep) char *body = NULL;
    _cleanup_(session_unrefp) struct session *s = NULL;
    struct problem *problem = NULL;
    struct identity_answer answer;

    ck_assert_int_gt(asprintf(&body, ACCESS(ID ",\"expires\":\"%s\"", ""), lifetimes[_i].expires),
                     0);
    answer = answer_of(200, body);
    answer.date = lifetimes[_i].date;
    answer.received_realtime += (usec_t)(lifetimes[_i].local_offset * 1000000);
    ck_assert_int_eq(decode_with(&identity_rackspace, &answer, &s, &problem), 0);

    ck_assert_uint_eq(s->issued, identity_now(&answer));
    ck_assert_uint_eq(s->obtained, 5000 * USEC_PER_SEC);
    ck_assert_uint_eq(s->deadline - s->obtained, lifetimes[_i].lifetime);
    ck_assert_uint_eq(s->expires - s->issued, lifetimes[_i].lifetime);
}
END_TEST

/* As deep as the parser lets through: every walk over it must come back. */
START_TEST(reads_a_deep_document)
{
    enum { DEPTH = 60 };
    char open[DEPTH + 1], close[DEPTH + 1];
    _cleanup_(freep) char *body = NULL;
    _cleanup_(session_unrefp) struct session *s = NULL;

    memset(open, '[', DEPTH);
    memset(close, ']', DEPTH);
    open[DEPTH] = close[DEPTH] = '\0';
    ck_assert_int_gt(asprintf(&body, ACCESS(TOKEN, ",\"x\":%s\"t0ken\"%s"), open, close), 0);
    s = decode(body);
    ck_assert_ptr_null(strstr(s->document, "t0ken"));
    ck_assert_ptr_nonnull(strstr(s->document, open));
}
END_TEST

START_TEST(takes_203_for_an_answer)
{
    struct identity_answer answer = answer_of(203, ACCESS(TOKEN, ""));
    _cleanup_(session_unrefp) struct session *s = NULL;
    struct problem *problem = NULL;

    ck_assert_int_eq(decode_with(&identity_rackspace, &answer, &s, &problem), 0);
    ck_assert_str_eq(s->token, "t0ken");
}
END_TEST

Suite *make_suite(void)
{
    Suite *s = suite_create("identity_rackspace");
    TCase *requests = tcase_create("requests"), *answers = tcase_create("answers");

    tcase_add_unchecked_fixture(requests, identity_init, NULL);
    tcase_add_loop_test(requests, addresses_the_tokens, 0, (int)ARRAY_SIZE(addresses));
    tcase_add_loop_test(requests, writes_the_login, 0, (int)ARRAY_SIZE(bodies));
    tcase_add_loop_test(requests, refuses_what_cannot_be_sent, 0, (int)ARRAY_SIZE(useless));
    suite_add_tcase(s, requests);

    tcase_add_unchecked_fixture(answers, identity_init, NULL);
    tcase_add_test(answers, reads_the_seed);
    tcase_add_test(answers, keeps_the_document_without_the_token);
    tcase_add_loop_test(answers, takes_the_token_out_everywhere, 0, (int)ARRAY_SIZE(documents));
    tcase_add_test(answers, makes_do_with_little);
    tcase_add_test(answers, reads_odd_entries);
    tcase_add_test(answers, reads_odd_members);
    tcase_add_test(answers, reads_a_deep_document);
    tcase_add_loop_test(answers, counts_the_lifetime, 0, (int)ARRAY_SIZE(lifetimes));
    tcase_add_test(answers, takes_203_for_an_answer);
    suite_add_tcase(s, answers);
    return s;
}
