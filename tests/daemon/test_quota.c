/* SPDX-License-Identifier: MIT */
/* What a user may have at a time: what comes beyond that is told so, and nobody else feels it. */
#include "as_user.h"
#include "daemon.h"
#include "patience.h"
#include "raw.h"
#include "sandbox.h"
#include "stage.h"

#include <string.h>
#include <sys/socket.h>

#define GET_TOKEN "GET /v1/default/token HTTP/1.1\r\nHost: latchkey\r\n\r\n"
#define POLL "GET /v1/default/token?after=1&timeout=600 HTTP/1.1\r\nHost: latchkey\r\n\r\n"

static const char *config(unsigned connections, unsigned requests, unsigned waiting)
{
    return stage_text("[latchkeyd]\nsocket_mode = 0666\nconnections_per_user = %u\n"
                      "requests_per_user = %u\nwaiting_per_user = %u\n%s",
                      connections, requests, waiting, daemon_cloud("rackspace", ""));
}

static struct daemon *start(unsigned connections, unsigned requests, unsigned waiting)
{
    struct daemon *d;

    sandbox_start(NULL);
    d = daemon_start(&(struct daemon_options){.config = config(connections, requests, waiting)});
    return d;
}

static const char *metrics(void)
{
    return ask_as(NOBODY, "GET", "/metrics", NULL)->body;
}

static long sample(const char *name)
{
    const char *text = metrics(), *line = strstr(text, stage_text("\n%s ", name));

    ck_assert_msg(line, "no %s in %s", name, text);
    return strtol(line + strlen(name) + 2, NULL, 10);
}

struct wish {
    const char *name;
    long value;
};

static bool is_granted(void *userdata)
{
    const struct wish *w = userdata;

    return sample(w->name) == w->value;
}

static void wait_for(const char *name, long value)
{
    struct wish w = {name, value};

    ck_assert_msg(wait_until(10, is_granted, &w), "%s is %ld and not %ld", name, sample(name),
                  value);
}

/* Connections that the daemon has let in: not before an answer is there is that sure. */
static void connect_all(int *fds, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        fds[i] = raw_connect(NULL);
        raw_print(fds[i], GET_TOKEN);
    }
    for (size_t i = 0; i < n; i++) {
        const char *head = raw_read_head(fds[i]);

        ck_assert_msg(strstr(head, "HTTP/1.1 200"), "%zu: %s", i, head);
        (void)raw_read(fds[i], strtoul(strstr(head, "Content-Length: ") + 16, NULL, 10));
    }
}

static void close_all(const int *fds, size_t n)
{
    for (size_t i = 0; i < n; i++)
        close(fds[i]);
}

static struct reply *parse(char *text)
{
    struct reply *r = stage_keep(calloc(1, sizeof(*r)));

    r->body = strstr(text, "\r\n\r\n");
    ck_assert_msg(r->body, "no answer: %s", text);
    r->body += 4;
    r->head = stage_text("%.*s", (int)(r->body - text), text);
    r->length = strlen(r->body);
    ck_assert_int_eq(sscanf(text, "HTTP/1.1 %ld", &r->status), 1);
    return r;
}

static void demand_too_many(const struct reply *r, unsigned most, const char *key)
{
    const char *detail = reply_problem(r, 429, "too-many");

    ck_assert_msg(strstr(detail, "uid 0") && strstr(detail, stage_text(" %u ", most)) &&
                      strstr(detail, key),
                  "%s", detail);
    ck_assert_str_eq(reply_header(r, "Retry-After"), "1");
}

/* ---- connections */

static const char *const requests[] = {
    GET_TOKEN,
    "HEAD /nonsense HTTP/1.1\r\nHost: latchkey\r\n\r\n",
    "POST /v1/default/proxy/x-echo/ HTTP/1.1\r\nHost: latchkey\r\nContent-Length: "
    "1000000\r\n\r\nab",
    "PUT /v1/default/proxy/x-echo/ HTTP/1.1\r\nHost: latchkey\r\nExpect: 100-continue\r\n"
    "Transfer-Encoding: chunked\r\n\r\n",
};

START_TEST(tells_a_connection_that_it_is_one_too_many)
{
    int fds[4], fd;
    const struct reply *r;
    struct daemon *d = start(4, 0, 0);

    connect_all(fds, 4);
    fd = raw_connect(NULL);
    raw_print(fd, "%s", requests[_i]);
    r = parse(raw_read_all(fd, NULL));
    ck_assert_str_eq(reply_header(r, "Connection"), "close");
    if (strncmp(requests[_i], "HEAD", 4) != 0)
        demand_too_many(r, 4, "connections_per_user");
    ck_assert_int_eq(r->status, 429);
    daemon_wait_log(d, "code=too-many");
    close(fd);

    /* The others go on, those of the same user and everybody else's. */
    raw_print(fds[0], GET_TOKEN);
    ck_assert_ptr_nonnull(strstr(raw_read_head(fds[0]), "200 OK"));
    ck_assert_int_eq(ask_as(NOBODY, "GET", "/v1/default/token", NULL)->status, 200);
    ck_assert_int_eq(sample("latchkey_too_many_total{quota=\"connections_per_user\"}"), 1);

    /* And where one has ended, another one may come. */
    close(fds[0]);
    wait_for("latchkey_connections", 4);
    connect_all(fds, 1);
    close_all(fds, 4);
    wait_for("latchkey_connections", 1);
    ck_assert_int_eq(sample("latchkey_users"), 1);
}
END_TEST

/* Neither silence nor a byte now and then keeps a connection that is one too many. */
START_TEST(gives_it_seconds_to_ask)
{
    int fds[2], silent, slow;
    double begin;

    start(2, 0, 0);
    connect_all(fds, 2);
    silent = raw_connect(NULL);
    slow = raw_connect(NULL);
    begin = time_now();
    while (!raw_waits(slow, 0.2))
        (void)send(slow, "G", 1, MSG_NOSIGNAL);
    ck_assert_str_eq(raw_read_all(slow, NULL), "");
    ck_assert_str_eq(raw_read_all(silent, NULL), "");
    ck_assert_double_ge(time_now() - begin, 4.5);
    ck_assert(!raw_waits(fds[0], 0));
    close(silent);
    close(slow);
    close_all(fds, 2);
    wait_for("latchkey_connections", 1);
}
END_TEST

START_TEST(closes_at_once_beyond_twice_the_quota)
{
    int fds[3], told[3], fd;

    start(3, 0, 0);
    connect_all(fds, 3);
    for (size_t i = 0; i < 3; i++)
        told[i] = raw_connect(NULL);
    fd = raw_connect(NULL);
    ck_assert_str_eq(raw_read_all(fd, NULL), "");
    close(fd);
    /* Those before it have their seconds still. */
    for (size_t i = 0; i < 3; i++) {
        ck_assert(!raw_waits(told[i], 0));
        raw_print(told[i], GET_TOKEN);
        demand_too_many(parse(raw_read_all(told[i], NULL)), 3, "connections_per_user");
    }
    ck_assert_int_eq(ask_as(NOBODY, "GET", "/v1/default/token", NULL)->status, 200);
    close_all(fds, 3);
    close_all(told, 3);
    wait_for("latchkey_connections", 1);
    connect_all(fds, 3);
    close_all(fds, 3);
}
END_TEST

/* ---- requests */

static bool is_told(void *userdata)
{
    return client_ask(userdata, &(struct ask){.target = "/v1"})->status == 429;
}

START_TEST(tells_a_request_that_it_is_one_too_many)
{
    _cleanup_(client_freep) struct client *c = NULL;
    const struct reply *r;
    int polls[3];

    start(0, 3, 0);
    c = client_new(daemon_socket(), NULL);
    for (size_t i = 0; i < 3; i++) {
        polls[i] = raw_connect(NULL);
        raw_print(polls[i], POLL);
    }
    ck_assert(wait_until(10, is_told, c));
    demand_too_many(client_ask(c, &(struct ask){.target = "/v1"}), 3, "requests_per_user");
    r = client_ask(c, &(struct ask){.method = "PUT",
                                    .target = "/v1/default/proxy/x-echo/",
                                    .body = "what it has sent is read",
                                    .length = BODY_CHUNKED});
    demand_too_many(r, 3, "requests_per_user");
    ck_assert_ptr_null(reply_header(r, "Connection"));
    ck_assert_int_eq(ask_as(NOBODY, "POST", "/v1/default/refresh", NULL)->status, 200);
    for (size_t i = 0; i < 3; i++)
        ck_assert_ptr_nonnull(strstr(raw_read_head(polls[i]), "200 OK"));
    ck_assert_int_eq(client_ask(c, &(struct ask){.target = "/v1"})->status, 200);
    ck_assert_int_eq(client_connections(c), 1);
    close_all(polls, 3);
}
END_TEST

START_TEST(counts_a_request_whose_client_left_no_longer)
{
    int polls[2];

    start(0, 2, 0);
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < 2; i++) {
            polls[i] = raw_connect(NULL);
            raw_print(polls[i], POLL);
        }
        wait_for("latchkey_requests_in_flight", 3);
        ck_assert_int_eq(get("/v1")->status, 429);
        close_all(polls, 2);
        wait_for("latchkey_requests_in_flight", 1);
        ck_assert_int_eq(get("/v1")->status, 200);
    }
}
END_TEST

/* ---- long polls */

START_TEST(tells_a_long_poll_that_it_is_one_too_many)
{
    _cleanup_(client_freep) struct client *c = NULL;
    const struct ask poll = {.target = "/v1/default/token?after=1&timeout=600"};
    int polls[2];

    start(0, 0, 2);
    c = client_new(daemon_socket(), NULL);
    for (size_t i = 0; i < 2; i++) {
        polls[i] = raw_connect(NULL);
        raw_print(polls[i], POLL);
    }
    wait_for("latchkey_requests_in_flight", 3);
    demand_too_many(client_ask(c, &poll), 2, "waiting_per_user");

    /* What need not wait is none. */
    ck_assert_int_eq(client_ask(c, &(struct ask){.target = "/v1/default/token?after=0"})->status,
                     200);
    ck_assert_int_eq(
        client_ask(c, &(struct ask){.target = "/v1/default/token?after=1&timeout=0"})->status, 204);
    ck_assert_int_eq(client_ask(c, &(struct ask){.target = "/v1/default/token"})->status, 200);
    ck_assert_int_eq(sample("latchkey_too_many_total{quota=\"waiting_per_user\"}"), 1);

    ck_assert_int_eq(send_text("POST", "/v1/default/refresh", NULL, NULL)->status, 200);
    for (size_t i = 0; i < 2; i++)
        ck_assert_ptr_nonnull(strstr(raw_read_head(polls[i]), "200 OK"));
    ck_assert_int_eq(
        client_ask(c, &(struct ask){.target = "/v1/default/token?after=2&timeout=1"})->status, 204);
    ck_assert_int_eq(client_connections(c), 1);
    close_all(polls, 2);
}
END_TEST

/* ---- the configuration */

START_TEST(takes_other_limits_at_a_reload)
{
    int fds[8];
    struct daemon *d = start(2, 0, 0);

    connect_all(fds, 2);
    ck_assert_int_eq(get("/v1")->status, 429);
    daemon_reload(d, config(4, 0, 0));
    connect_all(fds + 2, 2);
    ck_assert_int_eq(get("/v1")->status, 429);

    /* Nobody loses what he has. */
    daemon_reload(d, config(1, 0, 0));
    for (size_t i = 0; i < 4; i++) {
        raw_print(fds[i], GET_TOKEN);
        ck_assert_ptr_nonnull(strstr(raw_read_head(fds[i]), "200 OK"));
    }
    demand_too_many(get("/v1"), 1, "connections_per_user");
    close_all(fds, 3);
    wait_for("latchkey_connections", 2);
    demand_too_many(get("/v1"), 1, "connections_per_user");
    close(fds[3]);
    wait_for("latchkey_connections", 1);
    ck_assert_int_eq(get("/v1")->status, 200);
}
END_TEST

START_TEST(has_no_limit_with_0)
{
    int fds[300];

    start(0, 0, 0);
    connect_all(fds, ARRAY_SIZE(fds));
    close_all(fds, ARRAY_SIZE(fds));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("quota");
    TCase *c = stage_case(s, "quotas", 20);

    tcase_add_loop_test(c, tells_a_connection_that_it_is_one_too_many, 0, ARRAY_SIZE(requests));
    tcase_add_test(c, gives_it_seconds_to_ask);
    tcase_add_test(c, closes_at_once_beyond_twice_the_quota);
    tcase_add_test(c, tells_a_request_that_it_is_one_too_many);
    tcase_add_test(c, counts_a_request_whose_client_left_no_longer);
    tcase_add_test(c, tells_a_long_poll_that_it_is_one_too_many);
    tcase_add_test(c, takes_other_limits_at_a_reload);
    tcase_add_test(c, has_no_limit_with_0);
    return stage_run(s);
}
