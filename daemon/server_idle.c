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

/* A clock would have to be read at each request: rounds are counted, and a whole one without a request is
 * long enough. */
#define ROUND (2500 * USEC_PER_MSEC)
#define ACCURACY (10 * USEC_PER_MSEC)
#define AT_ONCE 256 /* so many take some milliseconds */
#define PAUSE USEC_PER_MSEC

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

static void arm(struct server *s, usec_t time)
{
    s->idle_armed = sd_event_source_set_time_relative(s->idle, time) >= 0 &&
                    sd_event_source_set_enabled(s->idle, SD_EVENT_ONESHOT) >= 0;
}

/* Whether somebody is left who can give something back in this round or a later one. */
static bool sweep(struct listener *l, size_t *left)
{
    const struct server *s = l->server;
    bool is_left = false;

    for (struct connection *c = l->connections; c; c = c->next) {
        if (!c->pool || c->phase != PHASE_IDLE)
            continue; /* a request that is under way will say when it is over */
        if (s->idle_round - c->idle_round < 2 || *left == 0) {
            is_left = true;
            continue;
        }
        give_pages_back(c->pool, s->page_size);
        c->pool = NULL;
        (*left)--;
    }
    return is_left;
}

static int on_idle(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata)
{
    struct server *s = userdata;
    size_t left = AT_ONCE;
    bool is_left = false;

    s->idle_round += !s->idle_paused;
    for (struct listener *l = s->listeners; l; l = l->next)
        is_left |= sweep(l, &left);
    s->idle_paused = left == 0;
    s->idle_armed = false;
    if (is_left)
        arm(s, s->idle_paused ? PAUSE : ROUND);
    return 0;
}

int server_idle_new(struct server *s)
{
    int r;

    s->page_size = (size_t)sysconf(_SC_PAGESIZE);
    r = sd_event_add_time(s->event, &s->idle, CLOCK_MONOTONIC, 0, ACCURACY, on_idle, s);

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
    c->idle_round = s->idle_round;
    if (c->pool && !s->idle_armed)
        arm(s, ROUND);
}
