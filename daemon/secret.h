/* SPDX-License-Identifier: MIT */
/*
 * Memory for keys and tokens, of two kinds; every block is wiped when it is freed or moved.
 *
 * What they are kept in is locked: never swapped, in no core dump and, where Linux has
 * memfd_secret(2), out of everybody's sight but ours. What they pass through on their way is
 * ordinary memory; its functions have the shapes of malloc's family, so that libraries can be told to
 * use them for everything.
 */
#ifndef SECRET_H
#define SECRET_H

#include <stddef.h>

void *secret_malloc(size_t size);
void *secret_calloc(size_t count, size_t size);
void *secret_realloc(void *p, size_t size);
char *secret_strdup(const char *s);
char *secret_strndup(const char *s, size_t length);

/* The same in locked memory, for the one thread that there is. Without secret_lock() before, and when
 * it is used up, they take ordinary memory. */
void *secret_malloc_locked(size_t size);
char *secret_strdup_locked(const char *s);

/* Wipes the whole block, of either kind, then frees it; NULL is fine. */
void secret_free(void *p);

static inline void secret_freep(void *p)
{
    secret_free(*(void **)p);
}

/* At most so much is locked, and less when RLIMIT_MEMLOCK is lower. */
#define SECRET_LOCKED_MOST ((size_t)4 * 1024 * 1024)

enum secret_protection {
    SECRET_HIDDEN,   /* memfd_secret: locked, and unmapped everywhere else */
    SECRET_LOCKED,   /* mlock */
    SECRET_UNLOCKED, /* neither may be had: it can be swapped */
};

/* Makes locked memory, once, before there is any thread. */
enum secret_protection secret_lock(void);

/* Has that called once, when there is no room in it for the first time. */
void secret_on_full(void (*full)(void));

/* How many blocks of it are in use. At the end there has to be none: no tool that looks for lost memory
 * looks there. */
size_t secret_left(void);

/* Keeps this process's memory out of core dumps and away from debuggers of the same user. 0, or a
 * negative errno. */
int secret_protect_process(void);

#endif
