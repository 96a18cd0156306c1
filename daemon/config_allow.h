/* SPDX-License-Identifier: MIT */
/*
 * The sections [allow NAME]: each is read into a rule of the policy, word by word, so that what is wrong is
 * refused in the line where it stands. For the configuration's own files only.
 */
#ifndef CONFIG_ALLOW_H
#define CONFIG_ALLOW_H

#include "config_draft.h"
#include "inifile.h"

/* Whether a section of that name is, or is meant to be, a rule. */
bool config_is_rule(const char *section);

/* Opens a section; then takes its entries, those that go on with a value too. 0 or a negative errno as of
 * config_load(), here and below. */
int config_allow_open(struct config_draft *d, const struct inifile_entry *entry, char **ret_error);
int config_allow_take(struct config_draft *d, const struct inifile_entry *entry, char **ret_error);

/* What the draft's rules must be in themselves; then they are the configuration's. To be called when it has
 * its clouds. */
int config_allow_apply(struct config *c, struct config_draft *d, char **ret_error);

#endif
