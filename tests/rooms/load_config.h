/* SPDX-License-Identifier: MIT */
/* A configuration out of a text, for the suites of its rooms. */
#ifndef LOAD_CONFIG_H
#define LOAD_CONFIG_H

#include "config.h"
#include "scratch.h"

static inline void assert_text(const char *got, const char *wanted)
{
    if (wanted) {
        ck_assert_ptr_nonnull(got);
        ck_assert_str_eq(got, wanted);
    } else {
        ck_assert_ptr_null(got);
    }
}

static inline struct config *load_path(const char *path)
{
    struct config *c = NULL;
    char *error = NULL;
    int r = config_load(path, &c, &error);

    ck_assert_msg(r == 0, "%s", error ? error : strerror(-r));
    ck_assert_ptr_null(error);
    ck_assert_str_eq(c->path, path);
    ck_assert_uint_ge(c->n_clouds, 1);
    ck_assert_ptr_null(c->warnings[c->n_warnings]);
    return c;
}

static inline struct config *load(const char *text)
{
    char *path = scratch_write("a.conf", text, 0600);
    struct config *c = load_path(path);

    free(path);
    return c;
}

#endif
