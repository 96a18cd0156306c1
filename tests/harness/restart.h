/* SPDX-License-Identifier: MIT */
/* Restarts of the daemon, with what systemd keeps between them. */
#ifndef RESTART_H
#define RESTART_H

#include "daemon.h"

/* One cloud, `main`, that is the sandbox's, which is started too; `more` as for daemon_cloud(). */
struct daemon *restart_begin(const char *more);

/* As `systemctl restart` has it, or as a crash does; with the same configuration, or another one. */
struct daemon *restart(struct daemon *d, bool crash);
struct daemon *restart_with(struct daemon *d, bool crash, const char *config);

/* How many sessions are kept by now. */
size_t restart_kept(struct daemon *d);

/* How many logins the sandbox has been asked for. */
long long restart_attempts(void);

#endif
