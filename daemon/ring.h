/* SPDX-License-Identifier: MIT */
/*
 * A bounded buffer between a side that produces bytes and one that takes them. It can hold on to
 * what has been taken for as long as everything fits, so that a body can be sent a second time; the
 * first byte that does not fit ends that. Memory comes as it is needed, and is wiped.
 */
#ifndef RING_H
#define RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RING_SIZE ((size_t)64 * 1024) /* the most that it keeps */

struct ring {
    char *data;
    size_t size;    /* of data: a power of two, at most RING_SIZE */
    uint64_t start; /* the oldest byte that is still here */
    uint64_t next;  /* the next byte to take */
    uint64_t end;   /* behind the newest */
    bool holding;   /* start stays where it is */
};

void ring_init(struct ring *r, bool holding);
void ring_done(struct ring *r);

/* Puts in as much as fits; returns how much, or -ENOMEM. */
long ring_put(struct ring *r, const char *data, size_t length);
size_t ring_take(struct ring *r, char *to, size_t length);

size_t ring_used(const struct ring *r);      /* bytes that wait to be taken */
size_t ring_room(const struct ring *r);      /* bytes that can be put in */
size_t ring_room_held(const struct ring *r); /* the same, without letting go of what was taken */

/* Goes back to the first byte. False when it is not here any more; nothing is changed then. */
bool ring_rewind(struct ring *r);

#endif
