/* SPDX-License-Identifier: MIT */
/* What a client gets to see of a service's answer: status and headers byte by byte, without what
 * holds for one hop only and without a token. */
#include "client.h"
#include "stage.h"
#include "wire.h"

#include <string.h>

static const char *const usual[] = {"bare,x-bare,,/base", NULL};

/* ---- status */

/* A hundred at a time: a 401 is asked for once more with a newer token. */
START_TEST(passes_every_status)
{
    struct capture *c = wire_start(usual);

    for (int status = 100 * _i; status < 100 * _i + 100; status++) {
        bool bare = status == 204 || status == 304;
        struct wire w = wire_answered_text(
            c, "GET",
            stage_text("HTTP/1.1 %d Some Words\r\n%sX-Status: %d\r\n\r\n%s", status,
                       bare ? "" : "Content-Length: 2\r\n", status, bare ? "" : "ok"));
        const char *shown = wire_take(&w, "X-Status");

        ck_assert_int_eq(wire_status(&w), status);
        ck_assert_str_eq(shown ? shown : "none", stage_text("%d", status));
        ck_assert_str_eq(w.body, bare ? "" : "ok");
    }
    ck_assert_uint_eq(capture_count(c), _i == 4 ? 101 : 100);
}
END_TEST

START_TEST(swallows_interim_answers)
{
    struct capture *c = wire_start(usual);
    struct wire w =
        wire_answered_text(c, "GET",
                           "HTTP/1.1 100 Continue\r\n\r\n"
                           "HTTP/1.1 102 Processing\r\nX-Interim: 1\r\n\r\n"
                           "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
                           "HTTP/1.1 201 Created\r\nX-Final: 1\r\nContent-Length: 2\r\n\r\n"
                           "ok");

    wire_take_framing(&w);
    ck_assert_int_eq(wire_status(&w), 201);
    ck_assert_str_eq(wire_headers(&w), "X-Final: 1\n");
    ck_assert_str_eq(w.body, "ok");
}
END_TEST

START_TEST(follows_no_redirect)
{
    static const int statuses[] = {300, 301, 302, 303, 307, 308};
    struct capture *c = wire_start(usual);

    for (size_t i = 0; i < ARRAY_SIZE(statuses); i++) {
        struct wire w =
            wire_answered_text(c, "GET",
                               stage_text("HTTP/1.1 %d Moved\r\nLocation: %s/else?a=b#c\r\n"
                                          "Content-Length: 0\r\n\r\n",
                                          statuses[i], capture_url(c)));

        wire_take_framing(&w);
        ck_assert_int_eq(wire_status(&w), statuses[i]);
        ck_assert_str_eq(wire_headers(&w), stage_text("Location: %s/else?a=b#c\n", capture_url(c)));
    }
    ck_assert_uint_eq(capture_count(c), ARRAY_SIZE(statuses));
}
END_TEST

/* ---- headers */

/* The answer's headers, with \n for \r\n, to an answer with those lines. */
static const char *headers_of(struct capture *c, const char *lines)
{
    struct wire w = wire_answered_text(
        c, "GET", stage_text("HTTP/1.1 200 OK\r\n%sContent-Length: 2\r\n\r\nok", lines));

    ck_assert_int_eq(wire_status(&w), 200);
    ck_assert_str_eq(w.body, "ok");
    wire_take_framing(&w);
    return wire_headers(&w);
}

static const char *unix_lines(const char *lines)
{
    struct wire w = wire_parse(stage_text("\r\n%s\r\n", lines), strlen(lines) + 4);

    return wire_headers(&w);
}

START_TEST(passes_headers)
{
    static const char *const lines[] = {
        "",
        "Server: Somebody/1.0 (x)\r\nVia: 1.1 a, 1.1 b\r\nAge: 3\r\n",
        "Www-Authenticate: Swift realm=\"x\"\r\nWWW-Authenticate: Keystone uri='y'\r\n",
        "Set-Cookie: a=1; Path=/\r\nSet-Cookie: b=2; Path=/; Secure\r\n",
        "X-Twice: 2\r\nX-Between: x\r\nx-twice: 1\r\nX-TWICE: 2\r\n",
        "X-Empty:\r\nX-Full: x\r\nX-Empty: \r\n",
        "x-MiXeD-cAsE: Kept As It Is\r\n",
        "Content-Type: text/plain; charset=\"utf-8\"\r\ncontent-language: en\r\n",
        "Content-Encoding: gzip\r\nVary: Accept-Encoding\r\nVary: Accept\r\n",
        "ETag: W/\"a\"\r\nLast-Modified: Thu, 01 Jan 1970 00:00:00 GMT\r\nExpires: 0\r\n",
        "Cache-Control: no-store\r\nPragma: no-cache\r\nAlt-Svc: h3=\":443\"\r\n",
        "X-Object-Meta-Name: gr\303\274n\r\nX-Latin: caf\351 \377\r\n",
        "X-Tab: a\tb\r\nX-Blanks: a   b\r\nX-Colon: :a:b:\r\nX-Semicolon: a;;\r\n",
        "!#$%&'*+-.^_`|~09azAZ: odd but a name\r\n",
        "X-Auth-User: a\r\nX-Storage-Token: b\r\nX-Auth-Tokens: c\r\nX-Subject: d\r\n",
        "Retry-After: 3\r\nAllow: GET, COPY\r\nLink: <a>; rel=next\r\nRefresh: 1; url=b\r\n",
        "Content-Range: bytes 0-1/9\r\nAccept-Ranges: bytes\r\nContent-MD5: x\r\n",
        "Z: last\r\nA: first\r\nM: middle\r\n",
    };
    struct capture *c = wire_start(usual);

    for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
        ck_assert_str_eq(headers_of(c, lines[i]), unix_lines(lines[i]));
}
END_TEST

START_TEST(passes_many_and_long_headers)
{
    struct capture *c = wire_start(usual);
    char *lines = stage_keep(calloc(1, 16 * 1024)), *to = lines;

    for (int i = 0; i < 100; i++)
        to += sprintf(to, "X-Number-%d: %d\r\n", i % 7, i);
    ck_assert_str_eq(headers_of(c, lines), unix_lines(lines));
    (void)sprintf(lines, "X-Long: %08000d\r\n", 7);
    ck_assert_str_eq(headers_of(c, lines), unix_lines(lines));
}
END_TEST

/* A head that is too large to be passed on is said to be: the client is not left without a word. */
START_TEST(passes_or_refuses_a_very_long_head)
{
    struct capture *c = wire_start(usual);

    for (int kib = 24; kib <= 192; kib *= 2) {
        char *lines = stage_keep(calloc(1, (size_t)kib * 1024 + 64)), *to = lines;
        struct wire w;

        for (int i = 0; i < kib; i++)
            to += sprintf(to, "X-Long: %01014d\r\n", i);
        w = wire_answered_text(
            c, "GET", stage_text("HTTP/1.1 200 OK\r\n%sContent-Length: 2\r\n\r\nok", lines));
        if (wire_status(&w) == 502) {
            ck_assert_ptr_nonnull(strstr(w.body, "\"bad-answer\""));
            continue;
        }
        ck_assert_int_eq(wire_status(&w), 200);
        wire_take_framing(&w);
        ck_assert_str_eq(wire_headers(&w), unix_lines(lines));
    }
}
END_TEST

START_TEST(drops_headers)
{
    static const char *const lines[] = {
        "X-Auth-Token: leaked\r\nx-auth-token: leaked\r\nX_Auth_Token: leaked\r\n",
        "X-Subject-Token: leaked\r\nX-SUBJECT-TOKEN: leaked\r\nX_Subject_Token: leaked\r\n",
        "Connection: close\r\n",
        "Connection: keep-alive\r\nKeep-Alive: timeout=5, max=9\r\nProxy-Connection: x\r\n",
        "Proxy-Authenticate: Basic realm=x\r\nUpgrade: h2c\r\nTrailer: X-Checksum\r\n",
        "Connection: X-One, x-two\r\nX-One: a\r\nX-TWO: b\r\n",
        "Connection: X-One\r\nConnection: X-Two\r\nX-One: a\r\nX-Two: b\r\n",
    };
    struct capture *c = wire_start(usual);

    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        const char *mixed = stage_text("X-Before: 1\r\n%sX-Behind: 2\r\n", lines[i]);
        const char *came = headers_of(c, mixed);

        ck_assert_msg(!strcmp(came, "X-Before: 1\nX-Behind: 2\n"), "of\n%scame\n%s", mixed, came);
    }
}
END_TEST

/* RFC 9112, 5.2: a header that goes on in the next line becomes one line, or the answer is refused.
 * No line of it becomes a header of its own. */
START_TEST(unfolds_headers)
{
    static const char *const lines[] = {
        "X-Fold: one\r\n two\r\n",
        "X-Fold: one\r\n\ttwo: three\r\n",
        "X-Fold: one\r\n X-Subject-Token: leaked\r\n",
    };
    struct capture *c = wire_start(usual);

    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        struct wire w = wire_answered_text(
            c, "GET", stage_text("HTTP/1.1 200 OK\r\n%sContent-Length: 2\r\n\r\nok", lines[i]));
        const char *second = lines[i] + strlen("X-Fold: one\r\n "), *value;

        if (wire_status(&w) == 502)
            continue;
        value = wire_take(&w, "X-Fold");
        wire_take_framing(&w);
        ck_assert_msg(value && !strncmp(value, "one ", 4), "'%s' has become '%s'", lines[i], value);
        ck_assert_str_eq(value + 3 + strspn(value + 3, " \t"),
                         stage_text("%.*s", (int)strcspn(second, "\r"), second));
        ck_assert_str_eq(wire_headers(&w), "");
    }
}
END_TEST

START_TEST(keeps_the_date)
{
    static const char *const date = "Thu, 01 Jan 1970 00:00:01 GMT";
    struct capture *c = wire_start(usual);
    struct wire w = wire_answered_text(c, "GET",
                                       stage_text("HTTP/1.1 200 OK\r\nDate: %s\r\n"
                                                  "Content-Length: 0\r\n\r\n",
                                                  date));
    const char *shown = wire_take(&w, "Date"); /* demands that there is only one */

    ck_assert_str_eq(shown ? shown : "none", date);
}
END_TEST

/* Of header lines there may be so many, whatever they belong to. */
START_TEST(ends_what_does_not_end)
{
    static const struct {
        const char *bytes, *again;
        bool begun;
    } endless[] = {
        {"HTTP/1.1 200 OK\r\n", "X-A: b\r\n", false},
        {"", "HTTP/1.1 103 Early Hints\r\nX-A: b\r\n\r\n", false},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n", "X-A: b\r\n",
         true},
    };
    struct capture *c = wire_start(usual);

    for (size_t i = 0; i < ARRAY_SIZE(endless); i++) {
        const struct reply *r;

        capture_set(c, &(struct capture_answer){.bytes = endless[i].bytes,
                                                .again = endless[i].again,
                                                .end = CAPTURE_CLOSE});
        r = get("/v1/default/proxy/x-bare/a");
        if (!endless[i].begun)
            ck_assert_ptr_nonnull(
                strstr(reply_problem(r, 502, "bad-answer"), "headers of the answer are too large"));
        else
            ck_assert_int_ne(r->error, 0);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("proxy answers");
    TCase *c = stage_case(s, "answers", 20);

    tcase_add_loop_test(c, passes_every_status, 2, 6);
    tcase_add_test(c, swallows_interim_answers);
    tcase_add_test(c, follows_no_redirect);
    tcase_add_test(c, passes_headers);
    tcase_add_test(c, passes_many_and_long_headers);
    tcase_add_test(c, passes_or_refuses_a_very_long_head);
    tcase_add_test(c, drops_headers);
    tcase_add_test(c, unfolds_headers);
    tcase_add_test(c, keeps_the_date);
    tcase_add_test(c, ends_what_does_not_end);
    return stage_run(s);
}
