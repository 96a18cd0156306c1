/* SPDX-License-Identifier: MIT */
/*
 * The daemon without its process: the rooms put together as broker.c does it, on a loop that only runs
 * when it is told to and never waits. Its clouds' services are http_service.h's, and it is the same
 * before each input: whatever one has changed about a cloud is undone behind it.
 */
#ifndef HTTP_DAEMON_H
#define HTTP_DAEMON_H

#include "exchange.h"

#define HTTP_ASKED_MOST 64

/* A request that has reached the routes. */
struct http_asked {
    char method[16]; /* "": which one it is cannot be told */
    int route;
    bool refused; /* no rule allows it */
};

struct http_daemon {
    struct config *config;
    struct policy *rules; /* http_rules.h's, in place of the configuration's, which are none */
    sd_event *event;
    struct later_queue *queue;
    struct upstream *upstream;
    struct server *server;
    struct metrics *metrics;
    struct quota *quota;
    struct audit *audit;
    struct clouds clouds;
    struct cloud_host cloud_host;
    struct exchange_host exchange_host;

    struct http_cloud *as_made; /* what each cloud is like when nobody has touched it */
    int descriptors;            /* that were open when all was made */

    struct http_asked asked[HTTP_ASKED_MOST];
    size_t n_asked;
};

/* The one that there is; made by the first call, its clouds in order. */
struct http_daemon *http_daemon(void);

/* A new connection to it, one that does not block. */
int http_daemon_connect(struct http_daemon *d);

/* Has the rules hold, until the next restore. */
void http_daemon_set_rules(struct http_daemon *d);
bool http_daemon_is_ruled(const struct http_daemon *d);

/* Lets happen what can; whether that was anything. */
bool http_daemon_run(struct http_daemon *d);

/* Demands that nothing is left of the clients, who have all gone, and undoes what they did. */
void http_daemon_restore(struct http_daemon *d);

#endif
