/* SPDX-License-Identifier: MIT */
#include "listen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

static int set_path(struct sockaddr_un *address, const char *path)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address->sun_path))
        return -ENAMETOOLONG;
    strcpy(address->sun_path, path);
    return 0;
}

static bool somebody_listens(const struct sockaddr_un *address)
{
    _cleanup_(closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    /* EAGAIN: somebody does, and has no time. */
    return fd >= 0 && (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ||
                       errno == EAGAIN);
}

/* Two daemons that start at once could each take the other's new socket for a stale one: the lock
 * keeps them apart. */
static int lock(const char *path)
{
    _cleanup_(freep) char *name = NULL;
    _cleanup_(closep) int fd = -1;

    if (asprintf(&name, "%s.lock", path) < 0) {
        name = NULL;
        return -ENOMEM;
    }
    fd = open(name, O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -errno;
    if (flock(fd, LOCK_EX | LOCK_NB) < 0)
        return errno == EWOULDBLOCK ? -EADDRINUSE : -errno;
    return TAKE_FD(fd);
}

static int remove_stale(const struct sockaddr_un *address)
{
    struct stat st;

    if (lstat(address->sun_path, &st) < 0)
        return errno == ENOENT ? 0 : -errno;
    if (!S_ISSOCK(st.st_mode))
        return -EEXIST;
    if (somebody_listens(address))
        return -EADDRINUSE;
    return unlink(address->sun_path) < 0 ? -errno : 0;
}

/* A socket's mode is what the creator's umask leaves at the moment of bind(). */
static int bind_with(int fd, const struct sockaddr_un *address, mode_t mode)
{
    mode_t mask = umask(~mode & 0777);
    int r = bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? -errno : 0;

    umask(mask);
    return r;
}

/* The mode is right from the first moment, the group before listen(): until then nobody can connect. The
 * process's own is said too: a folder may hand its group down to whatever is made in it. Whoever owns a
 * socket may give it to any group that he is in, without a privilege. */
static int bind_and_listen(int fd, const struct sockaddr_un *address, mode_t mode, gid_t group)
{
    int r = bind_with(fd, address, mode);

    if (r < 0)
        return r;
    if (fchownat(AT_FDCWD, address->sun_path, (uid_t)-1, group, AT_SYMLINK_NOFOLLOW) < 0 ||
        listen(fd, SOMAXCONN) < 0) {
        r = -errno;
        (void)unlink(address->sun_path);
    }
    return r;
}

static int make(const char *path, mode_t mode, gid_t group, struct listen_socket *ret)
{
    _cleanup_(closep) int fd = -1, lock_fd = -1;
    _cleanup_(freep) char *copy = strdup(path);
    struct sockaddr_un address;
    int r;

    if (!copy)
        return -ENOMEM;
    r = set_path(&address, path);
    if (r < 0)
        return r;
    lock_fd = lock(path);
    if (lock_fd < 0)
        return lock_fd;
    r = remove_stale(&address);
    if (r < 0)
        return r;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    r = bind_and_listen(fd, &address, mode, group);
    if (r < 0)
        return r;
    *ret = (struct listen_socket){
        .fd = TAKE_FD(fd), .lock_fd = TAKE_FD(lock_fd), .path = TAKE_PTR(copy)};
    return 0;
}

static const char *advice(int error)
{
    switch (error) {
    case -EADDRINUSE:
        return "another daemon listens there: stop it, or choose another --socket";
    case -EEXIST:
        return "there is something that is no socket: move it away, or choose another --socket";
    case -ENOENT:
        return "its folder does not exist: make it, or choose another --socket";
    case -EPERM:
        return "this user may not give a socket to socket_group";
    default:
        return "choose another --socket";
    }
}

int listen_socket_make(const char *path, mode_t mode, gid_t group, struct listen_socket *ret,
                       char **ret_error)
{
    int r = make(path, mode, group, ret);

    if (r < 0 &&
        asprintf(ret_error, "cannot listen on %s: %s; %s", path, strerror(-r), advice(r)) < 0)
        *ret_error = NULL;
    return r;
}

void listen_socket_done(struct listen_socket *s)
{
    if (!s->path)
        return;
    (void)unlink(s->path);
    free(s->path);
    close(s->lock_fd);
    *s = (struct listen_socket){.fd = -1, .lock_fd = -1};
}

static int refuse_folder(const char *folder, bool system, int error, char **ret_error)
{
    const char *remedy = !system          ? "correct XDG_RUNTIME_DIR"
                         : geteuid() == 0 ? "mend its parent"
                                          : "set XDG_RUNTIME_DIR to a folder of yours";

    if (asprintf(ret_error, "cannot listen in the folder %s: %s; %s, or choose a --socket", folder,
                 strerror(error), remedy) < 0)
        *ret_error = NULL;
    return -error;
}

int listen_default_path(char **ret, char **ret_error)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    bool system = geteuid() == 0 || !runtime || *runtime != '/';
    mode_t mode = system ? 0755 : 0700;
    _cleanup_(freep) char *folder = NULL, *path = NULL;

    if (asprintf(&folder, "%s/latchkey", system ? "/run" : runtime) < 0) {
        folder = NULL;
        return -ENOMEM;
    }
    if (asprintf(&path, "%s/latchkey.sock", folder) < 0) {
        path = NULL;
        return -ENOMEM;
    }
    /* Whatever our umask is: the socket's group has to get to it. */
    if ((mkdir(folder, mode) == 0 ? chmod(folder, mode) < 0 : errno != EEXIST) ||
        faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) < 0)
        return refuse_folder(folder, system, errno, ret_error);
    *ret = TAKE_PTR(path);
    return 0;
}
