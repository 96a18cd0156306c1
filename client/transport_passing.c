/* SPDX-License-Identifier: MIT */
/* The one request whose answer brings a descriptor along: libcurl reads with recv(2), which would throw that
 * away. */
#include "transport.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#define CHUNK 4096

/* What has come so far. */
struct arrival {
    struct buffer text;
    int fd; /* -1: none yet */
    lk_head head;
    size_t head_size; /* with the empty line; 0: it is not whole */
    size_t length;    /* of the body */
    bool is_over;     /* no more will come */
};

static void arrival_done(struct arrival *a)
{
    buffer_done(&a->text);
    head_done(&a->head);
    closep(&a->fd);
}

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int wait_for(int socket, short events, int64_t end)
{
    struct pollfd p = {.fd = socket, .events = events};
    int64_t left;
    int r;

    do {
        left = end - now_ms();
        r = poll(&p, 1, left < 0 ? 0 : left < INT32_MAX ? (int)left : INT32_MAX);
    } while (r < 0 && errno == EINTR);
    return r > 0 ? 0 : r == 0 ? -ETIMEDOUT : -errno;
}

/* A queue that is full says EAGAIN, and no event when there is room again. */
static int connect_to(int socket, const char *path, int64_t end)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    strcpy(address.sun_path, path); /* transport_new() has looked at its length */
    while (connect(socket, (struct sockaddr *)&address, sizeof(address)) < 0) {
        if (errno != EAGAIN && errno != EINTR)
            return -errno;
        if (now_ms() >= end)
            return -ETIMEDOUT;
        nanosleep(&(struct timespec){.tv_nsec = TRANSPORT_QUEUE_PAUSE}, NULL);
    }
    return 0;
}

static int send_all(int socket, const char *text, int64_t end)
{
    size_t left = strlen(text);

    while (left > 0) {
        ssize_t n = send(socket, text, left, MSG_NOSIGNAL);

        if (n < 0 && errno != EAGAIN && errno != EINTR)
            /* it may have answered before it went away */
            return errno == EPIPE ? 0 : -errno;
        if (n < 0) {
            int r = wait_for(socket, POLLOUT, end);

            if (r < 0)
                return r;
            continue;
        }
        text += n;
        left -= (size_t)n;
    }
    return 0;
}

static void take_descriptor(struct arrival *a, struct msghdr *message)
{
    for (struct cmsghdr *h = CMSG_FIRSTHDR(message); h; h = CMSG_NXTHDR(message, h)) {
        if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
            continue;
        closep(&a->fd);
        memcpy(&a->fd, CMSG_DATA(h), sizeof(a->fd));
    }
}

static int receive_some(int socket, struct arrival *a)
{
    union {
        char room[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    char chunk[CHUNK];
    struct iovec to = {.iov_base = chunk, .iov_len = sizeof(chunk)};
    struct msghdr message = {.msg_iov = &to,
                             .msg_iovlen = 1,
                             .msg_control = control.room,
                             .msg_controllen = sizeof(control.room)};
    ssize_t n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    int r = 0;

    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    take_descriptor(a, &message);
    a->is_over = n == 0;
    if (n > 0)
        r = buffer_append(&a->text, chunk, (size_t)n);
    explicit_bzero(chunk, sizeof(chunk));
    return r;
}

static int read_length(struct arrival *a)
{
    const char *text = lk_head_header(&a->head, "Content-Length");
    char *end;

    if (a->head.status == 101)
        return 0;
    if (!text || *text < '0' || *text > '9')
        return -EPROTO;
    errno = 0;
    a->length = strtoull(text, &end, 10);
    if (errno != 0 || *end)
        return -EPROTO;
    return a->length <= BUFFER_LIMIT ? 0 : -EMSGSIZE;
}

static int read_head(struct arrival *a)
{
    const char *line = a->text.data, *end, *behind;
    int r = 0;

    end = line ? memmem(line, a->text.size, "\r\n\r\n", 4) : NULL;
    if (!end)
        return 0;
    a->head_size = (size_t)(end + 4 - line);
    for (end += 2; line < end && r == 0; line = behind) {
        behind = memchr(line, '\n', (size_t)(end - line));
        behind = behind ? behind + 1 : end;
        r = head_add_line(&a->head, line, (size_t)(behind - line));
    }
    return r < 0 ? r : read_length(a);
}

static bool is_whole(const struct arrival *a)
{
    if (a->head_size == 0)
        return false;
    if (a->head.status == 101)
        return a->fd >= 0 || a->is_over;
    return a->text.size - a->head_size >= a->length;
}

static int receive(int socket, struct arrival *a, int64_t end)
{
    int r;

    while (!is_whole(a)) {
        if (a->is_over)
            return -ECONNRESET;
        r = wait_for(socket, POLLIN, end);
        if (r == 0)
            r = receive_some(socket, a);
        if (r == 0 && a->head_size == 0)
            r = read_head(a);
        if (r < 0)
            return r;
    }
    return 0;
}

static int converse(int socket, const char *path, const char *request, unsigned limit,
                    struct arrival *a)
{
    int64_t end = now_ms() + (int64_t)limit * 1000;
    int r;

    r = connect_to(socket, path, end);
    if (r == 0)
        r = send_all(socket, request, end);
    return r == 0 ? receive(socket, a, end) : r;
}

int transport_ask_passing(const struct transport *transport, const char *target,
                          const char *protocol, unsigned limit, struct transport_passed *ret)
{
    _cleanup_(arrival_done) struct arrival a = {.fd = -1};
    _cleanup_(closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    _cleanup_(freep) char *request = NULL;
    struct buffer body = {};
    int r;

    if (fd < 0)
        return -errno;
    if (asprintf(&request,
                 "GET %s HTTP/1.1\r\nHost: localhost\r\n"
                 "Accept: application/json, application/problem+json\r\n"
                 "Connection: upgrade\r\nUpgrade: %s\r\n\r\n",
                 target, protocol) < 0) {
        request = NULL;
        return -ENOMEM;
    }
    r = converse(fd, transport_socket(transport), request, limit, &a);
    if (r == 0 && a.head.status != 101)
        r = buffer_append(&body, a.text.data + a.head_size, a.length);
    if (r < 0) {
        buffer_done(&body);
        return r;
    }
    *ret = (struct transport_passed){.status = a.head.status, .fd = -1, .body = body};
    if (a.head.status == 101)
        ret->fd = TAKE_FD(a.fd);
    return 0;
}
