/* SPDX-License-Identifier: MIT */
/* See dict.h. A sorted array: the sandbox lists far more often than it inserts in the middle. */
#include "dict.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

void dict_done(struct dict *dict)
{
    for (size_t i = 0; i < dict->count; i++) {
        free(dict->entries[i].key);
        dict->free_value(dict->entries[i].value);
    }
    free(dict->entries);
    dict->entries = NULL;
    dict->count = dict->room = 0;
}

size_t dict_position(const struct dict *dict, const char *key)
{
    size_t low = 0, high = dict->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strcmp(dict->entries[middle].key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(const struct dict *dict, size_t position, const char *key)
{
    return position < dict->count && strcmp(dict->entries[position].key, key) == 0;
}

void *dict_get(const struct dict *dict, const char *key)
{
    size_t position = dict_position(dict, key);

    return is_at(dict, position, key) ? dict->entries[position].value : NULL;
}

static int grow(struct dict *dict)
{
    size_t room = dict->room ? dict->room * 2 : 8;
    struct dict_entry *entries = reallocarray(dict->entries, room, sizeof(*entries));

    if (!entries)
        return -ENOMEM;
    dict->entries = entries;
    dict->room = room;
    return 0;
}

int dict_put(struct dict *dict, const char *key, void *value)
{
    size_t position = dict_position(dict, key);
    _cleanup_(freep) char *copy = NULL;

    if (is_at(dict, position, key)) {
        dict->free_value(dict->entries[position].value);
        dict->entries[position].value = value;
        return 0;
    }

    copy = strdup(key);
    if (!copy || (dict->count == dict->room && grow(dict) < 0))
        return -ENOMEM;

    memmove(dict->entries + position + 1, dict->entries + position,
            (dict->count - position) * sizeof(*dict->entries));
    dict->entries[position] = (struct dict_entry){TAKE_PTR(copy), value};
    dict->count++;
    return 0;
}

void dict_remove(struct dict *dict, const char *key)
{
    size_t position = dict_position(dict, key);

    if (!is_at(dict, position, key))
        return;

    free(dict->entries[position].key);
    dict->free_value(dict->entries[position].value);
    dict->count--;
    memmove(dict->entries + position, dict->entries + position + 1,
            (dict->count - position) * sizeof(*dict->entries));
}
