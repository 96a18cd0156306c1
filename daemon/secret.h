/* SPDX-License-Identifier: MIT */
/*
 * Memory for keys and tokens: every block is wiped when it is freed or moved. The functions have
 * the shapes of malloc's family, so that jansson and libcurl can be told to use them for everything
 * that passes through them.
 */
#ifndef SECRET_H
#define SECRET_H

#include <stddef.h>

void *secret_malloc(size_t size);
void *secret_calloc(size_t count, size_t size);
void *secret_realloc(void *p, size_t size);
char *secret_strdup(const char *s);
char *secret_strndup(const char *s, size_t length);

/* Wipes the whole block, then frees it; NULL is fine. */
void secret_free(void *p);

static inline void secret_freep(void *p)
{
    secret_free(*(void **)p);
}

/* Keeps this process out of core dumps and away from debuggers of the same user. 0, or a negative
 * errno. */
int secret_protect_process(void);

#endif
