/* SPDX-License-Identifier: MIT */
#include "peer.h"

#include <errno.h>
#include <sys/socket.h>

int peer_get(int fd, struct peer *ret)
{
    struct ucred ucred;
    socklen_t size = sizeof(ucred);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &ucred, &size) < 0)
        return -errno;
    *ret = (struct peer){.uid = ucred.uid, .gid = ucred.gid, .pid = ucred.pid};
    return 0;
}
