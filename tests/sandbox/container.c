/* SPDX-License-Identifier: MIT */
/* See container.h. */
#include "container.h"

#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "listing.h"

static json_t *show_container(const void *value)
{
    const struct store_container *container = value;
    struct store_totals totals = store_container_totals(container);
    char modified[CLOCK_TEXT_MAX];

    clock_write_listing(container->created, modified);
    return json_pack("{s:I,s:I,s:s}", "count", (json_int_t)totals.count, "bytes",
                     (json_int_t)totals.bytes, "last_modified", modified);
}

static json_t *show_object(const void *value)
{
    const struct store_object *object = value;
    const char *type = dict_get(&object->metadata, "Content-Type");
    char modified[CLOCK_TEXT_MAX];

    clock_write_listing(object->modified, modified);
    return json_pack("{s:s,s:s,s:I,s:s}", "hash", object->etag, "last_modified", modified, "bytes",
                     (json_int_t)object->size, "content_type",
                     type ? type : "application/octet-stream");
}

static void add_metadata(struct request *r, const struct dict *metadata)
{
    for (size_t i = 0; i < metadata->count; i++)
        answer_header(r, metadata->entries[i].key, metadata->entries[i].value);
}

static void update_metadata(struct request *r, struct dict *metadata, const char *const prefixes[])
{
    for (; *prefixes; prefixes++)
        if (object_take_headers(r, *prefixes, metadata) < 0) {
            answer_empty(r, 507);
            return;
        }
    answer_empty(r, 204);
}

static bool is_read(const struct request *r)
{
    return strcmp(r->method, "GET") == 0 || strcmp(r->method, "HEAD") == 0;
}

void container_serve_account(struct request *r, struct store_account *account)
{
    static const char *const prefixes[] = {"X-Account-Meta-", NULL};
    struct store_totals totals = store_account_totals(account);

    if (strcmp(r->method, "POST") == 0) {
        update_metadata(r, &account->metadata, prefixes);
        return;
    }
    if (!is_read(r)) {
        answer_empty(r, 405);
        return;
    }
    if (strcmp(r->method, "HEAD") == 0)
        answer_empty(r, 204);
    else
        listing_answer(r, &account->containers, show_container);
    answer_header_number(r, "X-Account-Container-Count", account->containers.count);
    answer_header_number(r, "X-Account-Object-Count", totals.count);
    answer_header_number(r, "X-Account-Bytes-Used", totals.bytes);
    add_metadata(r, &account->metadata);
}

static void put_container(struct request *r, struct store_account *account, const char *name,
                          const char *const prefixes[])
{
    bool was_there = store_find_container(account, name);
    struct store_container *container =
        store_make_container(account, name, sandbox_time(r->sandbox));

    if (!container) {
        answer_empty(r, 507);
        return;
    }
    update_metadata(r, &container->metadata, prefixes);
    if (r->status == 204)
        answer_empty(r, was_there ? 202 : 201);
}

static void show(struct request *r, const struct store_container *container)
{
    struct store_totals totals = store_container_totals(container);
    char timestamp[32];

    if (strcmp(r->method, "HEAD") == 0)
        answer_empty(r, 204);
    else
        listing_answer(r, &container->objects, show_object);
    answer_header_number(r, "X-Container-Object-Count", totals.count);
    answer_header_number(r, "X-Container-Bytes-Used", totals.bytes);
    snprintf(timestamp, sizeof(timestamp), "%.5f", container->created);
    answer_header(r, "X-Timestamp", timestamp);
    add_metadata(r, &container->metadata);
}

void container_serve(struct request *r, struct store_account *account, const char *name)
{
    static const char *const prefixes[] = {"X-Container-Meta-", "X-Container-Read",
                                           "X-Container-Write", NULL};
    struct store_container *container = store_find_container(account, name);

    if (strcmp(r->method, "PUT") == 0) {
        put_container(r, account, name, prefixes);
    } else if (!container) {
        answer_text(r, 404, "text/html; charset=UTF-8",
                    "<html><h1>Not Found</h1><p>The resource could not be found.</p></html>");
    } else if (is_read(r)) {
        show(r, container);
    } else if (strcmp(r->method, "POST") == 0) {
        update_metadata(r, &container->metadata, prefixes);
    } else if (strcmp(r->method, "DELETE") != 0) {
        answer_empty(r, 405);
    } else if (container->objects.count > 0) {
        answer_text(r, 409, "text/html; charset=UTF-8",
                    "<html><h1>Conflict</h1><p>There was a conflict when trying to complete your "
                    "request.</p></html>");
    } else {
        dict_remove(&account->containers, name);
        answer_empty(r, 204);
    }
}
