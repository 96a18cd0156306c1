/* SPDX-License-Identifier: MIT */
/* Credentials that are handed to the running daemon and taken away again: what is refused,
 * and what goes on serving meanwhile. */
#include "daemon.h"
#include "look.h"
#include "raw.h"
#include "sandbox.h"
#include "secrets.h"
#include "stage.h"

#include <string.h>
#include <unistd.h>

#define TARGET "/v1/rackspace/credential"
#define WRONG_KEY "a-key-that-nobody-gave"
#define PASSWORD "correct horse battery"

static const struct reply *put(const char *body)
{
    return send_text("PUT", TARGET, body, "Content-Type: application/json");
}

static const struct reply *put_key(const char *key)
{
    secrets_add(key);
    return put(stage_text("{\"username\":\"%s\",\"api_key\":\"%s\"}", SANDBOX_USER, key));
}

static const struct reply *forget(void)
{
    return send_text("DELETE", TARGET, NULL, NULL);
}

/* A daemon that has a cloud and no credential for it. */
static const char *bare_cloud(const char *more)
{
    return stage_text("[rackspace]\nauth_endpoint = %s/v2.0\n%s\n", sandbox_url(), more);
}

static struct daemon *start_signed_out(void)
{
    sandbox_start(NULL);
    return daemon_start(&(struct daemon_options){.config = bare_cloud("")});
}

static void start(void)
{
    sandbox_start(NULL);
    (void)daemon_start(NULL);
}

/* ---- signed out */

START_TEST(starts_signed_out)
{
    static const char *const targets[] = {
        "token",         "token?min_ttl=10",         "catalog",
        "catalog?raw=1", "endpoint?service=compute", "proxy/compute@ORD/servers"};
    struct daemon *d = start_signed_out();
    json_t *identity = look_identity("rackspace");

    ck_assert_str_eq(daemon_state("rackspace"), "signed-out");
    ck_assert(json_is_false(json_object_get(identity, "authenticated")));
    ck_assert(json_is_null(json_object_get(identity, "last_error")));
    ck_assert(json_is_null(json_object_get(identity, "expires")));
    ck_assert_int_eq(json_integer_value(json_object_get(identity, "generation")), 0);
    for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
        const char *detail = reply_problem(get("/v1/rackspace/%s", targets[i]), 503, "signed-out");

        ck_assert_msg(strstr(detail, "latchkey") && strstr(detail, "login"), "%s", detail);
    }
    (void)reply_problem(send_text("POST", "/v1/rackspace/refresh", "", NULL), 503, "signed-out");
    ck_assert_int_eq(get("/health")->status, 503);
    ck_assert_ptr_nonnull(strstr(get("/health")->body, "\"signed-out\""));
    ck_assert_ptr_nonnull(strstr(daemon_log(d), "signed-out"));
    ck_assert_ptr_nonnull(strstr(notify_said(d->notify), "signed-out"));
    ck_assert_int_eq(forget()->status, 204);
    ck_assert_int_eq(sandbox_count("login_attempt_times"), 0);
}
END_TEST

START_TEST(logs_in_and_out_and_in)
{
    const char *state, *token;
    const struct reply *r;
    json_int_t generation;
    int authenticated;

    (void)start_signed_out();
    r = put_key(SANDBOX_KEY);
    json_demand(reply_json(r, 200), "{s:b, s:s, s:I}", "authenticated", &authenticated, "state",
                &state, "generation", &generation);
    ck_assert(authenticated);
    ck_assert_str_eq(state, "ready");
    ck_assert_int_eq(generation, 1);
    ck_assert_ptr_null(secrets_find(r->body, r->length));
    ck_assert_str_eq(daemon_state("rackspace"), state);
    ck_assert_int_eq(get("/health")->status, 200);
    token = look_token("rackspace");
    ck_assert(sandbox_takes(token));

    r = forget();
    ck_assert_int_eq(r->status, 204);
    ck_assert_uint_eq(r->length, 0);
    ck_assert_msg(!sandbox_takes(token), "the token was not revoked");
    look_demand("rackspace", "signed-out", NULL);
    (void)reply_problem(get("/v1/rackspace/token"), 503, "signed-out");
    /* Who waits for the next token asks for one after this. */
    ck_assert_int_eq(look_generation("rackspace"), 1);

    (void)reply_json(put_key(SANDBOX_KEY), 200);
    ck_assert_int_eq(look_generation("rackspace"), 2);
    ck_assert_str_ne(look_token("rackspace"), token);
    ck_assert_int_eq(sandbox_count("logins"), 2);
}
END_TEST

/* A revocation that takes its time does not keep the next token from being revoked as well. */
START_TEST(revokes_every_token)
{
    const char *first, *second;
    int fd;

    (void)start_signed_out();
    sandbox_set("'revocation_delay': 2");
    (void)reply_json(put_key(SANDBOX_KEY), 200);
    first = look_token("rackspace");
    fd = raw_connect(NULL);
    raw_print(fd, "DELETE " TARGET " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    daemon_wait_state("rackspace", "signed-out");
    (void)reply_json(put_key(SANDBOX_KEY), 200);
    second = look_token("rackspace");
    ck_assert_str_ne(second, first);
    ck_assert_int_eq(sandbox_count("revocations"), 0);

    ck_assert_int_eq(forget()->status, 204);
    ck_assert(!sandbox_takes(second));
    ck_assert_ptr_nonnull(strstr(raw_read_head(fd), " 204 "));
    ck_assert(!sandbox_takes(first));
    ck_assert_int_eq(sandbox_count("revocations"), 2);
    ck_assert_int_eq(close(fd), 0);
}
END_TEST

/* The key of a file can be taken away too, and the file as it is does not bring it back. */
START_TEST(logs_out_of_a_file)
{
    const char *token;

    sandbox_start(NULL);
    struct daemon *d = daemon_start(NULL);
    token = look_token("default");
    ck_assert_int_eq(send_text("DELETE", "/v1/default/credential", NULL, NULL)->status, 204);
    ck_assert(!sandbox_takes(token));
    daemon_reload(d, NULL);
    look_demand("rackspace", "signed-out", NULL);
    (void)reply_problem(send_text("POST", "/v1/rackspace/refresh", "", NULL), 503, "signed-out");
    ck_assert_int_eq(sandbox_count("login_attempt_times"), 1);
}
END_TEST

/* Whatever the identity service says, nothing is held here any more. */
START_TEST(forgets_without_the_service)
{
    start();
    sandbox_stop();
    ck_assert_ptr_nonnull(
        strstr(reply_problem(forget(), 502, "upstream-unreachable"), "not revoked"));
    look_demand("rackspace", "signed-out", NULL);
    (void)reply_problem(get("/v1/rackspace/token"), 503, "signed-out");
}
END_TEST

/* It is held in memory only: a reload keeps it, the next daemon does not know it. */
START_TEST(keeps_it_in_memory_only)
{
    struct daemon *d = start_signed_out();
    const char *token;

    (void)reply_json(put_key(SANDBOX_KEY), 200);
    token = look_token("rackspace");
    daemon_reload(d, NULL);
    ck_assert_str_eq(look_token("rackspace"), token);
    look_demand("rackspace", "ready", NULL);
    (void)reply_json(send_text("POST", "/v1/rackspace/refresh", "", NULL), 200);
    ck_assert_ptr_null(strstr(stage_read(d->config, NULL), SANDBOX_KEY));
    daemon_stop(d);

    (void)daemon_start(&(struct daemon_options){.config = bare_cloud("")});
    look_demand("rackspace", "signed-out", NULL);
}
END_TEST

/* ---- other kinds of credential */

START_TEST(takes_every_kind)
{
    static const struct {
        const char *members;
        bool granted;
    } kinds[] = {
        {"\"api_key\":\"" SANDBOX_KEY "\"", true},
        {"\"api_key\":\"" SANDBOX_KEY "\",\"tenant_id\":\"000000\"", true},
        {"\"api_key\":\"" SANDBOX_KEY "\",\"tenant_name\":\"sandbox\"", true},
        {"\"api_key\":\"" SANDBOX_KEY "\",\"tenant_id\":\"999999\"", false},
        {"\"api_key\":\"" SANDBOX_KEY "\",\"tenant_name\":\"nobody\"", false},
        {"\"password\":\"" PASSWORD "\"", true},
        {"\"password\":\"" PASSWORD "\",\"tenant_id\":\"000000\"", true},
        {"\"password\":\"" SANDBOX_KEY "\"", false},
        {"\"api_key\":\"" PASSWORD "\"", false},
    };

    sandbox_start((const char *const[]){"--password", PASSWORD, NULL});
    secrets_add(PASSWORD);
    (void)daemon_start(&(struct daemon_options){.config = bare_cloud("")});
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        const struct reply *r =
            put(stage_text("{\"username\":\"%s\",%s}", SANDBOX_USER, kinds[i].members));

        if (kinds[i].granted)
            (void)reply_json(r, 200);
        else
            (void)reply_problem(r, 403, "credentials-rejected");
        ck_assert_int_eq(forget()->status, 204);
    }
}
END_TEST

/* ---- what is refused */

START_TEST(refuses_bad_bodies)
{
    static const char *const bodies[] = {
        "",
        "null",
        "[]",
        "\"text\"",
        "{",
        "{}",
        "{\"username\":\"u\"}",
        "{\"api_key\":\"" WRONG_KEY "\"}",
        "{\"username\":\"\",\"api_key\":\"" WRONG_KEY "\"}",
        "{\"username\":\"u\",\"api_key\":\"\"}",
        "{\"username\":\"u\",\"api_key\":null}",
        "{\"username\":7,\"api_key\":\"" WRONG_KEY "\"}",
        "{\"username\":\"u\",\"api_key\":[\"" WRONG_KEY "\"]}",
        "{\"username\":\"u\",\"api_key\":\"" WRONG_KEY "\",\"password\":\"p\"}",
        "{\"username\":\"u\",\"api_key\":\"" WRONG_KEY "\",\"api_key\":\"x\"}",
        "{\"username\":\"u\",\"api_key\":\"" WRONG_KEY "\",\"region\":\"ORD\"}",
        "{\"username\":\"u\",\"api_key\":\"" WRONG_KEY "\",\"tenant_id\":5}",
        "{\"username\":\"u\",\"api_key\":\"" WRONG_KEY "\\u0000\"}",
        ("{\"username\":\"u\",\"api_key\":\"" WRONG_KEY "\xff\"}"),
        "{\"username\":\"u\",\"api_key\":\"" WRONG_KEY "\"} trailing",
        "username=u&api_key=" WRONG_KEY,
    };
    const char *token;

    start();
    secrets_add(WRONG_KEY);
    token = look_token("rackspace");
    for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
        const char *detail = reply_problem(put(bodies[i]), 400, "bad-request");

        ck_assert_msg(strstr(detail, "username") && strstr(detail, "api_key"), "%s", detail);
    }
    (void)reply_problem(send_text("PUT", TARGET, NULL, NULL), 400, "bad-request");
    look_demand("rackspace", "ready", NULL);
    ck_assert_str_eq(look_token("rackspace"), token);
    ck_assert_int_eq(sandbox_count("login_attempt_times"), 1);
}
END_TEST

START_TEST(refuses_large_bodies)
{
    const size_t length = (size_t)1024 * 1024;
    char *body = stage_keep(calloc(1, length + 1));

    start();
    memset(body, ' ', length);
    for (size_t i = 0; i < 2; i++) {
        const struct reply *r =
            ask(&(struct ask){.method = "PUT",
                              .target = TARGET,
                              .body = body,
                              .length = i == 0 ? (int64_t)length : BODY_CHUNKED});

        (void)reply_problem(r, 413, "body-too-large");
    }
    look_demand("rackspace", "ready", NULL);
}
END_TEST

START_TEST(refuses_other_methods_and_clouds)
{
    static const char *const methods[] = {"GET", "POST", "PATCH"};

    start();
    for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
        const struct reply *r = send_text(methods[i], TARGET, NULL, NULL);

        (void)reply_problem(r, 405, "method-not-allowed");
        ck_assert_ptr_nonnull(strstr(reply_header(r, "Allow"), "PUT"));
        ck_assert_ptr_nonnull(strstr(reply_header(r, "Allow"), "DELETE"));
    }
    (void)reply_problem(send_text("PUT", "/v1/nowhere/credential", "{}", NULL), 404,
                        "unknown-cloud");
    (void)reply_problem(send_text("DELETE", "/v1/nowhere/credential", NULL, NULL), 404,
                        "unknown-cloud");
}
END_TEST

/* A mistyped key locks nobody out: token and key from before go on. */
START_TEST(keeps_what_served_before_a_wrong_key)
{
    const char *token;

    start();
    token = look_token("rackspace");
    (void)reply_problem(put_key(WRONG_KEY), 403, "credentials-rejected");
    look_demand("rackspace", "degraded", "credentials-rejected");
    ck_assert_str_eq(look_token("rackspace"), token);
    ck_assert(sandbox_takes(token));
    ck_assert_int_eq(get("/v1/rackspace/proxy/x-echo/alive")->status, 200);
    (void)reply_json(send_text("POST", "/v1/rackspace/refresh", "", NULL), 200);
    look_demand("rackspace", "ready", NULL);
    ck_assert_int_eq(look_generation("rackspace"), 2);
    ck_assert_int_eq(sandbox_count("login_attempt_times"), 3);
}
END_TEST

START_TEST(is_rejected_until_the_key_is_right)
{
    (void)start_signed_out();
    (void)reply_problem(put_key(WRONG_KEY), 403, "credentials-rejected");
    look_demand("rackspace", "rejected", "credentials-rejected");
    (void)reply_problem(get("/v1/rackspace/token"), 503, "credentials-rejected");
    ck_assert_int_ge(look_refresh_in("rackspace"), 50);
    (void)reply_json(put_key(SANDBOX_KEY), 200);
    look_demand("rackspace", "ready", NULL);
}
END_TEST

/* A wrong key is not what comes back when the next one is wrong, too. */
START_TEST(tries_no_refused_key_again_for_another)
{
    (void)start_signed_out();
    (void)reply_problem(put_key(WRONG_KEY), 403, "credentials-rejected");
    (void)reply_problem(put_key(WRONG_KEY "-either"), 403, "credentials-rejected");
    look_demand("rackspace", "rejected", "credentials-rejected");
    ck_assert_int_ge(look_refresh_in("rackspace"), 50);
    ck_assert_int_eq(sandbox_count("login_attempt_times"), 2);
    /* Two mistakes in a row do not cost the key that works, either. */
    (void)reply_json(put_key(SANDBOX_KEY), 200);
    (void)reply_problem(put_key(WRONG_KEY), 403, "credentials-rejected");
    (void)reply_problem(put_key(WRONG_KEY "-either"), 403, "credentials-rejected");
    look_demand("rackspace", "degraded", "credentials-rejected");
    (void)reply_json(send_text("POST", "/v1/rackspace/refresh", "", NULL), 200);
}
END_TEST

/* A login that hangs does not keep a new key from being tried at once. */
START_TEST(takes_the_place_of_a_hanging_login)
{
    sandbox_start(NULL);
    sandbox_set("'login_fault': 'hang', 'login_fault_count': 1");
    (void)daemon_start(&(struct daemon_options){.wait = DAEMON_LISTENS});
    sandbox_wait_count("login_attempt_times", 1);
    (void)reply_json(put_key(SANDBOX_KEY), 200);
    look_demand("rackspace", "ready", NULL);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("credential api");
    TCase *c = stage_case(s, "credentials", 20);

    tcase_add_test(c, starts_signed_out);
    tcase_add_test(c, logs_in_and_out_and_in);
    tcase_add_test(c, revokes_every_token);
    tcase_add_test(c, logs_out_of_a_file);
    tcase_add_test(c, forgets_without_the_service);
    tcase_add_test(c, keeps_it_in_memory_only);
    tcase_add_test(c, takes_every_kind);
    tcase_add_test(c, refuses_bad_bodies);
    tcase_add_test(c, refuses_large_bodies);
    tcase_add_test(c, refuses_other_methods_and_clouds);
    tcase_add_test(c, keeps_what_served_before_a_wrong_key);
    tcase_add_test(c, is_rejected_until_the_key_is_right);
    tcase_add_test(c, tries_no_refused_key_again_for_another);
    tcase_add_test(c, takes_the_place_of_a_hanging_login);
    return stage_run(s);
}
