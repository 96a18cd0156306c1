/* SPDX-License-Identifier: MIT */
#include "secret.h"

#include "cleanup.h"
#include "secret_pages.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* Of a core, the headers of the programs in it: nothing else is certain to hold no secret. */
#define CORE_OF_HEADERS "0x10"

/* ---- wiped */

static size_t size_of(const void *p)
{
    return secret_pages_have(p) ? secret_pages_size(p) : malloc_usable_size((void *)(uintptr_t)p);
}

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
    size_t old = p ? size_of(p) : 0;
    void *moved;

    if (old >= size && p)
        return p;

    /* realloc() itself would leave the old block behind as it was. */
    moved = secret_pages_have(p) ? secret_malloc_locked(size) : malloc(size);
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
    if (secret_pages_have(p)) {
        secret_pages_give(p);
        return;
    }
    explicit_bzero(p, malloc_usable_size(p));
    free(p);
}

/* ---- locked */

static void (*on_full)(void);

void secret_on_full(void (*full)(void))
{
    on_full = full;
}

void *secret_malloc_locked(size_t size)
{
    void *p = secret_pages_take(size);

    if (!p && on_full)
        TAKE_PTR(on_full)();
    return p ? p : malloc(size);
}

char *secret_strdup_locked(const char *s)
{
    size_t size = strlen(s) + 1;
    char *copy = secret_malloc_locked(size);

    return copy ? memcpy(copy, s, size) : NULL;
}

/* ---- the process */

static int leave_out_of_cores(void)
{
    int fd = open("/proc/self/coredump_filter", O_WRONLY | O_CLOEXEC);
    ssize_t n;

    if (fd < 0)
        return -errno;
    n = write(fd, CORE_OF_HEADERS, strlen(CORE_OF_HEADERS));
    close(fd);
    return n < 0 ? -EIO : 0;
}

int secret_protect_process(void)
{
    static const struct rlimit none = {0, 0};
    /* First: what is in /proc is root's alone afterwards. */
    int r = leave_out_of_cores();

    if (prctl(PR_SET_DUMPABLE, 0) < 0 || setrlimit(RLIMIT_CORE, &none) < 0)
        return -errno;
    return r;
}
