/* SPDX-License-Identifier: MIT */
/* The suite of the headers that come over the wire. */
#include "header_list.h"
#include "suite.h"

#include "cleanup.h"

#include <errno.h>
#include <string.h>

static const struct {
    const char *lines[4];
    const char *name, *value;
} good[] = {
    {{"A: b\r\n"}, "A", "b"},
    {{"A:b"}, "A", "b"},
    {{"A:   b c \t\r\n"}, "A", "b c"},
    {{"A:\r\n"}, "A", ""},
    {{"A: \r\n"}, "A", ""},
    {{"A: b: c\r\n"}, "A", "b: c"},
    {{"none\r\n", "A: b\r\n"}, "A", "b"},
    {{" lost\r\n", "A: b\r\n"}, "A", "b"},
    {{": nobody's\r\n", "A: b\r\n"}, "A", "b"},
    {{"A: b\r\n", "  c\r\n", "\td: e\r\n"}, "A", "b c d: e"},
    {{"A: b\r\n", "   \r\n"}, "A", "b"},
    {{"A:\r\n", " b\r\n"}, "A", "b"},
    {{"A: b\r\n", "a: c\r\n"}, "A", "b"},
};

START_TEST(takes_lines)
{
    struct header_list l = {0};
    const char *name, *value;
    size_t position = 0;

    for (size_t i = 0; i < 4 && good[_i].lines[i]; i++)
        ck_assert_int_eq(header_list_add(&l, good[_i].lines[i], strlen(good[_i].lines[i])), 0);
    name = header_list_next(&l, &position, &value);
    ck_assert_str_eq(name, good[_i].name);
    ck_assert_str_eq(value, good[_i].value);
    ck_assert_str_eq(header_list_find(&l, "a"), good[_i].value);
    ck_assert_ptr_null(header_list_find(&l, "b"));
    header_list_done(&l);
}
END_TEST

static const char *const bad[] = {"A : b\r\n",   "A\t: b\r\n", "A B: c\r\n",
                                  "A: b\rc\r\n", "A\r: b\r\n", " c\rd\r\n"};

START_TEST(refuses_what_can_be_read_in_two_ways)
{
    struct header_list l = {0};

    ck_assert_int_eq(header_list_add(&l, "A: b\r\n", 6), 0);
    ck_assert_int_eq(header_list_add(&l, bad[_i], strlen(bad[_i])), -EBADMSG);
    ck_assert_str_eq(header_list_find(&l, "a"), "b");
    header_list_done(&l);
}
END_TEST

/* A NUL would end a text within the list: what follows it would be the next name. */
START_TEST(refuses_a_nul)
{
    static const char *const lines[] = {"A: b\0c\r\n", "A\0: bc\r\n", " b\0cde\r\n", "A: bcd\0"};
    struct header_list l = {0};

    ck_assert_int_eq(header_list_add(&l, "A: b\r\n", 6), 0);
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
        ck_assert_int_eq(header_list_add(&l, lines[i], 7), -EBADMSG);
    ck_assert_str_eq(header_list_find(&l, "a"), "b");
    header_list_done(&l);
}
END_TEST

START_TEST(keeps_order_and_number)
{
    struct header_list l = {0};
    const char *name, *value;
    size_t position = 0, n = 0;
    char line[64];

    for (int i = 0; i < 1000; i++) {
        snprintf(line, sizeof(line), "Name-%d: value %d\r\n", i % 7, i);
        ck_assert_int_eq(header_list_add(&l, line, strlen(line)), 0);
    }
    while ((name = header_list_next(&l, &position, &value))) {
        snprintf(line, sizeof(line), "Name-%zu: value %zu", n % 7, n);
        ck_assert_int_eq(strncmp(line, name, strlen(name)), 0);
        ck_assert_str_eq(value, strchr(line, ' ') + 1);
        n++;
    }
    ck_assert_uint_eq(n, 1000);
    header_list_clear(&l);
    position = 0;
    ck_assert_ptr_null(header_list_next(&l, &position, &value));
    header_list_done(&l);
}
END_TEST

START_TEST(has_an_end)
{
    struct header_list l = {0};
    int r = 0;

    for (int i = 0; i < 1000000 && r == 0; i++)
        r = header_list_add(&l, "Name: value\r\n", strlen("Name: value\r\n"));
    ck_assert_int_eq(r, -EMSGSIZE);
    ck_assert_str_eq(header_list_find(&l, "name"), "value");
    header_list_done(&l);
}
END_TEST

Suite *make_suite(void)
{
    Suite *s = suite_create("header_list");
    TCase *t = tcase_create("pure");

    tcase_add_loop_test(t, takes_lines, 0, (int)ARRAY_SIZE(good));
    tcase_add_loop_test(t, refuses_what_can_be_read_in_two_ways, 0, (int)ARRAY_SIZE(bad));
    tcase_add_test(t, refuses_a_nul);
    tcase_add_test(t, keeps_order_and_number);
    tcase_add_test(t, has_an_end);
    suite_add_tcase(s, t);
    return s;
}
