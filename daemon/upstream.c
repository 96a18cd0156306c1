/* SPDX-License-Identifier: MIT */
/*
 * libcurl's multi interface on sd_event. Its timeout is not followed to the letter: 0 ms is answered at the
 * end of the event that is handled, and a later deadline leaves the armed timer alone, as every re-armed
 * timer is a system call.
 */
#include "upstream_private.h"

#include "secret.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

usec_t upstream_now(struct upstream *u)
{
    return clock_of_loop(u->event);
}

/* ---- OpenSSL's memory
 *
 * It frees the buffers of a connection as they are, the last login's answer in one of them. libcurl
 * may as well have been built with another library, so that this one is not linked but looked for. */

static void *tls_malloc(size_t size, const char *file _unused_, int line _unused_)
{
    return secret_malloc(size);
}

static void *tls_realloc(void *p, size_t size, const char *file _unused_, int line _unused_)
{
    return secret_realloc(p, size);
}

static void tls_free(void *p, const char *file _unused_, int line _unused_)
{
    secret_free(p);
}

static void wipe_tls_memory(void)
{
    int (*set)(__typeof__(tls_malloc) *, __typeof__(tls_realloc) *, __typeof__(tls_free) *);
    void *symbol = dlsym(RTLD_DEFAULT, "CRYPTO_set_mem_functions");

    /* The way that POSIX has for it. */
    *(void **)&set = symbol;
    if (symbol)
        (void)set(tls_malloc, tls_realloc, tls_free);
}

int upstream_init(void)
{
    wipe_tls_memory();
    return curl_global_init_mem(CURL_GLOBAL_DEFAULT, secret_malloc, secret_free, secret_realloc,
                                secret_strdup, secret_calloc)
               ? -ENOMEM
               : 0;
}

static void drain(struct upstream *u)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(u->multi, &left))) {
        struct connection *c = NULL;

        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &c);
        connection_opened(c, message->data.result);
    }
}

void upstream_act(struct upstream *u, curl_socket_t fd, int what)
{
    int running;

    (void)curl_multi_socket_action(u->multi, fd, what, &running);
    drain(u);
}

static int arm_timer(struct upstream *u)
{
    int r;

    if (u->timer_armed <= u->timer_due)
        return 0;
    r = sd_event_source_set_time(u->timer, u->timer_due);
    if (r >= 0)
        r = sd_event_source_set_enabled(u->timer, SD_EVENT_ONESHOT);
    if (r < 0)
        return r;
    u->timer_armed = u->timer_due;
    return 0;
}

static int on_timeout(CURLM *multi _unused_, long timeout_ms, void *userdata)
{
    struct upstream *u = userdata;

    u->timer_due = USEC_INFINITY;
    if (timeout_ms < 0)
        return 0;
    if (timeout_ms == 0)
        return later_schedule(&u->soon) < 0 ? -1 : 0;
    u->timer_due = upstream_now(u) + (usec_t)timeout_ms * USEC_PER_MSEC;
    return arm_timer(u) < 0 ? -1 : 0;
}

static int on_timer(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata)
{
    struct upstream *u = userdata;

    u->timer_armed = USEC_INFINITY;
    if (u->timer_due == USEC_INFINITY)
        return 0;
    if (u->timer_due > upstream_now(u))
        return arm_timer(u);
    u->timer_due = USEC_INFINITY;
    upstream_act(u, CURL_SOCKET_TIMEOUT, 0);
    return 0;
}

static void on_soon(void *userdata)
{
    upstream_act(userdata, CURL_SOCKET_TIMEOUT, 0);
}

int upstream_sweep_at(struct upstream *u, usec_t due)
{
    int r;

    if (u->sweep_armed <= due)
        return 0;
    r = sd_event_source_set_time(u->sweep, due);
    if (r >= 0)
        r = sd_event_source_set_enabled(u->sweep, SD_EVENT_ONESHOT);
    if (r < 0)
        return r;
    u->sweep_armed = due;
    return 0;
}

static int on_sweep(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata)
{
    struct upstream *u = userdata;
    struct transfer *t = TAILQ_FIRST(&u->transfers);
    usec_t now = upstream_now(u), next = USEC_INFINITY;

    u->sweep_armed = USEC_INFINITY;
    while (t) {
        bool over = false;
        usec_t due = transfer_sweep(t, now, &over);

        /* Ending one may start or end others, so that all are looked at anew. */
        t = over ? TAILQ_FIRST(&u->transfers) : TAILQ_NEXT(t, entry);
        if (due < next)
            next = due;
    }
    return next == USEC_INFINITY ? 0 : upstream_sweep_at(u, next);
}

void upstream_disarm(struct upstream *u)
{
    (void)sd_event_source_set_enabled(u->sweep, SD_EVENT_OFF);
    u->sweep_armed = USEC_INFINITY;
    if (u->timer_due < USEC_INFINITY)
        return;
    (void)sd_event_source_set_enabled(u->timer, SD_EVENT_OFF);
    u->timer_armed = USEC_INFINITY;
}

static int add_sources(struct upstream *u)
{
    int r;

    r = sd_event_add_time(u->event, &u->timer, CLOCK_BOOTTIME, 0, USEC_PER_MSEC, on_timer, u);
    if (r >= 0)
        r = sd_event_source_set_enabled(u->timer, SD_EVENT_OFF);
    if (r >= 0)
        r = sd_event_add_time(u->event, &u->sweep, CLOCK_BOOTTIME, 0, 0, on_sweep, u);
    if (r >= 0)
        r = sd_event_source_set_enabled(u->sweep, SD_EVENT_OFF);
    return r < 0 ? r : upstream_rest_init(u);
}

static CURLM *new_multi(struct upstream *u)
{
    CURLM *multi = curl_multi_init();
    CURLMcode c = CURLM_OK;

    if (!multi)
        return NULL;
    c |= upstream_watch_for(u, multi);
    c |= curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timeout);
    c |= curl_multi_setopt(multi, CURLMOPT_TIMERDATA, u);
    if (c == CURLM_OK)
        return multi;
    curl_multi_cleanup(multi);
    return NULL;
}

int upstream_renew(struct upstream *u)
{
    CURLM *multi = new_multi(u);

    if (!multi)
        return -ENOMEM;
    curl_multi_cleanup(u->multi);
    u->multi = multi;
    return 0;
}

int upstream_new(sd_event *event, struct later_queue *queue, struct upstream **ret)
{
    _cleanup_(upstream_freep) struct upstream *u = calloc(1, sizeof(*u));
    int r;

    if (!u)
        return -ENOMEM;
    u->event = sd_event_ref(event);
    u->queue = queue;
    u->epoll = -1;
    u->timer_due = u->timer_armed = u->sweep_armed = USEC_INFINITY;
    TAILQ_INIT(&u->transfers);
    TAILQ_INIT(&u->idle);
    u->has_authorities_folder = upstream_has_authorities_folder();
    later_init(&u->soon, queue, on_soon, u);
    r = upstream_watch_new(u);
    if (r >= 0)
        r = add_sources(u);
    if (r >= 0)
        r = upstream_renew(u);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(u);
    return 0;
}

time_t upstream_parse_date(const char *text)
{
    time_t t = curl_getdate(text, NULL);

    return t < 0 ? 0 : t;
}

size_t upstream_active(const struct upstream *u)
{
    return u->active;
}

void upstream_free(struct upstream *u)
{
    if (!u)
        return;
    while (!TAILQ_EMPTY(&u->idle))
        connection_free(TAILQ_FIRST(&u->idle));
    curl_multi_cleanup(u->multi);
    upstream_watch_free(u);
    secret_free(u->buffer);
    sd_event_source_disable_unref(u->timer);
    later_done(&u->soon);
    sd_event_source_disable_unref(u->sweep);
    sd_event_source_disable_unref(u->rest);
    sd_event_unref(u->event);
    free(u);
}
