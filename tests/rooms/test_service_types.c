/* SPDX-License-Identifier: MIT */
/* The suite of the OpenStack service types: whatever name of a service a catalog has, whoever asks by
 * another one finds it. */
#include "catalog_match.h"
#include "suite.h"

#include <ctype.h>
#include <string.h>

#define NAMES_MOST 8

/* A line of the list: the official type, the project, and the aliases. */
struct listed {
    char text[256];
    char *names[NAMES_MOST];
    size_t n;
};

static struct listed list[64];
static size_t n_list;

static void read_list(void)
{
    FILE *f = fopen(TEST_DATA_DIR "/service-types.txt", "re");
    struct listed *l = list;

    ck_assert_ptr_nonnull(f);
    n_list = 0;
    while (fgets(l->text, sizeof(l->text), f)) {
        char *rest = NULL;

        if (l->text[0] == '#')
            continue;
        l->n = 0;
        for (char *p = strtok_r(l->text, " \n", &rest); p; p = strtok_r(NULL, " \n", &rest))
            l->names[l->n++] = p;
        ck_assert_uint_ge(l->n, 2);
        l++;
        n_list++;
        ck_assert_uint_lt(n_list, ARRAY_SIZE(list));
    }
    fclose(f);
}

static struct catalog *catalog_with(const char *type)
{
    struct catalog *c = catalog_new();
    struct service *s;

    ck_assert_int_eq(catalog_add_service(c, "something-else", "other", &s), 0);
    ck_assert_int_eq(catalog_add_service(c, type, "the one", &s), 0);
    return c;
}

static bool finds(const char *asked, const char *type)
{
    _cleanup_(catalog_freep) struct catalog *c = catalog_with(type);
    struct criterion criterion;
    const struct service *s = catalog_match(c, asked, &criterion);

    ck_assert_msg(!s || s == &c->services[1], "%s finds something else", asked);
    ck_assert_msg(!s == !service_matches(&c->services[1], asked), "%s in %s: two answers", asked,
                  type);
    return s != NULL;
}

/* An old type that names its version is an interface of its own, which another version's is no
 * answer to: so it is in the list's own library. */
static bool is_versioned(const char *name)
{
    size_t length = strlen(name);

    return length > 2 && name[length - 2] == 'v' && isdigit((unsigned char)name[length - 1]);
}

START_TEST(finds_each_by_each_of_its_names)
{
    for (size_t i = 0; i < n_list; i++)
        for (size_t asked = 0; asked < list[i].n; asked++)
            for (size_t has = 0; has < list[i].n; has++) {
                const char *name = list[i].names[asked], *type = list[i].names[has];
                bool wanted = has != 1 || strcmp(name, type) == 0;

                if (has == 1 && !wanted)
                    continue; /* no catalog has a project for a type */
                if (is_versioned(name) && has > 1 && strcmp(name, type) != 0)
                    wanted = false;
                ck_assert_msg(finds(name, type) == wanted, "%s in a catalog with %s", name, type);
            }
    ck_assert_uint_ge(n_list, 45);
}
END_TEST

START_TEST(knows_the_official_type)
{
    for (size_t i = 0; i < n_list; i++)
        for (size_t j = 0; j < list[i].n; j++) {
            _cleanup_(freep) char *type = catalog_type(list[i].names[j]);

            ck_assert_str_eq(type, list[i].names[0]);
        }
}
END_TEST

/* The names of different services are different. */
START_TEST(mixes_no_two_up)
{
    for (size_t i = 0; i < n_list; i++)
        for (size_t j = 0; j < n_list; j++) {
            if (strcmp(list[i].names[0], list[j].names[0]) == 0)
                continue;
            for (size_t asked = 0; asked < list[i].n; asked++)
                for (size_t has = 0; has < list[j].n; has++)
                    ck_assert_msg(!finds(list[i].names[asked], list[j].names[has]),
                                  "%s in a catalog with %s", list[i].names[asked],
                                  list[j].names[has]);
        }
}
END_TEST

START_TEST(types_of_their_own)
{
    static const struct {
        const char *name, *type;
    } rows[] = {
        {"object_store", "object-store"}, {"cloud_files", "object-store"},
        {"Cloud_LB", "load-balancer"},    {"autoscaling", "rax:autoscale"},
        {"cloud_cdn", "rax:object-cdn"},  {"My_Service", "my-service"},
        {"cloud_networks", "network"},    {CATALOG_ANY, CATALOG_ANY},
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        _cleanup_(freep) char *type = catalog_type(rows[i].name);

        ck_assert_str_eq(type, rows[i].type);
    }
}
END_TEST

START_TEST(stands_for_any_last)
{
    _cleanup_(catalog_freep) struct catalog *c = catalog_with(CATALOG_ANY);
    struct criterion criterion;
    struct service *s;

    ck_assert_int_eq(catalog_add_service(c, "volumev3", "v", &s), 0);
    ck_assert_ptr_eq(catalog_match(c, "compute", &criterion), &c->services[1]);
    ck_assert_ptr_eq(catalog_match(c, "what else", &criterion), &c->services[1]);
    ck_assert_ptr_eq(catalog_match(c, "other", &criterion), &c->services[0]);
    ck_assert_ptr_eq(catalog_match(c, "cinder", &criterion), &c->services[2]);
    ck_assert_ptr_eq(catalog_match(c, "V", &criterion), &c->services[2]);
    ck_assert_ptr_null(catalog_match(c, "", &criterion));
    ck_assert_int_eq(service_matches(&c->services[1], "compute"), false);
}
END_TEST

Suite *make_suite(void)
{
    Suite *s = suite_create("service_types");
    TCase *t = tcase_create("service types");

    tcase_add_checked_fixture(t, read_list, NULL);
    tcase_add_test(t, finds_each_by_each_of_its_names);
    tcase_add_test(t, knows_the_official_type);
    tcase_add_test(t, mixes_no_two_up);
    tcase_add_test(t, types_of_their_own);
    tcase_add_test(t, stands_for_any_last);
    tcase_set_timeout(t, 30);
    suite_add_tcase(s, t);
    return s;
}
