/* SPDX-License-Identifier: MIT */
/*
 * What the daemon is told to be, at the start and anew with SIGHUP. A reload takes nothing from a
 * configuration that has a mistake: everything goes on as before, and the log says why.
 */
#include "broker_private.h"

#include "audit.h"
#include "log.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <systemd/sd-daemon.h>

int broker_load_config(const struct broker_options *o, struct config **ret, char **ret_error)
{
    int r;

    if (o->from_env)
        return config_from_environment(ret, ret_error);
    if (!o->credential_file && !o->auth_url)
        return config_load(o->config_path, ret, ret_error);
    r = config_default(o->credential_file, o->auth_url, ret);
    if (r == -EINVAL)
        *ret_error = strdup("--auth-url takes the URL of an identity service, for example "
                            "https://identity.api.rackspacecloud.com/v2.0");
    return r;
}

void broker_apply_config(struct broker *b)
{
    const struct config *c = b->config;

    log_set_level(b->options.log_level >= 0 ? b->options.log_level : c->log_level);
    quota_set_limits(b->quota, &c->quotas);
    for (size_t i = 0; i < c->n_warnings; i++)
        log_warning("%s", c->warnings[i]);
    for (size_t i = 0; i < c->n_clouds; i++)
        if (!c->clouds[i].verify_ssl)
            log_warning("cloud %s has verify_ssl = no: ANYBODY ON THE WAY CAN TAKE THE KEY AND THE "
                        "TOKEN; give ca_file instead",
                        c->clouds[i].name);
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && !strcmp(a, b));
}

static int reload(struct broker *b, char **ret_error)
{
    struct config *fresh = NULL, *old = b->config;
    int r;

    r = broker_load_config(&b->options, &fresh, ret_error);
    if (r < 0)
        return r;
    r = clouds_configure(&b->clouds, &b->cloud_host, fresh, false, ret_error);
    if (r < 0) {
        config_free(fresh);
        return r;
    }
    if (!same_text(old->socket, fresh->socket) || old->socket_group != fresh->socket_group ||
        old->socket_mode != fresh->socket_mode)
        log_warning("%s: socket, socket_mode and socket_group count from the next restart on",
                    fresh->path);
    b->config = fresh;
    b->exchange_host.policy =
        fresh->policy;               /* for those too who wait: the clouds have woken them */
    clouds_retire_pages(&b->clouds); /* and for who has a token before him: he asks again */
    config_free(old);
    config_forget_keys(b->config);
    broker_apply_config(b);
    broker_notify_patience(b);
    return 0;
}

int broker_on_reload(sd_event_source *source _unused_, const struct signalfd_siginfo *si,
                     void *userdata)
{
    const struct peer sender = {.uid = si->ssi_uid, .gid = LOG_NO_GID, .pid = (pid_t)si->ssi_pid};
    _cleanup_(freep) char *error = NULL;
    struct broker *b = userdata;
    int r = 0;

    (void)sd_notifyf(false, "RELOADING=1\nMONOTONIC_USEC=%llu\nSTATUS=reloading",
                     (unsigned long long)clock_monotonic());
    if (!b->options.from_env)
        r = reload(b, &error);
    if (b->options.from_env)
        log_notice("there is nothing to reload: the configuration came from the environment");
    else
        audit_reload(si->ssi_code == SI_USER ? &sender : NULL,
                     r < 0 ? (error ? error : strerror(-r)) : NULL);
    broker_notify_status(b);
    if (b->ready)
        (void)sd_notify(false, "READY=1");
    return 0;
}
