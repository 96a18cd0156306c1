/* SPDX-License-Identifier: MIT */
/* See loadbalancer.h. Of a route's captures the first is the region, the third a balancer's
 * identifier, the fourth a node's. */
#include "loadbalancer.h"

#include "cleanup.h"
#include "resource.h"

static json_t *balancers(struct sandbox *s, const struct request *r)
{
    return resource_list(s, "loadbalancers", r->match.captures[0]);
}

static json_t *balancer_or_answer(struct sandbox *s, struct request *r)
{
    json_t *balancer = resource_find(balancers(s, r), r->match.captures[2]);

    if (!balancer)
        answer_fault(r, 404, "itemNotFound", "Load balancer not found.");
    return balancer;
}

static json_t *node_or_answer(struct request *r, const json_t *balancer)
{
    json_t *node = resource_find(json_object_get(balancer, "nodes"), r->match.captures[3]);

    if (!node)
        answer_fault(r, 404, "itemNotFound", "Node not found.");
    return node;
}

static json_t *next_id(struct sandbox *s)
{
    return json_integer((json_int_t)++s->sequence);
}

/* What is asked for over what is usual: members of WANTED win. */
static json_t *with_defaults(json_t *defaults, json_t *wanted)
{
    json_object_update(defaults, wanted);
    return defaults;
}

static json_t *make_nodes(struct sandbox *s, const json_t *wanted)
{
    json_t *nodes = json_array();

    for (size_t i = 0; i < json_array_size(wanted); i++) {
        json_t *node = with_defaults(
            json_pack("{s:s,s:s,s:i}", "condition", "ENABLED", "type", "PRIMARY", "weight", 1),
            json_array_get(wanted, i));

        json_object_set_new(node, "id", next_id(s));
        json_object_set_new(node, "status", json_string("ONLINE"));
        json_array_append_new(nodes, node);
    }
    return nodes;
}

static json_t *make_balancer(struct sandbox *s, json_t *wanted)
{
    char now[CLOCK_TEXT_MAX];
    json_t *nodes = make_nodes(s, json_object_get(wanted, "nodes"));
    json_t *balancer =
        with_defaults(json_pack("{s:s,s:i,s:s,s:i,s:b}", "protocol", "HTTP", "port", 80,
                                "algorithm", "RANDOM", "timeout", 30, "halfClosed", 0),
                      wanted);

    clock_write(sandbox_time(s), CLOCK_SECONDS_Z, now);
    json_object_set_new(balancer, "id", next_id(s));
    json_object_set_new(balancer, "status", json_string("ACTIVE"));
    json_object_set_new(balancer, "nodes", nodes);
    json_object_set_new(balancer, "nodeCount", json_integer((json_int_t)json_array_size(nodes)));
    json_object_set_new(balancer, "virtualIps",
                        json_pack("[{s:i,s:s,s:s,s:s}]", "id", 9000, "address", "192.0.2.80",
                                  "type", "PUBLIC", "ipVersion", "IPV4"));
    json_object_set_new(balancer, "created", json_pack("{s:s}", "time", now));
    json_object_set_new(balancer, "updated", json_pack("{s:s}", "time", now));
    return balancer;
}

void loadbalancer_serve_list(struct request *r)
{
    _cleanup_(sandbox_unlockp) struct sandbox *s = sandbox_lock(r->sandbox);
    json_t *shown = json_array();
    json_t *balancer;
    size_t i;

    json_array_foreach (balancers(s, r), i, balancer) {
        json_t *brief = resource_show(balancer);

        json_object_del(brief, "nodes");
        json_array_append_new(shown, brief);
    }
    answer_json(r, 200, json_pack("{s:o}", "loadBalancers", shown));
}

void loadbalancer_serve_create(struct request *r)
{
    _cleanup_(sandbox_unlockp) struct sandbox *s = sandbox_lock(r->sandbox);
    json_auto_t *document = request_json(r);
    json_t *wanted = json_object_get(document, "loadBalancer");
    json_t *balancer;

    if (!json_is_string(json_object_get(wanted, "name"))) {
        answer_bad_request(r, "Validation Failure: a load balancer needs a name.");
        return;
    }
    balancer = make_balancer(s, wanted);
    resource_pass_through(balancer, "BUILD");
    json_array_append_new(balancers(s, r), balancer);
    answer_json(r, 202, json_pack("{s:o}", "loadBalancer", resource_show(balancer)));
}

void loadbalancer_serve_get(struct request *r)
{
    _cleanup_(sandbox_unlockp) struct sandbox *s = sandbox_lock(r->sandbox);
    const json_t *balancer = balancer_or_answer(s, r);

    if (balancer)
        answer_json(r, 200, json_pack("{s:o}", "loadBalancer", resource_show(balancer)));
}

void loadbalancer_serve_update(struct request *r)
{
    _cleanup_(sandbox_unlockp) struct sandbox *s = sandbox_lock(r->sandbox);
    static const char *const changeable[] = {"name", "algorithm", "protocol", "port", "timeout"};
    json_auto_t *document = request_json(r);
    const json_t *wanted = json_object_get(document, "loadBalancer");
    json_t *balancer = balancer_or_answer(s, r);

    if (!balancer)
        return;
    if (!json_is_object(wanted)) {
        answer_bad_request(r, "Validation Failure: there is nothing to change.");
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(changeable); i++)
        if (json_object_get(wanted, changeable[i]))
            json_object_set(balancer, changeable[i], json_object_get(wanted, changeable[i]));
    resource_pass_through(balancer, "PENDING_UPDATE");
    answer_empty(r, 202);
}

void loadbalancer_serve_delete(struct request *r)
{
    _cleanup_(sandbox_unlockp) struct sandbox *s = sandbox_lock(r->sandbox);

    if (!balancer_or_answer(s, r))
        return;
    resource_remove(balancers(s, r), r->match.captures[2]);
    answer_empty(r, 202);
}

static void count_nodes(json_t *balancer)
{
    const json_t *nodes = json_object_get(balancer, "nodes");

    json_object_set_new(balancer, "nodeCount", json_integer((json_int_t)json_array_size(nodes)));
    resource_pass_through(balancer, "PENDING_UPDATE");
}

void loadbalancer_serve_nodes(struct request *r)
{
    _cleanup_(sandbox_unlockp) struct sandbox *s = sandbox_lock(r->sandbox);
    const json_t *balancer = balancer_or_answer(s, r);

    if (balancer)
        answer_json(r, 200, json_pack("{s:O}", "nodes", json_object_get(balancer, "nodes")));
}

void loadbalancer_serve_add_nodes(struct request *r)
{
    _cleanup_(sandbox_unlockp) struct sandbox *s = sandbox_lock(r->sandbox);
    json_auto_t *document = request_json(r);
    json_auto_t *nodes = make_nodes(s, json_object_get(document, "nodes"));
    json_t *balancer = balancer_or_answer(s, r);

    if (!balancer)
        return;
    if (json_array_size(nodes) == 0) {
        answer_bad_request(r, "Validation Failure: there is no node to add.");
        return;
    }
    json_array_extend(json_object_get(balancer, "nodes"), nodes);
    count_nodes(balancer);
    answer_json(r, 202, json_pack("{s:O}", "nodes", nodes));
}

void loadbalancer_serve_node(struct request *r)
{
    _cleanup_(sandbox_unlockp) struct sandbox *s = sandbox_lock(r->sandbox);
    const json_t *balancer = balancer_or_answer(s, r);
    json_t *node = balancer ? node_or_answer(r, balancer) : NULL;

    if (node)
        answer_json(r, 200, json_pack("{s:O}", "node", node));
}

void loadbalancer_serve_update_node(struct request *r)
{
    _cleanup_(sandbox_unlockp) struct sandbox *s = sandbox_lock(r->sandbox);
    static const char *const changeable[] = {"condition", "type", "weight"};
    json_auto_t *document = request_json(r);
    const json_t *wanted = json_object_get(document, "node");
    json_t *balancer = balancer_or_answer(s, r);
    json_t *node = balancer ? node_or_answer(r, balancer) : NULL;

    if (!node)
        return;
    for (size_t i = 0; i < ARRAY_SIZE(changeable); i++)
        if (json_object_get(wanted, changeable[i]))
            json_object_set(node, changeable[i], json_object_get(wanted, changeable[i]));
    count_nodes(balancer);
    answer_empty(r, 202);
}

void loadbalancer_serve_delete_node(struct request *r)
{
    _cleanup_(sandbox_unlockp) struct sandbox *s = sandbox_lock(r->sandbox);
    json_t *balancer = balancer_or_answer(s, r);

    if (!balancer || !node_or_answer(r, balancer))
        return;
    resource_remove(json_object_get(balancer, "nodes"), r->match.captures[3]);
    count_nodes(balancer);
    answer_empty(r, 202);
}
