/* SPDX-License-Identifier: MIT */
/* The object store's accounts and containers: their listings, their metadata and their totals. The
 * caller has the lock. */
#ifndef SANDBOX_CONTAINER_H
#define SANDBOX_CONTAINER_H

#include "object.h"

void container_serve_account(struct request *r, struct store_account *account);
void container_serve(struct request *r, struct store_account *account, const char *name);

#endif
