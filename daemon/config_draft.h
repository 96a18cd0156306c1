/* SPDX-License-Identifier: MIT */
/*
 * A configuration file as text: its sections in their order, each with the text and the line of
 * every key that it gives. For the configuration's own files only.
 */
#ifndef CONFIG_DRAFT_H
#define CONFIG_DRAFT_H

#include "config_keys.h"

#include <sys/stat.h>

#define CONFIG_DAEMON "latchkeyd"
#define CONFIG_FALLBACK "DEFAULT" /* ConfigParser's, for what stands in for every other section */

struct config_value {
    char *text; /* secret memory; NULL: not given */
    unsigned line;
};

/* A key that holds a name of the operator's own: which service's endpoint it gives. */
struct config_named_value {
    char *key;
    char *service;
    char *type; /* of that service */
    char *text;
    unsigned line;
};

struct config_section {
    char *name;
    unsigned line;
    struct config_value values[_KEY_MAX];
    struct config_named_value *overrides;
    size_t n_overrides;
};

struct config_draft {
    struct config_section *sections;
    size_t n_sections;
};

/* Reads a file into an empty draft, which the caller releases in any case. As inifile_read(). */
int config_draft_read(const char *path, struct config_draft *draft, struct stat *ret_stat,
                      char **ret_error);
void config_draft_done(struct config_draft *d);

/* The section's override for a service of that type, or NULL. */
const struct config_named_value *config_section_override(const struct config_section *s,
                                                         const char *type);

/* The section of that name, or NULL. */
const struct config_section *config_draft_find(const struct config_draft *d, const char *name);

#endif
