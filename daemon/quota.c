/* SPDX-License-Identifier: MIT */
#include "quota.h"

#include <errno.h>
#include <search.h>

struct user {
    uid_t uid;
    unsigned taken[_QUOTA_MAX];
};

struct quota {
    void *users;       /* a tree, as tsearch() keeps it: a container's uids may be many */
    struct user *last; /* who took something last, and is likely to be next; NULL: nobody */
    size_t n_users;
    struct quota_limits limits;
    uint64_t refused[_QUOTA_MAX];
};

static const struct {
    const char *key, *noun;
} kinds[QUOTA_LIMITS] = {
    [QUOTA_CONNECTIONS] = {"connections_per_user", "connections"},
    [QUOTA_REQUESTS] = {"requests_per_user", "requests under way"},
    [QUOTA_WAITING] = {"waiting_per_user", "long polls waiting"},
};

const char *quota_key(enum quota_kind kind)
{
    return kinds[kind].key;
}

const char *quota_noun(enum quota_kind kind)
{
    return kinds[kind].noun;
}

static int compare(const void *a, const void *b)
{
    uid_t x = ((const struct user *)a)->uid, y = ((const struct user *)b)->uid;

    return (x > y) - (x < y);
}

static struct user *find(const struct quota *q, uid_t uid)
{
    const struct user key = {.uid = uid};
    struct user **node;

    if (q->last && q->last->uid == uid)
        return q->last;
    node = tfind(&key, &q->users, compare);
    return node ? *node : NULL;
}

static struct user *add(struct quota *q, uid_t uid)
{
    _cleanup_(freep) struct user *u = calloc(1, sizeof(*u));

    if (!u)
        return NULL;
    u->uid = uid;
    if (!tsearch(u, &q->users, compare))
        return NULL;
    q->n_users++;
    return TAKE_PTR(u);
}

static void remove_idle(struct quota *q, struct user *u)
{
    for (size_t i = 0; i < _QUOTA_MAX; i++)
        if (u->taken[i] > 0)
            return;
    (void)tdelete(u, &q->users, compare);
    if (q->last == u)
        q->last = NULL;
    q->n_users--;
    free(u);
}

int quota_new(struct quota **ret)
{
    struct quota *q = calloc(1, sizeof(*q));

    if (!q)
        return -ENOMEM;
    *ret = q;
    return 0;
}

void quota_free(struct quota *q)
{
    if (!q)
        return;
    tdestroy(q->users, free);
    free(q);
}

void quota_set_limits(struct quota *q, const struct quota_limits *limits)
{
    q->limits = *limits;
}

unsigned quota_limit(const struct quota *q, enum quota_kind kind)
{
    return q->limits.most[kind == QUOTA_FAREWELLS ? QUOTA_CONNECTIONS : kind];
}

int quota_take(struct quota *q, enum quota_kind kind, uid_t uid)
{
    struct user *u = find(q, uid);
    unsigned most = quota_limit(q, kind);

    if (u && most > 0 && u->taken[kind] >= most) {
        q->refused[kind]++;
        return QUOTA_OVER;
    }
    if (!u)
        u = add(q, uid);
    if (!u)
        return -ENOMEM;
    u->taken[kind]++;
    q->last = u;
    return 0;
}

void quota_give_back(struct quota *q, enum quota_kind kind, uid_t uid)
{
    struct user *u = find(q, uid);

    if (!u || u->taken[kind] == 0)
        return;
    u->taken[kind]--;
    remove_idle(q, u);
}

unsigned quota_taken(const struct quota *q, enum quota_kind kind, uid_t uid)
{
    const struct user *u = find(q, uid);

    return u ? u->taken[kind] : 0;
}

size_t quota_users(const struct quota *q)
{
    return q->n_users;
}

uint64_t quota_refused(const struct quota *q, enum quota_kind kind)
{
    return q->refused[kind];
}
