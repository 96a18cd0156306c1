/* SPDX-License-Identifier: MIT */
/* A daemon that nobody asks anything does nothing: it wakes up for systemd's watchdog and for nothing else. */
#include "daemon.h"
#include "look.h"
#include "procfs.h"
#include "raw.h"
#include "sandbox.h"
#include "stage.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SETTLES \
    8 /* s: memory is given back, and what looks for the deadlines below is not needed any more */
#define LOOKS 4 /* s: they would be over then */

/* How often it has gone to sleep so far, with all of its threads. */
static unsigned long sleeps(const struct daemon *d)
{
    static const char key[] = "\nvoluntary_ctxt_switches:";
    const char *status = procfs_read(d->process.pid, "status", NULL), *found, *threads;

    ck_assert_ptr_nonnull(status);
    threads = strstr(status, "\nThreads:\t1\n");
    ck_assert_msg(threads, "%s", status);
    found = strstr(status, key);
    ck_assert_ptr_nonnull(found);
    return strtoul(found + strlen(key), NULL, 10);
}

static void demand_sleep(const struct daemon *d)
{
    unsigned long before;

    sleep(SETTLES);
    before = sleeps(d);
    sleep(LOOKS);
    ck_assert_uint_eq(sleeps(d), before);
}

/* With a cloud whose token lives for a day, a credential file that is watched, connections that are kept on both
 * sides, and somebody who waits for the next token. */
START_TEST(sleeps_while_nobody_asks)
{
    struct daemon *d;
    int fd[3];

    sandbox_start(NULL);
    d = daemon_start(&(struct daemon_options){
        .config = stage_text(
            "[latchkeyd]\nconnect_timeout = 10\nlogin_timeout = 10\nupstream_timeout = 10\n"
            "request_timeout = 10\n[rackspace]\nauth_endpoint = %s/v2.0\ncredential_file = %s\n",
            sandbox_url(),
            stage_write("credential", 0600, daemon_credential(SANDBOX_USER, SANDBOX_KEY)))});
    for (size_t i = 0; i < ARRAY_SIZE(fd); i++)
        fd[i] = raw_connect(NULL);
    for (int i = 0; i < 5; i++) {
        raw_print(fd[0], "GET /v1/default/token HTTP/1.1\r\nHost: x\r\nAccept: text/plain\r\n\r\n");
        ck_assert_ptr_nonnull(strstr(raw_read_head(fd[0]), " 200 "));
        raw_print(fd[0], "GET /v1/default/proxy/x-echo/nocontent HTTP/1.1\r\nHost: x\r\n\r\n");
        ck_assert_ptr_nonnull(strstr(raw_read_head(fd[0]), " 204 "));
    }
    raw_print(fd[1], "GET /v1/default/token?after=1&timeout=60 HTTP/1.1\r\nHost: x\r\n\r\n");
    demand_sleep(d);
    ck_assert(!raw_waits(fd[1], 0));
}
END_TEST

/* Whose clouds have failed sleeps until the next attempt: none of them is asked in between. */
START_TEST(sleeps_between_attempts)
{
    struct daemon *d;

    sandbox_start(NULL);
    sandbox_set("'login_fault': 'unauthorized'");
    d = daemon_start(NULL);
    look_demand("rackspace", "rejected", "credentials-rejected");
    demand_sleep(d);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("idle");
    TCase *c = stage_case(s, "idle", 40);

    tcase_add_test(c, sleeps_while_nobody_asks);
    tcase_add_test(c, sleeps_between_attempts);
    return stage_run(s);
}
