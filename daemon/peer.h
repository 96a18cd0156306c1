/* SPDX-License-Identifier: MIT */
/* Who is at the other end of a connection, as the kernel says, taken once when it is made. */
#ifndef PEER_H
#define PEER_H

#include <sys/types.h>

struct peer {
    uid_t uid;
    gid_t gid;
    pid_t pid;
};

/* 0 or a negative errno. */
int peer_get(int fd, struct peer *ret);

#endif
