/* SPDX-License-Identifier: MIT */
/*
 * How much each user may have at a time of what all of them share: connections, requests under way, long
 * polls that wait. Counts by uid, and says when it is enough. Pure; a user who has nothing costs
 * nothing.
 */
#ifndef QUOTA_H
#define QUOTA_H

#include "cleanup.h"

#include <stdint.h>
#include <sys/types.h>

enum quota_kind {
    QUOTA_CONNECTIONS,
    QUOTA_REQUESTS,
    QUOTA_WAITING,
    QUOTA_LIMITS, /* those above have a limit of their own */
    /* connections over the limit, which are let in to be told so: as many again */
    QUOTA_FAREWELLS = QUOTA_LIMITS,
    _QUOTA_MAX,
};

/* At a time, for each user; 0: no limit. */
struct quota_limits {
    unsigned most[QUOTA_LIMITS];
};

/* What the configuration calls the limit, and what people call the thing. */
const char *quota_key(enum quota_kind kind);
const char *quota_noun(enum quota_kind kind);

struct quota;

int quota_new(struct quota **ret);
void quota_free(struct quota *q);
DEFINE_CLEANUP(struct quota *, quota_free)

/* They count for what is taken from now on; nobody loses what he has. */
void quota_set_limits(struct quota *q, const struct quota_limits *limits);
unsigned quota_limit(const struct quota *q, enum quota_kind kind);

/* One more for that user, who gives it back: 0; QUOTA_OVER, which is counted: he has as many as he may
 * have; -ENOMEM. */
#define QUOTA_OVER 1
int quota_take(struct quota *q, enum quota_kind kind, uid_t uid);
void quota_give_back(struct quota *q, enum quota_kind kind, uid_t uid);

/* How many that user has, how many users have something, and how often it was too many. */
unsigned quota_taken(const struct quota *q, enum quota_kind kind, uid_t uid);
size_t quota_users(const struct quota *q);
uint64_t quota_refused(const struct quota *q, enum quota_kind kind);

#endif
