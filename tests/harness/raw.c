/* SPDX-License-Identifier: MIT */
#include "raw.h"

#include "daemon.h"
#include "patience.h"
#include "stage.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#define BOUND 8.0 /* s, for everything that is waited for here */

int raw_connect(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_ge(fd, 0);
    strcpy(address.sun_path, path ? path : daemon_socket());
    ck_assert_msg(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0, "%s: %s",
                  address.sun_path, strerror(errno));
    return fd;
}

bool raw_connects(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    _cleanup_(closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    strcpy(address.sun_path, path);
    return connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
}

int raw_listen(const char *path, int type)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

    ck_assert_int_ge(fd, 0);
    ck_assert_uint_lt(strlen(path), sizeof(address.sun_path));
    strcpy(address.sun_path, path);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    if (type == SOCK_STREAM)
        ck_assert_int_eq(listen(fd, 16), 0);
    return fd;
}

static bool wait_for(int fd, short events, double end)
{
    struct pollfd p = {.fd = fd, .events = events};
    int r;

    do
        r = poll(&p, 1, time_left_ms(end));
    while (r < 0 && errno == EINTR);
    return r > 0;
}

void raw_send(int fd, const void *bytes, size_t length)
{
    double end = time_now() + patience(BOUND);
    const char *from = bytes;

    while (length > 0) {
        ssize_t n = send(fd, from, length, MSG_NOSIGNAL | MSG_DONTWAIT);

        ck_assert_msg(n >= 0 || errno == EAGAIN, "sending: %s", strerror(errno));
        if (n > 0) {
            from += n;
            length -= (size_t)n;
        } else {
            ck_assert_msg(wait_for(fd, POLLOUT, end), "nobody takes what is sent");
        }
    }
}

void raw_print(int fd, const char *format, ...)
{
    char *text;
    va_list ap;
    int n;

    va_start(ap, format);
    n = vasprintf(&text, format, ap);
    va_end(ap);
    ck_assert_int_ge(n, 0);
    raw_send(fd, stage_keep(text), (size_t)n);
}

bool raw_waits(int fd, double seconds)
{
    return wait_for(fd, POLLIN, time_now() + patience(seconds));
}

/* Some bytes, 0 at the end. */
static size_t read_some(int fd, char *to, size_t length, double end)
{
    ssize_t n;

    ck_assert_msg(wait_for(fd, POLLIN, end), "nothing comes");
    n = recv(fd, to, length, 0);
    ck_assert_msg(n >= 0 || errno == ECONNRESET, "receiving: %s", strerror(errno));
    return n < 0 ? 0 : (size_t)n;
}

char *raw_read_head(int fd)
{
    double end = time_now() + patience(BOUND);
    size_t length = 0, size = 64 * 1024;
    char *head = malloc(size);

    ck_assert_ptr_nonnull(head);
    do {
        ck_assert_uint_lt(length, size - 1);
        ck_assert_msg(read_some(fd, head + length, 1, end) == 1, "the connection ends in a head");
        head[++length] = '\0';
    } while (length < 4 || strcmp(head + length - 4, "\r\n\r\n") != 0);
    return stage_keep(head);
}

char *raw_read(int fd, size_t length)
{
    double end = time_now() + patience(BOUND);
    char *bytes = malloc(length + 1);

    ck_assert_ptr_nonnull(bytes);
    for (size_t done = 0; done < length;) {
        size_t n = read_some(fd, bytes + done, length - done, end);

        ck_assert_msg(n > 0, "the connection ends after %zu of %zu bytes", done, length);
        done += n;
    }
    bytes[length] = '\0';
    return stage_keep(bytes);
}

char *raw_read_all(int fd, size_t *ret_length)
{
    double end = time_now() + patience(BOUND);
    size_t length = 0, size = 16 * 1024, n;
    char *bytes = malloc(size);

    ck_assert_ptr_nonnull(bytes);
    while ((n = read_some(fd, bytes + length, size - length - 1, end)) > 0) {
        length += n;
        if (length == size - 1) {
            size *= 2;
            bytes = realloc(bytes, size);
            ck_assert_ptr_nonnull(bytes);
        }
    }
    bytes[length] = '\0';
    if (ret_length)
        *ret_length = length;
    return stage_keep(bytes);
}

char *raw_ask(const char *request, size_t *ret_length)
{
    _cleanup_(closep) int fd = raw_connect(NULL);

    raw_send(fd, request, strlen(request));
    return raw_read_all(fd, ret_length);
}
