/* SPDX-License-Identifier: MIT */
/*
 * The service catalog as a value, in the identity service's order, and the choice of one endpoint
 * out of it. Nothing here waits, logs or knows a protocol: the providers fill a catalog in,
 * everybody else only reads it.
 */
#ifndef CATALOG_H
#define CATALOG_H

#include "problem.h"

#include <stdbool.h>
#include <stddef.h>

struct endpoint {
    char *region;    /* NULL: serves every region */
    char *interface; /* "public", "internal" or "admin" */
    char *url;
    char *tenant_id; /* NULL: the catalog does not say */
};

struct service {
    char *type;
    char *name;
    struct endpoint *endpoints;
    size_t n_endpoints;
    char *why_none; /* why it has no endpoint; NULL: the identity service gave none */
};

struct catalog {
    struct service *services;
    size_t n_services;
};

struct catalog *catalog_new(void);
void catalog_free(struct catalog *c);
DEFINE_CLEANUP(struct catalog *, catalog_free)

/*
 * Appends a service, an endpoint; the strings are copied, `region` and `tenant_id` may be NULL and
 * an empty one counts as NULL. The pointer that comes back in ret_service is good until the next
 * service is appended. 0 or a negative errno.
 */
int catalog_add_service(struct catalog *c, const char *type, const char *name,
                        struct service **ret_service);
int service_add_endpoint(struct service *s, const char *region, const char *interface,
                         const char *url, const char *tenant_id);

/* Takes the endpoints of a service away. `why`, which may be NULL, is a sentence for those who ask for
 * one then; it is copied. 0 or -ENOMEM, with nothing changed. */
int service_drop_endpoints(struct service *s, const char *why);

/* The type of an entry that stands for every service that has none of its own. */
#define CATALOG_ANY "*"

/* What a request asks for, and what the cloud and the user say where it is silent. Only `service`
 * must be set. */
struct endpoint_query {
    const char *service;
    const char *region;
    const char *interface;
    const char *cloud_region;    /* the cloud's `region` */
    const char *user_region;     /* the user's default region; "" counts as none */
    const char *cloud_interface; /* the cloud's `interface` */
};

struct endpoint_choice {
    const struct service *service;
    const struct endpoint *endpoint;
    const char *region; /* as the catalog spells it; NULL for an endpoint without one */
};

/*
 * Picks an endpoint by the rules of the contract. 0 with ret_choice set (it points into the
 * catalog), 1 with ret_problem set (unknown-service, unknown-region, region-required,
 * unknown-interface, each listing what there is), or -ENOMEM.
 */
int catalog_choose(const struct catalog *c, const struct endpoint_query *query,
                   struct endpoint_choice *ret_choice, struct problem **ret_problem);

/* The catalog types that a well-known other name stands for (catalog_alias.c), the likeliest first
 * and NULL at the end; or NULL when it is no such name. `_` and `-` are the same, case does not
 * count. */
const char *const *catalog_alias(const char *name);

/* The type that an OpenStack catalog has for a service that goes by that name: the official one where
 * there is one, else the name with `-` for `_`, in lower case. The caller frees it; NULL without memory. */
char *catalog_type(const char *name);

/* Whether a catalog entry answers to this name, by the type, the type without "rax:", the name or
 * an alias: for filters. The exact name of a first-generation entry stands for that entry alone. */
int service_matches(const struct service *s, const char *name);

/* Whether a request that names the service so comes to that entry of the catalog, or, for want of a region,
 * may come to it. */
bool catalog_name_means(const struct catalog *c, const char *name, const struct service *s);

/* Whether it is that interface: case does not count, and `publicURL`, as catalogs of version 2 write
 * it, is `public`. */
bool endpoint_is_interface(const struct endpoint *e, const char *asked);

/* All regions in the order of their first appearance, as a NULL-terminated array; free the array
 * only. NULL without memory. */
const char **catalog_regions(const struct catalog *c);

#endif
