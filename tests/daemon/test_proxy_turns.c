/* SPDX-License-Identifier: MIT */
/*
 * Large bodies take turns while somebody asks for something small. Nothing is timed: how much of the bodies has
 * been sent on is read off the metrics, which are asked for behind small requests on the same connection, so that
 * one is answered in each round.
 */
#include "daemon.h"
#include "patience.h"
#include "procfs.h"
#include "raw.h"
#include "sandbox.h"
#include "stage.h"
#include "wire.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define UPLOADS 32
#define KIB ((size_t)1024)
#define BODY (128 * KIB) /* what a client's socket takes while nobody reads */
#define SMALL 60

static const char token[] = "GET /v1/default/token HTTP/1.1\r\nHost: l\r\n\r\n";
static const char metrics[] = "GET /metrics HTTP/1.1\r\nHost: l\r\n\r\n";

struct scene {
    struct daemon *daemon;
    int listener, client;
    int uploads[UPLOADS], services[UPLOADS];
};

/* Of each body the first byte is on its way: the service has said that it wants it, and will read nothing more. */
static void start_scene(struct scene *s)
{
    int port;

    s->listener = wire_listen(&port);
    sandbox_start((const char *const[]){
        "--extra-service", stage_text("bare,x-bare,,http://127.0.0.1:%d", port), NULL});
    s->daemon = daemon_start(NULL);
    s->client = raw_connect(NULL);
    for (size_t i = 0; i < UPLOADS; i++) {
        s->uploads[i] = raw_connect(NULL);
        raw_print(
            s->uploads[i],
            "PUT /v1/default/proxy/x-bare/%zu HTTP/1.1\r\nHost: l\r\nContent-Length: %zu\r\n\r\n"
            "x",
            i, BODY);
        s->services[i] = wire_accept(s->listener);
        (void)raw_read_head(s->services[i]);
        raw_print(s->services[i], "HTTP/1.1 100 Continue\r\n\r\n");
        ck_assert_str_eq(raw_read(s->services[i], 1), "x");
    }
}

static void end_scene(struct scene *s)
{
    for (size_t i = 0; i < UPLOADS; i++) {
        close(s->uploads[i]);
        close(s->services[i]);
    }
    close(s->client);
    close(s->listener);
}

static const char *read_answer(int client)
{
    char *head = raw_read_head(client);

    ck_assert_msg(strstr(head, " 200 "), "%s", head);
    return wire_read_body(client, head);
}

static bool is_asleep(void *userdata)
{
    const struct daemon *d = userdata;

    return strstr(procfs_read(d->process.pid, "status", NULL), "\nState:\tS");
}

/* How much has been sent on by the time when some more small requests have been answered. */
static size_t sent_meanwhile(struct scene *s)
{
    static char rest[BODY];
    const char *line;

    ck_assert(wait_until(20, is_asleep, s->daemon));
    process_signal(&s->daemon->process, SIGSTOP);
    for (size_t i = 0; i < UPLOADS; i++)
        raw_send(s->uploads[i], rest, BODY - 1);
    for (size_t i = 0; i < SMALL; i++)
        raw_print(s->client, "%s", token);
    raw_print(s->client, "%s", metrics);
    process_signal(&s->daemon->process, SIGCONT);
    for (size_t i = 0; i <= SMALL; i++)
        (void)read_answer(s->client);
    line = strstr(read_answer(s->client), "direction=\"sent\"} ");
    ck_assert_ptr_nonnull(line);
    return strtoul(line + strlen("direction=\"sent\"} "), NULL, 10);
}

START_TEST(lets_small_requests_pass_between_uploads)
{
    struct scene s;
    size_t sent;

    start_scene(&s);
    /* Its answer is not read yet: that would be news for the daemon. */
    raw_print(s.client, "%s", token);
    ck_assert(raw_waits(s.client, 20));
    sent = sent_meanwhile(&s);
    ck_assert_msg(sent < UPLOADS * BODY / 4, "%zu KiB of %zu", sent / KIB, UPLOADS * BODY / KIB);
    end_scene(&s);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("proxy turns");
    TCase *c = stage_case(s, "turns", 60);

    tcase_add_test(c, lets_small_requests_pass_between_uploads);
    return stage_run(s);
}
