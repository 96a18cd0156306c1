/* SPDX-License-Identifier: MIT */
#include "unit_lookup.h"

#include "log.h"
#include "peer.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <systemd/sd-bus.h>

#define MANAGER "org.freedesktop.systemd1"
#define MANAGER_PATH "/org/freedesktop/systemd1"
#define ACCURACY (10 * USEC_PER_MSEC)

/* A bus allows a client so many calls without an answer, dbus-daemon 128; and whoever connects in a
 * crowd is not to keep the service manager from its work. */
#define CALLS_MOST 32

/* What the manager has been asked. It counts until there is an answer, also when its asker has gone. */
struct unit_call {
    TAILQ_ENTRY(unit_call) entry;
    struct unit_bus *bus;
    struct unit_lookup *lookup; /* NULL: nobody wants to know any more */
    sd_bus_slot *slot;
    usec_t until;
};

TAILQ_HEAD(calls, unit_call);
TAILQ_HEAD(lookups, unit_lookup);

struct unit_bus {
    sd_event *event;
    sd_bus *bus;            /* NULL: none */
    struct calls calls;     /* the oldest first, and all of them before those who wait */
    struct lookups waiting; /* for their turn */
    unsigned n_calls;
    sd_event_source *deadline;
    bool complained;
};

/* ---- the end of a question */

static void complain(struct unit_bus *b, const char *why)
{
    if (!b->complained)
        log_notice(
            "the service manager cannot be asked for callers' units: %s; until it can, those "
            "that /proc hides have none, and no rule for a unit is met by them",
            why);
    b->complained = true;
}

void unit_lookup_cancel(struct unit_lookup *l)
{
    struct unit_bus *b = l->bus;

    if (!b)
        return;
    if (l->call)
        l->call->lookup = NULL;
    else
        TAILQ_REMOVE(&b->waiting, l, entry);
    close(TAKE_FD(l->pidfd));
    l->call = NULL;
    l->bus = NULL;
}

static void finish(struct unit_lookup *l, const char *unit)
{
    char *copy = unit && peer_is_alive(l->pidfd) ? strdup(unit) : NULL;

    unit_lookup_cancel(l);
    l->found(l, copy);
}

static void end_call(struct unit_call *c, const char *unit)
{
    if (c->lookup)
        finish(c->lookup, unit);
    TAILQ_REMOVE(&c->bus->calls, c, entry);
    c->bus->n_calls--;
    sd_bus_slot_unref(c->slot);
    free(c);
}

/* ---- asking */

static void lose_bus(struct unit_bus *b)
{
    struct unit_call *c;

    while ((c = TAILQ_FIRST(&b->calls)))
        end_call(c, NULL);
    b->bus = sd_bus_close_unref(b->bus);
}

/* Does not wait: what is sent before the bus has greeted us is kept until then. */
static int connect_bus(struct unit_bus *b)
{
    sd_bus *bus = NULL;
    int r;

    if (b->bus && sd_bus_is_open(b->bus) > 0)
        return 0;
    lose_bus(b);
    r = sd_bus_open_system_with_description(&bus, "latchkeyd");
    if (r >= 0)
        /* At the loop's end it would be flushed, and that waits for a bus that may never say anything. */
        r = sd_bus_set_close_on_exit(bus, false);
    if (r >= 0)
        r = sd_bus_attach_event(bus, b->event, SD_EVENT_PRIORITY_NORMAL);
    if (r < 0) {
        sd_bus_close_unref(bus);
        return r;
    }
    b->bus = bus;
    return 0;
}

static void ask_next(struct unit_bus *b);

/* 0 or a negative errno. The unit is NULL where the manager knows of none. */
static int read_answer(sd_bus_message *m, char **ret_unit)
{
    const char *path = NULL;
    int r;

    if (sd_bus_error_has_name(sd_bus_message_get_error(m), MANAGER ".NoUnitForPID"))
        return 0;
    r = -sd_bus_message_get_errno(m);
    if (r == 0)
        r = sd_bus_message_read(m, "o", &path);
    if (r >= 0)
        r = sd_bus_path_decode(path, MANAGER_PATH "/unit", ret_unit);
    return r < 0 ? r : *ret_unit ? 0 : -EBADMSG;
}

static int on_answer(sd_bus_message *m, void *userdata, sd_bus_error *error _unused_)
{
    _cleanup_(freep) char *unit = NULL;
    struct unit_call *c = userdata;
    struct unit_bus *b = c->bus;
    int r = read_answer(m, &unit);

    if (r < 0) {
        const sd_bus_error *said = sd_bus_message_get_error(m);

        complain(b, said && said->message ? said->message : strerror(-r));
    } else {
        b->complained = false;
    }
    end_call(c, unit);
    ask_next(b);
    return 0;
}

static int send_call(struct unit_call *c, pid_t pid)
{
    sd_bus_message *m = NULL;
    int r;

    r = sd_bus_message_new_method_call(c->bus->bus, &m, MANAGER, MANAGER_PATH, MANAGER ".Manager",
                                       "GetUnitByPID");
    if (r >= 0)
        r = sd_bus_message_append(m, "u", (uint32_t)pid);
    if (r >= 0)
        /* Where systemd is not the manager, nobody is to try and start it. */
        r = sd_bus_message_set_auto_start(m, false);
    if (r >= 0)
        r = sd_bus_call_async(c->bus->bus, &c->slot, m, on_answer, c, 0);
    sd_bus_message_unref(m);
    return r;
}

static int ask(struct unit_bus *b, struct unit_lookup *l)
{
    _cleanup_(freep) struct unit_call *c = calloc(1, sizeof(*c));
    int r;

    if (!c)
        return -ENOMEM;
    r = connect_bus(b);
    if (r < 0)
        return r;
    c->bus = b;
    c->until = l->until;
    r = send_call(c, l->pid);
    if (r < 0)
        return r;
    TAILQ_REMOVE(&b->waiting, l, entry);
    TAILQ_INSERT_TAIL(&b->calls, c, entry);
    b->n_calls++;
    c->lookup = l;
    l->call = TAKE_PTR(c);
    return 0;
}

static void ask_next(struct unit_bus *b)
{
    struct unit_lookup *l;

    while (b->n_calls < CALLS_MOST && (l = TAILQ_FIRST(&b->waiting))) {
        int r = ask(b, l);

        if (r < 0) {
            complain(b, strerror(-r));
            finish(l, NULL);
        }
    }
}

/* ---- patience */

/* Who has waited too long: a call, or else a look-up whose turn did not come. False: nobody. */
static bool end_oldest(struct unit_bus *b, usec_t now)
{
    struct unit_call *c = TAILQ_FIRST(&b->calls);
    struct unit_lookup *l = TAILQ_FIRST(&b->waiting);

    if (c && c->until <= now)
        end_call(c, NULL);
    else if (l && l->until <= now)
        finish(l, NULL);
    else
        return false;
    complain(b, "it does not answer in time");
    return true;
}

static int on_deadline(sd_event_source *source, uint64_t usec _unused_, void *userdata)
{
    struct unit_bus *b = userdata;
    usec_t now = clock_monotonic();

    while (end_oldest(b, now))
        ;
    ask_next(b);
    if (TAILQ_EMPTY(&b->calls)) {
        b->deadline = sd_event_source_disable_unref(b->deadline);
        return 0;
    }
    (void)sd_event_source_set_time(source, TAILQ_FIRST(&b->calls)->until);
    return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

void unit_lookup_start(struct unit_bus *b, struct unit_lookup *l, pid_t pid, int pidfd)
{
    l->bus = b;
    l->call = NULL;
    l->until = clock_monotonic() + UNIT_PATIENCE;
    l->pid = pid;
    l->pidfd = pidfd;
    TAILQ_INSERT_TAIL(&b->waiting, l, entry);
    /* One timer, which is set for the oldest again when it has run off: each waits equally long. */
    if (!b->deadline && sd_event_add_time(b->event, &b->deadline, CLOCK_MONOTONIC, l->until,
                                          ACCURACY, on_deadline, b) < 0) {
        finish(l, NULL); /* nobody may wait without an end */
        return;
    }
    ask_next(b);
}

/* ---- life */

int unit_bus_new(sd_event *event, struct unit_bus **ret)
{
    struct unit_bus *b = calloc(1, sizeof(*b));

    if (!b)
        return -ENOMEM;
    b->event = sd_event_ref(event);
    TAILQ_INIT(&b->calls);
    TAILQ_INIT(&b->waiting);
    *ret = b;
    return 0;
}

void unit_bus_free(struct unit_bus *b)
{
    if (!b)
        return;
    lose_bus(b);
    sd_event_source_disable_unref(b->deadline);
    sd_event_unref(b->event);
    free(b);
}
