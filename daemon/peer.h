/* SPDX-License-Identifier: MIT */
/*
 * Who is at the other end of a connection, as the kernel says, taken once when it is made; nothing of
 * it comes from what the client sends.
 *
 * User, groups and pid are those of the process that connected, at that moment. Its unit is looked up by
 * its pid, which another process may have by then: so the process is pinned first, and its unit counts
 * only if it is still there behind the look-up. One that is gone has none.
 */
#ifndef PEER_H
#define PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct peer {
    uid_t uid;
    gid_t gid;
    pid_t pid;     /* 0: the process is in a pid namespace that we do not see */
    gid_t *groups; /* the supplementary ones */
    size_t n_groups;
    char *unit;         /* the system's unit that the process is in; NULL: none, or not known */
    char *user_unit;    /* the user's own unit; NULL: none, or not known */
    const char *socket; /* the name of the listening socket, static or the listener's; never NULL */
};

/* User, group and pid: enough to refuse somebody. 0 or a negative errno. `socket` is borrowed. */
int peer_get(int fd, const char *socket, struct peer *ret);

/*
 * The rest: groups, and the units as far as /proc shows them. 0, also without a unit; PEER_HIDDEN when
 * /proc does not show the process, then ret_pidfd pins it for whoever else can be asked; or a
 * negative errno.
 */
#define PEER_HIDDEN 1
int peer_complete(int fd, struct peer *p, int *ret_pidfd);

/* Whether the process that a descriptor pins still runs. */
bool peer_is_alive(int pidfd);

void peer_done(struct peer *p);

#endif
