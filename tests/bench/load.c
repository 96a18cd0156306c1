/* SPDX-License-Identifier: MIT */
/*
 * The client of run.sh: one process, whatever the number of connections, that does as little as it can, for it
 * shares the processors with who is measured. Ends with 1 at the first answer that is no 2xx or not whole.
 *
 *   bench-load requests SOCKET PATH CONNECTIONS NUMBER
 *       GETs PATH so many times in all, one request at a time on each connection; prints requests a second, and the
 *       median and the 99th percentile of what one took, in microseconds
 *   bench-load hold SOCKET NUMBER [PATH]
 *       opens so many connections, and GETs PATH once on each; prints "held", and keeps them until it is killed
 */
#include "common.h"

#include "cleanup.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

struct connection {
    int fd;
    uint64_t begin;  /* of the request under way */
    uint64_t length; /* of the answer's body */
    size_t head;     /* of the answer; 0 while it is not whole */
    size_t have;
    char answer[16384];
};

static int must_connect(const char *path)
{
    int fd = connect_to(path);

    if (fd < 0) {
        errno = -fd;
        fail(path);
    }
    return fd;
}

static char *make_request(const char *path)
{
    char *request;

    if (asprintf(&request, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path) < 0)
        fail("memory");
    return request;
}

static void ask(struct connection *c, const char *request, size_t size)
{
    c->have = c->head = 0;
    c->begin = now();
    send_all(c->fd, request, size);
}

/* Takes in what is there; whether that makes the answer whole. */
static bool is_answered(struct connection *c)
{
    ssize_t n = recv(c->fd, c->answer + c->have, sizeof(c->answer) - 1 - c->have, 0);

    if (n <= 0)
        fail(n < 0 ? "receiving" : "the answer ends too early, or is too long");
    c->have += (size_t)n;
    c->answer[c->have] = '\0';
    if (c->head == 0)
        c->head = answer_head(c->answer, &c->length);
    return c->head > 0 && c->have >= c->head + c->length;
}

/* Without epoll, as a program with one connection would: a wait of its own would be measured with it. */
static void request_singly(struct connection *c, const char *request, uint64_t *took, size_t number)
{
    size_t size = strlen(request);

    for (size_t i = 0; i < number; i++) {
        ask(c, request, size);
        while (!is_answered(c))
            continue;
        took[i] = now() - c->begin;
    }
}

static void request_together(struct connection *all, size_t n, const char *request, uint64_t *took,
                             size_t number)
{
    _cleanup_(closep) int epoll = epoll_create1(EPOLL_CLOEXEC);
    size_t size = strlen(request), asked = 0, done = 0;

    for (size_t i = 0; i < n && asked < number; i++, asked++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &all[i]};

        if (epoll_ctl(epoll, EPOLL_CTL_ADD, all[i].fd, &event) < 0)
            fail("epoll_ctl");
        ask(&all[i], request, size);
    }
    while (done < number) {
        struct epoll_event events[64];
        int ready = epoll_wait(epoll, events, ARRAY_SIZE(events), -1);

        for (int i = 0; i < ready; i++) {
            struct connection *c = events[i].data.ptr;

            if (!is_answered(c))
                continue;
            took[done++] = now() - c->begin;
            if (asked < number) {
                ask(c, request, size);
                asked++;
            }
        }
    }
}

static int requests(const char *socket, const char *path, size_t n, size_t number)
{
    _cleanup_(freep) struct connection *all = calloc(n, sizeof(*all));
    _cleanup_(freep) uint64_t *took = calloc(number, sizeof(*took));
    _cleanup_(freep) char *request = make_request(path);
    uint64_t begin, end;

    if (n == 0 || number == 0 || !all || !took)
        return 2;
    for (size_t i = 0; i < n; i++)
        all[i].fd = must_connect(socket);
    alarm(PATIENCE);
    begin = now();
    if (n == 1)
        request_singly(all, request, took, number);
    else
        request_together(all, n, request, took, number);
    end = now();
    sort_times(took, number);
    printf("%.0f %.2f %.2f\n", (double)number * 1e9 / (double)(end - begin),
           time_at(took, number, 0.5), time_at(took, number, 0.99));
    return 0;
}

static int hold(const char *socket, size_t number, const char *path)
{
    _cleanup_(freep) char *request = path ? make_request(path) : NULL;
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
    for (size_t i = 0; i < number; i++) {
        int fd = must_connect(socket);
        char answer[16384];

        if (!request)
            continue;
        send_all(fd, request, strlen(request));
        read_answer(fd, answer, sizeof(answer));
    }
    printf("held\n");
    fflush(stdout);
    pause();
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 6 && !strcmp(argv[1], "requests"))
        return requests(argv[2], argv[3], strtoul(argv[4], NULL, 10), strtoul(argv[5], NULL, 10));
    if ((argc == 4 || argc == 5) && !strcmp(argv[1], "hold"))
        return hold(argv[2], strtoul(argv[3], NULL, 10), argv[4]);
    return 2;
}
