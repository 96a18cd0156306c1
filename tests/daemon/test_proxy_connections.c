/* SPDX-License-Identifier: MIT */
/* The connection to a service: TLS that is always verified unless the cloud says otherwise, and one
 * that was kept and has died meanwhile, which is nobody's business. */
#include "client.h"
#include "daemon.h"
#include "process.h"
#include "raw.h"
#include "sandbox.h"
#include "stage.h"
#include "wire.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

/* ---- TLS */

static void run(const char *const *argv)
{
    struct process p;
    const char *log = stage_path("openssl.log");

    process_start(&p, &(struct process_options){.argv = argv, .log = log});
    ck_assert_msg(process_wait(&p, 30) == 0, "openssl: %s", stage_read(log, NULL));
}

/* A CA in ca.pem, and in cert.pem and key.pem what it says of 127.0.0.1, but not of localhost. */
static void make_certificates(void)
{
    const char *ca = stage_path("ca.pem"), *ca_key = stage_path("ca.key"),
               *key = stage_path("key.pem"), *request = stage_path("request.pem"),
               *names = stage_write("names", 0644, "subjectAltName=IP:127.0.0.1\n");

    run((const char *const[]){"/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                              "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=test CA",
                              "-keyout", ca_key, "-out", ca, "-days", "2", NULL});
    run((const char *const[]){"/usr/bin/openssl", "req", "-newkey", "ec", "-pkeyopt",
                              "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=sandbox",
                              "-keyout", key, "-out", request, NULL});
    run((const char *const[]){"/usr/bin/openssl", "x509", "-req", "-in", request, "-CA", ca,
                              "-CAkey", ca_key, "-CAcreateserial", "-extfile", names, "-out",
                              stage_path("cert.pem"), "-days", "2", NULL});
}

/* The same sandbox once more, by a name that its certificate does not have: it needs the port to be
 * known. */
static void start_tls(void)
{
    int port, fd = wire_listen(&port);

    close(fd);
    make_certificates();
    sandbox_start((const char *const[]){
        "--tls-cert", stage_path("cert.pem"), "--tls-key", stage_path("key.pem"), "--port",
        stage_text("%d", port), "--extra-service",
        stage_text("alias,x-alias,,https://localhost:%d/echo", port), NULL});
}

static struct daemon *start_cloud(const char *more, enum daemon_wait wait)
{
    return daemon_start(&(struct daemon_options){.config = daemon_cloud("c", more), .wait = wait});
}

static const char *trust(void)
{
    return stage_text("ca_file = %s", stage_path("ca.pem"));
}

START_TEST(speaks_tls_to_whom_it_trusts)
{
    struct daemon *d;
    const struct reply *r;

    start_tls();
    d = start_cloud(trust(), DAEMON_READY);
    r = send_text("PUT", "/v1/default/proxy/x-echo/a", "hello", NULL);
    ck_assert_ptr_nonnull(strstr(r->body, "\"hello\""));
    ck_assert_int_eq(r->status, 200);
    ck_assert_ptr_null(strstr(daemon_log(d), "verify_ssl"));
}
END_TEST

START_TEST(refuses_an_unknown_ca)
{
    start_tls();
    (void)start_cloud("", DAEMON_READY); /* every first login has failed and been reported */
    ck_assert_str_eq(daemon_state("c"), "failed");
    (void)reply_problem(get("/v1/default/proxy/x-echo/a"), 503, "tls-failure");
    ck_assert_int_eq(sandbox_count("logins"), 0);
    ck_assert_int_eq(sandbox_count("login_failures"), 0);
}
END_TEST

START_TEST(refuses_a_certificate_of_somebody_else)
{
    const char *detail;

    start_tls();
    (void)start_cloud(trust(), DAEMON_READY);
    detail = reply_problem(send_text("PUT", "/v1/default/proxy/x-alias/a", "hello", NULL), 502,
                           "tls-failure");
    ck_assert_ptr_nonnull(strstr(detail, "https://localhost:"));
    ck_assert_ptr_nonnull(strstr(detail, " 0 bytes of the body had been sent"));
    ck_assert_int_eq(get("/v1/default/proxy/x-echo/a")->status, 200);
}
END_TEST

/* A service that speaks no TLS where TLS was said. */
START_TEST(refuses_plain_http_for_https)
{
    int port, listener = wire_listen(&port), client, service;
    char *head;

    sandbox_start((const char *const[]){
        "--extra-service", stage_text("plain,x-plain,,https://127.0.0.1:%d", port), NULL});
    (void)daemon_start(NULL);
    client = raw_connect(NULL);
    raw_print(client, "GET /v1/default/proxy/x-plain/a HTTP/1.1\r\nHost: l\r\n\r\n");
    service = wire_accept(listener);
    (void)raw_read(service, 1);
    raw_print(service, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    head = raw_read_head(client);
    ck_assert_msg(strstr(head, " 502 "), "%s", head);
    ck_assert_ptr_nonnull(strstr(wire_read_body(client, head), "\"tls-failure\""));
    close(client);
    close(service);
    close(listener);
}
END_TEST

START_TEST(verifies_nothing_when_told_so)
{
    struct daemon *d;

    start_tls();
    d = start_cloud("verify_ssl = no", DAEMON_READY);
    ck_assert_int_eq(get("/v1/default/proxy/x-echo/a")->status, 200);
    ck_assert_int_eq(get("/v1/default/proxy/x-alias/a")->status, 200);
    daemon_wait_log(d, "latchkeyd: warning: cloud c has verify_ssl = no");
}
END_TEST

/* ---- connections that were kept */

struct scene {
    struct daemon *daemon;
    int listener, service, client;
};

/* The service is played here: one request has been answered, and the connection is kept. */
static struct scene start_scene(void)
{
    struct scene s;
    int port;

    s.listener = wire_listen(&port);
    sandbox_start((const char *const[]){
        "--extra-service", stage_text("bare,x-bare,,http://127.0.0.1:%d", port), NULL});
    s.daemon = daemon_start(NULL);
    s.client = raw_connect(NULL);
    raw_print(s.client, "GET /v1/default/proxy/x-bare/first HTTP/1.1\r\nHost: l\r\n\r\n");
    s.service = wire_accept(s.listener);
    ck_assert_ptr_nonnull(strstr(raw_read_head(s.service), "GET /first "));
    raw_print(s.service, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    ck_assert_ptr_nonnull(strstr(raw_read_head(s.client), " 200 "));
    return s;
}

static void end_scene(struct scene *s)
{
    close(s->client);
    close(s->service);
    close(s->listener);
}

static void answer_and_check(struct scene *s, const char *answer, const char *status)
{
    char *head;

    raw_print(s->service, "%s", answer);
    head = raw_read_head(s->client);
    ck_assert_msg(strstr(head, status), "%s", head);
}

/* It has ended while nobody used it. */
START_TEST(notices_a_connection_that_has_ended)
{
    struct scene s = start_scene();

    close(s.service);
    raw_print(s.client, "GET /v1/default/proxy/x-bare/second HTTP/1.1\r\nHost: l\r\n\r\n");
    s.service = wire_accept(s.listener);
    ck_assert_ptr_nonnull(strstr(raw_read_head(s.service), "GET /second "));
    answer_and_check(&s, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", " 200 ");
    end_scene(&s);
}
END_TEST

static const char *const requests[][3] = {
    {"GET", "", ""},
    {"DELETE", "", ""},
    {"PUT", "Content-Length: 5\r\n", "hello"},
};

/* It ends at the very moment when it is used again, before anything was answered. */
START_TEST(sends_again_on_a_new_connection)
{
    const char *const *request = requests[_i];
    struct scene s = start_scene();
    char *first;

    raw_print(s.client, "%s /v1/default/proxy/x-bare/second HTTP/1.1\r\nHost: l\r\n%s\r\n%s",
              request[0], request[1], request[2]);
    first = raw_read_head(s.service);
    (void)raw_read(s.service, strlen(request[2]));
    close(s.service);
    s.service = wire_accept(s.listener);
    ck_assert_str_eq(raw_read_head(s.service), first);
    ck_assert_str_eq(raw_read(s.service, strlen(request[2])), request[2]);
    answer_and_check(&s, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", " 200 ");
    end_scene(&s);
}
END_TEST

static const char *const unrepeatable[][3] = {
    {"POST", "", ""},
    {"POST", "Content-Length: 5\r\n", "hello"},
    {"PATCH", "Content-Length: 5\r\n", "hello"},
};

/* The service may have acted on it: two servers are worse than an error that says so. */
START_TEST(sends_nothing_twice_that_counts_twice)
{
    const char *const *request = unrepeatable[_i];
    struct scene s = start_scene();
    char *head, *body;

    raw_print(s.client, "%s /v1/default/proxy/x-bare/second HTTP/1.1\r\nHost: l\r\n%s\r\n%s",
              request[0], request[1], request[2]);
    (void)raw_read_head(s.service);
    (void)raw_read(s.service, strlen(request[2]));
    close(s.service);
    head = raw_read_head(s.client);
    ck_assert_msg(strstr(head, " 502 "), "%s", head);
    body = wire_read_body(s.client, head);
    ck_assert_msg(strstr(body, "carried out"), "%s", body);
    ck_assert_int_eq(poll(&(struct pollfd){.fd = s.listener, .events = POLLIN}, 1, 200), 0);
    s.service = -1;
    end_scene(&s);
}
END_TEST

/* What the service does and the request come at the same moment: the connection is looked at before it is used.
 * What was sent already would be lost with it, or answered with what was meant for another. */
static void check_unused(const char *const *request, const char *surplus)
{
    struct scene s = start_scene();
    int first = s.service;

    process_signal(&s.daemon->process, SIGSTOP);
    raw_print(s.client, "%s /v1/default/proxy/x-bare/second HTTP/1.1\r\nHost: l\r\n%s\r\n%s",
              request[0], request[1], request[2]);
    if (surplus)
        raw_print(first, "%s", surplus);
    else
        close(first);
    process_signal(&s.daemon->process, SIGCONT);
    s.service = wire_accept(s.listener);
    ck_assert_ptr_nonnull(strstr(raw_read_head(s.service), "/second "));
    ck_assert_str_eq(raw_read(s.service, strlen(request[2])), request[2]);
    answer_and_check(&s, "HTTP/1.1 203 OK\r\nContent-Length: 0\r\n\r\n", " 203 ");
    if (surplus)
        close(first);
    end_scene(&s);
}

START_TEST(notices_an_end_before_it_sends_what_counts_twice)
{
    check_unused(unrepeatable[_i], NULL);
}
END_TEST

START_TEST(takes_no_answer_that_nobody_has_asked_for)
{
    check_unused(requests[_i], "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
}
END_TEST

/* Where the next answer would begin is not known: the connection is not used again. */
START_TEST(uses_no_connection_on_which_too_much_has_come)
{
    struct scene s = start_scene();
    int first = s.service;

    raw_print(s.client, "GET /v1/default/proxy/x-bare/second HTTP/1.1\r\nHost: l\r\n\r\n");
    (void)raw_read_head(first);
    answer_and_check(&s, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 O", " 200 ");
    raw_print(s.client, "GET /v1/default/proxy/x-bare/third HTTP/1.1\r\nHost: l\r\n\r\n");
    s.service = wire_accept(s.listener);
    ck_assert_ptr_nonnull(strstr(raw_read_head(s.service), "GET /third "));
    answer_and_check(&s, "HTTP/1.1 203 OK\r\nContent-Length: 0\r\n\r\n", " 203 ");
    close(first);
    end_scene(&s);
}
END_TEST

/* It has answered and does not read the rest: that cannot be sent any more, and the answer is here. */
START_TEST(gives_out_the_answer_of_who_has_closed_before_the_end)
{
    struct scene s = start_scene();
    const struct linger none = {.l_onoff = 1};
    char *head;

    raw_print(s.client, "POST /v1/default/proxy/x-bare/second HTTP/1.1\r\nHost: l\r\n"
                        "Content-Length: 10\r\n\r\nhello");
    (void)raw_read_head(s.service);
    (void)raw_read(s.service, 5);
    process_signal(&s.daemon->process, SIGSTOP);
    raw_print(s.client, "world");
    raw_print(s.service, "HTTP/1.1 203 OK\r\nContent-Length: 5\r\n\r\nthere");
    ck_assert_int_eq(setsockopt(s.service, SOL_SOCKET, SO_LINGER, &none, sizeof(none)), 0);
    close(s.service);
    process_signal(&s.daemon->process, SIGCONT);
    head = raw_read_head(s.client);
    ck_assert_msg(strstr(head, " 203 "), "%s", head);
    ck_assert_str_eq(wire_read_body(s.client, head), "there");
    s.service = -1;
    end_scene(&s);
}
END_TEST

/* What stopped the first try is not what has gone wrong with the second one. */
START_TEST(tells_of_the_second_failure_only)
{
    struct scene s = start_scene();
    const struct linger none = {.l_onoff = 1};
    char *head, *body;

    raw_print(s.client, "GET /v1/default/proxy/x-bare/second HTTP/1.1\r\nHost: l\r\n\r\n");
    (void)raw_read_head(s.service);
    ck_assert_int_eq(setsockopt(s.service, SOL_SOCKET, SO_LINGER, &none, sizeof(none)), 0);
    close(s.service);
    s.service = wire_accept(s.listener);
    (void)raw_read_head(s.service);
    raw_print(s.service, "HTTP/1.1 nonsense\r\n\r\n");
    head = raw_read_head(s.client);
    body = wire_read_body(s.client, head);
    ck_assert_ptr_nonnull(strstr(body, "\"bad-answer\""));
    ck_assert_msg(!strstr(body, "reset"), "the connection was not reset: %s", body);
    end_scene(&s);
}
END_TEST

/* A service that goes on failing is not asked for ever. */
START_TEST(gives_up_in_the_end)
{
    struct scene s = start_scene();
    char *head;

    raw_print(s.client, "GET /v1/default/proxy/x-bare/second HTTP/1.1\r\nHost: l\r\n\r\n");
    for (int i = 0; i < 2; i++) {
        (void)raw_read_head(s.service);
        close(s.service);
        s.service = i < 1 ? wire_accept(s.listener) : -1;
    }
    head = raw_read_head(s.client);
    ck_assert_msg(strstr(head, " 502 "), "%s", head);
    end_scene(&s);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("proxy connections");
    TCase *c = stage_case(s, "connections", 30);

    tcase_add_test(c, speaks_tls_to_whom_it_trusts);
    tcase_add_test(c, refuses_an_unknown_ca);
    tcase_add_test(c, refuses_a_certificate_of_somebody_else);
    tcase_add_test(c, refuses_plain_http_for_https);
    tcase_add_test(c, verifies_nothing_when_told_so);
    tcase_add_test(c, notices_a_connection_that_has_ended);
    tcase_add_loop_test(c, sends_again_on_a_new_connection, 0, ARRAY_SIZE(requests));
    tcase_add_loop_test(c, notices_an_end_before_it_sends_what_counts_twice, 0,
                        ARRAY_SIZE(unrepeatable));
    tcase_add_test(c, uses_no_connection_on_which_too_much_has_come);
    tcase_add_loop_test(c, takes_no_answer_that_nobody_has_asked_for, 0, ARRAY_SIZE(requests));
    tcase_add_loop_test(c, sends_nothing_twice_that_counts_twice, 0, ARRAY_SIZE(unrepeatable));
    tcase_add_test(c, gives_out_the_answer_of_who_has_closed_before_the_end);
    tcase_add_test(c, tells_of_the_second_failure_only);
    tcase_add_test(c, gives_up_in_the_end);
    return stage_run(s);
}
