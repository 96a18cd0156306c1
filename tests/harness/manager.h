/* SPDX-License-Identifier: MIT */
/*
 * A service manager on a bus of the test's own, as systemd is on the system's: it is asked for the units
 * of processes, and does with the question what the test wants. A real dbus-daemon; both end with the
 * test.
 */
#ifndef MANAGER_H
#define MANAGER_H

#include <sys/types.h>

/* The unit in which every process is. */
#define MANAGER_UNIT "a-caller@home.service"

enum manner { ANSWERS, HOLDS, KNOWS_NONE, REFUSES, ANSWERS_NONSENSE };

/* Shared with the manager's process; what was held is answered when the manner is another one. */
struct manager {
    volatile enum manner manner;
    volatile unsigned up, asked; /* so often it was started, and asked */
    volatile pid_t pid;          /* for whom, the last time */
};

extern struct manager *manager;

/* Before any of these. */
void manager_prepare(void);

const char *manager_bus_path(void);
void manager_start_bus(void);
void manager_stop_bus(void);

/* On the bus that runs; it ends with that bus. */
void manager_start(void);

/* Waits until it has been asked so often in all. */
void manager_wait_asked(unsigned times);

#endif
