/* SPDX-License-Identifier: MIT */
/*
 * From a file to a configuration in two steps: first the whole file is taken in as text
 * (config_draft.h), so that what is unknown or given twice is refused where it stands; then each
 * section becomes a cloud (config_section.h) or a rule (config_allow.h). The clouds of other files
 * (config_yaml.h) or of the environment come to the sections in between.
 */
#include "config.h"

#include "config_allow.h"
#include "config_draft.h"
#include "config_environment.h"
#include "config_keys.h"
#include "config_section.h"
#include "config_yaml.h"
#include "inifile.h"

#include <errno.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

static bool is_cloud(const char *section)
{
    return strcmp(section, CONFIG_DAEMON) != 0 && strcmp(section, CONFIG_FALLBACK) != 0;
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
    struct cloud_config *cloud;
    int r = add_cloud(c, s->name, &cloud);

    if (r < 0)
        return r;
    r = config_section_read(c, s, fallback, cloud, ret_error);
    if (r >= 0)
        inherit_timeouts(c, cloud);
    return r;
}

static int add_clouds(struct config *c, const struct config_draft *d, char **ret_error)
{
    static char rackspace[] = "rackspace";
    static const struct config_section alone = {.name = rackspace};
    const struct config_section *fallback = config_draft_find(d, CONFIG_FALLBACK);
    int r = fallback ? config_section_check(fallback, ret_error) : 0;

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
            return textfile_refuse(c->path, line, "default", ret_error,
                                   "no cloud of that name; write a section for it or give another");
        if (config_find(c, "default") && strcmp(c->default_cloud, "default") != 0)
            return textfile_refuse(c->path, line, "default", ret_error,
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
    c->quotas = (struct quota_limits){{
        [QUOTA_CONNECTIONS] = 256,
        [QUOTA_REQUESTS] = 256,
        [QUOTA_WAITING] = 64,
    }};
    c->logins_at_once = 16;
    c->connect_timeout = 10 * USEC_PER_SEC;
    c->login_timeout = 30 * USEC_PER_SEC;
    c->upstream_timeout = 60 * USEC_PER_SEC;
    c->path = path ? strdup(path) : NULL;
    c->warnings = calloc(1, sizeof(*c->warnings));
    if ((path && !c->path) || !c->warnings || policy_new(path, geteuid(), &c->policy) < 0)
        return -ENOMEM;
    *ret = TAKE_PTR(c);
    return 0;
}

/* Whether nobody may see the value: a key, or a proxy with a password in it. */
static bool is_secret(size_t id, const char *text)
{
    return text && (config_keys[id].is_key || (id == KEY_PROXY && strchr(text, '@')));
}

static bool holds_key(const struct config_draft *d, const char *path)
{
    for (size_t i = 0; i < d->n_sections; i++)
        for (size_t id = 0; id < _KEY_MAX; id++)
            if (is_secret(id, d->sections[i].values[id].text) &&
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
            r = config_keep_warning(c, warning);
    }
    return r;
}

/* From a draft of all clouds, which loses its warnings, to the configuration of them. */
static int build(struct config *c, struct config_draft *d, unsigned default_line, char **ret_error)
{
    int r = 0;

    for (size_t i = 0; r >= 0 && i < d->n_warnings; i++)
        r = config_keep_warning(c, TAKE_PTR(d->warnings[i]));
    if (r >= 0)
        r = add_clouds(c, d, ret_error);
    if (r >= 0)
        r = choose_default(c, default_line, ret_error);
    if (r >= 0)
        r = config_allow_apply(c, d, ret_error);
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
    r = config_section_apply(daemons->values, true, c, ret_error);
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
    policy_unref(c->policy);
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
