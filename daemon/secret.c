/* SPDX-License-Identifier: MIT */
#include "secret.h"

#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

void *secret_malloc(size_t size)
{
    return malloc(size);
}

void *secret_calloc(size_t count, size_t size)
{
    return calloc(count, size);
}

void *secret_realloc(void *p, size_t size)
{
    size_t old = p ? malloc_usable_size(p) : 0;
    void *moved;

    if (old >= size && p)
        return p;

    /* realloc() itself would leave the old block behind as it was. */
    moved = malloc(size);
    if (!moved)
        return NULL;
    if (p)
        memcpy(moved, p, old);
    secret_free(p);
    return moved;
}

char *secret_strndup(const char *s, size_t length)
{
    char *copy = malloc(length + 1);

    if (!copy)
        return NULL;
    memcpy(copy, s, length);
    copy[length] = '\0';
    return copy;
}

char *secret_strdup(const char *s)
{
    return secret_strndup(s, strlen(s));
}

void secret_free(void *p)
{
    if (!p)
        return;
    explicit_bzero(p, malloc_usable_size(p));
    free(p);
}

int secret_protect_process(void)
{
    static const struct rlimit none = {0, 0};

    if (prctl(PR_SET_DUMPABLE, 0) < 0 || setrlimit(RLIMIT_CORE, &none) < 0)
        return -errno;
    return 0;
}
