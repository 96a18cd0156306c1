/* SPDX-License-Identifier: MIT */
/* A cloud at an address of IPv6: its identity service, and its services. */
#include "client.h"
#include "daemon.h"
#include "relay.h"
#include "sandbox.h"
#include "stage.h"
#include "wire.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

static bool has_ipv6(void)
{
    struct sockaddr_in6 at = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    _cleanup_(closep) int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

    return fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0;
}

START_TEST(reaches_it)
{
    int port, fd = wire_listen(&port);
    struct relay *six;
    const struct reply *r;

    if (!has_ipv6())
        return;
    close(fd);
    six = relay_new(&(struct relay_options){.to = port});
    sandbox_start((const char *const[]){
        "--port", stage_text("%d", port), "--extra-service",
        stage_text("six,x-six,,http://[::1]:%d/echo", relay_port(six)), NULL});
    (void)daemon_start(&(struct daemon_options){
        .config =
            stage_text("[c]\nauth_endpoint = http://[::1]:%d/v2.0\nusername = %s\napi_key = %s\n",
                       relay_port(six), SANDBOX_USER, SANDBOX_KEY)});
    ck_assert_str_eq(daemon_state("c"), "ready");
    ck_assert(relay_saw(six, "POST /v2.0/tokens"));
    r = get("/v1/c/proxy/x-six/a");
    ck_assert_msg(r->status == 200, "%ld %s", r->status, r->body);
    ck_assert(relay_saw(six, "GET /echo/a"));
    ck_assert_ptr_nonnull(strstr(r->body, stage_text("[::1]:%d", relay_port(six))));
}
END_TEST

/* An error names it as a URL does. */
START_TEST(misses_it)
{
    const char *detail;

    if (!has_ipv6())
        return;
    sandbox_start((const char *const[]){"--extra-service", "six,x-six,,http://[::1]:1", NULL});
    (void)daemon_start(NULL);
    detail = reply_problem(get("/v1/default/proxy/x-six/a"), 502, "upstream-unreachable");
    ck_assert_msg(strstr(detail, "http://[::1]:1"), "%s", detail);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("ipv6");
    TCase *c = stage_case(s, "ipv6", 30);

    tcase_add_test(c, reaches_it);
    tcase_add_test(c, misses_it);
    return stage_run(s);
}
