/* SPDX-License-Identifier: MIT */
/*
 * URLs with gaps that only a login can fill, in the spellings of keystoneauth, of catalogs and of
 * openstacksdk: `%(project_id)s`, `$(project_id)s` and `{project_id}`. Pure.
 */
#ifndef TEMPLATE_H
#define TEMPLATE_H

enum template_field {
    TEMPLATE_PROJECT_ID, /* tenant_id is another name for it */
    TEMPLATE_USER_ID,
    TEMPLATE_REGION_NAME,
    _TEMPLATE_FIELD_MAX,
};

const char *template_field_name(enum template_field field);

/* 0; -EINVAL for a gap that is not closed or that nobody knows how to fill. An escaped byte, as in
 * `%20`, is no gap. */
int template_check(const char *text);

/*
 * Fills the gaps, and escapes what has no place in a segment of a URL. 0 with ret, which the caller
 * frees; 1 with the field that has no value (NULL or empty); -EINVAL as template_check(); -ENOMEM.
 */
int template_fill(const char *text, const char *const values[static _TEMPLATE_FIELD_MAX],
                  char **ret, enum template_field *ret_missing);

#endif
