/* SPDX-License-Identifier: MIT */
/* See route.h. */
#include "route.h"

#include <string.h>

#include "cleanup.h"
#include "compute.h"
#include "control.h"
#include "echo.h"
#include "identity.h"
#include "loadbalancer.h"
#include "object.h"

static void serve_missing(struct request *r)
{
    answer_not_found(r);
}

static void serve_wrong_method(struct request *r)
{
    answer_fault(r, 405, "methodNotAllowed", "The resource does not know this method.");
}

#define SERVERS "/*/v2/*/servers"
#define BALANCERS "/*/v1.0/*/loadbalancers"
#define TRANSFER (ROUTE_TOKEN | ROUTE_TRANSFER)

static const struct route routes[] = {
    {"GET", "/", 0, NULL, identity_serve_versions},
    {"GET", "/v2.0", 0, NULL, identity_serve_version},
    {"POST", "/v2.0/tokens", ROUTE_LOGIN, identity_begin_login, identity_serve_login},
    {"DELETE", "/v2.0/tokens", ROUTE_LOGIN | ROUTE_TOKEN, NULL, identity_serve_revoke_own},
    {"GET", "/v2.0/tokens/*", ROUTE_LOGIN | ROUTE_TOKEN, NULL, identity_serve_validate},
    {"DELETE", "/v2.0/tokens/*", ROUTE_LOGIN | ROUTE_TOKEN, NULL, identity_serve_revoke},

    {"GET", "/sandbox/stats", ROUTE_CONTROL, NULL, control_serve_stats},
    {"GET", "/sandbox/settings", ROUTE_CONTROL, NULL, control_serve_settings},
    {"POST", "/sandbox/settings", ROUTE_CONTROL, NULL, control_serve_change_settings},
    {"GET", "/sandbox/tokens", ROUTE_CONTROL, NULL, control_serve_tokens},
    {"POST", "/sandbox/revoke-all", ROUTE_CONTROL, NULL, control_serve_revoke_all},
    {"POST", "/sandbox/reset", ROUTE_CONTROL, NULL, control_serve_reset},

    {NULL, "/echo/**", TRANSFER, echo_begin, echo_serve},
    {NULL, "/*/echo/**", TRANSFER, echo_begin, echo_serve},
    {NULL, "/dns/**", TRANSFER, echo_begin_plain, echo_serve_plain},
    {NULL, "/servers/**", TRANSFER, echo_begin_plain, echo_serve_plain},
    {NULL, "/monitoring/**", TRANSFER, echo_begin_plain, echo_serve_plain},
    {NULL, "/*/db/**", TRANSFER, echo_begin_plain, echo_serve_plain},
    {NULL, "/*/cdn/**", TRANSFER, echo_begin_plain, echo_serve_plain},

    {NULL, "/*/v1/**", TRANSFER, object_begin, object_serve},

    {"GET", "/*/v2", ROUTE_TOKEN, NULL, compute_serve_version},
    {"GET", SERVERS, ROUTE_TOKEN, NULL, compute_serve_list},
    {"POST", SERVERS, ROUTE_TOKEN, NULL, compute_serve_create},
    {"GET", SERVERS "/detail", ROUTE_TOKEN, NULL, compute_serve_details},
    {"GET", SERVERS "/*", ROUTE_TOKEN, NULL, compute_serve_get},
    {"PUT", SERVERS "/*", ROUTE_TOKEN, NULL, compute_serve_update},
    {"DELETE", SERVERS "/*", ROUTE_TOKEN, NULL, compute_serve_delete},
    {"POST", SERVERS "/*/action", ROUTE_TOKEN, NULL, compute_serve_action},
    {"GET", "/*/v2/*/flavors", ROUTE_TOKEN, NULL, compute_serve_flavors},
    {"GET", "/*/v2/*/flavors/detail", ROUTE_TOKEN, NULL, compute_serve_flavors},
    {"GET", "/*/v2/*/flavors/*", ROUTE_TOKEN, NULL, compute_serve_flavor},
    {"GET", "/*/v2/*/images", ROUTE_TOKEN, NULL, compute_serve_images},
    {"GET", "/*/v2/*/images/detail", ROUTE_TOKEN, NULL, compute_serve_images},
    {"GET", "/*/v2/*/images/*", ROUTE_TOKEN, NULL, compute_serve_image},

    {"GET", BALANCERS, ROUTE_TOKEN, NULL, loadbalancer_serve_list},
    {"POST", BALANCERS, ROUTE_TOKEN, NULL, loadbalancer_serve_create},
    {"GET", BALANCERS "/*", ROUTE_TOKEN, NULL, loadbalancer_serve_get},
    {"PUT", BALANCERS "/*", ROUTE_TOKEN, NULL, loadbalancer_serve_update},
    {"DELETE", BALANCERS "/*", ROUTE_TOKEN, NULL, loadbalancer_serve_delete},
    {"GET", BALANCERS "/*/nodes", ROUTE_TOKEN, NULL, loadbalancer_serve_nodes},
    {"POST", BALANCERS "/*/nodes", ROUTE_TOKEN, NULL, loadbalancer_serve_add_nodes},
    {"GET", BALANCERS "/*/nodes/*", ROUTE_TOKEN, NULL, loadbalancer_serve_node},
    {"PUT", BALANCERS "/*/nodes/*", ROUTE_TOKEN, NULL, loadbalancer_serve_update_node},
    {"DELETE", BALANCERS "/*/nodes/*", ROUTE_TOKEN, NULL, loadbalancer_serve_delete_node},
};

static bool takes(const struct route *route, const char *method)
{
    return !route->method || strcmp(route->method, method) == 0 ||
           (strcmp(route->method, "GET") == 0 && strcmp(method, "HEAD") == 0);
}

const struct route *route_find(struct request *r)
{
    static const struct route missing = {NULL, "", 0, NULL, serve_missing};
    static const struct route wrong_method = {NULL, "", 0, NULL, serve_wrong_method};
    const struct route *found = &missing;

    for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
        struct target_match match = {0};

        if (!target_matches(&r->target, routes[i].pattern, &match))
            continue;
        if (takes(&routes[i], r->method)) {
            r->match = match;
            return &routes[i];
        }
        target_match_done(&match);
        found = &wrong_method;
    }
    return found;
}
