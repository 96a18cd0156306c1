/* SPDX-License-Identifier: MIT */
/* What /proc says of a process that runs beside the test. */
#ifndef PROCFS_H
#define PROCFS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Bytes of memory that are its own. */
size_t procfs_private_memory(pid_t pid);

/* How many descriptors it has open, or -1 when we may not see that. */
int procfs_descriptors(pid_t pid);

/* The whole of /proc/PID/name, NUL bytes in it as they are; NULL when we may not see it. Lasts
 * until the test's end. */
const char *procfs_read(pid_t pid, const char *name, size_t *ret_length);

/* The largest procfs_private_memory() between a start and a stop, looked at 100 times a second by a
 * thread. */
struct procfs_watch;
struct procfs_watch *procfs_watch_start(pid_t pid);
size_t procfs_watch_stop(struct procfs_watch *w);

#endif
