/* SPDX-License-Identifier: MIT */
/* How the clouds stand: once, and for as long as somebody watches. */
#include "command.h"
#include "daemon.h"
#include "patience.h"
#include "sandbox.h"
#include "stage.h"
#include "terminal.h"

#include <signal.h>
#include <string.h>

#define HEAD "CLOUD * STATE * EXPIRES IN*\n"

static struct daemon *start(void)
{
    sandbox_start(NULL);
    return daemon_start(NULL);
}

/* A login that fails leaves the token, and the cloud degraded. */
static void degrade(void)
{
    sandbox_set("'login_fault': 'service_unavailable'");
    (void)send_text("POST", "/v1/default/refresh", "", NULL);
    ck_assert_str_eq(daemon_state("default"), "degraded");
}

START_TEST(shows_every_cloud)
{
    const struct command *c;

    sandbox_start(NULL);
    (void)daemon_start(&(struct daemon_options){
        .config =
            stage_text("[latchkeyd]\ndefault = second\n%s%s[third]\nidentity_type = rackspace\n"
                       "auth_endpoint = %s/v2.0\n",
                       daemon_cloud("first", ""), daemon_cloud("second", ""), sandbox_url())});
    (void)demand_done(latchkey("status"), "CLOUD   STATE       EXPIRES IN\n"
                                          "first   ready       23 h 59 min\n"
                                          "second  ready       23 h 59 min  default\n"
                                          "third   signed-out  -\n");
    c = latchkey("status", "--json");
    ck_assert_str_eq(json_string_value(json_object_get(demand_json(c), "default")), "second");
    ck_assert_uint_eq(json_array_size(json_object_get(demand_json(c), "clouds")), 3);
}
END_TEST

/* Nothing but changes where no terminal looks: the seconds that run down are none. */
START_TEST(prints_each_change)
{
    struct command *c;

    (void)start();
    c = command_start(NULL, (const char *const[]){"status", "--watch", NULL});
    command_wait_out(c, HEAD "rackspace  ready *  default\n");
    degrade();
    command_wait_out(c, HEAD "rackspace  ready *  default\n\n" HEAD
                             "rackspace  degraded *  default\n");
    process_signal(&c->process, SIGINT);
    (void)command_finish(c);
    ck_assert_int_eq(c->status, 128 + SIGINT);
    ck_assert_str_eq(c->err, "");
    (void)demand_done(&(struct command){.out = c->out, .err = "", .status = 0}, HEAD
                      "rackspace  ready *  default\n\n" HEAD "rackspace  degraded *  default\n");
}
END_TEST

START_TEST(prints_each_change_as_a_line)
{
    struct command *c;

    (void)start();
    c = command_start(NULL, (const char *const[]){"--json", "status", "--watch", NULL});
    command_wait_out(c, "{*\"ready\"*}\n");
    degrade();
    command_wait_out(c, "{*\"ready\"*}\n{*\"degraded\"*}\n");
    process_signal(&c->process, SIGTERM);
    (void)command_finish(c);
    ck_assert_int_eq(c->status, 128 + SIGTERM);
    for (const char *line = c->out, *end; *line; line = end + 1) {
        json_error_t error;
        json_t *document;

        end = strchr(line, '\n');
        ck_assert_ptr_nonnull(end);
        document = json_loadb(line, (size_t)(end - line), 0, &error);
        ck_assert_msg(document, "%s: %s", error.text, line);
        json_decref(document);
    }
}
END_TEST

/* It says once that the daemon is gone, and shows the clouds again when it is back. */
START_TEST(waits_for_a_daemon_that_goes_away)
{
    struct command *c;
    struct daemon *d = start();

    c = command_start(NULL, (const char *const[]){"status", "--watch", NULL});
    command_wait_out(c, HEAD "rackspace  ready *\n");
    daemon_stop(d);
    command_wait_err(c, "latchkey: no daemon answers at *\n");
    (void)daemon_start(NULL);
    command_wait_out(c, HEAD "rackspace  ready *\n\n" HEAD "rackspace  ready *\n");
    process_signal(&c->process, SIGINT);
    demand_words(command_finish(c), "no daemon answers at *");
}
END_TEST

/* Nobody to show it to: it ends by itself, though nothing changes. */
START_TEST(ends_when_nobody_reads)
{
    const struct command *c;

    (void)start();
    c = command_shell("(\"$LATCHKEY\" status --watch; echo \"ended: $?\" >&2) | head -n 1");
    ck_assert_str_eq(c->out, "CLOUD      STATE  EXPIRES IN\n");
    ck_assert_str_eq(c->err, "ended: 0\n");
}
END_TEST

START_TEST(shows_the_table_anew_on_a_terminal)
{
    struct terminal *t;

    (void)start();
    t = terminal_start((const char *const[]){"status", "--watch", NULL}, "");
    for (int i = 0; i < 2; i++) {
        terminal_wait(t, "\033[H\033[J");
        terminal_wait(t, "rackspace  ready");
    }
    degrade();
    terminal_wait(t, "rackspace  degraded");
    terminal_type(t, "\003");
    ck_assert_int_eq(terminal_finish(t), 128 + SIGINT);
    ck_assert(terminal_echoes(t));
}
END_TEST

START_TEST(has_no_daemon_to_watch)
{
    const struct command_options nobody = {.socket = "/nonexistent/socket"};

    demand_failure(latchkey_with(&nobody, "status", "--watch"), 3,
                   "no daemon answers at /nonexistent/socket: *; start it with *");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("status");
    TCase *c = stage_case(s, "status", 30);

    tcase_add_test(c, shows_every_cloud);
    tcase_add_test(c, prints_each_change);
    tcase_add_test(c, prints_each_change_as_a_line);
    tcase_add_test(c, waits_for_a_daemon_that_goes_away);
    tcase_add_test(c, ends_when_nobody_reads);
    tcase_add_test(c, shows_the_table_anew_on_a_terminal);
    tcase_add_test(c, has_no_daemon_to_watch);
    return stage_run(s);
}
