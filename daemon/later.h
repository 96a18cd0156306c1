/* SPDX-License-Identifier: MIT */
/*
 * Something to be done soon, but not at once: in the loop's next rounds, in its turn among all other
 * events. sd-event's own defer sources keep the place in the queue that they had when they were made,
 * so that one which is enabled again and again runs before everything else, signals and timers too; here
 * each time is a new one, which queues up.
 */
#ifndef LATER_H
#define LATER_H

#include <systemd/sd-event.h>

struct later {
    sd_event *event; /* borrowed */
    sd_event_source *source;
    void (*run)(void *userdata);
    void *userdata;
};

void later_init(struct later *l, sd_event *event, void (*run)(void *userdata), void *userdata);
void later_done(struct later *l);

/* Has run() called once, however often it is scheduled before that. 0 or a negative errno. */
int later_schedule(struct later *l);

#endif
