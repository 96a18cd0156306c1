/* SPDX-License-Identifier: MIT */
/*
 * Who is at the other end of a connection, as the kernel says, taken once when it is made; nothing of
 * it comes from what the client sends.
 */
#ifndef PEER_H
#define PEER_H

#include <stddef.h>
#include <sys/types.h>

struct peer {
    uid_t uid;
    gid_t gid;
    pid_t pid;
    gid_t *groups; /* the supplementary ones */
    size_t n_groups;
    char *unit;         /* the system's unit that the process is in; NULL: none, or not known */
    char *user_unit;    /* the user's own unit; NULL: none, or not known */
    const char *socket; /* the name of the listening socket, static or the listener's; never NULL */
};

/* 0 or a negative errno. `socket` is borrowed. */
int peer_get(int fd, const char *socket, struct peer *ret);
void peer_done(struct peer *p);

#endif
