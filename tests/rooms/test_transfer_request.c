/* SPDX-License-Identifier: MIT */
/* A request's head as it goes over the wire. */
#include "secret.h"
#include "suite.h"
#include "upstream_private.h"

#include <errno.h>
#include <string.h>

static const struct transfer_header headers[] = {{"X-A", "1"}, {"X-Empty", ""}, {"x-a", " 2"}};

static const struct {
    const char *url, *target;
    int64_t length;
    bool expect_continue;
    const char *begins, *ends;
} requests[] = {
    {"http://h.example/v1", NULL, TRANSFER_NO_BODY, false,
     "PUT /v1 HTTP/1.1\r\nHost: h.example\r\n", "\r\n"},
    {"http://h.example", NULL, 0, false, "PUT / HTTP/1.1\r\nHost: h.example\r\n",
     "Content-Length: 0\r\n\r\n"},
    {"https://h.example/a?b#c", NULL, 5, true, "PUT /a?b HTTP/1.1\r\nHost: h.example\r\n",
     "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n"},
    {"https://h.example/a", "/b/%2f/..?q=\xc3\xbc", TRANSFER_UNKNOWN_LENGTH, false,
     "PUT /b/%2f/..?q=\xc3\xbc HTTP/1.1\r\nHost: h.example\r\n",
     "Transfer-Encoding: chunked\r\n\r\n"},
    {"http://h.example/", NULL, INT64_MAX, false, "PUT / HTTP/1.1\r\nHost: h.example\r\n",
     "Content-Length: 9223372036854775807\r\n\r\n"},
    /* A port that goes without saying is not said (RFC 9110, 4.2.3). */
    {"http://h.example:80/", NULL, TRANSFER_NO_BODY, false, "PUT / HTTP/1.1\r\nHost: h.example\r\n",
     "\r\n"},
    {"https://h.example:443/", NULL, TRANSFER_NO_BODY, false,
     "PUT / HTTP/1.1\r\nHost: h.example\r\n", "\r\n"},
    {"http://h.example:443/", NULL, TRANSFER_NO_BODY, false,
     "PUT / HTTP/1.1\r\nHost: h.example:443\r\n", "\r\n"},
    {"HTTPS://h.example:80?q", NULL, TRANSFER_NO_BODY, false,
     "PUT / HTTP/1.1\r\nHost: h.example:80\r\n", "\r\n"},
    {"http://[::1]:8080/", NULL, TRANSFER_NO_BODY, false, "PUT / HTTP/1.1\r\nHost: [::1]:8080\r\n",
     "\r\n"},
    {"http://[::80]/", NULL, TRANSFER_NO_BODY, false, "PUT / HTTP/1.1\r\nHost: [::80]\r\n", "\r\n"},
};

START_TEST(says_what_it_was_told)
{
    static const char lines[] = "X-A: 1\r\nX-Empty: \r\nx-a:  2\r\n";
    struct outgoing head = {0};
    char wanted[512];

    ck_assert_int_eq(transfer_compose(&(struct transfer_request){.method = "PUT",
                                                                 .url = requests[_i].url,
                                                                 .target = requests[_i].target,
                                                                 .headers = headers,
                                                                 .n_headers = ARRAY_SIZE(headers),
                                                                 .length = requests[_i].length,
                                                                 .expect_continue =
                                                                     requests[_i].expect_continue},
                                      &head),
                     0);
    snprintf(wanted, sizeof(wanted), "%s%s%s", requests[_i].begins, lines, requests[_i].ends);
    ck_assert_uint_eq(head.start, 0);
    ck_assert_uint_eq(head.end, strlen(wanted));
    ck_assert_mem_eq(head.data, wanted, head.end);
    secret_free(head.data);
}
END_TEST

static const char *const unsafe[][2] = {
    {"h.example/a", NULL},
    {"", NULL},
    {"http://", NULL},
    {"http:///a", NULL},
    {"http://user@h.example/a", NULL},
    {"http://user:passw0rd@h.example/a", NULL},
    {"http://h\xc3\xbc.example/", NULL},
    {"http://h .example/", NULL},
    {"http://h\r\nX: y/", NULL},
    {"http://h/a b", NULL},
    {"http://h/a\r\nX: y", NULL},
    {"http://h/", "/a b"},
    {"http://h/", "/a\nX: y"},
    {"http://h/", "/a\x7f"},
    {"http://h/", ""},
};

START_TEST(refuses_what_would_end_a_line)
{
    struct outgoing head = {0};

    ck_assert_int_eq(transfer_compose(&(struct transfer_request){.method = "GET",
                                                                 .url = unsafe[_i][0],
                                                                 .target = unsafe[_i][1],
                                                                 .length = TRANSFER_NO_BODY},
                                      &head),
                     -EINVAL);
    ck_assert_ptr_null(head.data);
}
END_TEST

Suite *make_suite(void)
{
    Suite *s = suite_create("transfer_request");
    TCase *t = tcase_create("pure");

    tcase_add_loop_test(t, says_what_it_was_told, 0, (int)ARRAY_SIZE(requests));
    tcase_add_loop_test(t, refuses_what_would_end_a_line, 0, (int)ARRAY_SIZE(unsafe));
    suite_add_tcase(s, t);
    return s;
}
