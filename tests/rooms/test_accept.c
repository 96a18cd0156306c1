/* SPDX-License-Identifier: MIT */
/* The suite of the choice between text and JSON. */
#include "accept.h"
#include "suite.h"

#include "cleanup.h"

static const struct {
    const char *values[3]; /* of one Accept header each */
    bool text;
} rows[] = {
    /* only who names it gets text */
    {{NULL}, false},
    {{""}, false},
    {{"*/*"}, false},
    {{"application/json"}, false},
    {{"application/*"}, false},
    {{"text/html"}, false},
    {{"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}, false},
    {{"text/plain"}, true},
    {{"TEXT/Plain"}, true},
    {{"text/*"}, true},
    {{" text/plain "}, true},
    {{"\ttext/plain\t;\tq=1"}, true},
    {{"text/plain;charset=utf-8"}, true},
    {{"text/plain, */*"}, true},
    {{"*/*, text/plain"}, true},
    {{"text/html, text/plain, image/png"}, true},
    {{",, text/plain,,"}, true},
    /* names that only begin or end alike */
    {{"text/plainfoo"}, false},
    {{"text/plai"}, false},
    {{"text/"}, false},
    {{"xtext/plain"}, false},
    {{"text /plain"}, false},
    {{"text/html;a=text/plain"}, false},
    {{"text/html;a=\"b, text/plain\""}, false},
    {{"text/html;a=\"\\\", text/plain"}, false},
    /* several headers are one list */
    {{"text/html", "text/plain"}, true},
    {{"text/plain", "application/json"}, false},
    {{"application/json;q=0.2", "text/plain;q=0.3"}, true},
    {{"text/plain", "", "*/*"}, true},
    /* weights */
    {{"text/plain;q=0"}, false},
    {{"text/plain;q=0.000"}, false},
    {{"text/plain;q=0.001"}, true},
    {{"text/plain;Q=0"}, false},
    {{"text/plain;charset=utf-8;q=0"}, false},
    {{"text/plain;q=0, */*"}, false},
    {{"text/plain;q=0.9, application/json;q=0.1"}, true},
    {{"text/plain;q=0.1, application/json;q=0.9"}, false},
    {{"text/plain;q=0.25, application/json;q=0.249"}, true},
    {{"text/plain, application/json;q=0"}, true},
    {{"text/plain, application/json"}, false},
    {{"application/json;q=0.5, text/plain;q=0.5"}, false},
    {{"application/json;q=1.000, text/plain;q=1"}, false},
    {{"text/plain;q=0.5, */*;q=0.9"}, false},
    {{"text/plain;q=0.5, */*;q=0.5"}, true},
    {{"text/plain, */*;q=0.1"}, true},
    /* the more precise range counts */
    {{"text/plain;q=0, text/*"}, false},
    {{"text/*;q=0.1, text/plain;q=0.8, application/json;q=0.5"}, true},
    {{"text/plain;q=0.8, application/*;q=0.9"}, false},
    {{"text/plain;q=0.8, application/*;q=0.9, application/json;q=0.1"}, true},
    {{"text/*, application/*"}, false},
    /* what is no weight wants nothing */
    {{"text/plain;q="}, false},
    {{"text/plain;q=high"}, false},
    {{"text/plain;q=-1"}, false},
    {{"text/plain;q=2"}, false},
    {{"text/plain;q=1.5"}, false},
    {{"text/plain;q=0.5x"}, false},
    {{"text/plain;q=0.12345"}, true},
    {{"text/plain;q=0."}, false},
    {{"text/plain;q=1."}, true},
    {{"text/plain;q"}, true},
    {{"text/plain;"}, true},
    {{";q=1"}, false},
};

START_TEST(tells_who_prefers_text)
{
    struct accept a = {0};

    for (size_t i = 0; i < ARRAY_SIZE(rows[_i].values) && rows[_i].values[i]; i++)
        accept_add(&a, rows[_i].values[i]);
    ck_assert_msg(accept_prefers_text(&a) == rows[_i].text, "%s",
                  rows[_i].values[0] ? rows[_i].values[0] : "no header");
}
END_TEST

Suite *make_suite(void)
{
    Suite *s = suite_create("accept");
    TCase *t = tcase_create("pure");

    tcase_add_loop_test(t, tells_who_prefers_text, 0, (int)ARRAY_SIZE(rows));
    suite_add_tcase(s, t);
    return s;
}
