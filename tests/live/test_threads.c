/* SPDX-License-Identifier: MIT */
/* One client of liblatchkey in many threads, some of which wait, and with a daemon that is not always
 * there. */
#include "client.h"
#include "daemon.h"
#include "look.h"
#include "patience.h"
#include "program.h"
#include "raw.h"
#include "sandbox.h"
#include "stage.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>

#define THREADS 8
#define ROUNDS 20

/* ---- threads */

struct waiter {
    pthread_t thread;
    uint64_t after;
    unsigned seconds;
    atomic_bool done;
    int result;
    lk_token *token;
};

static void *wait_for_token(void *userdata)
{
    struct waiter *w = userdata;

    w->result = lk_token_wait(client, NULL, w->after, w->seconds, &w->token, NULL);
    atomic_store(&w->done, true);
    return NULL;
}

static void *borrow(void *userdata)
{
    atomic_uint *finished = userdata;

    for (int i = 0; i < ROUNDS; i++) {
        lk_token *token = NULL;
        lk_identity *identity = NULL;
        lk_endpoint *endpoint = NULL;
        lk_request *r = NULL;
        lk_error *error = NULL;

        ck_assert_int_eq(lk_token_get(client, NULL, 0, &token, NULL), 0);
        ck_assert_uint_eq(lk_token_generation(token), 1);
        ck_assert_int_eq(lk_identity_get(client, NULL, &identity, NULL), 0);
        ck_assert_int_eq(lk_endpoint_get(client, NULL, "swift", NULL, NULL, &endpoint, &error),
                         LK_REGION_REQUIRED);
        ck_assert_str_eq(lk_error_code(error), "region-required");
        ck_assert_int_eq(lk_request_new(client, "GET", "x-echo", "x", &r), 0);
        ck_assert_int_eq(lk_request_perform(r, NULL), 0);
        ck_assert_uint_eq(lk_request_status(r), 200);
        lk_request_free(r);
        lk_error_free(error);
        lk_identity_free(identity);
        lk_token_free(token);
        ck_assert_ptr_null(endpoint);
    }
    atomic_fetch_add(finished, 1);
    return NULL;
}

/* The one that waits holds up none of the others, and gets the next token when there is one. */
START_TEST(serves_threads_at_once)
{
    struct waiter waiter = {.after = 1, .seconds = 60};
    pthread_t threads[THREADS - 1];
    atomic_uint finished = 0;

    program_start();
    ck_assert_int_eq(pthread_create(&waiter.thread, NULL, wait_for_token, &waiter), 0);
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, borrow, &finished), 0);
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
        pthread_join(threads[i], NULL);
    ck_assert_uint_eq(finished, ARRAY_SIZE(threads));
    ck_assert(!atomic_load(&waiter.done));

    ck_assert_int_eq(lk_refresh(client, NULL, NULL, NULL), 0);
    pthread_join(waiter.thread, NULL);
    ck_assert_int_eq(waiter.result, 0);
    ck_assert_uint_eq(lk_token_generation(waiter.token), 2);
    ck_assert_str_eq(lk_token_secret(waiter.token), look_token("default"));
    lk_token_free(waiter.token);
}
END_TEST

START_TEST(waits_for_tokens)
{
    lk_token *token = NULL;
    lk_error *error = NULL;
    double begin;

    program_start();
    ck_assert_int_eq(lk_token_wait(client, NULL, 0, 10, &token, &error), 0);
    ck_assert_uint_eq(lk_token_generation(token), 1);
    lk_token_free(token);
    token = NULL;
    /* one that a daemon before this one counted */
    begin = time_now();
    ck_assert_int_eq(lk_token_wait(client, NULL, 99, 30, &token, &error), 0);
    ck_assert_double_le(time_now() - begin, patience(3));
    ck_assert_uint_eq(lk_token_generation(token), 1);
    lk_token_free(token);
    token = NULL;
    begin = time_now();
    ck_assert_int_eq(lk_token_wait(client, NULL, 1, 1, &token, &error), LK_NO_CHANGE);
    ck_assert_double_ge(time_now() - begin, 0.9);
    ck_assert_double_le(time_now() - begin, patience(3));
    ck_assert_ptr_null(token);
    ck_assert_ptr_null(error);
}
END_TEST

/* ---- a daemon that is started again */

START_TEST(finds_a_daemon_that_was_started_again)
{
    struct daemon *d;
    lk_token *token = NULL;
    lk_request *r;

    sandbox_start(NULL);
    d = daemon_start(NULL);
    program_connect(daemon_socket());
    r = program_request("PUT", "x-echo", "x");
    ck_assert_int_eq(lk_request_set_body(r, "hello", 5), 0);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(lk_token_get(client, NULL, 0, &token, NULL), 0);
        ck_assert_str_eq(lk_token_secret(token), look_token("default"));
        lk_token_free(token);
        ck_assert_int_eq(lk_request_perform(r, NULL), 0);
        ck_assert_int_eq(lk_refresh(client, NULL, NULL, NULL), 0);

        if (i == 0)
            process_kill(&d->process);
        else
            daemon_stop(d);
        token = NULL;
        ck_assert_int_eq(lk_token_get(client, NULL, 0, &token, NULL),
                         i == 0 ? -ECONNREFUSED : -ENOENT);
        ck_assert_ptr_null(token);
        d = daemon_start(NULL);
    }
    /* what must not be sent twice goes well too, as the first call after a start */
    process_kill(&d->process);
    (void)daemon_start(NULL);
    ck_assert_int_eq(lk_request_perform(r, NULL), 0);
    ck_assert_uint_eq(lk_request_status(r), 200);
}
END_TEST

/* Each way of going away, with a socket of its own and with one that stays. */
static const struct restart {
    bool is_killed, is_passed;
    uint64_t counted; /* to that, which the next one need not have done yet */
} restarts[] = {{true, false, 2}, {false, false, 2}, {true, true, 2}, {false, true, 1}};

static bool is_polling(void *userdata _unused_)
{
    return strstr(get("/metrics")->body, "latchkey_requests_in_flight 2\n");
}

/* The poll that is out when the daemon goes away ends with the next one's token. */
START_TEST(waits_through_a_restart)
{
    const struct restart *restart = &restarts[_i];
    struct waiter waiter = {.after = restart->counted, .seconds = 60};
    _cleanup_(closep) int fd =
        restart->is_passed ? raw_listen(stage_path("socket"), SOCK_STREAM) : -1;
    const struct daemon_options o = {.socket = restart->is_passed ? "" : NULL,
                                     .passed_fds = &fd,
                                     .n_passed_fds = restart->is_passed ? 1 : 0};
    double begin = time_now();
    struct daemon *d;

    sandbox_start(NULL);
    d = daemon_start(&o);
    program_connect(daemon_socket());
    for (uint64_t i = 1; i < restart->counted; i++)
        ck_assert_int_eq(lk_refresh(client, NULL, NULL, NULL), 0);
    ck_assert_int_eq(pthread_create(&waiter.thread, NULL, wait_for_token, &waiter), 0);
    ck_assert(wait_until(20, is_polling, NULL));
    if (restart->is_killed)
        process_kill(&d->process);
    else
        daemon_stop(d);
    (void)daemon_start(&o);
    pthread_join(waiter.thread, NULL);
    ck_assert_int_eq(waiter.result, 0);
    ck_assert_uint_eq(lk_token_generation(waiter.token), 1);
    ck_assert_str_eq(lk_token_secret(waiter.token), look_token("default"));
    ck_assert_double_le(time_now() - begin, patience(30));
    lk_token_free(waiter.token);
}
END_TEST

/* One that does not come back is no reason to wait to the end. */
START_TEST(waits_for_a_restart_no_longer_than_it_takes)
{
    struct waiter waiter = {.after = 1, .seconds = 600};
    struct daemon *d;

    sandbox_start(NULL);
    d = daemon_start(NULL);
    program_connect(daemon_socket());
    ck_assert_int_eq(pthread_create(&waiter.thread, NULL, wait_for_token, &waiter), 0);
    daemon_wait_log(d, "GET token: 200");
    daemon_stop(d);
    pthread_join(waiter.thread, NULL);
    ck_assert_int_eq(waiter.result, -ENOENT);
    ck_assert_ptr_null(waiter.token);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("threads");
    TCase *c = stage_case(s, "threads", 60);

    tcase_add_test(c, serves_threads_at_once);
    tcase_add_test(c, waits_for_tokens);
    c = stage_case(s, "restart", 60);
    tcase_add_test(c, finds_a_daemon_that_was_started_again);
    tcase_add_loop_test(c, waits_through_a_restart, 0, (int)ARRAY_SIZE(restarts));
    tcase_add_test(c, waits_for_a_restart_no_longer_than_it_takes);
    return stage_run(s);
}
