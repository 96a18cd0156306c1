/* SPDX-License-Identifier: MIT */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#define ATTEMPTS 16
#define MOST_LINKS 40

/* The directory of a path; the caller frees it. */
static char *directory_of(const char *path)
{
    _cleanup_(freep) char *copy = strdup(path);

    return copy ? strdup(dirname(copy)) : NULL;
}

static int make_temporary_name(const struct output *output, char **ret_name)
{
    uint32_t number;
    char *name;

    if (getrandom(&number, sizeof(number), 0) != sizeof(number))
        return -EIO;
    if (asprintf(&name, "%s/.latchkey-%08x", output->directory, number) < 0)
        return -ENOMEM;
    free(*ret_name);
    *ret_name = name;
    return 0;
}

/* For file systems without nameless files. */
static int open_temporary(struct output *output)
{
    int r = -EEXIST;

    for (int i = 0; i < ATTEMPTS && r == -EEXIST; i++) {
        r = make_temporary_name(output, &output->temporary);
        if (r < 0)
            return r;
        output->fd = open(output->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        r = output->fd < 0 ? -errno : 0;
    }
    if (r < 0) {
        free(output->temporary);
        output->temporary = NULL;
    }
    return r;
}

/* Owner, as far as we may give files away, and permissions; not what makes a program run as its
 * owner. */
static int resemble(int fd, const struct stat *replaced)
{
    if (fchown(fd, replaced->st_uid, replaced->st_gid) < 0 && errno != EPERM && errno != EINVAL)
        return -errno;
    return fchmod(fd, replaced->st_mode & 0777) < 0 ? -errno : 0;
}

static int open_new(struct output *output, const struct stat *replaced)
{
    int r = 0;

    output->directory = directory_of(output->path);
    if (!output->directory)
        return -ENOMEM;
    output->fd = open(output->directory, O_WRONLY | O_TMPFILE | O_CLOEXEC, 0666);
    if (output->fd < 0)
        r = errno == EOPNOTSUPP || errno == EISDIR ? open_temporary(output) : -errno;
    return r == 0 && replaced ? resemble(output->fd, replaced) : r;
}

/* What a symbolic link points at, which need not be there; the path itself if it is none. The caller
 * frees it. NULL: see errno. */
static char *end_of_links(const char *path)
{
    char *end = strdup(path);

    if (!end)
        return NULL;
    for (int i = 0; i < MOST_LINKS; i++) {
        _cleanup_(freep) char *link = end;
        _cleanup_(freep) char *directory = directory_of(link);
        char target[PATH_MAX];
        ssize_t n = readlink(link, target, sizeof(target) - 1);

        if (n < 0)
            return TAKE_PTR(link);
        target[n] = '\0';
        if (!directory || asprintf(&end, "%s%s%s", *target == '/' ? "" : directory,
                                   *target == '/' ? "" : "/", target) < 0)
            return NULL;
    }
    free(end);
    errno = ELOOP;
    return NULL;
}

/* The standard stream that is meant, by its name or by that of the same file; -1: none. */
static int standard_stream(const char *path, const struct stat *st)
{
    if (strcmp(path, "-") == 0)
        return STDOUT_FILENO;
    for (int fd = STDOUT_FILENO; st && fd <= STDERR_FILENO; fd++) {
        struct stat stream;

        if (fstat(fd, &stream) == 0 && stream.st_dev == st->st_dev && stream.st_ino == st->st_ino &&
            (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY)
            return fd;
    }
    return -1;
}

int output_open(struct output *output, const char *path)
{
    struct stat st;
    bool is_there = stat(path, &st) == 0;
    int stream = standard_stream(path, is_there ? &st : NULL);

    if (!*path)
        return -ENOENT;
    if (stream >= 0 || (is_there && !S_ISREG(st.st_mode))) {
        output->fd = stream >= 0 ? fcntl(stream, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)
                                 : open(path, O_WRONLY | O_CLOEXEC);
        return output->fd < 0 ? -errno : 0;
    }
    /* a symbolic link stays, what it points at is made or replaced */
    output->path = is_there ? realpath(path, NULL) : end_of_links(path);
    if (!output->path)
        return -errno;
    if (!is_there && output->path[strlen(output->path) - 1] == '/')
        return -EISDIR;
    return open_new(output, is_there ? &st : NULL);
}

int output_write(int fd, const void *data, size_t size)
{
    const char *p = data;

    while (size > 0) {
        ssize_t n = write(fd, p, size);

        if (n < 0 && errno == EAGAIN)
            poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, -1);
        else if (n < 0 && errno != EINTR)
            return -errno;
        if (n > 0) {
            p += n;
            size -= (size_t)n;
        }
    }
    return 0;
}

/* A name can be given to a nameless file only if it is free, so a file that is there is renamed
 * over. */
static int give_name(struct output *output)
{
    char self[64];
    int r = -EEXIST;

    snprintf(self, sizeof(self), "/proc/self/fd/%d", output->fd);
    for (int i = 0; i < ATTEMPTS && r == -EEXIST; i++) {
        r = make_temporary_name(output, &output->temporary);
        if (r < 0)
            return r;
        r = linkat(AT_FDCWD, self, AT_FDCWD, output->temporary, AT_SYMLINK_FOLLOW) < 0 ? -errno : 0;
    }
    if (r < 0) {
        free(output->temporary);
        output->temporary = NULL;
    }
    return r;
}

int output_commit(struct output *output)
{
    int r;

    if (output->path) {
        r = output->temporary ? 0 : give_name(output);
        if (r < 0)
            return r;
        if (rename(output->temporary, output->path) < 0)
            return -errno;
        free(output->temporary);
        output->temporary = NULL;
    }
    /* network file systems report a full disk here */
    return close(TAKE_FD(output->fd)) < 0 ? -errno : 0;
}

void output_done(struct output *output)
{
    if (output->temporary)
        unlink(output->temporary);
    closep(&output->fd);
    free(output->temporary);
    free(output->path);
    free(output->directory);
    *output = (struct output)OUTPUT_INIT;
}
