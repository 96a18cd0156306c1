/* SPDX-License-Identifier: MIT */
/*
 * The sockets that libcurl waits for, in an epoll set of their own, which is one event source of the loop. What
 * has arrived on several of them is handled in one event: what comes of it goes out together, and whoever
 * waits for it at the other end wakes up once.
 *
 * The descriptor of a connection that has served stays in the set until the next transfer, as it would be
 * taken out and put in again each time.
 */
#include "upstream_private.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define EVENTS_AT_ONCE 16
/* Of large bodies no more than that comes before others have their turn; the events stay. */
#define BYTES_AT_ONCE ((uint64_t)32 * 1024)

struct watch {
    uint32_t events; /* what libcurl waits for; 0: nothing at the moment */
    uint32_t set;    /* what the set has */
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

static void watch_drop(struct upstream *u, int fd)
{
    if (u->watches[fd].is_in_set)
        (void)epoll_ctl(u->epoll, EPOLL_CTL_DEL, fd, NULL);
    u->watches[fd] = (struct watch){0};
}

static int watch_for(struct upstream *u, int fd, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.fd = fd};
    struct watch *watch = &u->watches[fd];

    watch->events = events;
    if (watch->is_in_set && watch->set == events)
        return 0;
    if (epoll_ctl(u->epoll, watch->is_in_set ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event) < 0)
        return -errno;
    watch->is_in_set = true;
    watch->set = events;
    return 0;
}

/* ---- what libcurl says */

/* Whether libcurl keeps the connection, and says so when it closes it: one that has served. Its
 * resolver's descriptors, and sockets that never got connected, it closes without a word. */
static bool is_kept(CURL *easy)
{
    struct transfer *t = NULL;

    return curl_easy_getinfo(easy, CURLINFO_PRIVATE, &t) == CURLE_OK && t && t->head_done;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *userdata, void *socketp _unused_)
{
    struct upstream *u = userdata;
    uint32_t events = 0;

    if (watch_grow(u, fd) < 0)
        return -1;
    if (what & CURL_POLL_IN)
        events |= EPOLLIN;
    if (what & CURL_POLL_OUT)
        events |= EPOLLOUT;
    if (what != CURL_POLL_REMOVE)
        return watch_for(u, fd, events) < 0 ? -1 : 0;
    if (is_kept(easy))
        u->watches[fd].events = 0;
    else
        watch_drop(u, fd);
    return 0;
}

int upstream_open(struct upstream *u, int family, int type, int protocol)
{
    int fd = socket(family, type | SOCK_CLOEXEC, protocol);
    struct watch *watch;
    uint32_t events;

    if (fd < 0 || (size_t)fd >= u->n_watches)
        return fd;
    /* Closed, the one that had the number before has left the set. */
    watch = &u->watches[fd];
    events = watch->events;
    *watch = (struct watch){0};
    /* libcurl, which goes by numbers, takes the new one for registered. */
    if (events && watch_for(u, fd, events) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

int upstream_close(void *userdata, curl_socket_t fd)
{
    struct upstream *u = userdata;

    if ((size_t)fd < u->n_watches)
        watch_drop(u, fd);
    return close(fd);
}

/* ---- what has arrived */

static void handle(struct upstream *u, const struct epoll_event *event)
{
    int fd = event->data.fd, what = 0;

    /* an idle connection that ended: libcurl finds out when it wants to use it */
    if (!u->watches[fd].events) {
        watch_drop(u, fd);
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

    u->received = 0;
    later_begin(u->queue);
    for (int i = 0; i < n && u->received < BYTES_AT_ONCE; i++)
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
