/* SPDX-License-Identifier: MIT */
#include "policy.h"

#include "policy_detour.h"
#include "policy_path.h"

#include <errno.h>
#include <fnmatch.h>
#include <string.h>
#include <strings.h>

const char *const operation_names[_OPERATION_MAX] = {
    [OPERATION_STATUS] = "status",   [OPERATION_IDENTITY] = "identity",
    [OPERATION_CATALOG] = "catalog", [OPERATION_TOKEN] = "token",
    [OPERATION_REFRESH] = "refresh", [OPERATION_CREDENTIAL] = "credential",
    [OPERATION_PROXY] = "proxy",     [OPERATION_METRICS] = "metrics",
};

enum operation operation_find(const char *word)
{
    size_t i = 0;

    while (i < _OPERATION_MAX && strcmp(operation_names[i], word) != 0)
        i++;
    return (enum operation)i;
}

/* ---- the value */

int policy_words_add(struct policy_words *words, const char *word)
{
    char **grown = reallocarray(words->word, words->n + 1, sizeof(*grown));

    if (!grown)
        return -ENOMEM;
    words->word = grown;
    grown[words->n] = strdup(word);
    if (!grown[words->n])
        return -ENOMEM;
    words->n++;
    return 0;
}

int policy_ids_add(struct policy_ids *ids, id_t id)
{
    id_t *grown = reallocarray(ids->id, ids->n + 1, sizeof(*grown));

    if (!grown)
        return -ENOMEM;
    ids->id = grown;
    grown[ids->n++] = id;
    return 0;
}

static void words_done(struct policy_words *words)
{
    for (size_t i = 0; i < words->n; i++)
        free(words->word[i]);
    free(words->word);
}

bool policy_rule_has(const struct policy_rule *rule, enum operation operation)
{
    return rule->any_operation || rule->operations[operation];
}

void policy_rule_done(struct policy_rule *rule)
{
    free(rule->name);
    free(rule->users.id);
    free(rule->groups.id);
    words_done(&rule->units);
    words_done(&rule->sockets);
    words_done(&rule->clouds);
    words_done(&rule->services);
    words_done(&rule->regions);
    words_done(&rule->methods);
    words_done(&rule->paths);
    *rule = (struct policy_rule){0};
}

int policy_new(const char *source, uid_t own_uid, struct policy **ret)
{
    _cleanup_(policy_unrefp) struct policy *p = calloc(1, sizeof(*p));

    if (!p)
        return -ENOMEM;
    p->refs = 1;
    p->own_uid = own_uid;
    p->source = source ? strdup(source) : NULL;
    if (source && !p->source)
        return -ENOMEM;
    *ret = TAKE_PTR(p);
    return 0;
}

int policy_add_rule(struct policy *p, struct policy_rule *rule)
{
    struct policy_rule *grown = reallocarray(p->rules, p->n_rules + 1, sizeof(*grown));

    if (!grown)
        return -ENOMEM;
    p->rules = grown;
    grown[p->n_rules++] = *rule;
    *rule = (struct policy_rule){0};
    return 0;
}

struct policy *policy_ref(struct policy *p)
{
    p->refs++;
    return p;
}

void policy_unref(struct policy *p)
{
    if (!p || --p->refs > 0)
        return;
    for (size_t i = 0; i < p->n_rules; i++)
        policy_rule_done(&p->rules[i]);
    free(p->rules);
    free(p->source);
    free(p);
}

/* ---- who */

static bool has_id(const struct policy_ids *ids, id_t id)
{
    for (size_t i = 0; i < ids->n; i++)
        if (ids->id[i] == id)
            return true;
    return ids->everybody;
}

static bool users_match(const struct policy_rule *rule, const struct peer *peer)
{
    return !rule->users.given || has_id(&rule->users, peer->uid);
}

static bool groups_match(const struct policy_rule *rule, const struct peer *peer)
{
    bool matches = !rule->groups.given || has_id(&rule->groups, peer->gid);

    for (size_t i = 0; !matches && i < peer->n_groups; i++)
        matches = has_id(&rule->groups, peer->groups[i]);
    return matches;
}

/* Names of units have backslashes. */
static bool is_like(const char *pattern, const char *name)
{
    return name && fnmatch(pattern, name, FNM_NOESCAPE) == 0;
}

static bool one_is_like(const struct policy_words *patterns, const char *name)
{
    for (size_t i = 0; i < patterns->n; i++)
        if (is_like(patterns->word[i], name))
            return true;
    return patterns->n == 0;
}

/* A unit that is not known is in no rule. */
static bool units_match(const struct policy_rule *rule, const struct peer *peer)
{
    static const size_t prefix = sizeof(POLICY_USER_UNIT) - 1;

    for (size_t i = 0; i < rule->units.n; i++) {
        const char *pattern = rule->units.word[i];
        bool is_users = strncmp(pattern, POLICY_USER_UNIT, prefix) == 0;

        if (is_like(is_users ? pattern + prefix : pattern, is_users ? peer->user_unit : peer->unit))
            return true;
    }
    return rule->units.n == 0;
}

static bool names(const struct policy_rule *rule, const struct peer *peer)
{
    return users_match(rule, peer) && groups_match(rule, peer) && units_match(rule, peer) &&
           one_is_like(&rule->sockets, peer->socket);
}

/* ---- what */

static bool may_touch_credentials(const struct policy *p, const struct peer *peer)
{
    return peer->uid == 0 || peer->uid == p->own_uid;
}

static bool grants(const struct policy *p, const struct policy_rule *rule, const struct peer *peer,
                   const char *cloud, enum operation operation)
{
    if (!names(rule, peer) || (cloud && !one_is_like(&rule->clouds, cloud)))
        return false;
    if (rule->operations[operation])
        return true;
    return rule->any_operation &&
           (operation != OPERATION_CREDENTIAL || may_touch_credentials(p, peer));
}

struct policy_verdict policy_decide(const struct policy *p, const struct peer *peer,
                                    const char *cloud, enum operation operation)
{
    if (p->n_rules == 0)
        return (struct policy_verdict){
            .allowed = operation != OPERATION_CREDENTIAL || may_touch_credentials(p, peer),
        };
    for (size_t i = 0; i < p->n_rules; i++)
        if (grants(p, &p->rules[i], peer, cloud, operation))
            return (struct policy_verdict){true, p->rules[i].name};
    return (struct policy_verdict){0};
}

bool policy_sees(const struct policy *p, const struct peer *peer, const char *cloud)
{
    for (size_t i = 0; i < p->n_rules; i++)
        if (names(&p->rules[i], peer) && one_is_like(&p->rules[i].clouds, cloud))
            return true;
    return p->n_rules == 0;
}

/* ---- the signed request */

static bool is_any(const char *word)
{
    return strcmp(word, POLICY_ANY) == 0;
}

/* The service is the one that a request by the rule's name for it would come to. */
static bool services_match(const struct policy_rule *rule, const struct policy_call *call)
{
    for (size_t i = 0; i < rule->services.n; i++)
        if (is_any(rule->services.word[i]) ||
            catalog_name_means(call->catalog, rule->services.word[i], call->service))
            return true;
    return rule->services.n == 0;
}

static bool regions_match(const struct policy_rule *rule, const struct policy_call *call)
{
    for (size_t i = 0; i < rule->regions.n; i++)
        if (is_any(rule->regions.word[i]) ||
            (call->region && strcasecmp(rule->regions.word[i], call->region) == 0))
            return true;
    return rule->regions.n == 0;
}

/* Services answer these with the request as it came to them, the token in it. */
static bool shows_the_token(const char *method)
{
    return strcasecmp(method, "TRACE") == 0 || strcasecmp(method, "TRACK") == 0;
}

static bool methods_match(const struct policy_rule *rule, const struct policy_call *call)
{
    bool needs_its_word = shows_the_token(call->method);

    for (size_t i = 0; i < rule->methods.n; i++)
        if (strcmp(rule->methods.word[i], call->method) == 0 ||
            (is_any(rule->methods.word[i]) && !needs_its_word))
            return true;
    return rule->methods.n == 0 && !needs_its_word;
}

static bool paths_match(const struct policy_rule *rule, const struct policy_call *call)
{
    return rule->paths.n == 0 ||
           policy_path_matches((const char *const *)rule->paths.word, rule->paths.n, call->target,
                               strcspn(call->target, "?"), POLICY_PATH_ITSELF);
}

static bool has_no_detour(const struct policy_rule *rule, const struct policy_call *call)
{
    return (rule->paths.n == 0 && rule->methods.n == 0) ||
           (policy_detour_headers_pass(rule, call->headers, call->n_headers) &&
            policy_detour_query_passes(rule, call->target));
}

struct policy_verdict policy_decide_call(const struct policy *p, const struct peer *peer,
                                         const char *cloud, const struct policy_call *call)
{
    for (size_t i = 0; i < p->n_rules; i++) {
        const struct policy_rule *rule = &p->rules[i];

        if (grants(p, rule, peer, cloud, OPERATION_PROXY) && services_match(rule, call) &&
            regions_match(rule, call) && methods_match(rule, call) && paths_match(rule, call) &&
            has_no_detour(rule, call))
            return (struct policy_verdict){true, rule->name};
    }
    return (struct policy_verdict){.allowed = p->n_rules == 0};
}
