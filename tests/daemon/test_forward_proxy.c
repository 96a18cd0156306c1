/* SPDX-License-Identifier: MIT */
/* A cloud behind a forward proxy: which one, told by whom, and what it gets to see: a tunnel, never a key
 * or a token, also where the cloud itself speaks no TLS. */
#include "client.h"
#include "daemon.h"
#include "patience.h"
#include "relay.h"
#include "sandbox.h"
#include "secrets.h"
#include "stage.h"
#include "tls.h"
#include "wire.h"

#include <string.h>

#define USER_AND_PASSWORD "proxyuser:s3cr3t"
#define BASIC "Proxy-Authorization: Basic cHJveHl1c2VyOnMzY3IzdA==" /* those two */

static void start_cloud(bool tls)
{
    if (!tls) {
        sandbox_start(NULL);
        return;
    }
    tls_certificate("cloud", "IP:127.0.0.1");
    sandbox_start((const char *const[]){"--tls-cert", stage_path("cloud.pem"), "--tls-key",
                                        stage_path("cloud.key"), NULL});
}

static const char *cloud(const char *name, const char *more)
{
    const char *ca = !strncmp(sandbox_url(), "https", 5)
                         ? stage_text("ca_file = %s\n", stage_path("cloud.pem"))
                         : "";

    return daemon_cloud(name, stage_text("%s%s", ca, more));
}

static struct daemon *start(const char *more, const char *variable)
{
    return daemon_start(&(struct daemon_options){
        .config = cloud("main", more), .environment = (const char *const[]){variable, NULL}});
}

static struct relay *start_proxy(void)
{
    return relay_new(&(struct relay_options){0});
}

static const char *proxy_url(const struct relay *r)
{
    return stage_text("http://127.0.0.1:%d", relay_port(r));
}

static void demand_service(const char *name)
{
    const struct reply *r = get("/v1/%s/proxy/x-echo/a", name);

    ck_assert_msg(r->status == 200, "%ld %s", r->status, r->body);
}

static void demand_tunnels(struct relay *r)
{
    ck_assert_uint_gt(relay_count(r), 0);
    for (size_t i = 0; i < relay_count(r); i++) {
        const char *head = relay_head(r, i);

        ck_assert_msg(!strncmp(head, stage_text("CONNECT 127.0.0.1:%d ", sandbox_port()),
                               strlen(stage_text("CONNECT 127.0.0.1:%d ", sandbox_port()))),
                      "%s", head);
        ck_assert_msg(!strstr(head, wire_token()) && !strcasestr(head, "X-Auth"), "%s", head);
    }
}

START_TEST(tunnels_to_a_cloud_with_tls)
{
    struct relay *proxy = start_proxy();

    start_cloud(true);
    (void)start(stage_text("proxy = %s", proxy_url(proxy)), NULL);
    demand_service("main");
    demand_tunnels(proxy);
    ck_assert(!relay_saw(proxy, wire_token()));
    ck_assert(!relay_saw(proxy, SANDBOX_KEY));
    ck_assert(!relay_saw(proxy, "X-Auth-Token"));
}
END_TEST

START_TEST(tunnels_to_a_cloud_without_tls)
{
    struct relay *proxy = start_proxy();

    start_cloud(false);
    (void)start(stage_text("proxy = %s", proxy_url(proxy)), NULL);
    demand_service("main");
    demand_tunnels(proxy);
}
END_TEST

START_TEST(says_who_it_is)
{
    struct relay *proxy = relay_new(&(struct relay_options){.authorization = BASIC});
    struct daemon *d;

    secrets_add("s3cr3t");
    start_cloud(true);
    d = start(stage_text("proxy = http://" USER_AND_PASSWORD "@127.0.0.1:%d", relay_port(proxy)),
              NULL);
    demand_service("main");
    demand_tunnels(proxy);
    ck_assert_ptr_nonnull(strstr(relay_head(proxy, 0), BASIC));
    /* Nothing that goes to the cloud has it. */
    ck_assert(!strstr(get("/v1/main/proxy/x-echo/a")->body, "Proxy-Authorization"));
    ck_assert_ptr_null(strstr(daemon_log(d), "proxyuser"));
}
END_TEST

static const char *const variables[] = {"https_proxy", "http_proxy"};

START_TEST(follows_the_environment)
{
    struct relay *proxy = start_proxy();

    start_cloud(_i == 0);
    (void)start("", stage_text("%s=%s", variables[_i], proxy_url(proxy)));
    demand_service("main");
    demand_tunnels(proxy);
}
END_TEST

START_TEST(makes_exceptions)
{
    struct relay *proxy = start_proxy();

    start_cloud(true);
    (void)start(stage_text("proxy = %s\nno_proxy = example.org,127.0.0.1", proxy_url(proxy)), NULL);
    demand_service("main");
    ck_assert_uint_eq(relay_count(proxy), 0);
}
END_TEST

START_TEST(makes_exceptions_of_the_environment)
{
    struct relay *proxy = start_proxy();

    start_cloud(true);
    (void)daemon_start(&(struct daemon_options){
        .config = cloud("main", ""),
        .environment = (const char *const[]){stage_text("https_proxy=%s", proxy_url(proxy)),
                                             "no_proxy=example.org,127.0.0.1", NULL}});
    demand_service("main");
    ck_assert_uint_eq(relay_count(proxy), 0);
}
END_TEST

START_TEST(goes_past_the_environments_proxy)
{
    struct relay *proxy = start_proxy();

    start_cloud(true);
    (void)start("proxy = none", stage_text("https_proxy=%s", proxy_url(proxy)));
    demand_service("main");
    ck_assert_uint_eq(relay_count(proxy), 0);
}
END_TEST

/* ---- what goes wrong */

static const char *demand_trouble(const char *more, const char *variable)
{
    const char *detail;

    secrets_add("s3cr3t");
    start_cloud(true);
    (void)start(more, variable);
    detail = reply_problem(get("/v1/main/token"), 503, "upstream-unreachable");
    ck_assert_msg(!strstr(detail, "proxyuser"), "%s", detail);
    ck_assert_int_eq(sandbox_count("login_attempt_times"), 0);
    return detail;
}

static void demand_said(const char *detail, const char *said)
{
    ck_assert_msg(strstr(detail, said), "no '%s' in: %s", said, detail);
}

START_TEST(is_asked_for_a_password)
{
    struct relay *proxy = relay_new(&(struct relay_options){.authorization = BASIC});
    const char *detail = demand_trouble(stage_text("proxy = %s", proxy_url(proxy)), NULL);

    demand_said(detail, stage_text("the proxy 127.0.0.1:%d ", relay_port(proxy)));
    demand_said(detail, "407");
    demand_said(detail, "USER:PASSWORD");
}
END_TEST

/* The environment's is named, too. */
START_TEST(is_refused)
{
    struct relay *proxy = relay_new(&(struct relay_options){
        .refusal = "HTTP/1.1 403 Not there\r\nContent-Length: 6\r\n\r\nno way"});
    const char *url = stage_text("http://" USER_AND_PASSWORD "@127.0.0.1:%d", relay_port(proxy));
    const char *detail = demand_trouble(_i == 0 ? stage_text("proxy = %s", url) : "",
                                        _i == 0 ? NULL : stage_text("https_proxy=%s", url));

    demand_said(detail, stage_text("the proxy 127.0.0.1:%d ", relay_port(proxy)));
    demand_said(detail, "403");
}
END_TEST

START_TEST(finds_the_proxy_dead)
{
    int port, fd = wire_listen(&port);
    const char *detail;

    close(fd);
    detail =
        demand_trouble(stage_text("proxy = http://" USER_AND_PASSWORD "@127.0.0.1:%d", port), NULL);
    demand_said(detail, stage_text("the proxy 127.0.0.1:%d ", port));
}
END_TEST

START_TEST(does_not_find_the_proxy)
{
    demand_said(demand_trouble("proxy = http://" USER_AND_PASSWORD "@nowhere.invalid:3128", NULL),
                "the proxy nowhere.invalid:3128 ");
}
END_TEST

/* What libcurl does not understand it would quote. Nobody reads the environment before it does. */
START_TEST(does_not_quote_the_environment)
{
    demand_said(demand_trouble("", "https_proxy=gopher://" USER_AND_PASSWORD "@proxy.example:3128"),
                "the proxy proxy.example:3128 ");
}
END_TEST

static const char *const wrong[] = {
    "gopher://proxyuser:s3cr3t@proxy.example:3128",
    "http://proxyuser:s3c/r3t@proxy.example:3128",
    "http://proxyuser:s3@cr3t@proxy.example",
    "http://proxy.example/path",
    "proxy.example:s3cr3t",
    "http://",
};

START_TEST(is_given_nonsense)
{
    secrets_add("s3cr3t");
    sandbox_start(NULL);
    daemon_refuses(&(struct daemon_options){.config = daemon_cloud(
                                                "main", stage_text("proxy = %s", wrong[_i]))},
                   "proxy: wrong value");
}
END_TEST

START_TEST(warns_of_a_password_that_others_can_read)
{
    struct relay *proxy = relay_new(&(struct relay_options){.authorization = BASIC});
    const char *path, *credential;
    struct daemon *d;

    start_cloud(false);
    credential = stage_write("key", 0600, daemon_credential(SANDBOX_USER, SANDBOX_KEY));
    path = stage_write("open.conf", 0644,
                       stage_text("[main]\nauth_endpoint = %s/v2.0\ncredential_file = %s\n"
                                  "proxy = " USER_AND_PASSWORD "@127.0.0.1:%d\n",
                                  sandbox_url(), credential, relay_port(proxy)));
    d = daemon_start(&(struct daemon_options){
        .bare = true, .arguments = (const char *const[]){"--config", path, NULL}});
    daemon_wait_log(d, stage_text("chmod 600 %s", path));
    demand_service("main");
}
END_TEST

/* ---- clouds apart */

/* Two users of one proxy do not share tunnels. */
START_TEST(keeps_users_apart)
{
    struct relay *proxy = start_proxy();

    start_cloud(true);
    (void)daemon_start(&(struct daemon_options){
        .config = stage_text(
            "%s%s", cloud("a", stage_text("proxy = http://a:one@127.0.0.1:%d", relay_port(proxy))),
            cloud("b", stage_text("proxy = http://b:two@127.0.0.1:%d", relay_port(proxy))))});
    daemon_wait_state("a", "ready");
    daemon_wait_state("b", "ready");
    for (int i = 0; i < 3; i++) {
        demand_service("a");
        demand_service("b");
    }
    ck_assert_uint_eq(relay_count(proxy), 2);
    ck_assert_str_ne(strstr(relay_head(proxy, 0), "Proxy-Authorization"),
                     strstr(relay_head(proxy, 1), "Proxy-Authorization"));
}
END_TEST

START_TEST(takes_another_proxy_from_a_reload)
{
    struct relay *first = start_proxy(), *second = start_proxy();
    struct daemon *d;

    start_cloud(true);
    d = start(stage_text("proxy = %s", proxy_url(first)), NULL);
    demand_service("main");
    ck_assert_uint_eq(relay_count(second), 0);
    daemon_reload(d, cloud("main", stage_text("proxy = %s", proxy_url(second))));
    daemon_wait_state("main", "ready");
    demand_service("main");
    ck_assert_uint_gt(relay_count(second), 0);
    ck_assert_uint_eq(relay_count(first), 1);
    daemon_reload(d, cloud("main", "proxy = none"));
    daemon_wait_state("main", "ready");
    demand_service("main");
    ck_assert_uint_eq(relay_count(second), 1);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("forward_proxy");
    TCase *c = stage_case(s, "ways", 30), *t = stage_case(s, "trouble", 30),
          *a = stage_case(s, "apart", 30);

    tcase_add_test(c, tunnels_to_a_cloud_with_tls);
    tcase_add_test(c, tunnels_to_a_cloud_without_tls);
    tcase_add_test(c, says_who_it_is);
    tcase_add_loop_test(c, follows_the_environment, 0, ARRAY_SIZE(variables));
    tcase_add_test(c, makes_exceptions);
    tcase_add_test(c, makes_exceptions_of_the_environment);
    tcase_add_test(c, goes_past_the_environments_proxy);
    tcase_add_test(t, is_asked_for_a_password);
    tcase_add_loop_test(t, is_refused, 0, 2);
    tcase_add_test(t, finds_the_proxy_dead);
    tcase_add_test(t, does_not_find_the_proxy);
    tcase_add_test(t, does_not_quote_the_environment);
    tcase_add_loop_test(t, is_given_nonsense, 0, ARRAY_SIZE(wrong));
    tcase_add_test(t, warns_of_a_password_that_others_can_read);
    tcase_add_test(a, keeps_users_apart);
    tcase_add_test(a, takes_another_proxy_from_a_reload);
    return stage_run(s);
}
