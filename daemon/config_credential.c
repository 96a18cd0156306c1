/* SPDX-License-Identifier: MIT */
/*
 * Where a cloud's credential comes from, and its client certificate. $CREDENTIALS_DIRECTORY is looked
 * at each time: systemd may have filled it anew.
 */
#include "config_keys.h"

#include <errno.h>
#include <string.h>

static bool exists(const char *path)
{
    return access(path, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

/* The path of that name in $CREDENTIALS_DIRECTORY, or NULL when it is not there. */
static int find_passed(const char *name, char **ret)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    _cleanup_(freep) char *path = NULL;

    if (folder && *folder && asprintf(&path, "%s/%s", folder, name) < 0) {
        path = NULL;
        return -ENOMEM;
    }
    *ret = path && exists(path) ? TAKE_PTR(path) : NULL;
    return 0;
}

/* The path of that name in the folder of the configuration file, or, where there is no such file,
 * as it stands. */
static int place_beside(const char *config_path, const char *name, char **ret)
{
    const char *slash = config_path ? strrchr(config_path, '/') : NULL;
    int folder = slash ? (int)(slash - config_path) + 1 : 0;
    char *path;

    if (asprintf(&path, "%.*s%s", folder, slash ? config_path : "", name) < 0)
        return -ENOMEM;
    *ret = path;
    return 0;
}

/* Where a file of that name is: an absolute one where it says, else in $CREDENTIALS_DIRECTORY if it is
 * there, else beside the configuration file. */
static int find_file(const struct config *c, const char *name, char **ret)
{
    char *path = NULL;
    int r = 0;

    if (*name != '/')
        r = find_passed(name, &path);
    if (r >= 0 && !path)
        r = place_beside(*name == '/' ? NULL : c->path, name, &path);
    if (r >= 0)
        *ret = path;
    return r;
}

/* NULL when the cloud names no file and systemd has none for it. */
static int find_credential(const struct config *c, const struct cloud_config *cloud, char **ret)
{
    if (cloud->credential_file)
        return find_file(c, cloud->credential_file, ret);
    return find_passed(cloud->name, ret);
}

int config_credential(const struct config *c, const struct cloud_config *cloud,
                      struct credential **ret, char **ret_path, char **ret_warning,
                      char **ret_error)
{
    struct credential *credential = NULL;
    _cleanup_(freep) char *path = NULL;
    char *warning = NULL;
    int r = 0;

    if (strcmp(cloud->identity_type, CONFIG_NO_IDENTITY) == 0) {
        credential = credential_new(); /* there is nothing to be said, and it has been */
        r = credential ? 0 : -ENOMEM;
    } else if (credential_key(&cloud->login) != _CREDENTIAL_FIELD_MAX) {
        r = credential_copy(&cloud->login, &credential);
    } else {
        r = find_credential(c, cloud, &path);
    }
    if (r >= 0 && path)
        r = credential_read(path, &credential, &warning, ret_error);
    *ret_path = TAKE_PTR(path);
    if (r < 0)
        return r;
    *ret = credential;
    *ret_warning = warning;
    return 0;
}

/* ---- the client certificate */

static int place(const struct config *c, char **file)
{
    char *path;
    int r;

    if (!*file)
        return 0;
    r = find_file(c, *file, &path);
    if (r < 0)
        return r;
    free(*file);
    *file = path;
    return 0;
}

int config_place_certificate(const struct config *c, struct cloud_config *cloud, char **ret_warning)
{
    const char *key;
    struct stat st;
    int r;

    r = place(c, &cloud->cert_file);
    if (r >= 0)
        r = place(c, &cloud->key_file);
    if (r < 0)
        return r;
    key = cloud->key_file ? cloud->key_file : cloud->cert_file;
    if (key && stat(key, &st) == 0 && S_ISREG(st.st_mode))
        return credential_exposure(key, &st, ret_warning);
    *ret_warning = NULL;
    return 0;
}
