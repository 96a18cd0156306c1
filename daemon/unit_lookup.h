/* SPDX-License-Identifier: MIT */
/*
 * Which systemd unit a process is in that /proc does not show to us, as in a service with
 * ProtectProc=invisible: the service manager is asked, over the system's bus, while the loop goes on.
 * Only this room knows D-Bus.
 *
 * The bus is connected to when somebody is looked up, and again when it was lost since. Whatever goes
 * wrong, no bus at all included, is no unit, and one line in the log until it goes well again.
 */
#ifndef UNIT_LOOKUP_H
#define UNIT_LOOKUP_H

#include "cleanup.h"
#include "clock.h"

#include <sys/queue.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

struct unit_bus;

/* One question; lies where its asker likes. */
struct unit_lookup {
    /* Called once, perhaps before unit_lookup_start() has returned. The unit is the callee's; NULL: none
     * that is known. */
    void (*found)(struct unit_lookup *l, char *unit);

    struct unit_bus *bus; /* NULL: not under way */
    TAILQ_ENTRY(unit_lookup) entry;
    struct unit_call *call; /* NULL: its turn has not come */
    usec_t until;           /* CLOCK_MONOTONIC */
    pid_t pid;
    int pidfd;
};

int unit_bus_new(sd_event *event, struct unit_bus **ret);
/* Nothing may be under way. */
void unit_bus_free(struct unit_bus *b);
DEFINE_CLEANUP(struct unit_bus *, unit_bus_free)

/* Asks for the unit of the process that pidfd, which is the look-up's from here on, pins: it counts only
 * if that process still runs when the answer is there. At most UNIT_PATIENCE later it has ended. */
#define UNIT_PATIENCE (2 * USEC_PER_SEC)
void unit_lookup_start(struct unit_bus *b, struct unit_lookup *l, pid_t pid, int pidfd);

/* Ends it without an answer, if it is under way. */
void unit_lookup_cancel(struct unit_lookup *l);

#endif
