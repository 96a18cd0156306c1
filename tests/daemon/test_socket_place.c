/* SPDX-License-Identifier: MIT */
/* Where the daemon listens: the usual places, where the configuration says, and the sockets that it
 * is passed. */
#include "daemon.h"
#include "look.h"
#include "raw.h"
#include "sandbox.h"
#include "stage.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define NOBODY 65534

/* ---- where it is */

START_TEST(is_in_the_users_own_folder)
{
    const char *folder = stage_path("run"),
               *socket = stage_text("%s/latchkey/latchkey.sock", folder);
    struct stat st;

    sandbox_start(NULL);
    ck_assert_int_eq(mkdir(folder, 0700), 0);
    ck_assert_int_eq(chown(folder, NOBODY, NOBODY), 0);
    (void)daemon_start(&(struct daemon_options){
        .uid = NOBODY,
        .socket = "",
        .environment = (const char *const[]){stage_text("XDG_RUNTIME_DIR=%s", folder), NULL}});
    _cleanup_(client_freep) struct client *c = client_new(socket, NULL);

    ck_assert_int_eq(client_ask(c, &(struct ask){.target = "/v1"})->status, 200);
    ck_assert_int_eq(stat(stage_text("%s/latchkey", folder), &st), 0);
    ck_assert_int_eq(st.st_mode & 0777, 0700);
    ck_assert_uint_eq(st.st_uid, NOBODY);
}
END_TEST

START_TEST(is_in_a_folder_with_the_right_mode)
{
    const char *folder = stage_path("run");
    struct stat st;

    if (process_is_wrapped()) /* which makes files of its own, and reads them */
        return;
    sandbox_start(NULL);
    ck_assert_int_eq(mkdir(folder, 0700), 0);
    ck_assert_int_eq(chown(folder, NOBODY, NOBODY), 0);
    (void)daemon_start(&(struct daemon_options){
        .uid = NOBODY,
        .umask = 0777,
        .socket = "",
        .environment = (const char *const[]){stage_text("XDG_RUNTIME_DIR=%s", folder), NULL}});
    ck_assert_int_eq(stat(stage_text("%s/latchkey", folder), &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0700);
}
END_TEST

START_TEST(says_where_it_cannot_be)
{
    const char *nowhere = stage_path("nowhere");

    if (geteuid() != 0)
        return;
    sandbox_start(NULL);
    /* Whether the system's is there or not. */
    daemon_refuses(&(struct daemon_options){.uid = NOBODY, .socket = ""},
                   "cannot listen in the folder /run/latchkey: Permission denied; set "
                   "XDG_RUNTIME_DIR to a folder of yours, or choose a --socket");
    daemon_refuses(
        &(struct daemon_options){
            .uid = NOBODY,
            .socket = "",
            .environment = (const char *const[]){stage_text("XDG_RUNTIME_DIR=%s", nowhere), NULL}},
        stage_text("cannot listen in the folder %s/latchkey: No such file or directory; correct "
                   "XDG_RUNTIME_DIR, or choose a --socket",
                   nowhere));
}
END_TEST

START_TEST(is_where_the_configuration_says)
{
    const char *path = stage_path("elsewhere");

    sandbox_start(NULL);
    struct daemon *d = daemon_start(&(struct daemon_options){
        .socket = "",
        .config = stage_text("[latchkeyd]\nsocket = %s\n%s", path, daemon_cloud("c", "")),
        /* Sockets that are somebody else's. */
        .environment = (const char *const[]){"LISTEN_FDS=1", "LISTEN_PID=1", NULL}});
    _cleanup_(client_freep) struct client *c = client_new(path, NULL);

    ck_assert_int_eq(client_ask(c, &(struct ask){.target = "/v1"})->status, 200);
    daemon_stop(d);
    ck_assert_int_ne(access(path, F_OK), 0);
}
END_TEST

/* ---- passed by systemd */

START_TEST(takes_what_it_is_passed)
{
    const char *paths[] = {stage_path("one"), stage_path("two"), stage_path("three")};
    int fds[ARRAY_SIZE(paths)];

    sandbox_start(NULL);
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
        fds[i] = raw_listen(paths[i], SOCK_STREAM);
    for (size_t n = 1; n <= ARRAY_SIZE(paths); n++) {
        struct daemon *d = daemon_start(
            &(struct daemon_options){.socket = "", .passed_fds = fds, .n_passed_fds = n});

        for (size_t i = 0; i < n; i++) {
            _cleanup_(client_freep) struct client *c = client_new(paths[i], NULL);
            const struct reply *r = client_ask(c, &(struct ask){.target = "/v1/rackspace/token"});

            (void)reply_json(r, 200);
        }
        ck_assert_int_ne(access(stage_path("socket"), F_OK), 0);
        daemon_stop(d);
        /* They are systemd's, and serve the next one. */
        for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
            ck_assert_int_eq(access(paths[i], F_OK), 0);
    }
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
        close(fds[i]);
}
END_TEST

/* Who connects before the daemon is there is served once it is. */
START_TEST(serves_who_came_first)
{
    const char *path = stage_path("one");
    _cleanup_(closep) int fd = raw_listen(path, SOCK_STREAM);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    _cleanup_(closep) int early = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    static const char request[] = "GET /v1/rackspace/token HTTP/1.1\r\nHost: x\r\n\r\n";
    char answer[32] = "";

    strcpy(address.sun_path, path);
    ck_assert_int_eq(connect(early, (struct sockaddr *)&address, sizeof(address)), 0);
    ck_assert_int_eq(write(early, request, strlen(request)), (ssize_t)strlen(request));
    sandbox_start(NULL);
    sandbox_set("'login_delay': 0.3");
    (void)daemon_start(&(struct daemon_options){
        .socket = "", .passed_fds = &fd, .n_passed_fds = 1, .wait = DAEMON_NOTHING});
    ck_assert_int_gt(read(early, answer, sizeof(answer) - 1), 0);
    ck_assert(!strncmp(answer, "HTTP/1.1 200", 12));
}
END_TEST

START_TEST(refuses_to_be_passed_anything_else)
{
    _cleanup_(closep) int datagram = raw_listen(stage_path("datagram"), SOCK_DGRAM);
    _cleanup_(closep) int file = open("/dev/null", O_RDWR | O_CLOEXEC);

    sandbox_start(NULL);
    daemon_refuses(
        &(struct daemon_options){.socket = "", .passed_fds = &datagram, .n_passed_fds = 1},
        "descriptor 3, passed as a socket, is no listening Unix stream socket");
    daemon_refuses(
        &(struct daemon_options){.socket = "",
                                 .passed_fds = &file,
                                 .n_passed_fds = 1,
                                 .environment =
                                     (const char *const[]){"LISTEN_FDNAMES=wrong.socket", NULL}},
        "descriptor 3 (wrong.socket), passed as a socket, is no listening Unix stream "
        "socket");
    daemon_refuses(
        &(struct daemon_options){.socket = "",
                                 .passed_fds = &file,
                                 .n_passed_fds = 1,
                                 .environment =
                                     (const char *const[]){"LISTEN_FDNAMES=one:two", NULL}},
        "LISTEN_FDNAMES");
}
END_TEST

/* Nobody is kept waiting at a socket that --socket has the daemon leave alone. */
START_TEST(gives_up_what_it_does_not_serve)
{
    const char *path = stage_path("passed");
    int fd = raw_listen(path, SOCK_STREAM);

    sandbox_start(NULL);
    (void)daemon_start(&(struct daemon_options){.passed_fds = &fd, .n_passed_fds = 1});
    ck_assert(raw_connects(path));
    close(fd);
    ck_assert(!raw_connects(path));
    (void)look_token("default");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("socket place");
    TCase *c = stage_case(s, "place", 20);

    tcase_add_test(c, is_in_the_users_own_folder);
    tcase_add_test(c, is_in_a_folder_with_the_right_mode);
    tcase_add_test(c, says_where_it_cannot_be);
    tcase_add_test(c, is_where_the_configuration_says);
    tcase_add_test(c, takes_what_it_is_passed);
    tcase_add_test(c, serves_who_came_first);
    tcase_add_test(c, refuses_to_be_passed_anything_else);
    tcase_add_test(c, gives_up_what_it_does_not_serve);
    return stage_run(s);
}
