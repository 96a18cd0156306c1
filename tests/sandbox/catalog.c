/* SPDX-License-Identifier: MIT */
/* See catalog.h. */
#include "catalog.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cleanup.h"

/*
 * What a service's endpoints have in common. A public URL is BASE[/REGION]PATH/TENANT; a service
 * without regions has one endpoint, and a prefix of its own in PATH.
 */
static const struct service {
    const char *name;
    const char *type;
    const char *regions[3];
    const char *path;
    const char *version;
    bool files;
    bool internal;
} services[] = {
    {"cloudLoadBalancers", "rax:load-balancer", {"ORD", "DFW"}, "/v1.0"},
    {"cloudFiles", "object-store", {"DFW", "ORD"}, "/v1", .files = true, .internal = true},
    {"cloudServersOpenStack", "compute", {"DFW", "ORD"}, "/v2", .version = "2"},
    {"cloudDNS", "rax:dns", {NULL}, "/dns/v1.0"},
    {"cloudDatabases", "rax:database", {"DFW", "ORD"}, "/db/v1.0"},
    {"cloudServers", "compute", {NULL}, "/servers/v1.0", .version = "1.0"},
    {"cloudFilesCDN", "rax:object-cdn", {"DFW", "ORD"}, "/cdn/v1", .files = true},
    {"cloudMonitoring", "rax:monitor", {NULL}, "/monitoring/v1.0"},
};

static json_t *endpoint(const struct sandbox *s, const struct service *service, const char *region)
{
    const char *tenant = service->files ? CATALOG_FILES_TENANT : s->options.tenant_id;
    const char *slash = region ? "/" : "";
    const char *place = region ? region : "";
    json_t *json = json_object();

    if (service->internal)
        json_object_set_new(
            json, "internalURL",
            json_sprintf("%s/snet-%s%s/%s", s->base_url, place, service->path, tenant));
    json_object_set_new(
        json, "publicURL",
        json_sprintf("%s%s%s%s/%s", s->base_url, slash, place, service->path, tenant));
    if (region)
        json_object_set_new(json, "region", json_string(region));
    json_object_set_new(json, "tenantId", json_string(tenant));
    if (service->version) {
        json_object_set_new(json, "versionId", json_string(service->version));
        json_object_set_new(json, "versionInfo",
                            json_sprintf("%s%s%s%s", s->base_url, slash, place, service->path));
        json_object_set_new(json, "versionList",
                            json_sprintf("%s%s%s/", s->base_url, slash, place));
    }
    return json;
}

static json_t *entry(const char *name, const char *type, json_t *endpoints)
{
    return json_pack("{s:o,s:s,s:s}", "endpoints", endpoints, "name", name, "type", type);
}

static json_t *regular_entry(const struct sandbox *s, const struct service *service)
{
    json_t *endpoints = json_array();

    for (const char *const *region = service->regions; *region; region++)
        json_array_append_new(endpoints, endpoint(s, service, *region));
    if (!service->regions[0])
        json_array_append_new(endpoints, endpoint(s, service, NULL));
    return entry(service->name, service->type, endpoints);
}

static json_t *extra_entry(const struct sandbox *s, const struct sandbox_service *service)
{
    json_t *json =
        json_pack("{s:s,s:s}", "publicURL", service->url, "tenantId", s->options.tenant_id);

    if (*service->region)
        json_object_set_new(json, "region", json_string(service->region));
    return entry(service->name, service->type, json_pack("[o]", json));
}

static json_t *catalog(const struct sandbox *s)
{
    char echo_url[96];
    const struct sandbox_service echo = {
        .name = (char[]){"sandboxEcho"},
        .type = (char[]){"x-echo"},
        .region = (char[]){""},
        .url = echo_url,
    };
    json_t *json = json_array();

    snprintf(echo_url, sizeof(echo_url), "%s/echo", s->base_url);
    for (size_t i = 0; i < ARRAY_SIZE(services); i++)
        json_array_append_new(json, regular_entry(s, &services[i]));
    json_array_append_new(json, extra_entry(s, &echo));
    for (size_t i = 0; i < s->options.service_count; i++)
        json_array_append_new(json, extra_entry(s, &s->options.services[i]));
    return json;
}

static json_t *show_token(const struct sandbox *s, const struct token *token)
{
    char expires[CLOCK_TEXT_MAX];
    json_t *json;

    clock_write(token->end_wall + s->settings.clock_offset, s->settings.expires_format, expires);
    json = json_pack("{s:s,s:s}", "expires", expires, "id", token->id);
    if (!s->settings.omit_tenant)
        json_object_set_new(
            json, "tenant",
            json_pack("{s:s,s:s}", "id", s->options.tenant_id, "name", CATALOG_TENANT_NAME));
    return json;
}

static json_t *show_user(const struct sandbox *s)
{
    return json_pack("{s:s,s:s,s:s,s:[{s:s,s:s,s:s},{s:s,s:s,s:s}]}", "RAX-AUTH:defaultRegion",
                     s->settings.default_region, "id", "123456", "name", s->settings.username,
                     "roles", "description", "User Admin Role.", "id", "3", "name",
                     "identity:user-admin", "description", "Files Administrator Role.", "id", "5",
                     "name", "object-store:admin");
}

json_t *catalog_access(const struct sandbox *s, const struct token *token, bool with_catalog)
{
    json_t *access = json_object();

    if (with_catalog)
        json_object_set_new(access, "serviceCatalog", catalog(s));
    json_object_set_new(access, "token", show_token(s, token));
    json_object_set_new(access, "user", show_user(s));
    return json_pack("{s:o}", "access", access);
}
