/* SPDX-License-Identifier: MIT */
#include "render.h"

#include "catalog_match.h"
#include "rfc3339.h"

#include <string.h>
#include <strings.h>

static json_t *text_or_null(const char *s)
{
    return s ? json_string(s) : json_null();
}

static json_t *time_or_null(usec_t t)
{
    char buffer[RFC3339_LENGTH];

    return t ? json_string(rfc3339_format(t, buffer)) : json_null();
}

static json_int_t seconds_left(const struct session *s)
{
    return (json_int_t)session_seconds_left(s, clock_boottime());
}

static json_t *seconds_left_or_null(const struct session *s)
{
    return s && session_ends(s) ? json_integer(seconds_left(s)) : json_null();
}

json_t *render_clouds(const struct clouds *clouds)
{
    json_t *list = json_array();

    for (size_t i = 0; i < clouds->n; i++) {
        const struct cloud *c = clouds->all[i];
        const struct session *s = cloud_session(c);

        json_array_append_new(list, json_pack("{s:s, s:s, s:o}", "name", c->config.name, "state",
                                              cloud_state_name(c->state), "expires_in",
                                              seconds_left_or_null(s)));
    }
    return json_pack("{s:o, s:o}", "default",
                     text_or_null(clouds->preset ? clouds->preset->config.name : NULL), "clouds",
                     list);
}

static json_t *render_user(const struct session *s)
{
    json_t *roles = json_array();

    for (size_t i = 0; i < s->n_roles; i++)
        json_array_append_new(roles,
                              json_pack("{s:o, s:o, s:o}", "id", text_or_null(s->roles[i].id),
                                        "name", text_or_null(s->roles[i].name), "description",
                                        text_or_null(s->roles[i].description)));
    return json_pack("{s:o, s:o, s:o}", "id", text_or_null(s->user_id), "name",
                     text_or_null(s->user_name), "roles", roles);
}

static json_t *render_regions(const struct session *s)
{
    _cleanup_(freep) const char **regions = s ? catalog_regions(s->catalog) : NULL;
    json_t *list = json_array();

    for (size_t i = 0; regions && regions[i]; i++)
        json_array_append_new(list, json_string(regions[i]));
    return list;
}

static json_t *render_last_error(const struct cloud *c)
{
    const struct problem *p = c->last_problem;

    if (!p)
        return json_null();
    return json_pack("{s:s, s:s, s:o}", "code", problem_word(p->code), "detail", p->detail, "at",
                     time_or_null(c->last_problem_at));
}

json_t *render_identity(const struct cloud *c)
{
    const struct session *s = cloud_session(c);
    const char *region = c->config.region;
    int64_t refresh_in = cloud_refresh_in(c);
    json_t *tenant = json_null();

    if (!region && s)
        region = s->default_region;
    if (s && (s->tenant_id || s->tenant_name))
        tenant = json_pack("{s:o, s:o}", "id", text_or_null(s->tenant_id), "name",
                           text_or_null(s->tenant_name));

    return json_pack("{s:s, s:b, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:o}", "cloud",
                     c->config.name, "authenticated", s != NULL, "state",
                     cloud_state_name(c->state), "user",
                     s && s->token ? render_user(s) : json_null(), "tenant", tenant,
                     "default_region", text_or_null(region), "regions", render_regions(s), "issued",
                     time_or_null(s ? s->issued : 0), "expires", time_or_null(s ? s->expires : 0),
                     "expires_in", seconds_left_or_null(s), "refresh_in",
                     refresh_in >= 0 ? json_integer(refresh_in) : json_null(), "generation",
                     (json_int_t)c->generation, "last_error", render_last_error(c));
}

json_t *render_token(const struct session *s)
{
    return json_pack("{s:s, s:o, s:I, s:I}", "token", s->token, "expires", time_or_null(s->expires),
                     "expires_in", seconds_left(s), "generation", (json_int_t)s->generation);
}

static bool endpoint_passes(const struct endpoint *e, const char *region, const char *interface)
{
    if (region && e->region && strcasecmp(e->region, region) != 0)
        return false;
    return !interface || endpoint_is_interface(e, interface);
}

static json_t *render_endpoints(const struct service *s, const char *region, const char *interface)
{
    json_t *list = json_array();

    for (size_t i = 0; i < s->n_endpoints; i++) {
        const struct endpoint *e = &s->endpoints[i];

        if (endpoint_passes(e, region, interface))
            json_array_append_new(list, json_pack("{s:o, s:s, s:s, s:o}", "region",
                                                  text_or_null(e->region), "interface",
                                                  e->interface, "url", e->url, "tenant_id",
                                                  text_or_null(e->tenant_id)));
    }
    return list;
}

/* An empty filter is none, as in the choice of an endpoint. */
static const char *filter(const char *text)
{
    return text && *text ? text : NULL;
}

json_t *render_catalog(const struct catalog *c, const char *service, const char *region,
                       const char *interface)
{
    const struct service *match;
    struct criterion criterion;
    json_t *list = json_array();

    service = filter(service);
    region = filter(region);
    interface = filter(interface);
    match = service ? catalog_match(c, service, &criterion) : NULL; /* it may stand for any */
    for (size_t i = 0; i < c->n_services; i++) {
        const struct service *s = &c->services[i];
        json_t *endpoints;

        if (service && s != match && !service_matches(s, service))
            continue;
        endpoints = render_endpoints(s, region, interface);
        if ((region || interface) && json_array_size(endpoints) == 0) {
            json_decref(endpoints);
            continue;
        }
        json_array_append_new(list, json_pack("{s:s, s:s, s:o}", "type", s->type, "name", s->name,
                                              "endpoints", endpoints));
    }
    return json_pack("{s:o}", "services", list);
}

json_t *render_endpoint(const struct endpoint_choice *choice)
{
    return json_pack("{s:s, s:s, s:o, s:s, s:s}", "service", choice->service->type, "name",
                     choice->service->name, "region", text_or_null(choice->region), "interface",
                     choice->endpoint->interface, "url", choice->endpoint->url);
}

json_t *render_problem(const struct problem *p, unsigned status)
{
    return json_pack("{s:s+, s:s, s:I, s:s, s:s}", "type",
                     "urn:latchkey:problem:", problem_word(p->code), "title",
                     problem_title(p->code), "status", (json_int_t)status, "detail", p->detail,
                     "code", problem_word(p->code));
}

json_t *render_states(const struct clouds *clouds)
{
    json_t *list = json_array();

    for (size_t i = 0; i < clouds->n; i++)
        json_array_append_new(list, json_pack("{s:s, s:s}", "name", clouds->all[i]->config.name,
                                              "state", cloud_state_name(clouds->all[i]->state)));
    return list;
}
