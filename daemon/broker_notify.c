/* SPDX-License-Identifier: MIT */
/*
 * What systemd gets to know while the daemon runs: when it is ready, how long that may take, and how its
 * clouds are. One usable cloud makes it ready, and so does the end of all first logins, however they went, or of
 * the time in which each should have ended: units that wait for the daemon start then, and hear from its
 * socket what is wrong.
 */
#include "broker_private.h"

#include "log.h"
#include "log_ids.h"

#include <inttypes.h>
#include <systemd/sd-daemon.h>

#define STATUS_INTERVAL (100 * USEC_PER_MSEC) /* at least, between two of them */
#define STATUS_ACCURACY (10 * USEC_PER_MSEC)
#define START_MARGIN (10 * USEC_PER_SEC)

void broker_notify_status(const struct broker *b)
{
    size_t usable = 0;
    const struct cloud *bad = NULL;

    for (size_t i = 0; i < b->clouds.n; i++) {
        if (cloud_session(b->clouds.all[i]))
            usable++;
        else
            bad = b->clouds.all[i];
    }
    if (bad)
        (void)sd_notifyf(false, "STATUS=%zu of %zu clouds ready; %s is %s%s%s", usable, b->clouds.n,
                         bad->config.name, cloud_state_name(bad->state),
                         bad->last_problem ? ": " : "",
                         bad->last_problem ? bad->last_problem->detail : "");
    else
        (void)sd_notifyf(false, "STATUS=%zu of %zu clouds ready", usable, b->clouds.n);
}

/* How long a first login may take, and some time to hear of its end and say so. */
static usec_t patience(const struct broker *b)
{
    usec_t longest = 0;

    for (size_t i = 0; i < b->config->n_clouds; i++)
        if (b->config->clouds[i].login_timeout > longest)
            longest = b->config->clouds[i].login_timeout;
    return longest + START_MARGIN;
}

static int on_overdue(sd_event_source *source, uint64_t usec, void *userdata);

/* A login may be under way when the time is over: nothing else would have us look then. */
void broker_notify_patience(struct broker *b)
{
    if (b->ready)
        return;
    (void)sd_notifyf(false, "EXTEND_TIMEOUT_USEC=%" PRIu64, patience(b));
    b->overdue = sd_event_source_disable_unref(b->overdue);
    (void)sd_event_add_time(b->event, &b->overdue, CLOCK_BOOTTIME, b->began + patience(b),
                            STATUS_ACCURACY, on_overdue, b);
}

/* With many clouds at a service that hangs, the last of the first logins ends late: nobody waits for that. */
static bool may_be_called_ready(const struct broker *b)
{
    for (size_t i = 0; i < b->clouds.n; i++)
        if (cloud_session(b->clouds.all[i]))
            return true;
    return clouds_settled(&b->clouds) || clock_boottime() >= b->began + patience(b);
}

static void say(struct broker *b, bool is_ready)
{
    b->notice = sd_event_source_disable_unref(b->notice);
    b->said = clock_boottime();
    broker_notify_status(b);
    if (b->ready)
        return;
    if (!is_ready && !may_be_called_ready(b)) {
        broker_notify_patience(b);
        return;
    }
    b->ready = true;
    b->overdue = sd_event_source_disable_unref(b->overdue);
    (void)sd_notify(false, "READY=1");
    log_with(LOG_INFO, &(struct log_fields){.message_id = MESSAGE_READY}, "ready");
}

static int on_notice(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata)
{
    struct broker *b = userdata;

    if (!b->exchange_host.stopping)
        say(b, false);
    return 0;
}

static int on_overdue(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata)
{
    struct broker *b = userdata;

    if (b->configured && !b->exchange_host.stopping)
        say(b, false);
    return 0;
}

/* What comes after a while in which nothing changed is said at once, as is what makes us ready; for
 * the rest all clouds would be looked at, and systemd told, once for each of them. */
void broker_on_cloud_changed(const struct cloud *c, void *userdata)
{
    struct broker *b = userdata;
    bool makes_ready = !b->ready && c && cloud_session(c);
    usec_t due = b->said + STATUS_INTERVAL;

    if (!b->configured || b->exchange_host.stopping || (b->notice && !makes_ready))
        return;
    if (makes_ready || clock_boottime() >= due ||
        sd_event_add_time(b->event, &b->notice, CLOCK_BOOTTIME, due, STATUS_ACCURACY, on_notice,
                          b) < 0)
        say(b, makes_ready);
}
