/* SPDX-License-Identifier: MIT */
#include "session.h"

#include "secret.h"

#include <errno.h>
#include <string.h>

struct session *session_new(void)
{
    _cleanup_(session_unrefp) struct session *s = calloc(1, sizeof(*s));

    if (!s)
        return NULL;
    s->refs = 1;
    s->catalog = catalog_new();
    if (!s->catalog)
        return NULL;
    return TAKE_PTR(s);
}

struct session *session_ref(struct session *s)
{
    s->refs++;
    return s;
}

static void role_done(struct session_role *role)
{
    free(role->id);
    free(role->name);
    free(role->description);
}

void session_unref(struct session *s)
{
    if (!s || --s->refs > 0)
        return;
    if (s->prepared)
        s->prepared_free(s->prepared);
    for (size_t i = 0; i < s->n_roles; i++)
        role_done(&s->roles[i]);
    free(s->roles);
    secret_free(s->token);
    free(s->user_id);
    free(s->user_name);
    free(s->default_region);
    free(s->tenant_id);
    free(s->tenant_name);
    catalog_free(s->catalog);
    free(s->document);
    free(s);
}

int session_add_role(struct session *s, const char *id, const char *name, const char *description)
{
    struct session_role role = {0}, *roles;

    roles = reallocarray(s->roles, s->n_roles + 1, sizeof(*roles));
    if (!roles)
        return -ENOMEM;
    s->roles = roles;

    role.id = strdup(id);
    role.name = strdup(name);
    role.description = description ? strdup(description) : NULL;
    if (!role.id || !role.name || (description && !role.description)) {
        role_done(&role);
        return -ENOMEM;
    }
    s->roles[s->n_roles++] = role;
    return 0;
}

bool session_ends(const struct session *s)
{
    return s->deadline != USEC_INFINITY;
}

uint64_t session_seconds_left(const struct session *s, usec_t now_boottime)
{
    return s->deadline > now_boottime ? (s->deadline - now_boottime) / USEC_PER_SEC : 0;
}
