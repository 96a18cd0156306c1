/* SPDX-License-Identifier: MIT */
#include "token_view.h"

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <string.h>
#include <time.h>

/* A daemon writes for less than a microsecond at a time, unless it is kept from running. */
#define SPINS 200
#define YIELDS 2000

#define LOAD(member) __atomic_load_n(&(member), __ATOMIC_ACQUIRE)

static uint64_t now_usec(void)
{
    struct timespec t;

    clock_gettime(CLOCK_BOOTTIME, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

bool token_view_is_dead(const struct latchkey_token_page *page)
{
    uint32_t owner = LOAD(page->owner);

    return owner == 0 || (owner & FUTEX_OWNER_DIED) ||
           LOAD(page->state) == LATCHKEY_TOKEN_PAGE_RETIRED;
}

static inline void copy_word(const uint64_t *from, char *to)
{
    uint64_t word = LOAD(*from);

    memcpy(to, &word, sizeof(word));
}

static inline void copy_words(const uint64_t *from, char *to, size_t n)
{
    for (; n >= 4; n -= 4, from += 4, to += 4 * sizeof(*from)) {
        copy_word(from, to);
        copy_word(from + 1, to + sizeof(*from));
        copy_word(from + 2, to + 2 * sizeof(*from));
        copy_word(from + 3, to + 3 * sizeof(*from));
    }
    for (; n > 0; n--, from++, to += sizeof(*from))
        copy_word(from, to);
}

/* The last word has NULs behind the token: it is taken whole where the buffer has room for that. */
static inline void copy_token(const uint64_t *words, char *to, size_t length, size_t size)
{
    size_t n = length / sizeof(*words), rest = length % sizeof(*words);
    char last[sizeof(*words)];

    if (size - n * sizeof(*words) > sizeof(last) || rest == 0) {
        copy_words(words, to, n + (rest > 0));
    } else {
        copy_words(words, to, n);
        copy_word(words + n, last);
        memcpy(to + n * sizeof(*words), last, rest);
    }
    to[length] = '\0';
}

struct look {
    uint64_t length, generation, deadline;
};

/* What the page says, if it is all said at one time. */
static inline int look(const struct latchkey_token_page *page, uint64_t now, char *buffer,
                       size_t size, struct look *ret)
{
    ret->deadline = LOAD(page->deadline);
    ret->generation = LOAD(page->generation);
    ret->length = LOAD(page->length);
    if (token_view_is_dead(page) || ret->length > LATCHKEY_TOKEN_PAGE_ROOM)
        return -EOWNERDEAD;
    if (ret->deadline <= now)
        return -ENODATA;
    if (ret->length >= size)
        return -ENOBUFS;
    copy_token(page->token, buffer, (size_t)ret->length, size);
    return 0;
}

static void tell(const struct look *l, uint64_t now, lk_token_info *info)
{
    info->length = (size_t)l->length;
    info->generation = l->generation;
    info->expires_in = l->deadline == LATCHKEY_TOKEN_PAGE_NEVER
                           ? INT64_MAX
                           : (int64_t)((l->deadline - now) / 1000000);
}

static void pause_a_little(unsigned tries)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
    if (tries > SPINS)
        sched_yield();
}

int token_view_read(const struct latchkey_token_page *page, char *buffer, size_t size,
                    lk_token_info *ret_info)
{
    uint64_t now = now_usec(), sequence;
    struct look seen;
    int r;

    for (unsigned tries = 0; tries < SPINS + YIELDS; tries++) {
        sequence = LOAD(page->sequence);
        if (!(sequence & 1)) {
            r = look(page, now, buffer, size, &seen);
            if (__atomic_load_n(&page->sequence, __ATOMIC_RELAXED) == sequence) {
                if (ret_info && (r == 0 || r == -ENOBUFS))
                    tell(&seen, now, ret_info);
                if (r != 0 && tries > 0) /* a try before this one may have left something */
                    explicit_bzero(buffer, size);
                return r;
            }
        } else if (token_view_is_dead(page)) {
            break;
        }
        pause_a_little(tries);
    }
    /* Whoever is stopped in the middle of writing is as good as dead. */
    explicit_bzero(buffer, size);
    return -EOWNERDEAD;
}
