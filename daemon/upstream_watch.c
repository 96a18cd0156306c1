/* SPDX-License-Identifier: MIT */
/*
 * The sockets that something is waited for on, libcurl's while it connects and ours later, in an epoll set of their
 * own, which is one event source of the loop. What has arrived on several of them is handled in one event: what
 * comes of it goes out together, and whoever waits for it at the other end wakes up once.
 *
 * A connection stays in the set from one transfer to the next: what comes in between is its end.
 */
#include "upstream_private.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#define EVENTS_AT_ONCE 16

struct watch {
    struct connection *connection; /* borrowed; NULL: libcurl's */
    uint32_t events;
    bool is_in_set;
};

static int watch_grow(struct upstream *u, int fd)
{
    size_t n = (size_t)fd + 16;
    struct watch *grown;

    if ((size_t)fd < u->n_watches)
        return 0;
    grown = realloc(u->watches, n * sizeof(*grown));
    if (!grown)
        return -ENOMEM;
    memset(grown + u->n_watches, 0, (n - u->n_watches) * sizeof(*grown));
    u->watches = grown;
    u->n_watches = n;
    return 0;
}

static void take_out(struct upstream *u, int fd)
{
    if (u->watches[fd].is_in_set)
        (void)epoll_ctl(u->epoll, EPOLL_CTL_DEL, fd, NULL);
    u->watches[fd].is_in_set = false;
}

static int watch_for(struct upstream *u, int fd, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.fd = fd};
    struct watch *watch = &u->watches[fd];

    if (watch->is_in_set && watch->events == events)
        return 0;
    /* Else the end of the connection would be told, over and over. */
    if (events == 0) {
        take_out(u, fd);
        return 0;
    }
    if (epoll_ctl(u->epoll, watch->is_in_set ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event) < 0)
        return -errno;
    watch->is_in_set = true;
    watch->events = events;
    return 0;
}

void upstream_watch_drop(struct upstream *u, int fd)
{
    if ((size_t)fd >= u->n_watches)
        return;
    take_out(u, fd);
    u->watches[fd] = (struct watch){0};
}

int upstream_watch_connection(struct upstream *u, struct connection *c, uint32_t events)
{
    int r = watch_grow(u, c->fd);

    if (r < 0)
        return r;
    u->watches[c->fd].connection = c;
    return watch_for(u, c->fd, events);
}

static int on_socket(CURL *easy _unused_, curl_socket_t fd, int what, void *userdata,
                     void *socketp _unused_)
{
    struct upstream *u = userdata;
    uint32_t events = 0;

    if (watch_grow(u, fd) < 0)
        return -1;
    if (what == CURL_POLL_REMOVE) {
        if (!u->watches[fd].connection)
            upstream_watch_drop(u, fd);
        return 0;
    }
    if (what & CURL_POLL_IN)
        events |= EPOLLIN;
    if (what & CURL_POLL_OUT)
        events |= EPOLLOUT;
    return watch_for(u, fd, events) < 0 ? -1 : 0;
}

/* ---- what has arrived */

static void handle(struct upstream *u, const struct epoll_event *event)
{
    int fd = event->data.fd, what = 0;

    /* closed by what was done for one of the others */
    if (!u->watches[fd].is_in_set)
        return;
    if (u->watches[fd].connection) {
        connection_act(u->watches[fd].connection, event->events);
        return;
    }
    if (event->events & EPOLLIN)
        what |= CURL_CSELECT_IN;
    if (event->events & EPOLLOUT)
        what |= CURL_CSELECT_OUT;
    if (event->events & (EPOLLERR | EPOLLHUP))
        what |= CURL_CSELECT_ERR;
    upstream_act(u, fd, what);
}

static int on_io(sd_event_source *source _unused_, int fd, uint32_t revents _unused_,
                 void *userdata)
{
    struct epoll_event events[EVENTS_AT_ONCE];
    struct upstream *u = userdata;
    int n = epoll_wait(fd, events, EVENTS_AT_ONCE, 0);

    u->moved = 0;
    later_begin(u->queue);
    for (int i = 0; i < n && u->moved < UPSTREAM_BYTES_AT_ONCE; i++)
        handle(u, &events[i]);
    later_end(u->queue);
    return 0;
}

int upstream_watch_new(struct upstream *u)
{
    u->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (u->epoll < 0)
        return -errno;
    return sd_event_add_io(u->event, &u->io, u->epoll, EPOLLIN, on_io, u);
}

CURLMcode upstream_watch_for(struct upstream *u, CURLM *multi)
{
    CURLMcode c = curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);

    return c != CURLM_OK ? c : curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, u);
}

void upstream_watch_free(struct upstream *u)
{
    sd_event_source_disable_unref(u->io);
    closep(&u->epoll);
    free(u->watches);
}
