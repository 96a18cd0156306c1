/* SPDX-License-Identifier: MIT */
/*
 * What the keys of a cloud in clouds.yaml mean here: one table, in the order in which openstacksdk
 * has one spelling win over another. The values are those of the keys of latchkeyd.conf and are read
 * with them later on.
 */
#include "config_yaml.h"

#include "textfile.h"

#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <string.h>

enum { BESIDE, IN_AUTH, _PLACE_MAX };

enum use {
    USE_VALUE,
    USE_INVERTED,       /* of `verify`, when it is true */
    USE_DEFAULT_DOMAIN, /* where the user or the project has none */
    USE_AUTH_TYPE,      /* decides what kind of cloud it is */
    USE_STRUCTURE,      /* has been dealt with before */
};

/* Later rows win over earlier ones. */
static const struct row {
    const char *name;
    const char *key; /* of latchkeyd.conf; NULL: the same */
    bool auth;       /* stands in `auth`, or beside it */
    bool beside_wins;
    enum use use;
} rows[] = {
    {"auth_url", "auth_endpoint", .auth = true},
    {"endpoint", .auth = true},
    {"user_name", "username", .auth = true},
    {"username", .auth = true},
    {"user_id", .auth = true},
    {"user_domain_id", .auth = true, .beside_wins = true},
    {"user_domain_name", .auth = true, .beside_wins = true},
    {"password", .auth = true},
    {"api_key", .auth = true},
    {"application_credential_id", .auth = true},
    {"application_credential_name", .auth = true},
    {"application_credential_secret", .auth = true},
    {"tenant_id", .auth = true, .beside_wins = true},
    {"tenant_name", .auth = true, .beside_wins = true},
    {"project_id", .auth = true, .beside_wins = true},
    {"project_name", .auth = true, .beside_wins = true},
    {"project_domain_id", .auth = true, .beside_wins = true},
    {"project_domain_name", .auth = true, .beside_wins = true},
    {"domain_id", .auth = true, .beside_wins = true},
    {"domain_name", .auth = true, .beside_wins = true},
    {"default_domain_id", "domain_id", .auth = true, .use = USE_DEFAULT_DOMAIN},
    {"default_domain_name", "domain_name", .auth = true, .use = USE_DEFAULT_DOMAIN},
    {"identity_api_version"},
    {"region_name", "region"},
    {"endpoint_type", "interface"},
    {"interface"},
    {"verify", "verify_ssl"},
    {"insecure", "verify_ssl", .use = USE_INVERTED},
    {"cacert", "ca_file"},
    {"cert", "cert_file"},
    {"key", "key_file"},
    {"api_timeout", "connect_timeout"},
    {"api_timeout", "upstream_timeout"},
    {"auth_plugin", .use = USE_AUTH_TYPE},
    {"auth_type", .use = USE_AUTH_TYPE},
    {"auth", .use = USE_STRUCTURE},
    {"cloud", .use = USE_STRUCTURE},
    {"profile", .use = USE_STRUCTURE},
    {"regions", .use = USE_STRUCTURE},
};

/* Known to openstacksdk, and of no use to somebody who calls no service himself. */
static const char *const clients_keys[] = {
    "*_api_version",
    "*_default_microversion",
    "*_endpoint_type",
    "*_interface",
    "*_max_version",
    "*_min_version",
    "*_region_name",
    "*_retries",
    "*_retry_delay",
    "*_service_name",
    "*_service_type",
    "*_timeout",
    "cache",
    "client",
    "disable_vendor_agent",
    "external_network",
    "floating_ip_source",
    "force_ipv4",
    "has_*",
    "image_api_use_tasks",
    "image_format",
    "internal_network",
    "message",
    "metrics",
    "nat_*",
    "networks",
    "prefer_ipv6",
    "requires_floating_ip",
    "secgroup_source",
    "status",
    "vendor_hook",
};

static const struct auth_type {
    const char *name;
    const char *identity_type;
    const char *api_version; /* NULL: the cloud's own */
    bool needs_url;
} auth_types[] = {
    {"password", "keystone", NULL, true},
    {"v3password", "keystone", "3", true},
    {"v3applicationcredential", "keystone", "3", true},
    {"v2password", "keystone", "2", true},
    {"v1password", "swift", NULL, true},
    {"rackspace_apikey", "rackspace", NULL, false},
    {"rackspace_password", "rackspace", NULL, false},
    {"none", "none", NULL, false},
};

struct mapping {
    struct config_draft *draft;
    size_t section;
    const struct yamlfile_node *cloud;
    const struct yamlfile_entry *given[ARRAY_SIZE(rows)][_PLACE_MAX];
    const struct yamlfile_entry *auth_type;
    char **ret_error;
};

bool config_yaml_key_is(const char *key, const char *name)
{
    bool is_variable = strncmp(key, "OS_", 3) == 0;

    for (key += is_variable ? 3 : 0; *key && *name; key++, name++)
        if (*name != (*key == '-' ? '_' : is_variable ? tolower((unsigned char)*key) : *key))
            return false;
    return !*key && !*name;
}

const struct yamlfile_entry *config_yaml_find(const struct yamlfile_node *mapping, const char *name)
{
    for (size_t i = 0; yamlfile_is(mapping, YAMLFILE_MAPPING) && i < mapping->n; i++)
        if (config_yaml_key_is(mapping->entries[i].key, name))
            return &mapping->entries[i];
    return NULL;
}

static struct config_section *section_of(const struct mapping *m)
{
    return &m->draft->sections[m->section];
}

static int refuse(const struct mapping *m, const struct yamlfile_entry *at, const char *what)
{
    return textfile_refuse(at->path, at->line, at->key, m->ret_error, "%s", what);
}

static int warn(const struct mapping *m, const struct yamlfile_entry *at, const char *what)
{
    return config_draft_warn(m->draft, at->path, at->line, section_of(m)->name, at->key, what);
}

/* ---- which keys are given */

/* The key as latchkeyd.conf has it, when it is `SERVICE_endpoint_override`; else false. */
static bool is_override(const char *key, char *name, size_t size)
{
    bool is_variable = strncmp(key, "OS_", 3) == 0;
    size_t n = 0;

    for (key += is_variable ? 3 : 0; *key && n < size - 1; key++)
        name[n++] = is_variable ? (char)tolower((unsigned char)*key) : *key;
    name[n] = '\0';
    return !*key && config_override_service(name) > 0;
}

/* An endpoint in place of the catalog's. */
static int take_override(const struct mapping *m, const struct yamlfile_entry *entry,
                         const char *name)
{
    if (yamlfile_is_empty(entry->value))
        return 0;
    if (entry->value->kind != YAMLFILE_SCALAR)
        return refuse(m, entry, "a list or a mapping; give one value");
    return config_section_add_override(section_of(m), name, entry->value->text, entry->path,
                                       entry->line, m->ret_error);
}

static int set(const struct mapping *m, enum config_key_id id, const struct yamlfile_entry *from,
               const char *text)
{
    for (const char *p = text; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            return refuse(m, from,
                          "a control character or a line end stands in the value; take it "
                          "out");
    return config_section_set(section_of(m), id, text, from->path, from->line, from->key);
}

/* What the table does not have. */
static int take_other(const struct mapping *m, const struct yamlfile_entry *entry, int place)
{
    char name[64];

    if (place == BESIDE && is_override(entry->key, name, sizeof(name)))
        return take_override(m, entry, name);
    for (size_t i = 0; place == BESIDE && i < ARRAY_SIZE(clients_keys); i++) {
        const char *bare = strncmp(entry->key, "OS_", 3) == 0 ? entry->key + 3 : entry->key;

        if (fnmatch(clients_keys[i], bare, FNM_CASEFOLD) == 0)
            return warn(m, entry,
                        "has no effect: it is for programs that call the services themselves");
    }
    return warn(m, entry, "has no effect: latchkeyd does not know this key");
}

static int take(struct mapping *m, const struct yamlfile_entry *entry, int place)
{
    bool known = false, is_variable = m->cloud->line == 0;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (!config_yaml_key_is(entry->key, rows[i].name) || (place == IN_AUTH && !rows[i].auth) ||
            (is_variable && rows[i].use == USE_STRUCTURE))
            continue;
        known = true;
        if (rows[i].use == USE_STRUCTURE || yamlfile_is_empty(entry->value))
            continue;
        if (entry->value->kind != YAMLFILE_SCALAR)
            return refuse(m, entry, "a list or a mapping; give one value");
        if (m->given[i][place])
            return textfile_refuse(entry->path, entry->line, entry->key, m->ret_error,
                                   "given twice, first in line %u; take one out",
                                   m->given[i][place]->line);
        m->given[i][place] = entry;
    }
    return known ? 0 : take_other(m, entry, place);
}

static int take_all(struct mapping *m, const struct yamlfile_node *from, int place)
{
    int r = 0;

    for (size_t i = 0; r >= 0 && i < from->n; i++)
        r = take(m, &from->entries[i], place);
    return r;
}

/* ---- what they come to */

static int invert(const struct mapping *m, const struct yamlfile_entry *entry)
{
    bool insecure;
    int r = config_keys[KEY_VERIFY_SSL].parse(entry->value->text, &insecure);

    if (r == -EINVAL)
        return refuse(m, entry, "wrong value; give yes or no");
    return r < 0 || !insecure ? r : set(m, KEY_VERIFY_SSL, entry, "no");
}

static int apply_row(struct mapping *m, const struct row *row, const struct yamlfile_entry *entry)
{
    enum config_key_id id;

    if (row->use == USE_INVERTED)
        return invert(m, entry);
    if (row->use == USE_AUTH_TYPE)
        m->auth_type = entry;
    if (row->use != USE_VALUE)
        return 0;
    id = config_key_find(row->key ? row->key : row->name, false);
    if (id == _KEY_MAX)
        return warn(m, entry, "has no effect: latchkeyd does not know this key");
    if (id == KEY_AUTH_ENDPOINT && strpbrk(entry->value->text, "{}"))
        return refuse(m, entry, "nothing is filled in for `{…}`; write the URL out");
    return set(m, id, entry, entry->value->text);
}

static int apply_rows(struct mapping *m)
{
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        int last = rows[i].beside_wins ? BESIDE : IN_AUTH;

        for (int j = 0; j < _PLACE_MAX; j++) {
            const struct yamlfile_entry *entry = m->given[i][j == 0 ? !last : last];
            int r = entry ? apply_row(m, &rows[i], entry) : 0;

            if (r < 0)
                return r;
        }
    }
    return 0;
}

static int refuse_auth_type(const struct mapping *m)
{
    char names[256] = "";
    size_t length = 0;

    for (size_t i = 0; i < ARRAY_SIZE(auth_types); i++)
        length += (size_t)snprintf(names + length, sizeof(names) - length, "%s%s",
                                   i > 0 ? ", " : "", auth_types[i].name);
    return textfile_refuse(m->auth_type->path, m->auth_type->line, m->auth_type->key, m->ret_error,
                           "latchkeyd does not know this one; give one of %s", names);
}

static int refuse_missing(const struct mapping *m, const char *variable, const char *key)
{
    const struct config_section *s = section_of(m);

    if (m->cloud->line == 0)
        return textfile_refuse(s->path, 0, variable, m->ret_error,
                               "not set; read the openrc file into the environment first");
    return textfile_refuse(s->path, s->line, s->name, m->ret_error,
                           "%s is missing; add it below `auth:`", key);
}

static int apply_auth_type(const struct mapping *m)
{
    const struct config_section *s = section_of(m);
    const char *name = m->auth_type ? m->auth_type->value->text : "password";
    struct yamlfile_entry nowhere = {.path = s->path, .line = s->line};
    const struct yamlfile_entry *from = m->auth_type ? m->auth_type : &nowhere;
    static char key[] = "auth_type";
    size_t i = 0;
    int r;

    nowhere.key = key;
    while (i < ARRAY_SIZE(auth_types) && strcasecmp(auth_types[i].name, name) != 0)
        i++;
    if (i == ARRAY_SIZE(auth_types))
        return refuse_auth_type(m);
    r = set(m, KEY_IDENTITY_TYPE, from, auth_types[i].identity_type);
    if (r >= 0 && auth_types[i].api_version)
        r = set(m, KEY_IDENTITY_API_VERSION, from, auth_types[i].api_version);
    if (r >= 0 && auth_types[i].needs_url && !s->values[KEY_AUTH_ENDPOINT].text)
        return refuse_missing(m, "OS_AUTH_URL", "auth_url");
    return r;
}

/* ---- domains */

#define FIELD(id) config_key_of(CREDENTIAL_##id)

static const struct yamlfile_entry *default_domain(const struct mapping *m, const char *key)
{
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (rows[i].use == USE_DEFAULT_DOMAIN && strcmp(rows[i].key, key) == 0)
            return m->given[i][IN_AUTH] ? m->given[i][IN_AUTH] : m->given[i][BESIDE];
    return NULL;
}

static int copy_value(struct config_section *s, enum config_key_id to, enum config_key_id from)
{
    const struct config_value *v = &s->values[from];

    return v->text ? config_section_set(s, to, v->text, v->path, v->line, v->key) : 0;
}

/* The domain of a user's or a project's name, where it is not given: `domain_…` with a project, which
 * can be in no other scope then, else `default_domain_…`. */
static int fill_domain(const struct mapping *m, enum config_key_id id, enum config_key_id name,
                       bool has_project)
{
    const struct yamlfile_entry *by_id = default_domain(m, "domain_id"),
                                *by_name = default_domain(m, "domain_name");
    struct config_section *s = section_of(m);
    int r = 0;

    if (s->values[id].text || s->values[name].text)
        return 0;
    if (has_project)
        r = copy_value(s, id, FIELD(DOMAIN_ID));
    if (r >= 0 && has_project && !s->values[id].text)
        r = copy_value(s, name, FIELD(DOMAIN_NAME));
    if (r < 0 || s->values[id].text || s->values[name].text)
        return r;
    if (by_id)
        return set(m, id, by_id, by_id->value->text);
    return by_name ? set(m, name, by_name, by_name->value->text) : 0;
}

static int fill_domains(const struct mapping *m)
{
    struct config_section *s = section_of(m);
    bool has_project = s->values[FIELD(TENANT_ID)].text || s->values[FIELD(TENANT_NAME)].text;
    int r = 0;

    if (s->values[FIELD(USERNAME)].text)
        r = fill_domain(m, FIELD(USER_DOMAIN_ID), FIELD(USER_DOMAIN_NAME), has_project);
    if (r >= 0 && s->values[FIELD(TENANT_NAME)].text)
        r = fill_domain(m, FIELD(PROJECT_DOMAIN_ID), FIELD(PROJECT_DOMAIN_NAME), has_project);
    if (r < 0 || !has_project)
        return r;
    config_section_unset(s, FIELD(DOMAIN_ID));
    config_section_unset(s, FIELD(DOMAIN_NAME));
    return 0;
}

static bool is_given(const struct mapping *m, enum credential_field field)
{
    return section_of(m)->values[config_key_of(field)].text;
}

/* An openrc file that has asked for the password has it; a clouds.yaml without one is signed out. */
static int check_login(const struct mapping *m)
{
    bool has_password = is_given(m, CREDENTIAL_PASSWORD) || is_given(m, CREDENTIAL_API_KEY);
    bool has_secret = is_given(m, CREDENTIAL_APPLICATION_CREDENTIAL_SECRET);
    bool is_none = strcmp(section_of(m)->values[KEY_IDENTITY_TYPE].text, "none") == 0;

    if (!has_password && !has_secret && !is_none && m->cloud->line == 0)
        return refuse_missing(m, "OS_PASSWORD", "password");
    if (has_password && !is_given(m, CREDENTIAL_USERNAME) && !is_given(m, CREDENTIAL_USER_ID))
        return refuse_missing(m, "OS_USERNAME", "username");
    if (has_secret && !is_given(m, CREDENTIAL_APPLICATION_CREDENTIAL_ID) &&
        !is_given(m, CREDENTIAL_APPLICATION_CREDENTIAL_NAME))
        return refuse_missing(m, "OS_APPLICATION_CREDENTIAL_ID", "application_credential_id");
    return 0;
}

int config_yaml_map(const struct yamlfile_node *cloud, struct config_draft *d, size_t section,
                    char **ret_error)
{
    struct mapping m = {.draft = d, .section = section, .cloud = cloud, .ret_error = ret_error};
    const struct yamlfile_entry *auth = config_yaml_find(cloud, "auth");
    int r = 0;

    if (auth && cloud->line > 0 && !yamlfile_is_empty(auth->value)) {
        if (auth->value->kind != YAMLFILE_MAPPING)
            return refuse(&m, auth, "no mapping; write keys such as `auth_url: URL` below it");
        r = take_all(&m, auth->value, IN_AUTH);
    }
    if (r >= 0)
        r = take_all(&m, cloud, BESIDE);
    if (r >= 0)
        r = apply_rows(&m);
    if (r >= 0)
        r = apply_auth_type(&m);
    if (r >= 0)
        r = fill_domains(&m);
    return r < 0 ? r : check_login(&m);
}
