/* SPDX-License-Identifier: MIT */
/*
 * What a 401 means. The token may have died before its time: then one login cures everybody who met
 * it. Or the resource answers 401 whatever the token (no right to it, an expired temporary URL, an
 * identity service that the service itself cannot reach): then no login helps, and logging in for
 * each would lock the account. The two look alike, so that it is tried once and remembered.
 */
#include "cloud_private.h"

#include "schedule.h"

#define INCURABLE_FIRST (10 * USEC_PER_SEC)
#define INCURABLE_MOST (300 * USEC_PER_SEC)

static size_t find_incurable(const struct cloud_challenges *ch, uint64_t resource)
{
    size_t i = 0;

    while (i < CLOUD_INCURABLES &&
           (ch->incurable[i].times == 0 || ch->incurable[i].resource != resource))
        i++;
    return i;
}

void cloud_challenge_failed(struct cloud *c, uint64_t resource)
{
    struct cloud_challenges *ch = &c->challenge;
    size_t i = find_incurable(ch, resource);
    usec_t wait = INCURABLE_FIRST;

    if (i == CLOUD_INCURABLES) {
        i = ch->next++ % CLOUD_INCURABLES;
        ch->incurable[i].times = 0;
    }
    for (unsigned n = 0; n < ch->incurable[i].times && wait < INCURABLE_MOST; n++)
        wait *= 2;
    ch->incurable[i].resource = resource;
    ch->incurable[i].times++;
    ch->incurable[i].until = clock_boottime() + wait;
}

void cloud_accepted(struct cloud *c, uint64_t generation, uint64_t resource)
{
    struct cloud_challenges *ch = &c->challenge;
    size_t i = find_incurable(ch, resource);

    if (generation > ch->accepted)
        ch->accepted = generation;
    if (i < CLOUD_INCURABLES)
        ch->incurable[i].times = 0;
}

static bool is_incurable(const struct cloud_challenges *ch, uint64_t resource, usec_t now)
{
    size_t i = find_incurable(ch, resource);

    return i < CLOUD_INCURABLES && now < ch->incurable[i].until;
}

enum cloud_challenge cloud_challenge(struct cloud *c, uint64_t generation, uint64_t resource,
                                     bool again)
{
    struct cloud_challenges *ch = &c->challenge;
    usec_t now = clock_boottime();
    usec_t earliest = ch->last + SCHEDULE_INTERVAL;

    if (c->session && c->session->generation > generation && cloud_session(c))
        return CHALLENGE_RETRY;
    if (c->session && !c->session->token)
        return CHALLENGE_FINAL; /* nobody is there to log in to */
    if (c->login || (again && ch->login_due))
        return CHALLENGE_WAIT;
    if (again || !c->credential || is_incurable(ch, resource, now) || cloud_backs_off(c, now))
        return CHALLENGE_FINAL;
    if (ch->last == 0 || now >= earliest) {
        ch->login_due = true;
        (void)cloud_login(c);
        return c->login ? CHALLENGE_WAIT : CHALLENGE_FINAL;
    }
    /*
     * Too soon for another login. If the token that the last one brought was never taken by any
     * service, logging in is no cure, and the 401 is the answer. If it was, it has died since, and
     * the request is worth the wait.
     */
    if ((ch->brought == generation && ch->accepted < generation) || c->failures > 0)
        return CHALLENGE_FINAL;
    ch->login_due = true;
    cloud_plan_login(c, earliest);
    return CHALLENGE_WAIT;
}
