/* SPDX-License-Identifier: MIT */
/* What latchkeyd says and how it ends before it serves anybody: --check, wrong usage, and
 * configurations that it does not start on. */
#include "daemon.h"
#include "look.h"
#include "sandbox.h"
#include "secrets.h"
#include "stage.h"

#include <string.h>

#define WRONG_KEY "a-key-that-nobody-gave"

static struct daemon *start(const char *config, const char *const *arguments)
{
    return daemon_start(
        &(struct daemon_options){.config = config, .arguments = arguments, .wait = DAEMON_NOTHING});
}

/* ---- --check */

/* The outcome, and what was said, without the log in between. */
static int check(const char *config, const char **ret_lines, struct daemon **ret_daemon)
{
    struct daemon *d = start(config, (const char *const[]){"--check", NULL});
    int status = daemon_wait_end(d, 20);
    char *line, *text = stage_text("%s", daemon_log(d));
    const char *lines = "";

    while ((line = strsep(&text, "\n")))
        if (*line && strncmp(line, "latchkeyd: ", 11) != 0)
            lines = stage_text("%s%s\n", lines, line);
    *ret_lines = lines;
    if (ret_daemon)
        *ret_daemon = d;
    return status;
}

/* A cloud that is not verified is well, and that is not all there is to say. */
START_TEST(checks_what_is_not_verified)
{
    const char *lines;
    struct daemon *d;

    sandbox_start(NULL);
    ck_assert_int_eq(
        check(daemon_cloud("main", "verify_ssl = no\nrevoke_on_exit = yes"), &lines, &d), 0);
    ck_assert_msg(strstr(lines, "NOT VERIFIED"), "%s", lines);
    ck_assert_ptr_nonnull(strstr(daemon_log(d), "cloud main has verify_ssl = no"));
    /* The token may be that of a daemon that runs. */
    ck_assert_int_eq(sandbox_count("live_tokens"), 1);
}
END_TEST

/* Demands as many lines, each with its beginning, and a sentence behind it. */
static void demand_lines(const char *lines, const char *const *beginnings, size_t n)
{
    char *line, *text = stage_text("%s", lines);
    size_t i = 0;

    while ((line = strsep(&text, "\n"))) {
        if (!*line)
            continue;
        ck_assert_msg(i < n, "too many lines: %s", lines);
        ck_assert_msg(!strncmp(line, beginnings[i], strlen(beginnings[i])), "no '%s' in: %s",
                      beginnings[i], lines);
        ck_assert_uint_gt(strlen(line), strlen(beginnings[i]) + 10);
        i++;
    }
    ck_assert_msg(i == n, "lines are missing: %s", lines);
}

START_TEST(checks_what_is_well)
{
    const char *lines;
    struct daemon *d;

    sandbox_start(NULL);
    ck_assert_int_eq(
        check(stage_text("%s%s", daemon_cloud("first", ""), daemon_cloud("second", "")), &lines,
              &d),
        0);
    demand_lines(lines, (const char *const[]){"first: ok", "second: ok"}, 2);
    ck_assert_ptr_nonnull(strstr(lines, SANDBOX_USER));
    ck_assert_int_eq(sandbox_count("login_attempt_times"), 2);
    ck_assert_int_ne(access(d->socket, F_OK), 0);
}
END_TEST

START_TEST(checks_what_is_not)
{
    static const char *const beginnings[] = {
        "good: ok",
        "wrong: credentials-rejected: ",
        "nobody: upstream-unreachable: ",
        "empty: signed-out: ",
        "lost: credential-unreadable: ",
        "other: bad-answer: There is no identity service at ",
        "broken: credential-unreadable: ",
        "last: ok",
    };
    const char *lines, *broken;

    sandbox_start(NULL);
    secrets_add(WRONG_KEY);
    broken =
        stage_write("broken", 0600, "[rackspace_cloud]\nusername = me\napi_kye = " WRONG_KEY "\n");
    ck_assert_int_eq(
        check(
            stage_text("%s"
                       "[wrong]\nauth_endpoint = %s\nusername = me\napi_key = %s\n"
                       "[nobody]\nauth_endpoint = http://127.0.0.1:1\nusername = me\napi_key = %s\n"
                       "[empty]\nauth_endpoint = %s\n"
                       "[lost]\nauth_endpoint = %s\ncredential_file = /nowhere/key\n"
                       "[other]\nidentity_type = keystone\nauth_endpoint = %s\nusername = me\n"
                       "password = %s\n"
                       "[broken]\nauth_endpoint = %s\ncredential_file = %s\n%s",
                       daemon_cloud("good", ""), sandbox_url(), WRONG_KEY, WRONG_KEY, sandbox_url(),
                       sandbox_url(), sandbox_url(), WRONG_KEY, sandbox_url(), broken,
                       daemon_cloud("last", "")),
            &lines, NULL),
        1);
    ck_assert_ptr_nonnull(strstr(lines, stage_text("%s:3: api_kye: ", broken)));
    demand_lines(lines, beginnings, ARRAY_SIZE(beginnings));
    ck_assert_int_eq(sandbox_count("login_attempt_times"), 3);
}
END_TEST

/* Once, whatever comes of it. */
START_TEST(checks_each_cloud_once)
{
    const char *lines;

    sandbox_start(NULL);
    sandbox_set("'login_fault': 'service_unavailable'");
    ck_assert_int_eq(check(daemon_cloud("only", ""), &lines, NULL), 1);
    demand_lines(lines, (const char *const[]){"only: identity-unavailable: "}, 1);
    ck_assert_int_eq(sandbox_count("login_attempt_times"), 1);
}
END_TEST

/* With the daemon's own configuration, and without disturbing it. */
START_TEST(checks_beside_a_running_daemon)
{
    struct daemon *d, *checking;
    const char *token;

    sandbox_start(NULL);
    d = daemon_start(&(struct daemon_options){.config = daemon_cloud("only", "")});
    token = look_token("only");
    checking = start(daemon_cloud("only", ""), (const char *const[]){"--check", NULL});
    ck_assert_int_eq(daemon_wait_end(checking, 20), 0);
    ck_assert_str_eq(checking->socket, d->socket);
    ck_assert_str_eq(look_token("only"), token);
    ck_assert(sandbox_takes(token));
}
END_TEST

START_TEST(checks_the_configuration)
{
    struct daemon *d = start("[only]\nregoin = ORD\n", (const char *const[]){"--check", NULL});

    ck_assert_int_eq(daemon_wait_end(d, 10), 1);
    daemon_wait_log(d, stage_text("%s:2: regoin: ", d->config));
    d = start("[latchkeyd]\n\nsocket_group = no-such-group\n[only]\n",
              (const char *const[]){"--check", NULL});
    ck_assert_int_eq(daemon_wait_end(d, 10), 1);
    daemon_wait_log(d, stage_text("%s:3: socket_group: ", d->config));
}
END_TEST

/* ---- the command line */

START_TEST(refuses_wrong_usage)
{
    static const struct {
        const char *arguments[4];
        const char *said;
    } usages[] = {
        {{"--nonsense"}, "nonsense"},
        {{"-x"}, "x"},
        {{"extra"}, "extra"},
        {{"--", "extra"}, "extra"},
        {{"--log-level", "loud"}, "debug"},
        {{"--log-level"}, "argument"},
        {{"--socket"}, "argument"},
        {{"--check=yes"}, "argument"},
        {{"--credential-file", "/dev/null"}, "--credential-file"},
        {{"--auth-url", "http://127.0.0.1"}, "--auth-url"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(usages); i++) {
        struct daemon *d = start("[only]\n", usages[i].arguments);
        int status = daemon_wait_end(d, 10);

        ck_assert_msg(status == 2, "%s: %d", usages[i].arguments[0], status);
        ck_assert_msg(strstr(daemon_log(d), usages[i].said), "%s", daemon_log(d));
        ck_assert_int_ne(access(d->socket, F_OK), 0);
    }
}
END_TEST

START_TEST(tells_of_itself)
{
    struct daemon *d = start("[only]\n", (const char *const[]){"--help", NULL});

    ck_assert_int_eq(daemon_wait_end(d, 10), 0);
    ck_assert(!strncmp(daemon_log(d), "Usage: latchkeyd", 16));
    d = start("[only]\n", (const char *const[]){"--version", NULL});
    ck_assert_int_eq(daemon_wait_end(d, 10), 0);
    ck_assert_str_eq(daemon_log(d), "latchkeyd " LATCHKEY_VERSION "\n");
}
END_TEST

/* ---- configurations that it does not start on: the file, the line and the key are named */

START_TEST(refuses_broken_configurations)
{
    static const struct {
        const char *text, *place;
    } configs[] = {
        {"[c]\nregoin = ORD\n", ":2: regoin: "},
        {"[latchkeyd]\nsokcet = /x\n[c]\n", ":2: sokcet: "},
        {"[c]\nsocket = /x\n", ":2: socket: "},
        {"[latchkeyd]\nregion = ORD\n[c]\n", ":2: region: "},
        {"[c]\nregion = ORD\n\nregion = DFW\n", ":4: region: "},
        {"[c]\nregion = ORD\n[d]\n[c]\n", ":4: "},
        {"[c]\nusername =\napi_key = " WRONG_KEY "\n", ":2: username: "},
        {"[c]\napi_key = " WRONG_KEY "\n", ":2: api_key: "},
        {"[c]\nusername = me\napi_key = " WRONG_KEY "\npassword = " WRONG_KEY "\n",
         ":4: password: "},
        {"[c]\n# note\nverify_ssl = perhaps\n", ":3: verify_ssl: "},
        {"[c]\nauth_endpoint = " WRONG_KEY "\n", ":2: auth_endpoint: "},
        {"[c]\nauth_endpoint = http://me:" WRONG_KEY "@127.0.0.1/\n", ":2: auth_endpoint: "},
        {"[c]\nidentity_type = kerberos\n", ":2: identity_type: "},
        {"[c]\nidentity_type = keystone\n", "auth_endpoint: "},
        {"[latchkeyd]\nsocket_mode = 0999\n[c]\n", ":2: socket_mode: "},
        {"[latchkeyd]\nsocket_group = no-such-group\n[c]\n", ":2: socket_group: "},
        {"[latchkeyd]\nconnect_timeout = soon\n[c]\n", ":2: connect_timeout: "},
        {"[latchkeyd]\ndefault = nowhere\n[c]\n", ":2: default: "},
        {"region = ORD\n", ":1: region: "},
        {"[c]\n" WRONG_KEY "\n", ":2: "},
        {"[c\n", ":1: "},
    };

    secrets_add(WRONG_KEY);
    for (size_t i = 0; i < ARRAY_SIZE(configs); i++) {
        struct daemon *d = start(configs[i].text, NULL);
        int status = daemon_wait_end(d, 10);
        const char *line = strstr(daemon_log(d), d->config);

        ck_assert_msg(status == 1, "%d on: %s", status, configs[i].text);
        ck_assert_msg(line && strstr(line, configs[i].place), "no '%s' in: %s", configs[i].place,
                      daemon_log(d));
        ck_assert_int_ne(access(d->socket, F_OK), 0);
        ck_assert_str_eq(notify_said(d->notify), "");
    }
}
END_TEST

START_TEST(refuses_a_configuration_that_is_not_there)
{
    struct daemon *d =
        start("[only]\n", (const char *const[]){"--config", "/nowhere/x.conf", NULL});

    ck_assert_int_eq(daemon_wait_end(d, 10), 1);
    daemon_wait_log(d, "/nowhere/x.conf");
}
END_TEST

START_TEST(refuses_an_address_that_is_none)
{
    struct daemon *d;

    sandbox_start(NULL);
    d = daemon_start(&(struct daemon_options){
        .arguments = (const char *const[]){"--auth-url", "identity.example", NULL},
        .wait = DAEMON_NOTHING});
    ck_assert_int_eq(daemon_wait_end(d, 10), 1);
    daemon_wait_log(d, "--auth-url");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("check");
    TCase *c = stage_case(s, "check", 20);

    tcase_add_test(c, checks_what_is_well);
    tcase_add_test(c, checks_what_is_not_verified);
    tcase_add_test(c, checks_what_is_not);
    tcase_add_test(c, checks_each_cloud_once);
    tcase_add_test(c, checks_beside_a_running_daemon);
    tcase_add_test(c, checks_the_configuration);
    tcase_add_test(c, refuses_wrong_usage);
    tcase_add_test(c, tells_of_itself);
    tcase_add_test(c, refuses_broken_configurations);
    tcase_add_test(c, refuses_a_configuration_that_is_not_there);
    tcase_add_test(c, refuses_an_address_that_is_none);
    return stage_run(s);
}
