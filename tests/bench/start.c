/* SPDX-License-Identifier: MIT */
/*
 * How long a server takes to start, in milliseconds; ends the server then.
 *
 *   bench-start ready COMMAND...                 to its READY=1, as systemd hears it
 *   bench-start answer SOCKET PATH COMMAND...    to its first answer on its socket
 */
#include "common.h"

#include "cleanup.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAP 200 /* microseconds between two tries to connect */

/* An abstract address, which leaves nothing behind. */
static int listen_for_ready(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), n;
    char name[64];

    n = snprintf(name, sizeof(name), "@latchkey-bench-%d", (int)getpid());
    memcpy(address.sun_path + 1, name + 1, (size_t)n - 1);
    if (fd < 0 ||
        bind(fd, (const struct sockaddr *)&address,
             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)n)) < 0 ||
        setenv("NOTIFY_SOCKET", name, 1) < 0)
        fail("NOTIFY_SOCKET");
    return fd;
}

static bool is_ready(int fd)
{
    char message[4096];
    ssize_t n = recv(fd, message, sizeof(message) - 1, 0);

    if (n < 0)
        return false;
    message[n] = '\0';
    return strstr(message, "READY=1") != NULL;
}

static void wait_for_ready(int fd)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};

    while (!is_ready(fd))
        if (poll(&ready, 1, -1) < 0)
            fail("READY=1");
}

static void wait_for_answer(const char *path, const char *target)
{
    _cleanup_(freep) char *request = NULL;
    _cleanup_(closep) int fd = -1;
    char answer[16384];

    if (asprintf(&request, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", target) < 0)
        fail("memory");
    while ((fd = connect_to(path)) < 0)
        usleep(NAP);
    send_all(fd, request, strlen(request));
    read_answer(fd, answer, sizeof(answer));
}

int main(int argc, char **argv)
{
    _cleanup_(closep) int notify = -1;
    bool for_answer = argc > 4 && !strcmp(argv[1], "answer");
    char **command = for_answer ? argv + 4 : argv + 2;
    uint64_t begin, end;
    pid_t pid;

    if (!for_answer && (argc < 3 || strcmp(argv[1], "ready") != 0))
        return 2;
    notify = listen_for_ready();
    alarm(PATIENCE);
    begin = now();
    pid = fork();
    if (pid < 0)
        fail("fork");
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        execvp(command[0], command);
        fail(command[0]);
    }
    if (for_answer)
        wait_for_answer(argv[2], argv[3]);
    else
        wait_for_ready(notify);
    end = now();
    kill(pid, SIGTERM);
    waitpid(pid, NULL, 0);
    printf("%.2f\n", (double)(end - begin) / 1e6);
    return 0;
}
