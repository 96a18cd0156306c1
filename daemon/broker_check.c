/* SPDX-License-Identifier: MIT */
/*
 * The check that an operator makes before the service runs: each cloud logs in once, in the way in which it
 * will then, and has a line that says how it went. There is no socket, and systemd is told nothing.
 */
#include "broker_private.h"

#include <stdio.h>
#include <string.h>

static bool check_done(const struct cloud *c)
{
    return !c->credential || c->logins_finished > 0;
}

static bool report(const struct cloud *c)
{
    _cleanup_(problem_freep) struct problem *p = NULL;
    const struct session *s = cloud_session(c);

    if (s && !s->token) {
        printf("%s: ok: there is no identity service, nobody logs in\n", c->config.name);
        return true;
    }
    if (s) {
        printf("%s: ok: logged in as %s, the token lives for %llu s, %zu service%s%s\n",
               c->config.name, s->user_name ? s->user_name : "?",
               (unsigned long long)session_seconds_left(s, clock_boottime()),
               s->catalog->n_services, s->catalog->n_services == 1 ? "" : "s",
               c->config.verify_ssl ? "" : "; NOT VERIFIED, for it has verify_ssl = no");
        return true;
    }
    p = cloud_explain(c);
    if (p)
        printf("%s: %s: %s\n", c->config.name, problem_word(p->code), p->detail);
    return false;
}

int broker_check(struct broker *b)
{
    _cleanup_(freep) char *error = NULL;
    bool all_well = true;
    int r;

    /* forgiving: each cloud has its line */
    r = clouds_configure(&b->clouds, &b->cloud_host, b->config, true, &error);
    if (r < 0) {
        printf("%s\n", error ? error : strerror(-r));
        return 1;
    }
    for (size_t i = 0; i < b->clouds.n; i++) {
        while (!check_done(b->clouds.all[i]) && r >= 0)
            r = sd_event_run(b->event, UINT64_MAX);
        all_well &= report(b->clouds.all[i]);
    }
    return all_well && r >= 0 ? 0 : 1;
}
