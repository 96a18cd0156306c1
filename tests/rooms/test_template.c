/* SPDX-License-Identifier: MIT */
/* The suite of URLs with gaps: the spellings, the escapes, and what is refused. */
#include "suite.h"
#include "template.h"

#include "cleanup.h"

#include <errno.h>

static const char *const values[_TEMPLATE_FIELD_MAX] = {
    [TEMPLATE_PROJECT_ID] = "p1",
    [TEMPLATE_USER_ID] = "u-2",
    [TEMPLATE_REGION_NAME] = "Region One/\xc3\xa4",
};

static const struct {
    const char *text, *filled; /* NULL: refused */
} rows[] = {
    {"", ""},
    {"https://h/v1", "https://h/v1"},
    {"https://h/v1/%(project_id)s", "https://h/v1/p1"},
    {"https://h/v1/%(tenant_id)s/%(user_id)s/x", "https://h/v1/p1/u-2/x"},
    {"https://h/v1/$(project_id)s$(tenant_id)s", "https://h/v1/p1p1"},
    {"https://h/AUTH_{project_id}", "https://h/AUTH_p1"},
    {"https://h/{region_name}/", "https://h/Region%20One%2F%C3%A4/"},
    {"https://h/a%20b$c", "https://h/a%20b$c"},
    {"https://h/%(project)s", NULL},
    {"https://h/%(project_id)", NULL},
    {"https://h/%(project_id)d", NULL},
    {"https://h/%(project_id", NULL},
    {"https://h/%(Project_Id)s", NULL},
    {"https://h/%(project_id)s%", NULL},
    {"https://h/%2", NULL},
    {"https://h/%%", NULL},
    {"https://h/%s", NULL},
    {"https://h/$(project)s", NULL},
    {"https://h/{project_id", NULL},
    {"https://h/{region}", NULL},
    {"https://h/{}", NULL},
    {"https://h/project_id}", NULL},
};

START_TEST(fills_or_refuses)
{
    _cleanup_(freep) char *filled = NULL;
    enum template_field missing = _TEMPLATE_FIELD_MAX;
    int wanted = rows[_i].filled ? 0 : -EINVAL;

    ck_assert_msg(template_check(rows[_i].text) == wanted, "%s", rows[_i].text);
    ck_assert_int_eq(template_fill(rows[_i].text, values, &filled, &missing), wanted);
    ck_assert_pstr_eq(filled, rows[_i].filled);
    ck_assert_int_eq(missing, _TEMPLATE_FIELD_MAX);
}
END_TEST

START_TEST(says_what_is_missing)
{
    static const char *const few[_TEMPLATE_FIELD_MAX] = {[TEMPLATE_USER_ID] = ""};
    static const struct {
        const char *text, *name;
    } gaps[] = {
        {"{project_id}{user_id}", "project_id"},
        {"%(tenant_id)s", "project_id"},
        {"$(user_id)s", "user_id"},
        {"x/{region_name}", "region_name"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(gaps); i++) {
        char *filled = NULL;
        enum template_field missing;

        ck_assert_int_eq(template_fill(gaps[i].text, few, &filled, &missing), 1);
        ck_assert_ptr_null(filled);
        ck_assert_str_eq(template_field_name(missing), gaps[i].name);
    }
}
END_TEST

Suite *make_suite(void)
{
    Suite *s = suite_create("template");
    TCase *t = tcase_create("templates");

    tcase_add_loop_test(t, fills_or_refuses, 0, (int)ARRAY_SIZE(rows));
    tcase_add_test(t, says_what_is_missing);
    suite_add_tcase(s, t);
    return s;
}
