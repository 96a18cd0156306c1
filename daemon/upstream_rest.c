/* SPDX-License-Identifier: MIT */
/*
 * What is given back when nothing is under way. A daemon that is idle for most of the day should not
 * keep what its busiest minute has taken: connections with their TLS state, the buffer that they are read
 * into, the system's certificate authorities, of which libcurl keeps the parsed form for a day, and what
 * malloc() holds on to after all of it has been freed.
 */
#include "upstream_private.h"

#include "secret.h"

#include <malloc.h>

/* Long enough for a client that sends one request after the other not to notice. */
#define MEMORY_REST (2 * USEC_PER_SEC)

/* Makes sure that it comes by at that time or earlier. */
static int arm(struct upstream *u, usec_t due)
{
    int r;

    if (u->rest_armed <= due)
        return 0;
    r = sd_event_source_set_time(u->rest, due);
    if (r >= 0)
        r = sd_event_source_set_enabled(u->rest, SD_EVENT_ONESHOT);
    u->rest_armed = r < 0 ? USEC_INFINITY : due;
    return r;
}

static void drop_connections(struct upstream *u, bool all)
{
    struct connection *next;

    for (struct connection *c = TAILQ_FIRST(&u->idle); c; c = next) {
        next = TAILQ_NEXT(c, entry);
        if (all || c->seldom)
            connection_free(c);
    }
}

static int on_rest(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata)
{
    struct upstream *u = userdata;
    usec_t now = upstream_now(u);

    u->rest_armed = USEC_INFINITY;
    if (u->active > 0)
        return 0;
    if (now < u->rest_since + MEMORY_REST)
        return arm(u, u->rest_since + MEMORY_REST);

    upstream_disarm(u);
    drop_connections(u, now >= u->rest_since + UPSTREAM_IDLE_AGE);
    /* There is no other way to have libcurl forget the authorities. */
    if (u->n_idle == 0)
        (void)upstream_renew(u);
    secret_free(TAKE_PTR(u->buffer));
    (void)malloc_trim(0);
    return u->n_idle > 0 ? arm(u, u->rest_since + UPSTREAM_IDLE_AGE) : 0;
}

int upstream_rest_init(struct upstream *u)
{
    int r = sd_event_add_time(u->event, &u->rest, CLOCK_BOOTTIME, 0, USEC_PER_SEC, on_rest, u);

    u->rest_armed = USEC_INFINITY;
    return r < 0 ? r : sd_event_source_set_enabled(u->rest, SD_EVENT_OFF);
}

void upstream_rest_begin(struct upstream *u)
{
    u->rest_since = upstream_now(u);
    (void)arm(u, u->rest_since + MEMORY_REST);
}
