/* SPDX-License-Identifier: MIT */
/* See store.h. */
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

static void free_account(void *value)
{
    struct store_account *account = value;

    dict_done(&account->metadata);
    dict_done(&account->containers);
    free(account);
}

static void free_container(void *value)
{
    struct store_container *container = value;

    dict_done(&container->metadata);
    dict_done(&container->objects);
    free(container);
}

static void free_object(void *value)
{
    store_object_free(value);
}

void store_init(struct store *store)
{
    *store = (struct store){.accounts = {.free_value = free_account}};
}

void store_done(struct store *store)
{
    dict_done(&store->accounts);
}

struct store_account *store_make_account(struct store *store, const char *region, const char *name)
{
    _cleanup_(freep) char *key = NULL;
    struct store_account *account;

    if (asprintf(&key, "%s/%s", region, name) < 0)
        return NULL;
    account = dict_get(&store->accounts, key);
    if (account)
        return account;

    account = calloc(1, sizeof(*account));
    if (!account)
        return NULL;
    account->metadata.free_value = free;
    account->containers.free_value = free_container;
    if (dict_put(&store->accounts, key, account) < 0) {
        free_account(account);
        return NULL;
    }
    return account;
}

struct store_container *store_find_container(const struct store_account *account, const char *name)
{
    return dict_get(&account->containers, name);
}

struct store_container *store_make_container(struct store_account *account, const char *name,
                                             double now)
{
    struct store_container *container = store_find_container(account, name);

    if (container)
        return container;
    container = calloc(1, sizeof(*container));
    if (!container)
        return NULL;
    container->created = now;
    container->metadata.free_value = free;
    container->objects.free_value = free_object;
    if (dict_put(&account->containers, name, container) < 0) {
        free_container(container);
        return NULL;
    }
    return container;
}

struct store_object *store_object_new(int fd, uint64_t size, const char *etag, double now)
{
    struct store_object *object = calloc(1, sizeof(*object));

    if (!object) {
        closep(&fd);
        return NULL;
    }
    object->fd = fd;
    object->size = size;
    object->modified = now;
    object->metadata.free_value = free;
    snprintf(object->etag, sizeof(object->etag), "%s", etag);
    return object;
}

void store_object_free(struct store_object *object)
{
    if (!object)
        return;
    closep(&object->fd);
    dict_done(&object->metadata);
    free(object);
}

struct store_object *store_object_copy(const struct store_object *object, double now)
{
    int fd = fcntl(object->fd, F_DUPFD_CLOEXEC, 0);
    struct store_object *copy =
        fd < 0 ? NULL : store_object_new(fd, object->size, object->etag, now);

    for (size_t i = 0; copy && i < object->metadata.count; i++) {
        const struct dict_entry *entry = &object->metadata.entries[i];

        if (store_set_header(&copy->metadata, entry->key, entry->value) < 0) {
            store_object_free(copy);
            return NULL;
        }
    }
    return copy;
}

struct store_totals store_container_totals(const struct store_container *container)
{
    struct store_totals totals = {.count = container->objects.count};

    for (size_t i = 0; i < container->objects.count; i++)
        totals.bytes += ((const struct store_object *)container->objects.entries[i].value)->size;
    return totals;
}

struct store_totals store_account_totals(const struct store_account *account)
{
    struct store_totals totals = {0};

    for (size_t i = 0; i < account->containers.count; i++) {
        struct store_totals part = store_container_totals(account->containers.entries[i].value);

        totals.count += part.count;
        totals.bytes += part.bytes;
    }
    return totals;
}

int store_set_header(struct dict *metadata, const char *name, const char *value)
{
    _cleanup_(freep) char *copy = NULL;
    int r;

    if (!*value) {
        dict_remove(metadata, name);
        return 0;
    }
    copy = strdup(value);
    if (!copy)
        return -ENOMEM;
    r = dict_put(metadata, name, copy);
    if (r < 0)
        return r;
    TAKE_PTR(copy);
    return 0;
}
