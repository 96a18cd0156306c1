/* SPDX-License-Identifier: MIT */
/* Users and groups of access rules, looked up while the configuration is read, so that nobody has to while a
 * request waits. For the configuration's own files only. */
#ifndef CONFIG_USERS_H
#define CONFIG_USERS_H

#include "policy.h"

/* Adds whom a word stands for: `*`, a number, a name, or all those whose name a pattern matches. 0; 1 when
 * there is nobody; -EINVAL for a number that is none's; -ENOMEM. */
int config_users_add(const char *word, struct policy_ids *ids);
int config_groups_add(const char *word, struct policy_ids *ids);

#endif
