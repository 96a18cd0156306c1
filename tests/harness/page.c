/* SPDX-License-Identifier: MIT */
#include "page.h"

#include "patience.h"
#include "raw.h"
#include "stage.h"

#include <linux/futex.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

static void unmap(void *page)
{
    munmap(page, LATCHKEY_TOKEN_PAGE_SIZE);
}

static const struct latchkey_token_page *map(int fd)
{
    void *page = mmap(NULL, LATCHKEY_TOKEN_PAGE_SIZE, PROT_READ, MAP_SHARED, fd, 0);

    ck_assert_ptr_ne(page, MAP_FAILED);
    close(fd);
    return stage_keep_with(page, unmap);
}

/* Some more bytes behind what there is, and what comes with them; 0 at the end. */
static size_t receive(int socket, char *to, size_t size, struct page_answer *a)
{
    union {
        char room[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec v = {.iov_base = to, .iov_len = size};
    struct msghdr m = {.msg_iov = &v,
                       .msg_iovlen = 1,
                       .msg_control = control.room,
                       .msg_controllen = sizeof(control.room)};
    struct cmsghdr *h;
    ssize_t n;

    ck_assert_msg(raw_waits(socket, 10), "nothing comes");
    n = recvmsg(socket, &m, MSG_CMSG_CLOEXEC);
    ck_assert_int_ge((int)n, 0);
    h = CMSG_FIRSTHDR(&m);
    if (h) {
        int fd;

        ck_assert_int_eq(h->cmsg_type, SCM_RIGHTS);
        ck_assert_uint_eq(h->cmsg_len, CMSG_LEN(sizeof(int)));
        memcpy(&fd, CMSG_DATA(h), sizeof(fd));
        ck_assert_ptr_null(a->page);
        a->page = map(fd);
    }
    return (size_t)n;
}

/* A 101 ends the daemon's part; of any other answer the head is all that is wanted. */
struct page_answer page_ask(const char *what, const char *headers)
{
    size_t length = 0, size = 64 * 1024, n;
    char *head = stage_keep(calloc(1, size));
    struct page_answer a = {.connection = raw_connect(NULL), .head = head};

    raw_print(a.connection, "%s HTTP/1.1\r\nHost: x\r\n%s\r\n", what, headers);
    do {
        n = receive(a.connection, head + length, size - 1 - length, &a);
        length += n;
    } while (n > 0 && (strncmp(head, "HTTP/1.1 101 ", 13) == 0 || !strstr(head, "\r\n\r\n")));
    ck_assert_msg((strncmp(head, "HTTP/1.1 101 ", 13) == 0) == (a.page != NULL), "%s", head);
    return a;
}

const struct latchkey_token_page *page_get(const char *cloud)
{
    struct page_answer a = page_ask(stage_text("GET /v1/%s/token", cloud), PAGE_HEADERS);

    ck_assert_msg(a.page, "%s", a.head);
    close(a.connection);
    return a.page;
}

const char *page_token(const struct latchkey_token_page *page)
{
    uint64_t words[LATCHKEY_TOKEN_PAGE_ROOM / 8], before, after;
    double end = time_now() + patience(5);

    do {
        ck_assert_msg(time_now() < end, "the page is never at rest");
        before = __atomic_load_n(&page->sequence, __ATOMIC_ACQUIRE);
        for (size_t i = 0; i < ARRAY_SIZE(words); i++)
            words[i] = __atomic_load_n(&page->token[i], __ATOMIC_ACQUIRE);
        after = __atomic_load_n(&page->sequence, __ATOMIC_RELAXED);
    } while (before != after || before % 2 == 1);
    return stage_text("%.*s", (int)sizeof(words), (const char *)words);
}

struct look {
    const struct latchkey_token_page *page;
    uint32_t state;
};

static bool is_in_state(void *userdata)
{
    const struct look *l = userdata;

    return __atomic_load_n(&l->page->state, __ATOMIC_ACQUIRE) == l->state &&
           __atomic_load_n(&l->page->sequence, __ATOMIC_ACQUIRE) % 2 == 0;
}

void page_wait_state(const struct latchkey_token_page *page, uint32_t state)
{
    struct look l = {page, state};

    ck_assert_msg(wait_until(10, is_in_state, &l), "the page is in state %u and not %u",
                  page->state, state);
    if (state == LATCHKEY_TOKEN_PAGE_USABLE)
        return;
    ck_assert_uint_eq(page->length, 0);
    ck_assert_uint_eq(page->deadline, 0);
    for (size_t i = 0; i < ARRAY_SIZE(page->token); i++)
        ck_assert_uint_eq(page->token[i], 0);
}

static bool is_dead(void *page)
{
    const struct latchkey_token_page *p = page;
    uint32_t owner = __atomic_load_n(&p->owner, __ATOMIC_ACQUIRE);

    return owner == 0 || (owner & FUTEX_OWNER_DIED);
}

void page_wait_death(const struct latchkey_token_page *page)
{
    ck_assert_msg(wait_until(10, is_dead, (void *)(uintptr_t)page), "its owner is %u", page->owner);
}
