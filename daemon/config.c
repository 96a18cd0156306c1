/* SPDX-License-Identifier: MIT */
/*
 * From a file to a configuration in two steps: first the whole file is taken in as text
 * (config_draft.h), so that what is unknown or given twice is refused where it stands; then each
 * section's text, with [DEFAULT]'s where it is silent, becomes a value by way of the table of keys
 * (config_keys.h).
 */
#include "config.h"

#include "config_draft.h"
#include "config_environment.h"
#include "config_keys.h"
#include "config_yaml.h"
#include "inifile.h"

#include <errno.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

/* Keeps a sentence, which it takes, for whoever loads the configuration. What is wrong in [DEFAULT]
 * comes up with every cloud, and is said once. */
static int keep_warning(struct config *c, char *sentence)
{
    _cleanup_(freep) char *owned = sentence;
    char **grown;

    for (size_t i = 0; i < c->n_warnings; i++)
        if (strcmp(c->warnings[i], sentence) == 0)
            return 0;
    grown = reallocarray(c->warnings, c->n_warnings + 2, sizeof(*grown));
    if (!grown)
        return -ENOMEM;
    c->warnings = grown;
    c->warnings[c->n_warnings++] = TAKE_PTR(owned);
    c->warnings[c->n_warnings] = NULL;
    return 0;
}

/* What a key is called where its value stands. */
static const char *key_of(const struct config_value values[static _KEY_MAX], enum config_key_id id)
{
    return values[id].key ? values[id].key : config_keys[id].name;
}

static int warn(struct config *c, const struct config_value values[static _KEY_MAX],
                enum config_key_id id, const char *what)
{
    char *sentence;

    /* A warning looks like an error, it only stops nothing. */
    if (inifile_refuse(values[id].path, values[id].line, key_of(values, id), &sentence, "%s",
                       what) == -ENOMEM)
        return -ENOMEM;
    return keep_warning(c, sentence);
}

static bool is_given(const struct config_value *v)
{
    return v->text && *v->text;
}

static bool is_cloud(const char *section)
{
    return strcmp(section, CONFIG_DAEMON) != 0 && strcmp(section, CONFIG_FALLBACK) != 0;
}

/* The values that hold for a cloud: its own, and where it has none those of [DEFAULT]. One
 * section's user never comes together with another's key. They are borrowed. */
static void merge(const struct config_section *own, const struct config_section *fallback,
                  struct config_value ret[static _KEY_MAX])
{
    bool has_login = false;

    for (size_t id = 0; id < _KEY_MAX; id++)
        if (config_keys[id].is_login && is_given(&own->values[id]))
            has_login = true;
    for (size_t id = 0; id < _KEY_MAX; id++) {
        ret[id] = own->values[id];
        if (fallback && !is_given(&ret[id]) && !(config_keys[id].is_login && has_login))
            ret[id] = fallback->values[id];
    }
}

/* Reads the values of one kind, the daemon's or a cloud's, into their structure. */
static int apply(const struct config_value values[static _KEY_MAX], bool daemons, void *structure,
                 char **ret_error)
{
    for (size_t i = 0; i < _KEY_MAX; i++) {
        enum config_key_id id = (enum config_key_id)i;
        int r;

        if (config_key_is_daemons(id) != daemons || !is_given(&values[id]))
            continue;
        r = config_key_apply(id, values[id].text, structure);
        if (r == -EINVAL)
            return inifile_refuse(values[id].path, values[id].line, key_of(values, id), ret_error,
                                  "wrong value; give %s", config_keys[id].wanted);
        if (r < 0)
            return r;
    }
    return 0;
}

static int add_overrides(const struct config_section *s, const struct config_section *before,
                         struct cloud_config *cloud, char **ret_error)
{
    for (size_t i = 0; s && i < s->n_overrides; i++) {
        const struct config_named_value *v = &s->overrides[i];
        int r;

        if (before && config_section_override(before, v->type))
            continue;
        r = cloud_config_add_override(cloud, v->service, v->text);
        if (r == -EINVAL)
            return inifile_refuse(v->path, v->line, v->key, ret_error, "wrong value; give %s",
                                  CONFIG_ENDPOINT_WANTED);
        if (r < 0)
            return r;
    }
    return 0;
}

static int refuse_second_key(const struct config_value values[static _KEY_MAX],
                             enum config_key_id first, enum config_key_id second, char **ret_error)
{
    const struct config_value *other = &values[first], *at = &values[second];
    char place[32] = "";

    if (other->line > 0)
        (void)snprintf(place, sizeof(place), ", in line %u", other->line);
    return inifile_refuse(at->path, at->line, key_of(values, second), ret_error,
                          "%s is given too%s%s%s; take one of the two out", key_of(values, first),
                          place, strcmp(at->path, other->path) == 0 ? "" : " of ",
                          strcmp(at->path, other->path) == 0 ? "" : other->path);
}

/* With a key here, all of the credential has to be here. */
static int check_login(const struct cloud_config *cloud,
                       const struct config_value values[static _KEY_MAX], char **ret_error)
{
    enum credential_field field, key;
    enum credential_fault fault = credential_check(&cloud->login, &field, &key);
    const char *missing = NULL;

    switch (fault) {
    case CREDENTIAL_WITH_TWO_KEYS:
        return refuse_second_key(values, config_key_of(key), config_key_of(field), ret_error);
    case CREDENTIAL_WITHOUT_USER:
        missing = "no username goes with it; add `username = NAME`";
        break;
    case CREDENTIAL_WITHOUT_APPLICATION:
        missing = "no application credential goes with it; add `application_credential_id = ID`";
        break;
    case CREDENTIAL_WITHOUT_KEY: /* then there is a file */
    case CREDENTIAL_WHOLE:
        return 0;
    }
    return inifile_refuse(values[config_key_of(key)].path, values[config_key_of(key)].line,
                          key_of(values, config_key_of(key)), ret_error, "%s", missing);
}

/* Without an identity service there is no catalog that could say where a service is. */
static int check_no_identity(const struct cloud_config *cloud,
                             const struct config_value values[static _KEY_MAX], char **ret_error)
{
    if (cloud->endpoint || cloud->n_overrides > 0)
        return 0;
    return inifile_refuse(values[KEY_IDENTITY_TYPE].path, values[KEY_IDENTITY_TYPE].line,
                          "endpoint", ret_error,
                          "missing, and without an identity service there is no catalog; add "
                          "`endpoint = URL`, or `SERVICE_endpoint_override = URL` for each "
                          "service");
}

/* What a cloud's values must be to one another. */
static int check_cloud(const struct cloud_config *cloud,
                       const struct config_value values[static _KEY_MAX], char **ret_error)
{
    int r = check_login(cloud, values, ret_error);

    if (r < 0)
        return r;
    if (strcmp(cloud->identity_type, CONFIG_NO_IDENTITY) == 0)
        return check_no_identity(cloud, values, ret_error);
    if (cloud->endpoint)
        return inifile_refuse(values[KEY_ENDPOINT].path, values[KEY_ENDPOINT].line, "endpoint",
                              ret_error,
                              "only for `identity_type = none`, which has no catalog; name the "
                              "service, as in `object_store_endpoint_override = URL`");
    if (strcmp(cloud->identity_type, "rackspace") != 0 && !cloud->auth_endpoint)
        return inifile_refuse(values[KEY_IDENTITY_TYPE].path, values[KEY_IDENTITY_TYPE].line,
                              "auth_endpoint", ret_error,
                              "missing, and %s has none of its own; add `auth_endpoint = URL`",
                              cloud->identity_type);
    return 0;
}

/* A tenant's or a user's id may still fill a gap in a URL. */
static int warn_of_no_login(struct config *c, const struct config_value values[static _KEY_MAX])
{
    static const enum config_key_id keys[] = {
        KEY_AUTH_ENDPOINT,
        KEY_CREDENTIAL_FILE,
        (enum config_key_id)(KEY_LOGIN + CREDENTIAL_API_KEY),
        (enum config_key_id)(KEY_LOGIN + CREDENTIAL_PASSWORD),
        (enum config_key_id)(KEY_LOGIN + CREDENTIAL_APPLICATION_CREDENTIAL_SECRET),
    };
    int r = 0;

    for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(keys); i++)
        if (is_given(&values[keys[i]]))
            r = warn(c, values, keys[i],
                     "not used: with identity_type none nobody logs in; take it out");
    return r;
}

/* What a cloud's values say that comes to nothing. */
static int warn_of_unused(struct config *c, const struct cloud_config *cloud, bool is_foreign,
                          const struct config_value values[static _KEY_MAX])
{
    bool has_key = credential_key(&cloud->login) != _CREDENTIAL_FIELD_MAX;
    int r = 0;

    for (size_t id = 0; r >= 0 && id < _KEY_MAX; id++)
        if (config_keys[id].unused && is_given(&values[id]))
            r = warn(c, values, (enum config_key_id)id, config_keys[id].unused);
    if (r >= 0 && strcmp(cloud->identity_type, CONFIG_NO_IDENTITY) == 0)
        return warn_of_no_login(c, values);
    if (is_foreign)
        return r;
    if (r >= 0 && has_key && cloud->credential_file)
        r = warn(c, values, KEY_CREDENTIAL_FILE,
                 "not read, for the key stands here too; take one of the two out");
    for (size_t id = KEY_LOGIN; r >= 0 && !has_key && id <= KEY_LOGIN_LAST; id++)
        if (config_keys[id].is_login && is_given(&values[id]))
            r = warn(c, values, (enum config_key_id)id,
                     "not used without api_key or password; a credential_file holds its own");
    return r;
}

static int cloud_config_init(struct cloud_config *cloud, const char *name)
{
    cloud->name = strdup(name);
    cloud->identity_type = strdup("rackspace");
    cloud->verify_ssl = true;
    return cloud->name && cloud->identity_type ? 0 : -ENOMEM;
}

/* Adds a cloud that has nothing but its name yet. */
static int add_cloud(struct config *c, const char *name, struct cloud_config **ret)
{
    struct cloud_config *grown = reallocarray(c->clouds, c->n_clouds + 1, sizeof(*grown));

    if (!grown)
        return -ENOMEM;
    c->clouds = grown;
    grown[c->n_clouds] = (struct cloud_config){0};
    *ret = &grown[c->n_clouds++];
    return cloud_config_init(*ret, name);
}

/* What the cloud does not say for itself. */
static void inherit_timeouts(const struct config *c, struct cloud_config *cloud)
{
    if (cloud->connect_timeout == 0)
        cloud->connect_timeout = c->connect_timeout;
    if (cloud->login_timeout == 0)
        cloud->login_timeout = c->login_timeout;
    if (cloud->upstream_timeout == 0)
        cloud->upstream_timeout = c->upstream_timeout;
    if (cloud->request_timeout == 0)
        cloud->request_timeout = c->request_timeout;
}

static int add_section(struct config *c, const struct config_section *s,
                       const struct config_section *fallback, char **ret_error)
{
    struct config_value values[_KEY_MAX];
    struct cloud_config *cloud;
    int r;

    r = add_cloud(c, s->name, &cloud);
    if (r < 0)
        return r;
    if (s->is_foreign)
        fallback = NULL;
    merge(s, fallback, values);
    r = apply(values, false, cloud, ret_error);
    if (r >= 0)
        r = add_overrides(s, NULL, cloud, ret_error);
    if (r >= 0)
        r = add_overrides(fallback, s, cloud, ret_error);
    if (r < 0)
        return r;
    inherit_timeouts(c, cloud);
    r = check_cloud(cloud, values, ret_error);
    return r < 0 ? r : warn_of_unused(c, cloud, s->is_foreign, values);
}

/* [DEFAULT] must be right in itself, also where every cloud has a value of its own. */
static int check_fallback(const struct config_section *fallback, char **ret_error)
{
    _cleanup_(cloud_config_done) struct cloud_config nobodys = {0};
    int r;

    r = apply(fallback->values, false, &nobodys, ret_error);
    return r < 0 ? r : add_overrides(fallback, NULL, &nobodys, ret_error);
}

static int add_clouds(struct config *c, const struct config_draft *d, char **ret_error)
{
    static char rackspace[] = "rackspace";
    static const struct config_section alone = {.name = rackspace};
    const struct config_section *fallback = config_draft_find(d, CONFIG_FALLBACK);
    int r = fallback ? check_fallback(fallback, ret_error) : 0;

    for (size_t i = 0; r >= 0 && i < d->n_sections; i++)
        if (is_cloud(d->sections[i].name))
            r = add_section(c, &d->sections[i], fallback, ret_error);
    if (r >= 0 && c->n_clouds == 0)
        r = add_section(c, &alone, fallback, ret_error);
    return r;
}

/* Without a word from the file: `default`, then `settings`, as pyrax once called it, then the first
 * cloud. */
static int choose_default(struct config *c, unsigned line, char **ret_error)
{
    static const char *const names[] = {"default", "settings"};
    const char *chosen = c->clouds[0].name;

    if (c->default_cloud) {
        if (!config_find(c, c->default_cloud))
            return inifile_refuse(c->path, line, "default", ret_error,
                                  "no cloud of that name; write a section for it or give another");
        if (config_find(c, "default") && strcmp(c->default_cloud, "default") != 0)
            return inifile_refuse(c->path, line, "default", ret_error,
                                  "names one cloud while another is called `default`; rename that "
                                  "one or take this line out");
        return 0;
    }
    for (size_t i = ARRAY_SIZE(names); i-- > 0;)
        if (config_find(c, names[i]))
            chosen = names[i];
    c->default_cloud = strdup(chosen);
    return c->default_cloud ? 0 : -ENOMEM;
}

static int config_new(const char *path, struct config **ret)
{
    _cleanup_(config_freep) struct config *c = calloc(1, sizeof(*c));

    if (!c)
        return -ENOMEM;
    c->socket_mode = 0660;
    c->socket_group = getegid();
    c->log_level = LOG_INFO;
    c->connect_timeout = 10 * USEC_PER_SEC;
    c->login_timeout = 30 * USEC_PER_SEC;
    c->upstream_timeout = 60 * USEC_PER_SEC;
    c->path = path ? strdup(path) : NULL;
    c->warnings = calloc(1, sizeof(*c->warnings));
    if ((path && !c->path) || !c->warnings)
        return -ENOMEM;
    *ret = TAKE_PTR(c);
    return 0;
}

static bool holds_key(const struct config_draft *d, const char *path)
{
    for (size_t i = 0; i < d->n_sections; i++)
        for (size_t id = 0; id < _KEY_MAX; id++)
            if (config_keys[id].is_key && d->sections[i].values[id].text &&
                strcmp(d->sections[i].values[id].path, path) == 0)
                return true;
    return false;
}

/* Warns of keys in files that others can read. */
static int check_exposure(struct config *c, const struct config_draft *d)
{
    int r = 0;

    for (size_t i = 0; r >= 0 && i < d->n_files; i++) {
        const struct config_file *file = &d->files[i];
        char *warning = NULL;

        if (holds_key(d, file->path))
            r = credential_exposure(file->path, &file->st, &warning);
        if (r >= 0 && warning)
            r = keep_warning(c, warning);
    }
    return r;
}

/* From a draft of all clouds, which loses its warnings, to the configuration of them. */
static int build(struct config *c, struct config_draft *d, unsigned default_line, char **ret_error)
{
    int r = 0;

    for (size_t i = 0; r >= 0 && i < d->n_warnings; i++)
        r = keep_warning(c, TAKE_PTR(d->warnings[i]));
    if (r >= 0)
        r = add_clouds(c, d, ret_error);
    if (r >= 0)
        r = choose_default(c, default_line, ret_error);
    return r < 0 ? r : check_exposure(c, d);
}

int config_load(const char *path, struct config **ret, char **ret_error)
{
    _cleanup_(config_freep) struct config *c = NULL;
    _cleanup_(config_draft_done) struct config_draft draft = {0};
    static const struct config_section nothing;
    const struct config_section *daemons;
    unsigned default_line;
    int r;

    r = config_new(path, &c);
    if (r >= 0 && path)
        r = config_draft_read(path, &draft, ret_error);
    if (r < 0)
        return r;
    daemons = config_draft_find(&draft, CONFIG_DAEMON);
    if (!daemons)
        daemons = &nothing;
    default_line = daemons->values[KEY_DEFAULT].line;
    r = apply(daemons->values, true, c, ret_error);
    if (r >= 0)
        r = config_yaml_read(c->clouds_yaml, &draft, ret_error);
    if (r >= 0)
        r = build(c, &draft, default_line, ret_error);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(c);
    return 0;
}

int config_from_environment(struct config **ret, char **ret_error)
{
    _cleanup_(config_freep) struct config *c = NULL;
    _cleanup_(config_draft_done) struct config_draft draft = {0};
    int r = config_new(NULL, &c);

    if (r >= 0)
        r = config_environment_read(&draft, ret_error);
    if (r >= 0)
        r = build(c, &draft, 0, ret_error);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(c);
    return 0;
}

int config_default(const char *credential_file, const char *auth_endpoint, struct config **ret)
{
    _cleanup_(config_freep) struct config *c = NULL;
    struct cloud_config *cloud;
    int r;

    r = config_new(NULL, &c);
    if (r < 0)
        return r;
    r = add_cloud(c, "rackspace", &cloud);
    if (r >= 0 && credential_file)
        r = config_key_apply(KEY_CREDENTIAL_FILE, credential_file, cloud);
    if (r >= 0 && auth_endpoint)
        r = config_key_apply(KEY_AUTH_ENDPOINT, auth_endpoint, cloud);
    if (r < 0)
        return r;
    inherit_timeouts(c, cloud);
    c->default_cloud = strdup("rackspace");
    if (!c->default_cloud)
        return -ENOMEM;
    *ret = TAKE_PTR(c);
    return 0;
}

void config_free(struct config *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->n_clouds; i++)
        cloud_config_done(&c->clouds[i]);
    for (size_t i = 0; i < c->n_warnings; i++)
        free(c->warnings[i]);
    free(c->clouds);
    free(c->warnings);
    free(c->path);
    free(c->default_cloud);
    free(c->socket);
    free(c->clouds_yaml);
    free(c);
}

const struct cloud_config *config_find(const struct config *c, const char *name)
{
    for (size_t i = 0; i < c->n_clouds; i++)
        if (strcmp(c->clouds[i].name, name) == 0)
            return &c->clouds[i];
    return NULL;
}
