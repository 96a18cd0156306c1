/* SPDX-License-Identifier: MIT */
/*
 * What a connection costs that has nothing to ask. libmicrohttpd writes zeros over the whole of its pool at
 * the end of each request, and so has all of it in memory for as long as the connection stays. After some
 * seconds of silence these pages go back to the kernel, which hands out zeros when they are touched again:
 * that shows nowhere but in the memory that is used. What is not zero stays: the beginning of the next
 * request may be there.
 */
#include "server_private.h"

#include <string.h>
#include <sys/mman.h>

#define IDLE_TIME (5 * USEC_PER_SEC)
#define IDLE_ACCURACY (10 * USEC_PER_MSEC)
#define AT_ONCE 256 /* so many take some milliseconds */
#define PAUSE USEC_PER_MSEC

static usec_t now(const struct server *s)
{
    uint64_t usec;

    return sd_event_now(s->event, CLOCK_MONOTONIC, &usec) < 0 ? clock_monotonic() : usec;
}

static bool is_zero(const char *page, size_t size)
{
    return page[0] == 0 && memcmp(page, page + 1, size - 1) == 0;
}

static void give_pages_back(char *pool, size_t page)
{
    size_t begin = 0, end = 0;

    for (size_t at = 0; at < POOL_SIZE; at += page) {
        if (!is_zero(pool + at, page))
            continue;
        if (at != end) {
            (void)madvise(pool + begin, end - begin, MADV_DONTNEED);
            begin = at;
        }
        end = at + page;
    }
    (void)madvise(pool + begin, end - begin, MADV_DONTNEED);
}

static void arm(struct server *s, usec_t when)
{
    if (sd_event_source_set_time(s->idle, when) < 0)
        return;
    (void)sd_event_source_set_enabled(s->idle, SD_EVENT_ONESHOT);
}

/* When to look again; USEC_INFINITY: nobody is left who could give anything back. */
static usec_t sweep(struct listener *l, usec_t time, size_t *left)
{
    usec_t next = USEC_INFINITY;

    for (struct connection *c = l->connections; c; c = c->next) {
        usec_t due = c->idle_since + IDLE_TIME;

        if (!c->idle_since || c->phase != PHASE_IDLE)
            continue; /* a request that is under way will say when it is over */
        if (due <= time && *left > 0) {
            give_pages_back(c->pool, l->server->page_size);
            c->idle_since = 0;
            (*left)--;
        } else if (due < next) {
            next = due;
        }
    }
    return next;
}

static int on_idle(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata)
{
    struct server *s = userdata;
    usec_t time = now(s), next = USEC_INFINITY;
    size_t left = AT_ONCE;

    for (struct listener *l = s->listeners; l; l = l->next) {
        usec_t due = sweep(l, time, &left);

        if (due < next)
            next = due;
    }
    if (next != USEC_INFINITY)
        arm(s, next > time ? next : time + PAUSE);
    return 0;
}

int server_idle_new(struct server *s)
{
    int r;

    s->page_size = (size_t)sysconf(_SC_PAGESIZE);
    r = sd_event_add_time(s->event, &s->idle, CLOCK_MONOTONIC, 0, IDLE_ACCURACY, on_idle, s);

    return r < 0 ? r : sd_event_source_set_enabled(s->idle, SD_EVENT_OFF);
}

/* The pool is taken from mmap, and what libmicrohttpd reads first lies at its beginning. */
static char *pool_of(const struct server *s, const char *request_line)
{
    bool is_aligned = (uintptr_t)request_line % s->page_size == 0;

    return is_aligned ? (char *)(uintptr_t)request_line : NULL;
}

void server_idle_begin(struct connection *c, const char *request_line)
{
    struct server *s = c->listener->server;

    c->pool = pool_of(s, request_line);
    c->idle_since = c->pool ? now(s) : 0;
    if (c->pool && sd_event_source_get_enabled(s->idle, NULL) == 0)
        arm(s, c->idle_since + IDLE_TIME);
}
