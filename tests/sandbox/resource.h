/* SPDX-License-Identifier: MIT */
/*
 * Things that a service makes and that take a moment to be ready: servers, load balancers, their
 * nodes. Kept as the JSON that the service shows, with the state they are passing through beside
 * it. The caller has the lock.
 */
#ifndef SANDBOX_RESOURCE_H
#define SANDBOX_RESOURCE_H

#include <jansson.h>

#include "sandbox.h"

#define RESOURCE_ID_LENGTH 36

/* All resources of a kind in a region: borrowed, made if missing. */
json_t *resource_list(struct sandbox *s, const char *kind, const char *region);

/* By "id", a text or a number; borrowed, NULL if there is none. */
json_t *resource_find(const json_t *list, const char *id);
void resource_remove(json_t *list, const char *id);

/* Until half a second has passed, the resource shows STATUS instead of ACTIVE. */
void resource_pass_through(json_t *resource, const char *status);

/* A copy to show, with the status that it has now. */
json_t *resource_show(const json_t *resource);

/* As OpenStack names things. */
void resource_random_uuid(char ret_id[static RESOURCE_ID_LENGTH + 1]);

#endif
