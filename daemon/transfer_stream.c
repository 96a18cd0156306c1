/* SPDX-License-Identifier: MIT */
/*
 * A transfer's bytes: the request's head and body on their way out, the answer on its way in. Whoever cannot
 * take or give bytes stops them: what has been read and not been taken is kept, and no more is read.
 */
#include "upstream_private.h"

#include "secret.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#define UPLOAD_SIZE ((size_t)32 * 1024)
/* Around a chunk (RFC 9112, 7.1): its size and the end of that line, and its own end. */
#define CHUNK_SIZE_MOST (sizeof("8000\r\n") - 1)
#define CHUNK_END_LENGTH 2

static void moved(struct transfer *t)
{
    t->progress = upstream_now(t->upstream);
}

/* ---- the request */

static bool is_chunked(const struct transfer *t)
{
    return t->length == TRANSFER_UNKNOWN_LENGTH;
}

/* What comes when the head has left. */
static void begin_body(struct transfer *t)
{
    if (t->length == TRANSFER_NO_BODY || t->length == 0)
        t->sending = SENDING_DONE;
    else if (t->expect_continue && !t->has_answered)
        t->sending = SENDING_AWAITS;
    else
        t->sending = SENDING_BODY;
    if (t->sending != SENDING_AWAITS)
        return;
    t->awaits_until = upstream_now(t->upstream) + t->awaits_timeout;
    (void)upstream_sweep_at(t->upstream, t->awaits_until);
}

static size_t piece_size(const struct transfer *t)
{
    uint64_t left = (uint64_t)t->length - t->sent;

    return is_chunked(t) || left > UPLOAD_SIZE ? UPLOAD_SIZE : (size_t)left;
}

static void put_chunk(struct outgoing *out, size_t length)
{
    char size[CHUNK_SIZE_MOST + 1];
    int n = snprintf(size, sizeof(size), "%zx\r\n", length);

    out->start = CHUNK_SIZE_MOST - (size_t)n;
    memcpy(out->data + out->start, size, (size_t)n);
    memcpy(out->data + CHUNK_SIZE_MOST + length, "\r\n", CHUNK_END_LENGTH);
    out->end = CHUNK_SIZE_MOST + length + CHUNK_END_LENGTH;
}

static void put_last_chunk(struct transfer *t)
{
    t->body.start = 0;
    t->body.end = (size_t)(stpcpy(t->body.data, "0\r\n\r\n") - t->body.data);
    t->sending = SENDING_END;
}

/* Gets more of the body; false when that ends the transfer. */
static bool fill(struct transfer *t, CURLcode *ret)
{
    size_t offset = is_chunked(t) ? CHUNK_SIZE_MOST : 0;
    ssize_t n;

    if (!t->body.data)
        t->body.data = secret_malloc(CHUNK_SIZE_MOST + piece_size(t) + CHUNK_END_LENGTH);
    if (!t->body.data) {
        *ret = CURLE_OUT_OF_MEMORY;
        return false;
    }
    n = t->handler.upload(t, t->body.data + offset, piece_size(t), t->userdata);
    t->paused_upload = n == TRANSFER_PAUSE;
    if (n == TRANSFER_PAUSE)
        return true;
    if (n < 0 || (n == 0 && !is_chunked(t))) {
        *ret = CURLE_ABORTED_BY_CALLBACK;
        return false;
    }
    t->sent += (uint64_t)n;
    if (n == 0)
        put_last_chunk(t);
    else if (is_chunked(t))
        put_chunk(&t->body, (size_t)n);
    else
        t->body = (struct outgoing){t->body.data, 0, (size_t)n};
    return true;
}

/* What has to leave first; NULL: there is nothing. */
static struct outgoing *next_out(struct transfer *t)
{
    if (t->sending == SENDING_HEAD)
        return &t->head;
    return t->body.start < t->body.end ? &t->body : NULL;
}

static void has_left(struct transfer *t, const struct outgoing *out)
{
    if (out->start < out->end)
        return;
    if (t->sending == SENDING_HEAD)
        begin_body(t);
    else if (t->sending == SENDING_END || (!is_chunked(t) && t->sent == (uint64_t)t->length))
        t->sending = SENDING_DONE;
}

static bool is_sending(const struct transfer *t)
{
    return t->sending == SENDING_HEAD || t->sending == SENDING_BODY || t->sending == SENDING_END;
}

/* False when the transfer is over, with its outcome. */
static bool send_more(struct transfer *t, CURLcode *ret)
{
    t->is_blocked = false;
    while (is_sending(t) && !t->paused_upload) {
        struct outgoing *out = next_out(t);
        size_t n = 0;
        CURLcode r;

        if (!out) {
            if (!fill(t, ret))
                return false;
            continue;
        }
        r = connection_send(t->connection, out->data + out->start, out->end - out->start, &n);
        t->is_blocked = r == CURLE_AGAIN;
        if (t->is_blocked)
            return true;
        if (r != CURLE_OK) {
            /* Perhaps it has answered before it closed the connection. */
            t->sending = SENDING_STOPPED;
            t->send_result = r;
            break;
        }
        moved(t);
        t->upstream->moved += n;
        out->start += n;
        has_left(t, out);
    }
    return true;
}

/* ---- the answer */

static int offer(struct transfer *t, const char *data, size_t length)
{
    int r = t->handler.body(t, data, length, t->userdata);

    t->paused_body = r == TRANSFER_PAUSE;
    return r;
}

static void on_interim(unsigned status, void *userdata)
{
    struct transfer *t = userdata;

    if (status == 100 && t->sending == SENDING_AWAITS)
        t->sending = SENDING_BODY;
}

/* Who has said no does not read the rest, or reads it to throw it away. */
static bool on_head(unsigned status, void *userdata)
{
    struct transfer *t = userdata;

    if (t->sending != SENDING_DONE && status >= 300)
        t->sending = SENDING_STOPPED;
    else if (t->sending == SENDING_AWAITS)
        t->sending = SENDING_BODY;
    return t->handler.head(t, status, t->userdata);
}

static bool hold(struct transfer *t, const char *data, size_t length)
{
    char *grown = secret_realloc(t->held, t->held_length + length);

    if (!grown)
        return false;
    memcpy(grown + t->held_length, data, length);
    t->held = grown;
    t->held_length += length;
    return true;
}

static bool on_body(const char *data, size_t length, void *userdata)
{
    struct transfer *t = userdata;
    int r;

    t->upstream->moved += length;
    if (t->paused_body)
        return hold(t, data, length);
    r = offer(t, data, length);
    return r == TRANSFER_PAUSE ? hold(t, data, length) : r >= 0;
}

const struct response_handler transfer_response_handler = {
    .interim = on_interim,
    .head = on_head,
    .body = on_body,
};

/* False when nobody wants it. */
static bool give_held(struct transfer *t)
{
    int r;

    if (t->held_length == 0 || t->paused_body)
        return true;
    r = offer(t, t->held, t->held_length);
    if (r == TRANSFER_PAUSE)
        return true;
    secret_free(TAKE_PTR(t->held));
    t->held_length = 0;
    return r >= 0;
}

static CURLcode outcome(const struct transfer *t, int error)
{
    switch (error) {
    case 0:
        return CURLE_OK;
    case -ENOMEM:
        return CURLE_OUT_OF_MEMORY;
    case -ECANCELED:
        return CURLE_WRITE_ERROR;
    case -EPIPE:
        return t->has_answered ? CURLE_PARTIAL_FILE : CURLE_GOT_NOTHING;
    default:
        return CURLE_WEIRD_SERVER_REPLY;
    }
}

/* Nothing more will come. */
static CURLcode ended(struct transfer *t, CURLcode r)
{
    if (r == CURLE_OK)
        r = outcome(t, response_end(&t->response));
    t->has_surplus = true;
    if (t->sending != SENDING_DONE)
        t->sending = SENDING_STOPPED;
    return r != CURLE_OK && !t->has_answered && t->send_result != CURLE_OK ? t->send_result : r;
}

/* Reads once. False when the transfer is over, with its outcome. */
static bool receive_some(struct transfer *t, bool *ret_more, CURLcode *ret)
{
    struct upstream *u = t->upstream;
    size_t n = 0, used = 0;
    CURLcode r;
    int error;

    *ret_more = false;
    if (!u->buffer)
        u->buffer = secret_malloc_locked(UPSTREAM_READ_SIZE);
    if (!u->buffer) {
        *ret = CURLE_OUT_OF_MEMORY;
        return false;
    }
    r = connection_receive(t->connection, u->buffer, UPSTREAM_READ_SIZE, &n);
    if (r == CURLE_AGAIN)
        return true;
    if (r != CURLE_OK || n == 0) {
        *ret = ended(t, r);
        return *ret == CURLE_OK && t->held_length > 0;
    }
    moved(t);
    t->has_answered = true;
    error = response_feed(&t->response, u->buffer, n, &used);
    if (t->seldom)
        explicit_bzero(u->buffer, n);
    if (error < 0) {
        *ret = outcome(t, error);
        return false;
    }
    t->has_surplus |= used < n;
    *ret_more = n == UPSTREAM_READ_SIZE && u->moved < UPSTREAM_BYTES_AT_ONCE;
    return true;
}

static bool is_over(const struct transfer *t)
{
    return t->response.is_whole && t->held_length == 0 &&
           (t->sending == SENDING_DONE || t->sending == SENDING_STOPPED);
}

/* Whether what comes now has to wait. */
static bool is_deaf(const struct transfer *t)
{
    return t->paused_body || t->response.is_whole;
}

/* False when the transfer is over, with its outcome. */
static bool receive_more(struct transfer *t, CURLcode *ret)
{
    bool more = true;

    t->has_more = false;
    while (more && !is_deaf(t))
        if (!receive_some(t, &more, ret))
            return false;
    return true;
}

/* Only what has come in vain is not waited for: who is paused now and then is spared the system calls. */
static int watch(struct transfer *t)
{
    uint32_t events = 0;

    if (!t->has_more)
        events |= EPOLLIN;
    if (t->is_blocked)
        events |= EPOLLOUT;
    return upstream_watch_connection(t->upstream, t->connection, events);
}

bool transfer_stream(struct transfer *t, uint32_t events, CURLcode *ret)
{
    *ret = CURLE_OK;
    if (!give_held(t)) {
        *ret = CURLE_WRITE_ERROR;
        return false;
    }
    t->has_more |= (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0;
    if (t->has_more && !is_deaf(t) && !receive_more(t, ret))
        return false;
    if (!is_over(t) && !send_more(t, ret))
        return false;
    if (is_over(t))
        return false;
    if (watch(t) < 0) {
        *ret = CURLE_OUT_OF_MEMORY;
        return false;
    }
    return true;
}
