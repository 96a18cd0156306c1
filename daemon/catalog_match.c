/* SPDX-License-Identifier: MIT */
#include "catalog_match.h"

#include <string.h>

/* Entries that a newer one of the same type has replaced: they serve only who asks for them by
 * name, or where they are all there is. */
static const char *const first_generation[] = {"cloudServers"};

static char fold(char c, enum likeness likeness)
{
    if (c == '_')
        return '-';
    if (likeness == FOLDED && c >= 'A' && c <= 'Z')
        return (char)(c - 'A' + 'a');
    return c;
}

static bool alike(const char *a, const char *b, enum likeness likeness)
{
    if (likeness == EXACT)
        return strcmp(a, b) == 0;
    for (; *a && *b; a++, b++)
        if (fold(*a, likeness) != fold(*b, likeness))
            return false;
    return *a == *b;
}

static bool is_first_generation(const struct service *s)
{
    for (size_t i = 0; i < ARRAY_SIZE(first_generation); i++)
        if (strcmp(s->name, first_generation[i]) == 0)
            return true;
    return false;
}

static const char *field_of(const struct service *s, enum field field)
{
    static const char prefix[] = "rax:";

    switch (field) {
    case FIELD_BARE_TYPE:
        if (strncmp(s->type, prefix, strlen(prefix)) == 0)
            return s->type + strlen(prefix);
        return s->type;
    case FIELD_NAME:
        return s->name;
    case FIELD_TYPE:
        break;
    }
    return s->type;
}

static bool fits(const struct criterion *criterion, const struct service *s)
{
    const char *value = field_of(s, criterion->field);

    return *value && alike(value, criterion->wanted, criterion->likeness);
}

/* The entry to take out of those that fit, or NULL. */
static const struct service *first_fitting(const struct catalog *c,
                                           const struct criterion *criterion)
{
    const struct service *replaced = NULL;

    for (size_t i = 0; i < c->n_services; i++) {
        const struct service *s = &c->services[i];

        if (!fits(criterion, s))
            continue;
        if (!is_first_generation(s))
            return s;
        if (!replaced)
            replaced = s;
    }
    return replaced;
}

struct step {
    enum field field;
    enum likeness likeness;
};

/* The order in which a name is looked for, each step over the whole catalog. An alias comes between
 * the two: were it last, `cloudservers` would not be what pyrax made it but the first-generation
 * `cloudServers`. */
static const struct step as_spelled[] = {
    {FIELD_TYPE, EXACT},           {FIELD_TYPE, SEPARATORS}, {FIELD_BARE_TYPE, EXACT},
    {FIELD_BARE_TYPE, SEPARATORS}, {FIELD_NAME, EXACT},      {FIELD_NAME, SEPARATORS},
};
static const struct step in_any_case[] = {
    {FIELD_TYPE, FOLDED},
    {FIELD_BARE_TYPE, FOLDED},
    {FIELD_NAME, FOLDED},
};

static const struct service *find_by_steps(const struct catalog *c, const char *name,
                                           const struct step *steps, size_t n,
                                           struct criterion *ret)
{
    for (size_t i = 0; i < n; i++) {
        struct criterion criterion = {steps[i].field, steps[i].likeness, name};
        const struct service *s = first_fitting(c, &criterion);

        if (s) {
            *ret = criterion;
            return s;
        }
    }
    return NULL;
}

static const struct service *find_by_alias(const struct catalog *c, const char *name,
                                           struct criterion *ret)
{
    const char *const *types = catalog_alias(name);

    for (; types && *types; types++) {
        struct criterion criterion = {FIELD_TYPE, FOLDED, *types};
        const struct service *s = first_fitting(c, &criterion);

        if (s) {
            *ret = criterion;
            return s;
        }
    }
    return NULL;
}

const struct service *catalog_match(const struct catalog *c, const char *name,
                                    struct criterion *ret)
{
    const struct service *s = find_by_steps(c, name, as_spelled, ARRAY_SIZE(as_spelled), ret);

    if (!s)
        s = find_by_alias(c, name, ret);
    if (!s)
        s = find_by_steps(c, name, in_any_case, ARRAY_SIZE(in_any_case), ret);
    if (!s && *name)
        s = find_by_steps(c, CATALOG_ANY, as_spelled, 1, ret);
    return s;
}

int service_matches(const struct service *s, const char *name)
{
    const char *const *types;

    for (size_t i = 0; i < ARRAY_SIZE(first_generation); i++)
        if (strcmp(name, first_generation[i]) == 0)
            return strcmp(s->name, name) == 0;

    for (enum field field = FIELD_TYPE; field <= FIELD_NAME; field++)
        if (fits(&(struct criterion){field, FOLDED, name}, s))
            return true;
    for (types = catalog_alias(name); types && *types; types++)
        if (fits(&(struct criterion){FIELD_TYPE, FOLDED, *types}, s))
            return true;
    return false;
}

bool criterion_admits(const struct criterion *criterion, const struct service *chosen,
                      const struct service *s)
{
    return fits(criterion, s) && alike(s->type, chosen->type, FOLDED) &&
           is_first_generation(s) == is_first_generation(chosen);
}

bool catalog_name_means(const struct catalog *c, const char *name, const struct service *s)
{
    struct criterion criterion;
    const struct service *first = catalog_match(c, name, &criterion);

    return first && (first == s || criterion_admits(&criterion, first, s));
}
