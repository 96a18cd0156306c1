/* SPDX-License-Identifier: MIT */
#include "textfile.h"

#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>

#define TEXT_MAX ((size_t)1024 * 1024)

int textfile_vrefuse(const char *path, unsigned line, const char *key, char **ret_error,
                     const char *format, va_list ap)
{
    _cleanup_(freep) char *what = NULL;
    char place[16] = "";
    char *sentence;

    if (vasprintf(&what, format, ap) < 0) {
        what = NULL;
        return -ENOMEM;
    }
    if (line > 0)
        (void)snprintf(place, sizeof(place), "%u:", line);
    if (asprintf(&sentence, "%s:%s %s%s%s", path, place, key ? key : "", key ? ": " : "", what) < 0)
        return -ENOMEM;
    *ret_error = sentence;
    return -EBADMSG;
}

int textfile_refuse(const char *path, unsigned line, const char *key, char **ret_error,
                    const char *format, ...)
{
    va_list ap;
    int r;

    va_start(ap, format);
    r = textfile_vrefuse(path, line, key, ret_error, format, ap);
    va_end(ap);
    return r;
}

static int refuse_unreadable(const char *path, int error, char **ret_error)
{
    static const struct {
        int error;
        const char *remedy;
    } remedies[] = {
        {EACCES, "let the daemon's user read it"},
        {EISDIR, "name a file in it"},
        {ELOOP, "correct its path"},
        {ENAMETOOLONG, "shorten its path"},
        {ENOENT, "create it or correct its path"},
        {ENOTDIR, "correct its path"},
        {ENXIO, "name a regular file"},
        {EPERM, "let the daemon's user read it"},
    };
    const char *remedy = "try again";

    for (size_t i = 0; i < ARRAY_SIZE(remedies); i++)
        if (remedies[i].error == error)
            remedy = remedies[i].remedy;
    if (textfile_refuse(path, 0, NULL, ret_error, "cannot be read: %s; %s", strerrordesc_np(error),
                        remedy) == -ENOMEM)
        return -ENOMEM;
    return -error;
}

/* Opens what can be read to its end without waiting for somebody: a file or /dev/null. */
static int open_file(const char *path, int *ret_fd, struct stat *ret_stat, char **ret_error)
{
    _cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return refuse_unreadable(path, errno, ret_error);
    if (S_ISDIR(st.st_mode))
        return refuse_unreadable(path, EISDIR, ret_error);
    if (!S_ISREG(st.st_mode) && !(S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3)))
        return textfile_refuse(path, 0, NULL, ret_error, "not a regular file; name one");
    *ret_stat = st;
    *ret_fd = TAKE_FD(fd);
    return 0;
}

static int read_text(const char *path, int fd, char **ret_text, size_t *ret_length,
                     char **ret_error)
{
    _cleanup_(secret_freep) char *text = NULL;
    size_t size = 0, length = 0;
    ssize_t n;

    do {
        if (length == size) {
            char *grown = secret_realloc(text, size += 16384);

            if (!grown)
                return -ENOMEM;
            text = grown;
        }
        n = TEMP_FAILURE_RETRY(read(fd, text + length, size - length));
        if (n < 0)
            return refuse_unreadable(path, errno, ret_error);
        length += (size_t)n;
        if (length > TEXT_MAX)
            return textfile_refuse(path, 0, NULL, ret_error, "larger than %zu bytes; shorten it",
                                   TEXT_MAX);
    } while (n > 0);
    *ret_text = TAKE_PTR(text);
    *ret_length = length;
    return 0;
}

int textfile_read(const char *path, char **ret_text, size_t *ret_length, struct stat *ret_stat,
                  char **ret_error)
{
    _cleanup_(closep) int fd = -1;
    struct stat st;
    int r;

    r = open_file(path, &fd, &st, ret_error);
    if (r >= 0)
        r = read_text(path, fd, ret_text, ret_length, ret_error);
    if (r < 0)
        return r;
    *ret_stat = st;
    return 0;
}
