/* SPDX-License-Identifier: MIT */
/* Where a signed request goes: the ways to name a service, and paths that would lead out of it. */
#include "capture.h"
#include "daemon.h"
#include "patience.h"
#include "sandbox.h"
#include "stage.h"
#include "wire.h"

#include <string.h>

static const char *demand_problem(const char *target, const char *method, long status,
                                  const char *code)
{
    const struct reply *r =
        send_text(method, target, !strcmp(method, "PUT") ? "hello" : NULL, NULL);

    ck_assert_msg(r->status == status, "%s %s is answered with %ld: %s", method, target, r->status,
                  r->body);
    return reply_problem(r, status, code);
}

/* ---- the way out */

/* Every spelling that some server takes for `..`, and what leads out by more levels than in. */
static const char *const escapes[] = {
    "/..",          "/../",       "/../x",           "/..?q",
    "/..#x",        "/a/../..",   "/a/b/../../../c", "/./..",
    "/a/./../..",   "//..",       "/a//../..",       "///../x",
    "/%2e%2e",      "/%2E%2E/",   "/%2e.",           "/.%2E/x",
    "/..%2f",       "/..%2Fx",    "/%2e%2e%2fx",     "/%2f..",
    "/a%2f..%2f..", "/a/..%2f..", "/\\..",           "/..\\x",
    "/a\\..\\..",   "/..%5cx",    "/..%5C..",        "/%5c..",
    "/..;x",        "/..;/x",     "/..;a=b;c/x",     "/a/..;/..;/x",
    "/..%3bx",      "/;/../x",    "/;a=b/../x",      "/.;/../x",
    "/%2e%2E%3Bx/",
};

START_TEST(refuses_escapes)
{
    struct capture *c = wire_start((const char *const[]){"bare,x-bare,,/base/v1", NULL});

    for (size_t i = 0; i < ARRAY_SIZE(escapes); i++) {
        const char *target = stage_text("/v1/default/proxy/x-bare%s", escapes[i]);

        (void)demand_problem(target, "GET", 400, "bad-path");
        (void)demand_problem(target, "PUT", 400, "bad-path");
    }
    (void)demand_problem("/v1/default/proxy/../x", "GET", 400, "bad-path");
    (void)demand_problem("/v1/default/proxy/%2e%2e%2fx-bare/x", "GET", 400, "bad-path");
    ck_assert_uint_eq(capture_count(c), 0);
}
END_TEST

/* One that is refused does not cost the connection, and its body is not taken for a request. */
START_TEST(serves_behind_an_escape)
{
    struct capture *c = wire_start((const char *const[]){"bare,x-bare,,/base/v1", NULL});
    _cleanup_(client_freep) struct client *client = client_new(daemon_socket(), NULL);
    struct ask bad = {.method = "PUT",
                      .target = "/v1/default/proxy/x-bare/..",
                      .body = "GET /v1/default/proxy/x-bare/smuggled HTTP/1.1\r\nHost: l\r\n\r\n"};

    bad.length = (int64_t)strlen(bad.body);
    (void)reply_problem(client_ask(client, &bad), 400, "bad-path");
    ck_assert_int_eq(
        client_ask(client, &(struct ask){.target = "/v1/default/proxy/x-bare/good"})->status, 200);
    ck_assert_uint_eq(capture_count(c), 1);
    ck_assert_ptr_nonnull(strstr(capture_wait(c, 0, NULL), "GET /base/v1/good HTTP/1.1\r\n"));
}
END_TEST

/* ---- the ways in */

static const char *const services[] = {
    "bareMetal,x-bare,,/bare",          "cloudOdd,rax:odd,,/odd",
    "twoNorth,x-two,NORTH,/north",      "twoSouth,x-two,SOUTH,/south",
    "withDash,x-with_dash-type,,/dash", NULL,
};

START_TEST(finds_the_service)
{
    static const struct {
        const char *address, *path;
    } addresses[] = {
        {"x-bare", "/bare"},
        {"x_bare", "/bare"},
        {"bareMetal", "/bare"},
        {"x%2Dbare", "/bare"},
        {"%78-bare", "/bare"},
        {"x-bare:public", "/bare"},
        {"x-bare:publicURL", "/bare"},
        {"x-bare%3Apublic", "/bare"},
        {"x-bare@ANYWHERE", "/bare"},
        {"x-bare@ANYWHERE:public", "/bare"},
        {"rax:odd", "/odd"},
        {"rax%3Aodd", "/odd"},
        {"rax%3aodd:public", "/odd"},
        {"odd", "/odd"},
        {"cloudOdd", "/odd"},
        {"rax:odd:public", "/odd"},
        {"rax:odd@DFW", "/odd"},
        {"rax:odd@DFW:public", "/odd"},
        {"x-two@NORTH", "/north"},
        {"x-two@north", "/north"},
        {"x-two@SOUTH:public", "/south"},
        {"x-two%40South", "/south"},
        {"x_two%40south%3Apublic", "/south"},
        {"twoNorth", "/north"},
        {"twoSouth@SOUTH", "/south"},
        {"x-with-dash_type", "/dash"},
    };
    struct capture *c = wire_start(services);

    for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
        const struct reply *r = get("/v1/default/proxy/%s/p?q", addresses[i].address);

        ck_assert_msg(r->status == 200, "%s: %ld %s", addresses[i].address, r->status, r->body);
        ck_assert_str_eq(
            wire_parse(capture_wait(c, i, NULL), strlen(capture_wait(c, i, NULL))).first,
            stage_text("GET %s/p?q HTTP/1.1", addresses[i].path));
    }
}
END_TEST

/* The sandbox's own services say what they were asked for. */
START_TEST(finds_by_alias_and_interface)
{
    static const struct {
        const char *address, *target;
    } addresses[] = {
        {"dns", "/dns/v1.0/000000/p"},
        {"rax:dns", "/dns/v1.0/000000/p"},
        {"cloud_dns", "/dns/v1.0/000000/p"},
        {"cloudDNS", "/dns/v1.0/000000/p"},
        {"cloud_databases@ORD", "/ORD/db/v1.0/000000/p"},
        {"cloud-databases@dfw:public", "/DFW/db/v1.0/000000/p"},
        {"rax%3Adatabase@DFW", "/DFW/db/v1.0/000000/p"},
        {"cloud_monitoring", "/monitoring/v1.0/000000/p"},
        {"cloudFilesCDN@ORD", "/ORD/cdn/v1/MossoCloudFS_aaaa/p"},
        {"cloudServers", "/servers/v1.0/000000/p"},
    };

    sandbox_start(NULL);
    (void)daemon_start(NULL);
    for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
        json_t *shown = reply_json(get("/v1/default/proxy/%s/p", addresses[i].address), 200);

        ck_assert_str_eq(json_string_value(json_object_get(shown, "target")), addresses[i].target);
    }
}
END_TEST

static bool is_in_the_sandbox_log(void *userdata)
{
    return strstr(stage_read(stage_path("sandbox.log"), NULL), userdata);
}

/* ServiceNet leads to the same store: what came in there is seen in the sandbox's own log. */
START_TEST(finds_the_internal_interface)
{
    static const char *const addresses[] = {"cloudfiles@ORD:internal", "swift%40ord%3Ainternal",
                                            "object-store@ORD:internalURL"};

    sandbox_start((const char *const[]){"--verbose", NULL});
    (void)daemon_start(NULL);
    for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
        const char *name = stage_text("/box-%zu", i);

        ck_assert_int_eq(
            send_text("PUT", stage_text("/v1/default/proxy/%s%s", addresses[i], name), "", NULL)
                ->status,
            201);
        ck_assert_msg(wait_until(10, is_in_the_sandbox_log,
                                 stage_text("/snet-ORD/v1/MossoCloudFS_aaaa%s", name)),
                      "%s did not come in by ServiceNet", addresses[i]);
    }
}
END_TEST

/* ---- no way */

START_TEST(refuses_what_is_not_there)
{
    static const struct {
        const char *address;
        long status;
        const char *code, *said[2];
    } addresses[] = {
        {"nonsense", 404, "unknown-service", {NULL}},
        {"..", 400, "bad-path", {NULL}},
        {"x-bare%2f..", 404, "unknown-service", {NULL}},
        {"x-bar", 404, "unknown-service", {NULL}},
        {"x-bare:nonsense", 404, "unknown-service", {NULL}},
        {"x-two@EAST", 404, "unknown-region", {"NORTH", "SOUTH"}},
        {"x-two@EAST:public", 404, "unknown-region", {"NORTH", "SOUTH"}},
        {"cloudFiles", 400, "region-required", {"DFW", "ORD"}},
        {"rax:database:public", 400, "region-required", {"DFW", "ORD"}},
        {"x-bare:internal", 404, "unknown-interface", {"public"}},
        {"x-bare@X:nonsense", 404, "unknown-interface", {"public"}},
        {"", 400, "bad-request", {"{service}"}},
        {"@NORTH", 400, "bad-request", {"{service}"}},
        {"x-two@", 400, "bad-request", {"{region}"}},
        {"x-two@NORTH:", 400, "bad-request", {"{interface}"}},
        {"x-two@:public", 400, "bad-request", {"{region}"}},
        {"x-bare%zz", 400, "bad-request", {NULL}},
        {"x-bare%00", 400, "bad-request", {NULL}},
    };
    struct capture *c = wire_start(services);

    for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
        const char *target = stage_text("/v1/default/proxy/%s/p", addresses[i].address);
        const char *detail = demand_problem(target, "PUT", addresses[i].status, addresses[i].code);

        for (size_t j = 0; j < 2 && addresses[i].said[j]; j++)
            ck_assert_msg(strstr(detail, addresses[i].said[j]), "%s does not say %s: %s",
                          addresses[i].address, addresses[i].said[j], detail);
    }
    (void)reply_problem(get("/v1/nowhere/proxy/x-bare/p"), 404, "unknown-cloud");
    (void)reply_problem(get("/v1/default/proxy"), 400, "bad-request");
    ck_assert_uint_eq(capture_count(c), 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("proxy paths");
    TCase *c = stage_case(s, "paths", 20);

    tcase_add_test(c, refuses_escapes);
    tcase_add_test(c, serves_behind_an_escape);
    tcase_add_test(c, finds_the_service);
    tcase_add_test(c, finds_by_alias_and_interface);
    tcase_add_test(c, finds_the_internal_interface);
    tcase_add_test(c, refuses_what_is_not_there);
    return stage_run(s);
}
