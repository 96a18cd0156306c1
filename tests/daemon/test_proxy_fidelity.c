/* SPDX-License-Identifier: MIT */
/* What a service gets to see of a signed request: byte by byte what the client sent, with a token
 * in it and without what the client may not say. */
#include "client.h"
#include "raw.h"
#include "stage.h"
#include "wire.h"

#include <string.h>

#define BASE "/base/v1"

static const char *const usual[] = {"bare,x-bare,," BASE, NULL};

static struct wire relay_bytes(struct capture *c, const char *request, size_t length)
{
    _cleanup_(closep) int fd = raw_connect(NULL);
    size_t number = capture_count(c), size;
    const char *head, *came;

    raw_send(fd, request, length);
    head = raw_read_head(fd);
    ck_assert_msg(!strncmp(head, "HTTP/1.1 200 ", 13), "%.200s\nwas answered with\n%s", request,
                  head);
    came = capture_wait(c, number, &size);
    return wire_parse(came, size);
}

/* Sends a request and gives what came of it at the service, without the two headers that every
 * request has to have there. */
static struct wire relay(struct capture *c, const char *request)
{
    struct wire w = relay_bytes(c, request, strlen(request));
    const char *host = wire_take(&w, "Host"), *token = wire_take(&w, "X-Auth-Token");

    ck_assert_str_eq(host ? host : "none", strstr(capture_url(c), "://") + 3);
    ck_assert_str_eq(token ? token : "none", wire_token());
    return w;
}

/* ---- the target */

static const char *const targets[] = {
    "",
    "/",
    "//",
    "/a",
    "/a/",
    "/a//b///c",
    "?",
    "/?",
    "/a?",
    "/a??",
    "/a?b?c=/d//e",
    "/a?&&=&b&c=&=d",
    "/a?b=%20+%2B%26#",
    "/a#b",
    "/a#b?c",
    "/a?x=../../..&y=%2e%2e%2f",
    "/%2F",
    "/a%2Fb%2fc",
    "/%252e%252e/%252E",
    "/%41%7e%7E~",
    "/a;b=c;d/e;",
    "/a+b%20c%2bd",
    "/a,b:c@d!e$f&g'h(i)j*k=l",
    "/[a]{b}|c^d`e\"f<g>h\\i",
    "/100%",
    "/%",
    "/%zz/%4",
    "/a%00b",
    "/gr\303\274\303\237e/\346\227\245\346\234\254?stra\303\237e=\342\202\254",
    "/gr%C3%BC%c3%9fe",
    "/\377\200\201",
    "/http://elsewhere/path?http://elsewhere/",
    "/.",
    "/./a",
    "/...",
    "/.../....",
    "/.a/..b/c../d..e/.well-known",
    "/a/../b",
    "/a/b/../../c",
    "/a/%2e%2E/b",
    "/..a",
    "/a..",
    "/a?..",
};

START_TEST(passes_the_target)
{
    struct capture *c = wire_start(usual);

    for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
        struct wire w = relay(c, stage_text("GET /v1/default/proxy/x-bare%s HTTP/1.1\r\n"
                                            "Host: latchkey\r\n\r\n",
                                            targets[i]));

        ck_assert_str_eq(w.first, stage_text("GET " BASE "%s HTTP/1.1", targets[i]));
    }
}
END_TEST

START_TEST(passes_a_long_target)
{
    struct capture *c = wire_start(usual);
    char *path = stage_keep(calloc(1, 8001)), *query = stage_keep(calloc(1, 4001));
    struct wire w;

    memset(path, 'p', 8000);
    memset(query, 'q', 4000);
    w = relay(c, stage_text("GET /v1/default/proxy/x-bare/%s?%s HTTP/1.1\r\nHost: l\r\n\r\n", path,
                            query));
    ck_assert_str_eq(w.first, stage_text("GET " BASE "/%s?%s HTTP/1.1", path, query));
}
END_TEST

/* An endpoint's own path may end in a slash or not be there. */
START_TEST(joins_endpoint_and_path)
{
    static const struct {
        const char *service, *rest, *target;
    } joins[] = {
        {"x-root", "", "/"},
        {"x-root", "/", "/"},
        {"x-root", "/a", "/a"},
        {"x-root", "//a", "//a"},
        {"x-root", "?q", "/?q"},
        {"x-slash", "", "/"},
        {"x-slash", "/a", "/a"},
        {"x-slash", "?q", "/?q"},
        {"x-deep", "", "/deep/er/"},
        {"x-deep", "/a", "/deep/er/a"},
        {"x-deep", "/", "/deep/er/"},
        {"x-deep", "//a", "/deep/er//a"},
        {"x-odd", "/a", "/%7Eo%20d/a"},
    };
    struct capture *c =
        wire_start((const char *const[]){"root,x-root,,", "slash,x-slash,,/",
                                         "deep,x-deep,,/deep/er/", "odd,x-odd,,/%7Eo%20d", NULL});

    for (size_t i = 0; i < ARRAY_SIZE(joins); i++) {
        struct wire w =
            relay(c, stage_text("GET /v1/default/proxy/%s%s HTTP/1.1\r\nHost: l\r\n\r\n",
                                joins[i].service, joins[i].rest));

        ck_assert_str_eq(w.first, stage_text("GET %s HTTP/1.1", joins[i].target));
    }
}
END_TEST

/* ---- headers */

static const char *send_headers(struct capture *c, const char *lines)
{
    struct wire w = relay(c, stage_text("GET /v1/default/proxy/x-bare/h HTTP/1.1\r\n"
                                        "Host: latchkey\r\n%s\r\n",
                                        lines));

    return wire_headers(&w);
}

/* The same lines with \n for \r\n. */
static const char *unix_lines(const char *lines)
{
    char *text = stage_text("%s", lines), *to = text;

    for (const char *from = lines; *from; from++)
        if (*from != '\r')
            *to++ = *from;
    *to = '\0';
    return text;
}

START_TEST(passes_headers)
{
    static const char *const lines[] = {
        "Accept: text/plain, */*;q=0.1\r\n",
        "Accept:\r\n",
        "accept-encoding: gzip;q=1.0, identity; q=0.5\r\n",
        "User-Agent: anybody/1.0 (of \"any\"; kind)\r\n",
        "User-Agent:\r\n",
        "Content-Type: text/plain\r\n",
        "CONTENT-TYPE: a\r\ncontent-type: b\r\n",
        "Cookie: a=1; b=\"2\"; c\r\nCookie: d=4\r\n",
        "Range: bytes=0-99,-5\r\nIf-Range: \"x\"\r\n",
        "If-None-Match: W/\"a\", \"b\"\r\nIf-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT\r\n",
        "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n",
        "X-Object-Meta-Colour: gr\303\274n\r\n",
        "X-Latin: caf\351 \377\200\r\n",
        "X-Empty:\r\n",
        "X-Empty:\r\nX-Full: x\r\nX-Empty:\r\n",
        "X-Semicolon: ;\r\nX-Ends: a;\r\nX-Colon: :a:b:\r\n",
        "X-Tab: a\tb\r\n",
        "X-Blanks: a   b\r\n",
        "X-Quotes: \"\\\"'`,;=(){}[]<>@?/\r\n",
        "X-Twice: 1\r\nX-Between: x\r\nx-twice: 2\r\nX-TWICE: 1\r\n",
        "!#$%&'*+-.^_`|~09azAZ: odd but a name\r\n",
        "X_Under_Score: kept\r\nX-Under-Score: kept too\r\n",
        "Via: 1.1 somebody\r\nOrigin: null\r\nReferer: http://a/b?c\r\n",
        "Destination: /container/object%20x\r\nX-Copy-From: a/b\r\nDepth: infinity\r\n",
        "X-Auth-User: a\r\nX-Storage-Token: b\r\nX-Auth-Tokens: c\r\nX-Auth: d\r\n",
        "X-Forward: a\r\nX-Service-Tokens: b\r\nAuthorization-Info: c\r\nForwarded-For: d\r\n",
        "Z: last\r\nA: first\r\nM: middle\r\n",
    };
    struct capture *c = wire_start(usual);

    for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
        ck_assert_str_eq(send_headers(c, lines[i]), unix_lines(lines[i]));
}
END_TEST

START_TEST(passes_many_and_long_headers)
{
    struct capture *c = wire_start(usual);
    char *lines = stage_keep(calloc(1, 16 * 1024)), *to = lines;

    for (int i = 0; i < 100; i++)
        to += sprintf(to, "X-Number-%d: %d\r\n", i % 7, i);
    ck_assert_str_eq(send_headers(c, lines), unix_lines(lines));

    (void)sprintf(lines, "X-Long: %08000d\r\n", 7);
    ck_assert_str_eq(send_headers(c, lines), unix_lines(lines));
}
END_TEST

/* The client's word on who it is and where it came from, and what holds for one hop only. */
START_TEST(drops_headers)
{
    static const char *const lines[] = {
        "X-Auth-Token: stolen\r\n",
        "x-auth-token: stolen\r\nX-AUTH-TOKEN: stolen\r\n",
        "X_Auth_Token: stolen\r\n",
        "x-auth_token: stolen\r\nX_AUTH-TOKEN: stolen\r\n",
        "X-Auth-Token:\r\n",
        "X-Service-Token: stolen\r\nX_Service_Token: stolen\r\nx-service-TOKEN: stolen\r\n",
        "Authorization: Basic YTpi\r\nAUTHORIZATION: Bearer x\r\n",
        "Forwarded: for=1.2.3.4\r\nforwarded: by=x\r\n",
        "X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Host: a\r\nX-Forwarded-Proto: https\r\n",
        "X-Forwarded-Anything: a\r\nx_forwarded_for: 1.2.3.4\r\nX-FORWARDED-Port: 1\r\n",
        "Connection: keep-alive\r\n",
        "Connection: Keep-Alive\r\nKeep-Alive: timeout=5\r\n",
        "Proxy-Connection: keep-alive\r\nProxy-Authorization: Basic YTpi\r\n",
        "TE: trailers\r\nTrailer: X-Checksum\r\n",
        "Connection: Upgrade\r\nUpgrade: websocket\r\n",
        "Connection: X-One, x-two,X-Three\r\nX-One: a\r\nX-Two: b\r\nX-THREE: c\r\n",
        "Connection: X-One\r\nConnection: X-Two\r\nX-One: a\r\nX-Two: b\r\n",
        "X-One: a\r\nX-One: b\r\nConnection: ,\tX-One ,,\r\n",
        /* What we have put in is not the client's to take out. */
        "Connection: X-Auth-Token, Host, close\r\n",
    };
    struct capture *c = wire_start(usual);

    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        const char *mixed = stage_text("X-Before: 1\r\n%sX-Behind: 2\r\n", lines[i]);

        ck_assert_msg(!strcmp(send_headers(c, mixed), "X-Before: 1\nX-Behind: 2\n"),
                      "of\n%scame\n%s", mixed, send_headers(c, mixed));
    }
}
END_TEST

START_TEST(adds_nothing)
{
    ck_assert_str_eq(send_headers(wire_start(usual), ""), "");
}
END_TEST

/* ---- methods and bodies */

static const char *const methods[] = {
    "GET",        "POST",
    "PUT",        "DELETE",
    "OPTIONS",    "TRACE",
    "PATCH",      "COPY",
    "MOVE",       "REPORT",
    "PROPFIND",   "MKCOL",
    "LOCK",       "UNLOCK",
    "SEARCH",     "LINK",
    "get",        "Put",
    "FROBNICATE", "M-SEARCH",
    "X",          "BASELINE-CONTROL",
};

START_TEST(passes_methods_without_a_body)
{
    struct capture *c = wire_start(usual);

    for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
        struct wire w = relay(c, stage_text("%s /v1/default/proxy/x-bare/m HTTP/1.1\r\n"
                                            "Host: latchkey\r\n\r\n",
                                            methods[i]));

        ck_assert_str_eq(w.first, stage_text("%s " BASE "/m HTTP/1.1", methods[i]));
        ck_assert_str_eq(wire_headers(&w), "");
        ck_assert_uint_eq(w.length, 0);
    }
}
END_TEST

START_TEST(passes_methods_with_a_body)
{
    struct capture *c = wire_start(usual);

    for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
        struct wire w = relay(c, stage_text("%s /v1/default/proxy/x-bare/m HTTP/1.1\r\n"
                                            "Host: latchkey\r\nContent-Length: 5\r\n\r\nhello",
                                            methods[i]));
        const char *length = wire_take(&w, "Content-Length");

        ck_assert_str_eq(w.first, stage_text("%s " BASE "/m HTTP/1.1", methods[i]));
        ck_assert_msg(length, "%s has lost its length", methods[i]);
        ck_assert_str_eq(length, "5");
        ck_assert_str_eq(wire_headers(&w), "");
        ck_assert_str_eq(w.body, "hello");
    }
}
END_TEST

START_TEST(passes_an_empty_body)
{
    struct capture *c = wire_start(usual);

    for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
        struct wire w = relay(c, stage_text("%s /v1/default/proxy/x-bare/m HTTP/1.1\r\n"
                                            "Host: latchkey\r\nContent-Length: 0\r\n\r\n",
                                            methods[i]));
        const char *length = wire_take(&w, "Content-Length");

        ck_assert_msg(length, "%s has lost its length", methods[i]);
        ck_assert_str_eq(length, "0");
        ck_assert_str_eq(wire_headers(&w), "");
        ck_assert_uint_eq(w.length, 0);
    }
}
END_TEST

/* A body whose length nobody knows may be announced with an expectation of our own. */
START_TEST(passes_chunks)
{
    static const char *const bodies[][2] = {
        {"5\r\nhello\r\n0\r\n\r\n", "hello"},
        {"1\r\nh\r\n1;x=y\r\ne\r\n0003\r\nllo\r\n000\r\n\r\n", "hello"},
        {"A\r\n0\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n", "0\r\n\r\n0\r\n\r\n"},
        {"0\r\n\r\n", ""},
    };
    struct capture *c = wire_start(usual);

    for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
        struct wire w = relay(c, stage_text("PUT /v1/default/proxy/x-bare/c HTTP/1.1\r\n"
                                            "Host: latchkey\r\nTransfer-Encoding: chunked\r\n\r\n"
                                            "%s",
                                            bodies[i][0]));
        const char *coding = wire_take(&w, "Transfer-Encoding"), *expect = wire_take(&w, "Expect");

        ck_assert_str_eq(coding ? coding : "none", "chunked");
        ck_assert(!expect || !strcmp(expect, "100-continue"));
        ck_assert_str_eq(wire_headers(&w), "");
        ck_assert_str_eq(wire_unchunk(&w, NULL), bodies[i][1]);
    }
}
END_TEST

/* Every byte there is, and no byte of a body is one of a head. */
START_TEST(passes_binary_bodies)
{
    struct capture *c = wire_start(usual);
    const char *head = "POST /v1/default/proxy/x-bare/b HTTP/1.1\r\nHost: l\r\n"
                       "Content-Length: 512\r\n\r\n";
    char *request = stage_text("%s%512s", head, "");
    struct wire w;

    for (int i = 0; i < 512; i++)
        request[strlen(head) + (size_t)i] = (char)(i < 256 ? i : 511 - i);
    w = relay_bytes(c, request, strlen(head) + 512);
    ck_assert_uint_eq(w.length, 512);
    ck_assert_mem_eq(w.body, request + strlen(head), 512);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("proxy fidelity");
    TCase *c = stage_case(s, "requests", 20);

    tcase_add_test(c, passes_the_target);
    tcase_add_test(c, passes_a_long_target);
    tcase_add_test(c, joins_endpoint_and_path);
    tcase_add_test(c, passes_headers);
    tcase_add_test(c, passes_many_and_long_headers);
    tcase_add_test(c, drops_headers);
    tcase_add_test(c, adds_nothing);
    tcase_add_test(c, passes_methods_without_a_body);
    tcase_add_test(c, passes_methods_with_a_body);
    tcase_add_test(c, passes_an_empty_body);
    tcase_add_test(c, passes_chunks);
    tcase_add_test(c, passes_binary_bodies);
    return stage_run(s);
}
