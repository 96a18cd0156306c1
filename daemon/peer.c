/* SPDX-License-Identifier: MIT */
#include "peer.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <systemd/sd-login.h>

/* As many as fit at the first attempt, else the kernel says how many there are. */
#define GROUPS_USUAL 32

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

int peer_get(int fd, const char *socket, struct peer *ret)
{
    struct peer p = {.socket = socket};
    struct ucred ucred;
    socklen_t size = sizeof(ucred);
    int r;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &ucred, &size) < 0)
        return -errno;
    p.uid = ucred.uid;
    p.gid = ucred.gid;
    p.pid = ucred.pid;
    r = get_groups(fd, &p);
    if (r < 0)
        return r;
    (void)sd_pid_get_unit(p.pid, &p.unit);
    (void)sd_pid_get_user_unit(p.pid, &p.user_unit);
    *ret = p;
    return 0;
}

void peer_done(struct peer *p)
{
    free(p->groups);
    free(p->unit);
    free(p->user_unit);
    *p = (struct peer){0};
}
