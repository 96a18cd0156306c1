/* SPDX-License-Identifier: MIT */
/* Listings of containers and of objects: limit, marker, end_marker, prefix and delimiter, as plain
 * text and as JSON. */
#ifndef SANDBOX_LISTING_H
#define SANDBOX_LISTING_H

#include "request.h"

/* Answers with the names in DICT; SHOW makes the JSON of an entry, but for its "name". */
void listing_answer(struct request *r, const struct dict *dict, json_t *(*show)(const void *value));

#endif
