/* SPDX-License-Identifier: MIT */
/*
 * Who may do what: rule × caller × operation → verdict. A policy is a value that does not change once it
 * is built, so that whoever holds a reference knows what was decided by; a reload makes another one. Pure:
 * users and groups were looked up when it was built, and nothing here waits.
 *
 * Without a rule everybody may do everything but touch the credential, which is for root and the daemon's
 * own user. With one, what no rule allows is refused, to root too.
 */
#ifndef POLICY_H
#define POLICY_H

#include "catalog.h"
#include "peer.h"

#include <stdbool.h>

enum operation {
    OPERATION_STATUS,
    OPERATION_IDENTITY,
    OPERATION_CATALOG,
    OPERATION_TOKEN,
    OPERATION_REFRESH,
    OPERATION_CREDENTIAL,
    OPERATION_PROXY,
    OPERATION_METRICS,
    _OPERATION_MAX,
};

/* Their words in a rule, and the other way round; _OPERATION_MAX: there is none. */
extern const char *const operation_names[_OPERATION_MAX];
enum operation operation_find(const char *word);

/* ---- rules */

/* Names or patterns, of which one has to match. None: the key is not given, and all match. */
struct policy_words {
    char **word;
    size_t n;
};

/* Users or groups. */
struct policy_ids {
    bool given;
    bool everybody;
    id_t *id;
    size_t n;
};

#define POLICY_ANY "*"
/* Before a unit's pattern: it is one of the user's own, whom nobody keeps from calling it so. */
#define POLICY_USER_UNIT "user:"

struct policy_rule {
    char *name;

    /* Who: all that are given have to match. */
    struct policy_ids users;
    struct policy_ids groups;    /* the peer's own or a supplementary one */
    struct policy_words units;   /* fnmatch() patterns, as are the two below */
    struct policy_words sockets; /* names of listening sockets */
    struct policy_words clouds;

    bool operations[_OPERATION_MAX];
    bool any_operation; /* the credential only for those who may touch it anyway */

    /* What a signed request has to be. */
    struct policy_words services; /* any names of the catalog's */
    struct policy_words regions;  /* whole; case does not count */
    struct policy_words methods;
    struct policy_words paths; /* patterns as in policy_path.h */
};

/* For those who build rules. A text is copied. 0 or -ENOMEM. */
int policy_words_add(struct policy_words *words, const char *word);
int policy_ids_add(struct policy_ids *ids, id_t id);
bool policy_rule_has(const struct policy_rule *rule, enum operation operation);
void policy_rule_done(struct policy_rule *rule);

struct policy {
    unsigned refs;
    char *source; /* where the rules stand, for errors; NULL: nowhere */
    uid_t own_uid;
    struct policy_rule *rules;
    size_t n_rules;
};

/* One reference, no rules. `source` may be NULL, and is copied. 0 or -ENOMEM. */
int policy_new(const char *source, uid_t own_uid, struct policy **ret);
/* Takes the rule over and leaves it empty; on -ENOMEM it is the caller's still. */
int policy_add_rule(struct policy *p, struct policy_rule *rule);
struct policy *policy_ref(struct policy *p);
void policy_unref(struct policy *p);
DEFINE_CLEANUP(struct policy *, policy_unref)

/* ---- verdicts */

struct policy_verdict {
    bool allowed;
    const char *rule; /* the name of the first that allows it, the policy's; NULL: there are none */
};

/* Whether the caller may do that to a cloud of that name, which need not exist; NULL: to any. For a signed
 * request that is the first of two questions. */
struct policy_verdict policy_decide(const struct policy *p, const struct peer *peer,
                                    const char *cloud, enum operation operation);

struct policy_header {
    const char *name, *value;
};

/* A signed request as it will be sent. */
struct policy_call {
    const struct catalog *catalog;
    const struct service *service; /* the entry of it that was chosen */
    const char *region;            /* NULL: the endpoint has none */
    const char *method;
    const char *target; /* raw, behind the endpoint's own path, with the query; may be "" */
    const struct policy_header *headers;
    size_t n_headers;
};

struct policy_verdict policy_decide_call(const struct policy *p, const struct peer *peer,
                                         const char *cloud, const struct policy_call *call);

/* Whether the caller may know that there is such a cloud: he may do something to it. */
bool policy_sees(const struct policy *p, const struct peer *peer, const char *cloud);

#endif
