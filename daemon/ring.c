/* SPDX-License-Identifier: MIT */
#include "ring.h"

#include "secret.h"

#include <errno.h>
#include <string.h>

#define FIRST_SIZE ((size_t)4 * 1024)

void ring_init(struct ring *r, bool holding)
{
    *r = (struct ring){.holding = holding};
}

void ring_done(struct ring *r)
{
    secret_free(r->data);
    *r = (struct ring){0};
}

size_t ring_used(const struct ring *r)
{
    return (size_t)(r->end - r->next);
}

size_t ring_room(const struct ring *r)
{
    return RING_SIZE - ring_used(r);
}

size_t ring_room_held(const struct ring *r)
{
    return RING_SIZE - (size_t)(r->end - r->start);
}

/* How much of `length` bytes at `position` lies before the end of the memory. */
static size_t before_edge(const struct ring *r, uint64_t position, size_t length)
{
    size_t edge = r->size - (size_t)(position % r->size);

    return length < edge ? length : edge;
}

static void copy_in(struct ring *r, uint64_t position, const char *data, size_t length)
{
    size_t first = before_edge(r, position, length);

    memcpy(r->data + position % r->size, data, first);
    memcpy(r->data, data + first, length - first);
}

static void copy_out(const struct ring *r, uint64_t position, char *to, size_t length)
{
    size_t first = before_edge(r, position, length);

    memcpy(to, r->data + position % r->size, first);
    memcpy(to + first, r->data, length - first);
}

/* Makes place for `length` more bytes, which RING_SIZE has room for. */
static int grow(struct ring *r, size_t length)
{
    size_t kept = (size_t)(r->end - r->start);
    struct ring grown = *r;

    if (kept + length <= r->size)
        return 0;
    if (grown.size == 0)
        grown.size = FIRST_SIZE;
    while (grown.size < kept + length)
        grown.size *= 2;
    grown.data = secret_malloc(grown.size);
    if (!grown.data)
        return -ENOMEM;
    for (uint64_t at = r->start; at < r->end;) {
        size_t part = before_edge(r, at, (size_t)(r->end - at));

        copy_in(&grown, at, r->data + at % r->size, part);
        at += part;
    }
    secret_free(r->data);
    *r = grown;
    return 0;
}

long ring_put(struct ring *r, const char *data, size_t length)
{
    if (length > ring_room_held(r))
        r->holding = false;
    if (!r->holding)
        r->start = r->next;
    if (length > ring_room(r))
        length = ring_room(r);
    if (length == 0)
        return 0;
    if (grow(r, length) < 0)
        return -ENOMEM;
    copy_in(r, r->end, data, length);
    r->end += length;
    return (long)length;
}

size_t ring_take(struct ring *r, char *to, size_t length)
{
    if (length > ring_used(r))
        length = ring_used(r);
    if (length == 0)
        return 0;
    copy_out(r, r->next, to, length);
    r->next += length;
    if (!r->holding)
        r->start = r->next;
    return length;
}

bool ring_rewind(struct ring *r)
{
    if (r->next > 0 && !r->holding)
        return false;
    r->next = r->start;
    return true;
}
