/* SPDX-License-Identifier: MIT */
/* The tree itself. */
#include "yamlfile.h"

#include "secret.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

struct yamlfile_node *yamlfile_new(enum yamlfile_kind kind, const char *path, unsigned line)
{
    struct yamlfile_node *node = calloc(1, sizeof(*node));

    if (node)
        *node = (struct yamlfile_node){.kind = kind, .path = path, .line = line};
    return node;
}

struct yamlfile_node *yamlfile_new_scalar(const char *path, unsigned line, const char *text)
{
    struct yamlfile_node *node = yamlfile_new(YAMLFILE_SCALAR, path, line);

    if (node)
        node->text = secret_strdup(text);
    if (node && !node->text)
        yamlfile_free(TAKE_PTR(node));
    return node;
}

void yamlfile_free(struct yamlfile_node *node)
{
    if (!node)
        return;
    for (size_t i = 0; i < node->n; i++) {
        secret_free(node->entries[i].key);
        yamlfile_free(node->entries[i].value);
    }
    free(node->entries);
    secret_free(node->text);
    free(node);
}

int yamlfile_add(struct yamlfile_node *to, const char *key, unsigned line,
                 struct yamlfile_node *value)
{
    _cleanup_(yamlfile_freep) struct yamlfile_node *owned = value;
    struct yamlfile_entry *grown;
    char *copy = NULL;

    if (!value)
        return -ENOMEM;
    grown = reallocarray(to->entries, to->n + 1, sizeof(*grown));
    if (!grown)
        return -ENOMEM;
    to->entries = grown;
    if (key && !(copy = secret_strdup(key)))
        return -ENOMEM;
    grown[to->n++] = (struct yamlfile_entry){
        .key = copy, .path = owned->path, .line = line, .value = TAKE_PTR(owned)};
    return 0;
}

const struct yamlfile_entry *yamlfile_find(const struct yamlfile_node *node, const char *key)
{
    for (size_t i = 0; yamlfile_is(node, YAMLFILE_MAPPING) && i < node->n; i++)
        if (strcmp(node->entries[i].key, key) == 0)
            return &node->entries[i];
    return NULL;
}

const struct yamlfile_node *yamlfile_get(const struct yamlfile_node *node, const char *key)
{
    const struct yamlfile_entry *entry = yamlfile_find(node, key);

    return entry ? entry->value : NULL;
}

size_t yamlfile_size(const struct yamlfile_node *node)
{
    size_t size = sizeof(*node) + (node->text ? strlen(node->text) + 1 : 0);

    for (size_t i = 0; i < node->n; i++)
        size += sizeof(node->entries[i]) +
                (node->entries[i].key ? strlen(node->entries[i].key) + 1 : 0) +
                yamlfile_size(node->entries[i].value);
    return size;
}

int yamlfile_copy(const struct yamlfile_node *from, struct yamlfile_node **ret)
{
    _cleanup_(yamlfile_freep) struct yamlfile_node *copy =
        yamlfile_new(from->kind, from->path, from->line);

    if (!copy || (from->text && !(copy->text = secret_strdup(from->text))))
        return -ENOMEM;
    for (size_t i = 0; i < from->n; i++) {
        const struct yamlfile_entry *entry = &from->entries[i];
        struct yamlfile_node *value;

        if (yamlfile_copy(entry->value, &value) < 0 ||
            yamlfile_add(copy, entry->key, entry->line, value) < 0)
            return -ENOMEM;
    }
    *ret = TAKE_PTR(copy);
    return 0;
}

static int cover(struct yamlfile_node *to, const struct yamlfile_entry *over)
{
    struct yamlfile_entry *under = (struct yamlfile_entry *)(uintptr_t)yamlfile_find(to, over->key);
    struct yamlfile_node *copy;

    if (under && yamlfile_is(under->value, YAMLFILE_MAPPING) &&
        yamlfile_is(over->value, YAMLFILE_MAPPING))
        return yamlfile_merge(under->value, over->value);
    if (yamlfile_copy(over->value, &copy) < 0)
        return -ENOMEM;
    if (!under)
        return yamlfile_add(to, over->key, over->line, copy);
    yamlfile_free(under->value);
    under->value = copy;
    under->path = over->path;
    under->line = over->line;
    return 0;
}

int yamlfile_merge(struct yamlfile_node *to, const struct yamlfile_node *over)
{
    int r = 0;

    for (size_t i = 0; r >= 0 && i < over->n; i++)
        if (over->entries[i].value->kind != YAMLFILE_SCALAR || over->entries[i].value->text)
            r = cover(to, &over->entries[i]);
    return r;
}
