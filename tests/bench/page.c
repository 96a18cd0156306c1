/* SPDX-License-Identifier: MIT */
/*
 * What reading a token from the shared page costs, beside one look at a clock: `bench-page SOCKET CLOUD
 * [ROUNDS]` prints a line for each figure, its name and its value: nanoseconds, and ratios, medians of
 * the rounds. The daemon at the socket has to hold a token. As the clock's share is the same for each length,
 * there is a token of 200 bytes beside the daemon's.
 */
#include "latchkey.h"
#include "token_page.h"
#include "token_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CALLS 2000000
#define ROUNDS_MOST 101

static double now(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Nanoseconds a call. */
static double measure_clock(clockid_t clock)
{
    double begin = now(CLOCK_MONOTONIC);
    struct timespec t;

    for (int i = 0; i < CALLS; i++)
        clock_gettime(clock, &t);
    return (now(CLOCK_MONOTONIC) - begin) / CALLS;
}

static double measure_page(lk_token_page *page)
{
    static char token[5000];
    double begin = now(CLOCK_MONOTONIC);

    for (int i = 0; i < CALLS; i++)
        if (lk_token_page_read(page, token, sizeof(token), NULL, NULL) != 0)
            return -1;
    return (now(CLOCK_MONOTONIC) - begin) / CALLS;
}

static double measure_view(const struct latchkey_token_page *page)
{
    static char token[5000];
    double begin = now(CLOCK_MONOTONIC);

    for (int i = 0; i < CALLS; i++)
        if (token_view_read(page, token, sizeof(token), NULL) != 0)
            return -1;
    return (now(CLOCK_MONOTONIC) - begin) / CALLS;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *values, int n)
{
    qsort(values, (size_t)n, sizeof(*values), compare);
    return values[n / 2];
}

static void print_ratios(const char *what, double *ns, double *boottime_ns, double *monotonic_ns,
                         int rounds)
{
    double to_boottime[ROUNDS_MOST], to_monotonic[ROUNDS_MOST];

    for (int i = 0; i < rounds; i++) {
        to_boottime[i] = ns[i] / boottime_ns[i];
        to_monotonic[i] = ns[i] / monotonic_ns[i];
    }
    printf("%s_ns %.2f\n", what, median(ns, rounds));
    printf("%s_to_clock_boottime %.3f\n", what, median(to_boottime, rounds));
    printf("%s_to_clock_monotonic %.3f\n", what, median(to_monotonic, rounds));
}

static int measure(lk_token_page *page, const struct latchkey_token_page *own, int rounds)
{
    double page_ns[ROUNDS_MOST], own_ns[ROUNDS_MOST];
    double boottime_ns[ROUNDS_MOST], monotonic_ns[ROUNDS_MOST];

    for (int i = 0; i < rounds; i++) {
        boottime_ns[i] = measure_clock(CLOCK_BOOTTIME);
        page_ns[i] = measure_page(page);
        own_ns[i] = measure_view(own);
        monotonic_ns[i] = measure_clock(CLOCK_MONOTONIC);
        if (page_ns[i] < 0 || own_ns[i] < 0)
            return -1;
    }
    print_ratios("page_read", page_ns, boottime_ns, monotonic_ns, rounds);
    print_ratios("page_read_200_bytes", own_ns, boottime_ns, monotonic_ns, rounds);
    printf("clock_boottime_ns %.2f\n", median(boottime_ns, rounds));
    printf("clock_monotonic_ns %.2f\n", median(monotonic_ns, rounds));
    return 0;
}

/* A page of our own, with a token of the length that Keystone's have. */
static int make_own(struct token_page **ret)
{
    char token[201];
    int r;

    memset(token, 'x', sizeof(token) - 1);
    token[sizeof(token) - 1] = '\0';
    r = token_page_new(ret);
    return r < 0 ? r
                 : token_page_write(*ret, &(struct token_page_value){.token = token,
                                                                     .generation = 1,
                                                                     .deadline = UINT64_MAX});
}

int main(int argc, char **argv)
{
    int rounds = argc > 3 ? atoi(argv[3]) : 5, r;
    _cleanup_(token_page_freep) struct token_page *own = NULL;
    lk_token_page *page = NULL;
    lk_client *client = NULL;
    lk_error *error = NULL;
    lk_token_info info;
    char token[5000];

    if (argc < 3 || argc > 4 || rounds < 1 || rounds > ROUNDS_MOST) {
        fprintf(stderr, "usage: bench-page SOCKET CLOUD [ROUNDS]\n");
        return 2;
    }
    r = lk_client_new(argv[1], &client);
    if (r == 0)
        r = lk_token_page_new(client, argv[2], &page);
    if (r == 0)
        r = lk_token_page_read(page, token, sizeof(token), &info, &error);
    if (r == 0)
        r = make_own(&own);
    if (r == 0) {
        printf("token_bytes %zu\n", info.length);
        r = measure(page, token_page_shown(own), rounds);
    }
    if (r != 0)
        fprintf(stderr, "bench-page: %s\n", error ? lk_error_message(error) : lk_status_text(r));
    lk_error_free(error);
    lk_token_page_free(page);
    lk_client_free(client);
    return r == 0 ? 0 : 1;
}
