/* SPDX-License-Identifier: MIT */
/* Which function answers which request: one const table, and the walk from a request's head to its
 * row, its cloud and its right. */
#ifndef ROUTE_H
#define ROUTE_H

#include "exchange.h"

/* For the metrics: a name for each route, and one more for what is none. */
extern const char *const route_names[];
extern const size_t route_count;

/* The server's handler; userdata is the exchange_host. */
void route_request(struct request *r, void *userdata);

#endif
