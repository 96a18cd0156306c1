/* SPDX-License-Identifier: MIT */
#include "session_override.h"

#include "template.h"

#include <errno.h>
#include <string.h>

static const char *first_of(const char *a, const char *b)
{
    return a && *a ? a : b;
}

/* The URL, or NULL with a sentence that says what is missing in it. */
static int fill_url(const struct session *s, const struct cloud_config *cloud, const char *service,
                    const char *template, char **ret_url, char **ret_why)
{
    static const char *const remedies[_TEMPLATE_FIELD_MAX] = {
        [TEMPLATE_PROJECT_ID] = "give the cloud a `tenant_id` or `tenant_name` to log in to",
        [TEMPLATE_USER_ID] = "give the cloud a `user_id`",
        [TEMPLATE_REGION_NAME] = "give the cloud a `region`",
    };
    const char *const values[_TEMPLATE_FIELD_MAX] = {
        [TEMPLATE_PROJECT_ID] = first_of(s->tenant_id, cloud->login.fields[CREDENTIAL_TENANT_ID]),
        [TEMPLATE_USER_ID] = first_of(s->user_id, cloud->login.fields[CREDENTIAL_USER_ID]),
        [TEMPLATE_REGION_NAME] = first_of(cloud->region, s->default_region),
    };
    enum template_field missing;
    int r = template_fill(template, values, ret_url, &missing);

    if (r <= 0)
        return r;
    return asprintf(ret_why,
                    "The endpoint that the configuration gives for the service '%s' has %s in it, "
                    "which this login does not have: %s.",
                    service, template_field_name(missing), remedies[missing]) < 0
               ? -ENOMEM
               : 0;
}

static int put_endpoint(struct service *service, const char *url, const char *why)
{
    static const char *const interfaces[] = {"public", "internal", "admin"};
    int r = service_drop_endpoints(service, why);

    for (size_t i = 0; r >= 0 && url && i < ARRAY_SIZE(interfaces); i++)
        r = service_add_endpoint(service, NULL, interfaces[i], url, NULL);
    return r;
}

static int override(struct session *s, const struct cloud_config *cloud, const char *name,
                    const char *type, const char *template)
{
    _cleanup_(freep) char *url = NULL, *why = NULL;
    struct service *service;
    bool found = false;
    int r = fill_url(s, cloud, name, template, &url, &why);

    for (size_t i = 0; r >= 0 && i < s->catalog->n_services; i++) {
        service = &s->catalog->services[i];
        if (!service_matches(service, type))
            continue;
        found = true;
        r = put_endpoint(service, url, why);
    }
    if (r >= 0 && !found) {
        r = catalog_add_service(s->catalog, type, strcmp(type, CATALOG_ANY) == 0 ? "" : name,
                                &service);
        if (r >= 0)
            r = put_endpoint(service, url, why);
    }
    return r;
}

int session_override(struct session *s, const struct cloud_config *cloud)
{
    int r = 0;

    for (size_t i = 0; r >= 0 && i < cloud->n_overrides; i++)
        r = override(s, cloud, cloud->overrides[i].service, cloud->overrides[i].type,
                     cloud->overrides[i].url);
    if (r >= 0 && cloud->endpoint)
        r = override(s, cloud, "any", CATALOG_ANY, cloud->endpoint);
    return r;
}
