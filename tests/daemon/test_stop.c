/* SPDX-License-Identifier: MIT */
/* SIGTERM: what is in flight is finished, within 10 s; nothing new begins; the exit status is 0. */
#include "daemon.h"
#include "patience.h"
#include "raw.h"
#include "sandbox.h"
#include "stage.h"
#include "stream.h"

#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

static struct daemon *start(void)
{
    sandbox_start(NULL);
    return daemon_start(NULL);
}

static void demand_end(struct daemon *d, double least, double most)
{
    double begin = time_now(), took;
    int status = process_wait(&d->process, most);

    took = time_now() - begin;
    ck_assert_msg(status == 0, "it ended with %d after %.2f s", status, took);
    ck_assert_msg(took >= least, "it ended after %.2f s", took);
}

/* A connection with a request in flight. */
static int send_request(const char *request)
{
    int fd = raw_connect(NULL);

    raw_print(fd, "%s HTTP/1.1\r\nHost: x\r\n\r\n", request);
    return fd;
}

START_TEST(ends_at_once_when_nothing_is_in_flight)
{
    struct daemon *d = start();
    _cleanup_(closep) _unused_ int idle = raw_connect(NULL);

    process_signal(&d->process, SIGTERM);
    demand_end(d, 0, 2);
    ck_assert_int_ne(access(d->socket, F_OK), 0);
}
END_TEST

/* Tries again and again without a pause: the moment is short. */
static void wait_for_the_socket(const struct daemon *d)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    _cleanup_(closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    double end = time_now() + patience(10);

    strcpy(address.sun_path, d->socket);
    while (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        ck_assert(time_now() < end);
}

/* Who can connect can expect that signals are heeded: not one of them takes the daemon by surprise
 * while it starts. */
START_TEST(heeds_signals_from_the_first_moment)
{
    sandbox_start(NULL);
    for (int i = 0; i < 20; i++) {
        struct daemon *d = daemon_start(&(struct daemon_options){.wait = DAEMON_NOTHING});

        wait_for_the_socket(d);
        if (i % 2)
            process_signal(&d->process, SIGHUP);
        process_signal(&d->process, SIGTERM);
        demand_end(d, 0, 3);
        ck_assert_int_ne(access(d->socket, F_OK), 0);
    }
}
END_TEST

START_TEST(ends_on_sigint_too)
{
    struct daemon *d = start();

    process_signal(&d->process, SIGINT);
    demand_end(d, 0, 2);
}
END_TEST

START_TEST(finishes_what_is_in_flight)
{
    struct daemon *d = start();
    _cleanup_(closep) int down =
        send_request("GET /v1/default/proxy/x-echo/stream?bytes=2000&rate=1000");
    _cleanup_(closep) int slow = send_request("GET /v1/default/proxy/x-echo/slow?ms=1500");
    _cleanup_(closep) int up = raw_connect(NULL);

    raw_print(up, "PUT /v1/default/proxy/x-echo/up HTTP/1.1\r\nHost: x\r\n"
                  "Content-Length: 10\r\n\r\nfirst");
    sandbox_wait_count("active_transfers", 3);
    process_signal(&d->process, SIGTERM);
    ck_assert(notify_wait(d->notify, "STOPPING=1", 5));
    raw_print(up, "later");

    (void)raw_read_head(down);
    ck_assert_mem_eq(raw_read(down, 2000), stream_bytes(2000), 2000);
    ck_assert(!strncmp(raw_read_head(slow), "HTTP/1.1 200 ", 13));
    ck_assert_ptr_nonnull(strstr(raw_read_all(up, NULL), "\"body\":\"firstlater\""));
    demand_end(d, 0, 5);
}
END_TEST

START_TEST(takes_nothing_new)
{
    struct daemon *d = start();
    _cleanup_(closep) int slow = send_request("GET /v1/default/proxy/x-echo/slow?ms=2000");
    _cleanup_(client_freep) struct client *late = client_new(daemon_socket(), NULL);

    sandbox_wait_count("active_transfers", 1);
    process_signal(&d->process, SIGTERM);
    ck_assert(notify_wait(d->notify, "STOPPING=1", 5));
    /* Nobody can connect any more, so that a client waits for the next daemon. */
    ck_assert_int_ne(access(d->socket, F_OK), 0);
    ck_assert_int_eq(client_ask(late, &(struct ask){.target = "/health"})->status, 0);
    ck_assert(!strncmp(raw_read_head(slow), "HTTP/1.1 200 ", 13));
    demand_end(d, 0, 5);
}
END_TEST

START_TEST(ends_long_polls)
{
    struct daemon *d = start();
    _cleanup_(closep) int poll = send_request("GET /v1/default/token?after=1&timeout=600");
    double begin;

    ck_assert(!raw_waits(poll, 0.2));
    begin = time_now();
    process_signal(&d->process, SIGTERM);
    ck_assert(!strncmp(raw_read_head(poll), "HTTP/1.1 204 ", 13));
    demand_end(d, 0, 3);
    ck_assert(time_now() - begin < patience(3));
}
END_TEST

/* Those who wait for a login get the token or a reason, not a broken connection. */
START_TEST(answers_those_who_wait_for_a_login)
{
    _cleanup_(closep) int waits = -1;
    const char *head;
    struct daemon *d;

    sandbox_start(NULL);
    sandbox_set("'login_delay': 1");
    d = daemon_start(&(struct daemon_options){.wait = DAEMON_LISTENS});
    waits = send_request("GET /v1/default/token");
    sandbox_wait_count("login_attempt_times", 1);
    ck_assert(!raw_waits(waits, 0.1));
    process_signal(&d->process, SIGTERM);
    head = raw_read_head(waits);
    ck_assert_msg(!strncmp(head, "HTTP/1.1 200 ", 13) || !strncmp(head, "HTTP/1.1 503 ", 13), "%s",
                  head);
    demand_end(d, 0, 5);
}
END_TEST

static void demand_farewell(int fd)
{
    const char *answer;

    ck_assert(raw_waits(fd, 10));
    answer = raw_read_all(fd, NULL);
    ck_assert_msg(!strncmp(answer, "HTTP/1.1 503 ", 13) && strstr(answer, "\"code\":\"stopping\""),
                  "%s", answer);
}

/* Who has asked is answered, also if the daemon has not come to read it before it was told to stop. */
START_TEST(answers_what_it_has_not_read_yet)
{
    struct daemon *d = start();
    _cleanup_(closep) int kept = send_request("GET /v1"), fresh = -1;

    (void)raw_read_head(kept);
    process_signal(&d->process, SIGSTOP);
    raw_print(kept, "GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    fresh = send_request("GET /health");
    process_signal(&d->process, SIGTERM);
    process_signal(&d->process, SIGCONT);
    ck_assert_ptr_nonnull(strstr(raw_read_all(kept, NULL), "HTTP/1.1 "));
    ck_assert_ptr_nonnull(strstr(raw_read_all(fresh, NULL), "HTTP/1.1 "));
    demand_end(d, 0, 3);
}
END_TEST

#define GET_TOKEN "GET /v1/default/token HTTP/1.1\r\nHost: x\r\n\r\n"

/* Who was let in could not know that the daemon was about to stop. */
START_TEST(answers_who_has_connected)
{
    struct daemon *d = start();
    _cleanup_(closep) int kept = send_request("HEAD /v1"), fresh = -1;

    (void)raw_read_head(kept);
    fresh = raw_connect(NULL);
    (void)get("/v1"); /* it has been let in by now */
    process_signal(&d->process, SIGTERM);
    ck_assert(notify_wait(d->notify, "STOPPING=1", 5));
    raw_print(kept, GET_TOKEN);
    ck_assert(!strncmp(raw_read_head(kept), "HTTP/1.1 200 ", 13));
    raw_print(fresh, GET_TOKEN);
    ck_assert(!strncmp(raw_read_head(fresh), "HTTP/1.1 200 ", 13));
    demand_end(d, 0, 2);
}
END_TEST

/* Nobody who has connected and says nothing keeps it for long. */
START_TEST(does_not_wait_for_the_silent)
{
    struct daemon *d = start();
    _cleanup_(closep) _unused_ int silent = raw_connect(NULL);

    (void)get("/v1");
    process_signal(&d->process, SIGTERM);
    demand_end(d, 0, 2);
}
END_TEST

/* What cannot be answered is told so, all within 10 s. */
START_TEST(cuts_off_what_does_not_end)
{
    struct daemon *d = start();
    _cleanup_(closep) int hangs = send_request("GET /v1/default/proxy/x-echo/hang");
    _cleanup_(closep) int half = raw_connect(NULL);
    double begin;

    raw_print(half, "PUT /v1/default/proxy/x-echo/up HTTP/1.1\r\nHost: x\r\n"
                    "Content-Length: 10\r\n\r\nhalf");
    sandbox_wait_count("active_transfers", 2);
    begin = time_now();
    process_signal(&d->process, SIGTERM);
    demand_farewell(hangs);
    demand_end(d, 0, 2);
    ck_assert_msg(time_now() - begin > 8 && time_now() - begin < 9 + patience(1),
                  "it ended after %.2f s", time_now() - begin);
    sandbox_wait_count("active_transfers", 0);
}
END_TEST

START_TEST(cuts_off_who_waits_for_a_login_that_does_not_end)
{
    _cleanup_(closep) int waits = -1;
    struct daemon *d;

    sandbox_start(NULL);
    sandbox_set("'login_fault': 'hang'");
    d = daemon_start(&(struct daemon_options){.wait = DAEMON_LISTENS});
    waits = send_request("GET /v1/default/token");
    sandbox_wait_count("login_attempt_times", 1);
    ck_assert(!raw_waits(waits, 0.2));
    process_signal(&d->process, SIGTERM);
    demand_farewell(waits);
    demand_end(d, 0, 2);
}
END_TEST

START_TEST(hurries_when_asked_twice)
{
    struct daemon *d = start();
    _cleanup_(closep) _unused_ int hangs = send_request("GET /v1/default/proxy/x-echo/hang");

    sandbox_wait_count("active_transfers", 1);
    process_signal(&d->process, SIGTERM);
    ck_assert(notify_wait(d->notify, "STOPPING=1", 5));
    process_signal(&d->process, SIGTERM);
    demand_end(d, 0, 3);
}
END_TEST

/* In the middle of a login, too. */
START_TEST(ends_in_the_middle_of_a_login)
{
    struct daemon *d;

    sandbox_start(NULL);
    sandbox_set("'login_fault': 'hang'");
    d = daemon_start(&(struct daemon_options){.wait = DAEMON_LISTENS});
    sandbox_wait_count("login_attempt_times", 1);
    process_signal(&d->process, SIGTERM);
    demand_end(d, 0, 2);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("stop");
    TCase *c = stage_case(s, "stop", 30);

    tcase_add_test(c, ends_at_once_when_nothing_is_in_flight);
    tcase_add_test(c, heeds_signals_from_the_first_moment);
    tcase_add_test(c, ends_on_sigint_too);
    tcase_add_test(c, finishes_what_is_in_flight);
    tcase_add_test(c, takes_nothing_new);
    tcase_add_test(c, ends_long_polls);
    tcase_add_test(c, answers_those_who_wait_for_a_login);
    tcase_add_test(c, answers_what_it_has_not_read_yet);
    tcase_add_test(c, answers_who_has_connected);
    tcase_add_test(c, does_not_wait_for_the_silent);
    tcase_add_test(c, cuts_off_what_does_not_end);
    tcase_add_test(c, cuts_off_who_waits_for_a_login_that_does_not_end);
    tcase_add_test(c, hurries_when_asked_twice);
    tcase_add_test(c, ends_in_the_middle_of_a_login);
    return stage_run(s);
}
