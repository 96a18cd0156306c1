/* SPDX-License-Identifier: MIT */
/* The verb login: the key comes through a pipe or a terminal, and shows nowhere. */
#include "command.h"
#include "daemon.h"
#include "look.h"
#include "patience.h"
#include "procfs.h"
#include "sandbox.h"
#include "secrets.h"
#include "stage.h"
#include "terminal.h"

#include <ctype.h>
#include <dirent.h>
#include <string.h>

#define CLOUD "main"

/* A daemon without a credential. */
static void start(void)
{
    sandbox_start(NULL);
    (void)daemon_start(&(struct daemon_options){
        .config = stage_text("[" CLOUD "]\nidentity_type = rackspace\nauth_endpoint = %s/v2.0\n",
                             sandbox_url())});
    ck_assert_str_eq(daemon_state(CLOUD), "signed-out");
}

static struct command_options through_pipe(const char *text)
{
    return (struct command_options){.pipe = stage_write("pair", 0600, text)};
}

/* ---- pipes */

START_TEST(takes_a_key_from_a_pipe)
{
    struct command_options o;

    start();
    o = through_pipe(SANDBOX_USER "\n" SANDBOX_KEY "\n");
    ck_assert_str_eq(demand_done(latchkey_with(&o, "login"), "*"),
                     CLOUD ": ready, the token lives for 23 h 59 min\n");
    ck_assert(sandbox_takes(look_token(CLOUD)));
    (void)demand_done(latchkey("logout"), "The daemon has forgotten key and token.\n");
    ck_assert_str_eq(daemon_state(CLOUD), "signed-out");
    ck_assert_int_eq(sandbox_count("revocations"), 1);

    /* as an editor of another system leaves it, and without a last line end */
    o = through_pipe(SANDBOX_USER "\r\n" SANDBOX_KEY);
    ck_assert_str_eq(json_string_value(json_object_get(
                         demand_json(latchkey_with(&o, "--json", "login")), "state")),
                     "ready");
    (void)demand_done(latchkey("logout", "--json"), "");
}
END_TEST

START_TEST(takes_a_password)
{
    struct command_options o;

    start();
    secrets_add("correct horse battery");
    sandbox_set("'password': 'correct horse battery'");
    o = through_pipe(SANDBOX_USER "\ncorrect horse battery\n");
    demand_failure(latchkey_with(&o, "login"), 1, "*");
    (void)demand_done(latchkey_with(&o, "login", "--password"), CLOUD ": ready, *\n");
}
END_TEST

START_TEST(leaves_the_rest_of_the_pipe_alone)
{
    const char *pair;
    const struct command *c;

    start();
    pair = stage_write("pair", 0600, SANDBOX_USER "\n" SANDBOX_KEY "\nthe rest\n");
    c = command_shell(stage_text("cat '%s' | { \"$LATCHKEY\" login && cat; }", pair));
    (void)demand_done(c, CLOUD ": ready, *\nthe rest\n");
}
END_TEST

START_TEST(refuses_what_is_no_credential)
{
    static const char *const wrong[] = {
        "", SANDBOX_USER, SANDBOX_USER "\n", "\n\n", "\n" SANDBOX_KEY "\n", "user\n\xff\xfe\n",
    };
    static char endless[8192];

    start();
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        const struct command_options o = through_pipe(wrong[i]);

        demand_failure(latchkey_with(&o, "login"), 2, "user name and key *; see 'latchkey --help'");
    }
    demand_failure(command_shell("printf 'user\\nkey\\0more\\n' | \"$LATCHKEY\" login"), 2,
                   "user name and key have to be UTF-8 text; see *");
    memset(endless, 'x', sizeof(endless) - 1);
    const struct command_options o = through_pipe(endless);

    demand_failure(latchkey_with(&o, "login"), 2, "cannot read user name and key: *");
    ck_assert_str_eq(daemon_state(CLOUD), "signed-out");
    ck_assert_int_eq(sandbox_count("login_attempt_times"), 0);
}
END_TEST

START_TEST(says_that_the_cloud_refuses_the_key)
{
    struct command_options o;

    start();
    secrets_add("not-the-right-one");
    o = through_pipe(SANDBOX_USER "\nnot-the-right-one\n");
    demand_failure(latchkey_with(&o, "login"), 1, "*refused*");
    sandbox_set("'login_fault': 'service_unavailable'");
    demand_failure(latchkey_with(&o, "login"), 1, "?*");
}
END_TEST

/* ---- who could see it */

static bool is_number(const char *text)
{
    while (isdigit((unsigned char)*text))
        text++;
    return !*text;
}

/* Demands that no process on this machine has it on its command line or, of those below us, in its
 * environment. */
static void demand_unseen(const char *key)
{
    static const char *const files[] = {"cmdline", "environ"};
    DIR *proc = opendir("/proc");

    ck_assert_ptr_nonnull(proc);
    for (struct dirent *entry; (entry = readdir(proc));)
        for (size_t i = 0; is_number(entry->d_name) && i < ARRAY_SIZE(files); i++) {
            size_t length;
            const char *text = procfs_read(atoi(entry->d_name), files[i], &length);

            ck_assert_msg(!text || !memmem(text, length, key, strlen(key)), "process %s has it: %s",
                          entry->d_name, text);
        }
    closedir(proc);
}

static bool is_logging_in(_unused_ void *userdata)
{
    return !strcmp(daemon_state(CLOUD), "starting");
}

START_TEST(shows_the_key_to_no_other_process)
{
    const char *key = stage_text("key-of-this-test-%d", getpid());
    struct command_options o;
    struct command *c;

    start();
    secrets_add(key);
    sandbox_set("'api_key': '%s', 'login_delay': 1", key);
    o = through_pipe(stage_text(SANDBOX_USER "\n%s\n", key));
    c = command_start(&o, (const char *const[]){"login", NULL});
    ck_assert(wait_until(10, is_logging_in, NULL));
    demand_unseen(key);
    ck_assert_int_eq(process_wait(&c->process, 0), PROCESS_RUNS);
    (void)demand_done(command_finish(c), CLOUD ": ready, *\n");
    ck_assert_ptr_null(strstr(c->out, key));
}
END_TEST

/* ---- terminals */

static struct terminal *at_the_key(const char *option)
{
    struct terminal *t = terminal_start((const char *const[]){"login", option, NULL}, "");

    terminal_wait(t, "User name: ");
    ck_assert(terminal_echoes(t));
    terminal_type(t, SANDBOX_USER "\n");
    terminal_wait(t, SANDBOX_USER "\r\n");
    terminal_wait(t, option ? "Password: " : "API key: ");
    ck_assert(!terminal_echoes(t));
    return t;
}

START_TEST(asks_on_a_terminal_without_an_echo)
{
    struct terminal *t;

    start();
    t = at_the_key(NULL);
    terminal_type(t, SANDBOX_KEY "\n");
    terminal_wait(t, CLOUD ": ready, the token lives for ");
    ck_assert_int_eq(terminal_finish(t), 0);
    ck_assert(terminal_echoes(t));
    ck_assert_ptr_null(strstr(terminal_screen(t), SANDBOX_KEY));
    ck_assert_str_eq(daemon_state(CLOUD), "ready");
}
END_TEST

START_TEST(asks_for_a_password)
{
    struct terminal *t;

    start();
    secrets_add("correct horse");
    sandbox_set("'password': 'correct horse'");
    t = at_the_key("--password");
    terminal_type(t, "correct horse\n");
    ck_assert_int_eq(terminal_finish(t), 0);
    ck_assert_ptr_null(strstr(terminal_screen(t), "correct horse"));
    ck_assert_str_eq(daemon_state(CLOUD), "ready");
}
END_TEST

/* Who changes their mind in the middle of the key has a terminal that works, and typed in vain. */
START_TEST(restores_the_terminal_when_interrupted)
{
    struct terminal *t;

    start();
    t = at_the_key(NULL);
    terminal_type(t, SANDBOX_KEY);
    terminal_type(t, "\003");
    ck_assert_int_eq(terminal_finish(t), 128 + 2);
    ck_assert(terminal_echoes(t));
    ck_assert_ptr_null(strstr(terminal_screen(t), SANDBOX_KEY));
    ck_assert_str_eq(daemon_state(CLOUD), "signed-out");
    ck_assert_int_eq(sandbox_count("login_attempt_times"), 0);
}
END_TEST

/* Under a shell that ignores the key that interrupts, so does the question: what is typed behind
 * that key would be shown else. */
START_TEST(stays_deaf_to_what_is_ignored)
{
    struct terminal *t;

    start();
    t = terminal_start_with("trap '' INT;", (const char *const[]){"login", NULL}, "");
    terminal_wait(t, "User name: ");
    terminal_type(t, SANDBOX_USER "\n");
    terminal_wait(t, "API key: ");
    terminal_type(t, "\003");
    terminal_type(t, SANDBOX_KEY "\n");
    ck_assert_int_eq(terminal_finish(t), 0);
    ck_assert_ptr_null(strstr(terminal_screen(t), SANDBOX_KEY));
    ck_assert_str_eq(daemon_state(CLOUD), "ready");
}
END_TEST

START_TEST(asks_again_after_a_stop)
{
    struct terminal *t;

    start();
    t = at_the_key(NULL);
    terminal_type(t, "\032");
    terminal_wait(t, "API key: ");
    ck_assert(!terminal_echoes(t));
    terminal_type(t, SANDBOX_KEY "\n");
    ck_assert_int_eq(terminal_finish(t), 0);
    ck_assert(terminal_echoes(t));
    ck_assert_ptr_null(strstr(terminal_screen(t), SANDBOX_KEY));
}
END_TEST

START_TEST(takes_an_end_of_input_for_a_no)
{
    struct terminal *t;

    start();
    t = at_the_key(NULL);
    terminal_type(t, "\004");
    terminal_wait(t, "latchkey: user name and key are wanted, a line each");
    ck_assert_int_eq(terminal_finish(t), 2);
    ck_assert(terminal_echoes(t));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("login");
    TCase *c = stage_case(s, "pipes", 30);

    tcase_add_test(c, takes_a_key_from_a_pipe);
    tcase_add_test(c, takes_a_password);
    tcase_add_test(c, leaves_the_rest_of_the_pipe_alone);
    tcase_add_test(c, refuses_what_is_no_credential);
    tcase_add_test(c, says_that_the_cloud_refuses_the_key);
    tcase_add_test(c, shows_the_key_to_no_other_process);
    c = stage_case(s, "terminals", 30);
    tcase_add_test(c, asks_on_a_terminal_without_an_echo);
    tcase_add_test(c, asks_for_a_password);
    tcase_add_test(c, restores_the_terminal_when_interrupted);
    tcase_add_test(c, stays_deaf_to_what_is_ignored);
    tcase_add_test(c, asks_again_after_a_stop);
    tcase_add_test(c, takes_an_end_of_input_for_a_no);
    return stage_run(s);
}
