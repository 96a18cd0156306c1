/* SPDX-License-Identifier: MIT */
/*
 * Catalogs, laid out flat as one row of endpoints, and the single endpoint that the daemon chose.
 */
#include <errno.h>

#include "client.h"

struct lk_endpoint {
    const node *service; /* has type and name */
    const node *place;   /* has the rest */
    const char *type_key;
    struct document *document; /* NULL: the endpoint is part of a catalog */
};

struct lk_catalog {
    struct document *document;
    size_t n_endpoints;
    lk_endpoint *endpoints;
};

DEFINE_CLEANUP(lk_catalog *, lk_catalog_free)
DEFINE_CLEANUP(lk_endpoint *, lk_endpoint_free)

static int catalog_lay_out(lk_catalog *catalog)
{
    const node *services = node_member(document_root(catalog->document), "services");
    size_t total = 0;

    if (!node_is_array(services))
        return -EPROTO;
    for (size_t i = 0; i < node_count(services); i++)
        total += node_count(node_member(node_at(services, i), "endpoints"));
    catalog->endpoints = calloc(total + 1, sizeof(*catalog->endpoints));
    if (!catalog->endpoints)
        return -ENOMEM;

    for (size_t i = 0; i < node_count(services); i++) {
        const node *service = node_at(services, i);
        const node *places = node_member(service, "endpoints");

        for (size_t j = 0; j < node_count(places); j++)
            catalog->endpoints[catalog->n_endpoints++] =
                (lk_endpoint){.service = service, .place = node_at(places, j), .type_key = "type"};
    }
    return 0;
}

int lk_catalog_get(lk_client *client, const char *cloud, const char *service, const char *region,
                   const char *interface, lk_catalog **ret_catalog, lk_error **ret_error)
{
    _cleanup_(lk_catalog_freep) lk_catalog *catalog = calloc(1, sizeof(*catalog));
    struct target_query queries[] = {
        {"service", service}, {"region", region}, {"interface", interface}};
    struct client_question question = {.method = "GET",
                                       .cloud = cloud,
                                       .resource = "catalog",
                                       .queries = queries,
                                       .n_queries = ARRAY_SIZE(queries)};
    int r;

    if (!catalog)
        return -ENOMEM;
    r = client_ask_document(client, &question, NULL, &catalog->document, ret_error);
    if (r != 0)
        return r;
    r = catalog_lay_out(catalog);
    if (r < 0)
        return client_error(client, r, ret_error);
    *ret_catalog = TAKE_PTR(catalog);
    return 0;
}

void lk_catalog_free(lk_catalog *catalog)
{
    if (!catalog)
        return;
    document_free(catalog->document);
    free(catalog->endpoints);
    free(catalog);
}

size_t lk_catalog_count(const lk_catalog *catalog)
{
    return catalog->n_endpoints;
}

const lk_endpoint *lk_catalog_at(const lk_catalog *catalog, size_t index)
{
    return index < catalog->n_endpoints ? &catalog->endpoints[index] : NULL;
}

const char *lk_catalog_json(const lk_catalog *catalog)
{
    return document_text(catalog->document);
}

int lk_endpoint_get(lk_client *client, const char *cloud, const char *service, const char *region,
                    const char *interface, lk_endpoint **ret_endpoint, lk_error **ret_error)
{
    _cleanup_(lk_endpoint_freep) lk_endpoint *endpoint = calloc(1, sizeof(*endpoint));
    struct target_query queries[] = {
        {"service", service}, {"region", region}, {"interface", interface}};
    struct client_question question = {.method = "GET",
                                       .cloud = cloud,
                                       .resource = "endpoint",
                                       .queries = queries,
                                       .n_queries = ARRAY_SIZE(queries)};
    int r;

    if (!endpoint)
        return -ENOMEM;
    r = client_ask_document(client, &question, "url", &endpoint->document, ret_error);
    if (r != 0)
        return r;
    endpoint->service = document_root(endpoint->document);
    endpoint->place = endpoint->service;
    endpoint->type_key = "service";
    *ret_endpoint = TAKE_PTR(endpoint);
    return 0;
}

void lk_endpoint_free(lk_endpoint *endpoint)
{
    if (!endpoint)
        return;
    document_free(endpoint->document);
    free(endpoint);
}

const char *lk_endpoint_service(const lk_endpoint *endpoint)
{
    return node_string(endpoint->service, endpoint->type_key);
}

const char *lk_endpoint_name(const lk_endpoint *endpoint)
{
    return node_string(endpoint->service, "name");
}

const char *lk_endpoint_region(const lk_endpoint *endpoint)
{
    return node_string(endpoint->place, "region");
}

const char *lk_endpoint_interface(const lk_endpoint *endpoint)
{
    return node_string(endpoint->place, "interface");
}

const char *lk_endpoint_url(const lk_endpoint *endpoint)
{
    return node_string(endpoint->place, "url");
}

const char *lk_endpoint_tenant_id(const lk_endpoint *endpoint)
{
    return node_string(endpoint->place, "tenant_id");
}

const char *lk_endpoint_json(const lk_endpoint *endpoint)
{
    return endpoint->document ? document_text(endpoint->document) : NULL;
}
