/* SPDX-License-Identifier: MIT */
/* Tokens by the library's shared page: without a system call, and through all that can happen to its
 * daemon. */
#include "client.h"
#include "daemon.h"
#include "look.h"
#include "patience.h"
#include "procfs.h"
#include "program.h"
#include "raw.h"
#include "sandbox.h"
#include "stage.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define READS_IN_SILENCE 1000000
#define THREADS 4

static lk_token_page *page;

static void free_page(void *made)
{
    lk_token_page_free(made);
}

static void open_page(const char *cloud)
{
    ck_assert_int_eq(lk_token_page_new(client, cloud, &page), 0);
    (void)stage_keep_with(page, free_page);
}

static struct daemon *start(const char *more)
{
    struct daemon *d;

    sandbox_start(NULL);
    d = daemon_start(
        &(struct daemon_options){.config = stage_text("%s%s", daemon_cloud("main", ""), more)});
    program_connect(daemon_socket());
    open_page("main");
    return d;
}

static const char *read_token(lk_token_info *info)
{
    lk_error *error = NULL;
    char token[4096];
    int r = lk_token_page_read(page, token, sizeof(token), info, &error);

    ck_assert_msg(r == 0, "%d: %s", r, lk_error_message(error));
    ck_assert_uint_eq(strlen(token), info->length);
    return stage_text("%s", token);
}

static void demand_token(uint64_t generation)
{
    lk_token_info info;
    const char *token = read_token(&info);

    ck_assert_uint_eq(info.generation, generation);
    ck_assert_str_eq(token, look_token("main"));
}

static void demand_failure(int result, const char *code)
{
    lk_token_info info = {.length = 12345};
    lk_error *error = NULL;
    char token[4096] = "";

    ck_assert_int_eq(lk_token_page_read(page, token, sizeof(token), &info, &error), result);
    ck_assert_int_eq(lk_error_result(error), result);
    if (code)
        ck_assert_str_eq(lk_error_code(error), code);
    ck_assert_str_eq(token, "");
    ck_assert_uint_eq(info.length, 12345);
    lk_error_free(error);
}

/* How often the daemon was asked for a token, and answered so. */
static long asked(unsigned status)
{
    const char *text = get("/metrics")->body;
    const char *name =
        stage_text("latchkey_requests_total{route=\"token\",status=\"%u\"} ", status);
    const char *line = strstr(text, name);

    return line ? strtol(line + strlen(name), NULL, 10) : 0;
}

/* ---- reading */

START_TEST(reads_the_token)
{
    lk_token_info info = {0};
    lk_error *error = NULL;
    const char *token;
    char small[64];
    int before;

    (void)start("");
    before = procfs_descriptors(getpid());
    token = read_token(&info);
    ck_assert_str_eq(token, look_token("main"));
    ck_assert_uint_eq(info.generation, 1);
    ck_assert_int_gt(info.expires_in, 86000);
    ck_assert_int_le(info.expires_in, 86400);
    ck_assert_int_eq(procfs_descriptors(getpid()), before);

    ck_assert_int_eq(lk_token_page_read(page, small, info.length, &info, &error), -ENOBUFS);
    ck_assert_uint_eq(info.length, strlen(token));
    ck_assert_int_eq(lk_error_result(error), -ENOBUFS);
    ck_assert_int_eq(lk_token_page_read(page, small, 0, NULL, NULL), -ENOBUFS);
    for (size_t room = info.length + 1; room < sizeof(small); room++) {
        memset(small, '#', sizeof(small));
        ck_assert_int_eq(lk_token_page_read(page, small, room, NULL, NULL), 0);
        ck_assert_str_eq(small, token);
        for (size_t i = room; i < sizeof(small); i++)
            ck_assert_int_eq(small[i], '#');
    }
    lk_error_free(error);
    ck_assert_int_eq(asked(101), 1);
}
END_TEST

/* From here on the kernel kills who makes any other system call than to exit. The strict mode, which is
 * made for that, takes the clock away, too. */
static int fall_silent(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    };
    struct sock_fprog program = {.len = ARRAY_SIZE(filter), .filter = filter};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return -errno;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0 ? -errno : 0;
}

START_TEST(reads_without_a_system_call)
{
    char token[4096];
    int status;
    pid_t child;

    (void)start("");
    child = fork();
    if (child == 0) {
        int failures = lk_token_page_read(page, token, sizeof(token), NULL, NULL) != 0;

        if (fall_silent() < 0)
            _exit(2);
        for (int i = 0; i < READS_IN_SILENCE; i++)
            failures += lk_token_page_read(page, token, sizeof(token), NULL, NULL) != 0;
        syscall(SYS_exit, failures > 0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status), "signal %d", WTERMSIG(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

START_TEST(sees_each_renewal)
{
    (void)start("");
    for (uint64_t generation = 1; generation < 5; generation++) {
        demand_token(generation);
        ck_assert_int_eq(lk_refresh(client, "main", NULL, NULL), 0);
    }
    demand_token(5);
    ck_assert_int_eq(asked(101), 1);
}
END_TEST

/* A child goes on with the page, also when that is another one by then. */
START_TEST(outlives_a_fork)
{
    struct daemon *d = start("");
    lk_token_info info;
    int status;
    pid_t child;

    demand_token(1);
    child = fork();
    if (child == 0) {
        char token[4096];

        kill(getpid(), SIGSTOP);
        _exit(lk_token_page_read(page, token, sizeof(token), &info, NULL) == 0 &&
                      info.generation == 2
                  ? 0
                  : 1);
    }
    ck_assert_int_eq(waitpid(child, &status, WUNTRACED), child);
    daemon_reload(d, daemon_cloud("main", ""));
    ck_assert_int_eq(lk_refresh(client, "main", NULL, NULL), 0);
    demand_token(2);
    kill(child, SIGCONT);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}
END_TEST

/* ---- where there is none */

START_TEST(says_why_there_is_none)
{
    struct daemon *d = start("[bare]\nidentity_type = none\nendpoint = http://127.0.0.1:1/\n");
    const char *me =
        stage_text("%s[allow me]\nuser = %u\noperation = ", daemon_cloud("main", ""), getuid());

    demand_token(1);
    daemon_reload(d, stage_text("%sproxy", me));
    demand_failure(LK_DENIED, "denied");
    daemon_reload(d, stage_text("%s*", me));
    demand_token(1);
    ck_assert_int_eq(lk_logout(client, "main", NULL), 0);
    demand_failure(LK_SIGNED_OUT, "signed-out");
    daemon_reload(d, "[bare]\nidentity_type = none\nendpoint = http://127.0.0.1:1/\n");
    demand_failure(LK_UNKNOWN_CLOUD, "unknown-cloud");
    open_page("bare");
    demand_failure(LK_PROBLEM, "no-token");
}
END_TEST

/* Each way to go, and to be back. */
START_TEST(finds_the_next_daemon)
{
    struct daemon *d = start("");

    for (int i = 0; i < 4; i++) {
        demand_token(1);
        if (i % 2 == 0)
            process_kill(&d->process);
        else
            daemon_stop(d);
        demand_failure(i % 2 == 0 ? -ECONNREFUSED : -ENOENT, NULL);
        d = daemon_start(&(struct daemon_options){.config = daemon_cloud("main", "")});
    }
    demand_token(1);
    ck_assert_int_eq(asked(101), 1);
}
END_TEST

/* One that has ended is not given out; the daemon is asked, who is about to have another. */
START_TEST(follows_an_expiry)
{
    lk_token_info info;
    double end;

    sandbox_start((const char *const[]){"--token-lifetime", "3", NULL});
    (void)daemon_start(&(struct daemon_options){.config = daemon_cloud("main", "")});
    program_connect(daemon_socket());
    open_page("main");
    (void)read_token(&info);
    sandbox_set("'login_fault': 'service_unavailable'");
    end = time_now() + patience(20);
    while (lk_token_page_read(page, (char[4096]){0}, 4096, &info, NULL) == 0)
        ck_assert_double_lt(time_now(), end);
    demand_failure(LK_UPSTREAM_BROKEN, "identity-unavailable");
    sandbox_set("'login_fault': 'none'");
    ck_assert_int_eq(lk_token_page_wait(page, info.generation, 60, NULL), 0);
    (void)read_token(&info);
}
END_TEST

/* ---- waiting */

struct waiter {
    pthread_t thread;
    uint64_t after;
    int result;
};

static void *wait_on(void *userdata)
{
    struct waiter *w = userdata;

    w->result = lk_token_page_wait(page, w->after, 60, NULL);
    return NULL;
}

START_TEST(waits_for_the_next)
{
    struct waiter waiters[THREADS];
    lk_error *error = NULL;
    double begin;

    (void)start("");
    ck_assert_int_eq(lk_token_page_wait(page, 0, 10, &error), 0);
    ck_assert_int_eq(lk_token_page_wait(page, 99, 10, &error), 0);
    begin = time_now();
    ck_assert_int_eq(lk_token_page_wait(page, 1, 1, &error), LK_NO_CHANGE);
    ck_assert_double_ge(time_now() - begin, 0.9);
    ck_assert_ptr_null(error);

    for (size_t i = 0; i < THREADS; i++) {
        waiters[i].after = 1;
        ck_assert_int_eq(pthread_create(&waiters[i].thread, NULL, wait_on, &waiters[i]), 0);
    }
    begin = time_now();
    nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
    ck_assert_int_eq(lk_refresh(client, "main", NULL, NULL), 0);
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(waiters[i].thread, NULL);
        ck_assert_int_eq(waiters[i].result, 0);
    }
    /* by being woken, and not by looking every five seconds */
    ck_assert_double_le(time_now() - begin, patience(4));
    demand_token(2);
    ck_assert_int_eq(asked(101), 1);
    ck_assert_int_eq(asked(200), 1); /* ours, for the look */
}
END_TEST

/* Each way of going away, with a socket of its own and with one that stays; the next one counts to the same
 * number. */
static const struct restart {
    bool is_killed, is_passed;
} restarts[] = {{true, false}, {false, false}, {true, true}, {false, true}};

START_TEST(waits_through_a_restart)
{
    const struct restart *restart = &restarts[_i];
    _cleanup_(closep) int fd =
        restart->is_passed ? raw_listen(stage_path("socket"), SOCK_STREAM) : -1;
    struct daemon_options o = {.socket = restart->is_passed ? "" : NULL,
                               .passed_fds = &fd,
                               .n_passed_fds = restart->is_passed ? 1 : 0};
    struct waiter waiter = {.after = 1};
    struct daemon *d;

    sandbox_start(NULL);
    o.config = daemon_cloud("main", "");
    d = daemon_start(&o);
    program_connect(daemon_socket());
    open_page("main");
    demand_token(1);
    ck_assert_int_eq(pthread_create(&waiter.thread, NULL, wait_on, &waiter), 0);
    nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
    if (restart->is_killed)
        process_kill(&d->process);
    else
        daemon_stop(d);
    (void)daemon_start(&o);
    pthread_join(waiter.thread, NULL);
    ck_assert_int_eq(waiter.result, 0);
    demand_token(1);
}
END_TEST

/* A reload takes the page, and there is no other token for that. */
START_TEST(waits_through_a_reload)
{
    struct daemon *d = start("");
    struct waiter waiter = {.after = 1};

    demand_token(1);
    ck_assert_int_eq(pthread_create(&waiter.thread, NULL, wait_on, &waiter), 0);
    nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
    daemon_reload(d, daemon_cloud("main", ""));
    ck_assert_int_eq(pthread_tryjoin_np(waiter.thread, NULL), EBUSY);
    ck_assert_int_eq(lk_refresh(client, "main", NULL, NULL), 0);
    pthread_join(waiter.thread, NULL);
    ck_assert_int_eq(waiter.result, 0);
    demand_token(2);
}
END_TEST

/* ---- threads */

static atomic_bool over;

static void *read_on(void *userdata)
{
    unsigned long *reads = userdata;
    uint64_t last = 0;

    while (!atomic_load(&over)) {
        lk_token_info info;
        char token[4096];
        int r = lk_token_page_read(page, token, sizeof(token), &info, NULL);

        ck_assert_msg(r == 0, "%s", lk_status_text(r));
        ck_assert_uint_eq(strspn(token, "0123456789abcdef"), info.length);
        ck_assert_uint_ge(info.generation, last);
        last = info.generation;
        ++*reads;
    }
    return NULL;
}

/* Pages that are taken away and renewed under readers. */
START_TEST(serves_threads_at_once)
{
    struct daemon *d = start("");
    unsigned long reads[THREADS] = {0};
    pthread_t threads[THREADS];

    for (size_t i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, read_on, &reads[i]), 0);
    for (uint64_t i = 1; i <= 10; i++) {
        ck_assert_int_eq(lk_refresh(client, "main", NULL, NULL), 0);
        daemon_reload(d, daemon_cloud("main", ""));
    }
    atomic_store(&over, true);
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        ck_assert_uint_gt(reads[i], 0);
    }
    demand_token(11);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("page");
    TCase *reading = stage_case(suite, "reading", 60), *waiting = stage_case(suite, "waiting", 60);

    tcase_add_test(reading, reads_the_token);
    tcase_add_test(reading, reads_without_a_system_call);
    tcase_add_test(reading, sees_each_renewal);
    tcase_add_test(reading, outlives_a_fork);
    tcase_add_test(reading, says_why_there_is_none);
    tcase_add_test(reading, finds_the_next_daemon);
    tcase_add_test(reading, follows_an_expiry);
    tcase_add_test(reading, serves_threads_at_once);
    tcase_add_test(waiting, waits_for_the_next);
    tcase_add_loop_test(waiting, waits_through_a_restart, 0, (int)ARRAY_SIZE(restarts));
    tcase_add_test(waiting, waits_through_a_reload);
    return stage_run(suite);
}
