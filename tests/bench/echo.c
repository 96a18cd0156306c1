/* SPDX-License-Identifier: MIT */
/*
 * The floor under every answer over a Unix socket: waits for a request, and writes the bytes of a file. Nothing is
 * looked at but where a request ends.
 *
 *   bench-echo SOCKET FILE
 */
#include "common.h"

#include "cleanup.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void serve(int epoll, int fd, const char *answer, size_t size)
{
    char request[4096];
    ssize_t n = recv(fd, request, sizeof(request), 0);

    if (n <= 0) {
        epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL);
        close(fd);
    } else if (n >= 4 && memcmp(request + n - 4, "\r\n\r\n", 4) == 0) {
        send_all(fd, answer, size);
    }
}

static void watch(int epoll, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

    if (fd < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
        fail("watching");
}

int main(int argc, char **argv)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    _cleanup_(closep) int epoll = epoll_create1(EPOLL_CLOEXEC);
    _cleanup_(closep) int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    static char answer[65536];
    FILE *file;
    size_t size;

    if (argc != 3 || strlen(argv[1]) >= sizeof(address.sun_path))
        return 2;
    file = fopen(argv[2], "re");
    if (!file)
        fail(argv[2]);
    size = fread(answer, 1, sizeof(answer), file);
    fclose(file);
    strcpy(address.sun_path, argv[1]);
    if (bind(listener, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
        listen(listener, 128) < 0)
        fail(argv[1]);
    watch(epoll, listener);
    for (;;) {
        struct epoll_event events[64];
        int ready = epoll_wait(epoll, events, ARRAY_SIZE(events), -1);

        for (int i = 0; i < ready; i++) {
            if (events[i].data.fd == listener)
                watch(epoll, accept4(listener, NULL, NULL, SOCK_CLOEXEC));
            else
                serve(epoll, events[i].data.fd, answer, size);
        }
    }
}
