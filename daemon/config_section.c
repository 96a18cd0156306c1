/* SPDX-License-Identifier: MIT */
#include "config_section.h"

#include "inifile.h"

#include <errno.h>
#include <string.h>

int config_keep_warning(struct config *c, char *sentence)
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
    if (textfile_refuse(values[id].path, values[id].line, key_of(values, id), &sentence, "%s",
                        what) == -ENOMEM)
        return -ENOMEM;
    return config_keep_warning(c, sentence);
}

static bool is_given(const struct config_value *v)
{
    return v->text && *v->text;
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

int config_section_apply(const struct config_value values[static _KEY_MAX], bool daemons,
                         void *structure, char **ret_error)
{
    for (size_t i = 0; i < _KEY_MAX; i++) {
        enum config_key_id id = (enum config_key_id)i;
        int r;

        if (config_key_is_daemons(id) != daemons || !is_given(&values[id]))
            continue;
        r = config_key_apply(id, values[id].text, structure);
        if (r == -EINVAL)
            return textfile_refuse(values[id].path, values[id].line, key_of(values, id), ret_error,
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
            return textfile_refuse(v->path, v->line, v->key, ret_error, "wrong value; give %s",
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
    return textfile_refuse(at->path, at->line, key_of(values, second), ret_error,
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
    return textfile_refuse(values[config_key_of(key)].path, values[config_key_of(key)].line,
                           key_of(values, config_key_of(key)), ret_error, "%s", missing);
}

/* Without an identity service there is no catalog that could say where a service is. */
static int check_no_identity(const struct cloud_config *cloud,
                             const struct config_value values[static _KEY_MAX], char **ret_error)
{
    if (cloud->endpoint || cloud->n_overrides > 0)
        return 0;
    return textfile_refuse(values[KEY_IDENTITY_TYPE].path, values[KEY_IDENTITY_TYPE].line,
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
        return textfile_refuse(values[KEY_ENDPOINT].path, values[KEY_ENDPOINT].line, "endpoint",
                               ret_error,
                               "only for `identity_type = none`, which has no catalog; name the "
                               "service, as in `object_store_endpoint_override = URL`");
    if (strcmp(cloud->identity_type, "rackspace") != 0 && !cloud->auth_endpoint)
        return textfile_refuse(values[KEY_IDENTITY_TYPE].path, values[KEY_IDENTITY_TYPE].line,
                               "auth_endpoint", ret_error,
                               "missing, and %s has none of its own; add `auth_endpoint = URL`",
                               cloud->identity_type);
    if (cloud->key_file && !cloud->cert_file)
        return textfile_refuse(values[KEY_KEY_FILE].path, values[KEY_KEY_FILE].line,
                               key_of(values, KEY_KEY_FILE), ret_error,
                               "no certificate goes with it; add `cert_file = FILE`");
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

/* Elsewhere a relative path is taken from the directory that a program happens to run in, which says
 * nothing to a daemon. */
static int check_paths(const struct cloud_config *cloud,
                       const struct config_value values[static _KEY_MAX], char **ret_error)
{
    const struct {
        enum config_key_id id;
        const char *path;
    } paths[] = {{KEY_CERT_FILE, cloud->cert_file}, {KEY_KEY_FILE, cloud->key_file}};

    for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
        if (paths[i].path && *paths[i].path != '/')
            return textfile_refuse(values[paths[i].id].path, values[paths[i].id].line,
                                   key_of(values, paths[i].id), ret_error,
                                   "wrong value; give an absolute path");
    return 0;
}

static int place_certificate(struct config *c, struct cloud_config *cloud)
{
    char *warning = NULL;
    int r = config_place_certificate(c, cloud, &warning);

    return r < 0 || !warning ? r : config_keep_warning(c, warning);
}

int config_section_read(struct config *c, const struct config_section *s,
                        const struct config_section *fallback, struct cloud_config *cloud,
                        char **ret_error)
{
    struct config_value values[_KEY_MAX];
    int r;

    if (s->is_foreign)
        fallback = NULL;
    merge(s, fallback, values);
    r = config_section_apply(values, false, cloud, ret_error);
    if (r >= 0)
        r = add_overrides(s, NULL, cloud, ret_error);
    if (r >= 0)
        r = add_overrides(fallback, s, cloud, ret_error);
    if (r >= 0)
        r = check_cloud(cloud, values, ret_error);
    if (r >= 0 && s->is_foreign)
        r = check_paths(cloud, values, ret_error);
    if (r >= 0)
        r = place_certificate(c, cloud);
    return r < 0 ? r : warn_of_unused(c, cloud, s->is_foreign, values);
}

int config_section_check(const struct config_section *fallback, char **ret_error)
{
    _cleanup_(cloud_config_done) struct cloud_config nobodys = {0};
    int r;

    r = config_section_apply(fallback->values, false, &nobodys, ret_error);
    return r < 0 ? r : add_overrides(fallback, NULL, &nobodys, ret_error);
}
