/* SPDX-License-Identifier: MIT */
/* The socket to listen on when systemd passes none: made here, with its mode from its first moment and its
 * group before anybody can connect. */
#ifndef LISTEN_H
#define LISTEN_H

#include "cleanup.h"

#include <sys/types.h>

struct listen_socket {
    int fd;
    int lock_fd; /* held for as long as the socket is ours */
    char *path;
};

/*
 * Makes a socket at path. One that nobody listens on any more is replaced, one that somebody does
 * is not: -EADDRINUSE. 0 or a negative errno, with ret_error set to a sentence that says what to do.
 */
int listen_socket_make(const char *path, mode_t mode, gid_t group, struct listen_socket *ret,
                       char **ret_error);

/* Takes the path away again and gives the lock back; the descriptor has an owner of its own by
 * then. */
void listen_socket_done(struct listen_socket *s);

/* Where the socket of this user's daemon usually is: /run/latchkey for root, else
 * $XDG_RUNTIME_DIR/latchkey; the folder is made. 0 or a negative errno, with ret_error as above. */
int listen_default_path(char **ret, char **ret_error);

/* What systemd calls a socket of latchkeyd.socket, and we the one that is made here. */
#define LISTEN_OWN_NAME "latchkeyd.socket"

#endif
