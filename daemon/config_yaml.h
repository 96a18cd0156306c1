/* SPDX-License-Identifier: MIT */
/*
 * The clouds of a clouds.yaml, as openstacksdk finds and reads it: the file looked for in several
 * places, secure.yaml laid over it, profiles below a cloud and a region's values above it. Where it
 * would leave something out without a word, there is an error or a warning. For the configuration's
 * own files only.
 */
#ifndef CONFIG_YAML_H
#define CONFIG_YAML_H

#include "config_draft.h"
#include "yamlfile.h"

/*
 * Adds them to the draft as sections: those of that file, or with NULL of the first clouds.yaml there
 * is, or with "" none. 0, also where there is no such file; or a negative errno as of
 * config_load().
 */
int config_yaml_read(const char *file, struct config_draft *d, char **ret_error);

/* Says what was meant by a key that is written with hyphens or, in the environment, with OS_ before
 * it and in capitals. */
bool config_yaml_key_is(const char *key, const char *name);

/* The entry of that name in a mapping, or NULL. */
const struct yamlfile_entry *config_yaml_find(const struct yamlfile_node *mapping,
                                              const char *name);

/* Gives a section the values of a cloud whose layers have become one mapping. As above. */
int config_yaml_map(const struct yamlfile_node *cloud, struct config_draft *d, size_t section,
                    char **ret_error);

#endif
