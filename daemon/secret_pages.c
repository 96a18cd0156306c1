/* SPDX-License-Identifier: MIT */
/*
 * As ours as an allocator has to be: those of libsodium, libgcrypt and OpenSSL lock their pages, too,
 * but none can be given pages of memfd_secret(2), which not even root reads through /proc/PID/mem.
 *
 * Blocks are runs of granules, from the bottom up, so that few pages come into use; where the last one of a
 * size was found the next is looked for, so that with the keys of a thousand clouds nobody passes them all
 * each time. What is known of them lies elsewhere, where the end of one block that is written
 * past cannot reach it.
 */
#include "secret_pages.h"

#include "cleanup.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* It complains of system calls that it does not know, and lets none of them through. */
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND 0
#endif

#define GRANULE ((size_t)64)
#define SIZE_MOST SECRET_LOCKED_MOST
#define LAST UINT32_MAX
#define SIZES 16 /* in granules, that are told apart; the last is for all that is larger, too */

static struct {
    unsigned char *memory;
    size_t granules;
    size_t from[SIZES]; /* where to begin to look, never within a block */
    size_t blocks;
    /* Of the granule that a block begins with, how many it has; of the one that it ends with, when it is
     * another one, LAST; else 0. */
    uint32_t length[SIZE_MOST / GRANULE];
} pages;

/* ---- where they come from */

static size_t guard_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

static void *map(size_t size, int fd)
{
    size_t guard = guard_size();
    int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
    char *all = mmap(NULL, size + 2 * guard, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    void *inside;

    if (all == MAP_FAILED)
        return NULL;
    inside = mmap(all + guard, size, PROT_READ | PROT_WRITE, flags | MAP_FIXED, fd, 0);
    if (inside == MAP_FAILED || madvise(inside, size, MADV_DONTDUMP) < 0 ||
        madvise(inside, size, MADV_DONTFORK) < 0) {
        munmap(all, size + 2 * guard);
        return NULL;
    }
    return inside;
}

static void *map_hidden(size_t size)
{
    void *memory = NULL;
    int fd = -1;

#ifdef SYS_memfd_secret
    if (!RUNNING_ON_VALGRIND)
        fd = (int)syscall(SYS_memfd_secret, O_CLOEXEC);
#endif
    if (fd < 0)
        return NULL;
    if (ftruncate(fd, (off_t)size) == 0)
        memory = map(size, fd);
    close(fd);
    return memory;
}

static int lock(void *memory, size_t size)
{
    return RUNNING_ON_VALGRIND ? mlock(memory, size) : mlock2(memory, size, MLOCK_ONFAULT);
}

static void *map_locked(size_t size)
{
    void *memory = map(size, -1);

    if (!memory || lock(memory, size) == 0)
        return memory;
    munmap((char *)memory - guard_size(), size + 2 * guard_size());
    return NULL;
}

static void *map_unlocked(size_t size)
{
    return map(size, -1);
}

static size_t allowed_size(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_MEMLOCK, &limit) < 0 || limit.rlim_cur > SIZE_MOST)
        return SIZE_MOST;
    return limit.rlim_cur / guard_size() * guard_size();
}

enum secret_protection secret_lock(void)
{
    static void *(*const maps[])(size_t size) = {
        [SECRET_HIDDEN] = map_hidden,
        [SECRET_LOCKED] = map_locked,
        [SECRET_UNLOCKED] = map_unlocked,
    };
    /* The limit is not for everybody: with CAP_IPC_LOCK there is none. */
    const size_t sizes[] = {SIZE_MOST, allowed_size()};
    enum secret_protection kind = SECRET_HIDDEN;

    for (;; kind++) {
        for (size_t i = 0; i < ARRAY_SIZE(sizes) && !pages.memory; i++) {
            pages.memory = sizes[i] > 0 ? maps[kind](sizes[i]) : NULL;
            pages.granules = pages.memory ? sizes[i] / GRANULE : 0;
        }
        if (pages.memory || kind == SECRET_UNLOCKED)
            return kind;
    }
}

/* ---- blocks */

bool secret_pages_have(const void *p)
{
    return pages.memory && (uintptr_t)p - (uintptr_t)pages.memory < pages.granules * GRANULE;
}

static size_t granule_of(const void *p)
{
    size_t at = ((uintptr_t)p - (uintptr_t)pages.memory) / GRANULE;

    /* As free() does with what is none of its own: it is too late for any better. */
    if (pages.length[at] == 0 || pages.length[at] == LAST || pages.memory + at * GRANULE != p)
        abort();
    return at;
}

/* The first of so many free granules that follow each other, or pages.granules. */
static size_t find_room(size_t wanted, size_t from)
{
    size_t at = from, room = 0;

    while (at < pages.granules && room < wanted) {
        room = pages.length[at] ? 0 : room + 1;
        at += pages.length[at] ? pages.length[at] : 1;
    }
    return room == wanted ? at - wanted : pages.granules;
}

static void take(size_t at, size_t wanted, size_t *from)
{
    pages.length[at + wanted - 1] = LAST;
    pages.length[at] = (uint32_t)wanted;
    pages.blocks++;
    *from = at + wanted;
    for (size_t i = 0; i < SIZES; i++)
        if (pages.from[i] >= at && pages.from[i] < at + wanted)
            pages.from[i] = at + wanted;
}

void *secret_pages_take(size_t size)
{
    size_t wanted = size > 0 ? (size - 1) / GRANULE + 1 : 1, at;
    size_t *from = &pages.from[wanted < SIZES ? wanted - 1 : SIZES - 1];

    if (wanted > pages.granules)
        return NULL;
    at = find_room(wanted, *from);
    if (at == pages.granules)
        at = find_room(wanted, 0); /* pieces that were given back may have grown together */
    if (at == pages.granules)
        return NULL;
    take(at, wanted, from);
    return pages.memory + at * GRANULE;
}

/* The free granules around that one are room for blocks of what sizes? */
static void look_here_for_room(size_t at)
{
    size_t start = at, end = at;

    while (start > 0 && pages.length[start - 1] == 0 && at - start < SIZES)
        start--;
    while (end < pages.granules && pages.length[end] == 0 && end - start < SIZES)
        end++;
    for (size_t i = 0; i < end - start; i++)
        if (start < pages.from[i])
            pages.from[i] = start;
}

void secret_pages_give(void *p)
{
    size_t at = granule_of(p), length = pages.length[at];

    explicit_bzero(p, length * GRANULE);
    pages.length[at + length - 1] = 0;
    pages.length[at] = 0;
    pages.blocks--;
    look_here_for_room(at);
}

size_t secret_pages_size(const void *p)
{
    return pages.length[granule_of(p)] * GRANULE;
}

size_t secret_left(void)
{
    return pages.blocks;
}
