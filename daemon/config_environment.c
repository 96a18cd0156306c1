/* SPDX-License-Identifier: MIT */
/* As openstacksdk has it: each variable is a key of clouds.yaml, with OS_ before it and in capitals.
 * And the three of the old Swift client. */
#include "config_environment.h"

#include "config_yaml.h"
#include "textfile.h"

#include <errno.h>
#include <string.h>

#define ENVIRONMENT "environment"
#define CLOUD_NAME "envvars"

static const struct {
    const char *variable, *key;
} swifts[] = {
    {"ST_AUTH", "OS_AUTH_URL"},
    {"ST_USER", "OS_USERNAME"},
    {"ST_KEY", "OS_PASSWORD"},
};

/* Of tests, and those that choose among clouds or say how to read the others. */
static bool is_passed_over(const char *variable)
{
    static const char *const beginnings[] = {"OS_TEST", "OS_STD", "OS_LOG", "OS_CLIENT_",
                                             "OS_CLOUD_NAME="};

    for (size_t i = 0; i < ARRAY_SIZE(beginnings); i++)
        if (strncmp(variable, beginnings[i], strlen(beginnings[i])) == 0)
            return true;
    return false;
}

static int add(struct yamlfile_node *cloud, const char *key, const char *value)
{
    return yamlfile_add(cloud, key, 0, yamlfile_new_scalar(ENVIRONMENT, 0, value));
}

static int collect(struct yamlfile_node *cloud)
{
    int r = 0;

    for (char **v = environ; r >= 0 && v && *v; v++) {
        const char *value = strchr(*v, '=');
        char name[64];

        if (!value || strncmp(*v, "OS_", 3) != 0 || is_passed_over(*v) ||
            value - *v >= (ptrdiff_t)sizeof(name))
            continue;
        memcpy(name, *v, (size_t)(value - *v));
        name[value - *v] = '\0';
        r = add(cloud, name, value + 1);
    }
    return r;
}

static int collect_swifts(struct yamlfile_node *cloud)
{
    int r = 0;

    if (!getenv("ST_AUTH") || !yamlfile_is_empty(yamlfile_get(cloud, "OS_AUTH_URL")))
        return 0;
    for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(swifts); i++)
        if (getenv(swifts[i].variable) && !yamlfile_find(cloud, swifts[i].key))
            r = add(cloud, swifts[i].key, getenv(swifts[i].variable));
    if (r >= 0 && !yamlfile_find(cloud, "OS_AUTH_TYPE"))
        r = add(cloud, "OS_AUTH_TYPE", "v1password");
    return r;
}

/* Where the process was given it, so that it is gone from /proc/PID/environ, too. */
static void wipe(void)
{
    char **kept = environ;

    for (char **v = environ; v && *v; v++) {
        char *value = strchr(*v, '=');

        if (value && (strncmp(*v, "OS_", 3) == 0 || strncmp(*v, "ST_", 3) == 0))
            explicit_bzero(value + 1, strlen(value + 1));
        else
            *kept++ = *v;
    }
    if (kept)
        *kept = NULL;
}

int config_environment_read(struct config_draft *d, char **ret_error)
{
    _cleanup_(yamlfile_freep) struct yamlfile_node *cloud =
        yamlfile_new(YAMLFILE_MAPPING, ENVIRONMENT, 0);
    const char *chosen = getenv("OS_CLOUD_NAME");
    _cleanup_(freep) char *name = strdup(chosen && *chosen ? chosen : CLOUD_NAME);
    size_t section;
    int r = cloud && name ? collect(cloud) : -ENOMEM;

    if (r >= 0)
        r = collect_swifts(cloud);
    wipe();
    if (r < 0)
        return r;
    if (!yamlfile_is_empty(yamlfile_get(cloud, "OS_CLOUD")))
        return textfile_refuse(ENVIRONMENT, 0, "OS_CLOUD", ret_error,
                               "names a cloud of clouds.yaml; leave --from-env out to serve that "
                               "file, or unset OS_CLOUD");
    r = config_draft_add(d, name, ENVIRONMENT, 0, &section, ret_error);
    return r < 0 ? r : config_yaml_map(cloud, d, section, ret_error);
}
