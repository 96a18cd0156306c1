/* SPDX-License-Identifier: MIT */
/*
 * The pages of secret.c's locked memory: one stretch of addresses between two guard pages, no part of
 * it backed by memory before it is used, left out of core dumps and of child processes.
 */
#ifndef SECRET_PAGES_H
#define SECRET_PAGES_H

#include "secret.h"

#include <stdbool.h>

/* Aligned for anything and zeroed; NULL when there is no room, as before secret_lock(). */
void *secret_pages_take(size_t size);
/* Wipes it. */
void secret_pages_give(void *p);

/* Whether the pointer is one of these; how large its block is. */
bool secret_pages_have(const void *p);
size_t secret_pages_size(const void *p);

#endif
