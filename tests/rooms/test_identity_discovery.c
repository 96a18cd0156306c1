/* SPDX-License-Identifier: MIT */
/* The suite of the room that finds out which protocol an identity service speaks, and where. */
#include "http_answer.h"
#include "identity_discovery.h"
#include "suite.h"

#include <errno.h>
#include <string.h>

static char keystone[] = "keystone";

static const struct {
    const char *auth_endpoint, *api_version;
    const struct identity_provider *provider; /* NULL: the service has to be asked */
    const char *endpoint;
} places[] = {
    {"http://h:5000/v3", NULL, &identity_keystone_v3, "http://h:5000/v3"},
    {"http://h:5000/v3/", NULL, &identity_keystone_v3, "http://h:5000/v3"},
    {"http://h:5000/v3/auth/tokens", NULL, &identity_keystone_v3, "http://h:5000/v3"},
    {"http://h/identity/v3", NULL, &identity_keystone_v3, "http://h/identity/v3"},
    {"http://h/identity/V3//", NULL, &identity_keystone_v3, "http://h/identity/V3"},
    {"http://h/v3.14", NULL, &identity_keystone_v3, "http://h/v3.14"},
    {"http://h:5000/v2.0", NULL, &identity_keystone_v2, "http://h:5000/v2.0"},
    {"http://h:5000/v2.0/tokens/", NULL, &identity_keystone_v2, "http://h:5000/v2.0"},
    {"http://h:5000/v3", "v3", &identity_keystone_v3, "http://h:5000/v3"},
    {"http://h:5000/v2.0", "v2", &identity_keystone_v2, "http://h:5000/v2.0"},
    /* to be asked */
    {"http://h:5000", NULL, NULL, "http://h:5000"},
    {"http://h:5000/", NULL, NULL, "http://h:5000"},
    {"http://[::1]:5000/", NULL, NULL, "http://[::1]:5000"},
    {"http://h/identity", NULL, NULL, "http://h/identity"},
    {"http://h/identity/", "v3", NULL, "http://h/identity"},
    {"http://h/v2.0", "v3", NULL, "http://h"},
    {"http://h/v3", "v2", NULL, "http://h"},
    {"http://h/v4", NULL, NULL, "http://h"},
    {"http://h/v30", NULL, NULL, "http://h"},
    {"http://h/version", NULL, NULL, "http://h/version"},
    {"http://h/v", NULL, NULL, "http://h/v"},
    {"http://h/v3.", NULL, NULL, "http://h/v3."},
    {"http://v3", NULL, &identity_keystone_v3, "http://v3"},
};

START_TEST(knows_what_the_configuration_says)
{
    _cleanup_(freep) char *endpoint = strdup(places[_i].auth_endpoint);
    _cleanup_(freep) char *version = places[_i].api_version ? strdup(places[_i].api_version) : NULL;
    struct cloud_config cloud = {
        .identity_type = keystone, .auth_endpoint = endpoint, .identity_api_version = version};
    _cleanup_(identity_place_done) struct identity_place place = {0};

    ck_assert_int_eq(identity_place_of(&cloud, &place), places[_i].provider ? 1 : 0);
    ck_assert_ptr_eq(place.provider, places[_i].provider);
    ck_assert_str_eq(place.endpoint, places[_i].endpoint);
}
END_TEST

/* What is known from before a restart, and what is made of it; NULL: nothing. */
static const struct {
    const char *auth_endpoint, *known;
    const struct identity_provider *provider;
    const char *endpoint;
} known_places[] = {
    {"http://h", "http://h/v3", &identity_keystone_v3, "http://h/v3"},
    {"http://h/identity/", "http://h/identity/v2.0", &identity_keystone_v2,
     "http://h/identity/v2.0"},
    /* The configuration knows better. */
    {"http://h/v3", "http://elsewhere/v2.0", &identity_keystone_v3, "http://h/v3"},
    {"http://h/v3", NULL, &identity_keystone_v3, "http://h/v3"},
    /* A key would go there. */
    {"http://h", "http://elsewhere/v3", NULL, NULL},
    {"http://h", "http://h.elsewhere/v3", NULL, NULL},
    {"http://h", "http://h/elsewhere/v3", NULL, NULL},
    {"http://h", "http://h/v3/..", NULL, NULL},
    {"http://h", "http://h/v3/", NULL, NULL},
    {"http://h", "http://h/v9", NULL, NULL},
    {"http://h", "http://h", NULL, NULL},
    {"http://h", "", NULL, NULL},
    {"http://h", NULL, NULL, NULL},
};

START_TEST(believes_a_version_of_its_own_address)
{
    _cleanup_(freep) char *endpoint = strdup(known_places[_i].auth_endpoint);
    struct cloud_config cloud = {.identity_type = keystone, .auth_endpoint = endpoint};
    _cleanup_(identity_place_done) struct identity_place place = {0};

    ck_assert_int_eq(identity_place_resume(&cloud, known_places[_i].known, &place),
                     known_places[_i].provider ? 0 : -ENOENT);
    ck_assert_ptr_eq(place.provider, known_places[_i].provider);
    if (known_places[_i].provider)
        ck_assert_str_eq(place.endpoint, known_places[_i].endpoint);
    else
        ck_assert_ptr_null(place.endpoint);
}
END_TEST

START_TEST(asks_at_the_root)
{
    _cleanup_(identity_request_freep) struct identity_request *a = NULL, *b = NULL;

    ck_assert_int_eq(identity_encode_discovery("http://h/identity/v3", &a), 0);
    ck_assert_str_eq(a->method, "GET");
    ck_assert_str_eq(a->url, "http://h/identity/");
    ck_assert_ptr_null(a->body);
    ck_assert_ptr_null(a->headers[0].name);
    ck_assert_int_eq(identity_encode_discovery("http://h:1", &b), 0);
    ck_assert_str_eq(b->url, "http://h:1/");
}
END_TEST

#define V3 "{\"id\":\"v3.14\",\"links\":[{\"rel\":\"self\",\"href\":\"http://other/v3/\"}]}"
#define V2 "{\"id\":\"v2.0\",\"links\":[{\"rel\":\"self\",\"href\":\"https://h/x/v2.0\"}]}"
#define V9 "{\"id\":\"v9.1\",\"links\":[{\"rel\":\"self\",\"href\":\"http://h/v9\"}]}"

/* What a service at http://h/identity says, and what comes of it. */
static const struct {
    unsigned status;
    const char *body, *api_version;
    const struct identity_provider *provider;
    const char *text; /* the endpoint, or part of the problem */
} documents[] = {
    {300, "{\"versions\":{\"values\":[" V2 "," V3 "]}}", NULL, &identity_keystone_v3,
     "http://h/identity/v3"},
    {200, "{\"versions\":[" V3 "]}", NULL, &identity_keystone_v3, "http://h/identity/v3"},
    {200, "{\"version\":" V3 "}", NULL, &identity_keystone_v3, "http://h/identity/v3"},
    {300, "{\"versions\":{\"values\":[" V2 "]}}", NULL, &identity_keystone_v2,
     "http://h/identity/v2.0"},
    {300, "{\"versions\":{\"values\":[" V2 "," V3 "]}}", "v2", &identity_keystone_v2,
     "http://h/identity/v2.0"},
    {300, "{\"versions\":{\"values\":[1,null,{},{\"id\":3},{\"id\":\"v3\"}," V3 "]}}", NULL,
     &identity_keystone_v3, "http://h/identity/v3"},
    /* an address that is not its own is no place for a key */
    {300, "{\"version\":{\"id\":\"v3\",\"links\":[{\"rel\":\"self\",\"href\":\"http://evil/\"}]}}",
     NULL, NULL, "names no versions"},
    {300,
     "{\"version\":{\"id\":\"v3\",\"links\":[{\"rel\":\"self\",\"href\":\"http://e/v3?x=\"}]}}",
     NULL, NULL, "names no versions"},
    {300, "{\"version\":{\"id\":\"v3\",\"links\":[{\"rel\":\"self\",\"href\":7}]}}", NULL, NULL,
     "names no versions"},
    /* a version that is not wanted, or not known */
    {300, "{\"versions\":{\"values\":[" V3 "]}}", "v2", NULL,
     "has v3.14 (http://h/identity/v3), and not the version that is asked for"},
    {300, "{\"versions\":{\"values\":[" V9 "]}}", NULL, NULL,
     "has v9.1 (http://h/identity/v9), none of which this latchkeyd knows"},
    /* no identity service */
    {200, "<html>", NULL, NULL,
     "no identity service at http://h/identity/: it answers with HTTP status 200 and text/html"},
    {404, "", NULL, NULL, "HTTP status 404"},
    {401, "{\"error\":{\"code\":401,\"message\":\"s3cret\"}}", NULL, NULL, "HTTP status 401"},
    {200, "{\"versions\":{\"values\":[]}}", NULL, NULL, "names no versions"},
    {503, "", NULL, NULL, "out of order (HTTP status 503)"},
    {429, "", NULL, NULL, "too many requests"},
};

START_TEST(reads_version_documents)
{
    _cleanup_(freep) char *version =
        documents[_i].api_version ? strdup(documents[_i].api_version) : NULL;
    char endpoint[] = "http://h/identity";
    const struct cloud_config cloud = {
        .identity_type = keystone, .auth_endpoint = endpoint, .identity_api_version = version};
    _cleanup_(header_list_done) struct header_list headers = {0};
    struct identity_answer answer = {
        .status = documents[_i].status,
        .headers = &headers,
        .body = documents[_i].body,
        .length = strlen(documents[_i].body),
    };
    _cleanup_(identity_place_done) struct identity_place place = {0};
    _cleanup_(problem_freep) struct problem *problem = NULL;
    static const char type[] = "Content-Type: text/html; charset=utf-8";
    int r;

    ck_assert_int_eq(header_list_add(&headers, type, strlen(type)), 0);
    r = identity_decode_discovery(&cloud, endpoint, &answer, &place, &problem);
    ck_assert_msg(r == (documents[_i].provider ? 0 : 1), "%s", documents[_i].body);
    ck_assert_ptr_eq(place.provider, documents[_i].provider);
    if (r == 0) {
        ck_assert_str_eq(place.endpoint, documents[_i].text);
        return;
    }
    ck_assert_msg(strstr(problem->detail, documents[_i].text) != NULL, "%s", problem->detail);
    ck_assert_ptr_null(strstr(problem->detail, "s3cret"));
}
END_TEST

START_TEST(reads_the_real_ones)
{
    static const char *const names[] = {"versions-300", "version-200"};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        char endpoint[] = "http://127.0.0.1:15000";
        const struct cloud_config cloud = {.identity_type = keystone, .auth_endpoint = endpoint};
        _cleanup_(http_answer_done) struct http_answer real = {0};
        _cleanup_(identity_place_done) struct identity_place place = {0};
        struct problem *problem = NULL;

        http_answer_read(names[i], &real);
        ck_assert_int_eq(
            identity_decode_discovery(&cloud, endpoint, &real.answer, &place, &problem), 0);
        ck_assert_ptr_eq(place.provider, &identity_keystone_v3);
        ck_assert_str_eq(place.endpoint, "http://127.0.0.1:15000/v3");
    }
}
END_TEST

START_TEST(explains_what_there_is)
{
    _cleanup_(http_answer_done) struct http_answer versions = {0}, page = {0};
    _cleanup_(problem_freep) struct problem *found = NULL, *nothing = NULL;

    http_answer_read("versions-300", &versions);
    http_answer_read("v2-404", &page);
    found = identity_explain_discovery("http://h:5000/v2.0", &versions.answer);
    ck_assert_str_eq(found->detail,
                     "There is no login at http://h:5000/v2.0, but the identity service at "
                     "http://h:5000/ has v3.14 (http://h:5000/v3): set `auth_endpoint` to one of "
                     "them.");
    nothing = identity_explain_discovery("http://h:5000/v2.0", &page.answer);
    ck_assert_str_eq(nothing->detail,
                     "There is no identity service at http://h:5000/: it answers with HTTP status "
                     "404 and text/html, which names no versions: correct `auth_endpoint`.");
}
END_TEST

Suite *make_suite(void)
{
    Suite *s = suite_create("identity_discovery");
    TCase *t = tcase_create("discovery");

    tcase_add_unchecked_fixture(t, identity_init, NULL);
    tcase_add_loop_test(t, knows_what_the_configuration_says, 0, (int)ARRAY_SIZE(places));
    tcase_add_loop_test(t, believes_a_version_of_its_own_address, 0, (int)ARRAY_SIZE(known_places));
    tcase_add_test(t, asks_at_the_root);
    tcase_add_loop_test(t, reads_version_documents, 0, (int)ARRAY_SIZE(documents));
    tcase_add_test(t, reads_the_real_ones);
    tcase_add_test(t, explains_what_there_is);
    suite_add_tcase(s, t);
    return s;
}
