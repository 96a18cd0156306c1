/* SPDX-License-Identifier: MIT */
/* Clouds by their names: what is looked up, and what never gets connected, costs descriptors that come
 * and go within libcurl. None of them may spoil the next connection, which gets their numbers. */
#include "capture.h"
#include "client.h"
#include "daemon.h"
#include "patience.h"
#include "sandbox.h"
#include "stage.h"
#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>

#define NAME "cloud.test"
#define NAME_SERVER "127.0.0.9"
#define ROUNDS 3

/* A name server that takes questions and never answers. */
static void start_name_server(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(53)};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    ck_assert_int_eq(inet_pton(AF_INET, NAME_SERVER, &at.sin_addr), 1);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
}

static bool replace(const char *path, const char *text)
{
    return mount(stage_write(strrchr(path, '/') + 1, 0644, text), path, NULL, MS_BIND, NULL) == 0;
}

/* Has names of our own for this test and what it starts, which take that many seconds to look up. False
 * where that is not for us to do, which a run of CI may not say. */
static bool set_hosts_after(int seconds, const char *hosts)
{
    const char *resolver =
        stage_text("nameserver " NAME_SERVER "\noptions timeout:%d attempts:1\n", seconds);

    if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) < 0 ||
        !replace("/etc/hosts", hosts) || !replace("/etc/nsswitch.conf", "hosts: dns files\n") ||
        !replace("/etc/resolv.conf", resolver)) {
        ck_assert_msg(!getenv("CI"), "no hosts of our own: %s", strerror(errno));
        return false;
    }
    start_name_server();
    return true;
}

static bool set_hosts(const char *hosts)
{
    return set_hosts_after(1, hosts);
}

/* A port that will be the sandbox's: it has to be known before. */
static int choose_port(void)
{
    int port, fd = wire_listen(&port);

    close(fd);
    return port;
}

/* The first login has to succeed, not a later one. */
static void start(int port, const char *service, const char *config)
{
    struct daemon *d;

    sandbox_start(
        (const char *const[]){"--port", stage_text("%d", port), "--extra-service", service, NULL});
    d = daemon_start(&(struct daemon_options){.config = config});
    ck_assert_ptr_null(strstr(daemon_log(d), "failed"));
}

static const char *config(const char *host, int port)
{
    return stage_text("[latchkeyd]\nconnect_timeout = 4\n[c]\nauth_endpoint = http://%s:%d/v2.0\n"
                      "username = " SANDBOX_USER "\napi_key = " SANDBOX_KEY "\n",
                      host, port);
}

static void demand_echo(const char *service)
{
    const struct reply *r =
        send_text("PUT", stage_text("/v1/c/proxy/%s/x", service), "hello", NULL);

    ck_assert_msg(r->status == 200 && strstr(r->body, "\"hello\""), "%s: %ld %s", service,
                  r->status, r->body);
}

static void demand_logins(void)
{
    ck_assert_int_eq(send_text("POST", "/v1/c/refresh", NULL, NULL)->status, 200);
}

START_TEST(finds_a_cloud_by_its_name)
{
    int port = choose_port();

    if (!set_hosts("127.0.0.1 localhost " NAME "\n"))
        return;
    start(port, stage_text("named,x-named,,http://" NAME ":%d/echo", port), config(NAME, port));
    for (int i = 0; i < ROUNDS; i++) {
        demand_logins();
        demand_echo("x-named");
        demand_echo("x-echo");
    }
}
END_TEST

/* The first address is dead, the second one is not: libcurl goes on with a descriptor of the same
 * number. */
START_TEST(finds_a_cloud_by_its_second_address)
{
    int port = choose_port();

    if (!set_hosts("127.0.0.1 localhost\n127.0.0.2 " NAME "\n127.0.0.1 " NAME "\n"))
        return;
    (void)wire_dig_hole("127.0.0.2", port);
    start(port, stage_text("named,x-named,,http://" NAME ":%d/echo", port), config(NAME, port));
    demand_logins();
    demand_echo("x-named");
    demand_echo("x-echo");
}
END_TEST

static const struct {
    const char *service;
    long status;
    const char *code;
} troubles[] = {
    {"x-nowhere", 502, "upstream-unreachable"},
    {"x-dead", 504, "upstream-timeout"},
};

/* The client's connection is kept, so that the next descriptor is that of the next service's. */
START_TEST(spoils_no_other_connection)
{
    int port = choose_port(), dead = wire_dig_hole("127.0.0.1", 0);
    struct capture *other = capture_new();
    _cleanup_(client_freep) struct client *c = NULL;

    if (!set_hosts("127.0.0.1 localhost\n"))
        return;
    sandbox_start((const char *const[]){
        "--port", stage_text("%d", port), "--extra-service",
        "nowhere,x-nowhere,,http://nowhere.invalid:1", "--extra-service",
        stage_text("dead,x-dead,,http://127.0.0.1:%d", dead), "--extra-service",
        stage_text("other,x-other,,%s", capture_url(other)), NULL});
    (void)daemon_start(&(struct daemon_options){.config = config("127.0.0.1", port)});
    c = client_new(daemon_socket(), NULL);
    (void)reply_problem(client_ask(c, &(struct ask){.target = stage_text("/v1/c/proxy/%s/x",
                                                                         troubles[_i].service)}),
                        troubles[_i].status, troubles[_i].code);
    ck_assert_int_eq(client_ask(c, &(struct ask){.target = "/v1/c/proxy/x-other/x"})->status, 200);
    demand_echo("x-echo");
    demand_logins();
}
END_TEST

/* The look-up of a name lasts longer than anybody waits for it, and nobody else waits with it. */
START_TEST(is_not_held_up_by_a_name_server)
{
    int port = choose_port();
    double began;

    if (!set_hosts_after(25, "127.0.0.1 localhost\n"))
        return;
    sandbox_start((const char *const[]){"--port", stage_text("%d", port), "--extra-service",
                                        "nowhere,x-nowhere,,http://nowhere.invalid:1", NULL});
    (void)daemon_start(&(struct daemon_options){.config = config("127.0.0.1", port)});
    began = time_now();
    (void)reply_problem(send_text("GET", "/v1/c/proxy/x-nowhere/x", NULL, NULL), 504,
                        "upstream-timeout");
    demand_echo("x-echo");
    ck_assert_double_lt(time_now() - began, 15);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("names");
    TCase *c = stage_case(s, "names", 30);

    tcase_add_test(c, finds_a_cloud_by_its_name);
    tcase_add_test(c, finds_a_cloud_by_its_second_address);
    tcase_add_loop_test(c, spoils_no_other_connection, 0, ARRAY_SIZE(troubles));
    tcase_add_test(c, is_not_held_up_by_a_name_server);
    return stage_run(s);
}
