/* SPDX-License-Identifier: MIT */
/*
 * Something to be done soon, but not from here: libmicrohttpd and libcurl must not be called from within
 * their own callbacks. It is done before the event that is handled now is over, without another round of
 * the loop, for each round is two system calls; of what keeps being scheduled again, the rest takes its
 * turn among all other events.
 */
#ifndef LATER_H
#define LATER_H

#include "cleanup.h"

#include <stdbool.h>
#include <sys/queue.h>
#include <systemd/sd-event.h>

struct later_queue;

struct later {
    struct later_queue *queue; /* borrowed */
    TAILQ_ENTRY(later) entry;
    bool scheduled;
    void (*run)(void *userdata);
    void *userdata;
};

/* 0 or a negative errno. The event loop is borrowed; the queue outlives all that is scheduled in it. */
int later_queue_new(sd_event *event, struct later_queue **ret);
void later_queue_free(struct later_queue *q);
DEFINE_CLEANUP(struct later_queue *, later_queue_free)

/* At the beginning and the end of what the event loop calls: what was scheduled in between is run. Where
 * nobody calls these it is run in the loop's next round. */
void later_begin(struct later_queue *q);
void later_end(struct later_queue *q);

void later_init(struct later *l, struct later_queue *q, void (*run)(void *userdata),
                void *userdata);
void later_done(struct later *l);

/* Has run() called once, however often it is scheduled before that. 0 or a negative errno. */
int later_schedule(struct later *l);

#endif
