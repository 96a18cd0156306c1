/* SPDX-License-Identifier: MIT */
/*
 * What the object store holds: accounts, in each of them containers, in each of them objects, whose
 * bytes are in unnamed files. An account belongs to one region. Plain data, without HTTP; the
 * caller has the lock.
 */
#ifndef SANDBOX_STORE_H
#define SANDBOX_STORE_H

#include <stdint.h>

#include "dict.h"

#define STORE_ETAG_LENGTH 32

struct store {
    /* Keys are REGION/ACCOUNT. */
    struct dict accounts;
};

/* Header names map to header values. */
struct store_account {
    struct dict metadata;
    struct dict containers;
};

struct store_container {
    double created;
    struct dict metadata;
    struct dict objects;
};

struct store_object {
    double modified;
    uint64_t size;
    char etag[STORE_ETAG_LENGTH + 1];
    int fd;
    struct dict metadata;
};

struct store_totals {
    uint64_t count;
    uint64_t bytes;
};

void store_init(struct store *store);
void store_done(struct store *store);

/* The look-ups that make what is missing are NULL without memory. */
struct store_account *store_make_account(struct store *store, const char *region, const char *name);
struct store_container *store_find_container(const struct store_account *account, const char *name);
struct store_container *store_make_container(struct store_account *account, const char *name,
                                             double now);

/* FD is taken over, on failure too. */
struct store_object *store_object_new(int fd, uint64_t size, const char *etag, double now);
void store_object_free(struct store_object *object);

/* A copy shares the bytes: a file never changes once it is stored. */
struct store_object *store_object_copy(const struct store_object *object, double now);

struct store_totals store_container_totals(const struct store_container *container);
struct store_totals store_account_totals(const struct store_account *account);

/* Metadata: an empty value takes the header away. */
int store_set_header(struct dict *metadata, const char *name, const char *value);

#endif
