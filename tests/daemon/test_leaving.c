/* SPDX-License-Identifier: MIT */
/* Thirty callers at a time that go away before they have their answer: what they held, here and at
 * the cloud, is given back, and whoever stays is served. */
#include "daemon.h"
#include "patience.h"
#include "procfs.h"
#include "raw.h"
#include "sandbox.h"
#include "stage.h"
#include "stream.h"

#include <string.h>
#include <sys/socket.h>

#define CALLERS 30

/* ---- what the daemon holds */

struct holdings {
    long requests, connections, transfers, descriptors;
};

static long gauge(const char *metrics, const char *name)
{
    const char *line = strstr(metrics, stage_text("\n%s ", name));

    ck_assert_msg(line, "there is no %s", name);
    return strtol(line + strlen(name) + 2, NULL, 10);
}

/* With the one who asks in it. */
static struct holdings look(void)
{
    const char *metrics = get("/metrics")->body;

    return (struct holdings){
        .requests = gauge(metrics, "latchkey_requests_in_flight"),
        .connections = gauge(metrics, "latchkey_connections"),
        .transfers = gauge(metrics, "latchkey_transfers_in_flight"),
        .descriptors = gauge(metrics, "process_open_fds"),
    };
}

static const char *show(const struct holdings *h)
{
    return stage_text("%ld requests, %ld connections, %ld transfers, %ld descriptors", h->requests,
                      h->connections, h->transfers, h->descriptors);
}

static bool is_back(void *userdata)
{
    const struct holdings *before = userdata, now = look();

    return now.requests == before->requests && now.connections == before->connections &&
           now.transfers == before->transfers && now.descriptors <= before->descriptors;
}

static bool all_are_in(void *userdata)
{
    const struct holdings *before = userdata;

    return look().requests == before->requests + CALLERS;
}

static bool one_is_sent(void *userdata _unused_)
{
    return look().transfers == 1;
}

static bool all_are_sent(void *userdata)
{
    const struct holdings *before = userdata;

    return look().transfers == before->transfers + CALLERS;
}

/* The kernel's word on it; the connection of the one who asked for the metrics is gone by then. */
struct descriptors {
    pid_t pid;
    long most;
};

static bool are_closed(void *userdata)
{
    const struct descriptors *descriptors = userdata;

    return procfs_descriptors(descriptors->pid) <= descriptors->most;
}

static void demand_back(const struct daemon *d, struct holdings *before)
{
    struct descriptors descriptors = {d->process.pid, before->descriptors - 1};
    bool back = wait_until(10, is_back, before);
    struct holdings now = look();

    ck_assert_msg(back, "before: %s; behind them: %s", show(before), show(&now));
    ck_assert_msg(wait_until(10, are_closed, &descriptors), "%d descriptors instead of %ld",
                  procfs_descriptors(descriptors.pid), descriptors.most);
}

/* ---- who comes and goes */

static void come(int fds[static CALLERS], const char *request, const char *body, size_t length)
{
    for (size_t i = 0; i < CALLERS; i++) {
        fds[i] = raw_connect(NULL);
        raw_print(fds[i], "%s", request);
        if (length > 0) /* as much as is taken, now that nobody has to take it */
            (void)send(fds[i], body, length, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
}

static void leave(int fds[static CALLERS])
{
    for (size_t i = 0; i < CALLERS; i++)
        close(fds[i]);
}

#define ECHO "/v1/default/proxy/x-echo/"
#define HOST " HTTP/1.1\r\nHost: latchkey\r\n"

static const struct {
    const char *name, *request;
    size_t body;     /* bytes that are sent of it */
    bool begun;      /* the answer has begun before they leave */
    bool in_transit; /* the cloud has been asked */
} visits[] = {
    {"downloads with a length", "GET " ECHO "stream?bytes=100000000" HOST "\r\n", 0, true, true},
    {"downloads in chunks", "GET " ECHO "stream?bytes=100000000&chunked=1" HOST "\r\n", 0, true,
     true},
    {"slow downloads", "GET " ECHO "stream?bytes=1000000&rate=1000" HOST "\r\n", 0, true, true},
    {"small uploads", "PUT " ECHO "a" HOST "Content-Length: 1000\r\n\r\n", 999, false, true},
    {"uploads with a length", "PUT " ECHO "a" HOST "Content-Length: 100000000\r\n\r\n", 150000,
     false, true},
    {"uploads that have not begun", "PUT " ECHO "a" HOST "Content-Length: 100000000\r\n\r\n", 0,
     false, true},
    {"uploads in chunks", "PUT " ECHO "a" HOST "Transfer-Encoding: chunked\r\n\r\n989680\r\n",
     150000, false, true},
    {"uploads that are taken slowly",
     "PUT " ECHO "sink?rate=100000" HOST "Content-Length: 100000000\r\n\r\n", 1000000, false, true},
    {"uploads that ask first",
     "PUT " ECHO "hang" HOST "Content-Length: 100000\r\nExpect: 100-continue\r\n\r\n", 0, false,
     true},
    {"requests that hang", "GET " ECHO "hang" HOST "\r\n", 0, false, true},
    {"requests with a body that hang", "POST " ECHO "hang" HOST "Content-Length: 10\r\n\r\n", 10,
     false, true},
    {"long polls", "GET /v1/default/token?after=9&timeout=60" HOST "\r\n", 0, false, false},
};

START_TEST(leaves_nothing_behind)
{
    char *body = stream_bytes(1000000);
    struct holdings before, now;
    struct daemon *d;
    int fds[CALLERS];
    bool came;

    sandbox_start(NULL);
    d = daemon_start(NULL);
    ck_assert_int_eq(get(ECHO "warm")->status, 200);
    before = look();

    come(fds, visits[_i].request, body, visits[_i].body);
    came = wait_until(10, visits[_i].in_transit ? all_are_sent : all_are_in, &before);
    now = look();
    ck_assert_msg(came, "%s: not all of them came in: %s", visits[_i].name, show(&now));
    for (size_t i = 0; visits[_i].begun && i < CALLERS; i++) {
        ck_assert_ptr_nonnull(strstr(raw_read_head(fds[i]), " 200 "));
        (void)raw_read(fds[i], 10);
    }
    leave(fds);
    demand_back(d, &before);
    sandbox_wait_count("active_transfers", 0);
    ck_assert_int_eq(get(ECHO "still")->status, 200);
    ck_assert_int_eq(sandbox_count("logins"), 1);
}
END_TEST

static const char *const waiting[] = {
    "GET " ECHO "a" HOST "\r\n",
    "PUT " ECHO "a" HOST "Content-Length: 100000\r\n\r\nhello",
    "GET /v1/default/token" HOST "\r\n",
    "GET /v1/default/catalog" HOST "\r\n",
    "POST /v1/default/refresh" HOST "\r\n",
};

/* Those who wait for a login are gone long before it ends; it goes on, and serves who comes then. */
START_TEST(leaves_a_slow_login_alone)
{
    struct holdings before;
    struct daemon *d;
    int fds[CALLERS];

    sandbox_start(NULL);
    sandbox_set("'login_delay': 3");
    d = daemon_start(&(struct daemon_options){.wait = DAEMON_LISTENS});
    ck_assert_msg(wait_until(10, one_is_sent, NULL), "no login");
    before = look();

    come(fds, waiting[_i], NULL, 0);
    ck_assert_msg(wait_until(2, all_are_in, &before), "not all of them came in");
    leave(fds);
    demand_back(d, &before);
    ck_assert_int_eq(before.transfers, 1);
    ck_assert_int_eq(sandbox_count("logins"), 0);
    ck_assert_int_eq(get(ECHO "still")->status, 200);
    ck_assert_int_eq(sandbox_count("logins"), 1);
    sandbox_wait_count("active_transfers", 0);
}
END_TEST

/* A 401 has them wait for a newer token. */
START_TEST(leaves_while_a_token_is_made_anew)
{
    struct holdings before;
    struct daemon *d;
    int fds[CALLERS];

    sandbox_start(NULL);
    d = daemon_start(NULL);
    ck_assert_int_eq(get(ECHO "warm")->status, 200);
    before = look();
    sandbox_revoke_all();
    sandbox_set("'login_delay': 2");
    come(fds, "GET " ECHO "a" HOST "\r\n", NULL, 0);
    sandbox_wait_count("unauthorized", CALLERS);
    leave(fds);
    demand_back(d, &before);
    sandbox_wait_count("active_transfers", 0);
    ck_assert_int_eq(get(ECHO "still")->status, 200);
    ck_assert_int_eq(sandbox_count("logins"), 2);
}
END_TEST

/* Who has only said that nothing more will come still wants the answer. */
START_TEST(serves_who_is_half_gone)
{
    static const char *const requests[] = {
        "GET " ECHO "slow?ms=500" HOST "Connection: close\r\n\r\n",
        "PUT " ECHO "slow?ms=500" HOST "Connection: close\r\nContent-Length: 5\r\n\r\nhello",
    };
    _cleanup_(closep) int older = -1;

    sandbox_start(NULL);
    (void)daemon_start(NULL);
    older = raw_connect(NULL);
    raw_print(older, "GET /v1" HOST "\r\n");
    (void)raw_read_head(older);
    for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
        _cleanup_(closep) int fd = raw_connect(NULL);

        raw_print(fd, "%s", requests[i]);
        ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
        ck_assert_ptr_nonnull(strstr(raw_read_all(fd, NULL), "HTTP/1.1 200 "));
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("leaving");
    TCase *c = stage_case(s, "leaving", 30);

    tcase_add_loop_test(c, leaves_nothing_behind, 0, ARRAY_SIZE(visits));
    tcase_add_loop_test(c, leaves_a_slow_login_alone, 0, ARRAY_SIZE(waiting));
    tcase_add_test(c, leaves_while_a_token_is_made_anew);
    tcase_add_test(c, serves_who_is_half_gone);
    return stage_run(s);
}
