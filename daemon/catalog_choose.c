/* SPDX-License-Identifier: MIT */
/*
 * The choice of one endpoint out of a catalog, in three steps that never look back: which entry a
 * name stands for, which region, which interface. Whatever cannot be had is answered with what can.
 */
#include "catalog_match.h"

#include <errno.h>
#include <string.h>

/* Distinct words in the order of their arrival, NULL-terminated; the words are borrowed. */
struct words {
    const char **items;
    size_t n;
};

static void words_done(struct words *w)
{
    free(w->items);
}

static int words_add(struct words *w, const char *word)
{
    const char **items;

    for (size_t i = 0; i < w->n; i++)
        if (strcasecmp(w->items[i], word) == 0)
            return 0;
    items = reallocarray(w->items, w->n + 2, sizeof(*items));
    if (!items)
        return -ENOMEM;
    w->items = items;
    items[w->n++] = word;
    items[w->n] = NULL;
    return 0;
}

/* "a, b, c"; NULL without memory. */
static char *words_join(const struct words *w)
{
    char *text = NULL;
    size_t size;
    FILE *f;

    f = open_memstream(&text, &size);
    if (!f)
        return NULL;
    for (size_t i = 0; i < w->n; i++)
        fprintf(f, "%s%s", i > 0 ? ", " : "", w->items[i]);
    if (fclose(f) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

static int add_regions(struct words *w, const struct service *s)
{
    for (size_t i = 0; i < s->n_endpoints; i++)
        if (s->endpoints[i].region && words_add(w, s->endpoints[i].region) < 0)
            return -ENOMEM;
    return 0;
}

const char **catalog_regions(const struct catalog *c)
{
    _cleanup_(words_done) struct words w = {0};

    for (size_t i = 0; i < c->n_services; i++)
        if (add_regions(&w, &c->services[i]) < 0)
            return NULL;
    if (w.n == 0)
        return calloc(1, sizeof(*w.items));
    return TAKE_PTR(w.items);
}

#define SHOWN_MAX 64

/* What a request asked for, fit to be quoted: printable, and not without end. */
static const char *show(const char *text, char buffer[static SHOWN_MAX])
{
    size_t n = 0;

    for (; n < SHOWN_MAX - 1 && text[n]; n++) {
        buffer[n] = '?';
        if (text[n] >= ' ' && text[n] <= '~')
            buffer[n] = text[n];
    }
    buffer[n] = '\0';
    return buffer;
}

static int refuse(struct problem *p, struct problem **ret_problem)
{
    if (!p)
        return -ENOMEM;
    *ret_problem = p;
    return 1;
}

static int refuse_service(const struct catalog *c, const char *name, struct problem **ret_problem)
{
    _cleanup_(words_done) struct words types = {0};
    _cleanup_(freep) char *list = NULL;
    char shown[SHOWN_MAX];

    for (size_t i = 0; i < c->n_services; i++)
        if (*c->services[i].type && words_add(&types, c->services[i].type) < 0)
            return -ENOMEM;
    if (types.n == 0)
        return refuse(problem_new(PROBLEM_UNKNOWN_SERVICE,
                                  "The catalog is empty: check the user's roles and the tenant."),
                      ret_problem);
    list = words_join(&types);
    if (!list)
        return -ENOMEM;
    return refuse(problem_new(PROBLEM_UNKNOWN_SERVICE,
                              "The catalog has no service '%s': ask for one of %s.",
                              show(name, shown), list),
                  ret_problem);
}

/* The entry is there, but nothing can be reached through it. */
static int refuse_empty_service(const struct service *s, const char *name,
                                struct problem **ret_problem)
{
    char shown[SHOWN_MAX];

    if (s->why_none)
        return refuse(problem_new(PROBLEM_UNKNOWN_SERVICE, "%s", s->why_none), ret_problem);
    return refuse(problem_new(PROBLEM_UNKNOWN_SERVICE,
                              "The catalog's entry for the service '%s' has no endpoint: check the "
                              "user's roles and the tenant.",
                              show(name, shown)),
                  ret_problem);
}

/* A value and who it comes from; the first that is set counts. */
struct setting {
    const char *value;
    const char *origin;
};

static struct setting first_set(const struct setting *settings, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (settings[i].value && *settings[i].value)
            return settings[i];
    return (struct setting){0};
}

/* An endpoint without a region serves every region. */
static bool serves(const struct endpoint *e, const char *region)
{
    return !e->region || (region && strcasecmp(e->region, region) == 0);
}

static bool service_serves(const struct service *s, const char *region)
{
    for (size_t i = 0; i < s->n_endpoints; i++)
        if (serves(&s->endpoints[i], region))
            return true;
    return false;
}

/* 0 with an entry that serves the region, or 1 with the regions that there are. */
static int find_in_region(const struct catalog *c, const struct criterion *criterion,
                          const char *name, const struct setting *region,
                          const struct service **chosen, struct problem **ret_problem)
{
    _cleanup_(words_done) struct words regions = {0};
    _cleanup_(freep) char *list = NULL;
    char shown_name[SHOWN_MAX], shown_region[SHOWN_MAX];

    if (service_serves(*chosen, region->value))
        return 0;
    for (size_t i = 0; i < c->n_services; i++) {
        const struct service *s = &c->services[i];

        if (!criterion_admits(criterion, *chosen, s))
            continue;
        if (service_serves(s, region->value)) {
            *chosen = s;
            return 0;
        }
        if (add_regions(&regions, s) < 0)
            return -ENOMEM;
    }
    list = words_join(&regions);
    if (!list)
        return -ENOMEM;
    return refuse(problem_new(PROBLEM_UNKNOWN_REGION,
                              "The service '%s' is not in the region '%s' (%s): ask for one of "
                              "%s.",
                              show(name, shown_name), show(region->value, shown_region),
                              region->origin, list),
                  ret_problem);
}

/* 0 with the service's only region, or NULL where it has none; 1 where it has several. */
static int only_region(const struct service *s, const char *name, const char **ret,
                       struct problem **ret_problem)
{
    _cleanup_(words_done) struct words regions = {0};
    _cleanup_(freep) char *list = NULL;
    char shown[SHOWN_MAX];

    if (add_regions(&regions, s) < 0)
        return -ENOMEM;
    if (regions.n <= 1) {
        *ret = regions.n == 1 ? regions.items[0] : NULL;
        return 0;
    }
    list = words_join(&regions);
    if (!list)
        return -ENOMEM;
    return refuse(problem_new(PROBLEM_REGION_REQUIRED,
                              "The service '%s' is in several regions: ask for one of %s, or set "
                              "the cloud's `region`.",
                              show(name, shown), list),
                  ret_problem);
}

bool endpoint_is_interface(const struct endpoint *e, const char *asked)
{
    static const char suffix[] = "URL";
    size_t length = strlen(asked);

    if (length > strlen(suffix) && strcasecmp(asked + length - strlen(suffix), suffix) == 0)
        length -= strlen(suffix);
    return strlen(e->interface) == length && strncasecmp(e->interface, asked, length) == 0;
}

static const struct endpoint *find_endpoint(const struct service *s, const char *region,
                                            const char *interface)
{
    const struct endpoint *anywhere = NULL;

    for (size_t i = 0; i < s->n_endpoints; i++) {
        const struct endpoint *e = &s->endpoints[i];

        if (!endpoint_is_interface(e, interface) || !serves(e, region))
            continue;
        if (e->region)
            return e;
        if (!anywhere)
            anywhere = e;
    }
    return anywhere;
}

static int refuse_interface(const struct service *s, const char *name, const char *region,
                            const struct setting *interface, struct problem **ret_problem)
{
    _cleanup_(words_done) struct words interfaces = {0};
    _cleanup_(freep) char *list = NULL;
    char shown_name[SHOWN_MAX], shown_region[SHOWN_MAX], shown_interface[SHOWN_MAX];

    for (size_t i = 0; i < s->n_endpoints; i++)
        if (serves(&s->endpoints[i], region) &&
            words_add(&interfaces, s->endpoints[i].interface) < 0)
            return -ENOMEM;
    list = words_join(&interfaces);
    if (!list)
        return -ENOMEM;
    return refuse(problem_new(PROBLEM_UNKNOWN_INTERFACE,
                              "The service '%s' has no interface '%s' (%s) in %s: ask for one of "
                              "%s.",
                              show(name, shown_name), show(interface->value, shown_interface),
                              interface->origin, region ? show(region, shown_region) : "any region",
                              list),
                  ret_problem);
}

int catalog_choose(const struct catalog *c, const struct endpoint_query *query,
                   struct endpoint_choice *ret_choice, struct problem **ret_problem)
{
    const struct setting region =
        first_set((const struct setting[]){{query->region, "from the request"},
                                           {query->cloud_region, "from the cloud's `region`"},
                                           {query->user_region, "from the user's default region"}},
                  3);
    const struct setting interface =
        first_set((const struct setting[]){{query->interface, "from the request"},
                                           {query->cloud_interface, "from the cloud's `interface`"},
                                           {"public", "the default"}},
                  3);
    const char *wanted_region = region.value;
    const struct endpoint *endpoint;
    const struct service *service;
    struct criterion criterion;
    int r;

    service = catalog_match(c, query->service, &criterion);
    if (!service)
        return refuse_service(c, query->service, ret_problem);
    if (service->n_endpoints == 0)
        return refuse_empty_service(service, query->service, ret_problem);

    r = region.value ? find_in_region(c, &criterion, query->service, &region, &service, ret_problem)
                     : only_region(service, query->service, &wanted_region, ret_problem);
    if (r != 0)
        return r;

    endpoint = find_endpoint(service, wanted_region, interface.value);
    if (!endpoint)
        return refuse_interface(service, query->service, wanted_region, &interface, ret_problem);

    *ret_choice = (struct endpoint_choice){service, endpoint, endpoint->region};
    return 0;
}
