/* SPDX-License-Identifier: MIT */
/*
 * A folder of a test's own, for rooms that read files: a Check fixture makes it before each test
 * and takes it away afterwards. A test that fails leaves its folder behind, to be looked at.
 */
#ifndef SCRATCH_H
#define SCRATCH_H

#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char scratch[64];

static inline void scratch_setup(void)
{
    (void)snprintf(scratch, sizeof(scratch), "/tmp/latchkey-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(scratch));
    ck_assert_int_eq(chmod(scratch, 0755), 0);
    ck_assert_int_eq(unsetenv("CREDENTIALS_DIRECTORY"), 0);
    /* and nobody's own clouds.yaml */
    ck_assert_int_eq(setenv("HOME", scratch, 1), 0);
    ck_assert_int_eq(unsetenv("XDG_CONFIG_HOME"), 0);
    ck_assert_int_eq(unsetenv("OS_CLIENT_CONFIG_FILE"), 0);
    ck_assert_int_eq(unsetenv("OS_CLIENT_SECURE_FILE"), 0);
}

static inline int scratch_remove(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static inline void scratch_teardown(void)
{
    ck_assert_int_eq(nftw(scratch, scratch_remove, 16, FTW_DEPTH | FTW_PHYS), 0);
}

/* The path of that name in the folder; the caller frees it. */
static inline char *scratch_path(const char *name)
{
    char *path;

    ck_assert_int_ge(asprintf(&path, "%s/%s", scratch, name), 0);
    return path;
}

/* Writes a file there and gives its path, which the caller frees. No copy of the bytes stays in
 * this process. */
static inline char *scratch_write_bytes(const char *name, const void *bytes, size_t length,
                                        mode_t mode)
{
    char *path = scratch_path(name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, bytes, length), (ssize_t)length);
    ck_assert_int_eq(fchmod(fd, mode), 0);
    ck_assert_int_eq(close(fd), 0);
    return path;
}

static inline char *scratch_write(const char *name, const char *text, mode_t mode)
{
    return scratch_write_bytes(name, text, strlen(text), mode);
}

/* A folder in the folder; the caller frees the path. */
static inline char *scratch_mkdir(const char *name)
{
    char *path = scratch_path(name);

    ck_assert_int_eq(mkdir(path, 0755), 0);
    return path;
}

#endif
