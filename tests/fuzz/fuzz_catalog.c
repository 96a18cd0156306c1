/* SPDX-License-Identifier: MIT */
/*
 * The endpoint chooser. The first line asks, with the fields of a query; each of the others is an
 * entry of the catalog, `=TYPE|NAME`, or an endpoint of the last one, `REGION|INTERFACE|URL|TENANT`.
 */
#include "catalog_match.h"
#include "fuzz.h"

#include <string.h>
#include <strings.h>

static bool is_set(const char *text)
{
    return text && *text;
}

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

/* ---- out of a text */

static void read_query(char *line, struct endpoint_query *ret)
{
    *ret = (struct endpoint_query){
        .service = or_empty(fuzz_field(&line)),
        .region = fuzz_field(&line),
        .interface = fuzz_field(&line),
        .cloud_region = fuzz_field(&line),
        .user_region = fuzz_field(&line),
        .cloud_interface = fuzz_field(&line),
    };
}

static void read_endpoint(struct service *s, char *line)
{
    const char *region = fuzz_field(&line), *interface = or_empty(fuzz_field(&line));
    const char *url = or_empty(fuzz_field(&line));

    if (service_add_endpoint(s, region, interface, url, fuzz_field(&line)) < 0)
        abort();
}

static struct catalog *read_catalog(char *text)
{
    struct catalog *c = catalog_new();
    struct service *s = NULL;
    char *line;

    if (!c)
        abort();
    while ((line = strsep(&text, "\n"))) {
        if (*line == '=') {
            const char *type = (line++, fuzz_field(&line));

            if (catalog_add_service(c, type, or_empty(fuzz_field(&line)), &s) < 0)
                abort();
        } else if (s && *line) {
            read_endpoint(s, line);
        }
    }
    return c;
}

/* ---- what has to be true */

static const char *first_set(const char *a, const char *b, const char *c)
{
    return is_set(a) ? a : is_set(b) ? b : is_set(c) ? c : NULL;
}

static const char *region_of(const struct endpoint_query *q)
{
    return first_set(q->region, q->cloud_region, q->user_region);
}

static const char *interface_of(const struct endpoint_query *q)
{
    return first_set(q->interface, q->cloud_interface, "public");
}

static bool serves(const struct endpoint *e, const char *region)
{
    return !e->region || (region && strcasecmp(e->region, region) == 0);
}

/* Whether the endpoints are in one region, if in any. */
static bool has_one_region(const struct service *s)
{
    const char *first = NULL;

    for (size_t i = 0; i < s->n_endpoints; i++) {
        if (!first)
            first = s->endpoints[i].region;
        else if (s->endpoints[i].region && strcasecmp(s->endpoints[i].region, first) != 0)
            return false;
    }
    return true;
}

static void check_same(const struct catalog *c, const struct endpoint_query *q,
                       const struct endpoint_choice *choice)
{
    _cleanup_(problem_freep) struct problem *problem = NULL;
    struct endpoint_choice again = {0};

    fuzz_check(catalog_choose(c, q, &again, &problem) == 0);
    fuzz_check(again.service == choice->service && again.endpoint == choice->endpoint);
}

static void check_choice(const struct catalog *c, const struct endpoint_query *q,
                         const struct endpoint_choice *choice)
{
    const struct service *s = choice->service;
    const struct endpoint *e = choice->endpoint;
    struct endpoint_query more_precise = *q;

    fuzz_check(s >= c->services && s < c->services + c->n_services);
    fuzz_check(e >= s->endpoints && e < s->endpoints + s->n_endpoints);
    fuzz_check(choice->region == e->region);
    fuzz_check(endpoint_is_interface(e, interface_of(q)));
    fuzz_check(region_of(q) ? serves(e, region_of(q)) : has_one_region(s));
    /* as a filter, the name of the first generation means nothing else; and only here is it known
     * that no other entry answers */
    fuzz_check(service_matches(s, q->service) || strcmp(q->service, "cloudServers") == 0 ||
               strcmp(s->type, CATALOG_ANY) == 0);

    check_same(c, q, choice);
    if (!choice->region)
        return;
    more_precise.region = choice->region;
    check_same(c, &more_precise, choice);
}

static void check_refusal(const struct catalog *c, const struct endpoint_query *q,
                          const struct problem *problem)
{
    struct criterion criterion;
    const struct service *s = catalog_match(c, q->service, &criterion);
    const char *region = region_of(q);

    fuzz_check(problem->retry_after == 0);
    fuzz_check(*problem->detail && problem->detail[strlen(problem->detail) - 1] == '.');
    if (problem->code == PROBLEM_UNKNOWN_SERVICE) {
        fuzz_check(!s || s->n_endpoints == 0);
        return;
    }
    fuzz_check(s);
    if (problem->code == PROBLEM_REGION_REQUIRED) {
        fuzz_check(!region && !has_one_region(s));
        return;
    }
    for (size_t i = 0; i < s->n_endpoints; i++) {
        bool is_in_region = region ? serves(&s->endpoints[i], region) : has_one_region(s);

        if (problem->code == PROBLEM_UNKNOWN_REGION)
            fuzz_check(region && !is_in_region);
        else
            fuzz_check(!is_in_region || !endpoint_is_interface(&s->endpoints[i], interface_of(q)));
    }
    fuzz_check(problem->code == PROBLEM_UNKNOWN_REGION ||
               problem->code == PROBLEM_UNKNOWN_INTERFACE);
}

/* Each region is there, and once. */
static void check_regions(const struct catalog *c)
{
    _cleanup_(freep) const char **regions = catalog_regions(c);
    size_t n = 0;

    fuzz_check(regions);
    for (; regions[n]; n++)
        for (size_t i = 0; i < n; i++)
            fuzz_check(strcasecmp(regions[i], regions[n]) != 0);
    for (size_t i = 0; i < c->n_services; i++)
        for (size_t k = 0; k < c->services[i].n_endpoints; k++) {
            const char *region = c->services[i].endpoints[k].region;
            size_t at = 0;

            while (region && at < n && strcasecmp(regions[at], region) != 0)
                at++;
            fuzz_check(!region || at < n);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_(freep) char *text = fuzz_text(data, size);
    _cleanup_(catalog_freep) struct catalog *c = NULL;
    _cleanup_(problem_freep) struct problem *problem = NULL;
    struct endpoint_choice choice = {0};
    struct endpoint_query query;
    char *rest = text;
    int r;

    read_query(strsep(&rest, "\n"), &query);
    c = read_catalog(rest);
    check_regions(c);
    r = catalog_choose(c, &query, &choice, &problem);
    fuzz_check(r == 0 || r == 1);
    fuzz_check((r == 0) == !problem && (r == 0) == !!choice.endpoint);
    if (r == 0)
        check_choice(c, &query, &choice);
    else
        check_refusal(c, &query, problem);
    return 0;
}
