/* SPDX-License-Identifier: MIT */
/* Signed requests under access rules: a job that may upload to one container reaches nothing else, however
 * it writes the path, and what is refused never gets to the service. */
#include "capture.h"
#include "daemon.h"
#include "raw.h"
#include "sandbox.h"
#include "stage.h"
#include "wire.h"

#include <string.h>

#define RULE                                                                            \
    "operation = proxy\nservice = object-store, x-bare\nmethod = PUT, COPY, GET, X-Y\n" \
    "path = /backups/**\n"

static struct capture *start(void)
{
    struct capture *c = capture_new();

    sandbox_start((const char *const[]){
        "--extra-service", stage_text("bareMetal,x-bare,,%s/base", capture_url(c)), NULL});
    (void)daemon_start(&(struct daemon_options){
        .config = stage_text("%s[allow backup]\nuser = %u\n" RULE,
                             daemon_cloud("rackspace", "region = DFW"), getuid())});
    return c;
}

static long put(const char *rest, const char *header)
{
    return send_text("PUT", stage_text("/v1/rackspace/proxy/cloudFiles%s", rest), "hello", header)
        ->status;
}

START_TEST(uploads_to_one_container)
{
    const char *detail;

    (void)start();
    ck_assert_int_eq(put("/backups/a", NULL), 404); /* the service's own word: no container */
    (void)reply_problem(get("/v1/rackspace/token"), 403, "denied");
    ck_assert_int_eq(put("/backups", NULL), 403);
    detail = reply_problem(send_text("PUT", "/v1/rackspace/proxy/swift/private/a", "hello", NULL),
                           403, "denied");
    ck_assert_msg(strstr(detail, "PUT to object-store in DFW;"), "%s", detail);
    ck_assert_ptr_null(strstr(detail, "private"));
    (void)reply_problem(get("/v1/rackspace/proxy/dns/backups/a"), 403, "denied");
    (void)reply_problem(send_text("DELETE", "/v1/rackspace/proxy/swift/backups/a", NULL, NULL), 403,
                        "denied");
    /* Of the cloud that he may use he may know the services. */
    (void)reply_problem(get("/v1/rackspace/proxy/nonsense/backups/a"), 404, "unknown-service");
}
END_TEST

static const char *const ways_around[] = {
    "/private",
    "/private/a",
    "/Backups/a",
    "//backups/a",
    "/backups",
    "/backups/",
    "/backups//",
    "/backups/%2F",
    "/backups%2Fa",
    "/backups;x/a",
    "/backups/;x",
    "/backups/a/..",
    "/backups/a/../b",
    "/backups/./a",
    "/backups/x/%2e%2e/a",
    "/backups/x/%2E./a",
    "/backups/x%2f..%2fa",
    "/backups/x/..;/a",
    "/backups/x\\..\\a",
    "/backups/x%5C..%5Ca",
    "/backups/%252e%252e/private/a",
    "/backups/..%252fprivate/a",
    "/backups/%25252e%25252e/private",
    "/backups/a%00/../../private",
    "/backups/a%00",
    "/backups/a%0d%0aX:%20y",
    "/backups/%c0%ae%c0%ae/private",
    "/backups/\xff",
    "/backups/100%",
    "/backups/%u002e",
    "/private%3F/backups/a",
    "/private#/backups/a",
    "/private/a?/backups/a",
    "/backups/a?multipart-manifest=put",
    "/backups/a?%6dultipart-manifest=put",
    "/backups/a?bulk-delete",
    "/backups/a?x=y&extract%2Darchive=tar.gz",
};

START_TEST(cannot_be_got_around)
{
    struct capture *c = start();

    for (size_t i = 0; i < ARRAY_SIZE(ways_around); i++) {
        const char *target = stage_text("/v1/rackspace/proxy/x-bare%s", ways_around[i]);
        const struct reply *r = send_text("PUT", target, "hello", NULL);

        /* One that climbs out of the endpoint as well says so. */
        ck_assert_msg(r->status == 403 || r->status == 400, "%s: %ld", target, r->status);
    }
    ck_assert_uint_eq(capture_count(c), 0);
}
END_TEST

/* What is let through is sent as it came. */
START_TEST(sends_what_was_matched)
{
    static const char *const good[] = {
        "/backups/a",           "/%62ackups/a",           "/backups/a/b/c",    "/backups/gr%C3%BCn",
        "/backups/gr\xc3\xbcn", "/backups/a%2Fb",         "/backups/a;v=1",    "/backups/a//b/",
        "/backups/a%3Fb",       "/backups/a?format=json", "/backups/..a?q=..", "/backups/a+b%20c",
    };
    struct capture *c = start();

    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        ck_assert_int_eq(get("/v1/rackspace/proxy/x-bare%s", good[i])->status, 200);
        ck_assert_str_eq(
            wire_parse(capture_wait(c, i, NULL), strlen(capture_wait(c, i, NULL))).first,
            stage_text("GET /base%s HTTP/1.1", good[i]));
    }
}
END_TEST

static const struct {
    const char *method, *header;
    long status;
} detours[] = {
    {"PUT", "X-Copy-From: /private/a", 403},
    {"PUT", "X-Copy-From: private/a", 403},
    {"PUT", "x_copy_from: private/a", 403},
    {"PUT", "X-Copy-From: backups%2F..%2Fprivate", 403},
    {"PUT", "X-Copy-From: /backups/b", 200},
    {"PUT", "X-Copy-From-Account: AUTH_other", 403},
    {"COPY", "Destination: private/a", 403},
    {"COPY", "Destination: /backups/../private/a", 403},
    {"COPY", "Destination: backups/b", 200},
    {"COPY", "Destination-Account: AUTH_other", 403},
    {"PUT", "X-Object-Manifest: private/a", 403},
    {"PUT", "X-Object-Manifest: backups/a", 200},
    {"PUT", "X-Symlink-Target: private/a", 403},
    {"PUT", "X-Versions-Location: private", 403},
    {"PUT", "X-HTTP-Method-Override: DELETE", 403},
    {"PUT", "X-Original-URL: /private/a", 403},
    {"X-Y", "X-Anything: else", 200},
};

START_TEST(follows_what_headers_name)
{
    struct capture *c = start();
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_SIZE(detours); i++) {
        const struct reply *r = send_text(detours[i].method, "/v1/rackspace/proxy/x-bare/backups/a",
                                          NULL, detours[i].header);

        ck_assert_msg(r->status == detours[i].status, "%s: %ld", detours[i].header, r->status);
        n += r->status == 200;
    }
    ck_assert_uint_eq(capture_count(c), n);
}
END_TEST

/* A copy in the sandbox's own store: the object stays where it may be. */
START_TEST(copies_within_its_container)
{
    struct daemon *d;
    const char *everything, *store = "/v1/rackspace/proxy/cloudFiles";

    sandbox_start(NULL);
    everything = stage_text("%s[allow me]\nuser = %u\noperation = *\n",
                            daemon_cloud("rackspace", "region = DFW"), getuid());
    d = daemon_start(&(struct daemon_options){.config = everything});
    ck_assert_int_eq(put("/backups", NULL), 201);
    ck_assert_int_eq(put("/private", NULL), 201);
    daemon_reload(d, stage_text("%s[allow backup]\nuser = %u\n" RULE,
                                daemon_cloud("rackspace", "region = DFW"), getuid()));
    ck_assert_int_eq(put("/backups/a", NULL), 201);
    ck_assert_int_eq(
        send_text("COPY", stage_text("%s/backups/a", store), NULL, "Destination: backups/b")
            ->status,
        201);
    ck_assert_int_eq(
        send_text("COPY", stage_text("%s/backups/a", store), NULL, "Destination: private/b")
            ->status,
        403);
    ck_assert_str_eq(get("%s/backups/b", store)->body, "hello");
    daemon_reload(d, everything);
    ck_assert_int_eq(get("%s/private/b", store)->status, 404);
}
END_TEST

START_TEST(asks_for_no_body_in_vain)
{
    _cleanup_(closep) int fd = -1;
    char *head;

    (void)start();
    fd = raw_connect(NULL);
    raw_print(fd, "PUT /v1/rackspace/proxy/x-bare/private/a HTTP/1.1\r\nHost: l\r\n"
                  "Content-Length: 100000\r\nExpect: 100-continue\r\n\r\n");
    head = raw_read_head(fd);
    ck_assert_msg(strncmp(head, "HTTP/1.1 403 ", 13) == 0, "%s", head);
}
END_TEST

START_TEST(takes_long_paths)
{
    struct capture *c = start();
    char *path = stage_keep(calloc(1, 8000));

    for (size_t i = 0; i + 2 < 8000; i += 2)
        memcpy(path + i, "/a", 2);
    (void)reply_problem(get("/v1/rackspace/proxy/x-bare%s", path), 403, "denied");
    ck_assert_int_eq(get("/v1/rackspace/proxy/x-bare/backups%s", path)->status, 200);
    ck_assert_uint_eq(capture_count(c), 1);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("access of signed requests");
    TCase *c = stage_case(s, "paths", 20);

    tcase_add_test(c, uploads_to_one_container);
    tcase_add_test(c, cannot_be_got_around);
    tcase_add_test(c, sends_what_was_matched);
    tcase_add_test(c, follows_what_headers_name);
    tcase_add_test(c, copies_within_its_container);
    tcase_add_test(c, asks_for_no_body_in_vain);
    tcase_add_test(c, takes_long_paths);
    return stage_run(s);
}
