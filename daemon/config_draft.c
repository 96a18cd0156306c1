/* SPDX-License-Identifier: MIT */
/* What is unknown, given twice or left empty is refused here, where it stands. */
#include "config_draft.h"

#include "catalog.h"
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

static void section_done(struct config_section *s)
{
    free(s->name);
    for (size_t id = 0; id < _KEY_MAX; id++)
        secret_free(s->values[id].text);
    for (size_t i = 0; i < s->n_overrides; i++)
        named_value_done(&s->overrides[i]);
    free(s->overrides);
}

void config_draft_done(struct config_draft *d)
{
    for (size_t i = 0; i < d->n_sections; i++)
        section_done(&d->sections[i]);
    free(d->sections);
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

/* One that can stand in a path, a label and a line of text. pyrax takes blanks, so that they are
 * taken where they can be seen. */
static bool is_cloud_name(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "._- ";
    size_t length = strspn(name, allowed);

    return length > 0 && !name[length] && length <= CLOUD_NAME_MAX && name[0] != ' ' &&
           name[length - 1] != ' ' && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static int check_section_name(const struct inifile_entry *entry, char **ret_error)
{
    const char *name = entry->section;

    if (strncmp(name, "allow", 5) == 0 && (!name[5] || name[5] == ' '))
        return inifile_refuse(entry->path, entry->line, NULL, ret_error,
                              "[%s]: this version knows no access rules; take the section out and "
                              "guard the socket with socket_group and socket_mode",
                              name);
    if (strcasecmp(name, CONFIG_DAEMON) == 0 && !is_daemons(name))
        return inifile_refuse(entry->path, entry->line, NULL, ret_error,
                              "[%s]: the daemon's own section is spelled [latchkeyd]; correct it",
                              name);
    if (!is_cloud_name(name))
        return inifile_refuse(entry->path, entry->line, NULL, ret_error,
                              "[%s]: not a name for a cloud; give 1 to %d letters, digits, dots, "
                              "underscores, hyphens and blanks between them",
                              name, CLOUD_NAME_MAX);
    return 0;
}

static int open_section(struct config_draft *d, const struct inifile_entry *entry, char **ret_error)
{
    const struct config_section *twin = config_draft_find(d, entry->section);
    struct config_section *grown;
    int r;

    r = check_section_name(entry, ret_error);
    if (r < 0)
        return r;
    if (twin)
        return inifile_refuse(entry->path, entry->line, NULL, ret_error,
                              "[%s]: a second section of that name, the first is in line %u; make "
                              "them one",
                              entry->section, twin->line);
    grown = reallocarray(d->sections, d->n_sections + 1, sizeof(*grown));
    if (!grown)
        return -ENOMEM;
    d->sections = grown;
    grown[d->n_sections] =
        (struct config_section){.name = strdup(entry->section), .line = entry->line};
    if (!grown[d->n_sections].name)
        return -ENOMEM;
    d->n_sections++;
    return 0;
}

static int check_key(const struct config_section *s, const struct inifile_entry *entry,
                     char **ret_error)
{
    bool daemons = is_daemons(s->name);
    enum config_key_id id = config_key_find(entry->key, daemons);
    const char *wrong = NULL;

    if (id == _KEY_MAX && config_key_find(entry->key, !daemons) == _KEY_MAX)
        wrong = "unknown key; latchkeyd.conf(5) lists those that there are";
    else if (id == _KEY_MAX)
        wrong = daemons ? "not a key of [latchkeyd]; move it to a cloud's section"
                        : "not a key of a cloud; move it to the section [latchkeyd]";
    if (wrong)
        return inifile_refuse(entry->path, entry->line, entry->key, ret_error, "%s", wrong);

    if (s->values[id].text)
        return inifile_refuse(entry->path, entry->line, entry->key, ret_error,
                              "given twice, first in line %u; take one out", s->values[id].line);
    if (!*entry->value && !config_keys[id].may_be_empty)
        return inifile_refuse(entry->path, entry->line, entry->key, ret_error,
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

static int read_override(const struct inifile_entry *entry, struct config_named_value *v)
{
    v->line = entry->line;
    v->key = strdup(entry->key);
    v->service = strndup(entry->key, config_override_service(entry->key));
    v->type = v->service ? catalog_type(v->service) : NULL;
    v->text = strdup(entry->value);
    return v->key && v->type && v->text ? 0 : -ENOMEM;
}

static int check_override(const struct config_section *s, const struct inifile_entry *entry,
                          const struct config_named_value *v, char **ret_error)
{
    const struct config_named_value *twin = config_section_override(s, v->type);

    if (is_daemons(s->name))
        return inifile_refuse(entry->path, entry->line, entry->key, ret_error,
                              "not a key of [latchkeyd]; move it to a cloud's section");
    if (twin)
        return inifile_refuse(entry->path, entry->line, entry->key, ret_error,
                              "given twice, first in line %u; take one out", twin->line);
    if (!*entry->value)
        return inifile_refuse(entry->path, entry->line, entry->key, ret_error,
                              "has no value; give %s, or take the line out",
                              CONFIG_ENDPOINT_WANTED);
    return 0;
}

static int take_override(struct config_section *s, const struct inifile_entry *entry,
                         char **ret_error)
{
    struct config_named_value v = {0}, *grown;
    int r = read_override(entry, &v);

    if (r >= 0)
        r = check_override(s, entry, &v, ret_error);
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
    s = &d->sections[d->n_sections - 1];
    if (config_override_service(entry->key) > 0)
        return take_override(s, entry, ret_error);
    r = check_key(s, entry, ret_error);
    if (r < 0)
        return r;
    id = config_key_find(entry->key, is_daemons(s->name));
    s->values[id].line = entry->line;
    s->values[id].text = secret_strdup(entry->value);
    return s->values[id].text ? 0 : -ENOMEM;
}

int config_draft_read(const char *path, struct config_draft *draft, struct stat *ret_stat,
                      char **ret_error)
{
    return inifile_read(path, take_entry, draft, ret_stat, ret_error);
}
