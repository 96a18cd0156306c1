/* SPDX-License-Identifier: MIT */
/* Where a request meets the access rules: the verdict is asked for, kept with what it was decided by, and a
 * refusal is logged and told, all in one place. */
#include "exchange.h"

#include "listen.h"

#include <errno.h>
#include <string.h>

static bool keep_verdict(struct exchange *x, struct policy_verdict verdict)
{
    if (!verdict.allowed)
        return false;
    /* The rule's name lives as long as its policy. */
    policy_unref(x->policy);
    x->policy = policy_ref(x->host->policy);
    x->rule = verdict.rule;
    return true;
}

bool exchange_may(struct exchange *x, const char *cloud, enum operation operation)
{
    x->operation = operation;
    return keep_verdict(x, policy_decide(x->host->policy, x->request->peer, cloud, operation));
}

bool exchange_may_call(struct exchange *x, const struct policy_call *call)
{
    return keep_verdict(
        x, policy_decide_call(x->host->policy, x->request->peer, x->cloud->config.name, call));
}

bool exchange_may_still(struct exchange *x)
{
    if (x->policy == x->host->policy ||
        exchange_may(x, x->cloud ? x->cloud->config.name : NULL, x->operation))
        return true;
    exchange_problem(x, exchange_denied(x, NULL));
    return false;
}

/* ---- refusals */

/* The record has no name that somebody made up. */
static const char *known_cloud(const struct exchange *x)
{
    const char *asked = x->target.segments[1];
    const struct cloud *cloud = x->cloud ? x->cloud
                                : asked  ? clouds_find(x->host->clouds, asked)
                                         : NULL;

    return cloud ? cloud->config.name : NULL;
}

static char *describe(const struct peer *peer)
{
    bool is_usual = strcmp(peer->socket, LISTEN_OWN_NAME) == 0;
    char *text;

    if (asprintf(&text, "uid %u, pid %d%s%s%s%s%s%s", peer->uid, peer->pid,
                 peer->unit ? ", unit " : "", peer->unit ? peer->unit : "",
                 peer->user_unit ? ", user unit " : "", peer->user_unit ? peer->user_unit : "",
                 is_usual ? "" : ", socket ", is_usual ? "" : peer->socket) < 0)
        return NULL;
    return text;
}

struct problem *exchange_denied(struct exchange *x, const char *what)
{
    const struct peer *peer = x->request->peer;
    const struct policy *policy = x->host->policy;
    _cleanup_(freep) char *who = describe(peer);

    audit_refusal(x->host->audit, peer, operation_names[x->operation], known_cloud(x),
                  PROBLEM_DENIED);
    if (policy->n_rules == 0)
        return problem_new(PROBLEM_DENIED,
                           "Only root and the daemon's own user may touch the credential; you are "
                           "uid %u.",
                           peer->uid);
    /* The same whether there is such a cloud or not. */
    return who ? problem_new(PROBLEM_DENIED,
                             "No rule of %s allows you this (%s%s%s): you are %s. A section "
                             "[allow NAME] that names you would.",
                             policy->source ? policy->source : "the configuration",
                             operation_names[x->operation], what ? ", " : "", what ? what : "", who)
               : NULL;
}

/* ---- what the caller gets to know */

static bool shows(const struct exchange *x, const struct cloud *cloud, enum operation operation)
{
    const struct policy *p = x->host->policy;
    const struct peer *peer = x->request->peer;

    return operation == _OPERATION_MAX
               ? policy_sees(p, peer, cloud->config.name)
               : policy_decide(p, peer, cloud->config.name, operation).allowed;
}

int exchange_clouds(const struct exchange *x, enum operation operation, struct clouds *ret)
{
    const struct clouds *all = x->host->clouds;
    struct clouds shown = {0};

    shown.all = calloc(all->n + 1, sizeof(struct cloud *));
    if (!shown.all)
        return -ENOMEM;
    for (size_t i = 0; i < all->n; i++) {
        if (!shows(x, all->all[i], operation))
            continue;
        shown.all[shown.n++] = all->all[i];
        if (all->all[i] == all->preset)
            shown.preset = all->preset;
    }
    *ret = shown;
    return 0;
}
