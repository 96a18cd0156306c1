/* SPDX-License-Identifier: MIT */
/* What connections cost that have nothing to ask, and that they lose nothing by it. */
#include "daemon.h"
#include "patience.h"
#include "process.h"
#include "procfs.h"
#include "raw.h"
#include "sandbox.h"
#include "stage.h"

#include <string.h>

#define CONNECTIONS 200
#define MOST ((size_t)4096) /* bytes each */
#define TOKEN "GET /v1/default/token HTTP/1.1\r\nHost: latchkey\r\n\r\n"

struct crowd {
    pid_t pid;
    size_t before;
    int fds[CONNECTIONS];
};

static size_t cost(const struct crowd *c)
{
    size_t memory = procfs_private_memory(c->pid);

    return memory > c->before ? (memory - c->before) / CONNECTIONS : 0;
}

static bool is_cheap(void *userdata)
{
    return cost(userdata) <= MOST;
}

/* Not where each allocation has more around it. */
static void demand_cheap(struct crowd *c)
{
    ck_assert_msg(process_is_instrumented() || wait_until(30, is_cheap, c), "%zu bytes each",
                  cost(c));
}

/* An answer whose end can be told from its head. */
static const char *take_answer(int fd)
{
    const char *head = raw_read_head(fd), *length = strstr(head, "Content-Length: ");

    ck_assert_ptr_nonnull(length);
    ck_assert_msg(strncmp(head, "HTTP/1.1 200", 12) == 0, "%s", head);
    return raw_read(fd, strtoul(length + 16, NULL, 10));
}

static void ask_token(int fd, const char *request)
{
    raw_send(fd, request, strlen(request));
    ck_assert_ptr_nonnull(strstr(take_answer(fd), "\"token\""));
}

static struct crowd *crowd_new(void)
{
    struct crowd *c = stage_keep(calloc(1, sizeof(*c)));
    struct daemon *d;
    int first;

    sandbox_start(NULL);
    d = daemon_start(NULL);
    first = raw_connect(NULL); /* what the first one brings with it stays */
    ask_token(first, TOKEN);
    c->pid = d->process.pid;
    c->before = procfs_private_memory(c->pid);
    return c;
}

START_TEST(cost_little)
{
    bool asked = _i == 1;
    struct crowd *c = crowd_new();

    for (size_t i = 0; i < CONNECTIONS; i++) {
        c->fds[i] = raw_connect(NULL);
        if (asked)
            ask_token(c->fds[i], TOKEN);
    }
    demand_cheap(c);
    for (size_t i = 0; i < CONNECTIONS; i++)
        ask_token(c->fds[i], TOKEN);
}
END_TEST

/* The first half of a request is there when the memory around it is given back. */
START_TEST(keep_half_a_request)
{
    struct crowd *c = crowd_new();
    size_t half = (size_t)_i;

    for (size_t i = 0; i < CONNECTIONS; i++) {
        c->fds[i] = raw_connect(NULL);
        ask_token(c->fds[i], TOKEN);
        raw_send(c->fds[i], TOKEN, half);
    }
    /* Each keeps the page that this is in. */
    c->before += MOST * CONNECTIONS;
    demand_cheap(c);
    for (size_t i = 0; i < CONNECTIONS; i++)
        ask_token(c->fds[i], &TOKEN[half]);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("idle_connections");
    TCase *c = stage_case(s, "idle_connections", 60);

    tcase_add_loop_test(c, cost_little, 0, 2);
    tcase_add_loop_test(c, keep_half_a_request, 10, 11);
    return stage_run(s);
}
