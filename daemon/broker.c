/* SPDX-License-Identifier: MIT */
/*
 * Puts the rooms together, lets them run and takes them apart, each in an order that matters: signals
 * are caught before a socket can be seen, and requests end before what they hold on to.
 */
#include "broker_private.h"

#include "audit.h"
#include "log.h"
#include "metrics.h"
#include "passed.h"
#include "route.h"
#include "server.h"
#include "store.h"
#include "upstream.h"

#include <errno.h>
#include <signal.h>

/* ---- listening */

static void on_request_end(const struct request *r, void *userdata)
{
    const struct log_fields fields = {.peer = r->peer};
    struct exchange_host *host = userdata;

    /* Not the target: a path or a query may be as secret as a signed URL. */
    log_with(LOG_DEBUG, &fields, "%s %s: %u", r->method, route_names[r->route], r->status);
    metrics_count_request(host->metrics, (size_t)r->route, r->status);
}

static int listen_own(struct broker *b, char **ret_error)
{
    _cleanup_(freep) char *usual = NULL;
    const char *path = b->options.socket ? b->options.socket : b->config->socket;
    int r;

    if (!path) {
        r = listen_default_path(&usual, ret_error);
        if (r < 0)
            return r;
        path = usual;
    }
    r = listen_socket_make(path, b->config->socket_mode, b->config->socket_group, &b->socket,
                           ret_error);
    if (r < 0)
        return r;
    log_info("listening on %s", path);
    return server_listen(b->server, b->socket.fd, LISTEN_OWN_NAME);
}

static int start_listening(struct broker *b, char **ret_error)
{
    int r;

    r = server_new(b->event, b->queue, b->quota, route_request, on_request_end, &b->exchange_host,
                   &b->server);
    if (r < 0)
        return r;
    b->exchange_host.server = b->server;
    r = passed_take(b->server, b->options.socket, b->store, ret_error);
    if (r == 0)
        r = listen_own(b, ret_error);
    return r < 0 ? r : 0;
}

/* ---- running */

static int add_signals(struct broker *b)
{
    sigset_t mask;
    int r;

    (void)signal(SIGPIPE, SIG_IGN);
    sigemptyset(&mask);
    sigaddset(&mask, SIGTERM);
    sigaddset(&mask, SIGINT);
    sigaddset(&mask, SIGHUP);
    if (sigprocmask(SIG_BLOCK, &mask, NULL) < 0)
        return -errno;
    r = sd_event_add_signal(b->event, NULL, SIGTERM, broker_on_stop, b);
    if (r >= 0)
        r = sd_event_add_signal(b->event, NULL, SIGINT, broker_on_stop, b);
    if (r >= 0)
        r = sd_event_add_signal(b->event, NULL, SIGHUP, broker_on_reload, b);
    return r;
}

int broker_run(struct broker *b, char **ret_error)
{
    int r;

    /* Whoever sees the socket may send signals. */
    r = add_signals(b);
    if (r >= 0)
        r = store_new(&b->store);
    if (r >= 0)
        r = start_listening(b, ret_error);
    if (r >= 0)
        r = sd_event_set_watchdog(b->event, true);
    if (r < 0)
        return r;
    b->began = clock_boottime();
    broker_notify_patience(b);
    b->cloud_host.store = b->store;
    r = clouds_configure(&b->clouds, &b->cloud_host, b->config, false, ret_error);
    if (r < 0)
        return r;
    store_remove_untaken(b->store);
    config_forget_keys(b->config);
    b->configured = true;
    broker_on_cloud_changed(NULL, b);
    return sd_event_loop(b->event);
}

/* ---- life */

int broker_new(const struct broker_options *options, struct broker **ret, char **ret_error)
{
    _cleanup_(broker_freep) struct broker *b = calloc(1, sizeof(*b));
    int r;

    if (!b)
        return -ENOMEM;
    b->options = *options;
    b->socket = (struct listen_socket){.fd = -1, .lock_fd = -1};
    r = broker_load_config(options, &b->config, ret_error);
    if (r < 0)
        return r;
    r = sd_event_new(&b->event);
    if (r >= 0)
        r = later_queue_new(b->event, &b->queue);
    if (r >= 0)
        r = upstream_new(b->event, b->queue, &b->upstream);
    if (r >= 0)
        r = login_gate_new(b->queue, b->config->logins_at_once, &b->gate);
    if (r >= 0)
        r = metrics_new(route_names, route_count, &b->metrics);
    if (r >= 0)
        r = quota_new(&b->quota);
    if (r >= 0)
        r = audit_new(b->event, &b->audit);
    if (r < 0)
        return r;
    b->cloud_host = (struct cloud_host){
        .event = b->event,
        .upstream = b->upstream,
        .gate = b->gate,
        .audit = b->audit,
        .changed = broker_on_cloud_changed,
        .userdata = b,
    };
    b->exchange_host = (struct exchange_host){
        .event = b->event,
        .clouds = &b->clouds,
        .upstream = b->upstream,
        .metrics = b->metrics,
        .policy = b->config->policy,
        .quota = b->quota,
        .audit = b->audit,
    };
    broker_apply_config(b);
    *ret = TAKE_PTR(b);
    return 0;
}

void broker_free(struct broker *b)
{
    if (!b)
        return;
    /* Requests hold on to clouds and transfers, so that they go first. */
    server_free(b->server);
    clouds_stop(&b->clouds);
    clouds_done(&b->clouds);
    store_free(b->store);
    login_gate_free(b->gate);
    upstream_free(b->upstream);
    metrics_free(b->metrics);
    quota_free(b->quota);
    audit_free(b->audit);
    later_queue_free(b->queue);
    listen_socket_done(&b->socket);
    sd_event_source_disable_unref(b->notice);
    sd_event_source_disable_unref(b->overdue);
    sd_event_source_disable_unref(b->drained);
    sd_event_source_disable_unref(b->patience);
    sd_event_source_disable_unref(b->grace);
    sd_event_unref(b->event);
    config_free(b->config);
    free(b);
}
