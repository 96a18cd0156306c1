/* SPDX-License-Identifier: MIT */
#include "peer.h"

#include "cleanup.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <systemd/sd-login.h>

/* Linux 6.5; older headers lack it. These two count their own way. */
#if !defined(SO_PEERPIDFD) && !defined(__sparc__) && !defined(__hppa__)
#define SO_PEERPIDFD 77
#endif

/* As many as fit at the first attempt, else the kernel says how many there are. */
#define GROUPS_USUAL 32

int peer_get(int fd, const char *socket, struct peer *ret)
{
    struct ucred ucred;
    socklen_t size = sizeof(ucred);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &ucred, &size) < 0)
        return -errno;
    *ret = (struct peer){.uid = ucred.uid, .gid = ucred.gid, .pid = ucred.pid, .socket = socket};
    return 0;
}

static int get_groups(int fd, struct peer *p)
{
    socklen_t size = GROUPS_USUAL * sizeof(gid_t);

    for (;;) {
        gid_t *groups = size > 0 ? malloc(size) : NULL;

        if (!groups)
            return size > 0 ? -ENOMEM : 0;
        if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) == 0) {
            p->groups = groups;
            p->n_groups = size / sizeof(gid_t);
            return 0;
        }
        free(groups);
        if (errno != ERANGE)
            return -errno;
    }
}

/*
 * The process itself and not whoever has its number: the socket remembers which one connected. An older
 * kernel opens whoever has the number now, a moment behind the connection.
 */
static int pin(int fd, pid_t pid)
{
    int pidfd;

#ifdef SO_PEERPIDFD
    socklen_t size = sizeof(pidfd);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &size) == 0)
        return pidfd;
    if (errno != ENOPROTOOPT)
        return -errno;
#endif
    pidfd = pidfd_open(pid, 0);
    return pidfd < 0 ? -errno : pidfd;
}

bool peer_is_alive(int pidfd)
{
    struct pollfd pollfd = {.fd = pidfd, .events = POLLIN};

    return poll(&pollfd, 1, 0) == 0;
}

static void forget_units(struct peer *p)
{
    free(TAKE_PTR(p->unit));
    free(TAKE_PTR(p->user_unit));
}

int peer_complete(int fd, struct peer *p, int *ret_pidfd)
{
    _cleanup_(closep) int pidfd = -1;
    int r = get_groups(fd, p);

    if (r < 0)
        return r;
    /* To sd_pid_get_unit() 0 is ourselves. */
    if (p->pid <= 0)
        return 0;
    pidfd = pin(fd, p->pid);
    if (pidfd < 0)
        return 0;

    r = sd_pid_get_unit(p->pid, &p->unit);
    if (r >= 0 && !strncmp(p->unit, "user@", 5))
        (void)sd_pid_get_user_unit(p->pid, &p->user_unit);
    if (!peer_is_alive(pidfd)) {
        forget_units(p);
        return 0;
    }
    if (r != -ESRCH && r != -EACCES && r != -EPERM)
        return 0;
    *ret_pidfd = TAKE_FD(pidfd);
    return PEER_HIDDEN;
}

void peer_done(struct peer *p)
{
    free(p->groups);
    forget_units(p);
    *p = (struct peer){0};
}
