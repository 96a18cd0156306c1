/* SPDX-License-Identifier: MIT */
/*
 * The two users of quota.sh.
 *
 *   quota read SOCKET kept|new NUMBER    reads the token so many times, on one connection or each on one
 *                                        of its own; prints the median, the 90th and the 99th percentile, in
 *                                        microseconds
 *   quota crowd SOCKET                   takes all it can get until it is killed; a line when all has been
 *                                        tried once
 */
#include "common.h"

#include "cleanup.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#define IDLE 500
#define POLLS 200
#define SLOW 20
#define ALL (IDLE + POLLS + SLOW)

static const char read_token[] = "GET /v1/default/token HTTP/1.1\r\nHost: latchkey\r\n\r\n";
static const char poll_token[] =
    "GET /v1/default/token?after=1000000&timeout=3600 HTTP/1.1\r\nHost: latchkey\r\n\r\n";

static const char *address; /* of the daemon */

/* ---- the one who is measured */

static int read_tokens(bool kept, size_t number)
{
    static const double parts[] = {0.5, 0.9, 0.99};
    _cleanup_(freep) uint64_t *took = calloc(number, sizeof(*took));
    char answer[4096];
    int fd = -1;

    if (!took)
        return 1;
    for (size_t i = 0; i < number; i++) {
        uint64_t begin = now();

        if (fd < 0 && (fd = connect_to(address)) < 0) {
            errno = -fd;
            fail("connecting");
        }
        send_all(fd, read_token, sizeof(read_token) - 1);
        read_answer(fd, answer, sizeof(answer));
        took[i] = now() - begin;
        if (!kept) {
            close(fd);
            fd = -1;
        }
    }
    sort_times(took, number);
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
        printf("%.1f ", time_at(took, number, parts[i]));
    printf("\n");
    return 0;
}

/* ---- the one who takes more than his share */

/* What a connection is for depends on its place: long polls first, for they need one that is let in. */
static void begin(struct pollfd *c, size_t place)
{
    c->fd = connect_to(address);
    c->events = POLLIN;
    if (c->fd < 0)
        return;
    if (place < POLLS)
        (void)send(c->fd, poll_token, sizeof(poll_token) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Once a second: a byte from each of the slow, and a new connection for each that was closed. */
static void tick(struct pollfd *all)
{
    for (size_t i = 0; i < ALL; i++) {
        if (all[i].fd < 0)
            begin(&all[i], i);
        else if (i >= POLLS && i < POLLS + SLOW)
            (void)send(all[i].fd, "G", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
}

/* An answer means that it was one too many: tried again at the next tick. */
static void look(struct pollfd *c)
{
    if (c->fd < 0 || !c->revents)
        return;
    close(c->fd);
    c->fd = -1;
}

static int crowd(void)
{
    static struct pollfd all[ALL];
    struct rlimit limit = {4096, 4096};
    uint64_t next = 0;
    unsigned ticks = 0;

    (void)setrlimit(RLIMIT_NOFILE, &limit);
    for (size_t i = 0; i < ALL; i++)
        all[i].fd = -1;
    for (;;) {
        uint64_t time = now();

        if (time >= next) {
            tick(all);
            next = time + 1000000000;
            if (++ticks == 2) {
                printf("all tried\n");
                fflush(stdout);
            }
        }
        if (poll(all, ALL, (int)((next - time) / 1000000) + 1) < 0)
            return 1;
        for (size_t i = 0; i < ALL; i++)
            look(&all[i]);
    }
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    address = argv[2];
    if (!strcmp(argv[1], "crowd"))
        return crowd();
    if (strcmp(argv[1], "read") != 0 || argc < 5)
        return 2;
    return read_tokens(!strcmp(argv[3], "kept"), strtoul(argv[4], NULL, 10));
}
