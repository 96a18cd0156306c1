/* SPDX-License-Identifier: MIT */
/* The socket that the daemon makes, or is passed: whose it replaces and whose not, and who may
 * connect, from its first moment on. */
#include "daemon.h"
#include "look.h"
#include "patience.h"
#include "sandbox.h"
#include "stage.h"

#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define NOBODY 65534
#define OTHER_GROUP 4711

/* A socket of our own at that path. */
static int listen_at(const char *path, int type)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

    ck_assert_int_ge(fd, 0);
    ck_assert_uint_lt(strlen(path), sizeof(address.sun_path));
    strcpy(address.sun_path, path);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    if (type == SOCK_STREAM)
        ck_assert_int_eq(listen(fd, 16), 0);
    return fd;
}

static ino_t inode_of(const char *path)
{
    struct stat st;

    ck_assert_int_eq(lstat(path, &st), 0);
    return st.st_ino;
}

/* A daemon that is to give up, and say that. */
static void demand_refusal(const struct daemon_options *o, const char *said)
{
    struct daemon_options options = *o;
    struct daemon *d;

    options.wait = DAEMON_NOTHING;
    d = daemon_start(&options);
    ck_assert_int_eq(daemon_wait_end(d, 10), 1);
    ck_assert_msg(strstr(daemon_log(d), said), "no '%s' in: %s", said, daemon_log(d));
    ck_assert_str_eq(notify_said(d->notify), "");
}

/* ---- what is there already */

START_TEST(replaces_a_stale_socket)
{
    struct daemon *d;

    sandbox_start(NULL);
    close(listen_at(stage_path("socket"), SOCK_STREAM));
    d = daemon_start(NULL);
    (void)look_token("default");

    /* One that a daemon left behind which was killed. */
    process_kill(&d->process);
    ck_assert_int_eq(access(d->socket, F_OK), 0);
    (void)daemon_start(NULL);
    (void)look_token("default");
}
END_TEST

START_TEST(leaves_a_living_daemon_alone)
{
    struct daemon *first;
    const struct reply *r;
    ino_t inode;

    sandbox_start(NULL);
    first = daemon_start(NULL);
    inode = inode_of(first->socket);
    demand_refusal(&(struct daemon_options){0}, "another daemon listens there");
    ck_assert_int_eq(inode_of(first->socket), inode);
    r = get("/v1/default/token");
    ck_assert_int_eq(r->status, 200);
    ck_assert_int_eq(sandbox_count("login_attempt_times"), 1);
}
END_TEST

/* Any other program's too, busy or not. */
START_TEST(leaves_a_living_program_alone)
{
    const char *path = stage_path("socket");
    _cleanup_(closep) int fd = listen_at(path, SOCK_STREAM);
    ino_t inode = inode_of(path);

    sandbox_start(NULL);
    demand_refusal(&(struct daemon_options){0}, path);
    ck_assert_int_eq(inode_of(path), inode);
    ck_assert_int_eq(listen(fd, 0), 0);
    for (int i = 0; i < 2; i++) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int c = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

        strcpy(address.sun_path, path);
        (void)connect(c, (struct sockaddr *)&address, sizeof(address));
    }
    demand_refusal(&(struct daemon_options){0}, path);
    ck_assert_int_eq(inode_of(path), inode);
}
END_TEST

START_TEST(leaves_what_is_no_socket_alone)
{
    const char *path = stage_write("socket", 0600, "precious");

    sandbox_start(NULL);
    demand_refusal(&(struct daemon_options){0}, path);
    ck_assert_str_eq(stage_read(path, NULL), "precious");

    ck_assert_int_eq(rename(path, stage_path("aside")), 0);
    ck_assert_int_eq(symlink(stage_path("aside"), path), 0);
    demand_refusal(&(struct daemon_options){0}, path);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    demand_refusal(&(struct daemon_options){0}, path);
    ck_assert_int_eq(rmdir(path), 0);
    ck_assert_str_eq(stage_read(stage_path("aside"), NULL), "precious");
}
END_TEST

START_TEST(says_what_is_wrong_with_a_path)
{
    char *longer =
        stage_path("a-name-that-is-far-too-long-for-the-address-of-a-unix-socket-as-linux-"
                   "knows-it-which-has-108-bytes");

    sandbox_start(NULL);
    demand_refusal(&(struct daemon_options){.socket = stage_path("nowhere/socket")}, "folder");
    demand_refusal(&(struct daemon_options){.socket = longer}, "too long");
    demand_refusal(&(struct daemon_options){.config = stage_text(
                                                "[latchkeyd]\nsocket_group = no-such-group\n%s",
                                                daemon_cloud("c", ""))},
                   "socket_group");
}
END_TEST

/* ---- its mode and group */

/* Looks at a path without a pause. The mode has to be right as soon as there is something, the group
 * as soon as somebody can connect. */
struct lookout {
    pthread_t thread;
    const char *path;
    atomic_bool stop;
    atomic_size_t looks;
    size_t others;
    mode_t mode;
    gid_t group;
    mode_t wrong_mode;
    gid_t wrong_group;
};

static bool connects(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    _cleanup_(closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    strcpy(address.sun_path, path);
    return connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
}

static void *look_out(void *userdata)
{
    struct lookout *l = userdata;
    struct stat st;

    while (!atomic_load(&l->stop)) {
        bool is_open = connects(l->path);

        if (lstat(l->path, &st) < 0)
            continue;
        if (is_open)
            atomic_fetch_add(&l->looks, 1);
        if ((st.st_mode & 0777) == l->mode && (!is_open || st.st_gid == l->group) &&
            S_ISSOCK(st.st_mode))
            continue;
        l->others++;
        l->wrong_mode = st.st_mode & 0777;
        l->wrong_group = st.st_gid;
    }
    return NULL;
}

static bool has_looked(void *userdata)
{
    struct lookout *l = userdata;

    return atomic_load(&l->looks) > 0;
}

static const struct {
    const char *lines; /* of [latchkeyd] */
    const char *group;
    mode_t mode, umask;
} modes[] = {
    {"", NULL, 0660, 0},
    {"", NULL, 0660, 0777},
    {"socket_mode = 0600", NULL, 0600, 0},
    {"socket_mode = 0666", NULL, 0666, 077},
    {"socket_mode = 0640\nsocket_group = nogroup", "nogroup", 0640, 022},
    {"socket_group = nogroup", "nogroup", 0660, 077},
};

START_TEST(has_its_mode_and_group_before_it_is_open)
{
    struct lookout l = {.path = stage_path("socket"), .mode = modes[_i].mode};
    const struct group *group = modes[_i].group ? getgrnam(modes[_i].group) : NULL;
    struct daemon *d;

    ck_assert(group || !modes[_i].group);
    l.group = group ? group->gr_gid : getegid();
    sandbox_start(NULL);
    ck_assert_int_eq(pthread_create(&l.thread, NULL, look_out, &l), 0);
    d = daemon_start(&(struct daemon_options){
        .config = stage_text("[latchkeyd]\n%s\n%s", modes[_i].lines, daemon_cloud("c", "")),
        .umask = modes[_i].umask});
    ck_assert(wait_until(5, has_looked, &l));
    atomic_store(&l.stop, true);
    ck_assert_int_eq(pthread_join(l.thread, NULL), 0);
    ck_assert_msg(l.others == 0, "%zu times it was another one: %o, %u", l.others, l.wrong_mode,
                  l.wrong_group);
    daemon_stop(d);
}
END_TEST

static gid_t group_of(const char *path)
{
    struct stat st;

    ck_assert_int_eq(lstat(path, &st), 0);
    return st.st_gid;
}

/* Such a folder gives what is made in it to its own group. */
START_TEST(is_not_given_to_its_folders_group)
{
    const char *folder = stage_path("setgid"), *socket = stage_text("%s/socket", folder);
    const struct group *nogroup = getgrnam("nogroup");
    struct daemon *d;

    if (geteuid() != 0)
        return;
    ck_assert_ptr_nonnull(nogroup);
    sandbox_start(NULL);
    ck_assert_int_eq(mkdir(folder, 0755), 0);
    ck_assert_int_eq(chown(folder, 0, OTHER_GROUP), 0);
    ck_assert_int_eq(chmod(folder, 02755), 0);
    d = daemon_start(&(struct daemon_options){
        .socket = socket,
        .config = stage_text("[latchkeyd]\nsocket_group = nogroup\n%s", daemon_cloud("c", ""))});
    ck_assert_uint_eq(group_of(socket), nogroup->gr_gid);
    daemon_stop(d);
    (void)daemon_start(&(struct daemon_options){.socket = socket});
    ck_assert_uint_eq(group_of(socket), getegid());
}
END_TEST

/* Without a privilege, by a daemon that is in the group; and not by any other. */
START_TEST(goes_to_a_group_that_the_daemon_is_in)
{
    const char *folder = stage_path("own"), *socket = stage_text("%s/socket", folder);
    const struct group *adm = getgrnam("adm");
    struct daemon_options o = {.uid = NOBODY, .socket = socket};

    if (geteuid() != 0)
        return;
    ck_assert_ptr_nonnull(adm);
    sandbox_start(NULL);
    ck_assert_int_eq(mkdir(folder, 0755), 0);
    ck_assert_int_eq(chown(folder, NOBODY, NOBODY), 0);
    o.bare = true;
    o.arguments = (const char *const[]){
        "--config", stage_write("own.conf", 0644, "[latchkeyd]\nsocket_group = adm\n[c]\n"), NULL};
    demand_refusal(&o, "this user may not give a socket to socket_group");
    ck_assert_int_ne(access(socket, F_OK), 0);
    o.group = adm->gr_gid;
    (void)daemon_start(&o);
    ck_assert_uint_eq(group_of(socket), adm->gr_gid);
}
END_TEST

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
        fds[i] = listen_at(paths[i], SOCK_STREAM);
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
    _cleanup_(closep) int fd = listen_at(path, SOCK_STREAM);
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
    _cleanup_(closep) int datagram = listen_at(stage_path("datagram"), SOCK_DGRAM);
    _cleanup_(closep) int file = open("/dev/null", O_RDWR | O_CLOEXEC);

    sandbox_start(NULL);
    demand_refusal(
        &(struct daemon_options){.socket = "", .passed_fds = &datagram, .n_passed_fds = 1},
        "socket");
    demand_refusal(&(struct daemon_options){.socket = "", .passed_fds = &file, .n_passed_fds = 1},
                   "socket");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("socket");
    TCase *c = stage_case(s, "socket", 20);

    tcase_add_test(c, replaces_a_stale_socket);
    tcase_add_test(c, leaves_a_living_daemon_alone);
    tcase_add_test(c, leaves_a_living_program_alone);
    tcase_add_test(c, leaves_what_is_no_socket_alone);
    tcase_add_test(c, says_what_is_wrong_with_a_path);
    tcase_add_loop_test(c, has_its_mode_and_group_before_it_is_open, 0, (int)ARRAY_SIZE(modes));
    tcase_add_test(c, is_not_given_to_its_folders_group);
    tcase_add_test(c, goes_to_a_group_that_the_daemon_is_in);
    tcase_add_test(c, is_in_the_users_own_folder);
    tcase_add_test(c, is_where_the_configuration_says);
    tcase_add_test(c, takes_what_it_is_passed);
    tcase_add_test(c, serves_who_came_first);
    tcase_add_test(c, refuses_to_be_passed_anything_else);
    return stage_run(s);
}
