/* SPDX-License-Identifier: MIT */
/* The suite of the catalog and of the choice of an endpoint: a table for each sentence of the
 * contract, over the seed's catalog. */
#include "catalog_rows.h"
#include "suite.h"

#include "seed.h"

#include <string.h>

static struct session *seed;

static void load_seed(void)
{
    seed = seed_session();
}

static void drop_seed(void)
{
    session_unref(seed);
    seed = NULL;
}

#define DNS_URL "https://dns.api.rackspacecloud.com/v1.0/" SEED_TENANT
#define LB_URL(region) "https://" region ".loadbalancers.api.rackspacecloud.com/v1.0/" SEED_TENANT
#define DATABASE_URL(region) "https://" region ".databases.api.rackspacecloud.com/v1.0/" SEED_TENANT
#define SERVERS_URL(region) "https://" region ".servers.api.rackspacecloud.com/v2/" SEED_TENANT
#define OLD_SERVERS_URL "https://servers.api.rackspacecloud.com/v1.0/" SEED_TENANT
#define FILES_URL(region) "https://storage101." region "1.clouddrive.com/v1/" SEED_FILES_TENANT
#define SNET_URL(region) "https://snet-storage101." region "1.clouddrive.com/v1/" SEED_FILES_TENANT
#define CDN_URL(number) "https://cdn" number ".clouddrive.com/v1/" SEED_FILES_TENANT
#define MONITORING_URL "https://monitoring.api.rackspacecloud.com/v1.0/" SEED_TENANT

/* "Service: exact catalog type" */
static const struct row by_type[] = {
    {{"compute", "DFW"}, "cloudServersOpenStack", "DFW", SERVERS_URL("dfw")},
    {{"object-store", "ORD"}, "cloudFiles", "ORD", FILES_URL("ord")},
    {{"rax:load-balancer", "ORD"}, "cloudLoadBalancers", "ORD", LB_URL("ord")},
    {{"rax:database", "DFW"}, "cloudDatabases", "DFW", DATABASE_URL("dfw")},
    {{"rax:dns"}, "cloudDNS", NULL, DNS_URL},
    {{"rax:object-cdn", "DFW"}, "cloudFilesCDN", "DFW", CDN_URL("1")},
    {{"rax:monitor"}, "cloudMonitoring", NULL, MONITORING_URL},
};

/* "else type without `rax:`" */
static const struct row by_bare_type[] = {
    {{"load-balancer", "ORD"}, "cloudLoadBalancers", "ORD", LB_URL("ord")},
    {{"database", "ORD"}, "cloudDatabases", "ORD", DATABASE_URL("ord")},
    {{"dns"}, "cloudDNS", NULL, DNS_URL},
    {{"object-cdn", "ORD"}, "cloudFilesCDN", "ORD", CDN_URL("2")},
    {{"monitor"}, "cloudMonitoring", NULL, MONITORING_URL},
};

/* "else catalog name" */
static const struct row by_name[] = {
    {{"cloudServersOpenStack", "ORD"}, "cloudServersOpenStack", "ORD", SERVERS_URL("ord")},
    {{"cloudFiles", "DFW"}, "cloudFiles", "DFW", FILES_URL("dfw")},
    {{"cloudLoadBalancers", "DFW"}, "cloudLoadBalancers", "DFW", LB_URL("dfw")},
    {{"cloudDatabases", "DFW"}, "cloudDatabases", "DFW", DATABASE_URL("dfw")},
    {{"cloudDNS"}, "cloudDNS", NULL, DNS_URL},
    {{"cloudFilesCDN", "DFW"}, "cloudFilesCDN", "DFW", CDN_URL("1")},
    {{"cloudMonitoring"}, "cloudMonitoring", NULL, MONITORING_URL},
};

/* "else a well-known alias" */
static const struct row by_alias[] = {
    {{"cloudfiles", "DFW"}, "cloudFiles", "DFW", FILES_URL("dfw")},
    {{"cloud_files", "DFW"}, "cloudFiles", "DFW", FILES_URL("dfw")},
    {{"swift", "ORD"}, "cloudFiles", "ORD", FILES_URL("ord")},
    {{"cloudservers", "DFW"}, "cloudServersOpenStack", "DFW", SERVERS_URL("dfw")},
    {{"cloud_servers", "DFW"}, "cloudServersOpenStack", "DFW", SERVERS_URL("dfw")},
    {{"nova", "ORD"}, "cloudServersOpenStack", "ORD", SERVERS_URL("ord")},
    {{"cloud_lb", "ORD"}, "cloudLoadBalancers", "ORD", LB_URL("ord")},
    {{"cloud_loadbalancers", "ORD"}, "cloudLoadBalancers", "ORD", LB_URL("ord")},
    {{"clb", "DFW"}, "cloudLoadBalancers", "DFW", LB_URL("dfw")},
    {{"octavia", "DFW"}, "cloudLoadBalancers", "DFW", LB_URL("dfw")},
    {{"cloud_databases", "DFW"}, "cloudDatabases", "DFW", DATABASE_URL("dfw")},
    {{"trove", "ORD"}, "cloudDatabases", "ORD", DATABASE_URL("ord")},
    {{"cloud_dns"}, "cloudDNS", NULL, DNS_URL},
    {{"designate"}, "cloudDNS", NULL, DNS_URL},
    {{"cloud_monitoring"}, "cloudMonitoring", NULL, MONITORING_URL},
    {{"monitoring"}, "cloudMonitoring", NULL, MONITORING_URL},
    {{"cloud_cdn", "DFW"}, "cloudFilesCDN", "DFW", CDN_URL("1")},
};

/* "`_` and `-` are the same"; and case counts only where it tells two entries apart */
static const struct row by_spelling[] = {
    {{"object_store", "DFW"}, "cloudFiles", "DFW", FILES_URL("dfw")},
    {{"load_balancer", "DFW"}, "cloudLoadBalancers", "DFW", LB_URL("dfw")},
    {{"rax:load_balancer", "DFW"}, "cloudLoadBalancers", "DFW", LB_URL("dfw")},
    {{"object_cdn", "DFW"}, "cloudFilesCDN", "DFW", CDN_URL("1")},
    {{"cloud-dns"}, "cloudDNS", NULL, DNS_URL},
    {{"cloud-lb", "DFW"}, "cloudLoadBalancers", "DFW", LB_URL("dfw")},
    {{"Compute", "DFW"}, "cloudServersOpenStack", "DFW", SERVERS_URL("dfw")},
    {{"RAX:DNS"}, "cloudDNS", NULL, DNS_URL},
    {{"Object_Store", "DFW"}, "cloudFiles", "DFW", FILES_URL("dfw")},
    {{"CLOUDDNS"}, "cloudDNS", NULL, DNS_URL},
    {{"CloudServers", "DFW"}, "cloudServersOpenStack", "DFW", SERVERS_URL("dfw")},
    {{"cloudserversopenstack", "DFW"}, "cloudServersOpenStack", "DFW", SERVERS_URL("dfw")},
    {{"Swift", "DFW"}, "cloudFiles", "DFW", FILES_URL("dfw")},
};

/* "the current one before the first-generation one"; "a catalog name always reaches its own" */
static const struct row of_several[] = {
    {{"compute", "ORD"}, "cloudServersOpenStack", "ORD", SERVERS_URL("ord")},
    {{"cloudServers"}, "cloudServers", NULL, OLD_SERVERS_URL},
    {{"cloudServers", "DFW"}, "cloudServers", NULL, OLD_SERVERS_URL},
    {{"cloudServers", "LON"}, "cloudServers", NULL, OLD_SERVERS_URL},
    /* the older one, though it serves every region, does not step in */
    {{"compute", "LON"}, .code = PROBLEM_UNKNOWN_REGION, .detail = "one of DFW, ORD."},
};

static const struct row no_service[] = {
    {{"nothing", "DFW"},
     .code = PROBLEM_UNKNOWN_SERVICE,
     .detail = "no service 'nothing': ask for one of rax:load-balancer, object-store, compute, "
               "rax:dns, rax:database, rax:object-cdn, rax:monitor."},
    {{""}, .code = PROBLEM_UNKNOWN_SERVICE, .detail = "no service ''"},
    {{"rax:"}, .code = PROBLEM_UNKNOWN_SERVICE, .detail = "no service 'rax:'"},
    {{"comput"}, .code = PROBLEM_UNKNOWN_SERVICE, .detail = "no service 'comput'"},
    {{"computer"}, .code = PROBLEM_UNKNOWN_SERVICE, .detail = "no service 'computer'"},
    {{"rax:compute"}, .code = PROBLEM_UNKNOWN_SERVICE, .detail = "no service 'rax:compute'"},
    {{"glance"}, .code = PROBLEM_UNKNOWN_SERVICE, .detail = "no service 'glance'"},
    {{"a\nb\xff\x7f"},
     .code = PROBLEM_UNKNOWN_SERVICE,
     .detail = "no service 'a?b?"
               "?'"},
    {{"0123456789012345678901234567890123456789012345678901234567890123456789"},
     .code = PROBLEM_UNKNOWN_SERVICE,
     .detail = "'012345678901234567890123456789012345678901234567890123456789012':"},
};

/* "Region: the request's; else the cloud's `region`; else the user's default region; else, where
 * the service has one region or none, that one; else 400 `region-required` with the list." */
static const struct row by_region[] = {
    {{"compute", "ORD", NULL, "DFW", "DFW"}, "cloudServersOpenStack", "ORD", SERVERS_URL("ord")},
    {{"compute", NULL, NULL, "ORD", "DFW"}, "cloudServersOpenStack", "ORD", SERVERS_URL("ord")},
    {{"compute", NULL, NULL, NULL, "ORD"}, "cloudServersOpenStack", "ORD", SERVERS_URL("ord")},
    {{"compute", "", NULL, "", "ORD"}, "cloudServersOpenStack", "ORD", SERVERS_URL("ord")},
    {{"dns", NULL, NULL, NULL, ""}, "cloudDNS", NULL, DNS_URL},
    {{"compute"}, .code = PROBLEM_REGION_REQUIRED, .detail = "one of DFW, ORD, or set"},
    {{"load-balancer", "", NULL, "", ""},
     .code = PROBLEM_REGION_REQUIRED,
     .detail = "one of ORD, DFW, or set"},
    {{"compute", "LON", NULL, "DFW", "ORD"},
     .code = PROBLEM_UNKNOWN_REGION,
     .detail = "region 'LON' (from the request): ask for one of DFW, ORD."},
    {{"compute", NULL, NULL, "SYD", "ORD"},
     .code = PROBLEM_UNKNOWN_REGION,
     .detail = "region 'SYD' (from the cloud's `region`): ask for one of DFW, ORD."},
    {{"load-balancer", NULL, NULL, NULL, "HKG"},
     .code = PROBLEM_UNKNOWN_REGION,
     .detail = "region 'HKG' (from the user's default region): ask for one of ORD, DFW."},
    /* "Regions compare without case." */
    {{"compute", "ord"}, "cloudServersOpenStack", "ORD", SERVERS_URL("ord")},
    {{"compute", NULL, NULL, "dfw"}, "cloudServersOpenStack", "DFW", SERVERS_URL("dfw")},
    {{"compute", NULL, NULL, NULL, "Dfw"}, "cloudServersOpenStack", "DFW", SERVERS_URL("dfw")},
    /* "An endpoint without a region serves every region." */
    {{"dns", "DFW"}, "cloudDNS", NULL, DNS_URL},
    {{"dns", "nowhere"}, "cloudDNS", NULL, DNS_URL},
    {{"dns", NULL, NULL, "DFW", "ORD"}, "cloudDNS", NULL, DNS_URL},
    {{"cloud_monitoring", NULL, NULL, "LON"}, "cloudMonitoring", NULL, MONITORING_URL},
};

/* "Interface: the request's, else the cloud's, else `public`; `internal` is ServiceNet." */
static const struct row by_interface[] = {
    {{"object-store", "DFW"}, "cloudFiles", "DFW", FILES_URL("dfw")},
    {{"object-store", "DFW", "internal"}, "cloudFiles", "DFW", SNET_URL("dfw")},
    {{"object-store", "ORD", "public"}, "cloudFiles", "ORD", FILES_URL("ord")},
    {{"object-store", "ORD", "public", NULL, NULL, "internal"},
     "cloudFiles",
     "ORD",
     FILES_URL("ord")},
    {{"object-store", "ORD", NULL, NULL, NULL, "internal"}, "cloudFiles", "ORD", SNET_URL("ord")},
    {{"object-store", "ORD", "", NULL, NULL, "internal"}, "cloudFiles", "ORD", SNET_URL("ord")},
    {{"object-store", "ORD", "", NULL, NULL, ""}, "cloudFiles", "ORD", FILES_URL("ord")},
    {{"object-store", "DFW", "internalURL"}, "cloudFiles", "DFW", SNET_URL("dfw")},
    {{"object-store", "DFW", "InternalUrl"}, "cloudFiles", "DFW", SNET_URL("dfw")},
    {{"object-store", "DFW", "PUBLIC"}, "cloudFiles", "DFW", FILES_URL("dfw")},
    {{"object-cdn", "DFW", "internal"},
     .code = PROBLEM_UNKNOWN_INTERFACE,
     .detail = "no interface 'internal' (from the request) in DFW: ask for one of public."},
    {{"object-cdn", "DFW", NULL, NULL, NULL, "internal"},
     .code = PROBLEM_UNKNOWN_INTERFACE,
     .detail = "'internal' (from the cloud's `interface`) in DFW"},
    {{"object-store", "DFW", "admin"},
     .code = PROBLEM_UNKNOWN_INTERFACE,
     .detail = "one of public, internal."},
    {{"dns", NULL, "internal"},
     .code = PROBLEM_UNKNOWN_INTERFACE,
     .detail = "in any region: ask for one of public."},
    {{"object-store", "DFW", "URL"}, .code = PROBLEM_UNKNOWN_INTERFACE, .detail = "'URL'"},
    {{"object-store", "DFW", "publi"}, .code = PROBLEM_UNKNOWN_INTERFACE, .detail = "'publi'"},
};

#define SEED_TEST(table)                      \
    START_TEST(seed_##table)                  \
    {                                         \
        check_row(seed->catalog, &table[_i]); \
    }                                         \
    END_TEST

SEED_TEST(by_type)
SEED_TEST(by_bare_type)
SEED_TEST(by_name)
SEED_TEST(by_alias)
SEED_TEST(by_spelling)
SEED_TEST(of_several)
SEED_TEST(no_service)
SEED_TEST(by_region)
SEED_TEST(by_interface)

/* Which of the seed's entries a filter lets through, by their first letters. */
static const struct {
    const char *filter, *expected;
} filters[] = {
    {"compute", "cloudServersOpenStack cloudServers "},
    {"COMPUTE", "cloudServersOpenStack cloudServers "},
    {"nova", "cloudServersOpenStack cloudServers "},
    {"cloudservers", "cloudServersOpenStack cloudServers "},
    {"cloudServers", "cloudServers "},
    {"cloudServersOpenStack", "cloudServersOpenStack "},
    {"cloudFiles", "cloudFiles "},
    {"swift", "cloudFiles "},
    {"object_store", "cloudFiles "},
    {"load-balancer", "cloudLoadBalancers "},
    {"rax:load-balancer", "cloudLoadBalancers "},
    {"cloud_lb", "cloudLoadBalancers "},
    {"dns", "cloudDNS "},
    {"nothing", ""},
    {"", ""},
};

START_TEST(filters_by_service)
{
    char found[256] = "";

    for (size_t i = 0; i < seed->catalog->n_services; i++)
        if (service_matches(&seed->catalog->services[i], filters[_i].filter)) {
            strcat(found, seed->catalog->services[i].name);
            strcat(found, " ");
        }
    ck_assert_str_eq(found, filters[_i].expected);
}
END_TEST

START_TEST(lists_regions_in_their_order)
{
    static const struct line lines[] = {
        {"a", "a", NULL, "public", "1"},  {"a", "a", "B", "public", "2"},
        {"a", "a", "A", "public", "3"},   {"b", "b", "b", "public", "4"},
        {"b", "b", "C", "internal", "5"},
    };
    _cleanup_(catalog_freep) struct catalog *c = make_catalog(lines, ARRAY_SIZE(lines));
    _cleanup_(catalog_freep) struct catalog *empty = catalog_new();
    _cleanup_(freep) const char **regions = catalog_regions(c);
    _cleanup_(freep) const char **none = catalog_regions(empty);
    _cleanup_(freep) const char **of_seed = catalog_regions(seed->catalog);

    ck_assert_str_eq(regions[0], "B");
    ck_assert_str_eq(regions[1], "A");
    ck_assert_str_eq(regions[2], "C");
    ck_assert_ptr_null(regions[3]);
    ck_assert_ptr_null(none[0]);
    ck_assert_str_eq(of_seed[0], "ORD");
    ck_assert_str_eq(of_seed[1], "DFW");
    ck_assert_ptr_null(of_seed[2]);
}
END_TEST

START_TEST(copies_what_it_is_given)
{
    _cleanup_(catalog_freep) struct catalog *c = catalog_new();
    struct service *s;
    char text[] = "text-0";

    for (int i = 0; i < 9; i++) {
        text[5] = (char)('0' + i);
        ck_assert_int_eq(catalog_add_service(c, text, text, &s), 0);
        for (int j = 0; j < 9; j++)
            ck_assert_int_eq(
                service_add_endpoint(s, j % 2 ? text : "", text, text, j % 2 ? text : NULL), 0);
    }
    text[0] = 'X';
    ck_assert_uint_eq(c->n_services, 9);
    for (int i = 0; i < 9; i++) {
        s = &c->services[i];
        ck_assert_uint_eq(s->n_endpoints, 9);
        ck_assert_int_eq(s->type[5], '0' + i);
        ck_assert_int_eq(s->name[0], 't');
        ck_assert_ptr_null(s->endpoints[0].region);
        ck_assert_ptr_null(s->endpoints[8].tenant_id);
        ck_assert_str_eq(s->endpoints[7].region, s->type);
        ck_assert_str_eq(s->endpoints[7].tenant_id, s->type);
        ck_assert_str_eq(s->endpoints[8].url, s->name);
        ck_assert_str_eq(s->endpoints[8].interface, s->name);
    }
    catalog_free(NULL);
}
END_TEST

#define ADD_SEED_TEST(tcase, table) \
    tcase_add_loop_test(tcase, seed_##table, 0, (int)ARRAY_SIZE(table))

Suite *make_suite(void)
{
    Suite *s = suite_create("catalog");
    TCase *on_seed = tcase_create("the seed's catalog"), *others = tcase_create("other catalogs");

    tcase_add_checked_fixture(on_seed, load_seed, drop_seed);
    ADD_SEED_TEST(on_seed, by_type);
    ADD_SEED_TEST(on_seed, by_bare_type);
    ADD_SEED_TEST(on_seed, by_name);
    ADD_SEED_TEST(on_seed, by_alias);
    ADD_SEED_TEST(on_seed, by_spelling);
    ADD_SEED_TEST(on_seed, of_several);
    ADD_SEED_TEST(on_seed, no_service);
    ADD_SEED_TEST(on_seed, by_region);
    ADD_SEED_TEST(on_seed, by_interface);
    tcase_add_loop_test(on_seed, filters_by_service, 0, (int)ARRAY_SIZE(filters));
    tcase_add_test(on_seed, lists_regions_in_their_order);
    suite_add_tcase(s, on_seed);

    tcase_add_test(others, copies_what_it_is_given);
    suite_add_tcase(s, others);
    return s;
}
