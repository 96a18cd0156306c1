/* SPDX-License-Identifier: MIT */
#include "fleet_model.h"

#include "cleanup.h"
#include "schedule.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#define NEVER USEC_INFINITY

struct host {
    usec_t next;       /* when it logs in */
    usec_t planned;    /* the same, as its session has it, which was laid down with its token */
    usec_t served;     /* when it got its first token since the watch began; NEVER: not yet */
    unsigned attempts; /* until then */
    unsigned failures; /* in a row */
};

struct fleet {
    const struct fleet_plan *plan;
    struct host *hosts;
    uint32_t *heap; /* of hosts, by when they log in */
    uint64_t dice;
    usec_t second; /* the one that the limit is counted in */
    unsigned in_second;
    struct fleet_outcome *outcome;
};

/* splitmix64 (Steele, Lea and Flood, 2014) */
static uint32_t roll(struct fleet *f)
{
    uint64_t z = f->dice += 0x9e3779b97f4a7c15;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return (uint32_t)((z ^ z >> 31) >> 32);
}

/* ---- whose turn it is */

static usec_t key(const struct fleet *f, size_t place)
{
    return f->hosts[f->heap[place]].next;
}

static void sink(struct fleet *f, size_t place)
{
    size_t n = f->plan->hosts, child;

    while ((child = 2 * place + 1) < n) {
        uint32_t moved = f->heap[place];

        if (child + 1 < n && key(f, child + 1) < key(f, child))
            child++;
        if (key(f, place) <= key(f, child))
            return;
        f->heap[place] = f->heap[child];
        f->heap[child] = moved;
        place = child;
    }
}

static void order_all(struct fleet *f)
{
    for (size_t i = f->plan->hosts; i-- > 0;)
        sink(f, i);
}

/* ---- the service */

static bool is_out(const struct fleet_plan *p, usec_t now)
{
    return now >= p->out_from && now < p->out_until;
}

/* Whether it gives a token, else the seconds after which to come again, if it says so. */
static bool serves(struct fleet *f, usec_t now, unsigned *ret_retry_after)
{
    const struct fleet_plan *p = f->plan;

    *ret_retry_after = 0;
    if (now / FLEET_SECOND != f->second) {
        f->second = now / FLEET_SECOND;
        f->in_second = 0;
    }
    if (is_out(p, now))
        return false;
    if (p->limit > 0 && f->in_second >= p->limit) {
        *ret_retry_after = p->retry_after;
        return false;
    }
    f->in_second++;
    return true;
}

/* ---- the hosts */

static void log_in(struct fleet *f, struct host *h)
{
    usec_t now = h->next, end = now + f->plan->answer;
    bool watched = now >= f->plan->watch && h->served == NEVER, served;
    unsigned retry_after;

    f->outcome->a_second[now / FLEET_SECOND]++;
    served = serves(f, now, &retry_after);
    h->attempts += watched;
    if (!served) {
        h->next = schedule_retry(end, ++h->failures, retry_after, roll(f));
        return;
    }
    h->failures = 0;
    h->next = h->planned = schedule_renewal(end, now + f->plan->lifetime, roll(f));
    if (watched)
        h->served = end;
}

static void restart_all(struct fleet *f)
{
    for (size_t i = 0; i < f->plan->hosts; i++) {
        struct host *h = &f->hosts[i];

        h->failures = 0;
        h->next = schedule_resumption(f->plan->restart, h->planned, roll(f));
    }
    order_all(f);
}

static void play(struct fleet *f)
{
    const struct fleet_plan *p = f->plan;
    bool restarted = p->restart == 0;
    usec_t now;

    for (size_t i = 0; i < p->hosts; i++) {
        f->hosts[i] = (struct host){.next = p->boot * roll(f) >> 32, .served = NEVER};
        f->heap[i] = (uint32_t)i;
    }
    order_all(f);
    while ((now = key(f, 0)) < p->until) {
        if (!restarted && now >= p->restart) {
            restart_all(f);
            restarted = true;
            continue;
        }
        log_in(f, &f->hosts[f->heap[0]]);
        sink(f, 0);
    }
}

/* ---- the outcome */

static int compare(const void *a, const void *b)
{
    usec_t x = *(const usec_t *)a, y = *(const usec_t *)b;

    return (x > y) - (x < y);
}

static int sum_up(const struct fleet *f)
{
    struct fleet_outcome *o = f->outcome;
    size_t n = f->plan->hosts;
    _cleanup_(freep) usec_t *times = calloc(n, sizeof(*times));
    uint64_t attempts = 0;

    if (!times)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const struct host *h = &f->hosts[i];

        times[i] = h->served == NEVER ? NEVER : h->served - f->plan->watch;
        o->served += h->served != NEVER;
        attempts += h->attempts;
        if (h->attempts > o->attempts_most)
            o->attempts_most = h->attempts;
    }
    qsort(times, n, sizeof(*times), compare);
    o->attempts_mean = (double)attempts / (double)n;
    o->median = o->served > n / 2 ? times[n / 2] : 0;
    o->most = o->served > n / 100 * 99 ? times[n / 100 * 99] : 0;
    o->all = o->served == n ? times[n - 1] : 0;
    return 0;
}

unsigned fleet_peak(const struct fleet_outcome *o, usec_t from, usec_t until)
{
    unsigned peak = 0;

    for (size_t i = from / FLEET_SECOND; i < o->seconds && i < until / FLEET_SECOND; i++)
        if (o->a_second[i] > peak)
            peak = o->a_second[i];
    return peak;
}

int fleet_play(const struct fleet_plan *plan, struct fleet_outcome *ret)
{
    _cleanup_(freep) struct host *hosts = calloc(plan->hosts, sizeof(*hosts));
    _cleanup_(freep) uint32_t *heap = calloc(plan->hosts, sizeof(*heap));
    struct fleet f = {.plan = plan, .hosts = hosts, .heap = heap, .dice = plan->seed};
    int r = -ENOMEM;

    *ret = (struct fleet_outcome){.seconds = plan->until / FLEET_SECOND + 1};
    ret->a_second = calloc(ret->seconds, sizeof(*ret->a_second));
    f.outcome = ret;
    if (hosts && heap && ret->a_second) {
        play(&f);
        r = sum_up(&f);
    }
    if (r < 0)
        fleet_done(ret);
    return r;
}

void fleet_done(struct fleet_outcome *o)
{
    free(o->a_second);
    *o = (struct fleet_outcome){0};
}
