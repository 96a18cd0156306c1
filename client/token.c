/* SPDX-License-Identifier: MIT */
/*
 * Tokens: taken as they are, or waited for. The secret is cut out of the answer before the JSON
 * library sees it.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "token.h"

/* Seconds of one long poll at most: where a daemon takes another's place between the look and the poll,
 * it is asked for a number of the other's counting, and waits in vain. */
#define LONGEST_POLL 60

struct lk_token {
    char *secret;
    struct buffer text; /* the answer as it came */
    struct document *document;
    int64_t ends; /* by CLOCK_BOOTTIME, in seconds */
};

int64_t token_now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_BOOTTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t now(void)
{
    return token_now_ms() / 1000;
}

/* A token that has ended has no seconds left; one with more of them than a clock holds never ends. */
static int64_t end_after(int64_t seconds)
{
    int64_t ends;

    return __builtin_add_overflow(now(), seconds > 0 ? seconds : 0, &ends) ? INT64_MAX : ends;
}

static int token_read(lk_token *token)
{
    _cleanup_(buffer_done) struct buffer copy = {};
    const char *shown;
    int r;

    r = buffer_append(&copy, token->text.data, token->text.size);
    if (r < 0)
        return r;
    r = decode_cut_secret(&copy, "token", &token->secret);
    if (r == -ENOMEM)
        return r;
    r = document_new(&copy, &token->document);
    if (r < 0)
        return r;
    shown = node_string(document_root(token->document), "token");
    if (!token->secret && shown) {
        token->secret = strdup(shown);
        if (!token->secret)
            return -ENOMEM;
    }
    if (!shown || !token->secret || !*token->secret)
        return -EPROTO;
    token->ends = end_after(node_integer(document_root(token->document), "expires_in", 0));
    return 0;
}

int token_new(struct buffer *text, lk_token **ret_token)
{
    _cleanup_(lk_token_freep) lk_token *token = calloc(1, sizeof(*token));
    int r;

    if (!token)
        return -ENOMEM;
    token->text = *text;
    *text = (struct buffer){};
    r = token_read(token);
    if (r < 0)
        return r;
    *ret_token = TAKE_PTR(token);
    return 0;
}

static int token_ask(lk_client *client, const struct client_question *question,
                     lk_token **ret_token, lk_error **ret_error)
{
    _cleanup_(buffer_done) struct buffer text = {};
    int r;

    r = client_ask(client, question, &text, ret_error);
    if (r != 0)
        return r;
    if (text.size == 0)
        return LK_NO_CHANGE;
    r = token_new(&text, ret_token);
    return r < 0 ? client_error(client, r, ret_error) : 0;
}

int lk_token_get(lk_client *client, const char *cloud, unsigned min_ttl, lk_token **ret_token,
                 lk_error **ret_error)
{
    char seconds[16];
    struct target_query query = {"min_ttl", min_ttl > 0 ? seconds : NULL};
    struct client_question question = {
        .method = "GET", .cloud = cloud, .resource = "token", .queries = &query, .n_queries = 1};
    int r;

    snprintf(seconds, sizeof(seconds), "%u", min_ttl);
    r = token_ask(client, &question, ret_token, ret_error);
    return r == LK_NO_CHANGE ? client_error(client, -EPROTO, ret_error) : r;
}

/* ---- waiting --------------------------------------------------------------------------------- */

struct wait {
    lk_client *client;
    const char *cloud;
    uint64_t after;
    int64_t deadline; /* by CLOCK_BOOTTIME, in milliseconds */
    lk_token *known;  /* the one of that generation, once it was seen */
    bool has_answered;
    bool is_over; /* the last look came behind the deadline */
};

static void wait_done(struct wait *wait)
{
    lk_token_free(wait->known);
}

static int poll_once(const struct wait *wait, uint64_t after, unsigned seconds,
                     lk_token **ret_token, lk_error **ret_error)
{
    char generation[32], timeout[16];
    struct target_query queries[] = {{"after", generation}, {"timeout", timeout}};
    struct client_question question = {.method = "GET",
                                       .cloud = wait->cloud,
                                       .resource = "token",
                                       .queries = queries,
                                       .n_queries = ARRAY_SIZE(queries),
                                       .patience = seconds};

    snprintf(generation, sizeof(generation), "%llu", (unsigned long long)after);
    snprintf(timeout, sizeof(timeout), "%u", seconds);
    return token_ask(wait->client, &question, ret_token, ret_error);
}

/* Whether a token is another one than the caller has. A daemon that was started again may by now
 * have counted to the same number. */
static bool is_new(const struct wait *wait, const lk_token *token)
{
    return lk_token_generation(token) != wait->after ||
           (wait->known && strcmp(token->secret, wait->known->secret) != 0);
}

/* The token that there is, if it is a new one, else the next one, in one long poll. The former is
 * asked for first since only the daemon knows if it still counts from where the caller does. */
static int wait_once(struct wait *wait, lk_token **ret_token, lk_error **ret_error)
{
    _cleanup_(lk_token_freep) lk_token *held = NULL;
    uint64_t after = wait->after;
    int64_t left;
    int r;

    r = poll_once(wait, 0, 0, &held, ret_error);
    wait->has_answered = r == 0 || r == LK_NO_CHANGE;
    if (!wait->has_answered)
        return r;
    if (held && is_new(wait, held)) {
        *ret_token = TAKE_PTR(held);
        return 0;
    }
    /* without a token every one that comes is new */
    if (!held)
        after = 0;
    else if (!wait->known)
        wait->known = TAKE_PTR(held);

    left = (wait->deadline - token_now_ms() + 500) / 1000;
    wait->is_over = left <= 0;
    if (wait->is_over)
        return LK_NO_CHANGE;
    return poll_once(wait, after, left < LONGEST_POLL ? (unsigned)left : LONGEST_POLL, ret_token,
                     ret_error);
}

bool token_is_restart(int r)
{
    return r == LK_STOPPING || r == -ECONNRESET || r == -ECONNREFUSED || r == -ENOENT;
}

/* Whether it is too early to give that to the caller. A daemon that stops says before the time is over
 * that there is nothing new. */
static bool is_to_go_on(const struct wait *wait, int r, int64_t gives_up)
{
    int64_t time = token_now_ms();

    if (r == LK_NO_CHANGE)
        return !wait->is_over;
    return token_is_restart(r) && time < gives_up && time < wait->deadline;
}

int lk_token_wait(lk_client *client, const char *cloud, uint64_t after, unsigned seconds,
                  lk_token **ret_token, lk_error **ret_error)
{
    _cleanup_(wait_done) struct wait wait = {
        .client = client,
        .cloud = cloud,
        .after = after,
        .deadline = token_now_ms() + (int64_t)seconds * 1000,
    };
    int64_t gives_up = 0;

    for (;;) {
        _cleanup_(lk_error_freep) lk_error *error = NULL;
        int r = wait_once(&wait, ret_token, &error);

        if (wait.has_answered)
            gives_up = token_now_ms() + TOKEN_RESTART_MS;
        if (!is_to_go_on(&wait, r, gives_up)) {
            if (ret_error && error)
                *ret_error = TAKE_PTR(error);
            return r;
        }
        nanosleep(&(struct timespec){.tv_nsec = TOKEN_PAUSE_NS}, NULL);
    }
}

/* ---- what a token says ----------------------------------------------------------------------- */

void lk_token_free(lk_token *token)
{
    if (!token)
        return;
    secret_free(token->secret);
    buffer_done(&token->text);
    document_free(token->document);
    free(token);
}

const char *lk_token_secret(const lk_token *token)
{
    return token->secret;
}

const char *lk_token_expires(const lk_token *token)
{
    return node_string(document_root(token->document), "expires");
}

int64_t lk_token_expires_in(const lk_token *token)
{
    int64_t left = token->ends - now();

    return left > 0 ? left : 0;
}

uint64_t lk_token_generation(const lk_token *token)
{
    return (uint64_t)node_integer(document_root(token->document), "generation", 0);
}

const char *lk_token_json(const lk_token *token)
{
    return token->text.data;
}
