/* SPDX-License-Identifier: MIT */
/*
 * What inifile_read() hands over, entry by entry, and what it refuses: each sentence is compared in
 * full, so that file, line and key are known to be right and no value is in it.
 */
#include "inifile.h"
#include "scratch.h"
#include "suite.h"

#include <errno.h>
#include <stdint.h>

/* What came, one entry a line: `[section] LINE` or `section.key=value LINE`, and a `;` where
 * something was cut off. */
struct record {
    char *text;
    size_t length;
    FILE *stream;
    unsigned stop_at; /* the line at which the callback gives up; 0: none */
};

static void record_open(struct record *r)
{
    *r = (struct record){0};
    r->stream = open_memstream(&r->text, &r->length);
    ck_assert_ptr_nonnull(r->stream);
}

static void record_done(struct record *r)
{
    fclose(r->stream);
    free(r->text);
}

static int record_entry(const struct inifile_entry *entry, void *userdata, char **ret_error)
{
    struct record *r = userdata;

    if (entry->line == r->stop_at)
        return textfile_refuse(entry->path, entry->line, entry->key, ret_error, "no more of it");
    if (entry->more)
        return inifile_refuse_more(entry, ret_error);
    if (entry->key)
        fprintf(r->stream, "%s.%s=%s %u%s\n", entry->section, entry->key, entry->value, entry->line,
                entry->cut ? ";" : "");
    else
        fprintf(r->stream, "[%s] %u\n", entry->section, entry->line);
    return 0;
}

static const struct {
    const char *text;
    const char *entries;
} good[] = {
    {"", ""},
    {"\n\n# nothing\n  ; at all\n", ""},
    {"[a]\nk = v\n", "[a] 1\na.k=v 2\n"},
    {"[a]\nk = v", "[a] 1\na.k=v 2\n"},
    {"[a]\nk=v\nl:w\nm : x = y\n", "[a] 1\na.k=v 2\na.l=w 3\na.m=x = y 4\n"},
    {"[a]\r\nk = v\r\n\r\n[b]\r\n", "[a] 1\na.k=v 2\n[b] 4\n"},
    {"\xef\xbb\xbf[a]\nk = v\n", "[a] 1\na.k=v 2\n"},
    {"\xef\xbb\xbf# c\n[a]\n", "[a] 2\n"},
    {"\xef\xbb\xbf", ""},
    {"[empty]\n[also empty]\n\n[c]\n", "[empty] 1\n[also empty] 2\n[c] 4\n"},
    {"[a]\nUser_Name = Joe\n", "[a] 1\na.user_name=Joe 2\n"},
    {"[a]\nk = 100%s %(other)s %%\n", "[a] 1\na.k=100%s %(other)s %% 2\n"},
    {"[a]\nk = a;b#c\nl = #d\n", "[a] 1\na.k=a;b#c 2\na.l=#d 3\n"},
    {"[a]\nk = v ; why\nl = w\t;why\n", "[a] 1\na.k=v 2;\na.l=w 3;\n"},
    {"[a] # why\n[b]; why\n[c]\t;why\n", "[a] 1\n[b] 2\n[c] 3\n"},
    {"[a]\nk =\nl = \t \nm = ; nothing\n", "[a] 1\na.k= 2\na.l= 3\na.m= 4;\n"},
    {"[a]\n  k = v\n", "[a] 1\na.k=v 2\n"},
    {"  [a]\nk = v\n", "[a] 1\na.k=v 2\n"},
    {"[a]\nk = v\n\n   # a comment may be indented\n\t; in both ways\n[b]\n  l = w\n",
     "[a] 1\na.k=v 2\n[b] 6\nb.l=w 7\n"},
    {"[a]\nk = \"v\"\n", "[a] 1\na.k=\"v\" 2\n"},
    {"[a]\nk = gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x97\x9d\n",
     "[a] 1\na.k=gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x97\x9d 2\n"},
    {"# caf\xe9, in Latin-1\n[a]\n", "[a] 2\n"},
    {"[a]\nk = x\n[a]\nk = y\n", "[a] 1\na.k=x 2\n[a] 3\na.k=y 4\n"},
};

START_TEST(test_entries)
{
    char *path = scratch_write("a.ini", good[_i].text, 0640);
    struct record record;
    struct stat st = {0};
    char *error = NULL;

    record_open(&record);
    ck_assert_int_eq(inifile_read(path, record_entry, &record, &st, &error), 0);
    ck_assert_ptr_null(error);
    fflush(record.stream);
    ck_assert_str_eq(record.text, good[_i].entries);
    ck_assert_uint_eq(st.st_mode & 07777, 0640);
    record_done(&record);
    free(path);
}
END_TEST

#define SYNTAX "neither `[section]` nor `key = value`; mend it or put a `#` before it"
#define CONTROL "a control character stands in this line; take it out"
#define BRACKET "the section's name does not end; write `[name]`"
#define NOT_UTF8 "the value is not UTF-8; save the file as UTF-8"
#define INDENTED                                                                       \
    "this indented line would continue its value, which is one line; take the blanks " \
    "before it out"
#define TEXT(s) s, sizeof(s) - 1

static const struct {
    const char *text;
    size_t length;
    const char *error; /* without `FILE:` */
} bad[] = {
    {TEXT("k = v\n"), "1: k: stands before the first section; write `[name]` above it"},
    {TEXT("[a]\nk = v\nwords\n"), "3: " SYNTAX},
    {TEXT("[a]\nwords"), "2: " SYNTAX},
    {TEXT("[a]\nwords ; k = v\nk = v\n"), "2: " SYNTAX},
    {TEXT("[a]\n= v\n"), "2: the key has 0 characters; give it 1 to 49"},
    {TEXT("[a\nk = v\n"), "1: " BRACKET},
    {TEXT("[a ; b]\n"), "1: " BRACKET},
    {TEXT("["), "1: " BRACKET},
    {TEXT("[]\nk = v\n"), "1: the section's name has 0 characters; give it 1 to 49"},
    {TEXT("[a] k = v\n"), "1: something follows the section's `]`; write it on a line of its own"},
    {TEXT("[a]]\n"), "1: something follows the section's `]`; write it on a line of its own"},
    {TEXT("[a]\nk = v\n  w\n"), "3: k: " INDENTED},
    {TEXT("[a]\nk = v\n\n# c\n\tl = w\n"), "5: k: " INDENTED},
    {TEXT("[a]\nk = v\n  [b]\n"), "3: k: " INDENTED},
    {TEXT("[a]\nk = v\0w\n"), "2: " CONTROL},
    {TEXT("[a]\n# v\0w\n"), "2: " CONTROL},
    {TEXT("[a]\nk = v\rl = w\n"), "2: " CONTROL},
    {TEXT("[a]\nk = \033[31mv\n"), "2: " CONTROL},
    {TEXT("[a]\nk = v\x7f\n"), "2: " CONTROL},
    {TEXT("[a]\nk = caf\xe9\n"), "2: k: " NOT_UTF8},
    {TEXT("[a]\nk = \xc0\xaf\n"), "2: k: " NOT_UTF8},
    {TEXT("[a]\nk = \xe0\x80\xaf\n"), "2: k: " NOT_UTF8},
    {TEXT("[a]\nk = \xed\xa0\x80\n"), "2: k: " NOT_UTF8},
    {TEXT("[a]\nk = \xf4\x90\x80\x80\n"), "2: k: " NOT_UTF8},
    {TEXT("[a]\nk = \xe2\x82\n"), "2: k: " NOT_UTF8},
    {TEXT("[a]\nk = \xf5\x80\x80\x80\n"), "2: k: " NOT_UTF8},
    {TEXT("[a]\nk = \xf8\x90\x80\x80\n"), "2: k: " NOT_UTF8},
    {TEXT("[a]\nk = \x80\n"), "2: k: " NOT_UTF8},
    {TEXT("[a]\nk\xff = v\n"), "2: the key is not UTF-8; save the file as UTF-8"},
    {TEXT("[\xff]\n"), "1: the section's name is not UTF-8; save the file as UTF-8"},
};

static void assert_refused(const char *path, int expected, const char *sentence)
{
    struct record record;
    struct stat st = {.st_mode = 1};
    char *error = NULL, *wanted;

    ck_assert_int_ge(asprintf(&wanted, "%s:%s", path, sentence), 0);
    record_open(&record);
    ck_assert_int_eq(inifile_read(path, record_entry, &record, &st, &error), expected);
    ck_assert_str_eq(error, wanted);
    ck_assert_uint_eq(st.st_mode, 1);
    record_done(&record);
    free(wanted);
    free(error);
}

START_TEST(test_refusals)
{
    char *path = scratch_write_bytes("a.ini", bad[_i].text, bad[_i].length, 0600);

    assert_refused(path, -EBADMSG, bad[_i].error);
    free(path);
}
END_TEST

/* The callback's own refusal ends the reading where it was spoken. */
START_TEST(test_callback_stops)
{
    char *path = scratch_write("a.ini", "[a]\nk = v\nl = w\nm = x\n", 0600);
    struct record record;
    struct stat st;
    char *error = NULL, *wanted;

    ck_assert_int_ge(
        asprintf(&wanted, "%s:%s", path, _i == 1 ? "1: no more of it" : "3: l: no more of it"), 0);
    record_open(&record);
    record.stop_at = _i == 1 ? 1 : 3;
    ck_assert_int_eq(inifile_read(path, record_entry, &record, &st, &error), -EBADMSG);
    ck_assert_str_eq(error, wanted);
    fflush(record.stream);
    ck_assert_str_eq(record.text, _i == 1 ? "" : "[a] 1\na.k=v 2\n");
    record_done(&record);
    free(wanted);
    free(error);
    free(path);
}
END_TEST

/* Everything that inih would cut is either whole or refused: lines around its 200 bytes, and names
 * around its 50. */
START_TEST(test_long_lines)
{
    for (int length = 150; length <= 450; length++) {
        char text[512], wanted[512], sentence[128], *path, *error = NULL;
        struct record record;
        struct stat st;
        int r;

        (void)snprintf(text, sizeof(text), "[a]\nk = %0*d%s", length - 4, 7, _i ? "\n" : "");
        (void)snprintf(wanted, sizeof(wanted), "[a] 1\na.k=%0*d 2\n", length - 4, 7);
        path = scratch_write("a.ini", text, 0600);
        record_open(&record);
        r = inifile_read(path, record_entry, &record, &st, &error);
        fflush(record.stream);
        if (length <= 198) {
            ck_assert_int_eq(r, 0);
            ck_assert_str_eq(record.text, wanted);
        } else {
            ck_assert_int_eq(r, -EBADMSG);
            (void)snprintf(sentence, sizeof(sentence),
                           "%s:2: the line has %d characters; shorten it to 198", path, length);
            ck_assert_str_eq(error, sentence);
        }
        record_done(&record);
        free(error);
        free(path);
    }
}
END_TEST

START_TEST(test_long_comments)
{
    char text[4096], *path, *error = NULL;
    struct record record;
    struct stat st;

    (void)snprintf(text, sizeof(text), "[a]\n#%01500d\nk = v%600s\n ;%0900d", 1, "", 2);
    path = scratch_write("a.ini", text, 0600);
    record_open(&record);
    ck_assert_int_eq(inifile_read(path, record_entry, &record, &st, &error), 0);
    fflush(record.stream);
    ck_assert_str_eq(record.text, "[a] 1\na.k=v 3\n");
    record_done(&record);
    free(path);
}
END_TEST

START_TEST(test_long_names)
{
    for (int length = 45; length <= 55; length++) {
        char text[256], wanted[256], sentence[192], *path, *error = NULL;
        struct record record;
        struct stat st;
        int r;

        (void)snprintf(text, sizeof(text), _i ? "[%0*d]\n" : "[a]\n%0*d = v\n", length, 7);
        (void)snprintf(wanted, sizeof(wanted), _i ? "[%0*d] 1\n" : "[a] 1\na.%0*d=v 2\n", length,
                       7);
        path = scratch_write("a.ini", text, 0600);
        record_open(&record);
        r = inifile_read(path, record_entry, &record, &st, &error);
        fflush(record.stream);
        if (length <= 49) {
            ck_assert_int_eq(r, 0);
            ck_assert_str_eq(record.text, wanted);
        } else {
            ck_assert_int_eq(r, -EBADMSG);
            (void)snprintf(sentence, sizeof(sentence),
                           "%s:%d: the %s has %d characters; give it 1 to 49", path, _i ? 1 : 2,
                           _i ? "section's name" : "key", length);
            ck_assert_str_eq(error, sentence);
        }
        record_done(&record);
        free(error);
        free(path);
    }
}
END_TEST

/* Larger than a read, smaller than the limit, and just beyond it. */
static const size_t sizes[] = {16384, 16385, 1048575, 1048576, 1048577, 3000000};

START_TEST(test_sizes)
{
    size_t size = sizes[_i];
    char *text = malloc(size), *path, *error = NULL;
    struct record record;
    struct stat st;
    int r;

    ck_assert_ptr_nonnull(text);
    memset(text, '\n', size);
    memcpy(text + size - 8, "[a]\nk=v\n", 8);
    path = scratch_write_bytes("a.ini", text, size, 0600);
    record_open(&record);
    r = inifile_read(path, record_entry, &record, &st, &error);
    fflush(record.stream);
    if (size <= 1048576) {
        char wanted[64];

        ck_assert_int_eq(r, 0);
        (void)snprintf(wanted, sizeof(wanted), "[a] %zu\na.k=v %zu\n", size - 7, size - 6);
        ck_assert_str_eq(record.text, wanted);
    } else {
        ck_assert_int_eq(r, -EBADMSG);
        ck_assert_ptr_nonnull(strstr(error, ": larger than 1048576 bytes; shorten it"));
        ck_assert_str_eq(record.text, "");
    }
    record_done(&record);
    free(error);
    free(text);
    free(path);
}
END_TEST

START_TEST(test_unreadable)
{
    char *missing = scratch_path("missing");
    char *folder = scratch_mkdir("folder");
    char *file = scratch_write("file", "", 0600);
    char *below = scratch_path("file/below");
    char *fifo = scratch_path("fifo");

    assert_refused(missing, -ENOENT,
                   " cannot be read: No such file or directory; create it or correct its path");
    assert_refused(folder, -EISDIR, " cannot be read: Is a directory; name a file in it");
    assert_refused(below, -ENOTDIR, " cannot be read: Not a directory; correct its path");

    /* Nobody writes into it: to wait would be for ever. */
    ck_assert_int_eq(mkfifo(fifo, 0600), 0);
    assert_refused(fifo, -EBADMSG, " not a regular file; name one");
    assert_refused("/dev/zero", -EBADMSG, " not a regular file; name one");
    free(missing);
    free(folder);
    free(file);
    free(below);
    free(fifo);
}
END_TEST

START_TEST(test_forbidden)
{
    char *path = scratch_write("a.ini", "[a]\n", 0000);

    if (geteuid() == 0)
        ck_assert_int_eq(seteuid(65534), 0);
    assert_refused(path, -EACCES,
                   " cannot be read: Permission denied; let the daemon's user read it");
    if (getuid() == 0)
        ck_assert_int_eq(seteuid(0), 0);
    free(path);
}
END_TEST

START_TEST(test_dev_null)
{
    struct record record;
    struct stat st;
    char *error = NULL;

    record_open(&record);
    ck_assert_int_eq(inifile_read("/dev/null", record_entry, &record, &st, &error), 0);
    fflush(record.stream);
    ck_assert_str_eq(record.text, "");
    record_done(&record);
}
END_TEST

Suite *make_suite(void)
{
    Suite *suite = suite_create("ini");
    TCase *tc = tcase_create("inifile");

    tcase_add_checked_fixture(tc, scratch_setup, scratch_teardown);
    tcase_add_loop_test(tc, test_entries, 0, ARRAY_SIZE(good));
    tcase_add_loop_test(tc, test_refusals, 0, ARRAY_SIZE(bad));
    tcase_add_loop_test(tc, test_callback_stops, 0, 2);
    tcase_add_loop_test(tc, test_long_lines, 0, 2);
    tcase_add_test(tc, test_long_comments);
    tcase_add_loop_test(tc, test_long_names, 0, 2);
    tcase_add_loop_test(tc, test_sizes, 0, ARRAY_SIZE(sizes));
    tcase_add_test(tc, test_unreadable);
    tcase_add_test(tc, test_forbidden);
    tcase_add_test(tc, test_dev_null);
    suite_add_tcase(suite, tc);
    return suite;
}
