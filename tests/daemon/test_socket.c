/* SPDX-License-Identifier: MIT */
/* The socket that the daemon makes: whose it replaces and whose not, and who may connect, from its
 * first moment on. */
#include "daemon.h"
#include "look.h"
#include "patience.h"
#include "raw.h"
#include "sandbox.h"
#include "stage.h"

#include <grp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define NOBODY 65534
#define OTHER_GROUP 4711

static ino_t inode_of(const char *path)
{
    struct stat st;

    ck_assert_int_eq(lstat(path, &st), 0);
    return st.st_ino;
}

/* ---- what is there already */

START_TEST(replaces_a_stale_socket)
{
    struct daemon *d;

    sandbox_start(NULL);
    close(raw_listen(stage_path("socket"), SOCK_STREAM));
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
    daemon_refuses(&(struct daemon_options){0}, "another daemon listens there");
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
    _cleanup_(closep) int fd = raw_listen(path, SOCK_STREAM);
    ino_t inode = inode_of(path);

    sandbox_start(NULL);
    daemon_refuses(&(struct daemon_options){0}, path);
    ck_assert_int_eq(inode_of(path), inode);
    ck_assert_int_eq(listen(fd, 0), 0);
    for (int i = 0; i < 2; i++) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int c = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

        strcpy(address.sun_path, path);
        (void)connect(c, (struct sockaddr *)&address, sizeof(address));
    }
    daemon_refuses(&(struct daemon_options){0}, path);
    ck_assert_int_eq(inode_of(path), inode);
}
END_TEST

START_TEST(leaves_what_is_no_socket_alone)
{
    const char *path = stage_write("socket", 0600, "precious");

    sandbox_start(NULL);
    daemon_refuses(&(struct daemon_options){0}, path);
    ck_assert_str_eq(stage_read(path, NULL), "precious");

    ck_assert_int_eq(rename(path, stage_path("aside")), 0);
    ck_assert_int_eq(symlink(stage_path("aside"), path), 0);
    daemon_refuses(&(struct daemon_options){0}, path);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    daemon_refuses(&(struct daemon_options){0}, path);
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
    daemon_refuses(&(struct daemon_options){.socket = stage_path("nowhere/socket")}, "folder");
    daemon_refuses(&(struct daemon_options){.socket = longer}, "too long");
    daemon_refuses(&(struct daemon_options){.config = stage_text(
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

static void *look_out(void *userdata)
{
    struct lookout *l = userdata;
    struct stat st;

    while (!atomic_load(&l->stop)) {
        bool is_open = raw_connects(l->path);

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
    daemon_refuses(&o, "this user may not give a socket to socket_group");
    ck_assert_int_ne(access(socket, F_OK), 0);
    o.group = adm->gr_gid;
    (void)daemon_start(&o);
    ck_assert_uint_eq(group_of(socket), adm->gr_gid);
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
    return stage_run(s);
}
