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

TAILQ_HEAD(lookups, unit_lookup);

struct unit_bus {
    sd_event *event;
    sd_bus *bus; /* NULL: none */
    struct lookups asked,
        waiting; /* the oldest first, and all of `asked` before those of `waiting` */
    unsigned n_asked;
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
    if (l->call) {
        TAILQ_REMOVE(&b->asked, l, entry);
        b->n_asked--;
        l->call = sd_bus_slot_unref(l->call);
    } else {
        TAILQ_REMOVE(&b->waiting, l, entry);
    }
    close(TAKE_FD(l->pidfd));
    l->bus = NULL;
}

static void finish(struct unit_lookup *l, const char *unit)
{
    char *copy = unit && peer_is_alive(l->pidfd) ? strdup(unit) : NULL;

    unit_lookup_cancel(l);
    l->found(l, copy);
}

/* ---- asking */

static void lose_bus(struct unit_bus *b)
{
    struct unit_lookup *l;

    while ((l = TAILQ_FIRST(&b->asked)))
        finish(l, NULL);
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
    const char *path;
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
    struct unit_lookup *l = userdata;
    struct unit_bus *b = l->bus;
    int r = read_answer(m, &unit);

    if (r < 0) {
        const sd_bus_error *said = sd_bus_message_get_error(m);

        complain(b, said && said->message ? said->message : strerror(-r));
    } else {
        b->complained = false;
    }
    finish(l, unit);
    ask_next(b);
    return 0;
}

static int call(struct unit_bus *b, struct unit_lookup *l)
{
    sd_bus_message *m = NULL;
    int r = connect_bus(b);

    if (r >= 0)
        r = sd_bus_message_new_method_call(b->bus, &m, MANAGER, MANAGER_PATH, MANAGER ".Manager",
                                           "GetUnitByPID");
    if (r >= 0)
        r = sd_bus_message_append(m, "u", (uint32_t)l->pid);
    if (r >= 0)
        /* Where systemd is not the manager, nobody is to try and start it. */
        r = sd_bus_message_set_auto_start(m, false);
    if (r >= 0)
        r = sd_bus_call_async(b->bus, &l->call, m, on_answer, l, 0);
    sd_bus_message_unref(m);
    return r;
}

static void ask_next(struct unit_bus *b)
{
    struct unit_lookup *l;

    while (b->n_asked < CALLS_MOST && (l = TAILQ_FIRST(&b->waiting))) {
        int r = call(b, l);

        if (r < 0) {
            complain(b, strerror(-r));
            finish(l, NULL);
            continue;
        }
        TAILQ_REMOVE(&b->waiting, l, entry);
        TAILQ_INSERT_TAIL(&b->asked, l, entry);
        b->n_asked++;
    }
}

/* ---- patience */

static struct unit_lookup *oldest(const struct unit_bus *b)
{
    return TAILQ_EMPTY(&b->asked) ? TAILQ_FIRST(&b->waiting) : TAILQ_FIRST(&b->asked);
}

static int on_deadline(sd_event_source *source, uint64_t usec _unused_, void *userdata)
{
    struct unit_bus *b = userdata;
    usec_t now = clock_monotonic();
    struct unit_lookup *l;

    while ((l = oldest(b)) && l->until <= now) {
        complain(b, "it does not answer in time");
        finish(l, NULL);
    }
    ask_next(b);
    l = oldest(b);
    if (l && sd_event_source_set_time(source, l->until) >= 0 &&
        sd_event_source_set_enabled(source, SD_EVENT_ONESHOT) >= 0)
        return 0;
    b->deadline = sd_event_source_disable_unref(b->deadline);
    return 0;
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
    TAILQ_INIT(&b->asked);
    TAILQ_INIT(&b->waiting);
    *ret = b;
    return 0;
}

void unit_bus_free(struct unit_bus *b)
{
    if (!b)
        return;
    sd_event_source_disable_unref(b->deadline);
    sd_bus_close_unref(b->bus);
    sd_event_unref(b->event);
    free(b);
}
