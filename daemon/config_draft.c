/* SPDX-License-Identifier: MIT */
/* What is unknown, given twice or left empty is refused here, where it stands. */
#include "config_draft.h"

#include "catalog.h"
#include "config_allow.h"
#include "inifile.h"
#include "secret.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#define CLOUD_NAME_MAX 48

static void named_value_done(struct config_named_value *v)
{
    free(v->key);
    free(v->service);
    free(v->type);
    free(v->text);
}

void config_section_unset(struct config_section *s, enum config_key_id id)
{
    secret_free(s->values[id].text);
    free(s->values[id].key);
    s->values[id] = (struct config_value){0};
}

int config_section_set(struct config_section *s, enum config_key_id id, const char *text,
                       const char *path, unsigned line, const char *key)
{
    struct config_value value = {.path = path, .line = line};

    value.text = secret_strdup(text);
    if (key)
        value.key = strdup(key);
    if (!value.text || (key && !value.key)) {
        secret_free(value.text);
        free(value.key);
        return -ENOMEM;
    }
    config_section_unset(s, id);
    s->values[id] = value;
    return 0;
}

static void section_done(struct config_section *s)
{
    free(s->name);
    for (size_t id = 0; id < _KEY_MAX; id++)
        config_section_unset(s, (enum config_key_id)id);
    for (size_t i = 0; i < s->n_overrides; i++)
        named_value_done(&s->overrides[i]);
    free(s->overrides);
}

void config_draft_done(struct config_draft *d)
{
    for (size_t i = 0; i < d->n_sections; i++)
        section_done(&d->sections[i]);
    for (size_t i = 0; i < d->n_rules; i++)
        policy_rule_done(&d->rules[i].rule);
    for (size_t i = 0; i < d->n_files; i++)
        free(d->files[i].path);
    for (size_t i = 0; i < d->n_warnings; i++)
        free(d->warnings[i]);
    free(d->sections);
    free(d->rules);
    free(d->files);
    free(d->warnings);
}

int config_draft_add_file(struct config_draft *d, char *path, const struct stat *st)
{
    _cleanup_(freep) char *owned = path;
    struct config_file *grown = reallocarray(d->files, d->n_files + 1, sizeof(*grown));

    if (!grown || !owned)
        return -ENOMEM;
    d->files = grown;
    grown[d->n_files++] = (struct config_file){.path = TAKE_PTR(owned), .st = *st};
    return 0;
}

int config_draft_warn(struct config_draft *d, const char *path, unsigned line, const char *cloud,
                      const char *key, const char *what)
{
    _cleanup_(freep) char *subject = NULL;
    _cleanup_(freep) char *sentence = NULL;
    char **grown;

    if (asprintf(&subject, "%s%s%s%s", cloud ? "cloud " : "", cloud ? cloud : "",
                 cloud && key ? ": " : "", key ? key : "") < 0) {
        subject = NULL;
        return -ENOMEM;
    }
    /* A warning looks like an error, it only stops nothing. */
    if (textfile_refuse(path, line, *subject ? subject : NULL, &sentence, "%s", what) == -ENOMEM)
        return -ENOMEM;
    grown = reallocarray(d->warnings, d->n_warnings + 1, sizeof(*grown));
    if (!grown)
        return -ENOMEM;
    d->warnings = grown;
    grown[d->n_warnings++] = TAKE_PTR(sentence);
    return 0;
}

static bool is_daemons(const char *section)
{
    return strcmp(section, CONFIG_DAEMON) == 0;
}

const struct config_section *config_draft_find(const struct config_draft *d, const char *name)
{
    for (size_t i = 0; i < d->n_sections; i++)
        if (strcmp(d->sections[i].name, name) == 0)
            return &d->sections[i];
    return NULL;
}

/* pyrax takes blanks, so that they are taken where they can be seen. */
bool config_draft_is_name(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "._- ";
    size_t length = strspn(name, allowed);

    return length > 0 && !name[length] && length <= CLOUD_NAME_MAX && name[0] != ' ' &&
           name[length - 1] != ' ' && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static int check_section_name(const char *name, const char *path, unsigned line, char **ret_error)
{
    if (strcasecmp(name, CONFIG_DAEMON) == 0 && !is_daemons(name))
        return textfile_refuse(path, line, NULL, ret_error,
                               "[%s]: the daemon's own section is spelled [latchkeyd]; correct it",
                               name);
    if (!config_draft_is_name(name))
        return textfile_refuse(path, line, NULL, ret_error,
                               "[%s]: not a name for a cloud; give 1 to %d letters, digits, dots, "
                               "underscores, hyphens and blanks between them",
                               name, CLOUD_NAME_MAX);
    return 0;
}

static int refuse_twin(const struct config_section *twin, const char *path, unsigned line,
                       char **ret_error)
{
    if (strcmp(twin->path, path) == 0)
        return textfile_refuse(path, line, NULL, ret_error,
                               "[%s]: a second section of that name, the first is in line %u; make "
                               "them one",
                               twin->name, twin->line);
    return textfile_refuse(path, line, NULL, ret_error,
                           "[%s]: a cloud of that name is in %s, line %u, too; rename one of them",
                           twin->name, twin->path, twin->line);
}

static int add_section(struct config_draft *d, const char *name, const char *path, unsigned line,
                       char **ret_error)
{
    const struct config_section *twin = config_draft_find(d, name);
    struct config_section *grown;

    if (twin)
        return refuse_twin(twin, path, line, ret_error);
    grown = reallocarray(d->sections, d->n_sections + 1, sizeof(*grown));
    if (!grown)
        return -ENOMEM;
    d->sections = grown;
    grown[d->n_sections] =
        (struct config_section){.name = strdup(name), .path = path, .line = line};
    if (!grown[d->n_sections].name)
        return -ENOMEM;
    d->n_sections++;
    return 0;
}

static int open_section(struct config_draft *d, const struct inifile_entry *entry, char **ret_error)
{
    int r;

    d->in_rule = config_is_rule(entry->section);
    if (d->in_rule)
        return config_allow_open(d, entry, ret_error);
    r = check_section_name(entry->section, entry->path, entry->line, ret_error);
    return r < 0 ? r : add_section(d, entry->section, entry->path, entry->line, ret_error);
}

/* There is more to be had by these names in the INI file. */
static bool is_reserved(const char *name)
{
    return strcasecmp(name, CONFIG_DAEMON) == 0 || strcmp(name, CONFIG_FALLBACK) == 0 ||
           config_is_rule(name);
}

int config_draft_add(struct config_draft *d, const char *name, const char *path, unsigned line,
                     size_t *ret_section, char **ret_error)
{
    int r;

    if (is_reserved(name) || !config_draft_is_name(name))
        return textfile_refuse(
            path, line, name, ret_error,
            "not a name for a cloud; give 1 to %d letters, digits, dots, "
            "underscores, hyphens and blanks between them, and none of latchkeyd, "
            "DEFAULT and allow",
            CLOUD_NAME_MAX);
    r = add_section(d, name, path, line, ret_error);
    if (r < 0)
        return r;
    *ret_section = d->n_sections - 1;
    d->sections[*ret_section].is_foreign = true;
    return 0;
}

static int refuse_key(const struct inifile_entry *entry, bool daemons, char **ret_error)
{
    const char *wrong = daemons ? "not a key of [latchkeyd]; move it to a cloud's section"
                                : "not a key of a cloud; move it to the section [latchkeyd]";

    if (config_key_find(entry->key, !daemons) == _KEY_MAX)
        wrong = "unknown key; latchkeyd.conf(5) lists those that there are";
    return textfile_refuse(entry->path, entry->line, entry->key, ret_error, "%s", wrong);
}

static int check_key(const struct config_section *s, const struct inifile_entry *entry,
                     char **ret_error)
{
    bool daemons = is_daemons(s->name);
    enum config_key_id id = config_key_find(entry->key, daemons);

    if (id == _KEY_MAX)
        return refuse_key(entry, daemons, ret_error);
    if (s->values[id].text)
        return textfile_refuse(entry->path, entry->line, entry->key, ret_error,
                               "given twice, first in line %u; take one out", s->values[id].line);
    if (!*entry->value && !config_keys[id].may_be_empty)
        return textfile_refuse(entry->path, entry->line, entry->key, ret_error,
                               "has no value; give %s, or take the line out",
                               config_keys[id].wanted);
    if (entry->cut && config_keys[id].is_key)
        return inifile_refuse_cut(entry, ret_error);
    return 0;
}

/* ---- overrides */

const struct config_named_value *config_section_override(const struct config_section *s,
                                                         const char *type)
{
    for (size_t i = 0; i < s->n_overrides; i++)
        if (strcmp(s->overrides[i].type, type) == 0)
            return &s->overrides[i];
    return NULL;
}

static int check_override(const struct config_section *s, const struct config_named_value *v,
                          char **ret_error)
{
    const struct config_named_value *twin = config_section_override(s, v->type);

    if (is_daemons(s->name))
        return textfile_refuse(v->path, v->line, v->key, ret_error,
                               "not a key of [latchkeyd]; move it to a cloud's section");
    if (twin)
        return textfile_refuse(v->path, v->line, v->key, ret_error,
                               "given twice, first in line %u; take one out", twin->line);
    if (!*v->text)
        return textfile_refuse(v->path, v->line, v->key, ret_error,
                               "has no value; give %s, or take the line out",
                               CONFIG_ENDPOINT_WANTED);
    return 0;
}

int config_section_add_override(struct config_section *s, const char *key, const char *text,
                                const char *path, unsigned line, char **ret_error)
{
    struct config_named_value v = {.path = path, .line = line}, *grown = NULL;
    int r;

    v.key = strdup(key);
    v.service = strndup(key, config_override_service(key));
    v.type = v.service ? catalog_type(v.service) : NULL;
    v.text = strdup(text);
    r = v.key && v.type && v.text ? check_override(s, &v, ret_error) : -ENOMEM;
    if (r >= 0) {
        grown = reallocarray(s->overrides, s->n_overrides + 1, sizeof(*grown));
        r = grown ? 0 : -ENOMEM;
    }
    if (r < 0) {
        named_value_done(&v);
        return r;
    }
    s->overrides = grown;
    grown[s->n_overrides++] = v;
    return 0;
}

/* ---- entry by entry */

static int take_entry(const struct inifile_entry *entry, void *userdata, char **ret_error)
{
    struct config_draft *d = userdata;
    struct config_section *s;
    enum config_key_id id;
    int r;

    if (!entry->key)
        return open_section(d, entry, ret_error);
    if (d->in_rule)
        return config_allow_take(d, entry, ret_error);
    if (entry->more)
        return inifile_refuse_more(entry, ret_error);
    s = &d->sections[d->n_sections - 1];
    if (config_override_service(entry->key) > 0)
        return config_section_add_override(s, entry->key, entry->value, entry->path, entry->line,
                                           ret_error);
    r = check_key(s, entry, ret_error);
    if (r < 0)
        return r;
    id = config_key_find(entry->key, is_daemons(s->name));
    return config_section_set(s, id, entry->value, entry->path, entry->line, NULL);
}

int config_draft_read(const char *path, struct config_draft *draft, char **ret_error)
{
    static const struct stat unknown;
    struct config_file *file;
    int r = config_draft_add_file(draft, strdup(path), &unknown);

    if (r < 0)
        return r;
    file = &draft->files[draft->n_files - 1];
    return inifile_read(file->path, take_entry, draft, &file->st, ret_error);
}
