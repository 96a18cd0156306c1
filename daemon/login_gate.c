/* SPDX-License-Identifier: MIT */
#include "login_gate.h"

#include <ctype.h>
#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

TAILQ_HEAD(queue, login_pass);

struct login_service {
    char *origin; /* its key */
    struct login_gate *gate;
    unsigned under_way;
    struct queue first, others;
    struct later turn;
};

struct login_gate {
    struct later_queue *queue;
    unsigned limit;
    void *services; /* tsearch(3), by origin: those that have a login here */
};

/* ---- services */

/* "scheme://host[:port]" in lower case, without the port that goes without saying. */
static char *origin_of(const char *endpoint)
{
    const char *authority = strstr(endpoint, "://");
    size_t length;
    char *origin;

    authority = authority ? authority + 3 : endpoint;
    origin = strndup(endpoint, (size_t)(authority - endpoint) + strcspn(authority, "/?#"));
    if (!origin)
        return NULL;
    for (char *p = origin; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    length = strlen(origin);
    if (!strncmp(origin, "https:", 6) && length > 4 && !strcmp(origin + length - 4, ":443"))
        origin[length - 4] = '\0';
    if (!strncmp(origin, "http:", 5) && length > 3 && !strcmp(origin + length - 3, ":80"))
        origin[length - 3] = '\0';
    return origin;
}

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct login_service *)a)->origin,
                  ((const struct login_service *)b)->origin);
}

static void service_free(struct login_service *s)
{
    later_done(&s->turn);
    free(s->origin);
    free(s);
}

static void take_turns(void *userdata);

static struct login_service *service_new(struct login_gate *g, char *origin)
{
    struct login_service *s = calloc(1, sizeof(*s));

    if (!s || !origin) {
        free(s);
        free(origin);
        return NULL;
    }
    s->origin = origin;
    s->gate = g;
    TAILQ_INIT(&s->first);
    TAILQ_INIT(&s->others);
    later_init(&s->turn, g->queue, take_turns, s);
    return s;
}

static struct login_service *find_or_add(struct login_gate *g, const char *endpoint)
{
    struct login_service *s = service_new(g, origin_of(endpoint ? endpoint : "")), **found;

    if (!s)
        return NULL;
    found = tsearch(s, &g->services, compare);
    if (!found || *found != s)
        service_free(s);
    return found ? *found : NULL;
}

/* ---- turns */

static struct login_pass *next_of(const struct login_service *s)
{
    return TAILQ_EMPTY(&s->first) ? TAILQ_FIRST(&s->others) : TAILQ_FIRST(&s->first);
}

static void unqueue(struct login_pass *p)
{
    if (p->is_first)
        TAILQ_REMOVE(&p->service->first, p, entry);
    else
        TAILQ_REMOVE(&p->service->others, p, entry);
}

static void go_through(struct login_pass *p)
{
    p->is_through = true;
    p->service->under_way++;
}

/* In the loop's own time: a login that fails as it begins makes room for the next one, and a thousand of
 * them are not to be a thousand calls deep. Without memory for that it is to go on all the same. */
static void schedule(struct login_service *s)
{
    if (next_of(s) && s->under_way < s->gate->limit && later_schedule(&s->turn) < 0)
        take_turns(s);
}

static void take_turns(void *userdata)
{
    struct login_service *s = userdata;
    struct login_pass *p = next_of(s);

    if (!p || s->under_way >= s->gate->limit)
        return;
    unqueue(p);
    go_through(p);
    schedule(s);
    p->admit(p); /* with it, the service may go */
}

int login_gate_enter(struct login_gate *g, const char *endpoint, struct login_pass *p)
{
    struct login_service *s = find_or_add(g, endpoint);

    if (!s)
        return -ENOMEM;
    p->service = s;
    p->is_through = p->is_first = false;
    if (!next_of(s) && s->under_way < g->limit) {
        go_through(p);
        return 1;
    }
    TAILQ_INSERT_TAIL(&s->others, p, entry);
    return 0;
}

void login_gate_hurry(struct login_pass *p)
{
    if (!p->service || p->is_through || p->is_first)
        return;
    unqueue(p);
    p->is_first = true;
    TAILQ_INSERT_TAIL(&p->service->first, p, entry);
}

void login_gate_leave(struct login_pass *p)
{
    struct login_service *s = p->service;

    if (!s)
        return;
    if (p->is_through)
        s->under_way--;
    else
        unqueue(p);
    p->service = NULL;
    if (s->under_way > 0 || next_of(s)) {
        schedule(s);
        return;
    }
    tdelete(s, &s->gate->services, compare);
    service_free(s);
}

/* ---- life */

static void schedule_node(const void *node, VISIT which, void *userdata _unused_)
{
    if (which == postorder || which == leaf)
        schedule(*(struct login_service *const *)node);
}

void login_gate_set_limit(struct login_gate *g, unsigned limit)
{
    g->limit = limit;
    twalk_r(g->services, schedule_node, NULL);
}

int login_gate_new(struct later_queue *queue, unsigned limit, struct login_gate **ret)
{
    struct login_gate *g = calloc(1, sizeof(*g));

    if (!g)
        return -ENOMEM;
    g->queue = queue;
    g->limit = limit;
    *ret = g;
    return 0;
}

void login_gate_free(struct login_gate *g)
{
    if (!g)
        return;
    free(g);
}
