/* SPDX-License-Identifier: MIT */
#include "restart.h"

#include "sandbox.h"
#include "stage.h"

struct daemon *restart_begin(const char *more)
{
    sandbox_start(NULL);
    return daemon_start(&(struct daemon_options){.config = daemon_cloud("main", more)});
}

struct daemon *restart_with(struct daemon *d, bool crash, const char *config)
{
    if (crash)
        process_kill(&d->process);
    else
        daemon_stop(d);
    return daemon_start(&(struct daemon_options){.config = config, .after = d});
}

struct daemon *restart(struct daemon *d, bool crash)
{
    return restart_with(d, crash, stage_read(d->config, NULL));
}

size_t restart_kept(struct daemon *d)
{
    size_t n;

    (void)notify_kept(d->notify, &n);
    return n;
}

long long restart_attempts(void)
{
    return sandbox_count("login_attempt_times");
}
