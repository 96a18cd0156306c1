/* SPDX-License-Identifier: MIT */
/*
 * The document in an identity service's answer, and how much of one is read. A few bytes make a value that
 * takes hundreds in memory, and all of it is looked at in one go: what goes beyond these limits is no
 * catalog, and is refused before it is taken apart. Pure.
 */
#ifndef IDENTITY_DOCUMENT_H
#define IDENTITY_DOCUMENT_H

#include "identity.h"

#include <jansson.h>

#define IDENTITY_VALUES_MOST 65536
#define IDENTITY_DEPTH_MOST 64
#define IDENTITY_TEXT_MOST ((size_t)16 * 1024) /* bytes of one string, and of a token in a header */

/* And what a session may be made of. */
#define IDENTITY_SERVICES_MOST 1024
#define IDENTITY_ENDPOINTS_MOST 4096
#define IDENTITY_ROLES_MOST 1024

/* What the limits say of it, whether it is JSON or not. */
bool identity_document_fits(const struct identity_answer *answer);

/* NULL for what is no JSON, or does not fit, and without memory. The caller's. */
json_t *identity_document_load(const struct identity_answer *answer);

#endif
