/* SPDX-License-Identifier: MIT */
/*
 * Large bodies, as many at a time as wanted and in one process, so that clients do not take from the processors
 * more than they need. Ends with 1 at the first answer that is no 2xx, or body that has not the size it should have.
 *
 *   bench-transfers down|up SOCKET PATH SIZE NUMBER            GETs PATH, or PUTs PATH and a number behind it, once on
 *                                                              each connection; prints the seconds that all took
 *   bench-transfers down|up SOCKET PATH SIZE NUMBER forever    again and again, until it is killed; prints "under way"
 *                                                              once each of them is
 */
#include "common.h"

#include "cleanup.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct transfer {
    int fd;
    uint64_t to_send; /* of the body */
    uint64_t received;
    uint64_t length; /* of the answer's body */
    size_t head;     /* of the answer; 0 while it is not whole */
    size_t have;     /* in 'answer', of a head that is not whole */
    bool has_begun;
    char answer[8192];
};

struct job {
    const char *path;
    uint64_t size;
    size_t number;
    bool up, forever;
    int epoll;
};

static char block[256 * 1024];

static void watch(const struct job *job, struct transfer *t, int how, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = t};

    if (epoll_ctl(job->epoll, how, t->fd, &event) < 0)
        fail("epoll_ctl");
}

static void begin(const struct job *job, struct transfer *t, size_t place)
{
    char head[512];
    int n;

    if (job->up)
        n = snprintf(head, sizeof(head),
                     "PUT %s%zu HTTP/1.1\r\nHost: localhost\r\nContent-Length: %llu\r\n\r\n",
                     job->path, place, (unsigned long long)job->size);
    else
        n = snprintf(head, sizeof(head), "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", job->path);
    t->to_send = job->up ? job->size : 0;
    t->head = t->have = 0;
    t->received = t->length = 0;
    send_all(t->fd, head, (size_t)n);
}

static void send_more(const struct job *job, struct transfer *t)
{
    size_t size = t->to_send < sizeof(block) ? (size_t)t->to_send : sizeof(block);
    ssize_t n = send(t->fd, block, size, MSG_NOSIGNAL | MSG_DONTWAIT);

    if (n < 0 && errno != EAGAIN)
        fail("sending");
    if (n > 0)
        t->to_send -= (uint64_t)n;
    if (t->to_send == 0)
        watch(job, t, EPOLL_CTL_MOD, EPOLLIN);
}

/* Whether that was the end of the answer. */
static bool receive_more(const struct job *job, struct transfer *t)
{
    ssize_t n;

    if (t->head > 0)
        n = recv(t->fd, block, sizeof(block), MSG_DONTWAIT);
    else
        n = recv(t->fd, t->answer + t->have, sizeof(t->answer) - 1 - t->have, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN)
        return false;
    if (n <= 0)
        fail(n < 0 ? "receiving" : "the answer ends too early");
    if (t->head > 0) {
        t->received += (uint64_t)n;
    } else {
        t->have += (size_t)n;
        t->answer[t->have] = '\0';
        t->head = answer_head(t->answer, &t->length);
        if (t->head == 0)
            return false;
        t->received = t->have - t->head;
    }
    if (t->received < t->length)
        return false;
    errno = EBADMSG;
    if (t->received > t->length || (!job->up && t->length != job->size))
        fail("the body has another size");
    if (t->to_send > 0)
        fail("the answer came before the whole body was sent");
    return true;
}

static void run(struct job *job, struct transfer *all)
{
    size_t done = 0, begun = 0;

    while (done < job->number) {
        struct epoll_event events[64];
        int ready = epoll_wait(job->epoll, events, ARRAY_SIZE(events), -1);

        for (int i = 0; i < ready; i++) {
            struct transfer *t = events[i].data.ptr;

            if (!t->has_begun) {
                t->has_begun = true;
                if (++begun == job->number && job->forever) {
                    printf("under way\n");
                    fflush(stdout);
                }
            }
            if (events[i].events & EPOLLOUT)
                send_more(job, t);
            if (!(events[i].events & ~(uint32_t)EPOLLOUT) || !receive_more(job, t))
                continue;
            if (job->forever) {
                begin(job, t, (size_t)(t - all));
                if (job->up)
                    watch(job, t, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
            } else {
                done++;
            }
        }
    }
}

int main(int argc, char **argv)
{
    struct job job = {.epoll = epoll_create1(EPOLL_CLOEXEC)};
    _cleanup_(freep) struct transfer *all = NULL;
    uint64_t start;

    if (argc < 6 || argc > 7)
        return 2;
    job.up = !strcmp(argv[1], "up");
    job.path = argv[3];
    job.size = strtoull(argv[4], NULL, 10);
    job.number = strtoul(argv[5], NULL, 10);
    job.forever = argc == 7;
    all = calloc(job.number, sizeof(*all));
    if (!all)
        fail("memory");
    if (!job.forever)
        alarm(PATIENCE);
    start = now();
    for (size_t i = 0; i < job.number; i++) {
        int fd = connect_to(argv[2]);

        if (fd < 0) {
            errno = -fd;
            fail(argv[2]);
        }
        all[i].fd = fd;
        begin(&job, &all[i], i);
        watch(&job, &all[i], EPOLL_CTL_ADD, job.up ? EPOLLIN | EPOLLOUT : EPOLLIN);
    }
    run(&job, all);
    printf("%.6f\n", (double)(now() - start) / 1e9);
    return 0;
}
