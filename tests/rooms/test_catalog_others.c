/* SPDX-License-Identifier: MIT */
/* The suite of the choice out of catalogs that have what the seed's has not, and of every alias. */
#include "catalog_rows.h"
#include "suite.h"

#include <string.h>

#define CHECK_ROWS(lines, rows)                                                              \
    do {                                                                                     \
        _cleanup_(catalog_freep) struct catalog *c = make_catalog(lines, ARRAY_SIZE(lines)); \
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)                                        \
            check_row(c, &(rows)[i]);                                                        \
    } while (0)

/* A later entry's type beats an earlier one's name, and so on: each step is over all entries. */
START_TEST(takes_each_step_over_the_whole_catalog)
{
    static const struct line lines[] = {
        {"x", "swift", NULL, "public", "name"},
        {"rax:y", "dns", NULL, "public", "type without rax:"},
        {"dns", "z", NULL, "public", "type"},
        {"y", "w", NULL, "public", "type too"},
        {"object-store", "v", NULL, "public", "alias"},
        {"a_b", "underscore", NULL, "public", "a_b"},
        {"a-b", "dash", NULL, "public", "a-b"},
        {"c", "p_q", NULL, "public", "p_q"},
        {"p-q", "d", NULL, "public", "p-q"},
        {"e", "cloud-images", NULL, "public", "name like an alias"},
        {"image", "f", NULL, "public", "alias of that name"},
        {"rax:Mixed", "g", NULL, "public", "Mixed"},
        {"rax:r-s", "h", NULL, "public", "rax:r-s"},
        {"r-s", "i", NULL, "public", "r-s"},
    };
    static const struct row rows[] = {
        {{"dns"}, "z", NULL, "type"},
        {{"y"}, "w", NULL, "type too"},
        {{"swift"}, "swift", NULL, "name"},
        {{"cloudfiles"}, "v", NULL, "alias"},
        {{"a-b"}, "dash", NULL, "a-b"},
        {{"a_b"}, "underscore", NULL, "a_b"},
        {{"A-B"}, "underscore", NULL, "a_b"},
        {{"p_q"}, "d", NULL, "p-q"},
        {{"cloud_images"}, "cloud-images", NULL, "name like an alias"},
        {{"Cloud_Images"}, "f", NULL, "alias of that name"},
        {{"mixed"}, "g", NULL, "Mixed"},
        {{"r_s"}, "i", NULL, "r-s"},
        {{"rax:r_s"}, "h", NULL, "rax:r-s"},
    };

    CHECK_ROWS(lines, rows);
}
END_TEST

START_TEST(prefers_the_current_one_in_any_order)
{
    static const struct line old_first[] = {
        {"compute", "cloudServers", NULL, "public", "old"},
        {"compute", "cloudServersOpenStack", "DFW", "public", "new"},
    };
    static const struct line old_only[] = {
        {"compute", "cloudServers", NULL, "public", "old"},
    };
    static const struct row new_rows[] = {
        {{"compute"}, "cloudServersOpenStack", "DFW", "new"},
        {{"nova"}, "cloudServersOpenStack", "DFW", "new"},
        {{"cloudservers"}, "cloudServersOpenStack", "DFW", "new"},
        {{"COMPUTE"}, "cloudServersOpenStack", "DFW", "new"},
        {{"cloudServers"}, "cloudServers", NULL, "old"},
    };
    static const struct row old_rows[] = {
        {{"compute"}, "cloudServers", NULL, "old"},
        {{"nova", "DFW"}, "cloudServers", NULL, "old"},
        {{"cloudservers"}, "cloudServers", NULL, "old"},
    };

    CHECK_ROWS(old_first, new_rows);
    CHECK_ROWS(old_only, old_rows);
}
END_TEST

/* "else the first in the catalog", and where it is not in the region, the next that is */
START_TEST(takes_the_first_of_equals)
{
    static const struct line lines[] = {
        {"volume", "one", "A", "public", "one in A"},
        {"volume", "two", "A", "public", "two in A"},
        {"volume", "two", "B", "public", "two in B"},
        {"volume", "cloudServers", NULL, "public", "first generation"},
        {"image", "two", "C", "public", "another type's"},
    };
    static const struct row rows[] = {
        {{"volume", "A"}, "one", "A", "one in A"},
        {{"volume"}, "one", "A", "one in A"},
        {{"volume", "B"}, "two", "B", "two in B"},
        {{"two", "B"}, "two", "B", "two in B"},
        {{"one", "B"}, .code = PROBLEM_UNKNOWN_REGION, .detail = "one of A."},
        {{"two", "C"}, .code = PROBLEM_UNKNOWN_REGION, .detail = "one of A, B."},
        {{"volume", "C"}, .code = PROBLEM_UNKNOWN_REGION, .detail = "one of A, B."},
    };

    CHECK_ROWS(lines, rows);
}
END_TEST

START_TEST(knows_regions_and_endpoints_of_every_kind)
{
    static const struct line lines[] = {
        {"mixed", "m", NULL, "public", "anywhere"},
        {"mixed", "m", NULL, "internal", "anywhere inside"},
        {"mixed", "m", "A", "public", "A"},
        {"mixed", "m", "", "admin", "admin"},
        {"single", "s", "A", "public", "single"},
        {"single", "s", "a", "internal", "single inside"},
        {"empty", "e"},
        {"", "nameless type", NULL, "public", "no type"},
        {"no-name", "", NULL, "public", "no name"},
    };
    static const struct row rows[] = {
        /* one region, and endpoints for every region beside it */
        {{"mixed"}, "m", "A", "A"},
        {{"mixed", "A"}, "m", "A", "A"},
        {{"mixed", "B"}, "m", NULL, "anywhere"},
        {{"mixed", "A", "internal"}, "m", NULL, "anywhere inside"},
        {{"mixed", "A", "admin"}, "m", NULL, "admin"},
        {{"mixed", "A", "other"},
         .code = PROBLEM_UNKNOWN_INTERFACE,
         .detail = "one of public, internal, admin."},
        {{"single"}, "s", "A", "single"},
        {{"single", NULL, "internal"}, "s", "a", "single inside"},
        {{"single", NULL, NULL, "B"},
         .code = PROBLEM_UNKNOWN_REGION,
         .detail = "region 'B' (from the cloud's `region`): ask for one of A."},
        {{"empty"}, .code = PROBLEM_UNKNOWN_SERVICE, .detail = "'empty' has no endpoint"},
        {{"empty", "A"}, .code = PROBLEM_UNKNOWN_SERVICE, .detail = "'empty' has no endpoint"},
        {{"nameless type"}, "nameless type", NULL, "no type"},
        {{"no-name"}, "", NULL, "no name"},
        {{""}, .code = PROBLEM_UNKNOWN_SERVICE, .detail = "one of mixed, single, empty, no-name."},
    };
    static const struct line blank[] = {{"", ""}};
    static const struct row nothing[] = {
        {{"compute", "A"}, .code = PROBLEM_UNKNOWN_SERVICE, .detail = "The catalog is empty"},
    };

    CHECK_ROWS(lines, rows);
    CHECK_ROWS(blank, nothing);
}
END_TEST

/* An alias goes through its types in their order. */
START_TEST(goes_through_an_aliass_types)
{
    static const struct line lines[] = {
        {"volumev2", "two", NULL, "public", "v2"},    {"volumev3", "three", NULL, "public", "v3"},
        {"load-balancer", "o", NULL, "public", "lb"}, {"messaging", "q", NULL, "public", "queue"},
        {"sharev2", "m", NULL, "public", "share"},
    };
    static const struct row rows[] = {
        {{"cinder"}, "three", NULL, "v3"},
        {{"block-storage"}, "three", NULL, "v3"},
        {{"block_store"}, "three", NULL, "v3"},
        {{"volume"}, "three", NULL, "v3"},
        {{"volumev2"}, "two", NULL, "v2"},
        {{"cloud_lb"}, "o", NULL, "lb"},
        {{"queues"}, "q", NULL, "queue"},
        {{"zaqar"}, "q", NULL, "queue"},
        {{"shared-file-system"}, "m", NULL, "share"},
    };

    CHECK_ROWS(lines, rows);
}
END_TEST

/* pyrax reached networks through compute, which a cloud without `network` still has. */
START_TEST(finds_networks_where_they_are)
{
    static const struct line both[] = {
        {"compute", "c", NULL, "public", "servers"},
        {"network", "n", NULL, "public", "networks"},
    };
    static const struct line alone[] = {{"compute", "c", NULL, "public", "servers"}};
    static const struct row in_both[] = {{{"cloud_networks"}, "n", NULL, "networks"}};
    static const struct row in_compute[] = {
        {{"cloud_networks"}, "c", NULL, "servers"},
        {{"cloudnetworks"}, "c", NULL, "servers"},
        {{"neutron"}, .code = PROBLEM_UNKNOWN_SERVICE, .detail = "one of compute."},
    };

    CHECK_ROWS(both, in_both);
    CHECK_ROWS(alone, in_compute);
}
END_TEST

/* Every name of the table, in an order of their own: one that the search misses is misplaced. */
static const struct {
    const char *name, *type;
} aliases[] = {
    {"adjutant", "admin-logic"},
    {"admin-logic", "admin-logic"},
    {"registration", "admin-logic"},
    {"alarm", "alarm"},
    {"alarming", "alarm"},
    {"aodh", "alarm"},
    {"application-container", "application-container"},
    {"container", "application-container"},
    {"zun", "application-container"},
    {"solum", "application-deployment"},
    {"bare-metal", "baremetal"},
    {"baremetal", "baremetal"},
    {"ironic", "baremetal"},
    {"block-storage", "block-storage"},
    {"block-store", "block-storage"},
    {"volume", "block-storage"},
    {"cinder", "block-storage"},
    {"cbs", "block-storage"},
    {"cloud-blockstorage", "block-storage"},
    {"cloud-block-storage", "block-storage"},
    {"cloudblockstorage", "block-storage"},
    {"volumev2", "block-storage"},
    {"volumev3", "block-storage"},
    {"cloud-cdn", "rax:cdn"},
    {"clustering", "clustering"},
    {"cluster", "clustering"},
    {"resource-cluster", "clustering"},
    {"senlin", "clustering"},
    {"container-infra", "container-infrastructure-management"},
    {"container-infrastructure", "container-infrastructure-management"},
    {"container-infrastructure-management", "container-infrastructure-management"},
    {"magnum", "container-infrastructure-management"},
    {"database", "rax:database"},
    {"cloud-databases", "rax:database"},
    {"clouddatabases", "rax:database"},
    {"trove", "rax:database"},
    {"dns", "rax:dns"},
    {"cloud-dns", "rax:dns"},
    {"clouddns", "rax:dns"},
    {"designate", "rax:dns"},
    {"event", "event"},
    {"events", "event"},
    {"panko", "event"},
    {"cloudfiles-cdn", "rax:object-cdn"},
    {"cloud-files-cdn", "rax:object-cdn"},
    {"instance-ha", "instance-ha"},
    {"ha", "instance-ha"},
    {"masakari", "instance-ha"},
    {"load-balancer", "rax:load-balancer"},
    {"load-balancers", "rax:load-balancer"},
    {"clb", "rax:load-balancer"},
    {"cloud-lb", "rax:load-balancer"},
    {"cloud-loadbalancers", "rax:load-balancer"},
    {"cloud-load-balancers", "rax:load-balancer"},
    {"cloudloadbalancers", "rax:load-balancer"},
    {"lbaas", "rax:load-balancer"},
    {"octavia", "rax:load-balancer"},
    {"message", "rax:queues"},
    {"messaging", "rax:queues"},
    {"queues", "rax:queues"},
    {"cloud-queues", "rax:queues"},
    {"cloudqueues", "rax:queues"},
    {"marconi", "rax:queues"},
    {"zaqar", "rax:queues"},
    {"meter", "meter"},
    {"metering", "meter"},
    {"telemetry", "meter"},
    {"ceilometer", "meter"},
    {"monitor", "rax:monitor"},
    {"monitoring", "rax:monitor"},
    {"cloud-monitoring", "rax:monitor"},
    {"cloudmonitoring", "rax:monitor"},
    {"monasca", "rax:monitor"},
    {"monasca-api", "rax:monitor"},
    {"monitoring-logging", "monitoring-logging"},
    {"monitoring-log-api", "monitoring-logging"},
    {"monasca-log-api", "monitoring-logging"},
    {"monasca-events-api", "monitoring-events"},
    {"operator-policy", "operator-policy"},
    {"policy", "operator-policy"},
    {"congress", "operator-policy"},
    {"resource-optimization", "resource-optimization"},
    {"infra-optim", "resource-optimization"},
    {"watcher", "resource-optimization"},
    {"root-cause-analysis", "root-cause-analysis"},
    {"rca", "root-cause-analysis"},
    {"vitrage", "root-cause-analysis"},
    {"shared-file-system", "shared-file-system"},
    {"sharev2", "shared-file-system"},
    {"share", "shared-file-system"},
    {"manila", "shared-file-system"},
    {"multi-region-network-automation", "multi-region-network-automation"},
    {"tricircle", "multi-region-network-automation"},
    {"workflow", "workflow"},
    {"workflowv2", "workflow"},
    {"mistral", "workflow"},
    {"nova", "compute"},
    {"cloudservers", "compute"},
    {"cloud-servers", "compute"},
    {"swift", "object-store"},
    {"cloudfiles", "object-store"},
    {"cloud-files", "object-store"},
    {"glance", "image"},
    {"images", "image"},
    {"cloud-images", "image"},
    {"cloudimages", "image"},
    {"neutron", "network"},
    {"networks", "network"},
    {"cloud-networks", "network"},
    {"cloudnetworks", "network"},
    {"keystone", "identity"},
    {"heat", "orchestration"},
    {"cloud-orchestration", "orchestration"},
    {"cloudorchestration", "orchestration"},
    {"sahara", "data-processing"},
    {"ironic-inspector", "baremetal-introspection"},
    {"barbican", "key-manager"},
    {"murano", "application-catalog"},
    {"searchlight", "search"},
    {"cloudkitty", "rating"},
    {"karbor", "data-protection-orchestration"},
    {"aetos", "metric-storage"},
    {"venus", "log-management"},
    {"tacker", "nfv-orchestration"},
    {"freezer", "backup"},
    {"freezer-api", "backup"},
    {"blazar", "reservation"},
    {"qinling", "function-engine"},
    {"cyborg", "accelerator"},
    {"cloud-autoscale", "rax:autoscale"},
    {"autoscaling", "rax:autoscale"},
    {"cloud-backup", "rax:backup"},
    {"cloudbackup", "rax:backup"},
    {"cloud-metrics", "rax:cloudmetrics"},
    {"cloudmetrics", "rax:cloudmetrics"},
    {"cloud-feeds", "rax:feeds"},
    {"cloudfeeds", "rax:feeds"},
    {"cloud-big-data", "rax:bigdata"},
    {"cloudbigdata", "rax:bigdata"},
};

START_TEST(knows_every_alias)
{
    const char *const *types = catalog_alias(aliases[_i].name);

    ck_assert_msg(types != NULL, "%s is not found", aliases[_i].name);
    ck_assert_str_eq(types[0], aliases[_i].type);
}
END_TEST

START_TEST(knows_no_other_alias)
{
    static const char *const names[] = {
        "",
        "a",
        "zzz",
        "nov",
        "novae",
        "cloud",
        "cloud servers",
        "0",
        "-",
        "a-name-that-is-longer-than-every-alias-in-the-table",
    };

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        ck_assert_msg(catalog_alias(names[i]) == NULL, "'%s' is an alias", names[i]);
    ck_assert_ptr_eq(catalog_alias("Cloud_Load-Balancers"), catalog_alias("cloud-load-balancers"));
}
END_TEST

Suite *make_suite(void)
{
    Suite *s = suite_create("catalog_others");
    TCase *t = tcase_create("other catalogs");

    tcase_add_test(t, takes_each_step_over_the_whole_catalog);
    tcase_add_test(t, prefers_the_current_one_in_any_order);
    tcase_add_test(t, takes_the_first_of_equals);
    tcase_add_test(t, knows_regions_and_endpoints_of_every_kind);
    tcase_add_test(t, goes_through_an_aliass_types);
    tcase_add_test(t, finds_networks_where_they_are);
    tcase_add_loop_test(t, knows_every_alias, 0, (int)ARRAY_SIZE(aliases));
    tcase_add_test(t, knows_no_other_alias);
    suite_add_tcase(s, t);
    return s;
}
