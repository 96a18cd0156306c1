/* SPDX-License-Identifier: MIT */
/* Credentials that are handed in and taken back over the socket, and files that change. */
#include "daemon.h"
#include "patience.h"
#include "raw.h"
#include "sandbox.h"
#include "secrets.h"
#include "stage.h"

#include <grp.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define NOBODY 65534
#define SOMEBODY 1 /* another uid that is not the daemon's */

static const char *pair(const char *username, const char *key)
{
    secrets_add(key);
    return stage_text("{\"username\":\"%s\",\"api_key\":\"%s\"}", username, key);
}

static const struct reply *put(const char *body)
{
    return send_text("PUT", "/v1/default/credential", body, "Content-Type: application/json");
}

static const struct reply *delete (void)
{
    return send_text("DELETE", "/v1/default/credential", NULL, NULL);
}

static const char *token(void)
{
    const char *text;

    json_demand(reply_json(get("/v1/default/token"), 200), "{s:s}", "token", &text);
    return text;
}

static void demand_identity(const struct reply *r, const char *wanted, json_int_t wanted_generation)
{
    json_int_t generation;
    const char *state;

    json_demand(reply_json(r, 200), "{s:s, s:I}", "state", &state, "generation", &generation);
    ck_assert_str_eq(state, wanted);
    ck_assert_int_eq(generation, wanted_generation);
}

/* A daemon that has been given no credential at all. */
static struct daemon *start_signed_out(void)
{
    return daemon_start(&(struct daemon_options){
        .config = stage_text("[main]\nidentity_type = rackspace\nauth_endpoint = %s/v2.0\n",
                             sandbox_url())});
}

/* ---- over the socket */

START_TEST(starts_signed_out)
{
    struct daemon *d;
    json_t *document;
    int authenticated;

    sandbox_start(NULL);
    d = start_signed_out();
    ck_assert_str_eq(daemon_state("default"), "signed-out");
    document = reply_json(get("/v1/default/identity"), 200);
    json_demand(document, "{s:b}", "authenticated", &authenticated);
    ck_assert(!authenticated);
    (void)reply_problem(get("/v1/default/token"), 503, "signed-out");
    (void)reply_problem(get("/v1/default/proxy/x-echo/"), 503, "signed-out");
    (void)reply_problem(send_text("POST", "/v1/default/refresh", NULL, NULL), 503, "signed-out");
    (void)reply_problem(get("/health"), 503, "not-ready");
    ck_assert_int_eq(delete ()->status, 204);
    ck_assert_ptr_nonnull(strstr(notify_said(d->notify), "signed-out"));
    daemon_wait_log(d, "signed-out");
    ck_assert_int_eq(sandbox_count("login_attempt_times"), 0);
}
END_TEST

START_TEST(logs_in_and_out)
{
    const char *first, *second;

    sandbox_start(NULL);
    (void)start_signed_out();
    demand_identity(put(pair(SANDBOX_USER, SANDBOX_KEY)), "ready", 1);
    first = token();
    ck_assert(sandbox_takes(first));
    ck_assert_int_eq(get("/health")->status, 200);

    /* Forgotten here, and dead at the service. */
    ck_assert_int_eq(delete ()->status, 204);
    ck_assert(!sandbox_takes(first));
    ck_assert_int_eq(sandbox_count("revocations"), 1);
    ck_assert_str_eq(daemon_state("default"), "signed-out");
    (void)reply_problem(get("/v1/default/token"), 503, "signed-out");
    (void)reply_problem(get("/v1/default/proxy/x-echo/"), 503, "signed-out");
    ck_assert_int_eq(sandbox_count("login_attempt_times"), 1);

    demand_identity(put(pair(SANDBOX_USER, SANDBOX_KEY)), "ready", 2);
    second = token();
    ck_assert_str_ne(first, second);
    ck_assert(sandbox_takes(second));
    ck_assert_int_eq(sandbox_count("logins_with_token"), 0);
}
END_TEST

/* Nothing is written down: the next daemon knows nothing of it. */
START_TEST(keeps_it_in_memory_only)
{
    sandbox_start(NULL);
    (void)start_signed_out();
    demand_identity(put(pair(SANDBOX_USER, SANDBOX_KEY)), "ready", 1);
    daemon_stop_all();
    (void)start_signed_out();
    ck_assert_str_eq(daemon_state("default"), "signed-out");
}
END_TEST

START_TEST(keeps_what_works_when_a_new_key_is_refused)
{
    const char *before;

    sandbox_start(NULL);
    (void)daemon_start(NULL);
    before = token();
    (void)reply_problem(put(pair(SANDBOX_USER, "mistyped-key")), 403, "credentials-rejected");
    ck_assert_str_eq(token(), before);
    ck_assert_int_eq(get("/v1/default/proxy/x-echo/")->status, 200);
    /* The next login is made with the key that works. */
    demand_identity(send_text("POST", "/v1/default/refresh", NULL, NULL), "ready", 2);
    ck_assert(sandbox_takes(token()));
}
END_TEST

START_TEST(is_rejected_when_there_is_nothing_else)
{
    sandbox_start(NULL);
    (void)start_signed_out();
    (void)reply_problem(put(pair(SANDBOX_USER, "mistyped-key")), 403, "credentials-rejected");
    ck_assert_str_eq(daemon_state("default"), "rejected");
    (void)reply_problem(get("/v1/default/token"), 503, "credentials-rejected");
    demand_identity(put(pair(SANDBOX_USER, SANDBOX_KEY)), "ready", 1);
}
END_TEST

START_TEST(takes_a_password_and_a_tenant)
{
    sandbox_start((const char *const[]){"--password", "open sesame", NULL});
    secrets_add("open sesame");
    (void)start_signed_out();
    demand_identity(put("{\"username\":\"myusername\",\"password\":\"open sesame\"}"), "ready", 1);
    demand_identity(put("{\"username\":\"myusername\",\"api_key\":\"" SANDBOX_KEY
                        "\",\"tenant_id\":\"000000\"}"),
                    "ready", 2);
    demand_identity(put("{\"username\":\"myusername\",\"api_key\":\"" SANDBOX_KEY
                        "\",\"tenant_name\":\"sandbox\"}"),
                    "ready", 3);
    (void)reply_problem(put("{\"username\":\"myusername\",\"api_key\":\"" SANDBOX_KEY
                            "\",\"tenant_id\":\"nobody's\"}"),
                        403, "credentials-rejected");
}
END_TEST

START_TEST(refuses_what_is_no_credential)
{
    static const char *const bodies[] = {
        NULL,
        "",
        "nonsense",
        "[]",
        "{}",
        "null",
        "{\"username\":\"a\"}",
        "{\"api_key\":\"b\"}",
        "{\"username\":\"\",\"api_key\":\"b\"}",
        "{\"username\":\"a\",\"api_key\":\"\"}",
        "{\"username\":1,\"api_key\":\"b\"}",
        "{\"username\":\"a\",\"api_key\":null}",
        "{\"username\":\"a\",\"api_key\":\"b\",\"password\":\"c\"}",
        "{\"username\":\"a\",\"api_key\":\"b\",\"nonsense\":\"c\"}",
        "{\"username\":\"a\",\"username\":\"b\",\"api_key\":\"c\"}",
        "{\"username\":\"a\",\"api_key\":\"b\"} and more",
    };

    sandbox_start(NULL);
    (void)daemon_start(NULL);
    for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
        const struct reply *r = put(bodies[i]);

        ck_assert_msg(r->status == 400, "%s: %ld", bodies[i], r->status);
        (void)reply_problem(r, 400, "bad-request");
    }
    {
        char *large = stage_keep(calloc(1, 70001));

        memset(large, ' ', 70000);
        (void)reply_problem(put(large), 413, "body-too-large");
    }
    ck_assert_int_eq(sandbox_count("login_attempt_times"), 1);
    ck_assert_str_eq(daemon_state("default"), "ready");
}
END_TEST

/* The network is not the key's fault: it is kept, and tried again. */
START_TEST(keeps_a_key_that_could_not_be_tried)
{
    sandbox_start(NULL);
    (void)start_signed_out();
    sandbox_set("'login_fault': 'service_unavailable', 'login_fault_count': 1");
    (void)reply_problem(put(pair(SANDBOX_USER, SANDBOX_KEY)), 502, "identity-unavailable");
    daemon_wait_state("default", "ready");
}
END_TEST

START_TEST(forgets_even_when_it_cannot_revoke)
{
    const struct reply *r;

    sandbox_start(NULL);
    (void)daemon_start(NULL);
    sandbox_stop();
    r = delete ();
    (void)reply_problem(r, 502, "upstream-unreachable");
    ck_assert_str_eq(daemon_state("default"), "signed-out");
    (void)reply_problem(get("/v1/default/token"), 503, "signed-out");
}
END_TEST

/* ---- who may */

/* One request as another user: its status, 0 when there is no answer. */
static int ask_as(uid_t uid, const char *method, const char *target, const char *body)
{
    const char *request = stage_text(
        "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s", method,
        target, strlen(body), body);
    pid_t pid = fork();
    int status;

    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        char answer[16] = "";
        int fd;

        if (setgroups(0, NULL) < 0 || setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0)
            _exit(0);
        fd = raw_connect(NULL);
        if (write(fd, request, strlen(request)) < 0 || read(fd, answer, 13) < 13)
            _exit(0);
        _exit(atoi(answer + 9) / 100 * 10 + atoi(answer + 9) % 10);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}

/* As ask_as() shortens them to fit an exit status. */
#define OK 20
#define NO_CONTENT 24
#define DENIED 43

START_TEST(is_for_root_and_the_daemons_own_user)
{
    const char *body;

    if (geteuid() != 0)
        return; /* nobody else to be */
    sandbox_start(NULL);
    body = pair(SANDBOX_USER, SANDBOX_KEY);
    (void)daemon_start(&(struct daemon_options){
        .config = stage_text("[latchkeyd]\nsocket_mode = 0666\n%s", daemon_cloud("main", ""))});
    ck_assert_int_eq(ask_as(NOBODY, "PUT", "/v1/main/credential", body), DENIED);
    ck_assert_int_eq(ask_as(NOBODY, "DELETE", "/v1/main/credential", ""), DENIED);
    ck_assert_int_eq(ask_as(0, "PUT", "/v1/main/credential", body), OK);
    /* The rest is for everybody who can connect. */
    ck_assert_int_eq(ask_as(NOBODY, "GET", "/v1/main/token", ""), OK);
    ck_assert_int_eq(ask_as(NOBODY, "GET", "/v1/main/proxy/x-echo/", ""), OK);
    ck_assert_int_eq(ask_as(NOBODY, "POST", "/v1/main/refresh", ""), OK);
    ck_assert_int_eq(sandbox_count("revocations"), 0);
}
END_TEST

START_TEST(knows_its_own_user)
{
    const char *body;

    if (geteuid() != 0)
        return;
    sandbox_start(NULL);
    ck_assert_int_eq(chmod(stage_folder(), 0777), 0);
    body = pair(SANDBOX_USER, SANDBOX_KEY);
    (void)daemon_start(&(struct daemon_options){
        .arguments =
            (const char *const[]){"--config",
                                  stage_write("open.conf", 0644,
                                              stage_text("[latchkeyd]\nsocket_mode = 0666\n%s",
                                                         daemon_cloud("main", ""))),
                                  NULL},
        .bare = true,
        .uid = NOBODY});
    ck_assert_int_eq(ask_as(NOBODY, "PUT", "/v1/main/credential", body), OK);
    ck_assert_int_eq(ask_as(SOMEBODY, "PUT", "/v1/main/credential", body), DENIED);
    ck_assert_int_eq(ask_as(SOMEBODY, "DELETE", "/v1/main/credential", ""), DENIED);
    ck_assert_int_eq(ask_as(0, "DELETE", "/v1/main/credential", ""), NO_CONTENT);
}
END_TEST

/* ---- files */

static void write_again(const struct daemon *d, const char *text, bool in_place)
{
    FILE *f;

    if (!in_place) {
        (void)stage_write(strrchr(d->credential, '/') + 1, 0600, text);
        return;
    }
    f = fopen(d->credential, "we");
    ck_assert_ptr_nonnull(f);
    ck_assert_int_ge(fputs(text, f), 0);
    ck_assert_int_eq(fclose(f), 0);
}

START_TEST(tries_a_changed_file_at_once)
{
    struct daemon *d;

    sandbox_start(NULL);
    d = daemon_start(
        &(struct daemon_options){.credential = daemon_credential(SANDBOX_USER, "mistyped-key")});
    ck_assert_str_eq(daemon_state("default"), "rejected");
    write_again(d, daemon_credential(SANDBOX_USER, SANDBOX_KEY), _i);
    daemon_wait_state("default", "ready");
    ck_assert_int_eq(sandbox_count("login_attempt_times"), 2);
}
END_TEST

/* A file that is broken for a moment costs nothing. */
START_TEST(keeps_its_key_when_the_file_breaks)
{
    struct daemon *d;
    const char *before;

    sandbox_start(NULL);
    d = daemon_start(NULL);
    before = token();
    write_again(d, "this is no credential\n", _i);
    daemon_wait_log(d, "keeps the key");
    ck_assert_str_eq(daemon_state("default"), "ready");
    ck_assert_str_eq(token(), before);
    ck_assert_int_eq(send_text("POST", "/v1/default/refresh", NULL, NULL)->status, 200);
    ck_assert_int_eq(unlink(d->credential), 0);
    ck_assert_int_eq(send_text("POST", "/v1/default/refresh", NULL, NULL)->status, 200);
}
END_TEST

START_TEST(changes_keys_without_a_gap)
{
    struct daemon *d;

    sandbox_start(NULL);
    d = daemon_start(NULL);
    sandbox_set("'api_key': 'the-new-key'");
    write_again(d, daemon_credential(SANDBOX_USER, "the-new-key"), _i);
    ck_assert_int_eq(get("/v1/default/token")->status, 200);
    sandbox_wait_count("logins", 2);
    daemon_wait_state("default", "ready");
    demand_identity(send_text("POST", "/v1/default/refresh", NULL, NULL), "ready", 3);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("credentials");
    TCase *c = stage_case(s, "socket", 30);

    tcase_add_test(c, starts_signed_out);
    tcase_add_test(c, logs_in_and_out);
    tcase_add_test(c, keeps_it_in_memory_only);
    tcase_add_test(c, keeps_what_works_when_a_new_key_is_refused);
    tcase_add_test(c, is_rejected_when_there_is_nothing_else);
    tcase_add_test(c, takes_a_password_and_a_tenant);
    tcase_add_test(c, refuses_what_is_no_credential);
    tcase_add_test(c, keeps_a_key_that_could_not_be_tried);
    tcase_add_test(c, forgets_even_when_it_cannot_revoke);
    tcase_add_test(c, is_for_root_and_the_daemons_own_user);
    tcase_add_test(c, knows_its_own_user);
    c = stage_case(s, "files", 30);
    tcase_add_loop_test(c, tries_a_changed_file_at_once, 0, 2);
    tcase_add_loop_test(c, keeps_its_key_when_the_file_breaks, 0, 2);
    tcase_add_loop_test(c, changes_keys_without_a_gap, 0, 2);
    return stage_run(s);
}
