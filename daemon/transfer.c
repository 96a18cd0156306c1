/* SPDX-License-Identifier: MIT */
/* A transfer's beginning and end: it gets a connection, once more when one that was kept turns out to have
 * ended, and its time runs out. */
#include "upstream_private.h"

#include "secret.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

/*
 * For a service that knows no `Expect`, well within the transfer's own patience. Longer than the second
 * that is usual: the service has to ask its identity service first, which takes Swift 3.5 s when that is
 * away, and a body that is sent before a 401 comes is lost.
 */
#define EXPECT_WAIT (5 * USEC_PER_SEC)

/* ---- what is asked of it */

const char *transfer_header(const struct transfer *t, size_t *position, const char **ret_value)
{
    return header_list_next(&t->response.headers, position, ret_value);
}

const char *transfer_header_find(const struct transfer *t, const char *name)
{
    return header_list_find(&t->response.headers, name);
}

const struct header_list *transfer_headers(const struct transfer *t)
{
    return &t->response.headers;
}

size_t transfer_head_length(const struct transfer *t)
{
    return t->response.headers.length;
}

uint64_t transfer_sent(const struct transfer *t)
{
    return t->sent;
}

/* ---- its end */

/* Whether the next request can go over it. */
static bool leaves_connection(const struct transfer *t)
{
    return t->sending == SENDING_DONE && !t->has_surplus && response_keeps_connection(&t->response);
}

static void leave_connection(struct transfer *t, bool keep)
{
    struct connection *c = TAKE_PTR(t->connection);

    if (!c)
        return;
    c->seldom = t->seldom;
    if (keep)
        connection_rest(c);
    else
        connection_free(c);
    TAILQ_REMOVE(&t->upstream->transfers, t, entry);
    if (--t->upstream->active == 0)
        upstream_rest_begin(t->upstream);
}

void transfer_free(struct transfer *t)
{
    if (!t)
        return;
    leave_connection(t, false);
    later_done(&t->soon);
    response_done(&t->response);
    secret_free(t->head.data);
    secret_free(t->body.data);
    secret_free(t->held);
    free(t);
}

static void finish(struct transfer *t, CURLcode result)
{
    _cleanup_(problem_freep) struct problem *problem = NULL;

    if (result != CURLE_OK)
        problem = problem_or_no_memory(transfer_explain(t, result));
    leave_connection(t, result == CURLE_OK && leaves_connection(t));
    later_done(&t->soon);
    t->handler.done(t, problem, t->userdata);
}

/* ---- once more */

/* Whether the connection may have ended before the request came (RFC 9112, 9.3.1). */
static bool was_too_late(const struct transfer *t, CURLcode result)
{
    return t->connection->has_served && !t->has_answered &&
           (result == CURLE_SEND_ERROR || result == CURLE_RECV_ERROR ||
            result == CURLE_GOT_NOTHING);
}

static bool can_repeat(struct transfer *t)
{
    bool has_left = t->head.start > 0;

    /* Somebody may have acted on it by then. */
    t->unrepeated = has_left && !t->repeatable;
    if (t->unrepeated)
        return false;
    return t->sent == 0 || (t->handler.rewind && t->handler.rewind(t, t->userdata));
}

static void begin(struct transfer *t)
{
    t->sending = SENDING_HEAD;
    t->head.start = 0;
    t->body.start = t->body.end = 0;
    t->sent = 0;
    t->send_result = CURLE_OK;
    t->has_surplus = t->has_more = t->paused_upload = t->is_blocked = false;
}

static bool repeat(struct transfer *t)
{
    struct connection *old = t->connection;
    struct network network = old->network;

    old->network = (struct network){0};
    begin(t);
    if (connection_open(t->upstream, t, &network) < 0)
        return false;
    connection_free(old);
    return true;
}

/* ---- its way */

void transfer_act(struct transfer *t, uint32_t events)
{
    CURLcode result;

    if (transfer_stream(t, events, &result))
        return;
    if (was_too_late(t, result) && can_repeat(t)) {
        if (repeat(t))
            return;
        result = CURLE_OUT_OF_MEMORY;
    }
    finish(t, result);
}

void transfer_connected(struct transfer *t, CURLcode result)
{
    t->progress = upstream_now(t->upstream);
    if (result == CURLE_OK)
        transfer_act(t, 0);
    else
        finish(t, result);
}

static void on_soon(void *userdata)
{
    struct transfer *t = userdata;

    if (t->connection && t->connection->fd >= 0)
        transfer_act(t, 0);
}

void transfer_continue(struct transfer *t)
{
    if (!t->connection || (!t->paused_body && !t->paused_upload))
        return;
    t->paused_body = t->paused_upload = false;
    t->progress = upstream_now(t->upstream);
    (void)later_schedule(&t->soon);
}

/* ---- its time */

/* When it has been still for too long. It runs only while it is the service's turn: a transfer that we hold
 * back is not late. */
static usec_t idle_due(const struct transfer *t, usec_t now)
{
    if (t->idle_timeout == 0)
        return USEC_INFINITY;
    return (t->paused_body || t->paused_upload ? now : t->progress) + t->idle_timeout;
}

static usec_t total_due(const struct transfer *t)
{
    return t->total_timeout == 0 ? USEC_INFINITY : t->started + t->total_timeout;
}

static usec_t awaits_due(const struct transfer *t)
{
    return t->sending == SENDING_AWAITS ? t->awaits_until : USEC_INFINITY;
}

static usec_t earlier(usec_t a, usec_t b)
{
    return a < b ? a : b;
}

usec_t transfer_sweep(struct transfer *t, usec_t now, bool *ret_over)
{
    usec_t idle = idle_due(t, now), total = total_due(t);

    *ret_over = total <= now || idle <= now;
    if (*ret_over) {
        t->late = total <= now ? t->total_key : "upstream_timeout";
        finish(t, CURLE_OPERATION_TIMEDOUT);
        return USEC_INFINITY;
    }
    if (awaits_due(t) <= now) {
        t->sending = SENDING_BODY;
        (void)later_schedule(&t->soon);
    }
    return earlier(earlier(idle, total), awaits_due(t));
}

/* ---- its beginning */

static usec_t awaits_timeout(const struct transfer_request *request)
{
    usec_t wait = request->idle_timeout / 4;

    return wait == 0 ? EXPECT_WAIT : earlier(wait, EXPECT_WAIT);
}

static int get_connection(struct transfer *t, const struct transfer_request *request)
{
    struct network network;
    int r;

    t->connection = connection_take(t->upstream, request->url, request->cloud);
    if (t->connection) {
        t->connection->transfer = t;
        return later_schedule(&t->soon);
    }
    r = network_init(&network, request->url, request->cloud);
    return r < 0 ? r : connection_open(t->upstream, t, &network);
}

int transfer_start(struct upstream *u, const struct transfer_request *request,
                   const struct transfer_handler *handler, void *userdata, struct transfer **ret)
{
    _cleanup_(transfer_freep) struct transfer *t = calloc(1, sizeof(*t));
    int r;

    if (!t)
        return -ENOMEM;
    t->upstream = u;
    t->handler = *handler;
    t->userdata = userdata;
    t->length = request->length;
    t->repeatable = request->repeatable;
    t->expect_continue = request->expect_continue;
    t->awaits_timeout = awaits_timeout(request);
    t->seldom = request->seldom;
    t->idle_timeout = request->idle_timeout;
    t->total_timeout = request->total_timeout;
    t->total_key = request->total_key;
    t->started = t->progress = upstream_now(u);
    later_init(&t->soon, u->queue, on_soon, t);
    response_init(&t->response, !strcmp(request->method, "HEAD"), &transfer_response_handler, t);
    r = transfer_compose(request, &t->head);
    if (r >= 0)
        r = get_connection(t, request);
    if (t->connection) {
        TAILQ_INSERT_TAIL(&u->transfers, t, entry);
        u->active++;
    }
    if (r < 0)
        return r;
    r = upstream_sweep_at(u, earlier(idle_due(t, t->started), total_due(t)));
    if (r < 0)
        return r;
    *ret = TAKE_PTR(t);
    return 0;
}
