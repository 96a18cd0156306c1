/* SPDX-License-Identifier: MIT */
/* How long a signed request may take: a service that is silent while it is its turn runs into the
 * deadline, and who is merely slow, on either side, is not cut off. */
#include "client.h"
#include "daemon.h"
#include "patience.h"
#include "raw.h"
#include "sandbox.h"
#include "stage.h"
#include "stream.h"
#include "wire.h"

#include <string.h>
#include <time.h>

#define TIMEOUT 1.0 /* s, the daemon's upstream_timeout in most tests */

static void start(const char *service, int timeout)
{
    sandbox_start(service ? (const char *const[]){"--extra-service", service, NULL} : NULL);
    (void)daemon_start(
        &(struct daemon_options){.config = stage_text("[latchkeyd]\nupstream_timeout = %d\n%s",
                                                      timeout, daemon_cloud("c", NULL))});
}

/* ---- no time left */

START_TEST(ends_a_request_that_hangs)
{
    static const char *const bodies[] = {NULL, "hello"};

    start(NULL, 1);
    for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
        const struct reply *r = send_text("PUT", "/v1/default/proxy/x-echo/hang", bodies[i], NULL);
        const char *detail = reply_problem(r, 504, "upstream-timeout");

        ck_assert_double_ge(r->seconds, 0.9 * TIMEOUT);
        ck_assert_double_le(r->seconds, TIMEOUT + patience(2));
        if (bodies[i])
            ck_assert_ptr_nonnull(strstr(detail, " 5 bytes of the body had been sent"));
    }
    sandbox_wait_count("active_transfers", 0);
}
END_TEST

/* Somebody who accepts and then says and reads nothing at all. */
START_TEST(ends_an_upload_that_is_not_taken)
{
    int port, fd = wire_listen(&port);
    char *body = stream_bytes((size_t)16 * 1024 * 1024);
    const struct reply *r;
    unsigned long long sent;
    const char *at;

    start(stage_text("bare,x-bare,,http://127.0.0.1:%d", port), 2);
    r = ask(&(struct ask){.method = "PUT",
                          .target = "/v1/default/proxy/x-bare/a",
                          .body = body,
                          .length = (int64_t)16 * 1024 * 1024});
    at = strstr(reply_problem(r, 504, "upstream-timeout"), " bytes of the body");
    ck_assert_ptr_nonnull(at);
    while (at[-1] >= '0' && at[-1] <= '9')
        at--;
    sent = strtoull(at, NULL, 10);
    ck_assert_uint_gt(sent, 0); /* nobody has said 100: it is sent all the same, a second later */
    ck_assert_uint_lt(sent, 16 * 1024 * 1024);
    close(fd);
}
END_TEST

START_TEST(ends_an_answer_that_stalls)
{
    const struct reply *r;
    struct capture *c = capture_new();

    start(stage_text("bare,x-bare,,%s", capture_url(c)), 1);
    capture_set(
        c, &(struct capture_answer){.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"});
    r = get("/v1/default/proxy/x-bare/a");
    ck_assert_int_ne(r->error, 0);
    ck_assert_double_le(r->seconds, TIMEOUT + patience(2));
}
END_TEST

/* ---- slow, but there */

static void pause_longer_than_the_timeout(int fd)
{
    ck_assert_msg(!raw_waits(fd, 2.5 * TIMEOUT), "cut off: %s", raw_read_head(fd));
}

START_TEST(waits_for_a_client_that_pauses)
{
    static const char *const uploads[][3] = {
        {"Content-Length: 10", "hello", "world"},
        {"Transfer-Encoding: chunked", "5\r\nhello\r\n", "5\r\nworld\r\n0\r\n\r\n"},
        {"Content-Length: 10", "", "helloworld"},
    };
    int fds[ARRAY_SIZE(uploads)];

    start(NULL, 1);
    for (size_t i = 0; i < ARRAY_SIZE(uploads); i++) {
        fds[i] = raw_connect(NULL);
        raw_print(fds[i], "PUT /v1/default/proxy/x-echo/a HTTP/1.1\r\nHost: l\r\n%s\r\n\r\n%s",
                  uploads[i][0], uploads[i][1]);
    }
    pause_longer_than_the_timeout(fds[0]);
    for (size_t i = 0; i < ARRAY_SIZE(uploads); i++) {
        struct wire w;
        char *head;

        raw_print(fds[i], "%s", uploads[i][2]);
        head = raw_read_head(fds[i]);
        ck_assert_msg(!strncmp(head, "HTTP/1.1 200 ", 13), "%s: %s", uploads[i][0], head);
        w = wire_parse(head, strlen(head));
        ck_assert_ptr_nonnull(
            strstr(raw_read(fds[i], strtoul(wire_take(&w, "Content-Length"), NULL, 10)),
                   "\"helloworld\""));
        close(fds[i]);
    }
}
END_TEST

/* A reader that stops for longer than the service would be allowed to. */
struct reader {
    struct stream stream;
    bool has_paused;
};

static bool read_and_pause(const char *data, size_t length, void *userdata)
{
    static const struct timespec pause = {.tv_sec = (time_t)(2 * TIMEOUT), .tv_nsec = 500000000};
    struct reader *reader = userdata;

    if (!reader->has_paused)
        nanosleep(&pause, NULL);
    reader->has_paused = true;
    return stream_consume(data, length, &reader->stream);
}

START_TEST(waits_for_a_reader_that_pauses)
{
    char came[STREAM_SHA256_TEXT], sent[STREAM_SHA256_TEXT];
    struct reader reader = {0};
    const struct reply *r;

    start(NULL, 1);
    stream_init(&reader.stream, 0);
    r = ask(&(struct ask){.target = "/v1/default/proxy/x-echo/stream?bytes=8000000",
                          .consume = read_and_pause,
                          .userdata = &reader});
    ck_assert_int_eq(r->error, 0);
    ck_assert_uint_eq(r->length, 8000000);
    stream_sha256(&reader.stream, came);
    stream_expected(8000000, sent);
    ck_assert_str_eq(came, sent);
}
END_TEST

/* Every byte that comes gives a service its whole time again. */
START_TEST(waits_for_a_service_that_is_slow)
{
    const struct reply *r;

    start(NULL, 2);
    r = get("/v1/default/proxy/x-echo/stream?bytes=60&rate=12");
    ck_assert_int_eq(r->error, 0);
    ck_assert_uint_eq(r->length, 60);
    ck_assert_double_gt(r->seconds, 4);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("proxy slow");
    TCase *c = stage_case(s, "deadlines", 30);

    tcase_add_test(c, ends_a_request_that_hangs);
    tcase_add_test(c, ends_an_upload_that_is_not_taken);
    tcase_add_test(c, ends_an_answer_that_stalls);
    tcase_add_test(c, waits_for_a_client_that_pauses);
    tcase_add_test(c, waits_for_a_reader_that_pauses);
    tcase_add_test(c, waits_for_a_service_that_is_slow);
    return stage_run(s);
}
