/* SPDX-License-Identifier: MIT */
#include "catalog.h"

#include <errno.h>
#include <string.h>

struct catalog *catalog_new(void)
{
    return calloc(1, sizeof(struct catalog));
}

static void endpoint_done(struct endpoint *e)
{
    free(e->region);
    free(e->interface);
    free(e->url);
    free(e->tenant_id);
}

static void service_done(struct service *s)
{
    for (size_t i = 0; i < s->n_endpoints; i++)
        endpoint_done(&s->endpoints[i]);
    free(s->endpoints);
    free(s->why_none);
    free(s->type);
    free(s->name);
}

void catalog_free(struct catalog *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->n_services; i++)
        service_done(&c->services[i]);
    free(c->services);
    free(c);
}

/* Room for one more in an array that doubles whenever its length is a power of two; NULL without
 * memory, the array is untouched then. */
static void *grow(void *items, size_t n, size_t size)
{
    if ((n & (n - 1)) != 0)
        return items;
    return reallocarray(items, n > 0 ? 2 * n : 1, size);
}

int catalog_add_service(struct catalog *c, const char *type, const char *name,
                        struct service **ret_service)
{
    struct service *services = grow(c->services, c->n_services, sizeof(*services));
    struct service s = {0};

    if (!services)
        return -ENOMEM;
    c->services = services;

    s.type = strdup(type);
    s.name = strdup(name);
    if (!s.type || !s.name) {
        service_done(&s);
        return -ENOMEM;
    }
    services[c->n_services] = s;
    *ret_service = &services[c->n_services++];
    return 0;
}

/* 0 with a copy, or with NULL where there is nothing to copy. */
static int copy_optional(const char *text, char **ret)
{
    char *copy = NULL;

    if (text && *text) {
        copy = strdup(text);
        if (!copy)
            return -ENOMEM;
    }
    *ret = copy;
    return 0;
}

int service_add_endpoint(struct service *s, const char *region, const char *interface,
                         const char *url, const char *tenant_id)
{
    struct endpoint *endpoints = grow(s->endpoints, s->n_endpoints, sizeof(*endpoints));
    struct endpoint e = {0};

    if (!endpoints)
        return -ENOMEM;
    s->endpoints = endpoints;

    e.interface = strdup(interface);
    e.url = strdup(url);
    if (!e.interface || !e.url || copy_optional(region, &e.region) < 0 ||
        copy_optional(tenant_id, &e.tenant_id) < 0) {
        endpoint_done(&e);
        return -ENOMEM;
    }
    endpoints[s->n_endpoints++] = e;
    return 0;
}

int service_drop_endpoints(struct service *s, const char *why)
{
    char *copy;

    if (copy_optional(why, &copy) < 0)
        return -ENOMEM;
    for (size_t i = 0; i < s->n_endpoints; i++)
        endpoint_done(&s->endpoints[i]);
    free(TAKE_PTR(s->endpoints));
    s->n_endpoints = 0;
    free(s->why_none);
    s->why_none = copy;
    return 0;
}
