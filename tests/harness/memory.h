/* SPDX-License-Identifier: MIT */
/* Looks through the memory of a process beside the test, as root can. */
#ifndef MEMORY_H
#define MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Nobody but root may look, and a sanitizer or valgrind keeps copies of its own. False has been said
 * why. */
bool memory_may_look(void);

/* How often the text is there, in all of its memory that can be read. */
size_t memory_count(pid_t pid, const char *text);

/* A moment is granted: answers go out before the daemon has cleared up behind them. */
void memory_demand_gone(pid_t pid, const char *what, const char *text);

/* Whether it has pages of memfd_secret(2), which cannot be read; and whether this kernel has any. */
bool memory_is_hidden(pid_t pid);
bool memory_can_be_hidden(void);

/* Lets no process that this test starts from now on have any, so that all is to be seen. */
void memory_hide_nothing(void);

#endif
