/* SPDX-License-Identifier: MIT */
/*
 * How a cloud goes on where it was before a restart: what it lays down in the store with each new token, and
 * whether what comes back is still its own. A session that was made with another configuration or another
 * key is not; and one whose key was handed in over the socket is not laid down, for nobody could renew it.
 */
#include "cloud_private.h"

#include "log.h"
#include "schedule.h"

void cloud_keep(struct cloud *c)
{
    struct digest credential = credential_digest(c->credential, c->salt);
    const struct store_record record = {
        .cloud = c->config.name,
        .salt = c->salt,
        .configuration = cloud_config_digest(&c->config, c->salt),
        .credential = credential,
        .place = c->place.endpoint,
        .next_login = c->next_attempt,
        .session = c->session,
    };

    if (c->session->token && digest_equal(&credential, &c->configured))
        store_put(c->host->store, &record);
    else
        store_remove(c->host->store, c->config.name);
}

/* Why it is of no use; NULL: it is. */
static const char *why_unfit(const struct cloud *c, const struct store_record *r)
{
    struct digest configuration = cloud_config_digest(&c->config, r->salt);
    struct digest credential = credential_digest(c->credential, r->salt);

    if (!digest_equal(&configuration, &r->configuration))
        return "its configuration has changed";
    if (!c->credential)
        return "its credential is gone";
    if (!digest_equal(&credential, &r->credential))
        return "its credential has changed";
    if (clock_boottime() >= r->session->deadline)
        return "its token has ended";
    return NULL;
}

bool cloud_resume(struct cloud *c)
{
    _cleanup_(store_record_freep) struct store_record *r =
        store_take(c->host->store, c->config.name);
    struct log_fields fields = {.cloud = c->config.name};
    const char *why;

    if (!r)
        return false;
    /* Whatever becomes of it: who waits for a newer token has been told this one's number. */
    c->generation = r->session->generation;
    why = why_unfit(c, r);
    if (!why && identity_place_resume(&c->config, r->place, &c->place) < 0)
        why = "its identity service is elsewhere";
    if (why) {
        log_with(LOG_INFO, &fields,
                 "cloud %s: the session from before the restart is not used, for %s",
                 c->config.name, why);
        store_remove(c->host->store, c->config.name);
        return false;
    }
    c->session = TAKE_PTR(r->session);
    c->generation_since = c->session->obtained;
    c->next_attempt = schedule_resumption(clock_boottime(), r->next_login, cloud_dice());
    /* Under our own salt, and nothing else beside it. */
    cloud_keep(c);
    log_with(LOG_INFO, &fields,
             "cloud %s: token %llu was taken over from before the restart, and lives for %llu s",
             c->config.name, (unsigned long long)c->generation,
             (unsigned long long)session_seconds_left(c->session, clock_boottime()));
    return true;
}
