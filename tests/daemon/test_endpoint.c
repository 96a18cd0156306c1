/* SPDX-License-Identifier: MIT */
/* How a service's endpoint is chosen, over the socket: each sentence of the rules against the
 * sandbox's catalog, which is the seed's with an echo and a few odd entries behind it. */
#include "daemon.h"
#include "sandbox.h"
#include "stage.h"

#include <string.h>

/* Services of one type, and one whose regions are only partly covered. */
static const char *const extra_services[] = {
    "--extra-service",
    "firstTwin,x-twin,,http://127.0.0.1:1/first",
    "--extra-service",
    "secondTwin,x-twin,,http://127.0.0.1:1/second",
    "--extra-service",
    "oneRegion,x-one,LON,http://127.0.0.1:1/one",
    "--extra-service",
    "under_scored,x_under_scored,,http://127.0.0.1:1/under",
    NULL,
};

struct row {
    const char *query;
    const char *name;   /* the entry that is chosen; NULL: it is refused */
    const char *region; /* NULL: none; of a refusal: its code */
    const char *place;  /* part of the URL; of a refusal: of its detail */
};

static void demand(const char *cloud, const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct row *row = &rows[i];
        const struct reply *r = get("/v1/%s/endpoint?%s", cloud, row->query);
        const char *service, *name, *interface, *url, *region;
        json_t *place;

        if (!row->name) {
            const char *detail;

            ck_assert_msg(r->status >= 400, "%s: %s", row->query, r->body);
            detail = reply_problem(r, r->status, row->region);
            ck_assert_msg(strstr(detail, row->place), "%s: no '%s' in '%s'", row->query, row->place,
                          detail);
            continue;
        }
        ck_assert_msg(r->status == 200, "%s: %s", row->query, r->body);
        json_demand(reply_json(r, 200), "{s:s, s:s, s:o, s:s, s:s !}", "service", &service, "name",
                    &name, "region", &place, "interface", &interface, "url", &url);
        region = json_string_value(place);
        ck_assert_msg(!strcmp(name, row->name), "%s: %s", row->query, r->body);
        ck_assert_msg(!region == !row->region && (!region || !strcmp(region, row->region)),
                      "%s: %s", row->query, r->body);
        ck_assert_msg(strstr(url, row->place), "%s: %s", row->query, r->body);
    }
}

static void start(const char *more, const char *default_region)
{
    sandbox_start(extra_services);
    sandbox_set("'default_region': '%s'", default_region);
    (void)daemon_start(&(struct daemon_options){.config = daemon_cloud("main", more)});
}

START_TEST(finds_the_service)
{
    static const struct row rows[] = {
        /* exact catalog type */
        {"service=object-store&region=ORD", "cloudFiles", "ORD", "/ORD/v1/Mosso"},
        {"service=rax:load-balancer&region=ORD", "cloudLoadBalancers", "ORD", "/ORD/v1.0/"},
        {"service=rax:object-cdn&region=DFW", "cloudFilesCDN", "DFW", "/DFW/cdn/"},
        /* type without rax: */
        {"service=load-balancer&region=ORD", "cloudLoadBalancers", "ORD", "/ORD/v1.0/"},
        {"service=object-cdn&region=ORD", "cloudFilesCDN", "ORD", "/ORD/cdn/"},
        {"service=dns", "cloudDNS", NULL, "/dns/"},
        {"service=database&region=DFW", "cloudDatabases", "DFW", "/DFW/db/"},
        {"service=monitor", "cloudMonitoring", NULL, "/monitoring/"},
        /* catalog name */
        {"service=cloudServersOpenStack&region=DFW", "cloudServersOpenStack", "DFW", "/DFW/v2/"},
        {"service=cloudFiles&region=DFW", "cloudFiles", "DFW", "/DFW/v1/Mosso"},
        {"service=cloudFilesCDN&region=DFW", "cloudFilesCDN", "DFW", "/DFW/cdn/"},
        {"service=sandboxEcho", "sandboxEcho", NULL, "/echo"},
        /* well-known aliases: pyrax's */
        {"service=cloudfiles&region=ORD", "cloudFiles", "ORD", "/ORD/v1/Mosso"},
        {"service=cloudservers&region=ORD", "cloudServersOpenStack", "ORD", "/ORD/v2/"},
        {"service=cloud_lb&region=ORD", "cloudLoadBalancers", "ORD", "/ORD/v1.0/"},
        {"service=cloud_loadbalancers&region=ORD", "cloudLoadBalancers", "ORD", "/ORD/v1.0/"},
        {"service=cloud_databases&region=ORD", "cloudDatabases", "ORD", "/ORD/db/"},
        {"service=cloud_dns", "cloudDNS", NULL, "/dns/"},
        {"service=cloud_monitoring", "cloudMonitoring", NULL, "/monitoring/"},
        /* and OpenStack's */
        {"service=swift&region=ORD", "cloudFiles", "ORD", "/ORD/v1/Mosso"},
        {"service=nova&region=ORD", "cloudServersOpenStack", "ORD", "/ORD/v2/"},
        {"service=designate", "cloudDNS", NULL, "/dns/"},
        {"service=trove&region=ORD", "cloudDatabases", "ORD", "/ORD/db/"},
        {"service=octavia&region=ORD", "cloudLoadBalancers", "ORD", "/ORD/v1.0/"},
        /* `_` and `-` are the same */
        {"service=object_store&region=ORD", "cloudFiles", "ORD", "/ORD/v1/Mosso"},
        {"service=rax:load_balancer&region=ORD", "cloudLoadBalancers", "ORD", "/ORD/v1.0/"},
        {"service=load_balancer&region=ORD", "cloudLoadBalancers", "ORD", "/ORD/v1.0/"},
        {"service=cloud-lb&region=ORD", "cloudLoadBalancers", "ORD", "/ORD/v1.0/"},
        {"service=cloud-dns", "cloudDNS", NULL, "/dns/"},
        {"service=x-under-scored", "under_scored", NULL, "/under"},
        {"service=under-scored", "under_scored", NULL, "/under"},
        /* escapes and all that a query may do to a name */
        {"service=rax%3Adns", "cloudDNS", NULL, "/dns/"},
        {"service=%64ns", "cloudDNS", NULL, "/dns/"},
        {"service=nonsense", NULL, "unknown-service", "object-store"},
        {"service=", NULL, "unknown-service", "object-store"},
    };

    start("", "");
    demand("main", rows, ARRAY_SIZE(rows));
}
END_TEST

START_TEST(prefers_the_current_generation)
{
    static const struct row rows[] = {
        {"service=compute&region=ORD", "cloudServersOpenStack", "ORD", "/ORD/v2/"},
        {"service=compute", NULL, "region-required", "DFW, ORD"},
        /* a catalog name always reaches its own entry */
        {"service=cloudServers", "cloudServers", NULL, "/servers/v1.0/"},
        {"service=cloudServers&region=ORD", "cloudServers", NULL, "/servers/v1.0/"},
        {"service=cloudServersOpenStack&region=ORD", "cloudServersOpenStack", "ORD", "/ORD/v2/"},
        /* else the first in the catalog */
        {"service=x-twin", "firstTwin", NULL, "/first"},
        {"service=secondTwin", "secondTwin", NULL, "/second"},
    };

    start("", "");
    demand("main", rows, ARRAY_SIZE(rows));
}
END_TEST

START_TEST(takes_the_region_of_the_request_first)
{
    static const struct row rows[] = {
        {"service=object-store&region=ORD", "cloudFiles", "ORD", "/ORD/"},
        {"service=object-store&region=DFW", "cloudFiles", "DFW", "/DFW/"},
        /* regions compare without case, and come back as the catalog spells them */
        {"service=object-store&region=ord", "cloudFiles", "ORD", "/ORD/"},
        {"service=object-store&region=oRd", "cloudFiles", "ORD", "/ORD/"},
        {"service=object-store&region=LON", NULL, "unknown-region", "DFW, ORD"},
        {"service=x-one&region=ORD", NULL, "unknown-region", "LON"},
        /* an endpoint without a region serves every region */
        {"service=dns&region=ORD", "cloudDNS", NULL, "/dns/"},
        {"service=dns&region=nowhere", "cloudDNS", NULL, "/dns/"},
    };

    start("region = DFW", "DFW");
    demand("main", rows, ARRAY_SIZE(rows));
}
END_TEST

START_TEST(takes_the_clouds_region_next)
{
    static const struct row rows[] = {
        {"service=object-store", "cloudFiles", "DFW", "/DFW/"},
        {"service=compute", "cloudServersOpenStack", "DFW", "/DFW/"},
        {"service=dns", "cloudDNS", NULL, "/dns/"},
        {"service=x-one", NULL, "unknown-region", "LON"},
    };

    start("region = DFW", "ORD");
    demand("main", rows, ARRAY_SIZE(rows));
}
END_TEST

START_TEST(takes_the_users_default_region_then)
{
    static const struct row rows[] = {
        {"service=object-store", "cloudFiles", "ORD", "/ORD/"},
        {"service=compute", "cloudServersOpenStack", "ORD", "/ORD/"},
        {"service=dns", "cloudDNS", NULL, "/dns/"},
    };

    start("", "ORD");
    demand("main", rows, ARRAY_SIZE(rows));
}
END_TEST

START_TEST(takes_the_only_region_or_asks_for_one)
{
    static const struct row rows[] = {
        {"service=x-one", "oneRegion", "LON", "/one"},
        {"service=dns", "cloudDNS", NULL, "/dns/"},
        {"service=object-store", NULL, "region-required", "DFW, ORD"},
        {"service=load-balancer", NULL, "region-required", "ORD, DFW"},
    };

    start("", "");
    demand("main", rows, ARRAY_SIZE(rows));
}
END_TEST

START_TEST(takes_the_interface_of_the_request_or_public)
{
    static const struct row rows[] = {
        {"service=object-store&interface=internal", "cloudFiles", "DFW", "/snet-DFW/"},
        {"service=object-store&interface=public", "cloudFiles", "DFW", "/DFW/v1/"},
        {"service=object-store", "cloudFiles", "DFW", "/DFW/v1/"},
        /* internal is ServiceNet, which not everything is on */
        {"service=compute&interface=internal", NULL, "unknown-interface", "public"},
        {"service=object-cdn&interface=internal", NULL, "unknown-interface", "public"},
        {"service=object-store&interface=admin", NULL, "unknown-interface", "public, internal"},
        {"service=object-store&interface=nonsense", NULL, "unknown-interface", "internal"},
    };

    start("region = DFW", "");
    demand("main", rows, ARRAY_SIZE(rows));
}
END_TEST

START_TEST(takes_the_clouds_interface)
{
    static const struct row rows[] = {
        {"service=object-store", "cloudFiles", "ORD", "/snet-ORD/"},
        {"service=object-store&interface=public", "cloudFiles", "ORD", "/ORD/v1/"},
        {"service=compute", NULL, "unknown-interface", "public"},
    };

    start("region = ORD\ninterface = internal", "");
    demand("main", rows, ARRAY_SIZE(rows));
}
END_TEST

/* The signed request names its service in the same words. */
START_TEST(chooses_alike_for_the_signed_request)
{
    static const struct {
        const char *address, *place;
    } rows[] = {
        {"dns", "/dns/v1.0/"},
        {"rax:dns", "/dns/v1.0/"},
        {"rax%3Adns", "/dns/v1.0/"},
        {"cloud_dns@ORD", "/dns/v1.0/"},
        {"dns@ORD:public", "/dns/v1.0/"},
        {"dns:public", "/dns/v1.0/"},
        {"rax:dns:public", "/dns/v1.0/"},
        {"rax:dns@nowhere:public", "/dns/v1.0/"},
        {"cloudServers", "/servers/v1.0/"},
        {"database@ord", "/ORD/db/"},
        {"cloud_databases@DFW", "/DFW/db/"},
        {"object-cdn@DFW", "/DFW/cdn/"},
        {"sandboxEcho", "/echo/"},
    };

    start("", "");
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct reply *r = get("/v1/main/proxy/%s/thing?q=1", rows[i].address);
        const char *target;

        ck_assert_msg(r->status == 200, "%s: %s", rows[i].address, r->body);
        json_demand(reply_json(r, 200), "{s:s}", "target", &target);
        ck_assert_msg(!strncmp(target, rows[i].place, strlen(rows[i].place)), "%s: %s",
                      rows[i].address, target);
        ck_assert(strstr(target, "/thing?q=1"));
    }
    /* ServiceNet leads to the same store. */
    ck_assert_int_eq(send_text("PUT", "/v1/main/proxy/swift@ORD:internal/box", "", NULL)->status,
                     201);
    ck_assert_int_eq(get("/v1/main/proxy/swift@ORD/box")->status, 204);
    ck_assert_int_eq(get("/v1/main/proxy/swift@DFW/box")->status, 404);
    (void)reply_problem(get("/v1/main/proxy/swift/box"), 400, "region-required");
    (void)reply_problem(get("/v1/main/proxy/compute@ORD:internal/x"), 404, "unknown-interface");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("endpoint");
    TCase *c = stage_case(s, "choice", 20);

    tcase_add_test(c, finds_the_service);
    tcase_add_test(c, prefers_the_current_generation);
    tcase_add_test(c, takes_the_region_of_the_request_first);
    tcase_add_test(c, takes_the_clouds_region_next);
    tcase_add_test(c, takes_the_users_default_region_then);
    tcase_add_test(c, takes_the_only_region_or_asks_for_one);
    tcase_add_test(c, takes_the_interface_of_the_request_or_public);
    tcase_add_test(c, takes_the_clouds_interface);
    tcase_add_test(c, chooses_alike_for_the_signed_request);
    return stage_run(s);
}
