/* SPDX-License-Identifier: MIT */
/* The suite of what the signed request decides without a connection: which headers pass, and where
 * it goes. */
#include "proxy_headers.h"
#include "proxy_private.h"
#include "suite.h"

static const struct {
    const char *name;
    const char *connection;
    bool request, response;
} headers[] = {
    {"Accept", NULL, true, true},
    {"X-Object-Meta-A", NULL, true, true},
    {"X-Auth-Tokens", NULL, true, true},
    {"X-Auth", NULL, true, true},
    {"Hosts", NULL, true, true},
    {"Content-Type", "close", true, true},
    {"Connection", NULL, false, false},
    {"keep-alive", NULL, false, false},
    {"TE", NULL, false, false},
    {"Trailer", NULL, false, false},
    {"Transfer-Encoding", NULL, false, false},
    {"Upgrade", NULL, false, false},
    {"Proxy-Authorization", NULL, false, false},
    {"Proxy_Authorization", NULL, false, false},
    {"Content-Length", NULL, false, false},
    {"Host", NULL, false, true},
    {"Authorization", NULL, false, true},
    {"X-Auth-Token", NULL, false, false},
    {"x-auth-token", NULL, false, false},
    {"X_Auth_Token", NULL, false, false},
    {"X-Subject-Token", NULL, true, false},
    {"X-Service-Token", NULL, false, true},
    {"Forwarded", NULL, false, true},
    {"X-Forwarded-For", NULL, false, true},
    {"X-Forwarded-", NULL, false, true},
    {"X_FORWARDED_HOST", NULL, false, true},
    {"X-Forward", NULL, true, true},
    {"X-Mine", "X-Mine", false, false},
    {"X-Mine", "close, x-mine", false, false},
    {"X-Mine", "close,\tX-Other ,X-Mine", false, false},
    {"X-Mine", "X-Mine-Not", true, true},
};

START_TEST(passes_what_is_end_to_end_and_not_ours)
{
    ck_assert_msg(proxy_request_header_passes(headers[_i].name, headers[_i].connection) ==
                      headers[_i].request,
                  "%s in a request", headers[_i].name);
    ck_assert_msg(proxy_response_header_passes(headers[_i].name, headers[_i].connection) ==
                      headers[_i].response,
                  "%s in a response", headers[_i].name);
}
END_TEST

static const struct {
    const char *endpoint, *rest, *target;
} joins[] = {
    {"https://h/v1/acc", "/c/o", "/v1/acc/c/o"},
    {"https://h/v1/acc/", "/c/o", "/v1/acc/c/o"},
    {"https://h:1/v1/acc", "", "/v1/acc"},
    {"https://h/v1/acc", "/", "/v1/acc/"},
    {"https://h/v1/acc", "?format=json", "/v1/acc?format=json"},
    {"https://h/v1/acc", "//c", "/v1/acc//c"},
    {"https://h/v1/acc", "/a%2Fb?x=%20&y#z", "/v1/acc/a%2Fb?x=%20&y#z"},
    {"https://h", "/c", "/c"},
    {"https://h", "", "/"},
    {"https://h/", "", "/"},
    {"https://h/", "/c", "/c"},
    {"https://h", "?q", "/?q"},
    {"http://[::1]:80/p?old=1#f", "/c?new=1", "/p/c?new=1"},
};

START_TEST(joins_endpoint_and_path_byte_by_byte)
{
    _cleanup_(freep) char *target = proxy_join_target(joins[_i].endpoint, joins[_i].rest);

    ck_assert_str_eq(target, joins[_i].target);
}
END_TEST

Suite *make_suite(void)
{
    Suite *s = suite_create("proxy");
    TCase *t = tcase_create("pure");

    tcase_add_loop_test(t, passes_what_is_end_to_end_and_not_ours, 0, (int)ARRAY_SIZE(headers));
    tcase_add_loop_test(t, joins_endpoint_and_path_byte_by_byte, 0, (int)ARRAY_SIZE(joins));
    suite_add_tcase(s, t);
    return s;
}
