/* SPDX-License-Identifier: MIT */
/* The page: where everything lies, what it shows, and what those who have its descriptor cannot do. */
#include "suite.h"
#include "token_page.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/falloc.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

static struct token_page *page;
/* As another process maps it. */
static const unsigned char *bytes;

static void open_page(void)
{
    ck_assert_int_eq(token_page_new(&page), 0);
    bytes = mmap(NULL, 4096, PROT_READ, MAP_SHARED, token_page_fd(page), 0);
    ck_assert_ptr_ne(bytes, MAP_FAILED);
}

static void close_page(void)
{
    munmap((void *)(uintptr_t)bytes, 4096);
    token_page_free(page);
}

static void write_token(const char *token, uint64_t generation)
{
    const struct token_page_value value = {
        .token = token, .generation = generation, .deadline = 5000000, .expires = 1700000000000000};

    ck_assert_int_eq(token_page_write(page, &value), 0);
}

/* By the header's words, and not by its struct. */
static uint64_t number64(size_t at)
{
    uint64_t number;

    memcpy(&number, bytes + at, sizeof(number));
    return number;
}

static uint32_t number32(size_t at)
{
    uint32_t number;

    memcpy(&number, bytes + at, sizeof(number));
    return number;
}

static void demand_zeros(size_t from)
{
    for (size_t i = from; i < 4096; i++)
        ck_assert_msg(bytes[i] == 0, "byte %zu", i);
}

START_TEST(test_layout)
{
    uint64_t sequence;
    uint32_t changes;

    ck_assert_mem_eq(bytes, "latchkey", 8);
    ck_assert_uint_eq(number32(8), 1);
    ck_assert_uint_eq(number32(12), (uint32_t)gettid());
    sequence = number64(16);
    ck_assert_uint_eq(sequence % 2, 0);
    ck_assert_uint_eq(number32(48), 0);
    changes = number32(52);
    demand_zeros(56);

    write_token("abcdefghijk", 7);
    ck_assert_uint_eq(number64(16), sequence + 2);
    ck_assert_uint_eq(number64(24), 7);
    ck_assert_uint_eq(number64(32), 5000000);
    ck_assert_uint_eq(number64(40), 1700000000000000);
    ck_assert_uint_eq(number32(48), 1);
    ck_assert_uint_eq(number32(52), changes + 1);
    ck_assert_uint_eq(number64(56), 11);
    ck_assert_str_eq((const char *)bytes + 64, "abcdefghijk");
    demand_zeros(64 + 11);
}
END_TEST

/* Whatever was longer than what follows leaves nothing behind. */
START_TEST(test_wipes)
{
    char token[4033];

    memset(token, 'x', 4032);
    token[4032] = '\0';
    write_token(token, 1);
    ck_assert_mem_eq(bytes + 64, token, 4032);
    write_token("short", 2);
    demand_zeros(64 + 5);

    token_page_clear(page);
    ck_assert_uint_eq(number32(48), 0);
    ck_assert_uint_eq(number64(24), 2);
    ck_assert_uint_eq(number64(32), 0);
    demand_zeros(56);
    ck_assert_uint_eq(number32(12), (uint32_t)gettid());

    write_token("another", 3);
    token_page_free(TAKE_PTR(page));
    ck_assert_uint_eq(number32(48), 2);
    demand_zeros(56);
}
END_TEST

START_TEST(test_lives_on_mapped)
{
    write_token("abc", 1);
    token_page_free(page);
    page = NULL;
    ck_assert_uint_eq(number32(12), 0);
    ck_assert_uint_eq(number32(48), 2);
    demand_zeros(56);
}
END_TEST

START_TEST(test_too_long)
{
    char token[4034];

    write_token("abc", 1);
    memset(token, 'x', 4033);
    token[4033] = '\0';
    ck_assert_int_eq(
        token_page_write(page, &(struct token_page_value){.token = token, .generation = 2}),
        -EMSGSIZE);
    ck_assert_str_eq((const char *)bytes + 64, "abc");
    ck_assert_uint_eq(number64(24), 1);
}
END_TEST

START_TEST(test_never_ends)
{
    ck_assert_int_eq(token_page_write(page, &(struct token_page_value){.token = "abc",
                                                                       .generation = 1,
                                                                       .deadline = UINT64_MAX}),
                     0);
    ck_assert_uint_eq(number64(32), UINT64_MAX);
    ck_assert_uint_eq(number64(40), 0);
}
END_TEST

/* With a descriptor that is as good as the daemon's own. */
START_TEST(test_is_sealed)
{
    int fd = token_page_fd(page), seals = fcntl(fd, F_GET_SEALS);

    write_token("abc", 1);
    ck_assert_int_eq(seals & (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL),
                     F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL);
    ck_assert_ptr_eq(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
    ck_assert_int_eq(mprotect((void *)(uintptr_t)bytes, 4096, PROT_READ | PROT_WRITE), -1);
    ck_assert_int_eq((int)pwrite(fd, "x", 1, 64), -1);
    ck_assert_int_eq(ftruncate(fd, 0), -1);
    ck_assert_int_eq(ftruncate(fd, 8192), -1);
    ck_assert_int_eq(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096), -1);
    ck_assert_int_eq(fallocate(fd, 0, 0, 8192), -1);
    ck_assert_int_eq(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), -1);
    ck_assert_str_eq((const char *)bytes + 64, "abc");
    ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
}
END_TEST

/* Whoever is killed cannot say so: the kernel does. Of each page, wherever it is in the list. */
START_TEST(test_owner_dies)
{
    struct token_page *pages[3];
    const struct latchkey_token_page *seen[3];
    int sockets[2], fds[3], status;
    pid_t child;

    ck_assert_int_eq(pipe2(sockets, O_CLOEXEC), 0);
    child = fork();
    if (child == 0) {
        for (size_t i = 0; i < 3; i++) {
            if (token_page_new(&pages[i]) < 0 ||
                token_page_write(pages[i], &(struct token_page_value){
                                               .token = "abc", .generation = 1, .deadline = 1}) < 0)
                _exit(1);
            fds[i] = token_page_fd(pages[i]);
        }
        token_page_free(pages[1]);
        if (write(sockets[1], fds, sizeof(fds)) < 0)
            _exit(1);
        pause();
    }
    ck_assert_int_eq((int)read(sockets[0], fds, sizeof(fds)), (int)sizeof(fds));
    for (size_t i = 0; i < 3; i += 2) {
        char path[64];
        int fd;

        snprintf(path, sizeof(path), "/proc/%d/fd/%d", child, fds[i]);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        ck_assert_int_ge(fd, 0);
        seen[i] = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
        ck_assert_ptr_ne(seen[i], MAP_FAILED);
        close(fd);
        ck_assert_uint_eq(seen[i]->owner, (uint32_t)child);
    }
    kill(child, SIGKILL);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    for (size_t i = 0; i < 3; i += 2)
        ck_assert_uint_eq(seen[i]->owner & (FUTEX_OWNER_DIED | FUTEX_TID_MASK), FUTEX_OWNER_DIED);
}
END_TEST

/* ---- waiting */

enum event { EVENT_TOKEN, EVENT_CLEAR, EVENT_RETIRE, EVENTS };

START_TEST(test_wakes)
{
    const struct timespec long_time = {.tv_sec = 60};
    uint32_t changes;
    pid_t child;
    int status, tries = 0;

    write_token("abc", 1);
    changes = number32(52);
    child = fork();
    if (child == 0) {
        /* through a mapping that can only be read */
        long r = syscall(SYS_futex, bytes + 52, FUTEX_WAIT, changes, &long_time, NULL, 0);

        _exit(r == 0 || errno == EAGAIN ? 0 : 1);
    }
    /* until it sleeps, that is, in the end */
    nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    if (_i == EVENT_TOKEN)
        write_token("def", 2);
    else if (_i == EVENT_CLEAR)
        token_page_clear(page);
    else
        token_page_free(TAKE_PTR(page));
    while (waitpid(child, &status, WNOHANG) == 0 && tries++ < 1000)
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    ck_assert_int_eq(status, 0);
    ck_assert_int_lt(tries, 1000);
}
END_TEST

Suite *make_suite(void)
{
    Suite *suite = suite_create("token_page");
    TCase *shown = tcase_create("page"), *waiting = tcase_create("waiting");

    tcase_add_checked_fixture(shown, open_page, close_page);
    tcase_add_test(shown, test_layout);
    tcase_add_test(shown, test_wipes);
    tcase_add_test(shown, test_lives_on_mapped);
    tcase_add_test(shown, test_too_long);
    tcase_add_test(shown, test_never_ends);
    tcase_add_test(shown, test_is_sealed);
    tcase_add_test(shown, test_owner_dies);
    suite_add_tcase(suite, shown);

    tcase_add_checked_fixture(waiting, open_page, close_page);
    tcase_set_timeout(waiting, 30);
    tcase_add_loop_test(waiting, test_wakes, 0, EVENTS);
    suite_add_tcase(suite, waiting);
    return suite;
}
