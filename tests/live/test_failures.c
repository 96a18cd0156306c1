/* SPDX-License-Identifier: MIT */
/* What every verb does when it cannot do what it was asked for: the exit status that scripts go by,
 * and one line that says what to do. */
#include "command.h"
#include "daemon.h"
#include "sandbox.h"
#include "stage.h"

#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

/* Each verb, with as much as it needs to ask the daemon something. */
static const char *const asking[][5] = {
    {"status"},
    {"identity"},
    {"token"},
    {"catalog"},
    {"endpoint", "dns"},
    {"request", "GET", "dns", "/"},
    {"login"},
    {"logout"},
    {"refresh"},
    {"env"},
    {"run", "--", "true"},
};

static const struct command *run(const struct command_options *o, const char *const *arguments)
{
    return command_finish(command_start(o, arguments));
}

/* ---- no daemon */

START_TEST(finds_no_daemon)
{
    const struct command_options o = {.socket = stage_path("nobody")};

    for (size_t i = 0; i < ARRAY_SIZE(asking); i++)
        demand_failure(run(&o, asking[i]), 3,
                       stage_text("no daemon answers at %s: No such file or directory; start it "
                                  "with 'systemctl start latchkeyd.socket'",
                                  o.socket));
}
END_TEST

/* A path through a file, one in circles, and a socket that takes no connections. */
START_TEST(finds_no_place_for_a_daemon)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    _cleanup_(closep) int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const struct {
        const char *path, *why;
    } places[] = {
        {stage_text("%s/socket", stage_write("file", 0600, "")), "Not a directory"},
        {stage_path("circle"), "Too many levels of symbolic links"},
        {stage_path("datagrams"), "Protocol wrong type for socket"},
    };

    ck_assert_int_eq(symlink("circle", stage_path("circle")), 0);
    strcpy(address.sun_path, stage_path("datagrams"));
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        const struct command_options o = {.socket = places[i].path};

        demand_failure(latchkey_with(&o, "token"), 3,
                       stage_text("no daemon answers at %s: %s; see '--socket'", places[i].path,
                                  places[i].why));
    }
}
END_TEST

START_TEST(finds_a_socket_that_a_daemon_left_behind)
{
    struct daemon *d;

    sandbox_start(NULL);
    d = daemon_start(NULL);
    process_kill(&d->process);
    demand_failure(latchkey("token"), 3,
                   "no daemon answers at *: Connection refused; start it with 'systemctl *'");
}
END_TEST

START_TEST(gets_no_answer_in_time)
{
    struct daemon *d;

    sandbox_start(NULL);
    d = daemon_start(NULL);
    process_signal(&d->process, SIGSTOP);
    demand_failure(latchkey("--timeout", "1", "token"), 3,
                   "no answer came through * in time; see 'journalctl -u latchkeyd', or wait "
                   "longer with '--timeout'");
    process_signal(&d->process, SIGCONT);
}
END_TEST

/* Somebody else's socket: what was asked ends there. */
START_TEST(finds_something_else_at_the_socket)
{
    static const char greeting[] = "220 mail.example ESMTP\r\n";
    const struct command_options o = {.socket = stage_path("other")};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    _cleanup_(closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    _cleanup_(closep) int connection = -1;
    struct command *c;

    strcpy(address.sun_path, o.socket);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    ck_assert_int_eq(listen(fd, 1), 0);
    c = command_start(&o, (const char *const[]){"identity", NULL});
    connection = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
    ck_assert_int_ge(connection, 0);
    ck_assert_int_eq(send(connection, greeting, strlen(greeting), 0), (ssize_t)strlen(greeting));
    demand_failure(command_finish(c), 3, "what answers at * is not latchkeyd; see '--socket'");
}
END_TEST

/* ---- a daemon that says no */

START_TEST(knows_no_such_cloud)
{
    const char *const nowhere[] = {"LATCHKEY_CLOUD=nowhere", NULL};
    const struct command_options o = {.environment = nowhere, .input = stage_path("pair")};

    sandbox_start(NULL);
    (void)daemon_start(NULL);
    (void)stage_write("pair", 0600, "somebody\nsomething\n");
    for (size_t i = 1; i < ARRAY_SIZE(asking); i++) {
        const struct command *c = run(&o, asking[i]);

        demand_words(c, "There is no cloud of that name; *rackspace*");
        ck_assert_int_eq(c->status, 1);
    }
    ck_assert_int_eq(sandbox_count("logins"), 1);
}
END_TEST

/* Those that want a token; the others answer without one. */
START_TEST(is_signed_out)
{
    static const size_t wanting[] = {2, 3, 4, 5, 8, 9, 10};

    sandbox_start(NULL);
    (void)daemon_start(&(struct daemon_options){
        .config = stage_text("[main]\nidentity_type = rackspace\nauth_endpoint = %s/v2.0\n",
                             sandbox_url())});
    for (size_t i = 0; i < ARRAY_SIZE(wanting); i++) {
        const struct command *c = run(NULL, asking[wanting[i]]);

        demand_words(c, "No credential is held for cloud main: *`latchkey --cloud main login`*");
        ck_assert_int_eq(c->status, 1);
    }
    (void)demand_done(latchkey("identity"), "cloud * main\nstate * signed-out\n*");
    ck_assert_uint_eq(json_array_size(json_object_get(sandbox_stats(), "login_attempt_times")), 0);
}
END_TEST

START_TEST(has_credentials_that_are_refused)
{
    sandbox_start(NULL);
    sandbox_set("'login_fault': 'unauthorized'");
    (void)daemon_start(NULL);
    demand_failure(latchkey("token"), 1, "*refused*");
    demand_failure(latchkey("refresh"), 1, "*refused*");
    demand_failure(latchkey("env"), 1, "*refused*");
    (void)demand_done(latchkey("status"), "*rackspace * rejected * - * default\n");
    (void)demand_done(latchkey("identity"), "*\nlast error * credentials-rejected\n*");
}
END_TEST

START_TEST(cannot_write_its_output)
{
    const struct command_options full = {.output = "/dev/full"};

    sandbox_start(NULL);
    (void)daemon_start(NULL);
    for (size_t i = 0; i < 5; i++)
        demand_failure(run(&full, asking[i]), 1,
                       "cannot write the output: No space left on device");
    demand_failure(latchkey_with(&full, "status", "--watch"), 1,
                   "cannot write the output: No space left on device");
    demand_failure(latchkey_with(&full, "request", "GET", "x-echo", "/"), 1,
                   "the transfer was given up: No space left on device");
    demand_failure(latchkey_with(&full, "request", "-i", "HEAD", "x-echo", "/"), 1,
                   "the transfer was given up: No space left on device");
}
END_TEST

/* ---- wrong usage */

static const char *const misused[][8] = {
    {NULL},
    {""},
    {"nonsense"},
    {"--nonsense", "status"},
    {"status", "--nonsense"},
    {"status", "extra"},
    {"status", "--region", "DFW"},
    {"status", "--socket"},
    {"status", "--socket", ""},
    {"status", "--timeout", "0"},
    {"status", "--timeout", "-1"},
    {"status", "--timeout", "1s"},
    {"identity", "extra"},
    {"identity", "--watch"},
    {"token", "--min-ttl"},
    {"token", "--min-ttl", "soon"},
    {"token", "--min-ttl", ""},
    {"token", "--min-ttl", "99999999999999999999"},
    {"catalog", "one", "two"},
    {"endpoint"},
    {"endpoint", "one", "two"},
    {"endpoint", "swift", "-T", "file"},
    {"request"},
    {"request", "GET", "swift"},
    {"request", "GET", "swift", "path", "extra"},
    {"request", "GE T", "swift", "path"},
    {"request", "GET", "", "path"},
    {"request", "GET", "swift", "a path"},
    {"request", "GET", "swift@DFW", "path", "--region", "ORD"},
    {"request", "GET", "swift@DFW:public", "path", "--interface", "public"},
    {"request", "GET", "swift", "path", "-H", "no header"},
    {"request", "GET", "swift", "path", "-H", "Host: elsewhere"},
    {"request", "GET", "swift", "path", "-H"},
    {"request", "PUT", "swift", "path", "-d", "data", "-T/dev/null"},
    {"request", "HEAD", "swift", "path", "-d", "data"},
    {"request", "PUT", "swift", "path", "-T", "/nonexistent"},
    {"request", "PUT", "swift", "path", "-d", "@/nonexistent"},
    {"request", "PUT", "swift", "path", "-T", "/"},
    {"request", "GET", "swift", "path", "-o", "/nonexistent/file"},
    {"request", "GET", "swift", "path", "-o", "/"},
    {"login", "somebody"},
    {"login", "--api-key", "something"},
    {"logout", "main"},
    {"refresh", "main"},
    {"env", "main"},
    {"run"},
    {"run", "--nonsense", "true"},
};

/* The line names what is wrong; nothing is asked of the cloud. */
START_TEST(is_used_wrongly)
{
    json_int_t requests;

    sandbox_start(NULL);
    (void)daemon_start(NULL);
    requests = sandbox_count("requests");
    for (size_t i = 0; i < ARRAY_SIZE(misused); i++)
        demand_failure(run(NULL, misused[i]), 2, "?*");
    demand_failure(latchkey("nonsense"), 2, "there is no verb 'nonsense'; see 'latchkey --help'");
    demand_failure(latchkey("--socket", stage_text("/%0*d", 110, 0), "status"), 2,
                   "the socket's path is too long; see *");
    ck_assert_int_eq(sandbox_count("requests"), requests);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("failures");
    TCase *c = stage_case(s, "failures", 30);

    tcase_add_test(c, finds_no_daemon);
    tcase_add_test(c, finds_no_place_for_a_daemon);
    tcase_add_test(c, finds_a_socket_that_a_daemon_left_behind);
    tcase_add_test(c, gets_no_answer_in_time);
    tcase_add_test(c, finds_something_else_at_the_socket);
    tcase_add_test(c, knows_no_such_cloud);
    tcase_add_test(c, is_signed_out);
    tcase_add_test(c, has_credentials_that_are_refused);
    tcase_add_test(c, cannot_write_its_output);
    tcase_add_test(c, is_used_wrongly);
    return stage_run(s);
}
