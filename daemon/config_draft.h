/* SPDX-License-Identifier: MIT */
/*
 * A configuration as text: its sections in their order, each with the text of every key that it gives
 * and the place where that stands. Mostly of one file; clouds of other files, or of the environment,
 * become sections too. For the configuration's own files only.
 */
#ifndef CONFIG_DRAFT_H
#define CONFIG_DRAFT_H

#include "config_keys.h"

#include <sys/stat.h>

#define CONFIG_DAEMON "latchkeyd"
#define CONFIG_FALLBACK "DEFAULT" /* ConfigParser's, for what stands in for every other section */

struct config_value {
    char *text;       /* secret memory; NULL: not given */
    const char *path; /* its file, of the draft's or static */
    char *key;        /* what it is called there; NULL: as in the table */
    unsigned line;    /* 0: the place has no lines */
};

/* A key that holds a name of the operator's own: which service's endpoint it gives. */
struct config_named_value {
    char *key;
    char *service;
    char *type; /* of that service */
    char *text;
    const char *path;
    unsigned line;
};

struct config_section {
    char *name;
    const char *path;
    unsigned line;
    bool is_foreign; /* not of the INI file, so that [DEFAULT] does not stand in for it */
    struct config_value values[_KEY_MAX];
    struct config_named_value *overrides;
    size_t n_overrides;
};

enum rule_key {
    RULE_USER,
    RULE_GROUP,
    RULE_UNIT,
    RULE_SOCKET,
    RULE_CLOUD,
    RULE_OPERATION,
    RULE_SERVICE,
    RULE_REGION,
    RULE_METHOD,
    RULE_PATH,
    _RULE_KEY_MAX,
};

/* A section [allow NAME] (config_allow.h). */
struct config_rule {
    const char *path;
    unsigned line;
    unsigned lines[_RULE_KEY_MAX]; /* where each key stands; 0: not given */
    size_t n_words[_RULE_KEY_MAX]; /* that it has */
    struct policy_rule rule;
};

struct config_file {
    char *path;
    struct stat st;
};

struct config_draft {
    struct config_section *sections;
    size_t n_sections;
    struct config_rule *rules;
    size_t n_rules;
    bool in_rule;              /* the section that was opened last is one */
    struct config_file *files; /* those that were read */
    size_t n_files;
    char **warnings; /* sentences for config's own */
    size_t n_warnings;
};

/* Reads a file into an empty draft, which the caller releases in any case. As inifile_read(). */
int config_draft_read(const char *path, struct config_draft *draft, char **ret_error);
void config_draft_done(struct config_draft *d);

/* The section's override for a service of that type, or NULL. */
const struct config_named_value *config_section_override(const struct config_section *s,
                                                         const char *type);

/* Whether it can stand in a path, a label and a line of text, as the names of clouds and rules do. */
bool config_draft_is_name(const char *name);

/* The section of that name, or NULL. */
const struct config_section *config_draft_find(const struct config_draft *d, const char *name);

/* Adds a section of another kind of file, and gives its number. As config_draft_read(). */
int config_draft_add(struct config_draft *d, const char *name, const char *path, unsigned line,
                     size_t *ret_section, char **ret_error);

/* Notes a file that was read; its path, which is taken in any case, lasts as long as the draft. 0 or
 * -ENOMEM. */
int config_draft_add_file(struct config_draft *d, char *path, const struct stat *st);

/* Notes a sentence of that form about a cloud's key; both may be NULL. 0 or -ENOMEM. */
int config_draft_warn(struct config_draft *d, const char *path, unsigned line, const char *cloud,
                      const char *key, const char *what);

/* Gives a key its value, in place of the one that it had. Text and key are copied. 0 or -ENOMEM. */
int config_section_set(struct config_section *s, enum config_key_id id, const char *text,
                       const char *path, unsigned line, const char *key);
/* Gives a service an endpoint, by a key that config_override_service() knows. As config_draft_read(). */
int config_section_add_override(struct config_section *s, const char *key, const char *text,
                                const char *path, unsigned line, char **ret_error);
void config_section_unset(struct config_section *s, enum config_key_id id);

#endif
