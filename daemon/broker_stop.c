/* SPDX-License-Identifier: MIT */
/*
 * The end in good order, step by step: nobody new is let in; who was let in just now has a moment to ask, and
 * what is in flight its time to be answered; what takes longer is told that it is cut off; tokens that are to be revoked are. A second signal, or
 * something that fails on the way, ends it at once.
 */
#include "broker_private.h"

#include "log.h"
#include "log_ids.h"
#include "server.h"

#include <systemd/sd-daemon.h>

/* A stop takes 10 s at most: for what is in flight to be answered, or to be told that it will not be, and
 * behind that for tokens to be revoked. */
#define STOP_TIME (9500 * USEC_PER_MSEC)
#define STOP_GRACE (500 * USEC_PER_MSEC) /* between a connection and its first request */
#define STOP_FAREWELL (500 * USEC_PER_MSEC)
#define STOP_REVOCATIONS (5 * USEC_PER_SEC)       /* at most */
#define STOP_REVOCATIONS_LEAST (2 * USEC_PER_SEC) /* also when requests take all their time */
#define STOP_ACCURACY (100 * USEC_PER_MSEC)

static int on_too_late(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata)
{
    struct broker *b = userdata;

    return sd_event_exit(b->event, 0);
}

static int set_patience(struct broker *b, usec_t until, sd_event_time_handler_t handler)
{
    b->patience = sd_event_source_disable_unref(b->patience);
    return sd_event_add_time(b->event, &b->patience, CLOCK_MONOTONIC, until, STOP_ACCURACY, handler,
                             b);
}

/* The last thing: whoever needed a token has had it. */
static int leave(struct broker *b)
{
    usec_t until = clock_monotonic() + STOP_REVOCATIONS;

    b->leaving = true;
    clouds_leave(&b->clouds);
    if (!clouds_are_revoking(&b->clouds))
        return sd_event_exit(b->event, 0);
    (void)sd_notify(false, "STATUS=stopping, tokens are being revoked");
    if (set_patience(b, until < b->stop_until ? until : b->stop_until, on_too_late) < 0)
        return sd_event_exit(b->event, 0);
    return 0;
}

static bool is_drained(const struct broker *b)
{
    return server_requests(b->server) == 0 &&
           (b->grace_is_over || server_newcomers(b->server) == 0);
}

static int on_grace_over(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata)
{
    struct broker *b = userdata;

    b->grace_is_over = true; /* on_drained() looks next */
    return 0;
}

static int on_drained(sd_event_source *source _unused_, void *userdata)
{
    struct broker *b = userdata;

    if (b->leaving)
        return clouds_are_revoking(&b->clouds) ? 0 : sd_event_exit(b->event, 0);
    return is_drained(b) ? leave(b) : 0;
}

static int on_farewell(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata)
{
    return leave(userdata);
}

static int on_patience(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata)
{
    struct broker *b = userdata;
    int r;

    log_warning("requests that took too long and are cut off: %zu", server_requests(b->server));
    b->exchange_host.cut_off = true;
    server_wake(b->server);
    r = set_patience(b, clock_monotonic() + STOP_FAREWELL, on_farewell);
    return r < 0 ? sd_event_exit(b->event, 0) : 0;
}

int broker_on_stop(sd_event_source *source _unused_, const struct signalfd_siginfo *si _unused_,
                   void *userdata)
{
    struct broker *b = userdata;
    usec_t least = clouds_will_revoke(&b->clouds) ? STOP_REVOCATIONS_LEAST : 0;
    bool own;
    int r;

    if (b->exchange_host.stopping)
        return sd_event_exit(b->event, 0); /* somebody is in a hurry */
    b->exchange_host.stopping = true;
    own = b->socket.path != NULL;
    listen_socket_done(&b->socket);
    /* Whoever waits at systemd's sockets will be served by the next daemon. */
    server_stop_listening(b->server, own);
    (void)sd_notifyf(false, "STOPPING=1\nSTATUS=stopping, requests in flight: %zu",
                     server_requests(b->server));
    log_with(LOG_INFO, &(struct log_fields){.message_id = MESSAGE_STOPPING}, "stopping");
    clouds_retire_pages(&b->clouds);
    clouds_wake(&b->clouds);
    b->stop_until = clock_monotonic() + STOP_TIME;
    r = set_patience(b, b->stop_until - STOP_FAREWELL - least, on_patience);
    if (r >= 0)
        r = sd_event_add_post(b->event, &b->drained, on_drained, b);
    if (r >= 0)
        r = sd_event_add_time_relative(b->event, &b->grace, CLOCK_MONOTONIC, STOP_GRACE,
                                       STOP_ACCURACY, on_grace_over, b);
    if (r < 0)
        return sd_event_exit(b->event, 0);
    return is_drained(b) ? leave(b) : 0;
}
