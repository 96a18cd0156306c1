/* SPDX-License-Identifier: MIT */
/* What people and shells get to see: safe text, durations, tables, progress, quoted words. */
#include "display.h"
#include "progress.h"
#include "suite.h"

#include <locale.h>
#include <string.h>
#include <sys/wait.h>

static char *text;
static size_t text_size;

static FILE *open_text(void)
{
    FILE *out = open_memstream(&text, &text_size);

    ck_assert_ptr_nonnull(out);
    ck_assert_ptr_nonnull(setlocale(LC_CTYPE, "C.UTF-8"));
    return out;
}

static void expect_text(FILE *out, const char *expected)
{
    fclose(out);
    ck_assert_str_eq(text, expected);
    free(text);
}

START_TEST(text_cannot_play_tricks)
{
    FILE *out = open_text();

    display_text(out, "é \033[31mred\007\r\n\x7f\xff \xc2\x9b"
                      "2J");
    display_text(out, NULL);
    expect_text(out, "é ?[31mred????? ?2J-");
}
END_TEST

static const struct {
    int64_t seconds;
    const char *expected;
} durations[] = {
    {-1, "-"},
    {0, "0 s"},
    {59, "59 s"},
    {60, "1 min 0 s"},
    {3599, "59 min 59 s"},
    {3600, "1 h 0 min"},
    {86399, "23 h 59 min"},
    {86400, "1 d 0 h"},
    {200000, "2 d 7 h"},
};

START_TEST(durations_are_short)
{
    char buffer[DURATION_SIZE];

    ck_assert_str_eq(display_duration(buffer, durations[_i].seconds), durations[_i].expected);
}
END_TEST

START_TEST(columns_line_up)
{
    _cleanup_(table_done) struct table table = {.n_columns = 3};
    FILE *out = open_text();

    ck_assert_int_eq(table_add(&table, (const char *[TABLE_COLUMNS]){"A", "B", "C"}), 0);
    ck_assert_int_eq(table_add(&table, (const char *[TABLE_COLUMNS]){"naïve", NULL, ""}), 0);
    ck_assert_int_eq(table_add(&table, (const char *[TABLE_COLUMNS]){"日本", "", "end"}), 0);
    table_print(out, &table);
    expect_text(out, "A      B  C\n"
                     "naïve  -\n"
                     "日本      end\n");
}
END_TEST

static const struct {
    size_t width;
    int64_t moved, total, milliseconds;
    const char *expected;
} bars[] = {
    {79, 0, 1048576, 1000,
     "  0 % [                                ]  0 B of 1.0 MiB  0 B/s  0:00 left"},
    {50, 524288, 1048576, 2000, " 50 %  512.0 KiB of 1.0 MiB  256.0 KiB/s  0:02 lef"},
    {79, 3000, 3000, 1000, NULL},
    {40, 2048, -1, 2000, "2.0 KiB  1.0 KiB/s"},
    {40, 2048, 0, 0, "2.0 KiB  0 B/s"},
    {60, 5LL << 40, 10LL << 40, 1000, NULL},
    {160, 5LL << 40, 10LL << 40, 10000000, NULL},
};

START_TEST(bars_fit)
{
    char line[200];

    memset(line, 'x', sizeof(line));
    progress_format(line, bars[_i].width, bars[_i].moved, bars[_i].total, bars[_i].milliseconds);
    ck_assert_uint_le(strlen(line), bars[_i].width);
    if (bars[_i].expected && bars[_i].width != 79)
        ck_assert_str_eq(line, bars[_i].expected);
    else if (strchr(line, '['))
        ck_assert_uint_eq(strlen(line), bars[_i].width);
}
END_TEST

static const char *const words[] = {
    "", "plain", "two words", "it's", "'", "$HOME `id` $(id) \\ \" * ? ~", "line\nend", "é\xff",
};

/* The shell itself says what it reads. */
START_TEST(shells_read_one_word)
{
    FILE *out = open_text();
    char read[200] = "";
    FILE *shell;
    size_t n;

    fputs("printf %s%s. ", out);
    display_quoted(out, words[_i]);
    fputs(" ''", out);
    fclose(out);
    shell = popen(text, "r");
    ck_assert_ptr_nonnull(shell);
    n = fread(read, 1, sizeof(read) - 1, shell);
    ck_assert_int_eq(pclose(shell), 0);
    ck_assert_uint_eq(n, strlen(words[_i]) + 1);
    ck_assert_mem_eq(read, words[_i], n - 1);
    ck_assert_int_eq(read[n - 1], '.');
    free(text);
}
END_TEST

Suite *make_suite(void)
{
    Suite *suite = suite_create("display");
    TCase *tcase = tcase_create("display");

    tcase_add_test(tcase, text_cannot_play_tricks);
    tcase_add_loop_test(tcase, durations_are_short, 0, (int)ARRAY_SIZE(durations));
    tcase_add_test(tcase, columns_line_up);
    tcase_add_loop_test(tcase, bars_fit, 0, (int)ARRAY_SIZE(bars));
    tcase_add_loop_test(tcase, shells_read_one_word, 0, (int)ARRAY_SIZE(words));
    suite_add_tcase(suite, tcase);
    return suite;
}
