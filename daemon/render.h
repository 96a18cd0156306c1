/* SPDX-License-Identifier: MIT */
/* The documents that the socket serves, made from values. Every function gives a new reference, or
 * NULL without memory. */
#ifndef RENDER_H
#define RENDER_H

#include "clouds.h"

#include <jansson.h>

/* Without a preset the default is null. */
json_t *render_clouds(const struct clouds *clouds);
json_t *render_identity(const struct cloud *c);
json_t *render_token(const struct session *s);
json_t *render_endpoint(const struct endpoint_choice *choice);
json_t *render_problem(const struct problem *p, unsigned status);

/* `service`, `region` and `interface` filter; each may be NULL. */
json_t *render_catalog(const struct catalog *c, const char *service, const char *region,
                       const char *interface);

/* Each cloud's name and state. */
json_t *render_states(const struct clouds *clouds);

#endif
