/* SPDX-License-Identifier: MIT */
/* Where bodies begin and end: expectations, answers that come early, that have no body, that have
 * no length, and those that break off. */
#include "daemon.h"
#include "patience.h"
#include "raw.h"
#include "sandbox.h"
#include "stage.h"
#include "stream.h"

#include <string.h>

static void start(void)
{
    sandbox_start(NULL);
    (void)daemon_start(NULL);
}

/* The connection that has just been used still serves. */
static void demand_usable(int fd)
{
    raw_print(fd, "GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    ck_assert_ptr_nonnull(strstr(raw_read_all(fd, NULL), "ready"));
}

/* ---- Expect: 100-continue */

START_TEST(continues_when_the_service_does)
{
    _cleanup_(closep) int fd = -1;
    const char *head;

    start();
    fd = raw_connect(NULL);
    raw_print(fd, "PUT /v1/default/proxy/x-echo/ HTTP/1.1\r\nHost: x\r\n"
                  "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    ck_assert_str_eq(raw_read_head(fd), "HTTP/1.1 100 Continue\r\n\r\n");
    raw_print(fd, "hello");
    head = raw_read_head(fd);
    ck_assert_msg(!strncmp(head, "HTTP/1.1 200 ", 13), "%s", head);
    head = strstr(head, "Content-Length: ");
    ck_assert_ptr_nonnull(strstr(raw_read(fd, strtoul(head + 16, NULL, 10)), "\"body\":\"hello\""));
    demand_usable(fd);
}
END_TEST

START_TEST(continues_a_chunked_body)
{
    _cleanup_(closep) int fd = -1;

    start();
    fd = raw_connect(NULL);
    raw_print(fd, "PUT /v1/default/proxy/x-echo/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                  "Transfer-Encoding: chunked\r\nExpect: 100-Continue\r\n\r\n");
    ck_assert_str_eq(raw_read_head(fd), "HTTP/1.1 100 Continue\r\n\r\n");
    raw_print(fd, "2\r\nhe\r\n3;ext=1\r\nllo\r\n0\r\n\r\n");
    ck_assert_ptr_nonnull(strstr(raw_read_all(fd, NULL), "\"body\":\"hello\""));
}
END_TEST

/* What stands in the way is said before the body is sent, not behind it. */
START_TEST(refuses_before_the_body)
{
    static const struct {
        const char *target, *status;
    } rows[] = {
        {"/v1/default/proxy/x-echo/early?status=413", "HTTP/1.1 413 "},
        {"/v1/default/proxy/x-echo/early?status=403", "HTTP/1.1 403 "},
        {"/v1/default/proxy/x-echo/early?status=401", "HTTP/1.1 401 "},
        {"/v1/default/proxy/nonsense/", "HTTP/1.1 404 "},
        {"/v1/default/proxy/x-echo/../", "HTTP/1.1 400 "},
        {"/v1/nowhere/proxy/x-echo/", "HTTP/1.1 404 "},
        {"/v1/default/nonsense", "HTTP/1.1 404 "},
        {"/v1/default/token", "HTTP/1.1 405 "},
    };

    start();
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        _cleanup_(closep) int fd = raw_connect(NULL);
        const char *head;

        raw_print(fd,
                  "PUT %s HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n"
                  "Expect: 100-continue\r\n\r\n",
                  rows[i].target);
        head = raw_read_head(fd);
        ck_assert_msg(!strncmp(head, rows[i].status, strlen(rows[i].status)), "%s: %s",
                      rows[i].target, head);
    }
}
END_TEST

START_TEST(continues_after_a_new_login)
{
    _cleanup_(closep) int fd = -1;

    start();
    sandbox_revoke_all();
    fd = raw_connect(NULL);
    raw_print(fd, "PUT /v1/default/proxy/x-echo/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                  "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    ck_assert_str_eq(raw_read_head(fd), "HTTP/1.1 100 Continue\r\n\r\n");
    raw_print(fd, "hello");
    ck_assert_ptr_nonnull(strstr(raw_read_all(fd, NULL), "\"body\":\"hello\""));
    ck_assert_int_eq(sandbox_count("logins"), 2);
}
END_TEST

/* Without the expectation the answer comes while the body is still on its way. */
START_TEST(hands_an_early_answer_on)
{
    static const char *const targets[] = {"/early?status=413", "/early?status=413&linger=0",
                                          "/early?status=200"};

    start();
    for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
        struct stream s;
        const struct reply *r;

        stream_init(&s, 20 * 1024 * 1024);
        r = ask(&(struct ask){.method = "PUT",
                              .target = stage_text("/v1/default/proxy/x-echo%s", targets[i]),
                              .length = (int64_t)s.length,
                              .produce = stream_produce,
                              .userdata = &s});
        ck_assert_msg(r->status == (strstr(targets[i], "413") ? 413 : 200),
                      "%s: curl %d, HTTP %ld: %s", targets[i], r->error, r->status, r->body);
        ck_assert_int_eq(get("/v1/default/proxy/x-echo/")->status, 200);
    }
}
END_TEST

/* ---- odd frames */

START_TEST(takes_a_body_in_tiny_pieces)
{
    _cleanup_(closep) int fd = -1;
    static const char text[] = "byte by byte";

    start();
    fd = raw_connect(NULL);
    raw_print(fd, "POST /v1/default/proxy/x-echo/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                  "Transfer-Encoding: chunked\r\n\r\n");
    for (const char *p = text; *p; p++)
        raw_print(fd, "1\r\n%c\r\n", *p);
    raw_print(fd, "0\r\n\r\n");
    ck_assert_ptr_nonnull(strstr(raw_read_all(fd, NULL), "\"body\":\"byte by byte\""));
}
END_TEST

START_TEST(keeps_what_has_no_body_without_one)
{
    static const struct {
        const char *method, *target;
        long status;
    } rows[] = {
        {"GET", "/v1/default/proxy/x-echo/nocontent", 204},
        {"PUT", "/v1/default/proxy/x-echo/nocontent", 204},
        {"GET", "/v1/default/proxy/x-echo/status/304", 304},
        {"HEAD", "/v1/default/proxy/x-echo/", 200},
        {"HEAD", "/v1/default/proxy/x-echo/stream?bytes=1000", 200},
        {"HEAD", "/v1/default/proxy/x-echo/stream?bytes=1000&chunked=1", 200},
        {"HEAD", "/v1/default/proxy/x-echo/status/404", 404},
    };
    _cleanup_(client_freep) struct client *c = NULL;

    start();
    c = client_new(daemon_socket(), NULL);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct reply *r =
            client_ask(c, &(struct ask){.method = rows[i].method, .target = rows[i].target});

        ck_assert_msg(r->error == 0 && r->status == rows[i].status, "%s %s: curl %d, HTTP %ld",
                      rows[i].method, rows[i].target, r->error, r->status);
        ck_assert_uint_eq(r->length, 0);
        if (rows[i].status == 204)
            ck_assert_ptr_null(reply_header(r, "Content-Length"));
        if (strstr(rows[i].target, "bytes=1000") && !strstr(rows[i].target, "chunked"))
            ck_assert_str_eq(reply_header(r, "Content-Length"), "1000");
    }
    /* Nothing of a body that should not be there has been left on the connection; one answer, the
     * HEAD without a length, ends with it. */
    ck_assert_int_eq(client_connections(c), 2);
}
END_TEST

START_TEST(leaves_a_packed_body_packed)
{
    const struct reply *direct, *r;
    const char *token;

    start();
    json_demand(reply_json(get("/v1/default/token"), 200), "{s:s}", "token", &token);
    direct = sandbox_ask(&(struct ask){
        .target = "/echo/gzip",
        .headers = (const char *const[]){stage_text("X-Auth-Token: %s", token), NULL}});
    r = get("/v1/default/proxy/x-echo/gzip");
    ck_assert_int_eq(r->status, 200);
    ck_assert_str_eq(reply_header(r, "Content-Encoding"), "gzip");
    ck_assert_str_eq(reply_header(r, "Content-Length"), reply_header(direct, "Content-Length"));
    ck_assert_uint_eq(r->length, direct->length);
    ck_assert_mem_eq(r->body, direct->body, r->length);
}
END_TEST

START_TEST(takes_an_answer_without_a_length)
{
    static const char *const targets[] = {"close?bytes=100000", "trailers?bytes=100000",
                                          "stream?bytes=100000&chunked=1"};

    start();
    for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
        const struct reply *r = get("/v1/default/proxy/x-echo/%s", targets[i]);

        ck_assert_int_eq(r->error, 0);
        ck_assert_int_eq(r->status, 200);
        ck_assert_uint_eq(r->length, 100000);
        ck_assert_mem_eq(r->body, stream_bytes(100000), 100000);
        ck_assert_ptr_null(reply_header(r, "Content-Length"));
    }
}
END_TEST

/* An answer that breaks off must not look like a whole one. */
START_TEST(breaks_off_what_breaks_off)
{
    static const char *const targets[] = {"drop?after=100000",  "drop?after=100000&chunked=1",
                                          "drop?after=1",       "drop?after=1&chunked=1",
                                          "drop?after=5000000", "drop?after=5000000&chunked=1"};

    start();
    for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
        const struct reply *r = get("/v1/default/proxy/x-echo/%s", targets[i]);
        size_t after = strtoul(strchr(targets[i], '=') + 1, NULL, 10);

        ck_assert_msg(r->error != 0, "%s: %zu bytes, and a clean end", targets[i], r->length);
        ck_assert_int_eq(r->status, 200);
        ck_assert_uint_le(r->length, after);
        ck_assert_mem_eq(r->body, stream_bytes(after), r->length);
    }
    ck_assert_int_eq(get("/v1/default/proxy/x-echo/")->status, 200);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("proxy_framing");
    TCase *c = stage_case(s, "expectations", 20);

    tcase_add_test(c, continues_when_the_service_does);
    tcase_add_test(c, continues_a_chunked_body);
    tcase_add_test(c, refuses_before_the_body);
    tcase_add_test(c, continues_after_a_new_login);
    tcase_add_test(c, hands_an_early_answer_on);
    c = stage_case(s, "frames", 20);
    tcase_add_test(c, takes_a_body_in_tiny_pieces);
    tcase_add_test(c, keeps_what_has_no_body_without_one);
    tcase_add_test(c, leaves_a_packed_body_packed);
    tcase_add_test(c, takes_an_answer_without_a_length);
    tcase_add_test(c, breaks_off_what_breaks_off);
    return stage_run(s);
}
