/* SPDX-License-Identifier: MIT */
#include "clouds.h"

#include "credential_watch.h"
#include "log.h"

#include <errno.h>
#include <string.h>

/* What was read for one cloud before anything is changed. */
struct reading {
    struct credential *credential;
    struct problem *unreadable;
    char *path; /* the file that counts, NULL: none */
};

struct clouds_watch {
    struct clouds *clouds;
    struct cloud *cloud;
    struct credential_watch *file;
};

static void readings_free(struct reading *readings, size_t n)
{
    for (size_t i = 0; readings && i < n; i++) {
        credential_free(readings[i].credential);
        problem_free(readings[i].unreadable);
        free(readings[i].path);
    }
    free(readings);
}

/* `forgiving`: what is malformed is that cloud's trouble only, as what cannot be read always is. */
static int read_credential(const struct config *config, const struct cloud_config *cloud,
                           bool forgiving, struct reading *ret, char **ret_error)
{
    _cleanup_(freep) char *warning = NULL, *error = NULL;
    int r;

    r = config_credential(config, cloud, &ret->credential, &ret->path, &warning, &error);
    if (warning)
        log_warning("%s", warning);
    if (r >= 0)
        return 0;
    if (r == -ENOMEM || (r == -EBADMSG && !forgiving)) {
        *ret_error = TAKE_PTR(error);
        return r;
    }
    /* It may come later, and the other clouds need not wait for it. */
    ret->unreadable =
        problem_new(PROBLEM_CREDENTIAL_UNREADABLE, "%s.", error ? error : strerror(-r));
    return ret->unreadable ? 0 : -ENOMEM;
}

static int read_credentials(const struct config *config, bool forgiving, struct reading **ret,
                            char **ret_error)
{
    struct reading *readings = calloc(config->n_clouds, sizeof(*readings));

    if (!readings)
        return -ENOMEM;
    for (size_t i = 0; i < config->n_clouds; i++) {
        int r = read_credential(config, &config->clouds[i], forgiving, &readings[i], ret_error);

        if (r < 0) {
            readings_free(readings, config->n_clouds);
            return r;
        }
    }
    *ret = readings;
    return 0;
}

static int compare(const void *a, const void *b)
{
    return strcmp((*(struct cloud *const *)a)->config.name,
                  (*(struct cloud *const *)b)->config.name);
}

static int compare_name(const void *name, const void *cloud)
{
    return strcmp(name, (*(struct cloud *const *)cloud)->config.name);
}

static struct cloud *find(struct cloud *const *by_name, size_t n, const char *name)
{
    struct cloud *const *found =
        n > 0 ? bsearch(name, by_name, n, sizeof(struct cloud *), compare_name) : NULL;

    return found ? *found : NULL;
}

static int make(const struct clouds *c, const struct cloud_host *host, const char *name,
                struct cloud **ret)
{
    struct cloud *known = find(c->by_name, c->n, name);

    if (!known)
        return cloud_new(host, ret);
    *ret = cloud_ref(known);
    return 0;
}

/* ---- credential files that change by themselves */

static void on_file_changed(void *userdata)
{
    struct clouds_watch *w = userdata;
    const struct cloud_config *config = config_find(w->clouds->config, w->cloud->config.name);
    _cleanup_(freep) char *error = NULL;
    struct reading reading = {0};
    int r;

    if (!config)
        return;
    r = read_credential(w->clouds->config, config, false, &reading, &error);
    if (r < 0)
        log_warning("cloud %s keeps the key that it has: %s", config->name,
                    error ? error : strerror(-r));
    else
        (void)cloud_configure(w->cloud, config, TAKE_PTR(reading.credential),
                              TAKE_PTR(reading.unreadable));
    free(reading.path);
}

static void unwatch(struct clouds *c)
{
    for (size_t i = 0; c->watches && i < c->n; i++)
        credential_watch_free(c->watches[i].file);
    free(TAKE_PTR(c->watches));
}

/* A file that cannot be watched is still read at each reload. */
static void watch(struct clouds *c, sd_event *event, const struct reading *readings)
{
    c->watches = calloc(c->n, sizeof(*c->watches));
    for (size_t i = 0; c->watches && i < c->n; i++) {
        struct clouds_watch *w = &c->watches[i];
        int r;

        w->clouds = c;
        w->cloud = c->all[i];
        if (!readings[i].path)
            continue;
        r = credential_watch_new(event, readings[i].path, on_file_changed, w, &w->file);
        if (r < 0)
            log_info("%s is not watched (%s): reload after it has changed", readings[i].path,
                     strerror(-r));
    }
}

/* ---- configuration */

static void release_left(struct clouds *c)
{
    size_t n = 0;

    for (size_t i = 0; i < c->n_leaving; i++) {
        if (cloud_is_revoking(c->leaving[i]))
            c->leaving[n++] = c->leaving[i];
        else
            cloud_unref(c->leaving[i]);
    }
    c->n_leaving = n;
}

/* Takes the reference; without memory the revocation is broken off. */
static void see_off(struct clouds *c, struct cloud *cloud)
{
    struct cloud **grown;

    cloud_remove(cloud);
    grown = cloud_is_revoking(cloud)
                ? reallocarray(c->leaving, c->n_leaving + 1, sizeof(struct cloud *))
                : NULL;
    if (!grown) {
        cloud_stop(cloud);
        cloud_unref(cloud);
        return;
    }
    c->leaving = grown;
    c->leaving[c->n_leaving++] = cloud;
}

/* Puts the new clouds in the old ones' place. Nothing can fail here any more. */
static void replace(struct clouds *c, struct cloud **all, struct cloud **by_name, size_t n,
                    const struct config *config)
{
    memcpy(by_name, all, n * sizeof(struct cloud *));
    qsort(by_name, n, sizeof(struct cloud *), compare);
    unwatch(c);
    release_left(c);
    for (size_t i = 0; i < c->n; i++) {
        if (find(by_name, n, c->all[i]->config.name))
            cloud_unref(c->all[i]);
        else
            see_off(c, c->all[i]);
    }
    free(c->all);
    free(c->by_name);
    c->all = all;
    c->by_name = by_name;
    c->n = n;
    c->config = config;
}

static void release_all(struct cloud **all, size_t n)
{
    for (size_t i = 0; i < n; i++)
        cloud_unref(all[i]);
    free(all);
}

static struct cloud **make_all(const struct clouds *c, const struct cloud_host *host,
                               const struct config *config)
{
    struct cloud **all = calloc(config->n_clouds, sizeof(struct cloud *));
    size_t n = 0;

    while (all && n < config->n_clouds && make(c, host, config->clouds[n].name, &all[n]) >= 0)
        n++;
    if (n == config->n_clouds)
        return all;
    release_all(all, n);
    return NULL;
}

int clouds_configure(struct clouds *c, const struct cloud_host *host, const struct config *config,
                     bool forgiving, char **ret_error)
{
    _cleanup_(freep) struct cloud **by_name = calloc(config->n_clouds, sizeof(struct cloud *));
    struct reading *readings = NULL;
    struct cloud **all;
    int r;

    if (!by_name)
        return -ENOMEM;

    r = read_credentials(config, forgiving, &readings, ret_error);
    if (r < 0)
        return r;
    all = make_all(c, host, config);
    if (!all) {
        readings_free(readings, config->n_clouds);
        return -ENOMEM;
    }
    for (size_t i = 0; i < config->n_clouds && r >= 0; i++)
        r = cloud_configure(all[i], &config->clouds[i], TAKE_PTR(readings[i].credential),
                            TAKE_PTR(readings[i].unreadable));
    if (r < 0) { /* without memory: whoever keeps the old configuration keeps its clouds */
        release_all(all, config->n_clouds);
        readings_free(readings, config->n_clouds);
        return r;
    }
    replace(c, all, TAKE_PTR(by_name), config->n_clouds, config);
    c->preset = find(c->by_name, c->n, config->default_cloud);
    watch(c, host->event, readings);
    readings_free(readings, config->n_clouds);
    return 0;
}

struct cloud *clouds_find(const struct clouds *c, const char *name)
{
    struct cloud *found = find(c->by_name, c->n, name);

    return found || strcmp(name, "default") != 0 ? found : c->preset;
}

bool clouds_ready(const struct clouds *c)
{
    for (size_t i = 0; i < c->n; i++)
        if (!cloud_session(c->all[i]))
            return false;
    return true;
}

bool clouds_settled(const struct clouds *c)
{
    for (size_t i = 0; i < c->n; i++)
        if (c->all[i]->state == CLOUD_STARTING)
            return false;
    return true;
}

void clouds_wake(struct clouds *c)
{
    for (size_t i = 0; i < c->n; i++)
        cloud_wake(c->all[i]);
}

void clouds_retire_pages(struct clouds *c)
{
    for (size_t i = 0; i < c->n; i++)
        cloud_retire_page(c->all[i]);
}

void clouds_leave(struct clouds *c)
{
    for (size_t i = 0; i < c->n; i++)
        cloud_leave(c->all[i]);
}

bool clouds_will_revoke(const struct clouds *c)
{
    for (size_t i = 0; i < c->n; i++)
        if (cloud_will_revoke(c->all[i]))
            return true;
    return clouds_are_revoking(c);
}

bool clouds_are_revoking(const struct clouds *c)
{
    for (size_t i = 0; i < c->n; i++)
        if (cloud_is_revoking(c->all[i]))
            return true;
    for (size_t i = 0; i < c->n_leaving; i++)
        if (cloud_is_revoking(c->leaving[i]))
            return true;
    return false;
}

void clouds_stop(struct clouds *c)
{
    for (size_t i = 0; i < c->n; i++)
        cloud_stop(c->all[i]);
    for (size_t i = 0; i < c->n_leaving; i++)
        cloud_stop(c->leaving[i]);
}

void clouds_done(struct clouds *c)
{
    unwatch(c);
    release_all(c->all, c->n);
    release_all(c->leaving, c->n_leaving);
    free(c->by_name);
    *c = (struct clouds){0};
}
