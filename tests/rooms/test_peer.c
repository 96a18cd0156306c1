/* SPDX-License-Identifier: MIT */
/*
 * The suite of who is at the other end: real sockets, and real processes behind them. Units are those of
 * a /proc in which this process is where the test says; that takes root, which a run of CI has.
 */
#include "cleanup.h"
#include "peer.h"
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define SOMEBODY 4711
#define GROUPS 70

static bool is_root(void)
{
    ck_assert_msg(geteuid() == 0 || !getenv("CI"), "this takes root");
    return geteuid() == 0;
}

static void make_pair(int pair[static 2])
{
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
}

/* What is known of whoever made the other end; 0 or PEER_HIDDEN. */
static int look(int fd, struct peer *p)
{
    int pidfd = -1, r;

    ck_assert_int_eq(peer_get(fd, "a.socket", p), 0);
    ck_assert_str_eq(p->socket, "a.socket");
    ck_assert_ptr_null(p->groups);
    r = peer_complete(fd, p, &pidfd);
    ck_assert_int_ge(r, 0);
    ck_assert_int_eq(r == PEER_HIDDEN, pidfd >= 0);
    if (pidfd >= 0) {
        ck_assert(fcntl(pidfd, F_GETFD) & FD_CLOEXEC);
        close(pidfd);
    }
    return r;
}

/* ---- user, groups, pid */

START_TEST(knows_user_group_and_pid)
{
    struct peer p;
    int pair[2];

    make_pair(pair);
    ck_assert_int_eq(look(pair[0], &p), 0);
    ck_assert_uint_eq(p.uid, geteuid());
    ck_assert_uint_eq(p.gid, getegid());
    ck_assert_int_eq(p.pid, getpid());
    peer_done(&p);
    ck_assert_ptr_null(p.groups);
    close(pair[0]);
    close(pair[1]);
}
END_TEST

/* On an address of the kernel's choice. */
static int listen_somewhere(struct sockaddr_un *address, socklen_t *length)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    *length = sizeof(*address);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)address, sizeof(sa_family_t)), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)address, length), 0);
    ck_assert_int_eq(listen(fd, 1), 0);
    return fd;
}

static bool connects(const struct sockaddr_un *address, socklen_t length)
{
    return connect(socket(AF_UNIX, SOCK_STREAM, 0), (const struct sockaddr *)address, length) == 0;
}

static bool become_somebody(const gid_t *groups, size_t n)
{
    return setgroups(n, groups) == 0 && setresgid(SOMEBODY, SOMEBODY, SOMEBODY) == 0 &&
           setresuid(SOMEBODY, SOMEBODY, SOMEBODY) == 0;
}

/* None; those that fit at once; more. */
START_TEST(knows_all_groups)
{
    static const size_t counts[] = {0, 3, 32, 33, GROUPS};
    size_t n = counts[_i];
    gid_t groups[GROUPS];
    struct peer p;
    struct sockaddr_un address;
    socklen_t length;
    int listener, fd;
    pid_t child;

    if (!is_root())
        return;
    for (size_t i = 0; i < n; i++)
        groups[i] = (gid_t)(100 + 3 * i);
    listener = listen_somewhere(&address, &length);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        if (!become_somebody(groups, n) || !connects(&address, length))
            _exit(1);
        pause();
    }
    fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    (void)look(fd, &p);
    ck_assert_uint_eq(p.uid, SOMEBODY);
    ck_assert_uint_eq(p.gid, SOMEBODY);
    ck_assert_int_eq(p.pid, child);
    ck_assert_uint_eq(p.n_groups, n);
    for (size_t i = 0; i < n; i++)
        ck_assert_uint_eq(p.groups[i], groups[i]);
    peer_done(&p);
    ck_assert_int_eq(kill(child, SIGKILL), 0);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    close(fd);
    close(listener);
}
END_TEST

/* ---- units */

/* A /proc in which this process is in that cgroup, for the rest of the test. */
static void move_to(const char *cgroup)
{
    char source[] = "/tmp/test-peer-XXXXXX", target[64];
    int fd = mkstemp(source);

    ck_assert_int_ge(fd, 0);
    dprintf(fd, "1:name=systemd:%s\n0::%s\n", cgroup, cgroup);
    close(fd);
    snprintf(target, sizeof(target), "/proc/%d/cgroup", getpid());
    ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
    ck_assert_int_eq(mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL), 0);
    ck_assert_msg(mount(source, target, "none", MS_BIND, NULL) == 0, "%s: %s", target,
                  strerror(errno));
    ck_assert_int_eq(unlink(source), 0);
}

static const struct {
    const char *cgroup, *unit, *user_unit;
} places[] = {
    {"/system.slice/backup.service", "backup.service", NULL},
    {"/system.slice/system-backup.slice/backup@home.service/payload", "backup@home.service", NULL},
    {"/user.slice/user-1000.slice/user@1000.service/app.slice/sync.service", "user@1000.service",
     "sync.service"},
    {"/user.slice/user-1000.slice/session-3.scope", "session-3.scope", NULL},
    {"/", NULL, NULL},
    {"/backup", NULL, NULL},
};

static void demand_text(const char *got, const char *wanted)
{
    ck_assert_msg(!got == !wanted && (!got || !strcmp(got, wanted)), "%s and not %s",
                  got ? got : "none", wanted ? wanted : "none");
}

START_TEST(knows_the_unit)
{
    struct peer p;
    int pair[2];

    if (!is_root())
        return;
    move_to(places[_i].cgroup);
    make_pair(pair);
    ck_assert_int_eq(look(pair[0], &p), 0);
    demand_text(p.unit, places[_i].unit);
    demand_text(p.user_unit, places[_i].user_unit);
    peer_done(&p);
    close(pair[0]);
    close(pair[1]);
}
END_TEST

/* Its number says nothing any more: neither is it looked up, nor is anybody asked. */
START_TEST(gives_no_unit_to_a_process_that_is_gone)
{
    struct peer p;
    struct sockaddr_un address;
    socklen_t length;
    int listener, fd, status;
    pid_t child;

    listener = listen_somewhere(&address, &length);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0)
        _exit(!connects(&address, length));
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(look(fd, &p), 0);
    ck_assert_int_eq(p.pid, child);
    ck_assert_ptr_null(p.unit);
    ck_assert_ptr_null(p.user_unit);
    peer_done(&p);
    close(fd);
    close(listener);
}
END_TEST

/* 0, by which libsystemd means the one who asks. */
START_TEST(gives_no_unit_to_a_process_of_a_foreign_pid_namespace)
{
    struct peer p = {.pid = 0};
    int pair[2], pidfd = -1;

    if (!is_root())
        return;
    move_to("/system.slice/latchkeyd.service");
    make_pair(pair);
    ck_assert_int_eq(peer_complete(pair[0], &p, &pidfd), 0);
    ck_assert_ptr_null(p.unit);
    peer_done(&p);
    close(pair[0]);
    close(pair[1]);
}
END_TEST

/* ---- those that /proc hides */

START_TEST(says_who_is_hidden)
{
    struct peer p;
    int pair[2], pidfd = -1;

    if (!is_root())
        return;
    ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
    ck_assert_int_eq(mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL), 0);
    make_pair(pair);
    ck_assert_int_eq(mount("proc", "/proc", "proc", 0, "hidepid=invisible"), 0);
    ck_assert(become_somebody(NULL, 0));
    ck_assert_int_eq(peer_get(pair[0], "a.socket", &p), 0);
    ck_assert_int_eq(access("/proc/1", F_OK), -1);
    ck_assert_int_eq(peer_complete(pair[0], &p, &pidfd), PEER_HIDDEN);
    ck_assert_ptr_null(p.unit);
    ck_assert(peer_is_alive(pidfd));
    close(pidfd);
    peer_done(&p);
    close(pair[0]);
    close(pair[1]);
}
END_TEST

Suite *make_suite(void)
{
    Suite *s = suite_create("peer");
    TCase *t = tcase_create("peer");

    tcase_add_test(t, knows_user_group_and_pid);
    tcase_add_loop_test(t, knows_all_groups, 0, 5);
    tcase_add_loop_test(t, knows_the_unit, 0, ARRAY_SIZE(places));
    tcase_add_test(t, gives_no_unit_to_a_process_that_is_gone);
    tcase_add_test(t, gives_no_unit_to_a_process_of_a_foreign_pid_namespace);
    tcase_add_test(t, says_who_is_hidden);
    suite_add_tcase(s, t);
    return s;
}
