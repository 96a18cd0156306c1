/* SPDX-License-Identifier: MIT */
#include "catalog_rows.h"

#include <check.h>
#include <string.h>

void check_row(const struct catalog *c, const struct row *row)
{
    _cleanup_(problem_freep) struct problem *problem = NULL;
    struct endpoint_choice choice = {0};
    int r = catalog_choose(c, &row->query, &choice, &problem);

    if (!row->url) {
        ck_assert_msg(r == 1 && problem, "'%s' was found", row->query.service);
        ck_assert_str_eq(problem_word(problem->code), problem_word(row->code));
        ck_assert_msg(strstr(problem->detail, row->detail) != NULL, "'%s' is not in '%s'",
                      row->detail, problem->detail);
        ck_assert_ptr_null(choice.endpoint);
        return;
    }
    ck_assert_msg(r == 0, "'%s': %s", row->query.service, problem ? problem->detail : "no memory");
    ck_assert_ptr_null(problem);
    ck_assert_str_eq(choice.service->name, row->name);
    ck_assert_str_eq(choice.endpoint->url, row->url);
    ck_assert_pstr_eq(choice.region, row->region);
    ck_assert_ptr_eq(choice.region, choice.endpoint->region);
}

struct catalog *make_catalog(const struct line *lines, size_t n)
{
    struct catalog *c = catalog_new();
    struct service *s = NULL;

    for (size_t i = 0; i < n; i++) {
        if (!s || strcmp(s->type, lines[i].type) != 0 || strcmp(s->name, lines[i].name) != 0)
            ck_assert_int_eq(catalog_add_service(c, lines[i].type, lines[i].name, &s), 0);
        if (lines[i].url)
            ck_assert_int_eq(
                service_add_endpoint(s, lines[i].region, lines[i].interface, lines[i].url, NULL),
                0);
    }
    return c;
}
