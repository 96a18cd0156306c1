/* SPDX-License-Identifier: MIT */
/*
 * An upstream that takes bodies and throws them away before they are copied: what it costs to keep them is not
 * measured with those who bring them. Says yes to each request once its body has come. Listens on 127.0.0.1, and
 * writes the port to a file.
 *
 *   bench-sink FILE
 */
#include "common.h"

#include "cleanup.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define AT_ONCE ((uint64_t)1024 * 1024)

struct connection {
    int fd;
    uint64_t left; /* of the body */
    size_t have;
    char head[8192];
};

static void watch(int epoll, int fd, void *ptr)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = ptr};

    if (fd < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
        fail("watching");
}

static void say(const struct connection *c, const char *answer)
{
    send_all(c->fd, answer, strlen(answer));
}

static void end_request(struct connection *c)
{
    c->have = 0;
    say(c, "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
}

/* False when the client has gone. */
static bool take_body(struct connection *c)
{
    ssize_t n = recv(c->fd, NULL, c->left < AT_ONCE ? c->left : AT_ONCE, MSG_TRUNC);

    if (n <= 0)
        return false;
    c->left -= (uint64_t)n;
    if (c->left == 0)
        end_request(c);
    return true;
}

static bool take_head(struct connection *c)
{
    ssize_t n = recv(c->fd, c->head + c->have, sizeof(c->head) - 1 - c->have, 0);
    const char *end, *length;

    if (n <= 0)
        return false;
    c->have += (size_t)n;
    c->head[c->have] = '\0';
    end = strstr(c->head, "\r\n\r\n");
    if (!end)
        return true;
    length = strcasestr(c->head, "\r\nContent-Length:");
    c->left =
        length && length < end ? strtoull(length + strlen("\r\nContent-Length:"), NULL, 10) : 0;
    if (c->left > 0 && strcasestr(c->head, "\r\nExpect: 100-continue\r\n"))
        say(c, "HTTP/1.1 100 Continue\r\n\r\n");
    c->left -= c->have - (size_t)(end + 4 - c->head);
    if (c->left == 0)
        end_request(c);
    return true;
}

static void serve(struct connection *c)
{
    if (c->left > 0 ? take_body(c) : take_head(c))
        return;
    close(c->fd);
    free(c);
}

static struct connection *welcome(int listener)
{
    struct connection *c = calloc(1, sizeof(*c));

    if (!c)
        fail("memory");
    c->fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    return c;
}

static void write_port(const char *path, int listener)
{
    struct sockaddr_in address;
    socklen_t size = sizeof(address);
    FILE *file = fopen(path, "we");

    if (!file || getsockname(listener, (struct sockaddr *)&address, &size) < 0)
        fail(path);
    fprintf(file, "%d\n", ntohs(address.sin_port));
    fclose(file);
}

int main(int argc, char **argv)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    _cleanup_(closep) int epoll = epoll_create1(EPOLL_CLOEXEC);
    _cleanup_(closep) int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (argc != 2)
        return 2;
    if (bind(listener, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
        listen(listener, 1024) < 0)
        fail("listening");
    watch(epoll, listener, NULL);
    write_port(argv[1], listener);
    for (;;) {
        struct epoll_event events[64];
        int ready = epoll_wait(epoll, events, ARRAY_SIZE(events), -1);

        for (int i = 0; i < ready; i++) {
            struct connection *c = events[i].data.ptr;

            if (c) {
                serve(c);
            } else {
                c = welcome(listener);
                watch(epoll, c->fd, c);
            }
        }
    }
}
