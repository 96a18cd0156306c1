/* SPDX-License-Identifier: MIT */
/* Messages that two programs could read in two ways: none of them may carry a token, a header or a
 * request past the daemon that it has not seen as one. */
#include "capture.h"
#include "daemon.h"
#include "raw.h"
#include "sandbox.h"
#include "stage.h"

#include <ctype.h>
#include <string.h>

static struct capture *service;

static void start(void)
{
    service = capture_new();
    sandbox_start((const char *const[]){
        "--extra-service", stage_text("raw,x-raw,,%s/base", capture_url(service)), NULL});
    (void)daemon_start(NULL);
}

/* Whether the word stands in a line that somebody might take for one of those that must not pass:
 * what counts as a blank or a dash to anybody counts as none here. */
static bool is_harmful(const char *text, const char *word)
{
    static const char *const forbidden[] = {
        "xauthtoken:", "xservicetoken:", "xsubjecttoken:", "authorization:", "xforwardedfor:"};
    char name[32] = "";
    size_t n = 0;

    while (word > text && !strchr("\r\n", word[-1]))
        word--;
    for (; *word && n < sizeof(name) - 1 && (n == 0 || name[n - 1] != ':'); word++)
        if (isalnum((unsigned char)*word) || *word == ':')
            name[n++] = (char)tolower((unsigned char)*word);
    for (size_t i = 0; i < ARRAY_SIZE(forbidden); i++)
        if (!strcmp(name, forbidden[i]))
            return true;
    return false;
}

/* ---- headers: what a server might take for one that is not the client's to send */

static const char *const headers[] = {
    "X-Auth-Token : stolen\r\n",
    "X-Auth-Token\t: stolen\r\n",
    "X-Auth-Token \t : stolen\r\n",
    "X_Auth_Token : stolen\r\n",
    "X-Service-Token : stolen\r\n",
    "Authorization : Basic stolen\r\n",
    "X-Forwarded-For : stolen\r\n",
    "X-Folded: 1\r\n X-Auth-Token: stolen\r\n",
    "X-Folded: 1\r\n\tX-Auth-Token: stolen\r\n",
    "X-Auth-: 1\r\n Token: stolen\r\n",
    "X-Auth: 1\r\n -Token: stolen\r\n",
    "X-Auth-Token: 1\r\n stolen\r\n",
    " X-Auth-Token: stolen\r\n",
    "X-Bare: 1\nX-Auth-Token: stolen\r\n",
    "X-Bare: 1\rX-Auth-Token: stolen\r\n",
    "X-Bare: 1\r X-Auth-Token: stolen\r\n",
    "X-Bare: 1\r\r\nX-Auth-Token: stolen\r\n",
    "X-Auth-Token: stolen\rX-Bare: 1\r\n",
    ": X-Auth-Token: stolen\r\n",
    "X-Colonless\r\nX-Auth-Token: stolen\r\n",
    "X Auth Token: stolen\r\n",
    "\"X-Auth-Token\": stolen\r\n",
    "X-Auth-Token\x01: stolen\r\n",
    "X-Auth-Token\xc2\xa0: stolen\r\n",
    "X-Control: 1\x0bX-Auth-Token: stolen\r\n",
    "X-Control: 1\x0cX-Auth-Token: stolen\r\n",
};

START_TEST(lets_no_header_slip_through)
{
    const char *slipped = "";

    start();
    for (size_t i = 0; i < ARRAY_SIZE(headers); i++) {
        size_t before = capture_count(service);
        const char *text =
            raw_ask(stage_text("GET /v1/default/proxy/x-raw/x HTTP/1.1\r\nHost: x\r\n"
                               "Connection: close\r\nX-First: 1\r\n%sX-End: 1\r\n\r\n",
                               headers[i]),
                    NULL);

        if (capture_count(service) == before) {
            ck_assert_msg(!*text || !strncmp(text, "HTTP/1.1 400 ", 13), "%s: %s", headers[i],
                          text);
            continue;
        }
        text = capture_wait(service, before, NULL);
        for (const char *at = text; (at = strstr(at, "stolen")); at++)
            if (is_harmful(text, at))
                slipped = stage_text("%s%s came as %s", slipped, headers[i], text);
    }
    ck_assert_msg(!*slipped, "%s", slipped);
    ck_assert_int_eq(get("/v1/default/proxy/x-raw/x")->status, 200);
}
END_TEST

/* ---- methods: anything that is no word is refused, whatever it is for */

static const char *const methods[] = {"G\xff\xffT", "G\x01T", "G\x7fT", "G,T", "G(T", "G\"T", "{}"};

START_TEST(lets_no_method_slip_through)
{
    static const char *const targets[] = {"/v1/default/proxy/x-raw/x", "/v1/default/token"};

    start();
    for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
        for (size_t j = 0; j < ARRAY_SIZE(targets); j++) {
            const char *answer = raw_ask(stage_text("%s %s HTTP/1.1\r\nHost: x\r\n"
                                                    "Connection: close\r\n\r\n",
                                                    methods[i], targets[j]),
                                         NULL);

            ck_assert_msg(!strncmp(answer, "HTTP/1.1 400 ", 13), "%s: %s", methods[i], answer);
            ck_assert_msg(strstr(answer, "\"code\":\"bad-request\""), "%s: %s", methods[i], answer);
        }
    ck_assert_uint_eq(capture_count(service), 0);
}
END_TEST

/* A NUL, here a `$`, would end the request line for us, and not for who reads it by its length. */
START_TEST(lets_no_nul_slip_through)
{
    static const char *const lines[] = {"HEAD$ /v1/default/token HTTP/1.1", "GET /v1$ HTTP/1.1",
                                        "GET /v1/default/proxy/x-raw/x$/../y HTTP/1.1",
                                        "GET /v1/default/proxy/x-raw/x?$ HTTP/1.1"};

    start();
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        _cleanup_(closep) int fd = raw_connect(NULL);
        char *head = stage_text("%s\r\nHost: x\r\nConnection: close\r\n\r\n", lines[i]);
        size_t length = strlen(head);

        *strchr(head, '$') = '\0';
        raw_send(fd, head, length);
        ck_assert_msg(!strncmp(raw_read_all(fd, NULL), "HTTP/1.1 400 ", 13), "%s", lines[i]);
    }
    ck_assert_uint_eq(capture_count(service), 0);
}
END_TEST

static const char *const answers[] = {
    "X-Auth-Token : leaked\r\n",
    "X-Subject-Token\t: leaked\r\n",
    "X-Folded: 1\r\n X-Auth-Token: leaked\r\n",
    "X-Subject-: 1\r\n Token: leaked\r\n",
    "X-Subject-Token: 1\r\n leaked\r\n",
    "X-Bare: 1\rX-Subject-Token: leaked\r\n",
    "X-Subject-Token: leaked\rX-Bare: 1\r\n",
};

START_TEST(lets_no_header_slip_back)
{
    const char *slipped = "";

    start();
    for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
        const struct reply *r;

        capture_set(service,
                    &(struct capture_answer){.bytes = stage_text("HTTP/1.1 200 OK\r\n%sX-End: 1\r\n"
                                                                 "Content-Length: 0\r\n\r\n",
                                                                 answers[i]),
                                             .end = CAPTURE_CLOSE});
        r = get("/v1/default/proxy/x-raw/x");
        ck_assert_msg(r->status == 200 || r->status == 502, "%s: %ld", answers[i], r->status);
        for (const char *at = r->head; (at = strstr(at, "leaked")); at++)
            if (is_harmful(r->head, at))
                slipped = stage_text("%s%s came as %s", slipped, answers[i], r->head);
    }
    ck_assert_msg(!*slipped, "%s", slipped);
}
END_TEST

/* ---- lengths: where a body ends is said once, and nothing behind it is taken for a request */

#define SECOND "GET /base/smuggled HTTP/1.1\r\nHost: x\r\n\r\n"

static const char *const bodies[] = {
    "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" SECOND,
    "Transfer-Encoding: chunked\r\nContent-Length: 50\r\n\r\n0\r\n\r\n" SECOND,
    "Content-Length: 5\r\nContent-Length: 50\r\n\r\nhello" SECOND,
    "Content-Length: 50\r\nContent-Length: 5\r\n\r\nhello" SECOND,
    "Content-Length: 5, 50\r\n\r\nhello" SECOND,
    "Content-Length: +5\r\n\r\nhello" SECOND,
    "Content-Length: -5\r\n\r\nhello" SECOND,
    "Content-Length: 0x5\r\n\r\nhello" SECOND,
    "Content-Length: 5 0\r\n\r\nhello" SECOND,
    "Content-Length: 5\r\n 0\r\n\r\nhello" SECOND,
    "Content-Length : 5\r\n\r\nhello" SECOND,
    "Content-Length: 18446744073709551621\r\n\r\nhello" SECOND,
    "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" SECOND,
    "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" SECOND,
    "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" SECOND,
    "Transfer-Encoding: identity\r\n\r\n0\r\n\r\n" SECOND,
    "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n" SECOND,
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" SECOND,
    "Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n" SECOND,
    "Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n" SECOND,
    "Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n" SECOND,
    "Transfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n0\r\n\r\n" SECOND,
    "Transfer-Encoding: chunked\r\n\r\n5;a=\"\r\n0\r\n\r\n\"\r\nhello\r\n0\r\n\r\n" SECOND,
};

/* Only one of the two may say where the body ends. */
static bool has_both_lengths(const char *request)
{
    return strcasestr(request, "\r\nContent-Length:") &&
           strcasestr(request, "\r\nTransfer-Encoding:");
}

START_TEST(lets_no_request_slip_through)
{
    const char *slipped = "";

    start();
    for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
        _cleanup_(closep) int fd = raw_connect(NULL);

        raw_print(fd,
                  "POST /v1/default/proxy/x-raw/first HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                  "%s",
                  bodies[i]);
        /* It may wait for more of the body; whatever it has to send on has been sent by then. */
        (void)raw_waits(fd, 0.2);
    }
    ck_assert_int_eq(get("/v1/default/proxy/x-raw/last")->status, 200);
    for (size_t i = 0; i < capture_count(service); i++) {
        const char *request = capture_wait(service, i, NULL);
        bool is_known =
            !strncmp(request, "POST /base/first ", 17) || !strncmp(request, "GET /base/last ", 15);

        if (!is_known || has_both_lengths(request))
            slipped = stage_text("%s%s\n", slipped, request);
    }
    ck_assert_msg(!*slipped, "%s", slipped);
}
END_TEST

/* Heads that can be read in two ways are refused before anybody waits for a body. */
static const char *const unclear[] = {
    "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
    "Content-Length: 5\r\nContent-Length: 50\r\n",
    "Transfer-Encoding: gzip, chunked\r\n",
    "Transfer-Encoding: identity\r\n",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
    "X-Folded: 1\r\n 2\r\n",
    "X-Folded:\r\n 2\r\n",
};

START_TEST(refuses_what_is_unclear)
{
    static const char *const targets[] = {"proxy/x-raw/x", "credential", "token"};

    start();
    for (size_t i = 0; i < ARRAY_SIZE(unclear); i++)
        for (size_t j = 0; j < ARRAY_SIZE(targets); j++) {
            _cleanup_(closep) int fd = raw_connect(NULL);
            const char *answer;

            raw_print(fd, "PUT /v1/default/%s HTTP/1.1\r\nHost: x\r\n%s\r\n", targets[j],
                      unclear[i]);
            answer = raw_read_all(fd, NULL);
            ck_assert_msg(!strncmp(answer, "HTTP/1.1 400 ", 13) &&
                              strstr(answer, "\"bad-request\""),
                          "%s: %s", unclear[i], answer);
        }
    ck_assert_uint_eq(capture_count(service), 0);
}
END_TEST

/* Answers whose end is said twice: the chunks have the last word (RFC 9112, 6.3). */
START_TEST(takes_the_length_of_the_chunks)
{
    static const char *const lengths[] = {"3", "30"};

    start();
    for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
        const struct reply *r;

        capture_set(service, &(struct capture_answer){
                                 .bytes = stage_text("HTTP/1.1 200 OK\r\nContent-Length: %s\r\n"
                                                     "Transfer-Encoding: chunked\r\n\r\n"
                                                     "5\r\nhello\r\n0\r\n\r\n",
                                                     lengths[i]),
                                 .end = CAPTURE_CLOSE});
        r = get("/v1/default/proxy/x-raw/x");
        ck_assert_int_eq(r->error, 0);
        ck_assert_int_eq(r->status, 200);
        ck_assert_str_eq(r->body, "hello");
        ck_assert_uint_eq(reply_header_count(r, "Content-Length"), 0);
    }
}
END_TEST

static const char *const malformed[] = {
    "Content-Length : 1\r\n\r\nhello",
    "X-Blank : 1\r\nContent-Length: 0\r\n\r\n",
    "X-Bare: 1\r2\r\nContent-Length: 0\r\n\r\n",
};

START_TEST(hands_no_malformed_header_on)
{
    start();
    for (size_t i = 0; i < ARRAY_SIZE(malformed); i++) {
        const char *detail;

        capture_set(service, &(struct capture_answer){
                                 .bytes = stage_text("HTTP/1.1 200 OK\r\n%s", malformed[i]),
                                 .end = CAPTURE_CLOSE});
        detail = reply_problem(get("/v1/default/proxy/x-raw/x"), 502, "bad-answer");
        ck_assert_msg(strstr(detail, "malformed"), "%s", detail);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("smuggling");
    TCase *c = stage_case(s, "smuggling", 30);

    tcase_add_test(c, lets_no_header_slip_through);
    tcase_add_test(c, lets_no_header_slip_back);
    tcase_add_test(c, lets_no_method_slip_through);
    tcase_add_test(c, lets_no_nul_slip_through);
    tcase_add_test(c, lets_no_request_slip_through);
    tcase_add_test(c, refuses_what_is_unclear);
    tcase_add_test(c, takes_the_length_of_the_chunks);
    tcase_add_test(c, hands_no_malformed_header_on);
    return stage_run(s);
}
