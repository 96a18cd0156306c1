/* SPDX-License-Identifier: MIT */
/*
 * A program that runs beside the test: started with a clean environment, its output in a file,
 * waited for with a bound. It dies with the test, however that ends.
 */
#ifndef PROCESS_H
#define PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define PROCESS_RUNS (-1)

struct process {
    pid_t pid; /* 0: none */
    int pidfd;
};

struct process_options {
    const char *const *argv;        /* NULL-terminated; argv[0] is the program's path */
    const char *const *environment; /* more `NAME=VALUE`, NULL-terminated; may be NULL */
    const char *log;                /* where its output goes, appended */
    uid_t uid;                      /* 0: the test's own */
    gid_t group;                    /* with uid: one more group that it is in; 0: none */
    const int *passed_fds;          /* what it gets the way systemd passes them */
    size_t n_passed_fds;
    mode_t umask; /* 0: the usual one, 022 */
};

void process_start(struct process *p, const struct process_options *options);

/* Its exit status, 128 + the signal's number that ended it, or PROCESS_RUNS if it still does after
 * so many (stretched) seconds. */
int process_wait(struct process *p, double seconds);

void process_signal(const struct process *p, int number);

/* Ends it at once, if it runs. */
void process_kill(struct process *p);

/* LATCHKEY_WRAPPER's words in front of those: valgrind, say. The array lasts until the test's end. */
const char *const *process_wrap(const char *const *argv);

/* Whether daemon and command run in a program of $LATCHKEY_WRAPPER's, such as valgrind, which has
 * needs of its own. */
bool process_is_wrapped(void);

/* Whether the daemon runs wrapped or with a sanitizer: then its memory says nothing, and it is
 * slow. */
bool process_is_instrumented(void);

#endif
