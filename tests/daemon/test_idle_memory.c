/* SPDX-License-Identifier: MIT */
/* How little memory a daemon has that nobody asks for anything, and that it comes back to that after its
 * busiest minute. Memory means what is its own and no file's. */
#include "client.h"
#include "daemon.h"
#include "patience.h"
#include "process.h"
#include "procfs.h"
#include "sandbox.h"
#include "stage.h"
#include "tls.h"

#define KIB ((size_t)1024)
#define MIB (1024 * KIB)

#define CROWD 64
#define BODY (16 * 1024 * 1024)

static bool has_tls(int i)
{
    return i == 1;
}

static struct daemon *start(bool tls)
{
    const char *more = "";

    if (tls) {
        tls_certificate("service", "IP:127.0.0.1");
        more = stage_text("ca_file = %s", stage_path("service.pem"));
        sandbox_start((const char *const[]){"--tls-cert", stage_path("service.pem"), "--tls-key",
                                            stage_path("service.key"), NULL});
    } else {
        sandbox_start(NULL);
    }
    return daemon_start(&(struct daemon_options){.config = daemon_cloud("c", more)});
}

struct bound {
    pid_t pid;
    size_t most;
};

static bool is_within(void *userdata)
{
    const struct bound *b = userdata;

    return procfs_private_memory(b->pid) <= b->most;
}

/* It waits a little before it clears up. */
static void demand_within(const struct daemon *d, size_t most)
{
    struct bound b = {.pid = d->process.pid, .most = most};

    ck_assert_msg(wait_until(20, is_within, &b), "%zu KiB of its own, of at most %zu",
                  procfs_private_memory(b.pid) / KIB, most / KIB);
}

/* 1.6 MiB, 1.1 of which the dynamic linker writes for the libraries; with TLS 1.9 MiB. */
START_TEST(has_little_when_idle)
{
    struct daemon *d = start(has_tls(_i));

    if (process_is_instrumented())
        return;
    ck_assert_str_eq(daemon_state("c"), "ready");
    demand_within(d, has_tls(_i) ? 2 * MIB + 256 * KIB : 2 * MIB);
}
END_TEST

static bool drop(const char *data _unused_, size_t length _unused_, void *userdata _unused_)
{
    return true;
}

/* The connections are kept for two minutes, each with what TLS knows of it. */
START_TEST(gives_back_what_a_crowd_took)
{
    struct ask a = {.target = stage_text("/v1/c/proxy/x-echo/stream?bytes=%d", BODY),
                    .consume = drop,
                    .seconds = 60};
    const struct reply *replies[CROWD];
    struct daemon *d = start(has_tls(_i));
    struct procfs_watch *watch;
    size_t most;

    if (process_is_instrumented())
        return;
    watch = procfs_watch_start(d->process.pid);
    ask_crowd(&a, CROWD, replies);
    most = procfs_watch_stop(watch);
    for (size_t i = 0; i < CROWD; i++)
        ck_assert_uint_eq(replies[i]->length, BODY);
    ck_assert_msg(most <= 16 * MIB, "%zu KiB for %d transfers", most / KIB, CROWD);
    ck_assert_msg(most >= 6 * MIB, "%zu KiB: they were not at once", most / KIB);
    demand_within(d, (has_tls(_i) ? 7 : 3) * MIB);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("idle_memory");
    TCase *c = stage_case(s, "memory", 100);

    tcase_add_loop_test(c, has_little_when_idle, 0, 2);
    tcase_add_loop_test(c, gives_back_what_a_crowd_took, 0, 2);
    return stage_run(s);
}
