/* SPDX-License-Identifier: MIT */
/*
 * The documents that a login answers with: the service catalog in the order and with the gaps of a
 * real one, the token and the user. Every URL leads back into this sandbox and names the region in
 * its path. The caller has the lock.
 */
#ifndef SANDBOX_CATALOG_H
#define SANDBOX_CATALOG_H

#include <jansson.h>

#include "sandbox.h"

#define CATALOG_FILES_TENANT "MossoCloudFS_aaaa"
#define CATALOG_TENANT_NAME "sandbox"

/* The whole of {"access": …}, with the catalog or without. */
json_t *catalog_access(const struct sandbox *s, const struct token *token, bool with_catalog);

#endif
