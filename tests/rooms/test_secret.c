/* SPDX-License-Identifier: MIT */
/* The suite of the memory for keys and tokens. */
#include "secret.h"

#include "cleanup.h"
#include "suite.h"
#include "upstream.h"

#include <dlfcn.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

static bool is_full_of(const char *p, size_t length, char c)
{
    for (size_t i = 0; i < length; i++)
        if (p[i] != c)
            return false;
    return true;
}

/* Nothing else of ours lies in pages of this kind: a block is locked when it is near another one. */
static bool is_near(const void *a, const void *b)
{
    uintptr_t x = (uintptr_t)a, y = (uintptr_t)b;

    return (x > y ? x - y : y - x) < SECRET_LOCKED_MOST;
}

START_TEST(is_ordinary_memory_until_it_is_locked)
{
    char *p = secret_strdup_locked("text");

    ck_assert_str_eq(p, "text");
    ck_assert_uint_eq(secret_left(), 0);
    secret_free(p);
    secret_free(NULL);
}
END_TEST

START_TEST(wipes_what_is_freed)
{
    char *p;

    (void)secret_lock();
    p = secret_strdup_locked("a key of several words");
    ck_assert_uint_eq(secret_left(), 1);
    secret_free(p);
    /* The page is still ours. */
    ck_assert(is_full_of(p, 64, 0));
    ck_assert_uint_eq(secret_left(), 0);
}
END_TEST

START_TEST(wipes_what_is_moved)
{
    char *p, *next, *moved;

    (void)secret_lock();
    p = secret_strdup_locked("a key of several words");
    next = secret_strdup_locked("another one");
    ck_assert_ptr_eq(secret_realloc(p, 64), p);
    moved = secret_realloc(p, 1000);
    ck_assert_str_eq(moved, "a key of several words");
    ck_assert(is_near(moved, next));
    ck_assert(is_full_of(p, 64, 0));
    secret_free(next);
    secret_free(moved);
    ck_assert_uint_eq(secret_left(), 0);
}
END_TEST

START_TEST(gives_aligned_blocks_that_do_not_overlap)
{
    enum { N = 100 };
    char *blocks[N];

    (void)secret_lock();
    for (size_t round = 0; round < 3; round++) {
        for (size_t i = 0; i < N; i++) {
            size_t size = (i * 37 + round * 11) % 500;

            blocks[i] = secret_malloc_locked(size);
            ck_assert_uint_eq((uintptr_t)blocks[i] % _Alignof(max_align_t), 0);
            ck_assert(is_full_of(blocks[i], size, 0));
            memset(blocks[i], (int)i + 1, size);
        }
        for (size_t i = 0; i < N; i++)
            ck_assert(is_full_of(blocks[i], (i * 37 + round * 11) % 500, (char)(i + 1)));
        ck_assert_uint_eq(secret_left(), N);
        /* In an order that leaves holes. */
        for (size_t i = 0; i < N; i++)
            secret_free(blocks[i * 77 % N]);
        ck_assert_uint_eq(secret_left(), 0);
    }
}
END_TEST

START_TEST(uses_holes_again_from_the_bottom)
{
    char *first, *second, *third;

    (void)secret_lock();
    first = secret_malloc_locked(100);
    second = secret_malloc_locked(100);
    third = secret_malloc_locked(100);
    secret_free(first);
    secret_free(second);
    /* Only both together are large enough. */
    second = secret_malloc_locked(256);
    ck_assert_ptr_eq(second, first);
    secret_free(third);
    secret_free(second);
}
END_TEST

START_TEST(goes_on_in_ordinary_memory_when_it_is_used_up)
{
    char *whole, *more, *too_large;

    (void)secret_lock();
    too_large = secret_malloc_locked(SECRET_LOCKED_MOST + 1);
    ck_assert_ptr_nonnull(too_large);
    ck_assert_uint_eq(secret_left(), 0);
    secret_free(too_large);

    whole = secret_malloc_locked(SECRET_LOCKED_MOST);
    ck_assert_uint_eq(secret_left(), 1);
    more = secret_strdup_locked("more");
    ck_assert_uint_eq(secret_left(), 1);
    ck_assert_str_eq(more, "more");
    secret_free(more);
    secret_free(whole);
    more = secret_strdup_locked("more");
    ck_assert_uint_eq(secret_left(), 1);
    secret_free(more);
}
END_TEST

static unsigned times_full;

static void count_full(void)
{
    times_full++;
}

START_TEST(says_once_that_it_is_used_up)
{
    char *whole, *more[2];

    (void)secret_lock();
    secret_on_full(count_full);
    whole = secret_malloc_locked(SECRET_LOCKED_MOST);
    ck_assert_uint_eq(times_full, 0);
    for (size_t i = 0; i < 2; i++) {
        more[i] = secret_strdup_locked("more");
        ck_assert_uint_eq(times_full, 1);
    }
    for (size_t i = 0; i < 2; i++)
        secret_free(more[i]);
    secret_free(whole);
}
END_TEST

/* No two blocks overlap, whatever comes and goes, and in the end all of it is one piece again. */
START_TEST(keeps_blocks_apart)
{
    static struct {
        unsigned char *p;
        size_t size;
    } blocks[3000];
    uint32_t dice = 1;
    char *whole;

    (void)secret_lock();
    for (unsigned round = 0; round < 60000; round++) {
        size_t i, size;

        dice = dice * 1664525 + 1013904223;
        i = (dice >> 8) % ARRAY_SIZE(blocks);
        dice = dice * 1664525 + 1013904223;
        size = (dice >> 8) % (dice % 50 == 0 ? 5000 : 400) + 1;
        if (blocks[i].p) {
            ck_assert(is_full_of((char *)blocks[i].p, blocks[i].size, (char)i));
            secret_free(blocks[i].p);
            blocks[i].p = NULL;
            continue;
        }
        blocks[i].p = secret_malloc_locked(size);
        blocks[i].size = size;
        memset(blocks[i].p, (char)i, size);
    }
    for (size_t i = 0; i < ARRAY_SIZE(blocks); i++) {
        ck_assert(!blocks[i].p || is_full_of((char *)blocks[i].p, blocks[i].size, (char)i));
        secret_free(blocks[i].p);
    }
    ck_assert_uint_eq(secret_left(), 0);
    whole = secret_malloc_locked(SECRET_LOCKED_MOST);
    ck_assert_uint_eq(secret_left(), 1);
    secret_free(whole);
}
END_TEST

/* Whether the stretch of addresses that begins there, or ends there, may not be touched. */
static bool is_guard(const void *begins, const void *ends)
{
    FILE *f = fopen("/proc/self/maps", "re");
    char line[512], rights[5];
    void *start, *end;
    bool found = false;

    ck_assert_ptr_nonnull(f);
    while (fgets(line, sizeof(line), f))
        if (sscanf(line, "%p-%p %4s", &start, &end, rights) == 3)
            found |= (start == begins || end == ends) && strncmp(rights, "---", 3) == 0;
    fclose(f);
    return found;
}

START_TEST(has_guards)
{
    char *whole;

    (void)secret_lock();
    whole = secret_malloc_locked(SECRET_LOCKED_MOST);
    whole[SECRET_LOCKED_MOST - 1] = 1;
    ck_assert(is_guard(whole + SECRET_LOCKED_MOST, NULL));
    ck_assert(is_guard(NULL, whole));
    secret_free(whole);
}
END_TEST

START_TEST(ends_at_once_when_something_is_freed_twice)
{
    char *p;

    (void)setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    (void)secret_lock();
    p = secret_strdup_locked("text");
    secret_free(p);
    secret_free(p);
}
END_TEST

/* Where libcurl's TLS is OpenSSL, that frees by way of us. */
START_TEST(is_what_openssl_uses)
{
    void (*get)(void **, void **, void **);
    void *symbol, *functions[3];

    ck_assert_int_eq(upstream_init(), 0);
    symbol = dlsym(RTLD_DEFAULT, "CRYPTO_get_mem_functions");
    if (!symbol)
        return;
    *(void **)&get = symbol;
    get(&functions[0], &functions[1], &functions[2]);
    ck_assert_ptr_ne(functions[1], dlsym(RTLD_DEFAULT, "CRYPTO_realloc"));
    ck_assert_ptr_ne(functions[2], dlsym(RTLD_DEFAULT, "CRYPTO_free"));
}
END_TEST

Suite *make_suite(void)
{
    Suite *s = suite_create("secret");
    TCase *c = tcase_create("secret");

    tcase_add_test(c, is_ordinary_memory_until_it_is_locked);
    tcase_add_test(c, wipes_what_is_freed);
    tcase_add_test(c, wipes_what_is_moved);
    tcase_add_test(c, gives_aligned_blocks_that_do_not_overlap);
    tcase_add_test(c, uses_holes_again_from_the_bottom);
    tcase_add_test(c, goes_on_in_ordinary_memory_when_it_is_used_up);
    tcase_add_test(c, says_once_that_it_is_used_up);
    tcase_add_test(c, keeps_blocks_apart);
    tcase_add_test(c, has_guards);
    tcase_add_test_raise_signal(c, ends_at_once_when_something_is_freed_twice, SIGABRT);
    tcase_add_test(c, is_what_openssl_uses);
    suite_add_tcase(s, c);
    return s;
}
