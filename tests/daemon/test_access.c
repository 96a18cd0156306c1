/* SPDX-License-Identifier: MIT */
/* Access rules on a live daemon: who gets what over the real socket, and that a refusal tells nothing about
 * clouds that the caller may not see. */
#include "as_user.h"
#include "daemon.h"
#include "look.h"
#include "raw.h"
#include "sandbox.h"
#include "secrets.h"
#include "stage.h"

#include <string.h>
#include <sys/socket.h>

#define SOMEBODY 12345

/* The daemon with two clouds, the second of them the default, and these rules. */
static struct daemon *start(const char *rules)
{
    struct daemon *d;

    sandbox_start(NULL);
    d = daemon_start(&(struct daemon_options){
        .config = stage_text("[latchkeyd]\nsocket_mode = 0666\ndefault = second\n%s%s%s",
                             daemon_cloud("first", ""), daemon_cloud("second", ""), rules)});
    daemon_wait_log(d, "ready");
    return d;
}

/* A rule for this process's own user. */
static const char *mine(const char *lines)
{
    return stage_text("[allow me]\nuser = %u\n%s", getuid(), lines);
}

static const char *denied(const struct reply *r)
{
    return reply_problem(r, 403, "denied");
}

START_TEST(allows_what_a_rule_says)
{
    struct daemon *d = start(mine("cloud = first\noperation = identity, token\n"));
    const char *detail;

    (void)reply_json(get("/v1/first/token"), 200);
    daemon_wait_log(d, "rule=me");
    (void)reply_json(get("/v1/first/identity"), 200);
    detail = denied(get("/v1/first/catalog"));
    ck_assert_msg(strstr(detail, stage_text("rule of %s ", d->config)) &&
                      strstr(detail, "(catalog)") &&
                      strstr(detail, stage_text("uid %u, pid %d", getuid(), getpid())),
                  "%s", detail);
    ck_assert_ptr_null(strstr(detail, "socket"));
    (void)denied(get("/v1/first/endpoint?service=compute"));
    (void)denied(send_text("POST", "/v1/first/refresh", NULL, NULL));
    (void)denied(get("/v1/first/proxy/cloudFiles@DFW/"));
    (void)denied(get("/v1"));
    (void)denied(get("/health"));
    (void)denied(get("/metrics"));
    daemon_wait_log(d, stage_text("operation=metrics verdict=denied code=denied uid=%u", getuid()));
    daemon_wait_log(d, "operation=catalog verdict=denied cloud=first code=denied");
    ck_assert_int_eq(sandbox_count("login_attempt_times"), 2);
}
END_TEST

/* Byte by byte the same, whether there is such a cloud or not, and whatever `default` stands for. */
START_TEST(tells_nothing_of_other_clouds)
{
    static const char *const names[] = {"second", "default",   "nowhere",
                                        "First",  "second%20", "%2e%2e"};
    static const struct {
        const char *method, *path;
    } routes[] = {
        {"GET", "token"},   {"GET", "identity"},      {"POST", "refresh"},
        {"GET", "catalog"}, {"DELETE", "credential"}, {"GET", "proxy/x/y"},
    };
    const struct reply *first, *other;

    (void)start(mine("cloud = first\noperation = *\n"));
    for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
        first =
            send_text(routes[i].method, stage_text("/v1/second/%s", routes[i].path), NULL, NULL);
        (void)denied(first);
        ck_assert_ptr_null(strstr(first->body, "second"));
        for (size_t j = 1; j < ARRAY_SIZE(names); j++) {
            other = send_text(routes[i].method, stage_text("/v1/%s/%s", names[j], routes[i].path),
                              NULL, NULL);
            ck_assert_str_eq(other->body, first->body);
            ck_assert_int_eq(other->status, 403);
        }
    }
    /* What is no resource is none for anybody. */
    (void)reply_problem(get("/v1/second/nonsense"), 404, "not-found");
    (void)reply_problem(send_text("PUT", "/v1/second/token", NULL, NULL), 405,
                        "method-not-allowed");
}
END_TEST

/* Where a rule speaks of the name, it may be said that there is no such cloud. */
START_TEST(lists_only_what_is_seen)
{
    const char *detail, *preset;
    json_t *list, *document;

    (void)start(mine("cloud = first, lab-*\noperation = status, token, metrics\n"));
    detail = reply_problem(get("/v1/lab-1/token"), 404, "unknown-cloud");
    ck_assert_ptr_nonnull(strstr(detail, "first"));
    ck_assert_ptr_null(strstr(detail, "second"));

    document = reply_json(get("/v1"), 200);
    json_demand(document, "{s:n, s:o!}", "default", "clouds", &list);
    ck_assert_uint_eq(json_array_size(list), 1);
    json_demand(json_array_get(list, 0), "{s:s}", "name", &preset);
    ck_assert_str_eq(preset, "first");
    ck_assert_ptr_nonnull(strstr(get("/metrics")->body, "{cloud=\"first\""));
    ck_assert_ptr_null(strstr(get("/metrics")->body, "{cloud=\"second\""));
    ck_assert_ptr_nonnull(strstr(get("/metrics")->body, "\nlatchkey_connections "));
}
END_TEST

START_TEST(shows_the_default_to_who_sees_it)
{
    const char *preset;

    (void)start(mine("cloud = s*\noperation = status, identity\n"));
    json_demand(reply_json(get("/v1"), 200), "{s:s, s:[{s:s}]}", "default", &preset, "clouds",
                "name", &preset);
    ck_assert_str_eq(preset, "second");
    json_demand(reply_json(get("/v1/default/identity"), 200), "{s:s}", "cloud", &preset);
    ck_assert_str_eq(preset, "second");
}
END_TEST

START_TEST(is_as_healthy_as_what_is_seen)
{
    struct daemon *d;

    sandbox_start(NULL);
    secrets_add("a-wrong-key");
    d = daemon_start(&(struct daemon_options){
        .config = stage_text("%s[bad]\nauth_endpoint = %s/v2.0\nusername = %s\napi_key = "
                             "a-wrong-key\n%s",
                             daemon_cloud("first", ""), sandbox_url(), SANDBOX_USER,
                             mine("operation = status, identity\n"))});
    daemon_wait_state("first", "ready");
    daemon_wait_state("bad", "rejected");
    ck_assert_ptr_nonnull(strstr(get("/health")->body, "bad"));
    ck_assert_int_eq(get("/health")->status, 503);
    daemon_reload(d, stage_text("%s[bad]\nauth_endpoint = %s/v2.0\nusername = %s\napi_key = "
                                "a-wrong-key\n%s",
                                daemon_cloud("first", ""), sandbox_url(), SANDBOX_USER,
                                mine("cloud = first\noperation = status\n")));
    ck_assert_int_eq(get("/health")->status, 200);
}
END_TEST

/* Nobody is above the rules but by a rule: not root, nor the daemon's own user. */
START_TEST(refuses_its_own_user_too)
{
    (void)start("[allow another]\nuser = 4000\noperation = *\n");
    (void)denied(get("/v1/first/token"));
    (void)denied(get("/v1"));
    (void)denied(send_text("DELETE", "/v1/first/credential", NULL, NULL));
    (void)denied(send_text("PUT", "/v1/nowhere/credential", "{}", NULL));
}
END_TEST

/* The body of a refused upload is not asked for. */
START_TEST(sends_no_100_to_the_refused)
{
    _cleanup_(closep) int fd = -1;
    char *head;

    (void)start(mine("operation = identity\n"));
    fd = raw_connect(NULL);
    raw_print(fd, "PUT /v1/first/proxy/cloudFiles@DFW/c/o HTTP/1.1\r\nHost: l\r\n"
                  "Content-Length: 100000\r\nExpect: 100-continue\r\n\r\n");
    head = raw_read_head(fd);
    ck_assert_msg(strncmp(head, "HTTP/1.1 403 ", 13) == 0, "%s", head);
}
END_TEST

/* ---- other users */

START_TEST(knows_users_apart)
{
    if (getuid() != 0)
        return;
    (void)start("[allow one]\nuser = 65534\ncloud = first\noperation = token, status\n"
                "[allow two]\ngroup = 12345\ncloud = second\noperation = *\n");
    (void)denied(get("/v1/first/token"));
    (void)denied(get("/v1/second/token"));
    (void)denied(get("/metrics"));

    ck_assert_int_eq(ask_as(NOBODY, "GET", "/v1/first/token", "")->status, 200);
    ck_assert_ptr_nonnull(strstr(denied(ask_as(NOBODY, "GET", "/v1/second/token", "")), "65534"));
    (void)denied(ask_as(NOBODY, "POST", "/v1/first/refresh", ""));
    (void)denied(ask_as(NOBODY, "GET", "/metrics", ""));
    ck_assert_ptr_null(strstr(ask_as(NOBODY, "GET", "/v1", "")->body, "second"));

    ck_assert_int_eq(ask_as(SOMEBODY, "GET", "/v1/second/token", "")->status, 200);
    ck_assert_int_eq(ask_as(SOMEBODY, "POST", "/v1/second/refresh", "")->status, 200);
    ck_assert_int_eq(ask_as(SOMEBODY, "GET", "/metrics", "")->status, 200);
    (void)denied(ask_as(SOMEBODY, "GET", "/v1/first/token", ""));
    ck_assert_ptr_null(strstr(ask_as(SOMEBODY, "GET", "/v1", "")->body, "first"));
    (void)denied(ask_as(4000, "GET", "/v1", ""));
}
END_TEST

/* Only the word gives the credential to others than root and the daemon's own user. */
START_TEST(gives_the_credential_by_its_word)
{
    const char *target = "/v1/first/credential";

    if (getuid() != 0)
        return;
    (void)start("[allow one]\nuser = 65534\noperation = *\n"
                "[allow two]\nuser = 12345\ncloud = first\noperation = credential\n"
                "[allow root]\nuser = root\noperation = *\n");
    (void)denied(ask_as(NOBODY, "DELETE", target, ""));
    (void)denied(ask_as(SOMEBODY, "DELETE", "/v1/second/credential", ""));
    ck_assert_int_eq(ask_as(SOMEBODY, "DELETE", target, "")->status, 204);
    look_demand("first", "signed-out", NULL);
    ck_assert_int_eq(send_text("DELETE", "/v1/second/credential", NULL, NULL)->status, 204);
}
END_TEST

/* ---- sockets */

START_TEST(knows_sockets_apart)
{
    const char *paths[] = {stage_path("first.sock"), stage_path("other.sock")};
    const int fds[] = {raw_listen(paths[0], SOCK_STREAM), raw_listen(paths[1], SOCK_STREAM)};
    _cleanup_(client_freep) struct client *first = client_new(paths[0], NULL);
    _cleanup_(client_freep) struct client *other = client_new(paths[1], NULL);
    const struct ask token = {.target = "/v1/first/token"};

    sandbox_start(NULL);
    (void)daemon_start(&(struct daemon_options){
        .config = stage_text("%s[allow the first]\nsocket = first.*\noperation = token\n",
                             daemon_cloud("first", "")),
        .socket = "",
        .passed_fds = fds,
        .n_passed_fds = ARRAY_SIZE(fds),
        .environment = (const char *const[]){"LISTEN_FDNAMES=first.socket:other.socket", NULL}});
    (void)reply_json(client_ask(first, &token), 200);
    ck_assert_ptr_nonnull(strstr(denied(client_ask(other, &token)), ", socket other.socket"));
    close(fds[0]);
    close(fds[1]);
}
END_TEST

/* ---- the configuration */

START_TEST(reads_rules_in_a_check)
{
    sandbox_start(NULL);
    daemon_refuses(&(struct daemon_options){.config = stage_text("%s[allow me]\nuser = 5\n",
                                                                 daemon_cloud("first", "")),
                                            .arguments = (const char *const[]){"--check", NULL}},
                   "[allow me]: allows nothing");
    daemon_refuses(&(struct daemon_options){.config = stage_text("%s[allow me]\noperation = *\n",
                                                                 daemon_cloud("first", ""))},
                   "[allow me]: names nobody");
}
END_TEST

START_TEST(warns_at_the_start)
{
    struct daemon *d = start(mine("operation = *\n[allow others]\nuser = no-such-user\n"
                                  "operation = token\n"));

    daemon_wait_log(d, "user: `no-such-user` is no user that there is");
    (void)reply_json(get("/v1/first/token"), 200);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("access");
    TCase *c = stage_case(s, "rules", 20);

    tcase_add_test(c, allows_what_a_rule_says);
    tcase_add_test(c, tells_nothing_of_other_clouds);
    tcase_add_test(c, lists_only_what_is_seen);
    tcase_add_test(c, shows_the_default_to_who_sees_it);
    tcase_add_test(c, is_as_healthy_as_what_is_seen);
    tcase_add_test(c, refuses_its_own_user_too);
    tcase_add_test(c, sends_no_100_to_the_refused);
    tcase_add_test(c, knows_users_apart);
    tcase_add_test(c, gives_the_credential_by_its_word);
    tcase_add_test(c, knows_sockets_apart);
    tcase_add_test(c, reads_rules_in_a_check);
    tcase_add_test(c, warns_at_the_start);
    return stage_run(s);
}
