/* SPDX-License-Identifier: MIT */
/* The token's life: renewed well before its end, at a random point, once; nobody ever gets a dead
 * one. */
#include "daemon.h"
#include "patience.h"
#include "sandbox.h"
#include "stage.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#define LIFETIME 6 /* s */
#define READERS 4
#define READ_FOR 20 /* s */

/* ---- readers while the token is renewed */

static atomic_bool stop;

struct reader {
    pthread_t thread;
    unsigned reads;
    unsigned dead;
    unsigned failed;
    json_int_t last_generation;
};

static void *read_tokens(void *userdata)
{
    struct reader *reader = userdata;
    _cleanup_(client_freep) struct client *daemon = client_new(daemon_socket(), NULL);
    _cleanup_(client_freep) struct client *sandbox = client_new(NULL, sandbox_url());

    while (!atomic_load(&stop)) {
        const struct reply *r = client_ask(daemon, &(struct ask){.target = "/v1/default/token"});
        json_int_t left, generation;
        const char *token;

        reader->reads++;
        if (r->status != 200) {
            reader->failed++;
            continue;
        }
        json_demand(reply_json(r, 200), "{s:s, s:I, s:I}", "token", &token, "expires_in", &left,
                    "generation", &generation);
        ck_assert_int_le(left, LIFETIME);
        ck_assert_int_ge(left, 0);
        ck_assert_int_ge(generation, reader->last_generation);
        reader->last_generation = generation;
        r = client_ask(sandbox, &(struct ask){.target = "/echo/",
                                              .headers = (const char *const[]){
                                                  stage_text("X-Auth-Token: %s", token), NULL}});
        reader->dead += r->status == 401;
        reader->failed += r->status != 200 && r->status != 401;
        r = client_ask(daemon, &(struct ask){.target = "/v1/default/proxy/x-echo/"});
        reader->failed += r->status != 200;
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
    return NULL;
}

/* The gaps between the logins, in seconds; how many. */
static size_t login_gaps(double *gaps, size_t most)
{
    json_t *times = json_object_get(sandbox_stats(), "login_times");
    size_t n = 0;

    for (size_t i = 1; i < json_array_size(times) && n < most; i++)
        gaps[n++] = json_number_value(json_array_get(times, i)) -
                    json_number_value(json_array_get(times, i - 1));
    return n;
}

START_TEST(never_gives_a_dead_token)
{
    struct reader readers[READERS] = {0};
    double gaps[16];
    size_t n;

    sandbox_start((const char *const[]){"--token-lifetime", "6", NULL});
    (void)daemon_start(NULL);
    for (size_t i = 0; i < READERS; i++)
        ck_assert_int_eq(pthread_create(&readers[i].thread, NULL, read_tokens, &readers[i]), 0);
    nanosleep(&(struct timespec){.tv_sec = READ_FOR}, NULL);
    atomic_store(&stop, true);
    for (size_t i = 0; i < READERS; i++)
        ck_assert_int_eq(pthread_join(readers[i].thread, NULL), 0);

    n = login_gaps(gaps, ARRAY_SIZE(gaps));
    ck_assert_uint_ge(n, 3);
    ck_assert_uint_le(n, 5);
    for (size_t i = 0; i < n; i++)
        /* The service's Date is in whole seconds: up to one is lost to it. */
        ck_assert_msg(gaps[i] > LIFETIME * 0.7 - 1 && gaps[i] < LIFETIME * 0.85 + patience(0.8),
                      "a gap of %.2f s", gaps[i]);
    for (size_t i = 0; i < READERS; i++) {
        ck_assert_uint_gt(readers[i].reads, 20);
        ck_assert_uint_eq(readers[i].dead, 0);
        ck_assert_uint_eq(readers[i].failed, 0);
        ck_assert_int_eq(readers[i].last_generation, (json_int_t)n + 1);
    }
    /* One login a renewal, and none of them failed. */
    ck_assert_int_eq(sandbox_count("login_attempt_times"), (json_int_t)n + 1);
}
END_TEST

/* A fleet: each draws its own point between 70 % and 85 %. */
START_TEST(spreads_renewals)
{
    enum { CLOUDS = 24 };
    const char *config = "";
    double least = 1, most = 0;

    sandbox_start(NULL);
    for (int i = 0; i < CLOUDS; i++)
        config = stage_text("%s%s", config, daemon_cloud(stage_text("cloud%d", i), ""));
    (void)daemon_start(&(struct daemon_options){.config = config});
    for (int i = 0; i < CLOUDS; i++) {
        json_int_t refresh, left;
        double part;

        daemon_wait_state(stage_text("cloud%d", i), "ready");
        json_demand(reply_json(get("/v1/cloud%d/identity", i), 200), "{s:I, s:I}", "refresh_in",
                    &refresh, "expires_in", &left);
        part = (double)refresh / 86400;
        ck_assert_msg(part > 0.699 && part < 0.8501, "%.4f", part);
        least = part < least ? part : least;
        most = part > most ? part : most;
    }
    ck_assert_msg(most - least > 0.05, "from %.4f to %.4f", least, most);
}
END_TEST

/* ---- waiting for a better token */

START_TEST(waits_for_min_ttl)
{
    const struct reply *replies[5];
    json_int_t left, generation;
    double gap;

    sandbox_start((const char *const[]){"--token-lifetime", "100", NULL});
    (void)daemon_start(NULL);
    sandbox_set("'token_lifetime': 1000, 'login_delay': 0.2");
    /* The token at hand is good enough. */
    json_demand(reply_json(get("/v1/default/token?min_ttl=50"), 200), "{s:I}", "generation",
                &generation);
    ck_assert_int_eq(generation, 1);
    ck_assert_int_eq(sandbox_count("logins"), 1);
    /* It is not: whoever asks waits, and the login comes 5 s after the last. */
    ask_crowd(&(struct ask){.target = "/v1/default/token?min_ttl=500"}, ARRAY_SIZE(replies),
              replies);
    for (size_t i = 0; i < ARRAY_SIZE(replies); i++) {
        json_demand(reply_json(replies[i], 200), "{s:I, s:I}", "expires_in", &left, "generation",
                    &generation);
        ck_assert_int_ge(left, 500);
        ck_assert_int_eq(generation, 2);
    }
    ck_assert_uint_eq(login_gaps(&gap, 1), 1);
    ck_assert_msg(gap > 4.9 && gap < 5 + patience(1), "a gap of %.2f s", gap);
    ck_assert_int_eq(sandbox_count("logins"), 2);
    /* Later than that it comes at once. */
    sandbox_set("'token_lifetime': 3000");
    nanosleep(&(struct timespec){.tv_sec = 5, .tv_nsec = 200000000}, NULL);
    json_demand(reply_json(get("/v1/default/token?min_ttl=2000"), 200), "{s:I}", "generation",
                &generation);
    ck_assert_int_eq(generation, 3);
}
END_TEST

/* Its own time counts where it is shorter than the wait for the renewal. */
START_TEST(waits_for_min_ttl_as_long_as_it_may)
{
    json_int_t generation;
    const struct reply *r;

    sandbox_start((const char *const[]){"--token-lifetime", "100", NULL});
    (void)daemon_start(NULL);
    r = get("/v1/default/token?min_ttl=500&timeout=1");
    json_demand(reply_json(r, 200), "{s:I}", "generation", &generation);
    ck_assert_int_eq(generation, 1);
    ck_assert_msg(r->seconds >= 1 && r->seconds < 1 + patience(2), "%.2f s", r->seconds);
}
END_TEST

/* More than the service ever gives must not make a storm of it. */
START_TEST(does_not_loop_for_an_impossible_min_ttl)
{
    const struct reply *replies[20];
    double begin = time_now();
    json_int_t left;

    sandbox_start((const char *const[]){"--token-lifetime", "100", NULL});
    (void)daemon_start(NULL);
    for (int i = 0; i < 3; i++) {
        ask_crowd(&(struct ask){.target = "/v1/default/token?min_ttl=99999"}, ARRAY_SIZE(replies),
                  replies);
        for (size_t j = 0; j < ARRAY_SIZE(replies); j++) {
            json_demand(reply_json(replies[j], 200), "{s:I}", "expires_in", &left);
            ck_assert_int_ge(left, 90);
        }
    }
    /* One every 5 s at most. */
    ck_assert_int_le(sandbox_count("logins"), 2 + (json_int_t)((time_now() - begin) / 5));
}
END_TEST

START_TEST(answers_a_long_poll_with_the_next_token)
{
    const struct reply *replies[5], *r;
    json_int_t generation;

    sandbox_start((const char *const[]){"--token-lifetime", "4", NULL});
    (void)daemon_start(NULL);
    /* There is a newer one already: no wait. */
    r = get("/v1/default/token?after=0&timeout=30");
    json_demand(reply_json(r, 200), "{s:I}", "generation", &generation);
    ck_assert_int_eq(generation, 1);
    ck_assert(r->seconds < patience(1));

    ask_crowd(&(struct ask){.target = "/v1/default/token?after=1&timeout=10"}, ARRAY_SIZE(replies),
              replies);
    for (size_t i = 0; i < ARRAY_SIZE(replies); i++) {
        json_demand(reply_json(replies[i], 200), "{s:I}", "generation", &generation);
        ck_assert_int_eq(generation, 2);
        ck_assert_msg(replies[i]->seconds > 1 && replies[i]->seconds < patience(6), "%.2f s",
                      replies[i]->seconds);
    }
    /* As bare text as well. */
    r = send_text("GET", "/v1/default/token?after=2&timeout=10", NULL, "Accept: text/plain");
    ck_assert_int_eq(r->status, 200);
    ck_assert(!strchr(r->body, '{'));
}
END_TEST

START_TEST(ends_a_long_poll_in_time)
{
    const struct reply *r;

    sandbox_start(NULL);
    (void)daemon_start(NULL);
    r = get("/v1/default/token?after=1&timeout=1");
    ck_assert_int_eq(r->status, 204);
    ck_assert_uint_eq(r->length, 0);
    ck_assert_msg(r->seconds >= 1 && r->seconds < 1 + patience(2), "%.2f s", r->seconds);
    r = get("/v1/default/token?after=1&timeout=0");
    ck_assert_int_eq(r->status, 204);
    ck_assert(r->seconds < patience(2));
    r = get("/v1/default/token?after=99&timeout=1");
    ck_assert_int_eq(r->status, 204);
}
END_TEST

/* ---- a service that hands the same token back */

START_TEST(does_not_loop_on_the_same_token)
{
    json_int_t generation, attempts;
    const char *first, *second;

    sandbox_start((const char *const[]){"--token-lifetime", "6", NULL});
    sandbox_set("'same_token': true");
    (void)daemon_start(NULL);
    json_demand(reply_json(get("/v1/default/token"), 200), "{s:s}", "token", &first);
    /* It is the newest until it has died: only then can there be another one. */
    ck_assert_int_eq(get("/v1/default/token?after=1&timeout=4")->status, 204);
    json_demand(reply_json(get("/v1/default/token?after=1&timeout=10"), 200), "{s:s, s:I}", "token",
                &second, "generation", &generation);
    ck_assert_str_ne(first, second);
    ck_assert_int_eq(generation, 2);
    attempts = sandbox_count("login_attempt_times");
    ck_assert_msg(attempts <= 6, "%lld logins for one token", (long long)attempts);
    ck_assert(sandbox_takes(second));
}
END_TEST

/* There is another token only when the old one has ended, and nobody has to come again for it. */
START_TEST(has_no_gap_when_the_token_stays_the_same)
{
    _cleanup_(client_freep) struct client *client = NULL;
    json_int_t generation = 0;
    double begin, seconds;

    sandbox_start((const char *const[]){"--token-lifetime", "1.9", NULL});
    sandbox_set("'same_token': true");
    (void)daemon_start(NULL);
    client = client_new(daemon_socket(), NULL);
    for (begin = time_now(); generation < 4 && time_now() < begin + patience(20);) {
        const struct reply *r = client_ask(client, &(struct ask){.target = "/v1/default/token"});

        json_demand(reply_json(r, 200), "{s:I}", "generation", &generation);
    }
    ck_assert_int_eq(generation, 4);
    /* Each is asked for when it should be renewed, and when it has ended. */
    seconds = time_now() - begin;
    ck_assert_msg(seconds > 3 * 1.8 && seconds < 3 * 1.9 + patience(1), "%.2f s", seconds);
    ck_assert_int_le(sandbox_count("login_attempt_times"), 8);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("renewal");
    TCase *c = stage_case(s, "readers", 60);

    tcase_add_test(c, never_gives_a_dead_token);
    tcase_add_test(c, spreads_renewals);
    c = stage_case(s, "waiting", 30);
    tcase_add_test(c, waits_for_min_ttl);
    tcase_add_test(c, waits_for_min_ttl_as_long_as_it_may);
    tcase_add_test(c, does_not_loop_for_an_impossible_min_ttl);
    tcase_add_test(c, answers_a_long_poll_with_the_next_token);
    tcase_add_test(c, ends_a_long_poll_in_time);
    tcase_add_test(c, does_not_loop_on_the_same_token);
    tcase_add_test(c, has_no_gap_when_the_token_stays_the_same);
    return stage_run(s);
}
