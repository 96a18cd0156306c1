/* SPDX-License-Identifier: MIT */
/*
 * An identity service that means harm, or somebody in its place: answers that are huge, deep, endless,
 * slow, of wrong types, or nothing at all. Each is refused within the limits that latchkeyd(8) lists, in
 * bounded time and memory; the token that was there goes on serving, and the next good login works.
 */
#include "capture.h"
#include "client.h"
#include "daemon.h"
#include "look.h"
#include "patience.h"
#include "procfs.h"
#include "raw.h"
#include "secrets.h"
#include "stage.h"

#include <string.h>

#define KEY "k3y-of-the-user"
#define TOKEN "t0ken-of-the-user"
#define ENDS "2222-11-15T22:13:20Z"
#define MEMORY_MOST ((size_t)24 * 1024 * 1024) /* more than before */

#define OK "HTTP/1.1 200 OK\r\nConnection: close\r\n"
#define CHUNKED OK "Transfer-Encoding: chunked\r\n\r\n"
#define BODY OK "\r\n" /* up to the connection's end */

#define ACCESS "{\"access\":{\"token\":{\"id\":\"" TOKEN "\",\"expires\":\"" ENDS "\"}}}"
#define V3 "{\"token\":{\"expires_at\":\"" ENDS "\"}"
#define VERSION \
    ",\"version\":{\"id\":\"v3.14\",\"links\":[{\"rel\":\"self\",\"href\":\"http://h/v3/\"}]}"

static const struct service {
    const char *type, *path;
    const char *good; /* what it answers when it means well */
    bool unknown; /* its versions have to be asked for first, so that there is no token before */
} services[] = {
    {"rackspace", "/v2.0", BODY ACCESS, false},
    {"keystone", "/v3", OK "X-Subject-Token: " TOKEN "\r\n\r\n" V3 "}", false},
    {"keystone", "/v2.0", BODY ACCESS, false},
    {"swift", "/auth/v1.0",
     OK "X-Auth-Token: " TOKEN "\r\nX-Storage-Url: http://h/v1/a\r\nContent-Length: 0\r\n\r\n",
     false},
    {"keystone", "", OK "X-Subject-Token: " TOKEN "\r\n\r\n" V3 VERSION "}", true},
};

/* Bytes, and behind them a piece that comes again and again. */
static const struct hostile {
    const char *name, *bytes, *again;
    size_t times; /* 0: without an end */
    unsigned pause;
} hostile[] = {
    /* huge */
    {"a body as long as it says", OK "Content-Length: 1000000000\r\n\r\n", "                ", 0,
     0},
    {"a body that does not end", BODY "{\"access\":[", "{\"token\":1},", 0, 0},
    {"chunks that do not end", CHUNKED, "10\r\n                \r\n", 0, 0},
    {"a chunk without an end", CHUNKED "fffffff\r\n", "                ", 0, 0},
    {"headers that do not end", OK, "X-A: b\r\n", 0, 0},
    {"a header that does not end", OK "X-A: ", "bbbbbbbbbbbbbbbb", 0, 0},
    {"a folded header that does not end", OK "X-A: b\r\n", " bbbbbbbbbbbbbbbb\r\n", 0, 0},
    {"a status line that does not end", "HTTP/1.1 200 ", "OK OK OK OK OK ", 0, 0},
    {"interim answers that do not end", "", "HTTP/1.1 103 Early Hints\r\nX-A: b\r\n\r\n", 0, 0},
    {"a trailer that does not end", CHUNKED "0\r\n", "X-A: b\r\n", 0, 0},
    /* deep and wide */
    {"100 000 lists in each other", BODY, "[", 100000, 0},
    {"100 000 objects in each other", BODY, "{\"a\":", 100000, 0},
    {"300 000 objects", BODY "[", "{},", 300000, 0},
    {"as many objects as are read", BODY "{\"access\":[", "{},", 32000, 0},
    {"500 000 numbers", BODY "{\"access\":[", "0,", 500000, 0},
    {"100 000 members of one name", BODY "{\"a\":1", ",\"a\":1", 100000, 0},
    {"30 000 services",
     BODY "{\"access\":{\"token\":{\"id\":\"x\",\"expires\":\"" ENDS "\"},\"serviceCatalog\":[{}",
     ",{}", 30000, 0},
    {"a text without an end", BODY "{\"access\":\"", "aaaaaaaaaaaaaaaa", 60000, 0},
    {"a token of 900 KiB", BODY "{\"access\":{\"token\":{\"expires\":\"" ENDS "\",\"id\":\"",
     "aaaaaaaaaaaaaaaa", 57600, 0},
    /* wrong */
    {"a list", BODY "[" ACCESS "]", NULL, 0, 0},
    {"a token that is an object",
     BODY "{\"access\":{\"token\":{\"id\":{},\"expires\":\"" ENDS "\"}}}", NULL, 0, 0},
    {"a catalog that is a number",
     BODY "{\"access\":{\"token\":{\"id\":\"x\",\"expires\":\"" ENDS "\"},\"serviceCatalog\":1}}",
     NULL, 0, 0},
    {"a token with the end of a line",
     BODY "{\"access\":{\"token\":{\"id\":\"x\\r\\nX-A: b\",\"expires\":\"" ENDS "\"}}}", NULL, 0,
     0},
    {"a token in the year 1",
     BODY "{\"access\":{\"token\":{\"id\":\"x\",\"expires\":\"0001-01-01T00:00:00Z\"}}}", NULL, 0,
     0},
    {"a token before the year 0",
     BODY "{\"access\":{\"token\":{\"id\":\"x\",\"expires\":\"-001-01-01T00:00:00Z\"}}}", NULL, 0,
     0},
    {"a huge number", BODY "{\"access\":1e999999}", NULL, 0, 0},
    {"a number of 400 000 digits", BODY "{\"access\":1", "0", 400000, 0},
    {"no UTF-8", BODY "{\"access\":\"\xff\xfe\"}", NULL, 0, 0},
    {"a NUL", BODY "{\"access\":{\"token\":{\"id\":\"x\\u0000y\",\"expires\":\"" ENDS "\"}}}", NULL,
     0, 0},
    {"what nobody asked to be compressed", OK "Content-Encoding: gzip\r\n\r\n\x1f\x8b\x08", "\x01",
     9000, 0},
    {"a way elsewhere",
     "HTTP/1.1 302 Found\r\nLocation: /v2.0/tokens\r\nContent-Length: 0\r\nConnection: "
     "close\r\n\r\n",
     NULL, 0, 0},
    {"another protocol", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
     "xxxxxxxxxxxxxxxx", 70000, 0},
    {"two lengths", OK "Content-Length: 5\r\nContent-Length: 2\r\n\r\n{}", NULL, 0, 0},
    {"a negative length", OK "Content-Length: -1\r\n\r\n{}", NULL, 0, 0},
    {"a broken chunk", CHUNKED "zz\r\n{}\r\n", NULL, 0, 0},
    {"a carriage return in a header", OK "X-A: b\rX-B: c\r\n\r\n{}", NULL, 0, 0},
    {"no HTTP", "SSH-2.0-OpenSSH_9.2\r\n", "xxxxxxxxxxxxxxxx", 70000, 0},
    {"an unknown version", "HTTP/7.3 200 OK\r\n\r\n{}", NULL, 0, 0},
};

/* What only a deadline ends. */
static const struct hostile slow[] = {
    {"nothing", "", " ", 0, 60000},
    {"a head a byte at a time", "HTTP/1.1 200 ", "O", 0, 20},
    {"a header a byte at a time", OK "X-A: ", "b", 0, 20},
    {"a body a byte at a time", BODY, " ", 0, 20},
    {"a chunk a byte at a time", CHUNKED, "1\r\n \r\n", 0, 20},
    {"a chunk's extension that does not end", CHUNKED "1;a=", "b", 0, 20},
    {"interim answers, slowly", "", "HTTP/1.1 100 Continue\r\n\r\n", 0, 20},
};

static struct capture *service;

static void play(const struct hostile *h)
{
    capture_set(service, &(struct capture_answer){.bytes = h->bytes,
                                                  .end = CAPTURE_CLOSE,
                                                  .again = h->again,
                                                  .times = h->times,
                                                  .pause = h->pause});
}

static void play_well(const struct service *s)
{
    capture_set(service, &(struct capture_answer){.bytes = s->good, .end = CAPTURE_CLOSE});
}

static struct daemon *start(const struct service *s, int login_timeout)
{
    service = capture_new();
    secrets_add(KEY);
    if (s->unknown)
        play(&hostile[0]);
    else
        play_well(s);
    return daemon_start(&(struct daemon_options){
        .config = stage_text("[main]\nidentity_type = %s\nauth_endpoint = %s%s\nusername = a:u\n"
                             "password = " KEY "\nlogin_timeout = %d\n",
                             s->type, capture_url(service), s->path, login_timeout)});
}

/* A login that brings such an answer; what was there before is still there. */
static const char *suffer(const struct service *s, const struct hostile *h, const char *code)
{
    const struct reply *r;

    play(h);
    r = send_text("POST", "/v1/main/refresh", NULL, NULL);
    if (!strstr(r->body, stage_text("\"code\":\"%s\"", code)))
        return stage_text("%s: %s\n", h->name, r->body);
    (void)reply_problem(r, r->status, code);
    look_demand("main", s->unknown ? "failed" : "degraded", code);
    if (!s->unknown)
        ck_assert_str_eq(look_token("main"), TOKEN);
    return "";
}

static void recover(const struct service *s)
{
    play_well(s);
    ck_assert_int_eq(send_text("POST", "/v1/main/refresh", NULL, NULL)->status, 200);
    look_demand("main", "ready", NULL);
    ck_assert_str_eq(look_token("main"), TOKEN);
}

START_TEST(is_refused_within_limits)
{
    const struct service *s = &services[_i];
    struct daemon *d = start(s, 60);
    size_t before = procfs_private_memory(d->process.pid), most;
    struct procfs_watch *watch = procfs_watch_start(d->process.pid);
    const char *wrong = "";

    for (size_t i = 0; i < ARRAY_SIZE(hostile); i++)
        wrong = stage_text("%s%s", wrong, suffer(s, &hostile[i], "bad-answer"));
    ck_assert_msg(!*wrong, "%s", wrong);
    most = procfs_watch_stop(watch);
    ck_assert_msg(process_is_instrumented() || most < before + MEMORY_MOST,
                  "%zu KiB of memory, %zu KiB before", most / 1024, before / 1024);
    recover(s);
}
END_TEST

START_TEST(has_no_more_time_than_a_login)
{
    const struct service *s = _i == 0 ? &services[0] : &services[ARRAY_SIZE(services) - 1];
    const char *wrong = "";

    (void)start(s, 1);
    for (size_t i = 0; i < ARRAY_SIZE(slow); i++) {
        double begin = time_now();

        wrong = stage_text("%s%s", wrong, suffer(s, &slow[i], "upstream-timeout"));
        ck_assert_msg(time_now() - begin < patience(5), "%s took %g s", slow[i].name,
                      time_now() - begin);
    }
    ck_assert_msg(!*wrong, "%s", wrong);
}
END_TEST

/* The daemon serves others while such an answer comes. */
START_TEST(keeps_nobody_waiting)
{
    _cleanup_(closep) int fd = -1;
    double begin;

    (void)start(&services[0], 60);
    play(&(struct hostile){"", BODY "[", "{},", 0, 1});
    fd = raw_connect(NULL);
    raw_print(fd, "POST /v1/main/refresh HTTP/1.1\r\nHost: x\r\n\r\n");
    daemon_wait_state("main", "renewing");
    begin = time_now();
    for (int i = 0; i < 100; i++)
        ck_assert_str_eq(look_token("main"), TOKEN);
    ck_assert_msg(time_now() - begin < patience(5), "100 tokens took %g s", time_now() - begin);
    ck_assert_str_eq(daemon_state("main"), "renewing");
}
END_TEST

/* As far in the future as a time can be: it is taken, and nothing overflows. */
START_TEST(may_give_a_token_for_ever)
{
    const char *token;
    json_int_t left;

    (void)start(&services[0], 60);
    capture_set(service,
                &(struct capture_answer){.bytes = BODY "{\"access\":{\"token\":{\"id\":\"" TOKEN
                                                       "-2\",\"expires\":"
                                                       "\"9999-12-31T23:59:59.999999Z\"}}}",
                                         .end = CAPTURE_CLOSE});
    ck_assert_int_eq(send_text("POST", "/v1/main/refresh", NULL, NULL)->status, 200);
    json_demand(reply_json(get("/v1/main/token"), 200), "{s:s, s:I}", "token", &token, "expires_in",
                &left);
    ck_assert_str_eq(token, TOKEN "-2");
    ck_assert_int_gt(left, 7000LL * 365 * 86400);
    look_demand("main", "ready", NULL);
    ck_assert_int_gt(look_refresh_in("main"), 4000LL * 365 * 86400);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("hostile_identity");
    TCase *c = stage_case(s, "hostile", 60);

    tcase_add_loop_test(c, is_refused_within_limits, 0, ARRAY_SIZE(services));
    tcase_add_loop_test(c, has_no_more_time_than_a_login, 0, 2);
    tcase_add_test(c, keeps_nobody_waiting);
    tcase_add_test(c, may_give_a_token_for_ever);
    return stage_run(s);
}
