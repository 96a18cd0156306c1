/* SPDX-License-Identifier: MIT */
/* The command line of latchkey, against a table of verbs like its own. */
#include "arguments.h"
#include "suite.h"

#include <errno.h>
#include <string.h>

#define MAX_WORDS 16

static const struct verb verbs[] = {
    {"status", "[--watch]", "", "w", 0, 0, NULL},
    {"token", "[--min-ttl SECONDS]", "", "m", 0, 0, NULL},
    {"request", "METHOD SERVICE PATH", "", "rIHdToi", 3, 3, NULL},
    {"run", "COMMAND", "", "r", 1, -1, NULL},
    {},
};

static struct arguments arguments;

static int read_words(const char *const words[MAX_WORDS])
{
    static char *argv[MAX_WORDS + 2];
    int argc = 0;

    argv[argc++] = (char *)(uintptr_t) "latchkey";
    for (size_t i = 0; i < MAX_WORDS && words[i]; i++)
        argv[argc++] = (char *)(uintptr_t)words[i];
    argv[argc] = NULL;
    arguments = (struct arguments){};
    return arguments_read(&arguments, verbs, argc, argv);
}

#define READ(...) read_words((const char *[MAX_WORDS]){__VA_ARGS__})

START_TEST(options_stand_anywhere)
{
    ck_assert_int_eq(READ("--socket", "/s", "status", "--cloud=c", "--json", "--watch"), 0);
    ck_assert_str_eq(arguments.verb->name, "status");
    ck_assert_str_eq(arguments.socket, "/s");
    ck_assert_str_eq(arguments.cloud, "c");
    ck_assert(arguments.json);
    ck_assert(arguments.watch);
    ck_assert_int_eq(READ("--watch", "status"), 0);
    ck_assert(arguments.watch);
    ck_assert_ptr_null(arguments.socket);
}
END_TEST

START_TEST(request_takes_everything)
{
    ck_assert_int_eq(READ("request", "PUT", "-H", "A: b", "x@y", "-dx=1", "-H", "C:", "/p", "-i",
                          "-o", "-", "--region"),
                     -EINVAL);
    arguments_done(&arguments);
    ck_assert_int_eq(READ("request", "PUT", "-HA: b", "x@y", "-dx=1", "-HC:", "/p", "-io", "f"), 0);
    ck_assert_int_eq(arguments.n_operands, 3);
    ck_assert_str_eq(arguments.operands[0], "PUT");
    ck_assert_str_eq(arguments.operands[1], "x@y");
    ck_assert_str_eq(arguments.operands[2], "/p");
    ck_assert_uint_eq(arguments.n_headers, 2);
    ck_assert_str_eq(arguments.headers[0], "A: b");
    ck_assert_str_eq(arguments.headers[1], "C:");
    ck_assert_str_eq(arguments.data, "x=1");
    ck_assert_ptr_null(arguments.upload);
    ck_assert_str_eq(arguments.output, "f");
    ck_assert(arguments.include_head);
    arguments_done(&arguments);
}
END_TEST

START_TEST(run_leaves_the_command_alone)
{
    ck_assert_int_eq(READ("run", "--region", "R", "ls", "--watch", "-x"), 0);
    ck_assert_str_eq(arguments.region, "R");
    ck_assert_int_eq(arguments.n_operands, 3);
    ck_assert_str_eq(arguments.operands[1], "--watch");
    ck_assert_int_eq(READ("run", "--", "--socket", "x"), 0);
    ck_assert_ptr_null(arguments.socket);
    ck_assert_str_eq(arguments.operands[0], "--socket");
}
END_TEST

START_TEST(help_and_version_come_first)
{
    ck_assert_int_eq(READ("--help"), 0);
    ck_assert(arguments.help);
    ck_assert_ptr_null(arguments.verb);
    ck_assert_int_eq(READ("request", "-h"), 0);
    ck_assert(arguments.help);
    ck_assert_str_eq(arguments.verb->name, "request");
    ck_assert_int_eq(READ("token", "--version", "too", "many"), 0);
    ck_assert(arguments.version);
}
END_TEST

START_TEST(seconds_are_numbers)
{
    static const char *const wrong[] = {"",   "x",  "1x",  "-1",
                                        "+1", " 1", "1.5", "99999999999999999"};

    ck_assert_int_eq(READ("token", "--min-ttl", "90", "--timeout", "5"), 0);
    ck_assert_uint_eq(arguments.min_ttl, 90);
    ck_assert_uint_eq(arguments.timeout, 5);
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        ck_assert_int_eq(READ("token", "--min-ttl", wrong[i]), -EINVAL);
        ck_assert_ptr_nonnull(strstr(arguments.wrong, "number of seconds"));
    }
    ck_assert_int_eq(READ("token", "--min-ttl", "0"), 0);
    ck_assert_int_eq(READ("token", "--timeout", "0"), -EINVAL);
}
END_TEST

static const struct {
    const char *words[MAX_WORDS];
    const char *wrong;
} misuses[] = {
    {{NULL}, "a verb is missing"},
    {{"--json"}, "a verb is missing"},
    {{"stat"}, "there is no verb 'stat'"},
    {{"status", "--nope"}, "unknown option '--nope'"},
    {{"status", "-x"}, "unknown option '-x'"},
    {{"status", "--json=yes"}, "unknown option '--json=yes'"},
    {{"token", "--min-ttl"}, "the option '--min-ttl' wants a value"},
    {{"status", "--region", "x"}, "'status' takes no option '--region'"},
    {{"--region", "x", "status"}, "'status' takes no option '--region'"},
    {{"status", "x"}, "'status' cannot make sense of 'x'"},
    {{"request", "GET", "x"}, "something is missing behind 'request': METHOD SERVICE PATH"},
    {{"request", "GET", "x", "y", "z"}, "'request' cannot make sense of 'z'"},
    {{"run", "--"}, "something is missing behind 'run': COMMAND"},
};

START_TEST(misuse_is_told)
{
    ck_assert_int_eq(read_words(misuses[_i].words), -EINVAL);
    ck_assert_str_eq(arguments.wrong, misuses[_i].wrong);
}
END_TEST

START_TEST(options_are_explained)
{
    _cleanup_(freep) char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    ck_assert_ptr_nonnull(out);
    arguments_explain(out, &verbs[2]);
    arguments_explain(out, NULL);
    fclose(out);
    ck_assert_ptr_nonnull(strstr(text, "  -o, --output FILE"));
    ck_assert_ptr_nonnull(strstr(text, "      --region NAME"));
    ck_assert_ptr_nonnull(strstr(text, "      --socket PATH"));
    ck_assert_ptr_null(strstr(text, "--watch"));
}
END_TEST

Suite *make_suite(void)
{
    Suite *suite = suite_create("arguments");
    TCase *tcase = tcase_create("arguments");

    tcase_add_test(tcase, options_stand_anywhere);
    tcase_add_test(tcase, request_takes_everything);
    tcase_add_test(tcase, run_leaves_the_command_alone);
    tcase_add_test(tcase, help_and_version_come_first);
    tcase_add_test(tcase, seconds_are_numbers);
    tcase_add_loop_test(tcase, misuse_is_told, 0, (int)ARRAY_SIZE(misuses));
    tcase_add_test(tcase, options_are_explained);
    suite_add_tcase(suite, tcase);
    return suite;
}
