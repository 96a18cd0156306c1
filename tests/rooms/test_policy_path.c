/* SPDX-License-Identifier: MIT */
/* Path patterns: what each stands for, and every way to write a path that would get around one. */
#include "cleanup.h"
#include "policy_path.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *pattern, *path;
    bool matches;
} rows[] = {
    /* names, as they are */
    {"/a", "/a", true},
    {"/a", "/A", false},
    {"/A", "/%41", true},
    {"/a", "/%61", true},
    {"/a", "/b", false},
    {"/a", "/ab", false},
    {"/ab", "/a", false},
    {"/a", "/a/b", false},
    {"/a/b", "/a", false},
    {"/a/b", "/a/b", true},
    {"/a/b", "/a/%62", true},
    {"/a/b", "/a/B", false},
    {"/gr\xc3\xbc\xc3\x9f"
     "e",
     "/gr\xc3\xbc\xc3\x9f"
     "e",
     true},
    {"/gr\xc3\xbc\xc3\x9f"
     "e",
     "/gr%C3%bc%c3%9Fe", true},
    {"/gr\xc3\xbc\xc3\x9f"
     "e",
     "/gru\xcc\x88\xc3\x9f"
     "e",
     false},
    {"/a.b", "/a.b", true},
    {"/a.b", "/axb", false},
    {"/[a]", "/[a]", true},
    {"/[a]", "/a", false},
    {"/a+b", "/a+b", true},
    {"/a+b", "/a%20b", false},
    {"/a?b", "/a%20b", true},
    {"/a?b", "/a%2Cb", true},
    /* the endpoint itself */
    {"/", "", true},
    {"/", "/", true},
    {"/", "/a", false},
    {"/**", "", false},
    {"/**", "/", false},
    {"/a", "", false},
    {"/a", "/", false},
    {"/*", "/", false},
    /* within a segment */
    {"/*", "/a", true},
    {"/*", "/a/b", false},
    {"/a*", "/a", true},
    {"/a*", "/abc", true},
    {"/a*c", "/abc", true},
    {"/a*c", "/ac", true},
    {"/a*c", "/acb", false},
    {"/a*c", "/abcbc", true},
    {"/*.tar", "/x.tar", true},
    {"/*.tar", "/x.tar.gpg", false},
    {"/a*b*c", "/a1b2b3c", true},
    {"/a*b*c", "/a1c2b", false},
    {"/?", "/a", true},
    {"/?", "/ab", false},
    {"/?", "/\xc3\xbc", true},
    {"/??", "/\xc3\xbc", false},
    {"/*?x", "/\xc3\xbcx", true},
    {"/*??x", "/\xc3\xbcx", false},
    {"/a/*/c", "/a/b/c", true},
    {"/a/*/c", "/a/c", false},
    {"/a/*/c", "/a/b/b/c", false},
    {"/a/*", "/a/", false},
    /* any depth */
    {"/**", "/a", true},
    {"/**", "/a/b/c", true},
    {"/a/**", "/a", false},
    {"/a/**", "/a/", false},
    {"/a/**", "/a//", false},
    {"/a/**", "/a/b", true},
    {"/a/**", "/a/b/", true},
    {"/a/**", "/a/b/c/d", true},
    {"/a/**", "/ab/c", false},
    {"/a/**", "/b/a/c", false},
    {"/a/**/b", "/a/b", true},
    {"/a/**/b", "/a/x/b", true},
    {"/a/**/b", "/a/x/y/b", true},
    {"/a/**/b", "/a/x/b/y", false},
    {"/a/**/b", "/a/b/b/b", true},
    {"/a/**/b/c", "/a/b/b/c", true},
    {"/a/**/b/c", "/a/b/c/b", false},
    {"/**/b", "/b", true},
    {"/**/b", "/a/b", true},
    {"/**/b", "/a/bb", false},
    {"/**/**/b", "/b", true},
    {"/a/**/*", "/a", false},
    {"/a/**/*", "/a/b/c", true},
    {"/**/a/**/b/**", "/x/a/y/b/z", true},
    {"/**/a/**/b/**", "/x/b/y/a/z", false},
    /* slashes */
    {"/a", "/a/", false},
    {"/a/", "/a/", true},
    {"/a/", "/a", false},
    {"/a/", "/a//", false},
    {"/a", "//a", false},
    {"/a/b", "/a//b", false},
    {"/a/b", "//a/b", false},
    {"/a/**", "//a/b", false},
    {"/a/**", "/a//b", true},
    {"/*/b", "//b", false},
    {"/a/*/c", "/a//c", false},
    {"/**/b", "//b", true},
    /* an escaped slash: a separator, or not */
    {"/a/b", "/a%2Fb", false},
    {"/a/b", "/a%2fb", false},
    {"/a*", "/a%2Fb", false},
    {"/*", "/a%2Fb", false},
    {"/a/*", "/a/b%2Fc", false},
    {"/a/**", "/a/b%2Fc", true},
    {"/a/**", "/a%2Fb", false},
    {"/a/**", "/a/%2F", false},
    {"/a/**", "/%2Fa/b", false},
    {"/a/**", "/%61/%62%2f%63", true},
    {"/**", "/a%2Fb", true},
    /* dots */
    {"/**", "/.", false},
    {"/**", "/..", false},
    {"/a/**", "/a/../b", false},
    {"/a/**", "/a/./b", false},
    {"/a/**", "/a/b/..", false},
    {"/a/**", "/a/%2e%2e/b", false},
    {"/a/**", "/a/.%2E/b", false},
    {"/a/**", "/a/%2e/b", false},
    {"/a/**", "/a/..%2Fb", false},
    {"/a/**", "/a/b%2F..%2fc", false},
    {"/a/**", "/a/..;x/b", false},
    {"/a/**", "/a/..%3bx/b", false},
    {"/a/**", "/a/;/b", true},
    {"/a/**", "/a/..%3Fx", false},
    {"/a/**", "/a/..%23x", false},
    {"/a/**", "/a/..%20/b", false},
    {"/a/**", "/a/..%00/b", false},
    {"/a/**", "/a/...", false},
    {"/a/**", "/a/..b", true},
    {"/a/**", "/a/b..", true},
    {"/a/**", "/a/.b", true},
    {"/a/**", "/x/../a/b", false},
    /* backslashes */
    {"/**", "/a\\b", false},
    {"/**", "/a%5Cb", false},
    {"/**", "/a%5cb", false},
    {"/a/**", "/a/..\\b", false},
    {"/a/**", "/a/..%5C..%5Cb", false},
    /* escapes of escapes, and none */
    {"/a/**", "/a/%252e%252e/b", false},
    {"/a/**", "/a/%252Fb", false},
    {"/a/**", "/a/%25252Fb", false},
    {"/a/**", "/a/b%2541", false},
    {"/a/**", "/a/%25%32%66", false},
    {"/a/**", "/a/%2%46", false},
    {"/a/**", "/a/100%25", true},
    {"/a/**", "/a/100%25zz", true},
    {"/a/**", "/a/100%", false},
    {"/a/**", "/a/%zz", false},
    {"/a/**", "/a/%2", false},
    {"/a/**", "/a/%u002e%u002e/b", false},
    /* bytes that end, hide or spell something */
    {"/a/**", "/a/b%00", false},
    {"/a/**", "/a/%00/b", false},
    {"/a/**", "/a/b%0a", false},
    {"/a/**", "/a/b%0D%0Ac", false},
    {"/a/**", "/a/%09b", false},
    {"/a/**", "/a/%7f", false},
    {"/a/**", "/a/%ff", false},
    {"/a/**", "/a/\xff", false},
    {"/a/**", "/a/%c0%af", false},
    {"/a/**", "/a/%c0%ae%c0%ae/b", false},
    {"/a/**", "/a/%e0%80%af", false},
    {"/a/**", "/a/%ed%a0%80", false},
    {"/a/**", "/a/%c3", false},
    {"/a/**", "/a/\xc3%bc", true},
    /* parameters */
    {"/a/b", "/a/b;x", false},
    {"/a/b", "/a;x/b", false},
    {"/a/*", "/a/b;x", true},
    {"/a/*", "/a/b%3Bx", true},
    {"/a/*", "/a;x/b", false},
    {"/a/*", "/a/;x", false},
    {"/a/*.tar", "/a/b;.tar", false},
    {"/a/*.tar", "/a/b.tar;x.tar", true},
    {"/a/b", "/a/b%3B", false},
    {"/a*/b", "/a;x%2Fy/b", false},
    {"/**/b", "/a;/b", true},
    {"/*/x/b", "/;x/x/b", false},
    /* what may end the path */
    {"/a/**", "/a/b%3Fc", true},
    {"/a/**", "/a/%3Fc", false},
    {"/a/**", "/a%3F/b", false},
    {"/a/**", "/a/b%23c", true},
    {"/a/**", "/a/%23c", false},
    {"/a/**", "/a#/b", false},
    {"/*/b", "/a%3Fc/b", false},
    {"/**/b", "/c%23/b", false},
    {"/a/?.txt", "/a/%3F.txt", false},
};

START_TEST(matches_in_every_reading)
{
    const char *path = rows[_i].path;

    ck_assert_ptr_null(policy_path_fault(rows[_i].pattern));
    ck_assert_msg(policy_path_matches(&rows[_i].pattern, 1, path, strlen(path),
                                      POLICY_PATH_ITSELF) == rows[_i].matches,
                  "%s, %s", rows[_i].pattern, path);
}
END_TEST

/* Of several patterns one may be right for one reading and another for the other. */
START_TEST(takes_any_of_several)
{
    static const char *const patterns[] = {"/a/b", "/a*", "/c/**"};
    static const struct {
        const char *path;
        bool matches;
    } paths[] = {{"/a/b", true},   {"/ax", true},     {"/c/d", true},        {"/d", false},
                 {"/a%2Fb", true}, {"/a%2Fc", false}, {"/c%2F..%2Fa", false}};

    for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
        ck_assert_msg(policy_path_matches(patterns, ARRAY_SIZE(patterns), paths[i].path,
                                          strlen(paths[i].path),
                                          POLICY_PATH_ITSELF) == paths[i].matches,
                      "%s", paths[i].path);
    ck_assert(!policy_path_matches(NULL, 0, "/a", 2, POLICY_PATH_ITSELF));
}
END_TEST

/* A prefix is the beginning of many names, and of those one level down. */
START_TEST(matches_all_that_a_prefix_begins)
{
    static const struct {
        const char *pattern, *path;
        bool matches;
    } prefixes[] = {
        {"/a/**", "/a/b", true},    {"/a/**", "/a/", false},    {"/a/**", "/a", false},
        {"/a/b", "/a/b", false},    {"/a/*", "/a/b", false},    {"/a/b*", "/a/b", false},
        {"/a/b/**", "/a/b", false}, {"/a/*/**", "/a/b", false}, {"/a/*/**", "/a/b/c", true},
        {"/**", "/a", true},        {"/**", "/", false},
    };

    for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
        ck_assert_msg(policy_path_matches(&prefixes[i].pattern, 1, prefixes[i].path,
                                          strlen(prefixes[i].path),
                                          POLICY_PATH_PREFIX) == prefixes[i].matches,
                      "%s, %s", prefixes[i].pattern, prefixes[i].path);
}
END_TEST

static const struct {
    const char *pattern, *fault; /* a part of it; NULL: none */
} patterns[] = {
    {"/", NULL},
    {"/a", NULL},
    {"/a/", NULL},
    {"/**", NULL},
    {"/a/**/b", NULL},
    {"/a*/b?", NULL},
    {"/...b", NULL},
    {"a", "slash"},
    {"", "slash"},
    {"**", "slash"},
    {"*", "slash"},
    {"//", "two slashes"},
    {"//a", "two slashes"},
    {"/a//b", "two slashes"},
    {"/a/../b", "dots"},
    {"/.", "dots"},
    {"/a/...", "dots"},
    {"/**/", "behind `**`"},
    {"/a/**/", "behind `**`"},
    {"/a**", "`**`"},
    {"/***", "`**`"},
    {"/a/**b/c", "`**`"},
    {"/a%20b", "decoded"},
    {"/a%", "decoded"},
    {"/a\\b", "backslash"},
};

START_TEST(knows_what_is_no_pattern)
{
    const char *fault = policy_path_fault(patterns[_i].pattern);

    if (!patterns[_i].fault)
        ck_assert_ptr_null(fault);
    else
        ck_assert_msg(fault && strstr(fault, patterns[_i].fault), "%s: %s", patterns[_i].pattern,
                      fault ? fault : "no fault");
}
END_TEST

/* ---- very long ones */

static bool matches_repeated(const char *pattern, const char *what, size_t length)
{
    size_t piece = strlen(what);
    _cleanup_(freep) char *path = malloc(length);

    ck_assert_ptr_nonnull(path);
    for (size_t i = 0; i < length; i++)
        path[i] = what[i % piece];
    return policy_path_matches(&pattern, 1, path, length, POLICY_PATH_ITSELF);
}

static const struct {
    const char *pattern, *what;
    size_t length; /* of what is repeated so far */
    bool matches;
} longs[] = {
    {"/**", "/a", 8192, true},
    {"/**", "/a", 8194, false},
    {"/**/b", "/a", 8192, false},
    {"/**/a/**/a/**/b", "/a", 8192, false},
    {"/**/a/a/a/a/b", "/a", 8192, false},
    {"/*a*a*a*b", "/a", 8192, false},
    {"/**", "/a%2fa", 4096 / 4 * 6, true}, /* as many bytes when it is decoded */
    {"/**", "/a%2fa", 4100 / 4 * 6, false},
    {"/**", "/a;b", 2048, true},
    {"/**", "/a;b", 2052, false},
    {"/**", "/a;%3b%2fa%3f", 252 / 7 * 13, true},
    {"/**", "/a;%3b%2fa%3f", 32 * 1024, false},
    {"/**", "/%252f", 32 * 1024, false},
    {"/**", "/%2e", 32 * 1024, false},
};

START_TEST(takes_long_paths_up_to_a_bound)
{
    ck_assert_msg(matches_repeated(longs[_i].pattern, longs[_i].what, longs[_i].length) ==
                      longs[_i].matches,
                  "%s, %zu of %s", longs[_i].pattern, longs[_i].length, longs[_i].what);
}
END_TEST

Suite *make_suite(void)
{
    Suite *s = suite_create("policy path");
    TCase *t = tcase_create("pure");

    tcase_add_loop_test(t, matches_in_every_reading, 0, ARRAY_SIZE(rows));
    tcase_add_test(t, takes_any_of_several);
    tcase_add_test(t, matches_all_that_a_prefix_begins);
    tcase_add_loop_test(t, knows_what_is_no_pattern, 0, ARRAY_SIZE(patterns));
    tcase_add_loop_test(t, takes_long_paths_up_to_a_bound, 0, ARRAY_SIZE(longs));
    suite_add_tcase(s, t);
    return s;
}
