/* SPDX-License-Identifier: MIT */
/* How the daemon starts, reloads and ends: its socket, what it tells the service manager, and what
 * is in flight meanwhile. */
#include "daemon.h"
#include "patience.h"
#include "raw.h"
#include "sandbox.h"
#include "stage.h"

#include <grp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

static int listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    strcpy(address.sun_path, path);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    ck_assert_int_eq(listen(fd, 16), 0);
    return fd;
}

/* ---- the socket */

/* Looks at a path again and again, and remembers every mode and group that it ever had. */
struct watch {
    pthread_t thread;
    const char *path;
    atomic_bool stop;
    atomic_uint looks;
    mode_t modes[8];
    gid_t groups[8];
    size_t n;
};

static void *look(void *userdata)
{
    struct watch *w = userdata;
    struct stat st;

    while (!atomic_load(&w->stop)) {
        size_t i = 0;

        if (lstat(w->path, &st) < 0)
            continue;
        atomic_fetch_add(&w->looks, 1);
        while (i < w->n && (w->modes[i] != st.st_mode || w->groups[i] != st.st_gid))
            i++;
        if (i < w->n || w->n == ARRAY_SIZE(w->modes))
            continue;
        w->modes[w->n] = st.st_mode;
        w->groups[w->n++] = st.st_gid;
    }
    return NULL;
}

static bool has_looked(void *userdata)
{
    struct watch *w = userdata;

    return atomic_load(&w->looks) > 0;
}

static const struct {
    const char *settings;
    mode_t umask, mode;
    const char *group;
} sockets[] = {
    {"", 022, 0660, NULL},
    {"", 0, 0660, NULL},
    {"", 0777, 0660, NULL},
    {"socket_mode = 0600", 0, 0600, NULL},
    {"socket_mode = 0666", 077, 0666, NULL},
    {"socket_group = daemon", 0, 0660, "daemon"},
};

START_TEST(makes_its_socket_right_from_the_first_moment)
{
    gid_t group = getegid();

    if (sockets[_i].group && (geteuid() != 0 || !getgrnam(sockets[_i].group)))
        return;
    if (sockets[_i].group)
        group = getgrnam(sockets[_i].group)->gr_gid;
    sandbox_start(NULL);
    /* The moment is short: several tries to catch it. */
    for (int i = 0; i < 8; i++) {
        struct watch w = {.path = stage_path("socket")};
        struct daemon *d;

        ck_assert_int_eq(pthread_create(&w.thread, NULL, look, &w), 0);
        d = daemon_start(&(struct daemon_options){
            .config =
                stage_text("[latchkeyd]\n%s\n%s", sockets[_i].settings, daemon_cloud("main", "")),
            .wait = DAEMON_LISTENS,
            .umask = sockets[_i].umask ? sockets[_i].umask : 01000});
        ck_assert(wait_until(5, has_looked, &w));
        atomic_store(&w.stop, true);
        ck_assert_int_eq(pthread_join(w.thread, NULL), 0);
        ck_assert_uint_eq(w.n, 1);
        ck_assert_msg(w.modes[0] == (S_IFSOCK | sockets[_i].mode), "mode %o", w.modes[0]);
        ck_assert_uint_eq(w.groups[0], group);
        daemon_stop(d);
        ck_assert_int_ne(access(w.path, F_OK), 0);
    }
}
END_TEST

START_TEST(replaces_a_stale_socket)
{
    sandbox_start(NULL);
    close(listen_at(stage_path("socket")));
    (void)daemon_start(NULL);
    ck_assert_int_eq(get("/health")->status, 200);
}
END_TEST

START_TEST(replaces_what_a_killed_daemon_left)
{
    struct daemon *d;

    sandbox_start(NULL);
    d = daemon_start(NULL);
    process_kill(&d->process);
    ck_assert_int_eq(access(d->socket, F_OK), 0);
    (void)daemon_start(NULL);
    ck_assert_int_eq(get("/health")->status, 200);
}
END_TEST

START_TEST(leaves_a_live_socket_alone)
{
    struct daemon *first, *second;

    sandbox_start(NULL);
    first = daemon_start(NULL);
    second = daemon_start(&(struct daemon_options){.wait = DAEMON_NOTHING});
    ck_assert_int_eq(daemon_wait_end(second, 10), 1);
    ck_assert_ptr_nonnull(strstr(daemon_log(second), first->socket));
    ck_assert_int_eq(get("/health")->status, 200);
    ck_assert_int_eq(process_wait(&first->process, 0), PROCESS_RUNS);
}
END_TEST

/* Not even one that is not a daemon of ours, or too busy to answer. */
START_TEST(leaves_other_things_alone)
{
    _cleanup_(closep) int fd = -1;
    struct daemon *d;
    struct stat st;

    sandbox_start(NULL);
    fd = listen_at(stage_path("socket"));
    d = daemon_start(&(struct daemon_options){.wait = DAEMON_NOTHING});
    ck_assert_int_eq(daemon_wait_end(d, 10), 1);
    ck_assert_int_eq(lstat(stage_path("socket"), &st), 0);

    (void)stage_write("file", 0600, "precious\n");
    d = daemon_start(
        &(struct daemon_options){.wait = DAEMON_NOTHING, .socket = stage_path("file")});
    ck_assert_int_eq(daemon_wait_end(d, 10), 1);
    ck_assert_str_eq(stage_read(stage_path("file"), NULL), "precious\n");

    d = daemon_start(
        &(struct daemon_options){.wait = DAEMON_NOTHING, .socket = stage_path("no/such/folder")});
    ck_assert_int_eq(daemon_wait_end(d, 10), 1);
}
END_TEST

START_TEST(takes_the_sockets_that_systemd_passes)
{
    const char *paths[] = {stage_path("one"), stage_path("two")};
    int fds[] = {listen_at(paths[0]), listen_at(paths[1])};
    struct daemon *d;

    sandbox_start(NULL);
    d = daemon_start(&(struct daemon_options){.socket = "", .passed_fds = fds, .n_passed_fds = 2});
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
        _cleanup_(client_freep) struct client *c = client_new(paths[i], NULL);

        close(fds[i]);
        ck_assert_int_eq(client_ask(c, &(struct ask){.target = "/health"})->status, 200);
    }
    ck_assert_int_ne(access(stage_path("socket"), F_OK), 0);
    daemon_stop(d);
    /* They are systemd's, and stay for the next one. */
    ck_assert_int_eq(access(paths[0], F_OK), 0);
}
END_TEST

/* ---- the service manager */

static const char *demand_said(const char *said, const char *line)
{
    const char *at = strstr(said, line);

    ck_assert_msg(at, "%s was not said, but: %s", line, said);
    return at;
}

START_TEST(is_ready_once_it_holds_a_token)
{
    struct daemon *d;
    const char *said;

    sandbox_start(NULL);
    sandbox_set("'login_delay': 1");
    d = daemon_start(&(struct daemon_options){.wait = DAEMON_LISTENS});
    ck_assert_str_eq(daemon_state("default"), "starting");
    (void)reply_problem(get("/health"), 503, "not-ready");
    ck_assert_ptr_null(strstr(notify_said(d->notify), "READY=1"));
    ck_assert(notify_wait(d->notify, "READY=1", 10));
    ck_assert_int_eq(sandbox_count("logins"), 1);
    ck_assert_int_eq(get("/v1/default/token")->status, 200);

    daemon_reload(d, NULL);
    daemon_stop(d);
    said = demand_said(notify_said(d->notify), "READY=1");
    said = demand_said(said, "RELOADING=1");
    demand_said(said, "MONOTONIC_USEC=");
    said = demand_said(said, "READY=1");
    demand_said(said, "STOPPING=1");
    demand_said(notify_said(d->notify), "STATUS=1 of 1");
}
END_TEST

START_TEST(feeds_the_watchdog)
{
    struct daemon *d;

    sandbox_start(NULL);
    d = daemon_start(&(struct daemon_options){
        .environment = (const char *const[]){"WATCHDOG_USEC=600000", NULL}});
    for (int i = 0; i < 3; i++)
        ck_assert(notify_wait(d->notify, "WATCHDOG=1", 0.6));
    ck_assert_int_eq(get("/health")->status, 200);
}
END_TEST

/* ---- reload */

START_TEST(reloads_without_dropping_anything)
{
    _cleanup_(client_freep) struct client *c = NULL;
    const char *before, *after;
    json_int_t generation;
    struct daemon *d;

    sandbox_start(NULL);
    d = daemon_start(&(struct daemon_options){.config = daemon_cloud("first", "")});
    c = client_new(daemon_socket(), NULL);
    json_demand(reply_json(client_ask(c, &(struct ask){.target = "/v1/first/token"}), 200), "{s:s}",
                "token", &before);

    daemon_reload(d, stage_text("%s%s", daemon_cloud("first", ""), daemon_cloud("second", "")));
    daemon_wait_state("second", "ready");
    json_demand(reply_json(client_ask(c, &(struct ask){.target = "/v1/first/token"}), 200),
                "{s:s, s:I}", "token", &after, "generation", &generation);
    ck_assert_str_eq(after, before);
    ck_assert_int_eq(generation, 1);
    ck_assert_int_eq(client_connections(c), 1);
    ck_assert_int_eq(sandbox_count("logins"), 2);

    daemon_reload(d, daemon_cloud("second", ""));
    (void)reply_problem(client_ask(c, &(struct ask){.target = "/v1/first/token"}), 404,
                        "unknown-cloud");
    ck_assert_int_eq(client_ask(c, &(struct ask){.target = "/v1/default/token"})->status, 200);
    ck_assert_int_eq(client_connections(c), 1);
    ck_assert_int_eq(sandbox_count("logins"), 2);
}
END_TEST

START_TEST(goes_on_with_what_it_had_when_the_new_is_wrong)
{
    struct daemon *d;

    sandbox_start(NULL);
    d = daemon_start(&(struct daemon_options){.config = daemon_cloud("main", "region = DFW")});
    daemon_reload(d, "[main]\nidentity_type = rackspace\nnonsense = 1\n");
    daemon_wait_log(d, stage_text("%s:3: nonsense", d->config));
    ck_assert_str_eq(daemon_state("main"), "ready");
    ck_assert_int_eq(get("/v1/main/endpoint?service=compute")->status, 200);
    ck_assert_int_eq(sandbox_count("logins"), 1);
    /* And takes it once it is right again. */
    daemon_reload(d, daemon_cloud("main", "region = ORD"));
    ck_assert_ptr_nonnull(strstr(get("/v1/main/endpoint?service=compute")->body, "/ORD/"));
}
END_TEST

START_TEST(reloads_credentials)
{
    struct daemon *d;

    sandbox_start(NULL);
    d = daemon_start(&(struct daemon_options){
        .config = stage_text("[main]\nidentity_type = rackspace\nauth_endpoint = %s/v2.0\n"
                             "username = %s\napi_key = mistyped-key\n",
                             sandbox_url(), SANDBOX_USER)});
    ck_assert_str_eq(daemon_state("main"), "rejected");
    daemon_reload(d, daemon_cloud("main", ""));
    daemon_wait_state("main", "ready");
}
END_TEST

/* A transfer that is under way, on a cloud that is taken away, ends well. */
START_TEST(finishes_transfers_across_a_reload)
{
    const struct reply *replies[2];
    struct ask asks[] = {
        {.target = "/v1/main/proxy/x-echo/stream?bytes=2000&rate=1000"},
        {.target = "/v1/second/proxy/x-echo/stream?bytes=2000&rate=1000"},
    };
    struct daemon *d;
    pid_t pid;

    sandbox_start(NULL);
    d = daemon_start(&(struct daemon_options){
        .config = stage_text("%s%s", daemon_cloud("main", ""), daemon_cloud("second", ""))});
    daemon_wait_state("second", "ready");
    (void)stage_write(strrchr(d->config, '/') + 1, 0600, daemon_cloud("main", ""));
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        usleep(500000);
        process_signal(&d->process, SIGHUP);
        _exit(0);
    }
    ask_together(asks, 2, replies);
    for (size_t i = 0; i < 2; i++) {
        ck_assert_int_eq(replies[i]->error, 0);
        ck_assert_uint_eq(replies[i]->length, 2000);
    }
    ck_assert_int_eq(get("/v1/second/token")->status, 404);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("lifecycle");
    TCase *c = stage_case(s, "socket", 30);

    tcase_add_loop_test(c, makes_its_socket_right_from_the_first_moment, 0, ARRAY_SIZE(sockets));
    tcase_add_test(c, replaces_a_stale_socket);
    tcase_add_test(c, replaces_what_a_killed_daemon_left);
    tcase_add_test(c, leaves_a_live_socket_alone);
    tcase_add_test(c, leaves_other_things_alone);
    tcase_add_test(c, takes_the_sockets_that_systemd_passes);
    c = stage_case(s, "service manager", 30);
    tcase_add_test(c, is_ready_once_it_holds_a_token);
    tcase_add_test(c, feeds_the_watchdog);
    c = stage_case(s, "reload", 30);
    tcase_add_test(c, reloads_without_dropping_anything);
    tcase_add_test(c, goes_on_with_what_it_had_when_the_new_is_wrong);
    tcase_add_test(c, reloads_credentials);
    tcase_add_test(c, finishes_transfers_across_a_reload);
    return stage_run(s);
}
