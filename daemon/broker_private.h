/* SPDX-License-Identifier: MIT */
/* What the files of the broker room know of each other: broker.c makes the daemon, runs it and takes it
 * apart; broker_config.c has its configuration and the reload, broker_notify.c what systemd is told,
 * broker_stop.c the end, and broker_check.c what --check does instead of running. */
#ifndef BROKER_PRIVATE_H
#define BROKER_PRIVATE_H

#include "broker.h"
#include "clouds.h"
#include "exchange.h"
#include "listen.h"

#include <systemd/sd-event.h>

struct broker {
    struct broker_options options;
    struct config *config;
    sd_event *event;
    struct later_queue *queue;
    struct upstream *upstream;
    struct login_gate *gate;
    struct server *server;
    struct metrics *metrics;
    struct store *store;
    struct quota *quota;
    struct audit *audit;
    struct clouds clouds;
    struct cloud_host cloud_host;
    struct exchange_host exchange_host;
    struct listen_socket socket;
    usec_t began;    /* CLOCK_BOOTTIME: the first logins */
    bool configured; /* from here on the clouds' states mean something */
    bool ready;      /* and systemd has been told so */
    sd_event_source
        *notice; /* broker_notify.c: what has changed is said then; NULL: all was said */
    sd_event_source *overdue; /* the first logins' time is over then; NULL: we are ready */
    usec_t said;              /* when it last was, CLOCK_BOOTTIME */

    /* broker_stop.c; that the stop has begun is in exchange_host. */
    sd_event_source *drained;
    sd_event_source *patience;
    sd_event_source *grace;
    usec_t stop_until; /* CLOCK_MONOTONIC */
    bool grace_is_over;
    bool leaving; /* nothing is left but revocations */
};

/* The configuration that the options lead to. 0 or a negative errno, with ret_error set to a sentence that
 * says what to do. */
int broker_load_config(const struct broker_options *options, struct config **ret, char **ret_error);

/* Has the log's level and the limits be what the configuration says, and warns of what is unwise in it. */
void broker_apply_config(struct broker *b);

/* Says how the clouds are, for `systemctl status`. */
void broker_notify_status(const struct broker *b);

/* READY comes when a first login has ended: systemd is to wait for that, however long it may take. With each
 * one that ends while others wait for their turn it is asked for that time anew. */
void broker_notify_patience(struct broker *b);

/* The callbacks; their userdata is the broker. Without a cloud all are meant. */
void broker_on_cloud_changed(const struct cloud *c, void *userdata);
int broker_on_reload(sd_event_source *source, const struct signalfd_siginfo *si, void *userdata);
int broker_on_stop(sd_event_source *source, const struct signalfd_siginfo *si, void *userdata);

#endif
