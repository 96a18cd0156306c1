/* SPDX-License-Identifier: MIT */
#include "token_page.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif
#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL)

#define OFFSET(member, at)                                               \
    _Static_assert(offsetof(struct latchkey_token_page, member) == (at), \
                   #member " is not where the header says")
OFFSET(magic, 0);
OFFSET(version, 8);
OFFSET(owner, 12);
OFFSET(sequence, 16);
OFFSET(generation, 24);
OFFSET(deadline, 32);
OFFSET(expires, 40);
OFFSET(state, 48);
OFFSET(changes, 52);
OFFSET(length, 56);
OFFSET(token, 64);
_Static_assert(sizeof(struct latchkey_token_page) == LATCHKEY_TOKEN_PAGE_SIZE, "it is one page");

struct token_page {
    int fd;
    struct latchkey_token_page *shown;
    struct robust_list *node; /* in memory of our own, one page of the machine before that one */
};

/* ---- the owner's word
 *
 * At a thread's end the kernel walks its list of robust futexes, and marks each that has the thread's id in
 * it. libc's robust mutexes would do, but have that list's pointers in them, and with those go out the
 * addresses that nobody outside is to know. So the list is our own; libc's, which it takes the place of, is
 * for such mutexes only, and nobody here has one. The kernel finds the futex at the same distance from
 * each node: a page that is not shared lies before each that is.
 */

static size_t machine_page(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* The kernel has one for each thread, and reads it when the thread has ended. */
static _Thread_local struct robust_list_head robust;

static int begin_list(void)
{
    if (!robust.list.next)
        robust.list.next = &robust.list;
    robust.futex_offset = (long)(machine_page() + offsetof(struct latchkey_token_page, owner));
    /* Each time, as a child of fork() begins with libc's. */
    return syscall(SYS_set_robust_list, &robust, sizeof(robust)) == 0 ? 0 : -errno;
}

static int own(struct token_page *p)
{
    int r = begin_list();

    if (r < 0)
        return r;
    p->node->next = robust.list.next;
    robust.list.next = p->node;
    __atomic_store_n(&p->shown->owner, (uint32_t)gettid(), __ATOMIC_RELEASE);
    return 0;
}

static void disown(struct token_page *p)
{
    struct robust_list *before = &robust.list;

    __atomic_store_n(&p->shown->owner, 0, __ATOMIC_RELEASE);
    while (before->next != p->node)
        before = before->next;
    before->next = p->node->next;
}

/* ---- what is written */

/*
 * A sequence lock without fences: stores that release keep behind the odd number, loads that acquire keep
 * before the second look at it. There are no data races in it, and ThreadSanitizer can tell.
 */
static void begin(struct latchkey_token_page *s)
{
    __atomic_store_n(&s->sequence, s->sequence + 1, __ATOMIC_RELAXED);
}

static void end(struct latchkey_token_page *s)
{
    __atomic_store_n(&s->sequence, s->sequence + 1, __ATOMIC_RELEASE);
    __atomic_store_n(&s->changes, s->changes + 1, __ATOMIC_RELEASE);
    (void)syscall(SYS_futex, &s->changes, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

static size_t words_of(uint64_t length)
{
    return (size_t)((length + 7) / 8);
}

static void put_token(struct latchkey_token_page *s, const char *token, size_t length)
{
    size_t before = words_of(s->length), n = words_of(length);

    for (size_t i = 0; i < n || i < before; i++) {
        size_t left = i < n ? length - i * 8 : 0;
        uint64_t word = 0;

        memcpy(&word, token + length - left, left < 8 ? left : 8);
        __atomic_store_n(&s->token[i], word, __ATOMIC_RELEASE);
    }
    __atomic_store_n(&s->length, length, __ATOMIC_RELEASE);
}

static void put(struct latchkey_token_page *s, const struct token_page_value *v, uint32_t state)
{
    begin(s);
    __atomic_store_n(&s->state, state, __ATOMIC_RELEASE);
    __atomic_store_n(&s->generation, v->generation, __ATOMIC_RELEASE);
    __atomic_store_n(&s->deadline, v->deadline, __ATOMIC_RELEASE);
    __atomic_store_n(&s->expires, v->expires, __ATOMIC_RELEASE);
    put_token(s, v->token, strlen(v->token));
    end(s);
}

int token_page_write(struct token_page *p, const struct token_page_value *v)
{
    if (strlen(v->token) > LATCHKEY_TOKEN_PAGE_ROOM)
        return -EMSGSIZE;
    put(p->shown, v, LATCHKEY_TOKEN_PAGE_USABLE);
    return 0;
}

static void wipe(struct token_page *p, uint32_t state)
{
    put(p->shown, &(struct token_page_value){.token = "", .generation = p->shown->generation},
        state);
}

void token_page_clear(struct token_page *p)
{
    if (p->shown->state == LATCHKEY_TOKEN_PAGE_USABLE)
        wipe(p, LATCHKEY_TOKEN_PAGE_EMPTY);
}

int token_page_fd(const struct token_page *p)
{
    return p->fd;
}

const struct latchkey_token_page *token_page_shown(const struct token_page *p)
{
    return p->shown;
}

/* ---- life */

static int make_memfd(void)
{
    int fd = memfd_create("latchkey-token-page", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);

    /* Before Linux 6.3. */
    if (fd < 0 && errno == EINVAL)
        fd = memfd_create("latchkey-token-page", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd >= 0 && ftruncate(fd, LATCHKEY_TOKEN_PAGE_SIZE) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* NULL with errno. */
static struct latchkey_token_page *map(struct token_page *p)
{
    size_t size = machine_page();
    char *both = mmap(NULL, size + LATCHKEY_TOKEN_PAGE_SIZE, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    void *shown;

    if (both == MAP_FAILED)
        return NULL;
    p->node = (struct robust_list *)(void *)both;
    shown = mmap(both + size, LATCHKEY_TOKEN_PAGE_SIZE, PROT_READ | PROT_WRITE,
                 MAP_SHARED | MAP_FIXED, p->fd, 0);
    if (shown == MAP_FAILED || madvise(shown, LATCHKEY_TOKEN_PAGE_SIZE, MADV_DONTDUMP) < 0)
        return NULL;
    (void)mlock(shown, LATCHKEY_TOKEN_PAGE_SIZE); /* best effort: the limit may be used up */
    return shown;
}

/* Two pages that follow each other in one place are told apart by it; see lk_token_page_read(). */
static uint64_t any_even_number(void)
{
    uint64_t number;

    if (getrandom(&number, sizeof(number), GRND_NONBLOCK) != sizeof(number)) {
        struct timespec t;

        clock_gettime(CLOCK_BOOTTIME, &t);
        number = (uint64_t)t.tv_sec << 32 ^ (uint64_t)t.tv_nsec << 2;
    }
    return number & ~UINT64_C(1);
}

int token_page_new(struct token_page **ret)
{
    _cleanup_(token_page_freep) struct token_page *p = calloc(1, sizeof(*p));
    int r;

    if (!p)
        return -ENOMEM;
    p->fd = make_memfd();
    if (p->fd < 0)
        return -errno;
    /* Sealed, it could not be mapped for writing any more. */
    p->shown = map(p);
    if (!p->shown || fcntl(p->fd, F_ADD_SEALS, SEALS) < 0)
        return -errno;
    memcpy(p->shown->magic, LATCHKEY_TOKEN_PAGE_MAGIC, sizeof(p->shown->magic));
    p->shown->version = LATCHKEY_TOKEN_PAGE_VERSION;
    p->shown->sequence = any_even_number();
    r = own(p);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(p);
    return 0;
}

void token_page_free(struct token_page *p)
{
    if (!p)
        return;
    if (p->shown && p->shown->owner != 0) {
        wipe(p, LATCHKEY_TOKEN_PAGE_RETIRED);
        disown(p);
    }
    if (p->node)
        munmap(p->node, machine_page() + LATCHKEY_TOKEN_PAGE_SIZE);
    if (p->fd >= 0)
        close(p->fd);
    free(p);
}
