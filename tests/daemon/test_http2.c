/* SPDX-License-Identifier: MIT */
/* A service that offers HTTP/2: whatever is spoken to it, signed requests do not stand in each other's way,
 * bodies are held back and not kept, and none is lost. */
#include "client.h"
#include "daemon.h"
#include "nginx.h"
#include "process.h"
#include "procfs.h"
#include "raw.h"
#include "sandbox.h"
#include "stage.h"
#include "tls.h"

#include <fcntl.h>
#include <string.h>

#define KIB ((size_t)1024)
#define MIB (1024 * KIB)

#define SERVICE "/v1/c/proxy/x-web"
#define LARGE (256 * MIB)
#define SLOW 8 /* readers */

static struct daemon *start(const char *directives)
{
    int port, fd;

    tls_certificate("service", "IP:127.0.0.1");
    fd = open(stage_path("large"), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    ck_assert_int_eq(ftruncate(fd, LARGE), 0);
    close(fd);
    port = nginx_start("service", directives);
    sandbox_start((const char *const[]){"--extra-service",
                                        stage_text("web,x-web,,https://127.0.0.1:%d", port), NULL});
    return daemon_start(&(struct daemon_options){
        .config = daemon_cloud("c", stage_text("ca_file = %s", stage_path("service.pem")))});
}

/* A client that has seen the head of a large answer, and reads no more of it. */
static int read_slowly(void)
{
    int fd = raw_connect(NULL);
    char *head;

    raw_print(fd, "GET " SERVICE "/large HTTP/1.1\r\nHost: l\r\n\r\n");
    head = raw_read_head(fd);
    ck_assert_msg(!strncmp(head, "HTTP/1.1 200 ", 13), "%s", head);
    return fd;
}

static bool drop(const char *data _unused_, size_t length _unused_, void *userdata _unused_)
{
    return true;
}

static void read_fast(void)
{
    const struct reply *r =
        ask(&(struct ask){.target = SERVICE "/large", .consume = drop, .seconds = 60});

    ck_assert_int_eq(r->error, 0);
    ck_assert_uint_eq(r->length, LARGE);
}

/* With libcurl 7.88 and 256 MiB that pass them on the same connection of HTTP/2, one such reader came to
 * 32 MiB in the daemon's memory, and 8 of them to 130 MiB. */
START_TEST(keeps_little_for_slow_readers)
{
    struct daemon *d = start("");
    int slow[SLOW];
    size_t before, more;

    read_fast();
    before = procfs_private_memory(d->process.pid);
    for (size_t i = 0; i < SLOW; i++)
        slow[i] = read_slowly();
    read_fast();
    more = procfs_private_memory(d->process.pid) - before;
    for (size_t i = 0; i < SLOW; i++)
        close(slow[i]);
    sandbox_wait_count("active_transfers", 0);
    if (!process_is_instrumented())
        ck_assert_msg(more <= SLOW * 512 * KIB, "%zu KiB for %d slow readers", more / KIB, SLOW);
}
END_TEST

START_TEST(answers_beside_slow_readers)
{
    int slow[SLOW];

    (void)start("location /small { return 200 small; }");
    for (size_t i = 0; i < SLOW; i++)
        slow[i] = read_slowly();
    for (size_t i = 0; i < 20; i++)
        ck_assert_str_eq(get(SERVICE "/small")->body, "small");
    for (size_t i = 0; i < SLOW; i++)
        close(slow[i]);
}
END_TEST

/* A connection that the service ends, as it does after so many requests, takes none with it that is not to
 * be sent twice. With HTTP/2 and 8 requests at a time on it, 45 % were lost. */
START_TEST(loses_no_request_to_the_end_of_a_connection)
{
    const struct ask a = {.method = "POST", .target = SERVICE "/taken", .body = "x", .length = 1};
    const struct reply *replies[8];

    (void)start("keepalive_requests 3;\nlocation /taken { return 200 taken; }");
    for (size_t round = 0; round < 40; round++) {
        ask_crowd(&a, ARRAY_SIZE(replies), replies);
        for (size_t i = 0; i < ARRAY_SIZE(replies); i++)
            ck_assert_msg(replies[i]->status == 200, "%s", replies[i]->body);
    }
}
END_TEST

/* With HTTP/2 libcurl does not wait for an answer. */
START_TEST(asks_before_it_sends_a_body)
{
    static char body[1024 * 1024];

    (void)start("location /refused { return 401; }");
    memset(body, 'x', sizeof(body));
    ck_assert_int_eq(ask(&(struct ask){.method = "PUT",
                                       .target = SERVICE "/refused",
                                       .body = body,
                                       .length = sizeof(body)})
                         ->status,
                     401);
    ck_assert_ptr_nonnull(strstr(
        get("/metrics")->body, "latchkey_proxied_bytes_total{cloud=\"c\",direction=\"sent\"} 0\n"));
}
END_TEST

/* What all of the above comes from. */
START_TEST(speaks_what_is_safe)
{
    (void)start("location /small { return 200 small; }");
    ck_assert_int_eq(get(SERVICE "/small")->status, 200);
    ck_assert_str_eq(nginx_log(), "HTTP/1.1 GET /small 200\n");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("http2");
    TCase *c = stage_case(s, "offered", 60);

    tcase_add_test(c, keeps_little_for_slow_readers);
    tcase_add_test(c, answers_beside_slow_readers);
    tcase_add_test(c, loses_no_request_to_the_end_of_a_connection);
    tcase_add_test(c, asks_before_it_sends_a_body);
    tcase_add_test(c, speaks_what_is_safe);
    return stage_run(s);
}
