/* SPDX-License-Identifier: MIT */
#include "cloud_private.h"

#include "log.h"
#include "schedule.h"

#include <errno.h>
#include <sys/random.h>

#define TIMER_ACCURACY (10 * USEC_PER_MSEC)
/* A service that writes its times in milliseconds cuts off what is behind them: only after that is the
 * token as dead for the service as it is for us. */
#define AFTER_THE_END (5 * USEC_PER_MSEC)

static const char *const state_names[_CLOUD_STATE_MAX] = {
    [CLOUD_STARTING] = "starting",     [CLOUD_READY] = "ready",   [CLOUD_RENEWING] = "renewing",
    [CLOUD_DEGRADED] = "degraded",     [CLOUD_FAILED] = "failed", [CLOUD_REJECTED] = "rejected",
    [CLOUD_SIGNED_OUT] = "signed-out",
};

const char *cloud_state_name(enum cloud_state state)
{
    return state_names[state];
}

uint32_t cloud_dice(void)
{
    uint32_t dice;

    /* Early at boot the kernel may have no randomness to give yet; the time is better than no jitter. */
    if (getrandom(&dice, sizeof(dice), GRND_NONBLOCK) != sizeof(dice))
        dice = (uint32_t)(clock_boottime() * 2654435761U);
    return dice;
}

struct session *cloud_session_at(const struct cloud *c, usec_t now)
{
    return c->session && now < c->session->deadline ? c->session : NULL;
}

struct session *cloud_session(const struct cloud *c)
{
    return cloud_session_at(c, clock_boottime());
}

/*
 * Whether the token has ended since the timer last looked, and the next one is to be had at once: a
 * service that hands the same token back while it lives has another only now. Not after a failed
 * login, which has its own time, nor for tokens so short that it would make a loop.
 */
static bool has_just_ended(const struct cloud *c)
{
    usec_t now = clock_boottime();

    return c->session && now >= c->session->deadline && c->failures == 0 && c->credential &&
           c->timer && now - c->generation_since >= USEC_PER_SEC;
}

bool cloud_is_logging_in(const struct cloud *c)
{
    return c->login || has_just_ended(c);
}

/* ---- state */

static enum cloud_state state_of(const struct cloud *c)
{
    if (cloud_session(c)) {
        if (c->login)
            return CLOUD_RENEWING;
        return c->last_problem ? CLOUD_DEGRADED : CLOUD_READY;
    }
    if (!c->credential)
        return CLOUD_SIGNED_OUT;
    if (c->last_problem)
        return c->last_problem->code == PROBLEM_CREDENTIALS_REJECTED ? CLOUD_REJECTED
                                                                     : CLOUD_FAILED;
    return c->login && !c->session && !c->ran_out ? CLOUD_STARTING : CLOUD_FAILED;
}

static void set_state(struct cloud *c, enum cloud_state state)
{
    const struct problem *p = c->last_problem;
    struct log_fields fields = {
        .cloud = c->config.name,
        .state = state_names[state],
        .code = p ? problem_word(p->code) : NULL,
    };
    int priority = LOG_INFO;

    if (c->state == state)
        return;
    if (state == CLOUD_DEGRADED || state == CLOUD_SIGNED_OUT)
        priority = LOG_WARNING;
    else if (state == CLOUD_FAILED || state == CLOUD_REJECTED)
        priority = LOG_ERR;
    else if (state == CLOUD_RENEWING || c->state == CLOUD_RENEWING)
        priority = LOG_DEBUG; /* every renewal that goes well says so in one line already */
    log_with(priority, &fields, "cloud %s is %s", c->config.name, state_names[state]);
    if (state == CLOUD_SIGNED_OUT && p)
        log_with(LOG_WARNING, &fields, "%s", p->detail);
    c->state = state;
    c->host->changed(c, c->host->userdata);
}

static usec_t next_event(const struct cloud *c)
{
    usec_t due = USEC_INFINITY;

    if (!c->login && c->credential)
        due = c->next_attempt;
    if (c->session && session_ends(c->session) && c->session->deadline + AFTER_THE_END < due)
        due = c->session->deadline + AFTER_THE_END;
    return due;
}

void cloud_update(struct cloud *c)
{
    usec_t due;

    if (!c->timer)
        return;
    set_state(c, state_of(c));
    due = next_event(c);
    if (due == USEC_INFINITY) {
        (void)sd_event_source_set_enabled(c->timer, SD_EVENT_OFF);
        return;
    }
    (void)sd_event_source_set_time(c->timer, due);
    (void)sd_event_source_set_enabled(c->timer, SD_EVENT_ONESHOT);
}

static int on_timer(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata)
{
    struct cloud *c = userdata;
    bool at_once = has_just_ended(c);

    if (c->session && !cloud_session(c)) {
        cloud_drop_session(c);
        c->ran_out = true;
    }
    if (!c->login && c->credential && (at_once || c->next_attempt <= clock_boottime()))
        (void)cloud_login(c);
    cloud_update(c);
    return 0;
}

bool cloud_backs_off(const struct cloud *c, usec_t now)
{
    return c->failures > 0 && now < c->next_attempt;
}

void cloud_plan_login(struct cloud *c, usec_t when)
{
    if (c->next_attempt > when)
        c->next_attempt = when;
    cloud_update(c);
}

void cloud_fail(struct cloud *c, struct problem *problem)
{
    problem_free(c->last_problem);
    c->last_problem = problem;
    c->last_problem_at = problem ? clock_realtime() : 0;
}

void cloud_drop_session(struct cloud *c)
{
    session_unref(c->session);
    c->session = NULL;
    cloud_page_update(c);
    store_remove(c->host->store, c->config.name);
}

struct problem *cloud_explain(const struct cloud *c)
{
    if (c->last_problem)
        return problem_copy(c->last_problem);
    if (!c->credential)
        return problem_new(PROBLEM_SIGNED_OUT,
                           "No credential is held for cloud %s: give it a credential_file, or run "
                           "`latchkey --cloud %s login`.",
                           c->config.name, c->config.name);
    return problem_new(PROBLEM_NOT_READY,
                       "Cloud %s has no usable token yet: ask again in a moment.", c->config.name);
}

int64_t cloud_refresh_in(const struct cloud *c)
{
    usec_t now = clock_boottime();

    if (!c->credential || c->next_attempt == USEC_INFINITY)
        return -1;
    return c->login || c->next_attempt <= now ? 0
                                              : (int64_t)((c->next_attempt - now) / USEC_PER_SEC);
}

/* ---- waiters */

void cloud_wait(struct cloud *c, struct cloud_waiter *w)
{
    cloud_waiter_cancel(w);
    w->next = c->waiters;
    if (w->next)
        w->next->link = &w->next;
    w->link = &c->waiters;
    c->waiters = w;
    if (c->login)
        identity_attempt_hurry(c->login);
}

void cloud_waiter_cancel(struct cloud_waiter *w)
{
    if (!w->link)
        return;
    *w->link = w->next;
    if (w->next)
        w->next->link = w->link;
    w->link = NULL;
    w->next = NULL;
}

void cloud_wake(struct cloud *c)
{
    struct cloud_waiter *waiters = c->waiters;

    /* Those who wait again land in the list anew and are not looked at twice. */
    c->waiters = NULL;
    if (waiters)
        waiters->link = &waiters;
    while (waiters) {
        struct cloud_waiter *w = waiters;

        cloud_waiter_cancel(w);
        w->wake(w);
    }
}

/* ---- life */

int cloud_new(const struct cloud_host *host, struct cloud **ret)
{
    _cleanup_(cloud_unrefp) struct cloud *c = calloc(1, sizeof(*c));
    int r;

    if (!c)
        return -ENOMEM;
    c->refs = 1;
    c->host = host;
    c->state = _CLOUD_STATE_MAX;
    c->next_attempt = USEC_INFINITY;
    c->salt = (uint64_t)cloud_dice() << 32 | cloud_dice();
    r = sd_event_add_time(host->event, &c->timer, CLOCK_BOOTTIME, 0, TIMER_ACCURACY, on_timer, c);
    if (r >= 0)
        r = sd_event_source_set_enabled(c->timer, SD_EVENT_OFF);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(c);
    return 0;
}

struct cloud *cloud_ref(struct cloud *c)
{
    c->refs++;
    return c;
}

static void stop_logins(struct cloud *c)
{
    identity_attempt_free(TAKE_PTR(c->login));
    c->timer = sd_event_source_disable_unref(c->timer);
    c->logins_finished = c->logins_started;
}

void cloud_stop(struct cloud *c)
{
    stop_logins(c);
    cloud_retire_page(c);
    cloud_break_off_revocations(c);
    cloud_wake(c);
}

/* No login may be under way then: its token would be one that nobody revokes. */
void cloud_leave(struct cloud *c)
{
    stop_logins(c);
    cloud_retire_page(c);
    if (cloud_will_revoke(c))
        cloud_revoke_and_drop(c);
    cloud_wake(c);
}

void cloud_remove(struct cloud *c)
{
    c->removed = true;
    cloud_leave(c);
    store_remove(c->host->store, c->config.name);
}

void cloud_unref(struct cloud *c)
{
    if (!c || --c->refs > 0)
        return;
    identity_attempt_free(c->login);
    cloud_break_off_revocations(c);
    sd_event_source_disable_unref(c->timer);
    cloud_retire_page(c);
    session_unref(c->session);
    credential_free(c->credential);
    credential_free(c->previous);
    problem_free(c->last_problem);
    identity_place_done(&c->place);
    cloud_config_done(&c->config);
    free(c);
}
