/* SPDX-License-Identifier: MIT */
/* A signed request that fails says so, with a code of its own and what became of the body, and an
 * answer that breaks off is never made to look whole. */
#include "client.h"
#include "daemon.h"
#include "raw.h"
#include "sandbox.h"
#include "stage.h"
#include "stream.h"
#include "wire.h"

#include <string.h>

static const char *const usual[] = {"bare,x-bare,,/base", NULL};

static void start(const char *service)
{
    sandbox_start(service ? (const char *const[]){"--extra-service", service, NULL} : NULL);
    (void)daemon_start(NULL);
}

static const char *demand_failure(const char *method, const char *body, long status,
                                  const char *code)
{
    return reply_problem(send_text(method, "/v1/default/proxy/x-bare/a", body, NULL), status, code);
}

static void demand_said(const char *detail, const char *text)
{
    ck_assert_msg(strstr(detail, text), "'%s' is not in: %s", text, detail);
}

/* ---- nobody there */

START_TEST(says_that_nobody_listens)
{
    int port, fd = wire_listen(&port);

    close(fd);
    start(stage_text("bare,x-bare,,http://127.0.0.1:%d", port));
    demand_said(demand_failure("GET", NULL, 502, "upstream-unreachable"),
                stage_text("http://127.0.0.1:%d", port));
    demand_said(demand_failure("PUT", "hello", 502, "upstream-unreachable"),
                " 0 bytes of the body had been sent");
}
END_TEST

/* A label of 64 letters is in no name service, and none is asked for it. */
START_TEST(says_that_the_name_does_not_resolve)
{
    const char *label = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    start(stage_text("bare,x-bare,,http://%s.invalid/x", label));
    demand_said(demand_failure("GET", NULL, 502, "upstream-unreachable"), label);
}
END_TEST

START_TEST(is_no_tunnel)
{
    start(NULL);
    (void)reply_problem(send_text("CONNECT", "/v1/default/proxy/x-echo/a", NULL, NULL), 400,
                        "bad-request");
}
END_TEST

/* What the catalog says goes into the request's first lines. */
START_TEST(refuses_an_endpoint_that_is_no_url)
{
    static const char *const endpoints[] = {
        "http://127.0.0.1:9/a b",
        "http://127.0.0.1:9/a\r\nX-Injected: yes",
        "http://127.0.0.1:9 /a",
        "http://127.0.0.1:9\r\nX-Injected: yes/a",
        "http:///a",
        "http://user:passw0rd@127.0.0.1:9/a",
        "http://b\xc3\xbc.invalid/a",
    };
    const char *options[2 * ARRAY_SIZE(endpoints) + 1] = {0};

    for (size_t i = 0; i < ARRAY_SIZE(endpoints); i++) {
        options[2 * i] = "--extra-service";
        options[2 * i + 1] = stage_text("s%zu,x-%zu,,%s", i, i, endpoints[i]);
    }
    sandbox_start(options);
    (void)daemon_start(NULL);
    for (size_t i = 0; i < ARRAY_SIZE(endpoints); i++)
        demand_said(reply_problem(get("/v1/default/proxy/x-%zu/b", i), 502, "bad-answer"),
                    stage_text("x-%zu_endpoint_override", i));
}
END_TEST

START_TEST(says_that_nothing_was_answered)
{
    static const struct capture_answer ends[] = {{.end = CAPTURE_RESET},
                                                 {.bytes = "", .end = CAPTURE_CLOSE}};
    struct capture *c = wire_start(usual);

    for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
        capture_set(c, &ends[i]);
        (void)demand_failure("GET", NULL, 502, "upstream-unreachable");
        demand_said(demand_failure("POST", "hello", 502, "upstream-unreachable"),
                    " 5 bytes of the body had been sent");
    }
}
END_TEST

/* ---- nonsense */

START_TEST(refuses_what_is_no_http)
{
    static const struct {
        const char *bytes;
        size_t length;
    } answers[] = {
        {"SSH-2.0-OpenSSH_9.2\r\n", 0},
        {"220 mail.example ESMTP\r\n", 0},
        {"<html>a login page</html>\n", 0},
        {"\026\003\001\0\0\377\0\001\002", 9},
        {"HTTP/1.1 abc\r\n\r\n", 0},
        {"HTTP/1.1 099 No\r\n\r\n", 0},
        {"HTTP/1.1 1000 No\r\n\r\n", 0},
        {"HTTP/9.9 200 OK\r\n\r\n", 0},
        {"HTTP/1.1 200 OK\r\nno colon in here\r\nContent-Length: 0\r\n\r\n", 0},
        {"HTTP/1.1 200 OK\r\nContent-Length: nonsense\r\n\r\n", 0},
        {"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", 0},
    };
    struct capture *c = wire_start(usual);

    for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
        const struct reply *r;

        capture_set(c, &(struct capture_answer){.bytes = answers[i].bytes,
                                                .length = answers[i].length,
                                                .end = CAPTURE_CLOSE});
        r = get("/v1/default/proxy/x-bare/a");
        ck_assert_msg(r->status == 502, "'%s' has become %ld", answers[i].bytes, r->status);
        (void)reply_problem(r, 502, "bad-answer");
    }
}
END_TEST

/* ---- answers that break off */

START_TEST(breaks_off_what_breaks_off)
{
    static const char *const targets[] = {
        "drop?after=1",
        "drop?after=4096",
        "drop?after=300000",
        "drop?after=0&chunked=1",
        "drop?after=1&chunked=1",
        "drop?after=4096&chunked=1",
        "drop?after=300000&chunked=1",
    };

    start(NULL);
    for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
        const struct reply *r = get("/v1/default/proxy/x-echo/%s", targets[i]);
        size_t after = strtoul(strchr(targets[i], '=') + 1, NULL, 10);

        ck_assert_msg(r->error != 0, "%s has ended well", targets[i]);
        ck_assert_uint_le(r->length, after);
        ck_assert_mem_eq(r->body, stream_bytes(r->length), r->length);
    }
}
END_TEST

/* Nor is there a last chunk, whatever it was that broke off. */
START_TEST(sends_no_last_chunk)
{
    static const char *const answers[] = {
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    };
    struct capture *c = wire_start(usual);

    for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
        size_t length;
        char *came;

        capture_set(c, &(struct capture_answer){.bytes = answers[i], .end = CAPTURE_CLOSE});
        came = raw_ask("GET /v1/default/proxy/x-bare/a HTTP/1.1\r\nHost: l\r\n"
                       "Connection: close\r\n\r\n",
                       &length);
        if (!strncmp(came, "HTTP/1.1 502 ", 13))
            continue; /* not a byte of the answer had been handed on */
        ck_assert_msg(length < 5 || memcmp(came + length - 5, "0\r\n\r\n", 5) != 0,
                      "made whole: %s", came);
    }
}
END_TEST

/* What of the body had left is said, and is not more than what there was. */
START_TEST(says_how_much_was_sent)
{
    static const size_t size = (size_t)4 * 1024 * 1024;
    struct capture *c = wire_start(usual);
    unsigned long long sent;
    const char *at;

    capture_set(c, &(struct capture_answer){.bytes = "", .end = CAPTURE_CLOSE, .after = 100000});
    at = strstr(reply_problem(ask(&(struct ask){.method = "PUT",
                                                .target = "/v1/default/proxy/x-bare/a",
                                                .body = stream_bytes(size),
                                                .length = (int64_t)size}),
                              502, "upstream-unreachable"),
                " bytes of the body had been sent");
    ck_assert_ptr_nonnull(at);
    while (at[-1] >= '0' && at[-1] <= '9')
        at--;
    sent = strtoull(at, NULL, 10);
    ck_assert_uint_ge(sent, 100000);
    ck_assert_uint_le(sent, size);
}
END_TEST

/* ---- no token */

START_TEST(says_why_there_is_no_token)
{
    static const struct {
        const char *fault, *code;
    } faults[] = {
        {"unauthorized", "credentials-rejected"},
        {"over_limit", "rate-limited"},
        {"service_unavailable", "identity-unavailable"},
        {"garbage", "bad-answer"},
        {"close", "upstream-unreachable"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
        const struct reply *r;

        sandbox_start(NULL);
        sandbox_set("'login_fault': '%s'", faults[i].fault);
        (void)daemon_start(&(struct daemon_options){.wait = DAEMON_LISTENS});
        r = send_text("PUT", "/v1/default/proxy/x-echo/a", "hello", NULL);
        (void)reply_problem(r, 503, faults[i].code);
        ck_assert_ptr_nonnull(reply_header(r, "Retry-After"));
        daemon_stop_all();
        sandbox_stop();
    }
}
END_TEST

static const char *const *many_headers(void)
{
    const char **headers = stage_keep(calloc(201, sizeof(*headers)));

    for (size_t i = 0; i < 200; i++)
        headers[i] = "X: 1";
    return headers;
}

/* A request is not carried out when there would be no room to hand its answer on. */
START_TEST(refuses_a_head_without_room_for_an_answer)
{
    static const size_t lengths[] = {1000, 10000, 12000, 13000, 14000, 14500, 15000, 20000};
    size_t carried_out = 0;
    json_int_t before;

    sandbox_start(NULL);
    (void)daemon_start(NULL);
    before = sandbox_count("requests");
    for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
        char *padding = stage_keep(calloc(1, lengths[i] + 1));
        const struct reply *r;

        memset(padding, 'x', lengths[i]);
        r = send_text("POST", stage_text("/v1/default/proxy/x-echo/%s", padding), "hello", NULL);
        carried_out += r->status == 200;
        ck_assert_msg(r->status == 200 || r->status == 431, "%zu: %ld", lengths[i], r->status);
        if (r->status == 431 && lengths[i] < 15000)
            (void)reply_problem(r, 431, "head-too-large");
        ck_assert_int_eq(sandbox_count("requests") - before, (json_int_t)carried_out);
    }
    (void)reply_problem(
        ask(&(struct ask){.target = "/v1/default/proxy/x-echo/x", .headers = many_headers()}), 431,
        "head-too-large");
    ck_assert_uint_ge(carried_out, 3);
    ck_assert_uint_lt(carried_out, ARRAY_SIZE(lengths));
}
END_TEST

START_TEST(says_that_nobody_is_signed_in)
{
    sandbox_start(NULL);
    (void)daemon_start(NULL);
    ck_assert_int_eq(send_text("DELETE", "/v1/default/credential", NULL, NULL)->status, 204);
    (void)reply_problem(get("/v1/default/proxy/x-echo/a"), 503, "signed-out");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("proxy errors");
    TCase *c = stage_case(s, "errors", 30);

    tcase_add_test(c, says_that_nobody_listens);
    tcase_add_test(c, says_that_the_name_does_not_resolve);
    tcase_add_test(c, is_no_tunnel);
    tcase_add_test(c, refuses_an_endpoint_that_is_no_url);
    tcase_add_test(c, says_that_nothing_was_answered);
    tcase_add_test(c, refuses_what_is_no_http);
    tcase_add_test(c, breaks_off_what_breaks_off);
    tcase_add_test(c, sends_no_last_chunk);
    tcase_add_test(c, says_how_much_was_sent);
    tcase_add_test(c, says_why_there_is_no_token);
    tcase_add_test(c, refuses_a_head_without_room_for_an_answer);
    tcase_add_test(c, says_that_nobody_is_signed_in);
    return stage_run(s);
}
