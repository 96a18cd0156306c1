/* SPDX-License-Identifier: MIT */
/* See listing.h. */
#include "listing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

#define LISTING_LIMIT_MAX 10000

struct listing {
    uint64_t limit;
    char *marker;
    char *end_marker;
    char *prefix;
    char *delimiter;

    json_t *(*show)(const void *value);
    json_t *json;
};

static void listing_done(struct listing *listing)
{
    free(listing->marker);
    free(listing->end_marker);
    free(listing->prefix);
    free(listing->delimiter);
    json_decref(listing->json);
}

static bool wants_json(const struct request *r)
{
    _cleanup_(freep) char *format = target_parameter(&r->target, "format");
    const char *accept = request_header(r, "Accept");

    return format ? strcmp(format, "json") == 0 : accept && strstr(accept, "application/json");
}

/* The part of NAME up to the delimiter behind the prefix, which many names share; NULL where there
 * is none. */
static char *common_part(const struct listing *listing, const char *name)
{
    size_t prefix = listing->prefix ? strlen(listing->prefix) : 0;
    const char *end;

    if (!listing->delimiter || !*listing->delimiter)
        return NULL;
    end = strstr(name + prefix, listing->delimiter);
    return end ? strndup(name, (size_t)(end - name) + strlen(listing->delimiter)) : NULL;
}

static bool is_wanted(const struct listing *listing, const char *name)
{
    return !listing->marker || strcmp(name, listing->marker) > 0;
}

static bool is_past_end(const struct listing *listing, const char *name)
{
    if (listing->end_marker && *listing->end_marker && strcmp(name, listing->end_marker) >= 0)
        return true;
    return listing->prefix && strncmp(name, listing->prefix, strlen(listing->prefix)) != 0;
}

static void add_entry(struct listing *listing, const struct dict_entry *entry)
{
    json_t *json = listing->show(entry->value);

    json_object_set_new(json, "name", json_string(entry->key));
    json_array_append_new(listing->json, json);
}

static void collect(struct listing *listing, const struct dict *dict)
{
    _cleanup_(freep) char *last = NULL;
    size_t i = listing->prefix ? dict_position(dict, listing->prefix) : 0;

    for (; i < dict->count && json_array_size(listing->json) < listing->limit; i++) {
        const struct dict_entry *entry = &dict->entries[i];
        _cleanup_(freep) char *part = NULL;

        if (is_past_end(listing, entry->key))
            break;
        part = common_part(listing, entry->key);
        if (!is_wanted(listing, part ? part : entry->key))
            continue;
        if (!part) {
            add_entry(listing, entry);
            continue;
        }
        if (last && strcmp(last, part) == 0)
            continue;
        json_array_append_new(listing->json, json_pack("{s:s}", "subdir", part));
        free(last);
        last = TAKE_PTR(part);
    }
}

static void answer_plain(struct request *r, const json_t *json)
{
    _cleanup_(freep) char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    if (!out)
        return;
    for (size_t i = 0; i < json_array_size(json); i++) {
        const json_t *item = json_array_get(json, i);
        const json_t *name = json_object_get(item, "name");

        fprintf(out, "%s\n", json_string_value(name ? name : json_object_get(item, "subdir")));
    }
    if (fclose(out) != 0)
        return;
    if (size == 0)
        answer_empty(r, 204);
    else
        answer_bytes(r, 200, "text/plain; charset=utf-8", text, size);
}

void listing_answer(struct request *r, const struct dict *dict, json_t *(*show)(const void *value))
{
    _cleanup_(listing_done) struct listing listing = {
        .limit = request_number(r, "limit", LISTING_LIMIT_MAX),
        .marker = target_parameter(&r->target, "marker"),
        .end_marker = target_parameter(&r->target, "end_marker"),
        .prefix = target_parameter(&r->target, "prefix"),
        .delimiter = target_parameter(&r->target, "delimiter"),
        .show = show,
        .json = json_array(),
    };

    if (listing.limit > LISTING_LIMIT_MAX) {
        answer_text(r, 412, "text/plain; charset=utf-8", "Maximum limit is 10000");
        return;
    }
    collect(&listing, dict);
    if (wants_json(r)) {
        answer_json(r, 200, json_incref(listing.json));
        answer_header(r, "Vary", "Accept");
    } else {
        answer_plain(r, listing.json);
    }
}
