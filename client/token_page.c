/* SPDX-License-Identifier: MIT */
/*
 * The page that the daemon shares, for as long as it lives, and whatever else there is to be had where it
 * does not. It is mapped in one place for the life of the handle: a page that takes another's place is
 * mapped over it, and who reads across that finds another sequence number, for each begins at random.
 */
#include "token.h"
#include "token_view.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW)
/* Milliseconds after which who waits looks whether the daemon still lives. */
#define SLICE 5000
/* No result of any call. */
#define GO_ON INT_MAX

struct lk_token_page {
    const struct latchkey_token_page *shown; /* a dead one, of zeros, before there is any */
    lk_client *client;
    char *cloud;
    pthread_mutex_t lock; /* for whoever maps; readers need none */
};

DEFINE_CLEANUP(lk_token_page *, lk_token_page_free)

int lk_token_page_new(lk_client *client, const char *cloud, lk_token_page **ret_page)
{
    _cleanup_(lk_token_page_freep) lk_token_page *page = calloc(1, sizeof(*page));
    void *nothing;

    if (!page)
        return -ENOMEM;
    pthread_mutex_init(&page->lock, NULL);
    page->client = client;
    nothing = mmap(NULL, LATCHKEY_TOKEN_PAGE_SIZE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (nothing == MAP_FAILED)
        return -ENOMEM;
    page->shown = nothing;
    if (cloud && !(page->cloud = strdup(cloud)))
        return -ENOMEM;
    *ret_page = TAKE_PTR(page);
    return 0;
}

void lk_token_page_free(lk_token_page *page)
{
    if (!page)
        return;
    if (page->shown)
        (void)munmap((void *)(uintptr_t)page->shown, LATCHKEY_TOKEN_PAGE_SIZE);
    pthread_mutex_destroy(&page->lock);
    free(page->cloud);
    free(page);
}

/* ---- another page ---------------------------------------------------------------------------- */

/* Whether reading there can never be a fault. */
static bool is_sealed(int fd)
{
    struct stat st;

    int seals = fcntl(fd, F_GET_SEALS);

    return seals >= 0 && (seals & SEALS) == SEALS && fstat(fd, &st) == 0 &&
           st.st_size >= LATCHKEY_TOKEN_PAGE_SIZE;
}

static bool is_page(const struct latchkey_token_page *shown)
{
    return memcmp(shown->magic, LATCHKEY_TOKEN_PAGE_MAGIC, sizeof(shown->magic)) == 0 &&
           shown->version == LATCHKEY_TOKEN_PAGE_VERSION;
}

static bool is_good(int fd)
{
    void *trial;
    bool good;

    if (!is_sealed(fd))
        return false;
    trial = mmap(NULL, LATCHKEY_TOKEN_PAGE_SIZE, PROT_READ, MAP_SHARED, fd, 0);
    if (trial == MAP_FAILED)
        return false;
    good = is_page(trial) && !token_view_is_dead(trial);
    (void)munmap(trial, LATCHKEY_TOKEN_PAGE_SIZE);
    return good;
}

/* Takes the page over, unless another thread was faster: whether there is one that lives. */
static bool adopt(lk_token_page *page, int fd)
{
    void *place = (void *)(uintptr_t)page->shown;
    bool lives;

    pthread_mutex_lock(&page->lock);
    lives = !token_view_is_dead(page->shown);
    if (!lives && is_good(fd) &&
        mmap(place, LATCHKEY_TOKEN_PAGE_SIZE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0) == place) {
        (void)madvise(place, LATCHKEY_TOKEN_PAGE_SIZE, MADV_DONTDUMP);
        lives = true;
    }
    pthread_mutex_unlock(&page->lock);
    return lives;
}

/*
 * Asks the daemon: 0 with a page that lives, and *ret_token is left as it is; or with the token of a daemon that
 * gives none; else why there is neither.
 */
static int obtain(lk_token_page *page, lk_token **ret_token, lk_error **ret_error)
{
    _cleanup_(buffer_done) struct buffer body = {};
    _cleanup_(closep) int fd = -1;
    int r;

    r = client_ask_passing(page->client, page->cloud, "token", LATCHKEY_TOKEN_PAGE_PROTOCOL, &fd,
                           &body, ret_error);
    if (r != 0 || (fd >= 0 && adopt(page, fd)))
        return r;
    if (body.size == 0)
        return lk_token_get(page->client, page->cloud, 0, ret_token, ret_error);
    r = token_new(&body, ret_token);
    return r < 0 ? client_error(page->client, r, ret_error) : 0;
}

/* ---- reading --------------------------------------------------------------------------------- */

static int give(const lk_token *token, char *buffer, size_t size, lk_token_info *ret_info)
{
    const char *secret = lk_token_secret(token);
    lk_token_info info = {
        .length = strlen(secret),
        .generation = lk_token_generation(token),
        .expires_in = lk_token_expires_in(token),
    };

    if (ret_info)
        *ret_info = info;
    if (info.length >= size)
        return -ENOBUFS;
    memcpy(buffer, secret, info.length + 1);
    return 0;
}

static int words_for(const lk_token_page *page, int r, lk_error **ret_error)
{
    if (r == -ENOBUFS)
        return error_errno(ret_error, r, "the token does not fit into the buffer");
    return r < 0 ? client_error(page->client, r, ret_error) : r;
}

static int read_anew(lk_token_page *page, char *buffer, size_t size, lk_token_info *ret_info,
                     lk_error **ret_error)
{
    _cleanup_(lk_token_freep) lk_token *token = NULL;
    int r;

    r = obtain(page, &token, ret_error);
    if (r != 0)
        return r;
    if (!token) {
        r = token_view_read(page->shown, buffer, size, ret_info);
        if (r == 0 || r == -ENOBUFS)
            return words_for(page, r, ret_error);
        /* it has ended, or its daemon has, since the answer */
        r = lk_token_get(page->client, page->cloud, 0, &token, ret_error);
        if (r != 0)
            return r;
    }
    return words_for(page, give(token, buffer, size, ret_info), ret_error);
}

int lk_token_page_read(lk_token_page *page, char *buffer, size_t size, lk_token_info *ret_info,
                       lk_error **ret_error)
{
    int r = token_view_read(page->shown, buffer, size, ret_info);

    if (r == 0)
        return 0;
    return r == -ENOBUFS ? words_for(page, r, ret_error)
                         : read_anew(page, buffer, size, ret_info, ret_error);
}

/* ---- waiting --------------------------------------------------------------------------------- */

struct wait {
    lk_token_page *page;
    uint64_t after;
    int64_t deadline; /* by CLOCK_BOOTTIME, in milliseconds */
    int64_t gives_up; /* when a daemon that was there has to be back */
    bool has_seen;    /* the token of that generation, which is this one: */
    char seen[LATCHKEY_TOKEN_PAGE_ROOM + 1];
};

static void wait_done(struct wait *wait)
{
    explicit_bzero(wait->seen, sizeof(wait->seen));
}

static unsigned seconds_left(const struct wait *wait)
{
    int64_t left = (wait->deadline - token_now_ms() + 500) / 1000;

    return left < 0 ? 0 : left < UINT_MAX ? (unsigned)left : UINT_MAX;
}

/* Whether that is another token than the caller has; a daemon that was started again may by now have
 * counted to the same number. */
static bool is_new(struct wait *wait, const char *token, uint64_t generation)
{
    if (generation != wait->after || (wait->has_seen && strcmp(token, wait->seen) != 0))
        return true;
    if (!wait->has_seen && strlen(token) < sizeof(wait->seen)) {
        strcpy(wait->seen, token);
        wait->has_seen = true;
    }
    return false;
}

/* Through the socket, where no page is to be had. */
static int wait_without(struct wait *wait, lk_error **ret_error)
{
    lk_client *client = wait->page->client;
    const char *cloud = wait->page->cloud;
    _cleanup_(lk_token_freep) lk_token *token = NULL, *next = NULL;
    int r;

    r = lk_token_wait(client, cloud, wait->has_seen ? 0 : wait->after, seconds_left(wait), &token,
                      ret_error);
    if (r != 0 || is_new(wait, lk_token_secret(token), lk_token_generation(token)))
        return r;
    return lk_token_wait(client, cloud, wait->after, seconds_left(wait), &next, ret_error);
}

/* The page is dead. GO_ON with another one, or when it is too early to say; else the call's result. */
static int go_on(struct wait *wait, lk_error **ret_error)
{
    _cleanup_(lk_error_freep) lk_error *error = NULL;
    _cleanup_(lk_token_freep) lk_token *token = NULL;
    int64_t now;
    int r;

    if (obtain(wait->page, &token, NULL) == 0 && !token)
        return GO_ON;
    r = wait_without(wait, &error);
    now = token_now_ms();
    if (token_is_restart(r) && now < wait->gives_up && now < wait->deadline) {
        nanosleep(&(struct timespec){.tv_nsec = TOKEN_PAUSE_NS}, NULL);
        return GO_ON;
    }
    if (ret_error && error)
        *ret_error = TAKE_PTR(error);
    return r;
}

static void sleep_on(const struct latchkey_token_page *shown, uint32_t changes, int64_t ms)
{
    struct timespec t;

    if (ms > SLICE)
        ms = SLICE;
    t = (struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)syscall(SYS_futex, &shown->changes, FUTEX_WAIT, changes, &t, NULL, 0);
}

/* 0: there is another token; GO_ON: there is not; -EOWNERDEAD. */
static int look(struct wait *wait)
{
    char token[LATCHKEY_TOKEN_PAGE_ROOM + 1];
    lk_token_info info;
    int r = token_view_read(wait->page->shown, token, sizeof(token), &info);

    if (r == -ENODATA || (r == 0 && !is_new(wait, token, info.generation)))
        r = GO_ON;
    explicit_bzero(token, sizeof(token));
    return r;
}

int lk_token_page_wait(lk_token_page *page, uint64_t after, unsigned seconds, lk_error **ret_error)
{
    const struct latchkey_token_page *shown = page->shown;
    _cleanup_(wait_done) struct wait wait = {
        .page = page, .after = after, .deadline = token_now_ms() + (int64_t)seconds * 1000};
    int r;

    do {
        /* before the look, so that what changes behind it is noticed */
        uint32_t changes = __atomic_load_n(&shown->changes, __ATOMIC_ACQUIRE);
        int64_t now = token_now_ms();

        r = look(&wait);
        if (r == -EOWNERDEAD) {
            r = go_on(&wait, ret_error);
        } else if (r == GO_ON) {
            if (now >= wait.deadline)
                return LK_NO_CHANGE;
            wait.gives_up = now + TOKEN_RESTART_MS;
            sleep_on(shown, changes, wait.deadline - now);
        }
    } while (r == GO_ON);
    return r;
}
