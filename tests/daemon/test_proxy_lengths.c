/* SPDX-License-Identifier: MIT */
/* The body of a service's answer, and how long it is said to be: nothing is lost, added or claimed
 * that is not so. */
#include "capture.h"
#include "raw.h"
#include "stage.h"
#include "wire.h"

#include <string.h>
#include <strings.h>

static const char *const usual[] = {"bare,x-bare,,/base", NULL};

START_TEST(keeps_the_length)
{
    static const struct {
        const char *method, *head, *length, *body;
    } answers[] = {
        {"GET", "200 OK\r\nContent-Length: 5", "5", "hello"},
        {"GET", "404 No\r\nContent-Length: 5", "5", "hello"},
        {"GET", "200 OK\r\nContent-Length: 0", "0", ""},
        {"HEAD", "200 OK\r\nContent-Length: 12345", "12345", ""},
        {"HEAD", "200 OK\r\nContent-Length: 5368709120", "5368709120", ""},
        {"HEAD", "404 No\r\nContent-Length: 9", "9", ""},
        {"HEAD", "200 OK\r\nContent-Length: 0", "0", ""},
        {"GET", "204 No Content", NULL, ""},
        {"HEAD", "204 No Content", NULL, ""},
    };
    struct capture *c = wire_start(usual);

    for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
        struct wire w = wire_answered_text(
            c, answers[i].method,
            stage_text("HTTP/1.1 %s\r\n\r\n%s", answers[i].head, answers[i].body));
        const char *length = wire_take(&w, "Content-Length");

        ck_assert_int_eq(wire_status(&w), atoi(answers[i].head));
        ck_assert_pstr_eq(length, answers[i].length);
        ck_assert_ptr_null(wire_take(&w, "Transfer-Encoding"));
        ck_assert_str_eq(w.body, answers[i].body);
    }
}
END_TEST

/* A length in a 304 is that of the body that was not sent: no other one may be claimed. */
START_TEST(claims_no_wrong_length_of_what_has_not_changed)
{
    struct capture *c = wire_start(usual);
    struct wire w = wire_answered_text(c, "GET",
                                       "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n"
                                       "Content-Length: 7\r\n\r\n");
    const char *length = wire_take(&w, "Content-Length");

    ck_assert_msg(!length || !strcmp(length, "7"), "the length has become %s", length);
    wire_take_framing(&w);
    ck_assert_str_eq(wire_headers(&w), "ETag: \"x\"\n");
    ck_assert_uint_eq(w.length, 0);
}
END_TEST

static struct wire read_answer(int fd, size_t body)
{
    char *head = raw_read_head(fd);
    size_t length = strlen(head);

    return wire_parse(stage_text("%s%s", head, raw_read(fd, body)), length + body);
}

/* Nothing may follow the head of such an answer on a connection that goes on: it would be taken for
 * the next one's. */
START_TEST(sends_nothing_behind_a_bare_head)
{
    static const struct {
        const char *method, *head;
    } answers[] = {
        {"HEAD", "200 OK\r\nX-A: b"},
        {"HEAD", "200 OK\r\nTransfer-Encoding: chunked"},
        {"HEAD", "404 No\r\nContent-Length: 9"},
        {"HEAD", "204 No Content"},
        {"GET", "204 No Content\r\nX-A: b"},
        {"GET", "304 Not Modified\r\nETag: \"x\""},
    };
    struct capture *c = wire_start(usual);
    _cleanup_(closep) int fd = raw_connect(NULL);
    const char *connection;

    for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
        struct wire w;

        capture_set(
            c, &(struct capture_answer){.bytes = stage_text("HTTP/1.1 %s\r\n\r\n", answers[i].head),
                                        .end = CAPTURE_CLOSE});
        raw_print(fd, "%s /v1/default/proxy/x-bare/a HTTP/1.1\r\nHost: l\r\n\r\n",
                  answers[i].method);
        w = read_answer(fd, 0);
        ck_assert_int_eq(wire_status(&w), atoi(answers[i].head));
        connection = wire_take(&w, "Connection");
        if (connection && !strcasecmp(connection, "close")) {
            close(fd);
            fd = raw_connect(NULL);
        }

        capture_set(c, &(struct capture_answer){
                           .bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
                           .end = CAPTURE_CLOSE});
        raw_print(fd, "GET /v1/default/proxy/x-bare/b HTTP/1.1\r\nHost: l\r\n\r\n");
        w = read_answer(fd, 5);
        ck_assert_msg(!strncmp(w.first, "HTTP/1.1 200", 12), "%s %s is followed by '%s'",
                      answers[i].method, answers[i].head, w.first);
        ck_assert_str_eq(w.body, "hello");
    }
}
END_TEST

START_TEST(passes_bodies_of_unknown_length)
{
    static const char *const answers[] = {
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        "1;x=y\r\nh\r\n4\r\nello\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        "5\r\nhello\r\n0\r\nX-Trailer: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\nhello",
        "HTTP/1.0 200 OK\r\n\r\nhello",
    };
    struct capture *c = wire_start(usual);

    for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
        struct wire w = wire_answered_text(c, "GET", answers[i]);
        const char *coding = wire_take(&w, "Transfer-Encoding");

        ck_assert_str_eq(coding ? coding : "none", "chunked");
        ck_assert_ptr_null(wire_take(&w, "Content-Length"));
        ck_assert_str_eq(wire_unchunk(&w, NULL), "hello");
    }
}
END_TEST

/* Packed or not, a body's bytes are nobody's but the client's. */
START_TEST(passes_binary_bodies)
{
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
                               "Content-Length: 514\r\n\r\n\037\213";
    struct capture *c = wire_start(usual);
    char bytes[sizeof(head) - 1 + 512];
    struct wire w;

    memcpy(bytes, head, sizeof(head) - 1);
    for (size_t i = 0; i < 512; i++)
        bytes[sizeof(head) - 1 + i] = (char)(i < 256 ? i : 511 - i);
    w = wire_answered(c, "GET", bytes, sizeof(bytes));
    wire_take_framing(&w);
    ck_assert_str_eq(wire_headers(&w), "Content-Encoding: gzip\n");
    ck_assert_uint_eq(w.length, 514);
    ck_assert_mem_eq(w.body, bytes + sizeof(bytes) - 514, 514);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("proxy lengths");
    TCase *c = stage_case(s, "lengths", 20);

    tcase_add_test(c, keeps_the_length);
    tcase_add_test(c, claims_no_wrong_length_of_what_has_not_changed);
    tcase_add_test(c, sends_nothing_behind_a_bare_head);
    tcase_add_test(c, passes_bodies_of_unknown_length);
    tcase_add_test(c, passes_binary_bodies);
    return stage_run(s);
}
