/* SPDX-License-Identifier: MIT */
/*
 * A cloud comes in layers, each laid over the one before: its profile, what clouds.yaml says of it,
 * what secure.yaml adds, and the values of its region. They are made one mapping before anything in
 * it is looked at.
 */
#include "config_yaml.h"

#include "textfile.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#define FOLDERS_MOST 5

struct search {
    char *folders[FOLDERS_MOST];
    size_t n;
};

struct loader {
    struct config_draft *draft;
    struct search search;
    struct yamlfile_node *clouds;  /* clouds.yaml under secure.yaml; NULL: neither is there */
    struct yamlfile_node *vendors; /* clouds-public.yaml; NULL: not there, or not wanted yet */
    bool looked_for_vendors;
    char **ret_error;
};

static void loader_done(struct loader *l)
{
    for (size_t i = 0; i < l->search.n; i++)
        free(l->search.folders[i]);
    yamlfile_free(l->clouds);
    yamlfile_free(l->vendors);
}

/* ---- where the files are */

_printf_(2, 3) static int add_folder(struct search *s, const char *format, ...)
{
    va_list ap;
    int n;

    va_start(ap, format);
    n = vasprintf(&s->folders[s->n], format, ap);
    va_end(ap);
    if (n < 0)
        return -ENOMEM;
    s->n++;
    return 0;
}

/* openstacksdk's; a file that is chosen by name has the others beside it. */
static int make_search(const char *file, struct search *s)
{
    const char *home = getenv("HOME"), *xdg = getenv("XDG_CONFIG_HOME");
    _cleanup_(freep) char *here = NULL;
    int r = 0;

    if (file)
        return add_folder(s, "%.*s", (int)(strrchr(file, '/') - file), file);
    here = get_current_dir_name();
    if (here)
        r = add_folder(s, "%s", strcmp(here, "/") == 0 ? "" : here);
    if (r >= 0 && xdg && *xdg == '/')
        r = add_folder(s, "%s/openstack", xdg);
    if (r >= 0 && home && *home == '/')
        r = add_folder(s, "%s/.config/openstack", home);
    if (r >= 0)
        r = add_folder(s, "/etc/xdg/openstack");
    return r < 0 ? r : add_folder(s, "/etc/openstack");
}

/* NULL when it is nowhere. */
static int find(const struct search *s, const char *name, char **ret)
{
    static const char *const suffixes[] = {"yaml", "yml", "json"};

    for (size_t i = 0; i < s->n; i++)
        for (size_t j = 0; j < ARRAY_SIZE(suffixes); j++) {
            _cleanup_(freep) char *path = NULL;

            if (asprintf(&path, "%s/%s.%s", s->folders[i], name, suffixes[j]) < 0) {
                path = NULL;
                return -ENOMEM;
            }
            if (access(path, F_OK) == 0) {
                *ret = TAKE_PTR(path);
                return 0;
            }
        }
    *ret = NULL;
    return 0;
}

/* The file that a variable names comes before those that are looked for, if it is there. */
static int find_by_variable(struct loader *l, const char *variable, const char *name, char **ret)
{
    const char *path = getenv(variable);
    int r = 0;

    if (!path || !*path)
        return find(&l->search, name, ret);
    if (access(path, F_OK) < 0)
        r = config_draft_warn(l->draft, path, 0, NULL, variable,
                              "there is no such file; the usual places are looked at");
    else if (!(*ret = strdup(path)))
        r = -ENOMEM;
    else
        return 0;
    return r < 0 ? r : find(&l->search, name, ret);
}

/* Reads a file, whose path is taken; NULL where there is none, or nothing in it. */
static int read_file(struct loader *l, char *path, struct yamlfile_node **ret)
{
    static const struct stat unknown;
    struct config_file *file;
    int r;

    if (!path)
        return 0;
    r = config_draft_add_file(l->draft, path, &unknown);
    if (r < 0)
        return r;
    file = &l->draft->files[l->draft->n_files - 1];
    r = yamlfile_read(file->path, ret, &file->st, l->ret_error);
    if (r < 0 || !*ret || (*ret)->kind == YAMLFILE_MAPPING)
        return r;
    return textfile_refuse(file->path, (*ret)->line, NULL, l->ret_error,
                           "no mapping; write `clouds:` and the clouds below it");
}

static int read_files(struct loader *l, const char *file)
{
    _cleanup_(yamlfile_freep) struct yamlfile_node *secure = NULL;
    char *path = NULL;
    int r;

    if (file)
        r = (path = strdup(file)) ? 0 : -ENOMEM;
    else
        r = find_by_variable(l, "OS_CLIENT_CONFIG_FILE", "clouds", &path);
    if (r >= 0)
        r = read_file(l, path, &l->clouds);
    path = NULL;
    if (r >= 0)
        r = find_by_variable(l, "OS_CLIENT_SECURE_FILE", "secure", &path);
    if (r >= 0)
        r = read_file(l, path, &secure);
    if (r < 0 || !secure)
        return r;
    if (l->clouds)
        return yamlfile_merge(l->clouds, secure);
    l->clouds = TAKE_PTR(secure);
    return 0;
}

/* ---- profiles */

static int read_vendors(struct loader *l)
{
    char *path = NULL;
    int r;

    if (l->looked_for_vendors)
        return 0;
    l->looked_for_vendors = true;
    r = find(&l->search, "clouds-public", &path);
    return r < 0 ? r : read_file(l, path, &l->vendors);
}

/* Of those that openstacksdk brings along only this one. */
static int read_built_in(const char *name, struct yamlfile_node **ret, char **ret_error)
{
    static const char rackspace[] =
        "{auth_type: rackspace_apikey, "
        "auth: {auth_url: 'https://identity.api.rackspacecloud.com/v2.0/'}}";

    if (strcmp(name, "rackspace") != 0)
        return 0;
    return yamlfile_parse("profile rackspace", rackspace, strlen(rackspace), ret, ret_error);
}

/* The lowest layer: what the profile says, or nothing. */
static int start_layers(struct loader *l, const struct yamlfile_entry *cloud,
                        struct yamlfile_node **ret)
{
    const struct yamlfile_entry *profile = config_yaml_find(cloud->value, "profile");
    const struct yamlfile_node *known = NULL;
    int r;

    if (!profile)
        profile = config_yaml_find(cloud->value, "cloud");
    *ret = NULL;
    if (profile && !yamlfile_is_empty(profile->value) && profile->value->kind == YAMLFILE_SCALAR) {
        r = read_vendors(l);
        if (r < 0)
            return r;
        known = yamlfile_get(yamlfile_get(l->vendors, "public-clouds"), profile->value->text);
        r = yamlfile_is(known, YAMLFILE_MAPPING)
                ? yamlfile_copy(known, ret)
                : read_built_in(profile->value->text, ret, l->ret_error);
        if (r >= 0 && !*ret)
            r = config_draft_warn(l->draft, profile->path, profile->line, cloud->key, profile->key,
                                  "has no effect: neither is it in a clouds-public.yaml nor is it "
                                  "rackspace, which latchkeyd knows itself");
        if (r < 0)
            return r;
    }
    if (!*ret)
        *ret = yamlfile_new(YAMLFILE_MAPPING, cloud->path, cloud->line);
    return *ret ? 0 : -ENOMEM;
}

/* ---- regions */

/* A region is a name, or a mapping of `name` and `values`. */
static int name_region(struct loader *l, const struct yamlfile_node *region, const char **ret_name)
{
    const struct yamlfile_node *name =
        region->kind == YAMLFILE_SCALAR ? region : yamlfile_get(region, "name");
    const struct yamlfile_node *values = yamlfile_get(region, "values");
    size_t wanted = 1 + (values != NULL);

    if (yamlfile_is_empty(name) || name->kind != YAMLFILE_SCALAR ||
        (values && values->kind != YAMLFILE_MAPPING) ||
        (region->kind != YAMLFILE_SCALAR && region->n != wanted))
        return textfile_refuse(region->path, region->line, "regions", l->ret_error,
                               "no region; give a name, or a mapping of `name` and `values`");
    *ret_name = name->text;
    return 0;
}

static int refuse_region(struct loader *l, const struct yamlfile_entry *at,
                         const struct yamlfile_node *regions)
{
    _cleanup_(freep) char *list = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&list, &size);
    const char *name = NULL;

    if (!f)
        return -ENOMEM;
    for (size_t i = 0; i < regions->n; i++)
        if (name_region(l, regions->entries[i].value, &name) == 0)
            fprintf(f, "%s%s", i > 0 ? ", " : "", name);
    if (fclose(f) != 0)
        return -ENOMEM;
    return textfile_refuse(at->path, at->line, at->key, l->ret_error,
                           "not one of the cloud's regions, which are %s; give one of them", list);
}

/* Puts the first of a list in its place. */
static int set_region(struct yamlfile_node *cloud, const struct yamlfile_entry *at,
                      const char *name, size_t length)
{
    _cleanup_(freep) char *first = strndup(name, length);
    struct yamlfile_node *value = first ? yamlfile_new_scalar(at->path, at->line, first) : NULL;
    struct yamlfile_entry *entry =
        (struct yamlfile_entry *)(uintptr_t)config_yaml_find(cloud, "region_name");

    if (!entry)
        return yamlfile_add(cloud, "region_name", at->line, value);
    if (!value)
        return -ENOMEM;
    yamlfile_free(entry->value);
    entry->value = value;
    return 0;
}

/* Without `regions`, region_name itself can be a list. */
static int choose_of_names(struct loader *l, const char *cloud_name, struct yamlfile_node *cloud)
{
    const struct yamlfile_entry *at = config_yaml_find(cloud, "region_name");
    const struct yamlfile_node *value;
    const char *name;
    int r;

    if (!at || yamlfile_is_empty(at->value))
        return 0;
    value = at->value;
    if (value->kind == YAMLFILE_SEQUENCE && value->n > 0)
        value = value->entries[0].value;
    else if (value->kind != YAMLFILE_SCALAR || !strchr(value->text, ','))
        return 0;
    r = name_region(l, value, &name);
    if (r >= 0)
        r = config_draft_warn(l->draft, at->path, at->line, cloud_name, at->key,
                              "of this list the first region counts; a cloud has one here");
    return r < 0 ? r : set_region(cloud, at, name, strcspn(name, ","));
}

/* The region that region_name says, or the first; its values come over the cloud's. */
static int choose_region(struct loader *l, const char *cloud_name, struct yamlfile_node *cloud)
{
    const struct yamlfile_entry *regions = config_yaml_find(cloud, "regions");
    const struct yamlfile_entry *wanted = config_yaml_find(cloud, "region_name");
    const struct yamlfile_node *chosen = NULL, *values = NULL;
    _cleanup_(yamlfile_freep) struct yamlfile_node *copy = NULL;
    const char *name = "";
    int r = 0;

    if (!regions || yamlfile_is_empty(regions->value))
        return choose_of_names(l, cloud_name, cloud);
    if (regions->value->kind != YAMLFILE_SEQUENCE)
        return textfile_refuse(regions->path, regions->line, regions->key, l->ret_error,
                               "no list; give the regions with a `-` before each");
    if (regions->value->n == 0)
        return choose_of_names(l, cloud_name, cloud);
    for (size_t i = 0; !chosen && i < regions->value->n; i++) {
        r = name_region(l, regions->value->entries[i].value, &name);
        if (r < 0)
            return r;
        if (!wanted || yamlfile_is_empty(wanted->value) ||
            (wanted->value->kind == YAMLFILE_SCALAR && strcmp(wanted->value->text, name) == 0))
            chosen = regions->value->entries[i].value;
    }
    if (!chosen)
        return refuse_region(l, wanted, regions->value);
    r = yamlfile_copy(chosen, &copy); /* for the layers are about to move */
    if (r >= 0)
        r = set_region(cloud, regions, name, strlen(name));
    values = yamlfile_get(copy, "values");
    return r < 0 || !values ? r : yamlfile_merge(cloud, values);
}

/* ---- the clouds */

static int add_cloud(struct loader *l, const struct yamlfile_entry *cloud)
{
    _cleanup_(yamlfile_freep) struct yamlfile_node *layers = NULL;
    size_t section;
    int r;

    r = config_draft_add(l->draft, cloud->key, cloud->path, cloud->line, &section, l->ret_error);
    if (r < 0)
        return r;
    if (cloud->value->kind != YAMLFILE_MAPPING)
        return textfile_refuse(cloud->path, cloud->line, cloud->key, l->ret_error,
                               "no mapping; write keys such as `auth:` below it");
    r = start_layers(l, cloud, &layers);
    if (r >= 0)
        r = yamlfile_merge(layers, cloud->value);
    if (r >= 0)
        r = choose_region(l, cloud->key, layers);
    if (r < 0)
        return r;
    layers->line = cloud->line;
    return config_yaml_map(layers, l->draft, section, l->ret_error);
}

static int add_clouds(struct loader *l)
{
    const struct yamlfile_node *clouds = yamlfile_get(l->clouds, "clouds");
    int r = 0;

    for (size_t i = 0; r >= 0 && i < l->clouds->n; i++)
        if (l->clouds->entries[i].value != clouds)
            r = config_draft_warn(l->draft, l->clouds->entries[i].path, l->clouds->entries[i].line,
                                  NULL, l->clouds->entries[i].key,
                                  "has no effect: latchkeyd reads `clouds` only");
    if (r < 0 || yamlfile_is_empty(clouds))
        return r;
    if (clouds->kind != YAMLFILE_MAPPING)
        return textfile_refuse(clouds->path, clouds->line, "clouds", l->ret_error,
                               "no mapping; write the clouds' names below it");
    for (size_t i = 0; r >= 0 && i < clouds->n; i++)
        r = add_cloud(l, &clouds->entries[i]);
    return r;
}

int config_yaml_read(const char *file, struct config_draft *d, char **ret_error)
{
    _cleanup_(loader_done) struct loader l = {.draft = d, .ret_error = ret_error};
    int r;

    if (file && !*file)
        return 0;
    r = make_search(file, &l.search);
    if (r >= 0)
        r = read_files(&l, file);
    return r < 0 || !l.clouds ? r : add_clouds(&l);
}
