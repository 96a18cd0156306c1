/* SPDX-License-Identifier: MIT */
#include "route.h"

#include "api.h"
#include "header_list.h"
#include "proxy.h"

#include <errno.h>
#include <string.h>

/* What the second segment is: nothing, or a cloud's name. */
enum scope { DAEMON, CLOUD };

struct route {
    const char *name;
    const char *method; /* NULL: any; GET serves HEAD too */
    const char *first;  /* the path's first segment */
    enum scope scope;
    const char *third; /* behind the cloud; NULL: nothing follows */
    bool more;         /* something may follow that the route reads itself */
    enum operation operation;
    const struct request_ops *ops;
    void (*run)(struct exchange *x);
};

/* They are tried in this order: what is asked for often comes first. */
static const struct route routes[] = {
    {"token", "GET", "v1", CLOUD, "token", false, OPERATION_TOKEN, &api_ops, api_token},
    {"proxy", NULL, "v1", CLOUD, "proxy", true, OPERATION_PROXY, &proxy_ops, proxy_run},
    {"clouds", "GET", "v1", DAEMON, NULL, false, OPERATION_STATUS, &api_ops, api_clouds},
    {"identity", "GET", "v1", CLOUD, "identity", false, OPERATION_IDENTITY, &api_ops, api_identity},
    {"catalog", "GET", "v1", CLOUD, "catalog", false, OPERATION_CATALOG, &api_ops, api_catalog},
    {"endpoint", "GET", "v1", CLOUD, "endpoint", false, OPERATION_CATALOG, &api_ops, api_endpoint},
    {"put-credential", "PUT", "v1", CLOUD, "credential", false, OPERATION_CREDENTIAL, &api_ops,
     api_put_credential},
    {"delete-credential", "DELETE", "v1", CLOUD, "credential", false, OPERATION_CREDENTIAL,
     &api_ops, api_delete_credential},
    {"refresh", "POST", "v1", CLOUD, "refresh", false, OPERATION_REFRESH, &api_ops, api_refresh},
    {"health", "GET", "health", DAEMON, NULL, false, OPERATION_STATUS, &api_ops, api_health},
    {"metrics", "GET", "metrics", DAEMON, NULL, false, OPERATION_METRICS, &api_ops, api_metrics},
};

#define NO_ROUTE ARRAY_SIZE(routes)

const char *const route_names[] = {
    "token",   "proxy",    "clouds",         "identity",
    "catalog", "endpoint", "put-credential", "delete-credential",
    "refresh", "health",   "metrics",        "none",
};
const size_t route_count = ARRAY_SIZE(route_names);
_Static_assert(ARRAY_SIZE(route_names) == NO_ROUTE + 1, "a route has no name for the metrics");

static bool path_matches(const struct route *route, const struct target *t)
{
    const char *const *s = (const char *const *)t->segments;
    size_t i = 1;

    if (!s[0] || strcmp(s[0], route->first) != 0)
        return false;
    if (route->scope == CLOUD && !s[i++])
        return false;
    if (route->third && (!s[i] || strcmp(s[i++], route->third) != 0))
        return false;
    return route->more || (!s[i] && !*t->rest) || (!s[i] && *t->rest == '?');
}

static bool method_matches(const struct route *route, const char *method)
{
    return !route->method || !strcmp(route->method, method) ||
           (!strcmp(route->method, "GET") && !strcmp(method, "HEAD"));
}

/* The row that serves this request; NULL with ret_problem, and the methods that the path has in
 * `allow`, when there is none. */
static const struct route *match(const struct request *r, const struct target *t,
                                 char allow[static 64], struct problem **ret_problem)
{
    allow[0] = '\0';
    for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
        if (!path_matches(&routes[i], t))
            continue;
        if (method_matches(&routes[i], r->method))
            return &routes[i];
        if (*allow)
            strcat(allow, ", ");
        strcat(allow, routes[i].method);
        if (!strcmp(routes[i].method, "GET"))
            strcat(allow, ", HEAD");
    }
    if (*allow)
        *ret_problem =
            problem_new(PROBLEM_METHOD_NOT_ALLOWED, "This resource takes %s only.", allow);
    else
        *ret_problem = problem_new(PROBLEM_NOT_FOUND,
                                   "There is no such resource: GET /v1 lists the clouds, and what "
                                   "each has is below /v1/{cloud}/.");
    return NULL;
}

/* Lists those that the caller may know of. */
static struct problem *unknown_cloud(const struct exchange *x)
{
    char names[256] = "none that you may use";
    struct clouds seen;
    size_t length = 0;

    if (exchange_clouds(x, _OPERATION_MAX, &seen) < 0)
        return NULL;
    for (size_t i = 0; i < seen.n && length < sizeof(names); i++)
        length += (size_t)snprintf(names + length, sizeof(names) - length, "%s%s", i ? ", " : "",
                                   seen.all[i]->config.name);
    free(seen.all);
    return problem_new(PROBLEM_UNKNOWN_CLOUD, "There is no cloud of that name; there is: %s.",
                       names);
}

/* Asks the policy first, so that a caller learns of no cloud that he may do nothing to. */
static bool admit(struct exchange *x, const struct route *route, struct problem **ret_problem)
{
    const char *name = route->scope == CLOUD ? x->target.segments[1] : NULL;
    struct cloud *cloud = name ? clouds_find(x->host->clouds, name) : NULL;

    if (cloud)
        name = cloud->config.name;
    if (!exchange_may(x, name, route->operation)) {
        *ret_problem = exchange_denied(x, NULL);
        return false;
    }
    if (name && !cloud) {
        *ret_problem = unknown_cloud(x);
        return false;
    }
    x->cloud = cloud ? cloud_ref(cloud) : NULL;
    return true;
}

/* Finds row and cloud, and asks the policy. What stands in the way comes back as a problem. */
static struct problem *resolve(struct exchange *x, char allow[static 64])
{
    const struct exchange_host *host = x->host;
    struct request *r = x->request;
    struct problem *problem = NULL;
    const struct route *route;

    r->route = NO_ROUTE;
    problem =
        r->excess ? exchange_too_many(x, QUOTA_CONNECTIONS) : exchange_take(x, QUOTA_REQUESTS);
    if (problem)
        return problem;
    if (r->malformed)
        return problem_new(PROBLEM_BAD_REQUEST,
                           "It is not clear where the request or a part of it ends: give one "
                           "Content-Length or `Transfer-Encoding: chunked`, each header on one "
                           "line, and no NUL.");
    if (!header_is_token(r->method))
        return problem_new(PROBLEM_BAD_REQUEST,
                           "The request's method has a character in it that no method can have.");
    if (target_parse(r->target, &x->target) < 0)
        return problem_new(
            PROBLEM_BAD_REQUEST,
            "The request target is no path, or has a blank, a control character or a "
            "broken escape in it.");
    route = match(r, &x->target, allow, &problem);
    if (!route)
        return problem;

    r->route = (int)(route - routes);
    if (!admit(x, route, &problem))
        return problem;
    if (host->cut_off)
        return problem_new(PROBLEM_STOPPING, "The daemon is stopping: connect again in a moment.");
    x->run = route->run;
    r->ops = route->ops;
    return NULL;
}

/* ---- requests that end here */

/* A body that nobody is going to read need not be sent. An answer before it also ends the
 * connection. */
static void refuse_start(struct request *r)
{
    if (r->expects_continue || r->malformed || r->excess)
        request_hold(r);
}

static void refuse_ready(struct request *r _unused_)
{
    /* The answer has been given already. */
}

static void refuse_end(struct request *r)
{
    exchange_free(r->context);
}

static const struct request_ops refuse_ops = {
    .start = refuse_start,
    .ready = refuse_ready,
    .end = refuse_end,
};

static void no_memory_ready(struct request *r)
{
    (void)request_answer(r, 500, NULL, NULL, 0);
}

static const struct request_ops no_memory_ops = {
    .ready = no_memory_ready,
};

void route_request(struct request *r, void *userdata)
{
    /* calloc() takes nothing from what the thread has just given back. */
    struct exchange *x = malloc(sizeof(*x));
    struct problem *problem;
    char allow[64];

    if (!x) {
        r->ops = &no_memory_ops;
        return;
    }
    *x = (struct exchange){.request = r, .host = userdata, .target.rest = ""};
    r->context = x;
    problem = resolve(x, allow);
    if (r->ops)
        return;

    r->ops = &refuse_ops;
    exchange_problem(x, problem);
    if (r->status == 405)
        (void)request_answer_header(r, "Allow", allow);
}
