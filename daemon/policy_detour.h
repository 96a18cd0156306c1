/* SPDX-License-Identifier: MIT */
/*
 * What in a request, besides its path and method, makes a service act on another path or by another
 * method: a rule that names paths or methods has to hold for that as well. Pure.
 */
#ifndef POLICY_DETOUR_H
#define POLICY_DETOUR_H

#include "policy.h"

/* Whether a rule that has paths or methods holds for what the headers name, too. */
bool policy_detour_headers_pass(const struct policy_rule *rule, const struct policy_header *headers,
                                size_t n);

/* The same for the query of a raw target; the path may be before it. */
bool policy_detour_query_passes(const struct policy_rule *rule, const char *target);

#endif
