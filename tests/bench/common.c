/* SPDX-License-Identifier: MIT */
/* See common.h. */
#include "common.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

_Noreturn void fail(const char *what)
{
    fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(errno));
    exit(1);
}

uint64_t now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd, r;

    if (strlen(path) >= sizeof(address.sun_path))
        return -ENAMETOOLONG;
    strcpy(address.sun_path, path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    r = -errno;
    close(fd);
    return r;
}

void send_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t n = send(fd, data, size, MSG_NOSIGNAL);

        if (n < 0)
            fail("sending");
        data += n;
        size -= (size_t)n;
    }
}

size_t answer_head(const char *data, uint64_t *length)
{
    const char *end = strstr(data, "\r\n\r\n"), *field;

    if (!end)
        return 0;
    if (strncmp(data, "HTTP/1.1 2", 10) != 0) {
        errno = EBADMSG;
        fail(data);
    }
    field = strcasestr(data, "\r\nContent-Length:");
    if (field && field < end) {
        *length = strtoull(field + 17, NULL, 10);
    } else if (strncmp(data, "HTTP/1.1 204", 12) == 0) {
        *length = 0;
    } else {
        errno = EBADMSG;
        fail(data);
    }
    return (size_t)(end - data) + 4;
}

size_t read_answer(int fd, char *buffer, size_t size)
{
    size_t have = 0, head = 0;
    uint64_t length = 0;

    while (head == 0 || have < head + length) {
        ssize_t n = recv(fd, buffer + have, size - 1 - have, 0);

        if (n <= 0)
            fail(n < 0 ? "receiving" : "the answer ends too early, or is too long");
        have += (size_t)n;
        buffer[have] = '\0';
        if (head == 0)
            head = answer_head(buffer, &length);
    }
    return have;
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

void sort_times(uint64_t *times, size_t n)
{
    qsort(times, n, sizeof(*times), compare);
}

double time_at(const uint64_t *sorted, size_t n, double part)
{
    return (double)sorted[(size_t)((double)(n - 1) * part)] / 1e3;
}
