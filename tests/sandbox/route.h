/* SPDX-License-Identifier: MIT */
/* Which request goes to which handler: one table, searched from the top. */
#ifndef SANDBOX_ROUTE_H
#define SANDBOX_ROUTE_H

#include "request.h"

enum route_flags {
    /* The token is checked before anything else, and before the body is read. */
    ROUTE_TOKEN = 1 << 0,
    /* Counted in active_transfers while it is served. */
    ROUTE_TRANSFER = 1 << 1,
    /* The control plane: not counted among the requests. */
    ROUTE_CONTROL = 1 << 2,
    /* Its 401 is a refused login, not a refused token. */
    ROUTE_LOGIN = 1 << 3,
};

struct route {
    /* NULL is any; a route for GET takes HEAD too. */
    const char *method;
    const char *pattern;
    unsigned flags;
    void (*begin)(struct request *r);
    void (*serve)(struct request *r);
};

/* Never NULL: what no route matches goes to one that answers 404. Keeps the pattern's captures in
 * the request. */
const struct route *route_find(struct request *r);

#endif
