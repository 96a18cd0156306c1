/* SPDX-License-Identifier: MIT */
/* Endpoints that the configuration gives: in place of the catalog's, and where there is no catalog, nor
 * anybody to log in to. */
#include "capture.h"
#include "daemon.h"
#include "look.h"
#include "sandbox.h"
#include "stage.h"
#include "wire.h"

#include <string.h>

static struct wire came(struct capture *c, size_t number)
{
    size_t length;
    const char *bytes = capture_wait(c, number, &length);

    return wire_parse(bytes, length);
}

static const char *url_of(const char *cloud, const char *query)
{
    return json_string_value(
        json_object_get(reply_json(get("/v1/%s/endpoint?%s", cloud, query), 200), "url"));
}

/* ---- beside a catalog */

START_TEST(signs_to_an_override)
{
    struct capture *c = capture_new();
    const char *url = stage_text("%s/own/000000", capture_url(c));
    json_t *services;
    struct wire w;

    sandbox_start(NULL);
    (void)daemon_start(&(struct daemon_options){
        .config =
            daemon_cloud("main", stage_text("compute_endpoint_override = %s/own/%%(project_id)s\n"
                                            "my_own_endpoint_override = %s/mine",
                                            capture_url(c), capture_url(c)))});

    ck_assert_int_eq(get("/v1/main/proxy/nova@ANY:internal/servers?a=%%20")->status, 200);
    w = came(c, 0);
    ck_assert_str_eq(w.first, "GET /own/000000/servers?a=%20 HTTP/1.1");
    ck_assert_str_eq(wire_take(&w, "X-Auth-Token"), look_token("main"));
    ck_assert_str_eq(url_of("main", "service=cloudServersOpenStack&region=DFW"), url);
    ck_assert_str_eq(url_of("main", "service=my-own"), stage_text("%s/mine", capture_url(c)));
    ck_assert_ptr_nonnull(strstr(url_of("main", "service=cloudfiles&region=DFW"), sandbox_url()));

    services = json_object_get(reply_json(get("/v1/main/catalog?service=my_own"), 200), "services");
    ck_assert_uint_eq(json_array_size(services), 1);
    ck_assert_uint_eq(json_array_size(json_object_get(json_array_get(services, 0), "endpoints")),
                      3);
    ck_assert_ptr_null(strstr(get("/v1/main/catalog?raw=1")->body, "/mine"));
}
END_TEST

START_TEST(says_what_an_override_lacks)
{
    struct daemon *d;

    sandbox_start(NULL);
    sandbox_set("'default_region': ''");
    d = daemon_start(&(struct daemon_options){
        .config = daemon_cloud("main", "image_endpoint_override = http://{region_name}.h/")});
    ck_assert_ptr_nonnull(strstr(
        reply_problem(get("/v1/main/endpoint?service=glance"), 404, "unknown-service"),
        "has region_name in it, which this login does not have: give the cloud a `region`."));
    daemon_wait_log(d, "has region_name in it");
    daemon_reload(d, daemon_cloud("main", "image_endpoint_override = http://{region_name}.h/\n"
                                          "region = ORD"));
    daemon_wait_state("main", "ready");
    ck_assert_str_eq(url_of("main", "service=glance"), "http://ORD.h/");
}
END_TEST

/* ---- without an identity service */

static struct capture *start_without(struct daemon **ret)
{
    struct capture *c = capture_new();
    struct daemon *d = daemon_start(&(struct daemon_options){
        .config = stage_text("[main]\nidentity_type = none\nendpoint = %s/base/\n"
                             "object_store_endpoint_override = %s/swift\n",
                             capture_url(c), capture_url(c))});

    if (ret)
        *ret = d;
    return c;
}

START_TEST(sends_without_a_token)
{
    struct capture *c = start_without(NULL);
    struct wire w;

    ck_assert_int_eq(
        send_text("PUT", "/v1/main/proxy/compute@R1/a", "hello", "X-Auth-Token: mine")->status,
        200);
    w = came(c, 0);
    ck_assert_str_eq(w.first, "PUT /base/a HTTP/1.1");
    ck_assert_ptr_null(wire_take(&w, "X-Auth-Token"));
    ck_assert_str_eq(w.body, "hello");
    ck_assert_int_eq(get("/v1/main/proxy/swift:admin/c/o")->status, 200);
    ck_assert_str_eq(came(c, 1).first, "GET /swift/c/o HTTP/1.1");
}
END_TEST

START_TEST(hands_a_401_back)
{
    static const struct capture_answer no = {.bytes =
                                                 "HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\nno"};
    struct capture *c = start_without(NULL);
    const struct reply *r;

    capture_set(c, &no);
    r = get("/v1/main/proxy/any/x");
    ck_assert_int_eq(r->status, 401);
    ck_assert_str_eq(r->body, "no");
    ck_assert_uint_eq(capture_count(c), 1);
    look_demand("main", "ready", NULL);
}
END_TEST

START_TEST(has_no_token)
{
    static const char *const queries[] = {"", "?min_ttl=60", "?after=0&timeout=1",
                                          "?after=1&timeout=60"};

    (void)start_without(NULL);
    for (size_t i = 0; i < ARRAY_SIZE(queries); i++)
        ck_assert_str_eq(
            reply_problem(get("/v1/main/token%s", queries[i]), 404, "no-token"),
            "Cloud main has no identity service and so no token: use signed requests.");
    (void)reply_problem(get("/v1/main/catalog?raw=1"), 404, "not-found");
    (void)reply_problem(
        send_text("PUT", "/v1/main/credential", "{\"username\":\"u\",\"api_key\":\"k\"}", NULL),
        400, "bad-request");
    (void)reply_problem(send_text("DELETE", "/v1/main/credential", NULL, NULL), 400, "bad-request");
}
END_TEST

START_TEST(is_ready_without_a_login)
{
    const char *state, *name;
    json_t *cloud, *any;
    int authenticated, generation;
    struct daemon *d;

    (void)start_without(&d);
    (void)reply_json(get("/health"), 200);
    json_demand(look_identity("main"),
                "{s:s, s:b, s:s, s:n, s:n, s:n, s:o, s:n, s:n, s:n, s:n, s:i, s:n !}", "cloud",
                &name, "authenticated", &authenticated, "state", &state, "user", "tenant",
                "default_region", "regions", &any, "issued", "expires", "expires_in", "refresh_in",
                "generation", &generation, "last_error");
    ck_assert_str_eq(state, "ready");
    ck_assert_int_eq(authenticated, 1);
    ck_assert_int_eq(generation, 1);
    cloud = json_array_get(json_object_get(reply_json(get("/v1"), 200), "clouds"), 0);
    ck_assert(json_is_null(json_object_get(cloud, "expires_in")));
    ck_assert_int_eq(
        json_integer_value(json_object_get(
            reply_json(send_text("POST", "/v1/main/refresh", NULL, NULL), 200), "generation")),
        1);
    ck_assert_ptr_null(strstr(get("/metrics")->body, "latchkey_token_left_seconds{"));
    any = json_object_get(reply_json(get("/v1/main/catalog?service=compute"), 200), "services");
    ck_assert_str_eq(json_string_value(json_object_get(json_array_get(any, 0), "type")), "*");

    daemon_reload(d, "[main]\nidentity_type = none\nendpoint = http://elsewhere\n");
    ck_assert_str_eq(url_of("main", "service=swift"), "http://elsewhere");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("overrides");
    TCase *t = stage_case(s, "beside a catalog", 20);

    tcase_add_test(t, signs_to_an_override);
    tcase_add_test(t, says_what_an_override_lacks);
    t = stage_case(s, "without an identity service", 20);
    tcase_add_test(t, sends_without_a_token);
    tcase_add_test(t, hands_a_401_back);
    tcase_add_test(t, has_no_token);
    tcase_add_test(t, is_ready_without_a_login);
    return stage_run(s);
}
