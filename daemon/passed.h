/* SPDX-License-Identifier: MIT */
/* What systemd has passed to us when it started us, in any order: sockets to listen on, and sessions that lay in
 * its file descriptor store. Each goes to whom it is for. */
#ifndef PASSED_H
#define PASSED_H

#include "server.h"
#include "store.h"

/*
 * The server serves the sockets, under their names (FileDescriptorName=), unless it has one of its own: then
 * they are closed, and nobody waits at one that is not served. How many it serves; or a negative errno, with
 * ret_error set to a sentence that says what to do, when there is something that is for nobody. To be asked
 * once: the environment forgets them.
 */
int passed_take(struct server *server, bool has_own, struct store *store, char **ret_error);

#endif
