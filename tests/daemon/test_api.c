/* SPDX-License-Identifier: MIT */
/* Every route of the socket, and the exact shape of what it answers. */
#include "capture.h"
#include "daemon.h"
#include "patience.h"
#include "sandbox.h"
#include "stage.h"
#include "wire.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

static void start(void)
{
    sandbox_start(NULL);
    (void)daemon_start(NULL);
}

/* Seconds since 1970 of a time in RFC 3339 with Z, and nothing else. */
static double parse_time(const char *text)
{
    struct tm tm = {0};
    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
    double fraction = 0;

    ck_assert_msg(end, "no time: %s", text);
    if (*end == '.')
        fraction = strtod(end, (char **)(uintptr_t)&end);
    ck_assert_msg(!strcmp(end, "Z"), "not in UTC: %s", text);
    return (double)timegm(&tm) + fraction;
}

static bool near(double a, double b, double tolerance)
{
    return a - b <= tolerance && b - a <= tolerance;
}

START_TEST(lists_clouds)
{
    const char *preset, *name, *state;
    json_t *clouds;
    json_int_t left;

    start();
    json_demand(reply_json(get("/v1"), 200), "{s:s, s:o !}", "default", &preset, "clouds", &clouds);
    ck_assert_str_eq(preset, "rackspace");
    ck_assert_uint_eq(json_array_size(clouds), 1);
    json_demand(json_array_get(clouds, 0), "{s:s, s:s, s:I !}", "name", &name, "state", &state,
                "expires_in", &left);
    ck_assert_str_eq(name, "rackspace");
    ck_assert_str_eq(state, "ready");
    ck_assert_int_ge(left, 86390);
    ck_assert_int_le(left, 86400);
}
END_TEST

START_TEST(shows_the_identity)
{
    const char *cloud, *state, *user_id, *user_name, *tenant_id, *tenant_name, *issued, *expires;
    json_t *document, *roles, *regions, *region, *error;
    json_int_t left, refresh, generation;
    double now = time_wall();
    int authenticated;

    start();
    document = reply_json(get("/v1/rackspace/identity"), 200);
    json_demand(document,
                "{s:s, s:b, s:s, s:{s:s, s:s, s:o !}, s:{s:s, s:s !}, s:o, s:o, s:s, s:s, s:I, s:I,"
                " s:I, s:o !}",
                "cloud", &cloud, "authenticated", &authenticated, "state", &state, "user", "id",
                &user_id, "name", &user_name, "roles", &roles, "tenant", "id", &tenant_id, "name",
                &tenant_name, "default_region", &region, "regions", &regions, "issued", &issued,
                "expires", &expires, "expires_in", &left, "refresh_in", &refresh, "generation",
                &generation, "last_error", &error);
    ck_assert_str_eq(cloud, "rackspace");
    ck_assert(authenticated);
    ck_assert_str_eq(state, "ready");
    ck_assert_str_eq(user_id, "123456");
    ck_assert_str_eq(user_name, SANDBOX_USER);
    ck_assert_str_eq(tenant_id, "000000");
    ck_assert_str_eq(tenant_name, "sandbox");
    ck_assert(json_is_null(region));
    ck_assert_str_eq(json_string_value(json_array_get(regions, 0)), "ORD");
    ck_assert_str_eq(json_string_value(json_array_get(regions, 1)), "DFW");
    ck_assert_uint_eq(json_array_size(regions), 2);
    ck_assert_int_eq(generation, 1);
    ck_assert(json_is_null(error));

    ck_assert(near(parse_time(issued), now, 2 + patience(3)));
    ck_assert(near(parse_time(expires), now + 86400, 2 + patience(3)));
    ck_assert(near((double)left, 86400, 2 + patience(3)));
    ck_assert_int_ge(refresh, 60480 - (json_int_t)patience(5));
    ck_assert_int_le(refresh, 73440);
    for (size_t i = 0; i < 2; i++)
        json_demand(json_array_get(roles, i), "{s:s, s:s, s:s !}", "id", &cloud, "name", &state,
                    "description", &issued);
    ck_assert_uint_eq(json_array_size(roles), 2);
}
END_TEST

START_TEST(shows_no_tenant_as_null)
{
    sandbox_start(NULL);
    sandbox_set("'omit_tenant': true, 'default_region': 'DFW'");
    (void)daemon_start(NULL);
    json_t *document = reply_json(get("/v1/default/identity"), 200);

    ck_assert(json_is_null(json_object_get(document, "tenant")));
    ck_assert_str_eq(json_string_value(json_object_get(document, "default_region")), "DFW");
}
END_TEST

START_TEST(gives_the_token)
{
    json_int_t left, generation;
    const char *token, *expires;
    const struct reply *r;

    start();
    r = get("/v1/rackspace/token");
    json_demand(reply_json(r, 200), "{s:s, s:s, s:I, s:I !}", "token", &token, "expires", &expires,
                "expires_in", &left, "generation", &generation);
    ck_assert(sandbox_takes(token));
    ck_assert_int_eq(generation, 1);
    ck_assert(near(parse_time(expires), time_wall() + (double)left, 2 + patience(1)));
    /* What a cache in between kept could be had again by somebody else. */
    ck_assert_str_eq(reply_header(r, "Cache-Control"), "no-store");
}
END_TEST

START_TEST(gives_the_bare_token)
{
    const char *token;
    const struct reply *r;

    start();
    r = send_text("GET", "/v1/rackspace/token", NULL, "Accept: text/plain");
    ck_assert_int_eq(r->status, 200);
    ck_assert(!strncmp(reply_header(r, "Content-Type"), "text/plain", 10));
    json_demand(reply_json(get("/v1/rackspace/token"), 200), "{s:s}", "token", &token);
    ck_assert_str_eq(r->body, stage_text("%s\n", token));
}
END_TEST

/* The wish may be spread over headers, and weighed. */
START_TEST(weighs_what_is_accepted)
{
    static const struct {
        const char *headers[3];
        const char *type;
    } rows[] = {
        {{"Accept: */*"}, "application/json"},
        {{"accept: TEXT/Plain"}, "text/plain; charset=utf-8"},
        {{"Accept: text/html", "Accept: text/plain"}, "text/plain; charset=utf-8"},
        {{"Accept: text/plain", "Accept: application/json"}, "application/json"},
        {{"Accept: text/plain;q=0.9, application/json;q=0.1"}, "text/plain; charset=utf-8"},
        {{"Accept: text/plain, application/json;q=0"}, "text/plain; charset=utf-8"},
        {{"Accept: text/plain;q=0"}, "application/json"},
        {{"Accept: text/plainfoo"}, "application/json"},
    };

    start();
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct reply *r =
            ask(&(struct ask){.target = "/v1/default/token", .headers = rows[i].headers});

        ck_assert_int_eq(r->status, 200);
        ck_assert_msg(!strcmp(reply_header(r, "Content-Type"), rows[i].type), "%s: %s",
                      rows[i].headers[0], r->head);
    }
}
END_TEST

/* A document without what changes from one second to the next. */
static json_t *timeless(const struct reply *r)
{
    json_t *document = reply_json(r, 200);

    (void)json_object_del(document, "expires_in");
    (void)json_object_del(document, "refresh_in");
    return document;
}

START_TEST(knows_the_default_cloud)
{
    static const char *const what[] = {"identity", "token", "catalog",
                                       "endpoint?service=object-store&region=ORD"};

    sandbox_start(NULL);
    (void)daemon_start(&(struct daemon_options){
        .config = stage_text("[latchkeyd]\ndefault = second\n%s%s", daemon_cloud("first", ""),
                             daemon_cloud("second", "region = DFW"))});
    daemon_wait_state("second", "ready");
    for (size_t i = 0; i < ARRAY_SIZE(what); i++)
        ck_assert(json_equal(timeless(get("/v1/second/%s", what[i])),
                             timeless(get("/v1/default/%s", what[i]))));
    ck_assert_str_eq(json_string_value(json_object_get(reply_json(get("/v1"), 200), "default")),
                     "second");
}
END_TEST

/* Every endpoint of the catalog, in the order of the identity service: type, name, region,
 * interface. */
static const char *const whole_catalog[] = {
    "rax:load-balancer cloudLoadBalancers ORD public",
    "rax:load-balancer cloudLoadBalancers DFW public",
    "object-store cloudFiles DFW public",
    "object-store cloudFiles DFW internal",
    "object-store cloudFiles ORD public",
    "object-store cloudFiles ORD internal",
    "compute cloudServersOpenStack DFW public",
    "compute cloudServersOpenStack ORD public",
    "rax:dns cloudDNS - public",
    "rax:database cloudDatabases DFW public",
    "rax:database cloudDatabases ORD public",
    "compute cloudServers - public",
    "rax:object-cdn cloudFilesCDN DFW public",
    "rax:object-cdn cloudFilesCDN ORD public",
    "rax:monitor cloudMonitoring - public",
    "x-echo sandboxEcho - public",
};

/* A line for each endpoint; each has to be of the documented shape. */
static const char *flatten(json_t *document)
{
    const char *text = "", *type, *name, *interface, *url;
    json_t *services, *endpoints, *service, *endpoint, *region, *tenant;
    size_t i, j;

    json_demand(document, "{s:o !}", "services", &services);
    json_array_foreach (services, i, service) {
        json_demand(service, "{s:s, s:s, s:o !}", "type", &type, "name", &name, "endpoints",
                    &endpoints);
        json_array_foreach (endpoints, j, endpoint) {
            json_demand(endpoint, "{s:o, s:s, s:s, s:o !}", "region", &region, "interface",
                        &interface, "url", &url, "tenant_id", &tenant);
            ck_assert(!strncmp(url, sandbox_url(), strlen(sandbox_url())));
            ck_assert(json_is_string(tenant));
            ck_assert(json_is_string(region) || json_is_null(region));
            text = stage_text("%s%s %s %s %s\n", text, type, name,
                              json_is_null(region) ? "-" : json_string_value(region), interface);
        }
    }
    return text;
}

/* NULL is in every line. */
static bool has_word(const char *line, const char *word)
{
    size_t length = word ? strlen(word) : 0;

    for (const char *at = line; word && (at = strstr(at, word)); at++)
        if ((at == line || at[-1] == ' ') && strchr(" ", at[length]))
            return true;
    return !word;
}

/* The lines of the catalog with all of these words. */
static const char *expected(const char *service, const char *region, const char *interface)
{
    const char *text = "";

    for (size_t i = 0; i < ARRAY_SIZE(whole_catalog); i++) {
        const char *line = whole_catalog[i];

        if (has_word(line, service) && has_word(line, interface) &&
            (!region || has_word(line, region) || has_word(line, "-")))
            text = stage_text("%s%s\n", text, line);
    }
    return text;
}

START_TEST(lists_the_catalog)
{
    static const struct {
        const char *query, *service, *region, *interface;
    } filters[] = {
        {""},
        {"?service=object-store", "object-store"},
        {"?service=compute", "compute"},
        {"?service=cloudServers", "cloudServers"},
        {"?service=cloudfiles", "object-store"},
        {"?service=dns", "rax:dns"},
        {"?service=rax%3Adns", "rax:dns"},
        {"?region=ORD", NULL, "ORD"},
        {"?region=ord", NULL, "ORD"},
        {"?interface=internal", NULL, NULL, "internal"},
        {"?service=object-store&region=DFW&interface=public", "object-store", "DFW", "public"},
        {"?service=nonsense", "nonsense"},
        /* the spellings that the choice of an endpoint takes, and filters that say nothing */
        {"?interface=internalURL", NULL, NULL, "internal"},
        {"?interface=PUBLICURL&region=ORD", NULL, "ORD", "public"},
        {"?interface=URL", NULL, NULL, "URL"},
        {"?service=&region=&interface="},
        {"?service=dns&region=&interface=", "rax:dns"},
    };

    start();
    for (size_t i = 0; i < ARRAY_SIZE(filters); i++)
        ck_assert_str_eq(flatten(reply_json(get("/v1/default/catalog%s", filters[i].query), 200)),
                         expected(filters[i].service, filters[i].region, filters[i].interface));
}
END_TEST

START_TEST(gives_the_raw_catalog_without_the_token)
{
    json_t *document, *access, *token;
    const char *secret;
    const struct reply *r;

    start();
    r = get("/v1/default/catalog?raw=1");
    document = reply_json(r, 200);
    json_demand(reply_json(get("/v1/default/token"), 200), "{s:s}", "token", &secret);
    ck_assert_ptr_null(strstr(r->body, secret));

    access = json_object_get(document, "access");
    ck_assert_uint_eq(json_array_size(json_object_get(access, "serviceCatalog")), 9);
    ck_assert_ptr_nonnull(json_object_get(access, "user"));
    token = json_object_get(access, "token");
    ck_assert_ptr_nonnull(json_object_get(token, "expires"));
    ck_assert_ptr_null(json_object_get(token, "id"));
    /* What the list leaves out is here. */
    ck_assert_ptr_nonnull(strstr(r->body, "\"versionInfo\""));
}
END_TEST

START_TEST(finds_an_endpoint)
{
    const char *service, *name, *region, *interface, *url;
    json_t *none;

    start();
    json_demand(
        reply_json(get("/v1/default/endpoint?service=object-store&region=ORD&interface=internal"),
                   200),
        "{s:s, s:s, s:s, s:s, s:s !}", "service", &service, "name", &name, "region", &region,
        "interface", &interface, "url", &url);
    ck_assert_str_eq(service, "object-store");
    ck_assert_str_eq(name, "cloudFiles");
    ck_assert_str_eq(region, "ORD");
    ck_assert_str_eq(interface, "internal");
    ck_assert_str_eq(url, stage_text("%s/snet-ORD/v1/MossoCloudFS_aaaa", sandbox_url()));
    json_demand(reply_json(get("/v1/default/endpoint?service=rax:dns"), 200), "{s:o}", "region",
                &none);
    ck_assert(json_is_null(none));
}
END_TEST

/* A refresh is a new login, and only one however many ask for it at once. */
START_TEST(refreshes)
{
    const struct reply *replies[20];
    json_int_t generation;

    start();
    sandbox_set("'login_delay': 0.5");
    ask_crowd(&(struct ask){.method = "POST", .target = "/v1/default/refresh"}, ARRAY_SIZE(replies),
              replies);
    for (size_t i = 0; i < ARRAY_SIZE(replies); i++) {
        json_demand(reply_json(replies[i], 200), "{s:I}", "generation", &generation);
        ck_assert_int_eq(generation, 2);
    }
    ck_assert_int_eq(sandbox_count("logins"), 2);
    json_demand(reply_json(send_text("POST", "/v1/default/refresh", "", NULL), 200), "{s:I}",
                "generation", &generation);
    ck_assert_int_eq(generation, 3);
}
END_TEST

START_TEST(answers_head)
{
    static const char *const targets[] = {
        "/v1",
        "/v1/default/identity",
        "/v1/default/token",
        "/v1/default/catalog",
        "/v1/default/endpoint?service=dns",
        "/health",
        "/metrics",
    };

    start();
    for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
        const struct reply *head = send_text("HEAD", targets[i], NULL, NULL), *whole;

        whole = get("%s", targets[i]);
        ck_assert_int_eq(head->error, 0);
        ck_assert_int_eq(head->status, 200);
        ck_assert_uint_eq(head->length, 0);
        ck_assert_str_eq(reply_header(head, "Content-Type"), reply_header(whole, "Content-Type"));
        if (strcmp(targets[i], "/metrics") != 0)
            ck_assert_str_eq(reply_header(head, "Content-Length"),
                             reply_header(whole, "Content-Length"));
    }
}
END_TEST

static time_t date_of(const char *target)
{
    const struct reply *r = get("%s", target);
    struct wire w = wire_parse(r->head, strlen(r->head));
    const char *date = wire_take(&w, "Date"), *end; /* demands that there is only one */
    struct tm tm = {0};

    ck_assert_msg(date, "%s", r->head);
    end = strptime(date, "%a, %d %b %Y %H:%M:%S GMT", &tm);
    ck_assert_msg(end && !*end && strlen(date) == 29, "no date: %s", date);
    return timegm(&tm);
}

/* Those too that are made once and given many times. */
START_TEST(dates_each_answer)
{
    static const char *const targets[] = {
        "/v1/default/token",
        "/v1/default/catalog",
        "/v1/default/catalog?raw=1",
        "/v1/default/identity",
    };
    double end;

    start();
    for (end = time_now() + 2.5; time_now() < end; usleep(50 * 1000))
        for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
            time_t before = time(NULL), date = date_of(targets[i]);

            ck_assert_int_le(before, date);
            ck_assert_int_le(date, time(NULL));
        }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("api");
    TCase *c = stage_case(s, "routes", 20);

    tcase_add_test(c, lists_clouds);
    tcase_add_test(c, shows_the_identity);
    tcase_add_test(c, shows_no_tenant_as_null);
    tcase_add_test(c, gives_the_token);
    tcase_add_test(c, gives_the_bare_token);
    tcase_add_test(c, weighs_what_is_accepted);
    tcase_add_test(c, knows_the_default_cloud);
    tcase_add_test(c, lists_the_catalog);
    tcase_add_test(c, gives_the_raw_catalog_without_the_token);
    tcase_add_test(c, finds_an_endpoint);
    tcase_add_test(c, refreshes);
    tcase_add_test(c, answers_head);
    tcase_add_test(c, dates_each_answer);
    return stage_run(s);
}
