/* SPDX-License-Identifier: MIT */
#include "later.h"

#include <errno.h>

#define TURNS_AT_ONCE 8

struct later_queue {
    sd_event *event;
    /* sd-event's own defer sources keep the place in its queue that they had when they were made, so that
     * one which is enabled again and again runs before everything else, signals and timers too: each time
     * takes another. */
    sd_event_source *source;
    struct later *first, **end;
    size_t n;
    bool in_event;
};

int later_queue_new(sd_event *event, struct later_queue **ret)
{
    struct later_queue *q = calloc(1, sizeof(*q));

    if (!q)
        return -ENOMEM;
    q->event = event;
    q->end = &q->first;
    *ret = q;
    return 0;
}

void later_queue_free(struct later_queue *q)
{
    if (!q)
        return;
    sd_event_source_disable_unref(q->source);
    free(q);
}

/* Those that are in the queue at this moment, as far as nobody takes them out of it. */
static void take_turn(struct later_queue *q)
{
    for (size_t n = q->n; n > 0 && q->first; n--) {
        struct later *l = q->first;

        later_done(l);
        l->run(l->userdata);
    }
}

static int on_turn(sd_event_source *source _unused_, void *userdata)
{
    struct later_queue *q = userdata;

    q->source = sd_event_source_disable_unref(q->source);
    later_begin(q);
    later_end(q);
    return 0;
}

static int wake_up(struct later_queue *q)
{
    return q->source ? 0 : sd_event_add_defer(q->event, &q->source, on_turn, q);
}

void later_begin(struct later_queue *q)
{
    q->in_event = true;
}

void later_end(struct later_queue *q)
{
    for (int i = 0; i < TURNS_AT_ONCE && q->first; i++)
        take_turn(q);
    q->in_event = false;
    if (q->first)
        (void)wake_up(q);
}

void later_init(struct later *l, struct later_queue *q, void (*run)(void *userdata), void *userdata)
{
    *l = (struct later){.queue = q, .run = run, .userdata = userdata};
}

void later_done(struct later *l)
{
    struct later_queue *q = l->queue;

    if (!l->scheduled)
        return;
    l->scheduled = false;
    q->n--;
    for (struct later **link = &q->first; *link; link = &(*link)->next) {
        if (*link != l)
            continue;
        *link = l->next;
        if (q->end == &l->next)
            q->end = link;
        return;
    }
}

int later_schedule(struct later *l)
{
    struct later_queue *q = l->queue;

    if (l->scheduled)
        return 0;
    l->scheduled = true;
    l->next = NULL;
    *q->end = l;
    q->end = &l->next;
    q->n++;
    return q->in_event ? 0 : wake_up(q);
}
