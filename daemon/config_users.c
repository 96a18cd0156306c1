/* SPDX-License-Identifier: MIT */
#include "config_users.h"

#include <errno.h>
#include <fnmatch.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>

/* What users and groups have in common. */
struct kind {
    bool (*find)(const char *name, id_t *ret);
    void (*begin)(void);
    const char *(*next)(id_t *ret); /* its name; NULL at the end */
    void (*end)(void);
};

static bool find_user(const char *name, id_t *ret)
{
    const struct passwd *user = getpwnam(name);

    if (user)
        *ret = user->pw_uid;
    return user;
}

static const char *next_user(id_t *ret)
{
    const struct passwd *user = getpwent();

    if (!user)
        return NULL;
    *ret = user->pw_uid;
    return user->pw_name;
}

static bool find_group(const char *name, id_t *ret)
{
    const struct group *group = getgrnam(name);

    if (group)
        *ret = group->gr_gid;
    return group;
}

static const char *next_group(id_t *ret)
{
    const struct group *group = getgrent();

    if (!group)
        return NULL;
    *ret = group->gr_gid;
    return group->gr_name;
}

static const struct kind users = {find_user, setpwent, next_user, endpwent};
static const struct kind groups = {find_group, setgrent, next_group, endgrent};

static int add_number(const char *word, struct policy_ids *ids)
{
    unsigned long long number;

    errno = 0;
    number = strtoull(word, NULL, 10);
    if (errno || number >= (id_t)-1) /* which stands for nobody in the kernel's calls */
        return -EINVAL;
    return policy_ids_add(ids, (id_t)number);
}

static int add_all_like(const struct kind *kind, const char *pattern, struct policy_ids *ids)
{
    const char *name;
    int r = 0;
    size_t before = ids->n;
    id_t id;

    kind->begin();
    while (r >= 0 && (name = kind->next(&id)))
        if (fnmatch(pattern, name, FNM_NOESCAPE) == 0)
            r = policy_ids_add(ids, id);
    kind->end();
    return r < 0 ? r : ids->n == before;
}

static int add(const struct kind *kind, const char *word, struct policy_ids *ids)
{
    id_t id;

    ids->given = true;
    if (strcmp(word, POLICY_ANY) == 0) {
        ids->everybody = true;
        return 0;
    }
    if (!word[strspn(word, "0123456789")])
        return add_number(word, ids);
    if (strpbrk(word, "*?["))
        return add_all_like(kind, word, ids);
    return kind->find(word, &id) ? policy_ids_add(ids, id) : 1;
}

int config_users_add(const char *word, struct policy_ids *ids)
{
    return add(&users, word, ids);
}

int config_groups_add(const char *word, struct policy_ids *ids)
{
    return add(&groups, word, ids);
}
