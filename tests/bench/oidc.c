/* SPDX-License-Identifier: MIT */
/*
 * Asks oidc-agent, at $OIDC_SOCK, for an account's token through its own client library.
 *
 *   bench-oidc ACCOUNT PROCESSES NUMBER     so many times in all; prints what bench-load prints
 */
#include "common.h"

#include <oidc-agent/api.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static void ask(const char *account, uint64_t *took, size_t number)
{
    for (size_t i = 0; i < number; i++) {
        uint64_t begin = now();
        char *token = getAccessToken3(account, 0, NULL, "latchkey", NULL);

        if (!token)
            fail("there is no token");
        secFree(token);
        took[i] = now() - begin;
    }
}

int main(int argc, char **argv)
{
    size_t n, each, number;
    uint64_t *took, start;

    if (argc != 4)
        return 2;
    n = strtoul(argv[2], NULL, 10);
    if (n == 0)
        return 2;
    each = strtoul(argv[3], NULL, 10) / n;
    number = each * n;
    if (number == 0)
        return 2;
    took = mmap(NULL, number * sizeof(*took), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                -1, 0);
    if (took == MAP_FAILED)
        fail("memory");
    start = now();
    for (size_t i = 0; i < n; i++) {
        pid_t pid = fork();

        if (pid < 0)
            fail("fork");
        if (pid == 0) {
            ask(argv[1], took + i * each, each);
            _exit(0);
        }
    }
    for (size_t i = 0; i < n; i++) {
        int status;

        if (wait(&status) < 0 || status != 0)
            fail("a process");
    }
    start = now() - start;
    sort_times(took, number);
    printf("%.0f %.2f %.2f\n", (double)number * 1e9 / (double)start, time_at(took, number, 0.5),
           time_at(took, number, 0.99));
    return 0;
}
