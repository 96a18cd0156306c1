/* SPDX-License-Identifier: MIT */
/*
 * The endpoints that a cloud's configuration gives in place of the catalog's, with keys as
 * openstacksdk spells them: a service's name and `_endpoint_override`. Two names of one service are
 * two keys for one thing, so that it is the catalog's type that counts.
 */
#include "catalog.h"
#include "config_keys.h"
#include "template.h"

#include <errno.h>
#include <string.h>

static const char suffix[] = "-endpoint-override";

static bool ends_the_key(const char *p)
{
    size_t i = 0;

    while (suffix[i] && (p[i] == suffix[i] || (p[i] == '_' && suffix[i] == '-')))
        i++;
    return !suffix[i] && !p[i];
}

size_t config_override_service(const char *key)
{
    size_t length = strlen(key);

    if (length <= strlen(suffix))
        return 0;
    length -= strlen(suffix);
    return ends_the_key(key + length) ? length : 0;
}

static int overrides_grow(struct cloud_config *c)
{
    struct service_override *grown = reallocarray(c->overrides, c->n_overrides + 1, sizeof(*grown));

    if (!grown)
        return -ENOMEM;
    c->overrides = grown;
    grown[c->n_overrides] = (struct service_override){0};
    return 0;
}

int cloud_config_add_override(struct cloud_config *c, const char *service, const char *url)
{
    _cleanup_(freep) char *type = NULL, *name = NULL, *copy = NULL;
    int r;

    if (!*service || template_check(url) < 0)
        return -EINVAL;
    r = config_parse_url(url, &copy);
    if (r < 0)
        return r;
    type = catalog_type(service);
    name = strdup(service);
    if (!type || !name)
        return -ENOMEM;
    for (size_t i = 0; i < c->n_overrides; i++)
        if (strcmp(c->overrides[i].type, type) == 0)
            return -EEXIST;
    if (overrides_grow(c) < 0)
        return -ENOMEM;
    c->overrides[c->n_overrides++] =
        (struct service_override){TAKE_PTR(name), TAKE_PTR(type), TAKE_PTR(copy)};
    return 0;
}

int cloud_config_copy_overrides(const struct cloud_config *from, struct cloud_config *to)
{
    for (size_t i = 0; i < from->n_overrides; i++) {
        int r = cloud_config_add_override(to, from->overrides[i].service, from->overrides[i].url);

        if (r < 0 && r != -EEXIST)
            return r;
    }
    return 0;
}

bool cloud_config_overrides_equal(const struct cloud_config *a, const struct cloud_config *b)
{
    if (a->n_overrides != b->n_overrides)
        return false;
    for (size_t i = 0; i < a->n_overrides; i++)
        if (strcmp(a->overrides[i].service, b->overrides[i].service) != 0 ||
            strcmp(a->overrides[i].url, b->overrides[i].url) != 0)
            return false;
    return true;
}

void cloud_config_overrides_done(struct cloud_config *c)
{
    for (size_t i = 0; i < c->n_overrides; i++) {
        free(c->overrides[i].service);
        free(c->overrides[i].type);
        free(c->overrides[i].url);
    }
    free(c->overrides);
}
