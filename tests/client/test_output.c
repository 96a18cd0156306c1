/* SPDX-License-Identifier: MIT */
/* Files that appear whole or not at all. */
#include "output.h"
#include "suite.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

static char directory[] = "/tmp/latchkey-output-XXXXXX";

static void enter(void)
{
    ck_assert_ptr_nonnull(mkdtemp(directory));
    ck_assert_int_eq(chdir(directory), 0);
    umask(022);
}

static void leave(void)
{
    static const char *const names[] = {"file", "link",     "link2", "link3",
                                        "pipe", "sub/file", "sub"};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        remove(names[i]);
    ck_assert_int_eq(rmdir(directory), 0);
}

static size_t count_files(void)
{
    DIR *dir = opendir(".");
    size_t n = 0;

    ck_assert_ptr_nonnull(dir);
    while (readdir(dir))
        n++;
    closedir(dir);
    return n - 2;
}

static void put(const char *path, const char *content)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(output_write(fd, content, strlen(content)), 0);
    close(fd);
}

static void expect_content(const char *path, const char *expected)
{
    char content[64] = "";
    int fd = open(path, O_RDONLY);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_ge(read(fd, content, sizeof(content) - 1), 0);
    close(fd);
    ck_assert_str_eq(content, expected);
}

static mode_t mode_of(const char *path)
{
    struct stat st;

    ck_assert_int_eq(stat(path, &st), 0);
    return st.st_mode & 07777;
}

START_TEST(a_new_file_appears_at_the_end)
{
    _cleanup_(output_done) struct output output = OUTPUT_INIT;

    ck_assert_int_eq(output_open(&output, "file"), 0);
    ck_assert_int_eq(output_write(output.fd, "whole", 5), 0);
    ck_assert_int_ne(access("file", F_OK), 0);
    ck_assert_int_eq(output_commit(&output), 0);
    expect_content("file", "whole");
    ck_assert_uint_eq(mode_of("file"), 0644);
    ck_assert_uint_eq(count_files(), 1);
}
END_TEST

START_TEST(what_was_not_committed_is_gone)
{
    _cleanup_(output_done) struct output output = OUTPUT_INIT;

    put("file", "old");
    ck_assert_int_eq(output_open(&output, "file"), 0);
    ck_assert_int_eq(output_write(output.fd, "half", 4), 0);
    output_done(&output);
    expect_content("file", "old");
    ck_assert_uint_eq(count_files(), 1);
}
END_TEST

START_TEST(a_file_that_is_replaced_keeps_its_mode)
{
    _cleanup_(output_done) struct output output = OUTPUT_INIT;

    put("file", "old");
    ck_assert_int_eq(chmod("file", 06640), 0);
    ck_assert_int_eq(output_open(&output, "./file"), 0);
    ck_assert_int_eq(output_write(output.fd, "new", 3), 0);
    ck_assert_int_eq(output_commit(&output), 0);
    expect_content("file", "new");
    ck_assert_uint_eq(mode_of("file"), 0640);
    ck_assert_uint_eq(count_files(), 1);
}
END_TEST

START_TEST(a_link_stays)
{
    _cleanup_(output_done) struct output output = OUTPUT_INIT;
    struct stat st;

    ck_assert_int_eq(mkdir("sub", 0755), 0);
    put("sub/file", "old");
    ck_assert_int_eq(symlink("sub/file", "link"), 0);
    ck_assert_int_eq(output_open(&output, "link"), 0);
    ck_assert_int_eq(output_write(output.fd, "new", 3), 0);
    ck_assert_int_eq(output_commit(&output), 0);
    expect_content("sub/file", "new");
    ck_assert_int_eq(lstat("link", &st), 0);
    ck_assert(S_ISLNK(st.st_mode));
}
END_TEST

/* A chain of them, of both kinds, that ends at a file to be. */
START_TEST(a_link_to_nothing_stays)
{
    _cleanup_(output_done) struct output output = OUTPUT_INIT;
    _cleanup_(freep) char *absolute = NULL;
    struct stat st;

    ck_assert_int_eq(mkdir("sub", 0755), 0);
    ck_assert_int_ge(asprintf(&absolute, "%s/link", directory), 0);
    ck_assert_int_eq(symlink("sub/file", "link"), 0);
    ck_assert_int_eq(symlink(absolute, "link2"), 0);
    ck_assert_int_eq(output_open(&output, "./link2"), 0);
    ck_assert_int_eq(output_write(output.fd, "new", 3), 0);
    ck_assert_int_ne(access("sub/file", F_OK), 0);
    ck_assert_int_eq(output_commit(&output), 0);
    expect_content("sub/file", "new");
    ck_assert_int_eq(lstat("link", &st), 0);
    ck_assert(S_ISLNK(st.st_mode));
    ck_assert_int_eq(lstat("link2", &st), 0);
    ck_assert(S_ISLNK(st.st_mode));
    output_done(&output);

    ck_assert_int_eq(symlink("link3", "link3"), 0);
    ck_assert_int_eq(output_open(&output, "link3"), -ELOOP);
    output_done(&output);
    unlink("link3");
    ck_assert_int_eq(symlink("nowhere/file", "link3"), 0);
    ck_assert_int_eq(output_open(&output, "link3"), -ENOENT);
}
END_TEST

/* Whoever appends to a log has the answer there too, and not a new file in its place. */
START_TEST(a_standard_stream_is_written_to)
{
    static const char *const names[] = {"-", "/dev/stdout", "file", "/dev/fd/1"};
    int saved = dup(STDOUT_FILENO), fd;

    put("file", "old");
    fd = open("file", O_WRONLY | O_APPEND);
    ck_assert_int_eq(dup2(fd, STDOUT_FILENO), STDOUT_FILENO);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        _cleanup_(output_done) struct output output = OUTPUT_INIT;

        ck_assert_int_eq(output_open(&output, names[i]), 0);
        ck_assert_int_eq(output_write(output.fd, ", new", 5), 0);
        ck_assert_int_eq(output_commit(&output), 0);
        ck_assert_int_ge(fcntl(STDOUT_FILENO, F_GETFD), 0);
    }
    dup2(saved, STDOUT_FILENO);
    expect_content("file", "old, new, new, new, new");
    ck_assert_uint_eq(count_files(), 1);
    close(saved);
    close(fd);
}
END_TEST

START_TEST(a_full_pipe_is_waited_for)
{
    static char text[300000], got[sizeof(text)];
    int ends[2];
    size_t size = 0;
    ssize_t n;
    pid_t child;

    memset(text, 'x', sizeof(text));
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    ck_assert_int_eq(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
    child = fork();
    if (child == 0)
        _exit(output_write(ends[1], text, sizeof(text)) == 0 ? 0 : 1);
    close(ends[1]);
    while (size < sizeof(got) && (n = read(ends[0], got + size, sizeof(got) - size)) > 0)
        size += (size_t)n;
    ck_assert_uint_eq(size, sizeof(text));
    ck_assert_int_eq(memcmp(got, text, sizeof(text)), 0);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    close(ends[0]);
}
END_TEST

START_TEST(a_pipe_is_written_to)
{
    _cleanup_(output_done) struct output output = OUTPUT_INIT;
    int reader;

    ck_assert_int_eq(mkfifo("pipe", 0600), 0);
    reader = open("pipe", O_RDONLY | O_NONBLOCK);
    ck_assert_int_eq(output_open(&output, "pipe"), 0);
    ck_assert_int_eq(output_write(output.fd, "text", 4), 0);
    ck_assert_int_eq(output_commit(&output), 0);
    close(reader);
    ck_assert_uint_eq(count_files(), 1);
}
END_TEST

START_TEST(failures_are_told)
{
    struct output output = OUTPUT_INIT;

    ck_assert_int_eq(output_open(&output, "nowhere/file"), -ENOENT);
    output_done(&output);
    ck_assert_int_eq(output_open(&output, "."), -EISDIR);
    output_done(&output);
    ck_assert_int_eq(output_open(&output, ""), -ENOENT);
    output_done(&output);
    ck_assert_int_eq(output_open(&output, "new/"), -EISDIR);
    output_done(&output);
    ck_assert_int_eq(output_open(&output, "/dev/full"), 0);
    ck_assert_int_eq(output_write(output.fd, "x", 1), -ENOSPC);
    output_done(&output);
    ck_assert_int_eq(output_write(-1, "x", 1), -EBADF);
    ck_assert_uint_eq(count_files(), 0);
}
END_TEST

Suite *make_suite(void)
{
    Suite *suite = suite_create("output");
    TCase *tcase = tcase_create("output");

    tcase_add_checked_fixture(tcase, enter, leave);
    tcase_add_test(tcase, a_new_file_appears_at_the_end);
    tcase_add_test(tcase, what_was_not_committed_is_gone);
    tcase_add_test(tcase, a_file_that_is_replaced_keeps_its_mode);
    tcase_add_test(tcase, a_link_stays);
    tcase_add_test(tcase, a_link_to_nothing_stays);
    tcase_add_test(tcase, a_standard_stream_is_written_to);
    tcase_add_test(tcase, a_full_pipe_is_waited_for);
    tcase_add_test(tcase, a_pipe_is_written_to);
    tcase_add_test(tcase, failures_are_told);
    suite_add_tcase(suite, tcase);
    return suite;
}
