/* SPDX-License-Identifier: MIT */
/*
 * The object store's HTTP side: what its address means, and its objects. Bodies stream from and to
 * files, so a body of any size passes in constant memory.
 */
#ifndef SANDBOX_OBJECT_H
#define SANDBOX_OBJECT_H

#include "request.h"

/* ACCOUNT[/CONTAINER[/OBJECT]], unescaped; the parts that are missing are NULL. */
struct object_address {
    char *region;
    char *account;
    char *container;
    char *object;
};

/* False if the address is none, and answered so. */
bool object_address_parse(struct request *r, struct object_address *ret_address);
void object_address_done(struct object_address *address);

/* Takes the headers that start with PREFIX from the request into METADATA, all or nothing without
 * memory. */
int object_take_headers(const struct request *r, const char *prefix, struct dict *metadata);

void object_begin(struct request *r);
void object_serve(struct request *r);

#endif
