/* SPDX-License-Identifier: MIT */
/*
 * What a section's text comes to: each value is read by way of the table of keys, with [DEFAULT]'s
 * where the section is silent, and then held against the others. For the configuration's own files
 * only.
 */
#ifndef CONFIG_SECTION_H
#define CONFIG_SECTION_H

#include "config_draft.h"

/* Keeps a sentence, which it takes, for whoever loads the configuration. What is wrong in [DEFAULT]
 * comes up with every cloud, and is said once. 0 or -ENOMEM. */
int config_keep_warning(struct config *c, char *sentence);

/* Reads the values of one kind, the daemon's or a cloud's, into their structure. 0 or a negative errno
 * as of config_load(), here and below. */
int config_section_apply(const struct config_value values[static _KEY_MAX], bool daemons,
                         void *structure, char **ret_error);

/* Reads a section into a cloud that has its name; what has no effect becomes a warning. There may be
 * no fallback. */
int config_section_read(struct config *c, const struct config_section *s,
                        const struct config_section *fallback, struct cloud_config *cloud,
                        char **ret_error);

/* [DEFAULT] must be right in itself, also where every cloud has a value of its own. */
int config_section_check(const struct config_section *fallback, char **ret_error);

#endif
