/* SPDX-License-Identifier: MIT */
/* The suite of the log: whatever a name is made of, it is one value of one line, and one field of one
 * entry. The journal and the time are this suite's own (-Wl,--wrap), standard error is a file. */
#include "clock.h"
#include "log.h"
#include "suite.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>

static char path[32];
static int usual;
static char entry[16384]; /* the last one: its fields, a line each */
static unsigned entries;
static usec_t now = 1000 * USEC_PER_SEC;

int __wrap_sd_journal_sendv(const struct iovec *iov, int n);
usec_t __wrap_clock_monotonic(void);

int __wrap_sd_journal_sendv(const struct iovec *iov, int n)
{
    *entry = '\0';
    entries++;
    for (int i = 0; i < n; i++) {
        ck_assert_ptr_null(memchr(iov[i].iov_base, '\n', iov[i].iov_len));
        strncat(entry, iov[i].iov_base, iov[i].iov_len);
        strcat(entry, "\n");
    }
    return 0;
}

usec_t __wrap_clock_monotonic(void)
{
    return now;
}

/* A file of its own as standard error, which is the journal's socket or is not. */
static void open_log(bool journal)
{
    char stream[64];
    struct stat st;
    int fd;

    strcpy(path, "/tmp/latchkey-log-XXXXXX");
    fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    usual = dup(STDERR_FILENO);
    ck_assert_int_ge(dup2(fd, STDERR_FILENO), 0);
    close(fd);
    ck_assert_int_eq(fstat(STDERR_FILENO, &st), 0);
    snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
    ck_assert_int_eq(journal ? setenv("JOURNAL_STREAM", stream, 1) : unsetenv("JOURNAL_STREAM"), 0);
    log_open(LOG_INFO);
    entries = 0;
}

static void open_file(void)
{
    open_log(false);
}

static void open_journal(void)
{
    open_log(true);
}

static void teardown(void)
{
    (void)dup2(usual, STDERR_FILENO);
    close(usual);
    (void)unlink(path);
}

static const char *written(void)
{
    static char text[16384];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = read(fd, text, sizeof(text) - 1);

    ck_assert_int_ge(length, 0);
    text[length] = '\0';
    close(fd);
    return text;
}

static char unit[] = "a.service", user_unit[] = "b.service";
static const struct peer peer = {
    .uid = 1, .gid = 2, .pid = 3, .unit = unit, .user_unit = user_unit};
static const struct log_fields all = {
    .message_id = "00000000000000000000000000000001",
    .operation = "token",
    .verdict = "allowed",
    .rule = "nightly",
    .cloud = "blue",
    .state = "ready",
    .code = "denied",
    .peer = &peer,
    .count = 12,
};

START_TEST(writes_every_field_behind_the_line)
{
    log_with(LOG_NOTICE, &all, "a %s", "message");
    ck_assert_str_eq(written(), "latchkeyd: notice: a message operation=token verdict=allowed "
                                "rule=nightly cloud=blue state=ready code=denied uid=1 gid=2 pid=3 "
                                "unit=a.service user_unit=b.service count=12\n");
}
END_TEST

START_TEST(sends_every_field_to_the_journal)
{
    log_with(LOG_NOTICE, &all, "a %s", "message");
    ck_assert_str_eq(written(), "");
    ck_assert_str_eq(entry, "MESSAGE=a message\nPRIORITY=5\n"
                            "MESSAGE_ID=00000000000000000000000000000001\n"
                            "LATCHKEY_OPERATION=token\nLATCHKEY_VERDICT=allowed\n"
                            "LATCHKEY_RULE=nightly\nLATCHKEY_CLOUD=blue\nLATCHKEY_STATE=ready\n"
                            "LATCHKEY_CODE=denied\nLATCHKEY_PEER_UID=1\nLATCHKEY_PEER_GID=2\n"
                            "LATCHKEY_PEER_PID=3\nLATCHKEY_PEER_UNIT=a.service\n"
                            "LATCHKEY_PEER_USER_UNIT=b.service\nLATCHKEY_COUNT=12\n");
}
END_TEST

START_TEST(leaves_out_what_is_not_known)
{
    const struct peer little = {.uid = 0, .gid = LOG_NO_GID, .pid = LOG_NO_PID};

    log_info("1");
    log_with(LOG_INFO, &(struct log_fields){.peer = &little}, "2");
    log_debug("3");
    ck_assert_str_eq(written(), "latchkeyd: info: 1\nlatchkeyd: info: 2 uid=0\n");
}
END_TEST

static const struct {
    const char *value;
    const char *line; /* what is behind `cloud=` */
    const char *field;
} values[] = {
    {"plain", "plain", "plain"},
    {"two words", "\"two words\"", "two words"},
    {"a uid=0", "\"a uid=0\"", "a uid=0"},
    {"a\" uid=\"0", "\"a\\\" uid=\\\"0\"", "a\" uid=\"0"},
    {"back\\slash", "\"back\\\\slash\"", "back\\slash"},
    {"a\nlatchkeyd: notice: b", "\"a?latchkeyd: notice: b\"", "a?latchkeyd: notice: b"},
    {"a\nLATCHKEY_PEER_UID=0", "\"a?LATCHKEY_PEER_UID=0\"", "a?LATCHKEY_PEER_UID=0"},
    {"\r\t\x1b[2J\x7f", "???[2J?", "???[2J?"},
    {"\xc2\x9b"
     "31m",
     "??31m", "??31m"},
    {"Zürich", "Zürich", "Zürich"},
};

START_TEST(keeps_a_value_in_its_place_in_a_line)
{
    char expected[256];

    log_with(LOG_INFO, &(struct log_fields){.cloud = values[_i].value}, "%s", values[_i].value);
    snprintf(expected, sizeof(expected), "latchkeyd: info: %s cloud=%s\n", values[_i].field,
             values[_i].line);
    ck_assert_str_eq(written(), expected);
}
END_TEST

START_TEST(keeps_a_value_in_its_field)
{
    char expected[256];

    log_with(LOG_INFO, &(struct log_fields){.cloud = values[_i].value}, "%s", values[_i].value);
    snprintf(expected, sizeof(expected), "MESSAGE=%s\nPRIORITY=6\nLATCHKEY_CLOUD=%s\n",
             values[_i].field, values[_i].field);
    ck_assert_str_eq(entry, expected);
}
END_TEST

/* Not in the middle of a character. */
START_TEST(cuts_off_what_is_too_long)
{
    char value[10001], expected[8192];

    for (size_t i = 0; i < 5000; i++)
        memcpy(value + 1 + 2 * i, "ü", 2);
    value[0] = 'x';
    value[10000] = '\0';
    log_with(LOG_INFO, &(struct log_fields){.cloud = value}, "%s", value);
    snprintf(expected, sizeof(expected), "MESSAGE=%.4095s\nPRIORITY=6\nLATCHKEY_CLOUD=%.255s\n",
             value, value);
    ck_assert_str_eq(entry, expected);
}
END_TEST

/* It drops what is beyond a number itself, and the records with it. */
START_TEST(stays_below_the_journals_limit)
{
    for (unsigned i = 0; i < 20000; i++)
        log_info("chatter");
    ck_assert_uint_le(entries, 3000);
    ck_assert_uint_ge(entries, 1000);

    entries = 0;
    log_with(LOG_INFO, &all, "a record");
    ck_assert_uint_eq(entries, 1);
    ck_assert_ptr_nonnull(strstr(entry, "MESSAGE=a record\n"));

    now += 30 * USEC_PER_SEC;
    log_info("more");
    ck_assert_uint_eq(entries, 3);
    ck_assert_ptr_nonnull(strstr(entry, "MESSAGE=more\n"));
}
END_TEST

/* Whoever has requests fail does not hide what is wrong with a cloud; warnings have an end, too. */
START_TEST(keeps_warnings_beside_chatter)
{
    for (unsigned i = 0; i < 20000; i++)
        log_info("chatter");
    entries = 0;
    log_error("cloud is rejected");
    ck_assert_uint_eq(entries, 1);
    for (unsigned i = 0; i < 20000; i++)
        log_warning("a warning");
    ck_assert_uint_le(entries, 1000);

    now += 30 * USEC_PER_SEC;
    entries = 0;
    log_warning("another window");
    ck_assert_uint_eq(entries, 2);
}
END_TEST

Suite *make_suite(void)
{
    Suite *s = suite_create("log");
    TCase *c = tcase_create("standard error");

    tcase_add_checked_fixture(c, open_file, teardown);
    tcase_add_test(c, writes_every_field_behind_the_line);
    tcase_add_test(c, leaves_out_what_is_not_known);
    tcase_add_loop_test(c, keeps_a_value_in_its_place_in_a_line, 0, (int)ARRAY_SIZE(values));
    suite_add_tcase(s, c);
    c = tcase_create("journal");
    tcase_add_checked_fixture(c, open_journal, teardown);
    tcase_add_test(c, sends_every_field_to_the_journal);
    tcase_add_loop_test(c, keeps_a_value_in_its_field, 0, (int)ARRAY_SIZE(values));
    tcase_add_test(c, cuts_off_what_is_too_long);
    tcase_add_test(c, stays_below_the_journals_limit);
    tcase_add_test(c, keeps_warnings_beside_chatter);
    suite_add_tcase(s, c);
    return s;
}
