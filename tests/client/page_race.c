/* SPDX-License-Identifier: MIT */
/*
 * One writer of a token page and four readers, who look at each byte of what they read: `page-race READS RATE
 * [PAGES]`. READS is the readers' sum; RATE is how often a second the token is another, 0: as fast as can
 * be; after PAGES tokens another page takes the page's place, 0 or none: never. Says what it saw; exit
 * status 1 when a read was torn, or nothing was tried.
 *
 * A token tells its generation in its length and in each of its bytes. Two readers have a mapping of their own,
 * as other processes have; two share the writer's, where ThreadSanitizer sees both sides.
 */
#include "token_page.h"
#include "token_view.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>

#define READERS 4
#define LENGTH_MOST 300
#define ABSENT_EVERY 61 /* of so many, one is no token but that there is none */

struct race {
    const struct latchkey_token_page *place; /* where a reader of another process has its mapping */
    const struct latchkey_token_page *shown; /* where the writer has his; NULL: it does not last */
    unsigned long reads;                     /* of each */
    int running;                             /* readers */
};

struct reader {
    pthread_t thread;
    struct race *race;
    bool beside_writer;
    unsigned long read, absent, dead, torn;
    uint64_t last;
};

static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return x ^ x >> 31;
}

static size_t length_of(uint64_t generation)
{
    return 1 + mix(generation) % LENGTH_MOST;
}

/* Eight bytes of it, none of them NUL. */
static uint64_t word_of(uint64_t generation, size_t i)
{
    return mix(generation * 1000 + i) | 0x0101010101010101;
}

static void make(uint64_t generation, char to[static LENGTH_MOST + 16])
{
    size_t length = length_of(generation);

    for (size_t i = 0; i * 8 < length; i++) {
        uint64_t word = word_of(generation, i);

        memcpy(to + i * 8, &word, sizeof(word));
    }
    to[length] = '\0';
}

static bool is_whole(const char *token, const lk_token_info *info)
{
    size_t i, length = length_of(info->generation);
    uint64_t word;

    if (info->length != length || token[length] != '\0')
        return false;
    for (i = 0; (i + 1) * 8 <= length; i++) {
        word = word_of(info->generation, i);
        if (memcmp(token + i * 8, &word, sizeof(word)) != 0)
            return false;
    }
    word = word_of(info->generation, i);
    return memcmp(token + i * 8, &word, length - i * 8) == 0;
}

static void *read_on(void *userdata)
{
    struct reader *r = userdata;
    const struct latchkey_token_page *page = r->beside_writer ? r->race->shown : r->race->place;
    char token[LENGTH_MOST + 16];
    lk_token_info info;

    while (r->read < r->race->reads) {
        int result = token_view_read(page, token, sizeof(token), &info);

        r->absent += result == -ENODATA;
        r->dead += result == -EOWNERDEAD;
        if (result == -ENODATA || result == -EOWNERDEAD)
            continue;
        r->read++;
        if (result != 0 || !is_whole(token, &info) || info.generation < r->last)
            r->torn++;
        r->last = info.generation;
    }
    __atomic_fetch_sub(&r->race->running, 1, __ATOMIC_RELEASE);
    return NULL;
}

/* ---- the writer */

static double time_of(const struct timespec *t)
{
    return (double)t->tv_sec + (double)t->tv_nsec / 1e9;
}

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return time_of(&t);
}

struct writer {
    struct race *race;
    struct token_page *page;
    unsigned long rate, pages;
    uint64_t generation;
};

static void write_next(struct writer *w)
{
    char token[LENGTH_MOST + 16];

    make(++w->generation, token);
    if (w->generation % ABSENT_EVERY == 0)
        token_page_clear(w->page);
    else
        (void)token_page_write(w->page, &(struct token_page_value){.token = token,
                                                                   .generation = w->generation,
                                                                   .deadline = UINT64_MAX});
}

static int show(const struct token_page *page, const struct latchkey_token_page *place)
{
    void *at = (void *)(uintptr_t)place;

    return mmap(at, LATCHKEY_TOKEN_PAGE_SIZE, PROT_READ, MAP_SHARED | MAP_FIXED,
                token_page_fd(page), 0) == at
               ? 0
               : -errno;
}

static void take_another_page(struct writer *w)
{
    struct token_page *old = w->page;

    if (token_page_new(&w->page) < 0)
        abort();
    write_next(w);
    if (show(w->page, w->race->place) < 0)
        abort();
    token_page_free(old);
}

static void write_on(struct writer *w)
{
    struct timespec next;

    (void)prctl(PR_SET_TIMERSLACK, 1UL);
    clock_gettime(CLOCK_MONOTONIC, &next);
    while (__atomic_load_n(&w->race->running, __ATOMIC_ACQUIRE) > 0) {
        write_next(w);
        if (w->pages > 0 && w->generation % w->pages == 0)
            take_another_page(w);
        if (w->rate == 0)
            continue;
        next.tv_nsec += (long)(1000000000 / w->rate);
        next.tv_sec += next.tv_nsec / 1000000000;
        next.tv_nsec %= 1000000000;
        /* Who was kept from running catches up. */
        if (time_of(&next) > seconds())
            (void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
    }
}

/* ---- the race */

static int run(struct race *race, struct writer *w)
{
    struct reader readers[READERS] = {0};
    unsigned long read = 0, absent = 0, dead = 0, torn = 0;
    double begin = seconds();

    race->running = READERS;
    for (size_t i = 0; i < READERS; i++) {
        readers[i].race = race;
        readers[i].beside_writer = race->shown && i % 2 == 0;
        if (pthread_create(&readers[i].thread, NULL, read_on, &readers[i]) != 0)
            return 1;
    }
    write_on(w);
    for (size_t i = 0; i < READERS; i++) {
        pthread_join(readers[i].thread, NULL);
        read += readers[i].read;
        absent += readers[i].absent;
        dead += readers[i].dead;
        torn += readers[i].torn;
    }
    begin = seconds() - begin;
    printf("%lu reads by %d readers, %llu tokens (%.0f a second), in %.1f s: %lu torn; "
           "%lu times there was none, %lu times no page that lives\n",
           read, READERS, (unsigned long long)w->generation, (double)w->generation / begin, begin,
           torn, absent, dead);
    return torn == 0 && read > 0 && w->generation > 100 ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct race race = {.reads = argc > 1 ? strtoul(argv[1], NULL, 10) / READERS : 0};
    struct writer w = {.race = &race,
                       .rate = argc > 2 ? strtoul(argv[2], NULL, 10) : 0,
                       .pages = argc > 3 ? strtoul(argv[3], NULL, 10) : 0};
    void *place;
    int r;

    if (argc < 3 || race.reads == 0) {
        fprintf(stderr, "usage: page-race READS RATE [PAGES]\n");
        return 2;
    }
    place = mmap(NULL, LATCHKEY_TOKEN_PAGE_SIZE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (place == MAP_FAILED || token_page_new(&w.page) < 0)
        return 1;
    race.place = place;
    race.shown = w.pages > 0 ? NULL : token_page_shown(w.page);
    if (show(w.page, race.place) < 0)
        return 1;
    r = run(&race, &w);
    token_page_free(w.page);
    (void)munmap(place, LATCHKEY_TOKEN_PAGE_SIZE);
    return r;
}
