/* SPDX-License-Identifier: MIT */
/* See compute.h. Of a route's captures the first is the region, the second the tenant, the third an
 * identifier. */
#include "compute.h"

#include <string.h>

#include "cleanup.h"
#include "resource.h"

static const struct flavor {
    const char *id;
    const char *name;
    int ram;
    int disk;
    int vcpus;
} flavors[] = {
    {"2", "512MB Standard Instance", 512, 20, 1},
    {"3", "1GB Standard Instance", 1024, 40, 1},
    {"4", "2GB Standard Instance", 2048, 80, 2},
    {"performance1-1", "1 GB Performance", 1024, 20, 1},
};

static const struct image {
    const char *id;
    const char *name;
    int min_disk;
} images[] = {
    {"0a1b2c3d-0000-4000-8000-00000000000c", "Debian 12 (Bookworm)", 20},
    {"0a1b2c3d-0000-4000-8000-00000000000d", "Ubuntu 22.04 LTS (Jammy Jellyfish)", 20},
};

static json_t *links(const struct request *r, const char *kind, const char *id)
{
    return json_pack("[{s:o,s:s}]", "href",
                     json_sprintf("%s/%s/v2/%s/%s/%s", r->sandbox->base_url, r->match.captures[0],
                                  r->match.captures[1], kind, id),
                     "rel", "self");
}

static json_t *show_flavor(const struct request *r, const struct flavor *flavor)
{
    return json_pack("{s:s,s:s,s:i,s:i,s:i,s:o}", "id", flavor->id, "name", flavor->name, "ram",
                     flavor->ram, "disk", flavor->disk, "vcpus", flavor->vcpus, "links",
                     links(r, "flavors", flavor->id));
}

static json_t *show_image(const struct request *r, const struct image *image)
{
    return json_pack("{s:s,s:s,s:s,s:i,s:i,s:o}", "id", image->id, "name", image->name, "status",
                     "ACTIVE", "minDisk", image->min_disk, "minRam", 512, "links",
                     links(r, "images", image->id));
}

static json_t *servers(struct sandbox *s, const struct request *r)
{
    return resource_list(s, "servers", r->match.captures[0]);
}

void compute_serve_version(struct request *r)
{
    answer_json(r, 200,
                json_pack("{s:{s:s,s:s,s:s}}", "version", "id", "v2.0", "status", "CURRENT",
                          "updated", "2011-01-21T11:33:21Z"));
}

void compute_serve_list(struct request *r)
{
    _cleanup_(sandbox_unlockp) struct sandbox *s = sandbox_lock(r->sandbox);
    json_t *shown = json_array();
    json_t *server;
    size_t i;

    json_array_foreach (servers(s, r), i, server)
        json_array_append_new(shown, json_pack("{s:O,s:O,s:O}", "id", json_object_get(server, "id"),
                                               "name", json_object_get(server, "name"), "links",
                                               json_object_get(server, "links")));
    answer_json(r, 200, json_pack("{s:o}", "servers", shown));
}

void compute_serve_details(struct request *r)
{
    _cleanup_(sandbox_unlockp) struct sandbox *s = sandbox_lock(r->sandbox);
    json_t *shown = json_array();
    json_t *server;
    size_t i;

    json_array_foreach (servers(s, r), i, server)
        json_array_append_new(shown, resource_show(server));
    answer_json(r, 200, json_pack("{s:o}", "servers", shown));
}

static json_t *reference(const struct request *r, const char *kind, const char *id)
{
    return json_pack("{s:s,s:o}", "id", id, "links", links(r, kind, id));
}

static json_t *make_server(const struct request *r, const char *id, const json_t *wanted)
{
    const char *name = json_string_value(json_object_get(wanted, "name"));
    const char *image = json_string_value(json_object_get(wanted, "imageRef"));
    const char *flavor = json_string_value(json_object_get(wanted, "flavorRef"));
    json_t *metadata = json_object_get(wanted, "metadata");
    char now[CLOCK_TEXT_MAX];

    if (!name || !flavor)
        return NULL;
    clock_write(sandbox_time(r->sandbox), CLOCK_SECONDS_Z, now);
    return json_pack(
        "{s:s,s:s,s:s,s:i,s:s,s:s,s:s,s:s,s:s,s:s,s:{s:[{s:s,s:i}],s:[{s:s,s:i}]},s:o,s:o,s:o,s:o}",
        "id", id, "name", name, "status", "ACTIVE", "progress", 100, "created", now, "updated", now,
        "tenant_id", r->match.captures[1], "user_id", "123456", "accessIPv4", "192.0.2.10",
        "OS-DCF:diskConfig", "AUTO", "addresses", "public", "addr", "192.0.2.10", "version", 4,
        "private", "addr", "10.180.0.10", "version", 4, "flavor", reference(r, "flavors", flavor),
        "image", image ? reference(r, "images", image) : json_string(""), "metadata",
        json_is_object(metadata) ? json_incref(metadata) : json_object(), "links",
        links(r, "servers", id));
}

void compute_serve_create(struct request *r)
{
    _cleanup_(sandbox_unlockp) struct sandbox *s = sandbox_lock(r->sandbox);
    json_auto_t *document = request_json(r);
    char id[RESOURCE_ID_LENGTH + 1];
    json_t *server;

    resource_random_uuid(id);
    server = make_server(r, id, json_object_get(document, "server"));
    if (!server) {
        answer_bad_request(r, "Invalid server: name and flavorRef are needed.");
        return;
    }
    resource_pass_through(server, "BUILD");
    json_array_append_new(servers(s, r), server);
    answer_json(r, 202,
                json_pack("{s:{s:s,s:s,s:s,s:O}}", "server", "id", id, "adminPass", "c3nWqQbUo2xY",
                          "OS-DCF:diskConfig", "AUTO", "links", json_object_get(server, "links")));
    answer_header(r, "Location",
                  json_string_value(json_object_get(
                      json_array_get(json_object_get(server, "links"), 0), "href")));
}

static json_t *find_or_answer(struct sandbox *s, struct request *r)
{
    json_t *server = resource_find(servers(s, r), r->match.captures[2]);

    if (!server)
        answer_fault(r, 404, "itemNotFound", "Instance could not be found");
    return server;
}

void compute_serve_get(struct request *r)
{
    _cleanup_(sandbox_unlockp) struct sandbox *s = sandbox_lock(r->sandbox);
    const json_t *server = find_or_answer(s, r);

    if (server)
        answer_json(r, 200, json_pack("{s:o}", "server", resource_show(server)));
}

void compute_serve_update(struct request *r)
{
    _cleanup_(sandbox_unlockp) struct sandbox *s = sandbox_lock(r->sandbox);
    json_auto_t *document = request_json(r);
    json_t *name = json_object_get(json_object_get(document, "server"), "name");
    json_t *server = find_or_answer(s, r);

    if (!server)
        return;
    if (!json_is_string(name)) {
        answer_bad_request(r, "Only a server's name can be changed.");
        return;
    }
    json_object_set(server, "name", name);
    answer_json(r, 200, json_pack("{s:o}", "server", resource_show(server)));
}

void compute_serve_delete(struct request *r)
{
    _cleanup_(sandbox_unlockp) struct sandbox *s = sandbox_lock(r->sandbox);

    if (!find_or_answer(s, r))
        return;
    resource_remove(servers(s, r), r->match.captures[2]);
    answer_empty(r, 204);
}

void compute_serve_action(struct request *r)
{
    _cleanup_(sandbox_unlockp) struct sandbox *s = sandbox_lock(r->sandbox);
    json_auto_t *document = request_json(r);
    const json_t *reboot = json_object_get(document, "reboot");
    const char *type = json_string_value(json_object_get(reboot, "type"));
    json_t *server = find_or_answer(s, r);

    if (!server)
        return;
    if (!type) {
        answer_bad_request(r,
                           "There is no such action: {\"reboot\": {\"type\": \"SOFT\"}} is one.");
        return;
    }
    resource_pass_through(server, strcmp(type, "HARD") == 0 ? "HARD_REBOOT" : "REBOOT");
    answer_empty(r, 202);
}

void compute_serve_flavors(struct request *r)
{
    json_t *shown = json_array();

    for (size_t i = 0; i < ARRAY_SIZE(flavors); i++)
        json_array_append_new(shown, show_flavor(r, &flavors[i]));
    answer_json(r, 200, json_pack("{s:o}", "flavors", shown));
}

void compute_serve_flavor(struct request *r)
{
    for (size_t i = 0; i < ARRAY_SIZE(flavors); i++)
        if (strcmp(flavors[i].id, r->match.captures[2]) == 0) {
            answer_json(r, 200, json_pack("{s:o}", "flavor", show_flavor(r, &flavors[i])));
            return;
        }
    answer_not_found(r);
}

void compute_serve_images(struct request *r)
{
    json_t *shown = json_array();

    for (size_t i = 0; i < ARRAY_SIZE(images); i++)
        json_array_append_new(shown, show_image(r, &images[i]));
    answer_json(r, 200, json_pack("{s:o}", "images", shown));
}

void compute_serve_image(struct request *r)
{
    for (size_t i = 0; i < ARRAY_SIZE(images); i++)
        if (strcmp(images[i].id, r->match.captures[2]) == 0) {
            answer_json(r, 200, json_pack("{s:o}", "image", show_image(r, &images[i])));
            return;
        }
    answer_not_found(r);
}
