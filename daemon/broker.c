/* SPDX-License-Identifier: MIT */
#include "broker.h"

#include "audit.h"
#include "clouds.h"
#include "exchange.h"
#include "listen.h"
#include "log.h"
#include "log_ids.h"
#include "metrics.h"
#include "passed.h"
#include "route.h"
#include "server.h"
#include "store.h"
#include "upstream.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

/* A stop takes 10 s at most: for what is in flight to be answered, or to be told that it will not be, and
 * behind that for tokens to be revoked. */
#define STOP_TIME (9500 * USEC_PER_MSEC)
#define STOP_FAREWELL (500 * USEC_PER_MSEC)
#define STOP_REVOCATIONS (5 * USEC_PER_SEC)       /* at most */
#define STOP_REVOCATIONS_LEAST (2 * USEC_PER_SEC) /* also when requests take all their time */
#define STOP_ACCURACY (100 * USEC_PER_MSEC)
#define START_MARGIN (10 * USEC_PER_SEC) /* to hear of a login's end and say so */

struct broker {
    struct broker_options options;
    struct config *config;
    sd_event *event;
    struct upstream *upstream;
    struct server *server;
    struct metrics *metrics;
    struct store *store;
    struct quota *quota;
    struct audit *audit;
    struct clouds clouds;
    struct cloud_host cloud_host;
    struct exchange_host exchange_host;
    struct listen_socket socket;
    sd_event_source *drained;
    sd_event_source *patience;
    usec_t stop_until; /* CLOCK_MONOTONIC */
    bool leaving;      /* nothing is left but revocations */
    bool configured;   /* from here on the clouds' states mean something */
    bool ready;
};

/* ---- what systemd gets to know */

static void notify_status(const struct broker *b)
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

/* READY comes when a first login has ended: systemd is to wait for that, however long it may take. */
static void notify_patience(const struct broker *b)
{
    usec_t longest = 0;

    for (size_t i = 0; i < b->config->n_clouds; i++)
        if (b->config->clouds[i].login_timeout > longest)
            longest = b->config->clouds[i].login_timeout;
    if (!b->ready)
        (void)sd_notifyf(false, "EXTEND_TIMEOUT_USEC=%" PRIu64, longest + START_MARGIN);
}

static bool may_be_called_ready(const struct broker *b)
{
    for (size_t i = 0; i < b->clouds.n; i++)
        if (cloud_session(b->clouds.all[i]))
            return true;
    return clouds_settled(&b->clouds);
}

static void on_cloud_changed(void *userdata)
{
    struct broker *b = userdata;

    if (!b->configured || b->exchange_host.stopping)
        return;
    notify_status(b);
    if (!b->ready && may_be_called_ready(b)) {
        b->ready = true;
        (void)sd_notify(false, "READY=1");
        log_with(LOG_INFO, &(struct log_fields){.message_id = MESSAGE_READY}, "ready");
    }
}

/* ---- configuration */

static int load_config(const struct broker_options *o, struct config **ret, char **ret_error)
{
    int r;

    if (o->from_env)
        return config_from_environment(ret, ret_error);
    if (!o->credential_file && !o->auth_url)
        return config_load(o->config_path, ret, ret_error);
    r = config_default(o->credential_file, o->auth_url, ret);
    if (r == -EINVAL)
        *ret_error = strdup("--auth-url takes the URL of an identity service, for example "
                            "https://identity.api.rackspacecloud.com/v2.0");
    return r;
}

static void apply_config(struct broker *b)
{
    const struct config *c = b->config;

    log_set_level(b->options.log_level >= 0 ? b->options.log_level : c->log_level);
    quota_set_limits(b->quota, &c->quotas);
    for (size_t i = 0; i < c->n_warnings; i++)
        log_warning("%s", c->warnings[i]);
    for (size_t i = 0; i < c->n_clouds; i++)
        if (!c->clouds[i].verify_ssl)
            log_warning("cloud %s has verify_ssl = no: ANYBODY ON THE WAY CAN TAKE THE KEY AND THE "
                        "TOKEN; give ca_file instead",
                        c->clouds[i].name);
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && !strcmp(a, b));
}

static int reload(struct broker *b, char **ret_error)
{
    struct config *fresh = NULL, *old = b->config;
    int r;

    r = load_config(&b->options, &fresh, ret_error);
    if (r < 0)
        return r;
    r = clouds_configure(&b->clouds, &b->cloud_host, fresh, false, ret_error);
    if (r < 0) {
        config_free(fresh);
        return r;
    }
    if (!same_text(old->socket, fresh->socket) || old->socket_group != fresh->socket_group ||
        old->socket_mode != fresh->socket_mode)
        log_warning("%s: socket, socket_mode and socket_group count from the next restart on",
                    fresh->path);
    b->config = fresh;
    b->exchange_host.policy =
        fresh->policy; /* for those too who wait: the clouds have woken them */
    config_free(old);
    config_forget_keys(b->config);
    apply_config(b);
    notify_patience(b);
    return 0;
}

/* ---- signals */

static int on_reload(sd_event_source *source _unused_, const struct signalfd_siginfo *si,
                     void *userdata)
{
    const struct peer sender = {.uid = si->ssi_uid, .gid = LOG_NO_GID, .pid = (pid_t)si->ssi_pid};
    _cleanup_(freep) char *error = NULL;
    struct broker *b = userdata;
    int r = 0;

    (void)sd_notifyf(false, "RELOADING=1\nMONOTONIC_USEC=%llu\nSTATUS=reloading",
                     (unsigned long long)clock_monotonic());
    if (!b->options.from_env)
        r = reload(b, &error);
    if (b->options.from_env)
        log_notice("there is nothing to reload: the configuration came from the environment");
    else
        audit_reload(si->ssi_code == SI_USER ? &sender : NULL,
                     r < 0 ? (error ? error : strerror(-r)) : NULL);
    notify_status(b);
    if (b->ready)
        (void)sd_notify(false, "READY=1");
    return 0;
}

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

static int on_drained(sd_event_source *source _unused_, void *userdata)
{
    struct broker *b = userdata;

    if (b->leaving)
        return clouds_are_revoking(&b->clouds) ? 0 : sd_event_exit(b->event, 0);
    return server_requests(b->server) == 0 ? leave(b) : 0;
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

static int on_stop(sd_event_source *source _unused_, const struct signalfd_siginfo *si _unused_,
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
    clouds_wake(&b->clouds);
    b->stop_until = clock_monotonic() + STOP_TIME;
    r = set_patience(b, b->stop_until - STOP_FAREWELL - least, on_patience);
    if (r >= 0)
        r = sd_event_add_post(b->event, &b->drained, on_drained, b);
    if (r < 0)
        return sd_event_exit(b->event, 0);
    return server_requests(b->server) == 0 ? leave(b) : 0;
}

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
    r = sd_event_add_signal(b->event, NULL, SIGTERM, on_stop, b);
    if (r >= 0)
        r = sd_event_add_signal(b->event, NULL, SIGINT, on_stop, b);
    if (r >= 0)
        r = sd_event_add_signal(b->event, NULL, SIGHUP, on_reload, b);
    return r;
}

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

    r = server_new(b->event, b->quota, route_request, on_request_end, &b->exchange_host,
                   &b->server);
    if (r < 0)
        return r;
    b->exchange_host.server = b->server;
    r = passed_take(b->server, b->options.socket, b->store, ret_error);
    if (r == 0)
        r = listen_own(b, ret_error);
    return r < 0 ? r : 0;
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
    notify_patience(b);
    b->cloud_host.store = b->store;
    r = clouds_configure(&b->clouds, &b->cloud_host, b->config, false, ret_error);
    if (r < 0)
        return r;
    store_remove_untaken(b->store);
    config_forget_keys(b->config);
    b->configured = true;
    on_cloud_changed(b);
    return sd_event_loop(b->event);
}

/* ---- the check */

static bool check_done(const struct cloud *c)
{
    return !c->credential || c->logins_finished > 0;
}

static bool report(const struct cloud *c)
{
    _cleanup_(problem_freep) struct problem *p = NULL;
    const struct session *s = cloud_session(c);

    if (s && !s->token) {
        printf("%s: ok: there is no identity service, nobody logs in\n", c->config.name);
        return true;
    }
    if (s) {
        printf("%s: ok: logged in as %s, the token lives for %llu s, %zu service%s%s\n",
               c->config.name, s->user_name ? s->user_name : "?",
               (unsigned long long)session_seconds_left(s, clock_boottime()),
               s->catalog->n_services, s->catalog->n_services == 1 ? "" : "s",
               c->config.verify_ssl ? "" : "; NOT VERIFIED, for it has verify_ssl = no");
        return true;
    }
    p = cloud_explain(c);
    if (p)
        printf("%s: %s: %s\n", c->config.name, problem_word(p->code), p->detail);
    return false;
}

int broker_check(struct broker *b)
{
    _cleanup_(freep) char *error = NULL;
    bool all_well = true;
    int r;

    /* forgiving: each cloud has its line */
    r = clouds_configure(&b->clouds, &b->cloud_host, b->config, true, &error);
    if (r < 0) {
        printf("%s\n", error ? error : strerror(-r));
        return 1;
    }
    for (size_t i = 0; i < b->clouds.n; i++) {
        while (!check_done(b->clouds.all[i]) && r >= 0)
            r = sd_event_run(b->event, UINT64_MAX);
        all_well &= report(b->clouds.all[i]);
    }
    return all_well && r >= 0 ? 0 : 1;
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
    r = load_config(options, &b->config, ret_error);
    if (r < 0)
        return r;
    r = sd_event_default(&b->event);
    if (r >= 0)
        r = upstream_new(b->event, &b->upstream);
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
        .audit = b->audit,
        .changed = on_cloud_changed,
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
    apply_config(b);
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
    upstream_free(b->upstream);
    metrics_free(b->metrics);
    quota_free(b->quota);
    audit_free(b->audit);
    listen_socket_done(&b->socket);
    sd_event_source_disable_unref(b->drained);
    sd_event_source_disable_unref(b->patience);
    sd_event_unref(b->event);
    config_free(b->config);
    free(b);
}
