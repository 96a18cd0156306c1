/* SPDX-License-Identifier: MIT */
/* A cloud's configuration in one line, for the suites of the rooms that make it of something else than
 * INI: all that is not as it is without a word. */
#ifndef SHOW_CLOUD_H
#define SHOW_CLOUD_H

#include "config_keys.h"
#include "load_config.h"

/* `NAME: key=value key=value`, in the order of the table of keys; the caller frees it. */
static inline char *show_cloud(const struct cloud_config *cloud)
{
    char *text = NULL;
    size_t length;
    FILE *f = open_memstream(&text, &length);

    ck_assert_ptr_nonnull(f);
    fprintf(f, "%s:", cloud->name);
    for (size_t id = KEY_IDENTITY_TYPE; id < _KEY_MAX; id++) {
        enum config_key_field field = config_keys[id].field;
        const char *value = NULL;

        if (field == KEY_FIELD_STRING || field == KEY_FIELD_SECRET)
            value = *(char *const *)((const char *)cloud + config_keys[id].offset);
        if (value)
            fprintf(f, " %s=%s", config_keys[id].name, value);
    }
    for (size_t i = 0; i < cloud->n_overrides; i++)
        fprintf(f, " %s=%s", cloud->overrides[i].service, cloud->overrides[i].url);
    if (!cloud->verify_ssl)
        fprintf(f, " verify_ssl=no");
    if (cloud->connect_timeout != 10 * USEC_PER_SEC)
        fprintf(f, " connect_timeout=%llu",
                (unsigned long long)(cloud->connect_timeout / USEC_PER_SEC));
    if (cloud->upstream_timeout != 60 * USEC_PER_SEC)
        fprintf(f, " upstream_timeout=%llu",
                (unsigned long long)(cloud->upstream_timeout / USEC_PER_SEC));
    ck_assert_int_eq(fclose(f), 0);
    return text;
}

static inline void assert_cloud(const struct config *c, size_t i, const char *wanted)
{
    char *text;

    ck_assert_uint_lt(i, c->n_clouds);
    text = show_cloud(&c->clouds[i]);
    ck_assert_str_eq(text, wanted);
    free(text);
}

/* All of them, a line each, without the folder of their file. */
static inline void assert_warnings(const struct config *c, const char *wanted)
{
    char *text = NULL;
    size_t length;
    FILE *f = open_memstream(&text, &length);

    ck_assert_ptr_nonnull(f);
    for (size_t i = 0; i < c->n_warnings; i++) {
        bool is_here = *scratch && strncmp(c->warnings[i], scratch, strlen(scratch)) == 0;

        fprintf(f, "%s\n", c->warnings[i] + (is_here ? strlen(scratch) + 1 : 0));
    }
    ck_assert_int_eq(fclose(f), 0);
    ck_assert_str_eq(text, wanted);
    free(text);
}

#endif
