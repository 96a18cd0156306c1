/* SPDX-License-Identifier: MIT */
#include "later.h"

#include "cleanup.h"

void later_init(struct later *l, sd_event *event, void (*run)(void *userdata), void *userdata)
{
    *l = (struct later){.event = event, .run = run, .userdata = userdata};
}

void later_done(struct later *l)
{
    l->source = sd_event_source_disable_unref(l->source);
}

static int on_turn(sd_event_source *source _unused_, void *userdata)
{
    struct later *l = userdata;

    later_done(l);
    l->run(l->userdata);
    return 0;
}

int later_schedule(struct later *l)
{
    return l->source ? 0 : sd_event_add_defer(l->event, &l->source, on_turn, l);
}
