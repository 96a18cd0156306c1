/* SPDX-License-Identifier: MIT */
#include "later.h"

#include <errno.h>

#define RUNS_AT_ONCE 16

struct later_queue {
    sd_event *event;
    /* sd-event's own defer sources keep the place in its queue that they had when they were made, so that
     * one which is enabled again and again runs before everything else, signals and timers too: each time
     * takes another. */
    sd_event_source *source;
    TAILQ_HEAD(, later) scheduled;
    bool in_event;
};

int later_queue_new(sd_event *event, struct later_queue **ret)
{
    struct later_queue *q = calloc(1, sizeof(*q));

    if (!q)
        return -ENOMEM;
    q->event = event;
    TAILQ_INIT(&q->scheduled);
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
    for (int i = 0; i < RUNS_AT_ONCE && !TAILQ_EMPTY(&q->scheduled); i++) {
        struct later *l = TAILQ_FIRST(&q->scheduled);

        later_done(l);
        l->run(l->userdata);
    }
    q->in_event = false;
    if (!TAILQ_EMPTY(&q->scheduled))
        (void)wake_up(q);
}

void later_init(struct later *l, struct later_queue *q, void (*run)(void *userdata), void *userdata)
{
    *l = (struct later){.queue = q, .run = run, .userdata = userdata};
}

void later_done(struct later *l)
{
    if (l->scheduled)
        TAILQ_REMOVE(&l->queue->scheduled, l, entry);
    l->scheduled = false;
}

int later_schedule(struct later *l)
{
    if (l->scheduled)
        return 0;
    l->scheduled = true;
    TAILQ_INSERT_TAIL(&l->queue->scheduled, l, entry);
    return l->queue->in_event ? 0 : wake_up(l->queue);
}
