/* SPDX-License-Identifier: MIT */
/*
 * Whose unit /proc does not show: the service manager is asked over the bus. Here the daemon is somebody
 * who sees nobody else's processes, the bus is a real one, and the manager says what the test wants.
 * Takes root, which a run of CI has.
 */
#include "as_user.h"
#include "daemon.h"
#include "manager.h"
#include "patience.h"
#include "procfs.h"
#include "raw.h"
#include "sandbox.h"
#include "stage.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#define GET_CLOUDS "GET /v1 HTTP/1.1\r\nHost: latchkey\r\n\r\n"
#define CANNOT_ASK "the service manager cannot be asked"

/* ---- the daemon */

/* A daemon that sees no process but its own. False where that is not for us to do. */
static bool hide_processes(void)
{
    if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("proc", "/proc", "proc", 0, "hidepid=invisible") < 0) {
        ck_assert_msg(!getenv("CI"), "no /proc of our own: %s", strerror(errno));
        return false;
    }
    return true;
}

static struct daemon *start_daemon(void)
{
    const char *folder = stage_path("own");

    sandbox_start(NULL);
    ck_assert_int_eq(mkdir(folder, 0755), 0);
    ck_assert_int_eq(chown(folder, NOBODY, NOBODY), 0);
    return daemon_start(&(struct daemon_options){
        .uid = NOBODY,
        .socket = stage_text("%s/socket", folder),
        .wait = DAEMON_LISTENS,
        .environment =
            (const char *const[]){
                stage_text("DBUS_SYSTEM_BUS_ADDRESS=unix:path=%s", manager_bus_path()), NULL},
    });
}

static bool prepare(void)
{
    manager_prepare();
    return hide_processes();
}

static struct daemon *start(void)
{
    manager_start_bus();
    manager_start();
    return start_daemon();
}

static size_t count(const char *text, const char *what)
{
    size_t n = 0;

    while ((text = strstr(text, what))) {
        text += strlen(what);
        n++;
    }
    return n;
}

static size_t logged(const struct daemon *d, const char *what)
{
    return count(daemon_log(d), what);
}

struct line {
    const struct daemon *daemon;
    size_t from;
    const char *line;
};

static bool is_logged(void *userdata)
{
    struct line *l = userdata;

    l->line = strstr(daemon_log(l->daemon) + l->from, "GET clouds: 200");
    return l->line && strchr(l->line, '\n');
}

/* A request on a connection of its own; the line that the log then has of it. */
static const char *line_of_request(const struct daemon *d)
{
    struct line l = {.daemon = d, .from = strlen(daemon_log(d))};

    ck_assert_int_eq(get("/v1")->status, 200);
    ck_assert(wait_until(10, is_logged, &l));
    return l.line;
}

static void demand_unit(const struct daemon *d, bool has_one)
{
    const char *line = line_of_request(d);

    ck_assert_msg(!strstr(line, " unit=" MANAGER_UNIT "\n") == !has_one, "%s", line);
    ck_assert_msg(!strstr(line, " unit=") == !has_one, "%s", line);
}

/* ---- what it says */

START_TEST(asks_the_manager)
{
    struct daemon *d;

    if (!prepare())
        return;
    d = start();
    demand_unit(d, true);
    ck_assert_int_eq(manager->pid, getpid());
    ck_assert_uint_ge(manager->asked, 1);
    manager->manner = KNOWS_NONE;
    demand_unit(d, false);
    ck_assert_uint_eq(logged(d, CANNOT_ASK), 0);
}
END_TEST

START_TEST(knows_no_unit_when_the_manager_refuses)
{
    static const enum manner manners[] = {REFUSES, ANSWERS_NONSENSE};
    struct daemon *d;

    if (!prepare())
        return;
    d = start();
    manager->manner = manners[_i];
    demand_unit(d, false);
    demand_unit(d, false);
    ck_assert_uint_eq(logged(d, CANNOT_ASK), 1);
    ck_assert_uint_eq(logged(d, "No business of yours."), _i == 0);
    manager->manner = ANSWERS;
    demand_unit(d, true);
    manager->manner = manners[_i];
    demand_unit(d, false);
    ck_assert_uint_eq(logged(d, CANNOT_ASK), 2);
}
END_TEST

START_TEST(asks_for_a_crowd)
{
    enum { CROWD = 200 };
    struct daemon *d;
    int fds[CROWD];
    char *head;

    if (!prepare())
        return;
    d = start();
    for (size_t i = 0; i < CROWD; i++)
        fds[i] = raw_connect(NULL);
    for (size_t i = 0; i < CROWD; i++)
        raw_print(fds[i], "%s", GET_CLOUDS);
    for (size_t i = 0; i < CROWD; i++) {
        head = raw_read_head(fds[i]);
        ck_assert_msg(strstr(head, "200 OK"), "%s", head);
        close(fds[i]);
    }
    daemon_stop(d);
    ck_assert_uint_eq(logged(d, "unit=" MANAGER_UNIT), CROWD);
    ck_assert_uint_eq(logged(d, CANNOT_ASK), 0);
}
END_TEST

/* Those who come and go leave questions behind: nobody else's is to be one too many for the bus. */
START_TEST(bounds_what_the_manager_is_asked)
{
    struct daemon *d;
    unsigned before;
    int fd;

    if (!prepare())
        return;
    d = start();
    demand_unit(d, true);
    manager->manner = HOLDS;
    before = manager->asked;
    for (size_t i = 0; i < 300; i++)
        close(raw_connect(NULL));
    fd = raw_connect(NULL);
    raw_print(fd, "%s", GET_CLOUDS);
    manager_wait_asked(before + 1);
    manager->manner = ANSWERS;
    ck_assert_ptr_nonnull(strstr(raw_read_head(fd), "200 OK"));
    close(fd);
    daemon_stop(d);
    ck_assert_uint_eq(logged(d, "unit=" MANAGER_UNIT), 2);
    ck_assert_uint_eq(logged(d, CANNOT_ASK), 0);
}
END_TEST

/* A body is neither asked for nor lost while it is not known whose it is. */
START_TEST(keeps_the_body_until_it_is_known_whose_it_is)
{
    const char *body = "{\"username\":\"" SANDBOX_USER "\",\"api_key\":\"" SANDBOX_KEY "\"}";
    unsigned before;
    int fd;

    if (!prepare())
        return;
    (void)start();
    manager->manner = HOLDS;
    before = manager->asked;
    fd = raw_connect(NULL);
    raw_print(
        fd,
        "PUT /v1/default/credential HTTP/1.1\r\nHost: latchkey\r\n%sContent-Length: %zu\r\n\r\n",
        _i ? "Expect: 100-continue\r\n" : "", strlen(body));
    if (!_i)
        raw_print(fd, "%s", body);
    manager_wait_asked(before + 1);
    manager->manner = ANSWERS;
    if (_i) {
        ck_assert_ptr_nonnull(strstr(raw_read_head(fd), "100 Continue"));
        raw_print(fd, "%s", body);
    }
    ck_assert_ptr_nonnull(strstr(raw_read_head(fd), "200 OK"));
    close(fd);
}
END_TEST

/* ---- when it says nothing */

START_TEST(waits_for_no_more_than_2_s_and_keeps_nobody_else)
{
    _cleanup_(client_freep) struct client *known = NULL;
    struct daemon *d;
    double begin;
    int fd;

    if (!prepare())
        return;
    d = start();
    known = client_new(daemon_socket(), NULL);
    ck_assert_int_eq(client_ask(known, &(struct ask){.target = "/v1"})->status, 200);
    manager->manner = HOLDS;
    begin = time_now();
    fd = raw_connect(NULL);
    raw_print(fd, "%s", GET_CLOUDS);
    ck_assert_int_eq(client_ask(known, &(struct ask){.target = "/health"})->status, 503);
    if (time_now() - begin < 1.5)
        ck_assert_msg(!raw_waits(fd, 0), "it was decided before it was known who asks");
    ck_assert_ptr_nonnull(strstr(raw_read_head(fd), "200 OK"));
    ck_assert_double_ge(time_now() - begin, 1.9);
    ck_assert_double_le(time_now() - begin, 2 + patience(2));
    daemon_wait_log(d, "units: it does not answer in time");
    ck_assert_uint_eq(logged(d, "unit=" MANAGER_UNIT), 2);

    /* An answer that comes after all is nobody's. */
    manager->manner = ANSWERS;
    demand_unit(d, true);
    ck_assert_uint_eq(logged(d, CANNOT_ASK), 1);
    close(fd);
}
END_TEST

/* Neither the unit of one that is gone, nor that of whoever has its number now. */
START_TEST(forgets_the_unit_of_a_process_that_ended_meanwhile)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct daemon *d;
    unsigned before;
    pid_t child;
    int fd, status;

    if (!prepare())
        return;
    d = start();
    demand_unit(d, true);
    manager->manner = HOLDS;
    before = manager->asked;
    strcpy(address.sun_path, daemon_socket());
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        int r = connect(fd, (struct sockaddr *)&address, sizeof(address));

        manager_wait_asked(before + 1);
        _exit(r != 0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(manager->pid, child);
    manager->manner = ANSWERS;
    raw_print(fd, "%s", GET_CLOUDS);
    ck_assert_ptr_nonnull(strstr(raw_read_head(fd), "200 OK"));
    daemon_wait_log(d, stage_text("pid=%d\n", child));
    ck_assert_uint_eq(logged(d, "unit=" MANAGER_UNIT), 1);
    ck_assert_uint_eq(logged(d, CANNOT_ASK), 0);
    close(fd);
}
END_TEST

static bool has_no_more(void *userdata)
{
    const int *wanted = userdata;

    return procfs_descriptors(wanted[0]) <= wanted[1];
}

/* One each, once the unit is known; and none for those who left while it was not. */
START_TEST(costs_one_descriptor)
{
    struct daemon *d;
    int fds[20], wanted[2];
    unsigned before;

    if (!prepare())
        return;
    d = start();
    demand_unit(d, true);
    wanted[0] = d->process.pid;
    wanted[1] = procfs_descriptors(wanted[0]);
    ck_assert_int_gt(wanted[1], 0);
    before = manager->asked;
    for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
        fds[i] = raw_connect(NULL);
    manager_wait_asked(before + ARRAY_SIZE(fds));
    wanted[1] += (int)ARRAY_SIZE(fds);
    ck_assert(wait_until(10, has_no_more, wanted));
    for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
        close(fds[i]);
    wanted[1] -= (int)ARRAY_SIZE(fds);
    ck_assert(wait_until(10, has_no_more, wanted));

    manager->manner = HOLDS;
    before = manager->asked;
    for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
        fds[i] = raw_connect(NULL);
        raw_print(fds[i], "%s", GET_CLOUDS);
    }
    manager_wait_asked(before + ARRAY_SIZE(fds));
    for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
        close(fds[i]);
    ck_assert(wait_until(10, has_no_more, wanted));
    manager->manner = ANSWERS;
    demand_unit(d, true);
}
END_TEST

START_TEST(stops_while_it_waits)
{
    struct daemon *d;
    unsigned before;
    int fd;

    if (!prepare())
        return;
    d = start();
    manager->manner = HOLDS;
    before = manager->asked;
    fd = raw_connect(NULL);
    raw_print(fd, "%s", GET_CLOUDS);
    manager_wait_asked(before + 1);
    process_signal(&d->process, SIGTERM);
    manager->manner = ANSWERS;
    ck_assert_ptr_nonnull(strstr(raw_read_head(fd), "HTTP/1.1 "));
    daemon_stop(d);
    close(fd);
}
END_TEST

/* ---- without a bus */

START_TEST(needs_no_bus)
{
    struct daemon *d;
    double begin;

    if (!prepare())
        return;
    d = start_daemon();
    begin = time_now();
    demand_unit(d, false);
    demand_unit(d, false);
    ck_assert_double_le(time_now() - begin, patience(3.5));
    ck_assert_uint_eq(logged(d, CANNOT_ASK), 1);

    /* And takes one that comes later. */
    manager_start_bus();
    demand_unit(d, false); /* where there is no manager yet */
    manager_start();
    demand_unit(d, true);
}
END_TEST

/* Somebody listens there, and that is all. */
START_TEST(does_not_stop_for_a_bus_that_says_nothing)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct daemon *d;
    double begin;
    int fd;

    if (!prepare())
        return;
    strcpy(address.sun_path, manager_bus_path());
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    ck_assert_int_eq(chmod(address.sun_path, 0666), 0);
    ck_assert_int_eq(listen(fd, 16), 0);
    d = start_daemon();
    demand_unit(d, false);
    ck_assert_uint_eq(logged(d, "units: it does not answer in time"), 1);
    begin = time_now();
    daemon_stop(d);
    ck_assert_double_le(time_now() - begin, patience(3));
    close(fd);
}
END_TEST

START_TEST(finds_a_lost_bus_again)
{
    struct daemon *d;
    unsigned before;
    int fd;

    if (!prepare())
        return;
    d = start();
    demand_unit(d, true);
    manager_stop_bus();
    demand_unit(d, false);
    ck_assert_uint_eq(logged(d, CANNOT_ASK), 1);
    manager_start_bus();
    manager_start();
    demand_unit(d, true);

    /* Lost while it is asked: nobody waits for what cannot come. */
    manager->manner = HOLDS;
    before = manager->asked;
    fd = raw_connect(NULL);
    raw_print(fd, "%s", GET_CLOUDS);
    manager_wait_asked(before + 1);
    manager_stop_bus();
    ck_assert(raw_waits(fd, 1.8));
    ck_assert_ptr_nonnull(strstr(raw_read_head(fd), "200 OK"));
    close(fd);
    manager->manner = ANSWERS;
    manager_start_bus();
    manager_start();
    demand_unit(d, true);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("unit");
    TCase *c = stage_case(s, "units by the bus", 20);

    tcase_add_test(c, asks_the_manager);
    tcase_add_loop_test(c, knows_no_unit_when_the_manager_refuses, 0, 2);
    tcase_add_test(c, asks_for_a_crowd);
    tcase_add_loop_test(c, keeps_the_body_until_it_is_known_whose_it_is, 0, 2);
    tcase_add_test(c, bounds_what_the_manager_is_asked);
    tcase_add_test(c, waits_for_no_more_than_2_s_and_keeps_nobody_else);
    tcase_add_test(c, forgets_the_unit_of_a_process_that_ended_meanwhile);
    tcase_add_test(c, costs_one_descriptor);
    tcase_add_test(c, stops_while_it_waits);
    tcase_add_test(c, needs_no_bus);
    tcase_add_test(c, finds_a_lost_bus_again);
    tcase_add_test(c, does_not_stop_for_a_bus_that_says_nothing);
    return stage_run(s);
}
