/* SPDX-License-Identifier: MIT */
/*
 * libmicrohttpd on sd_event, through its epoll descriptor. Waiting requests are suspended
 * connections; as libmicrohttpd does not look at those, each connection has an event source of its
 * own that notices when its client goes away.
 */
#include "server_private.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#define RUNS_AT_ONCE 16
#define REQUESTS_AT_ONCE 64
#define HALF_CLOSED_PATIENCE 600U /* s without a byte moving */
#define FAREWELL_TIME (5 * USEC_PER_SEC)
#define FAREWELL_ACCURACY (250 * USEC_PER_MSEC)

/* ---- connections */

/*
 * A client that has said all it has to say, and waits for the answer. libmicrohttpd reads once more
 * from a connection that is resumed, takes the end that it finds for the client's own, and closes;
 * those with a timeout of their own it looks after before it reads from any. The timeout itself is for
 * a body that will never be whole.
 */
static void half_close(struct connection *c)
{
    (void)MHD_set_connection_option(c->mhd, MHD_CONNECTION_OPTION_TIMEOUT, HALF_CLOSED_PATIENCE);
}

static int on_hangup(sd_event_source *source, int fd _unused_, uint32_t events, void *userdata)
{
    struct connection *c = userdata;

    if (c->passed) {
        request_end_passed(c);
        return sd_event_source_set_enabled(source, SD_EVENT_OFF);
    }
    if (!(events & (EPOLLHUP | EPOLLERR))) {
        half_close(c);
        return 0;
    }
    c->gone = true;
    request_wake(&c->request);
    return sd_event_source_set_enabled(source, SD_EVENT_OFF);
}

static int descriptor_of(struct MHD_Connection *mhd)
{
    return MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

/* libmicrohttpd takes it for the client's doing, and closes. */
static void hang_up(struct MHD_Connection *mhd)
{
    (void)shutdown(descriptor_of(mhd), SHUT_RDWR);
}

static int on_farewell(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata)
{
    struct connection *c = userdata;

    hang_up(c->mhd);
    return 0;
}

static void connection_free(struct connection *c)
{
    if (!c)
        return;
    if (c->link)
        *c->link = c->next;
    if (c->next)
        c->next->link = c->link;
    c->listener->server->newcomers -= c->newcomer;
    sd_event_source_disable_unref(c->hangup);
    sd_event_source_disable_unref(c->farewell);
    unit_lookup_cancel(&c->unit_lookup);
    if (c->admitted)
        quota_give_back(c->listener->server->quota, c->quota, c->peer.uid);
    peer_done(&c->peer);
    free(c);
}
DEFINE_CLEANUP(struct connection *, connection_free)

/* As one of its user's connections, or as one that will only be told that there are too many. */
static bool admit(struct connection *c)
{
    struct quota *quota = c->listener->server->quota;
    int r;

    c->quota = QUOTA_CONNECTIONS;
    r = quota_take(quota, c->quota, c->peer.uid);
    if (r == QUOTA_OVER) {
        c->quota = QUOTA_FAREWELLS;
        r = quota_take(quota, c->quota, c->peer.uid);
    }
    c->admitted = r == 0;
    return c->admitted;
}

static void on_unit(struct unit_lookup *l, char *unit)
{
    struct connection *c =
        (struct connection *)((char *)l - offsetof(struct connection, unit_lookup));

    c->peer.unit = unit;
    request_wake(&c->request);
}

static int know_peer(struct connection *c)
{
    int pidfd, r = peer_complete(descriptor_of(c->mhd), &c->peer, &pidfd);

    if (r != PEER_HIDDEN)
        return r;
    c->unit_lookup.found = on_unit;
    unit_lookup_start(c->listener->server->units, &c->unit_lookup, c->peer.pid, pidfd);
    return 0;
}

/* Of somebody who is not going to be served, no more has to be known. */
static int watch(struct connection *c)
{
    sd_event *event = c->listener->server->event;
    int r;

    if (c->quota == QUOTA_FAREWELLS)
        return sd_event_add_time_relative(event, &c->farewell, CLOCK_MONOTONIC, FAREWELL_TIME,
                                          FAREWELL_ACCURACY, on_farewell, c);
    r = know_peer(c);
    if (r >= 0)
        r = sd_event_add_io(event, &c->hangup, descriptor_of(c->mhd), EPOLLRDHUP | EPOLLET,
                            on_hangup, c);
    /* Before libmicrohttpd sees it. */
    return r < 0 ? r : sd_event_source_set_priority(c->hangup, SD_EVENT_PRIORITY_IMPORTANT);
}

static struct connection *connection_new(struct listener *l, struct MHD_Connection *mhd)
{
    _cleanup_(connection_freep) struct connection *c = calloc(1, sizeof(*c));

    if (!c)
        return NULL;
    c->listener = l;
    c->mhd = mhd;
    c->passing = -1;
    if (peer_get(descriptor_of(mhd), l->name, &c->peer) < 0 || !admit(c) || watch(c) < 0)
        return NULL;
    c->next = l->connections;
    if (c->next)
        c->next->link = &c->next;
    c->link = &l->connections;
    l->connections = c;
    c->newcomer = true;
    l->server->newcomers++;
    return TAKE_PTR(c);
}

static void on_connection(void *userdata, struct MHD_Connection *mhd, void **context,
                          enum MHD_ConnectionNotificationCode what)
{
    struct listener *l = userdata;

    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        *context = connection_new(l, mhd);
        if (!*context)
            hang_up(mhd);
        l->server->connections++;
    } else {
        connection_free(*context);
        *context = NULL;
        l->server->connections--;
    }
}

/* ---- the loop */

/* Its epoll descriptor tells of news only: what was left undone shows here. */
static bool has_left_undone(struct listener *l)
{
    MHD_UNSIGNED_LONG_LONG timeout;

    return MHD_get_timeout(l->mhd, &timeout) == MHD_YES && timeout == 0;
}

/* When several ask at once, the first ones have their answers, and ask again, before the last one has his:
 * that need not wait for a round of the event loop, unless there are large bodies, which take turns by it. */
static bool has_more_to_come(const struct listener *l, size_t begun)
{
    return l->begun > 1 && l->large == 0 && begun < REQUESTS_AT_ONCE;
}

static void run(void *userdata)
{
    struct listener *l = userdata;
    size_t begun = 0;

    listener_take_turns(l);
    for (int i = 0; i < RUNS_AT_ONCE; i++) {
        l->moved = false;
        l->begun = 0;
        (void)MHD_run(l->mhd);
        begun += l->begun;
        if (!has_left_undone(l) && !has_more_to_come(l, begun))
            return;
        /* So does who waits without being suspended: when nothing has come of a run, there is no
         * other. A long head comes in pieces that show in nothing else. */
        if (l->in_place > 0 && !l->moved && (l->heads == 0 || i + 1 == RUNS_AT_ONCE))
            return;
    }
    (void)later_schedule(&l->again);
}

static int on_io(sd_event_source *source _unused_, int fd _unused_, uint32_t events _unused_,
                 void *userdata)
{
    struct listener *l = userdata;

    later_begin(l->server->queue);
    run(l);
    later_end(l->server->queue);
    return 0;
}

static size_t keep_escapes(void *userdata _unused_, struct MHD_Connection *mhd _unused_, char *text)
{
    return strlen(text);
}

static unsigned connection_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return 512;
    return limit.rlim_cur > 1000000 ? 1000000 : (unsigned)(limit.rlim_cur / 4 * 3);
}

/* ---- listeners */

/* libmicrohttpd wants nobody suspended when it stops. */
static void resume_all(struct listener *l)
{
    for (struct connection *c = l->connections; c; c = c->next) {
        c->gone = true;
        request_wake(&c->request);
        request_end_passed(c);
    }
    (void)MHD_run(l->mhd);
}

static void listener_free(struct listener *l)
{
    if (!l)
        return;
    if (l->mhd) {
        resume_all(l);
        MHD_stop_daemon(l->mhd);
    }
    sd_event_source_disable_unref(l->io);
    later_done(&l->again);
    free(l->name);
    free(l);
}
DEFINE_CLEANUP(struct listener *, listener_free)

static int start_mhd(struct listener *l, int fd)
{
    struct server *s = l->server;
    const union MHD_DaemonInfo *info;

    l->mhd = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_ALLOW_UPGRADE, 0, NULL, NULL,
        request_on_call, s, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        POOL_SIZE, MHD_OPTION_CONNECTION_LIMIT, connection_limit(), MHD_OPTION_NOTIFY_COMPLETED,
        request_on_completed, s, MHD_OPTION_NOTIFY_CONNECTION, on_connection, l,
        MHD_OPTION_URI_LOG_CALLBACK, request_on_target, s, MHD_OPTION_UNESCAPE_CALLBACK,
        keep_escapes, NULL, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
    if (!l->mhd)
        return -ENOMEM;
    info = MHD_get_daemon_info(l->mhd, MHD_DAEMON_INFO_EPOLL_FD);
    return sd_event_add_io(s->event, &l->io, info->epoll_fd, EPOLLIN, on_io, l);
}

int server_listen(struct server *s, int fd, const char *name)
{
    _cleanup_(listener_freep) struct listener *l = calloc(1, sizeof(*l));
    int r;

    if (l)
        l->name = strdup(name);
    if (!l || !l->name) {
        close(fd);
        return -ENOMEM;
    }
    l->server = s;
    TAILQ_INIT(&l->turns);
    later_init(&l->again, s->queue, run, l);
    r = start_mhd(l, fd);
    if (r < 0) {
        if (!l->mhd)
            close(fd);
        return r;
    }
    l->next = s->listeners;
    s->listeners = TAKE_PTR(l);
    return 0;
}

void server_stop_listening(struct server *s, bool last)
{
    for (struct listener *l = s->listeners; l; l = l->next) {
        int fd;

        if (last)
            run(l);
        fd = MHD_quiesce_daemon(l->mhd);
        if (fd >= 0)
            close(fd);
        run(l); /* what has been sent is read */
    }
}

void server_wake(struct server *s)
{
    for (struct listener *l = s->listeners; l; l = l->next)
        for (struct connection *c = l->connections; c; c = c->next)
            request_wake(&c->request);
}

/* ---- life */

int server_new(sd_event *event, struct later_queue *queue, struct quota *quota,
               server_handler handler, server_observer observer, void *userdata,
               struct server **ret)
{
    _cleanup_(server_freep) struct server *s = calloc(1, sizeof(*s));
    int r;

    if (!s)
        return -ENOMEM;
    s->event = sd_event_ref(event);
    s->queue = queue;
    s->quota = quota;
    s->handler = handler;
    s->observer = observer;
    s->userdata = userdata;
    r = server_idle_new(s);
    if (r >= 0)
        r = unit_bus_new(event, &s->units);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(s);
    return 0;
}

size_t server_connections(const struct server *s)
{
    return s->connections;
}

size_t server_newcomers(const struct server *s)
{
    return s->newcomers;
}

size_t server_requests(const struct server *s)
{
    return s->requests;
}

void server_free(struct server *s)
{
    if (!s)
        return;
    while (s->listeners) {
        struct listener *l = s->listeners;

        s->listeners = l->next;
        listener_free(l);
    }
    unit_bus_free(s->units);
    sd_event_source_disable_unref(s->idle);
    sd_event_unref(s->event);
    free(s);
}
