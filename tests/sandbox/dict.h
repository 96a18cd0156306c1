/* SPDX-License-Identifier: MIT */
/*
 * An ordered map from a name to a value: accounts, containers and objects, which listings want
 * sorted by byte. The map copies its keys and frees its values with the function that it was made
 * with.
 */
#ifndef SANDBOX_DICT_H
#define SANDBOX_DICT_H

#include <stddef.h>

struct dict_entry {
    char *key;
    void *value;
};

struct dict {
    struct dict_entry *entries;
    size_t count;
    size_t room;
    void (*free_value)(void *value);
};

/* An empty map, filled with zeros but for free_value, needs no other beginning. */
void dict_done(struct dict *dict);

/* The first entry whose key is not before KEY; count if there is none. */
size_t dict_position(const struct dict *dict, const char *key);

void *dict_get(const struct dict *dict, const char *key);

/* Takes VALUE over on success; the value that was there before is freed. */
int dict_put(struct dict *dict, const char *key, void *value);

/* Frees the entry; no entry is fine. */
void dict_remove(struct dict *dict, const char *key);

#endif
