/* SPDX-License-Identifier: MIT */
/*
 * Which catalog types a well-known other name of a service stands for, the likeliest first. Two
 * sources: the published OpenStack service types (service-types.openstack.org; service-types.yaml of
 * openstack/service-types-authority at its commit 0d7ed0019d648a18f27fdf11a363e2e7ba1b5e90, looked
 * up on 2026-11-25: the projects' names and the historical types, retired ones included) and the
 * service names of pyrax 1.9 with the usual spellings of them. An old type that names its version
 * stands for the official one only, never for another version's, as in the list's own library. A
 * Rackspace type stands before its OpenStack namesake. An official type has a row of its own where
 * clouds are known to use another one in its place.
 */
#include "catalog.h"

#include <string.h>

#define ALIAS_MAX 40
#define TYPES_MAX 6

#define ALARM "alarm", "alarming"
#define APPLICATION_CONTAINER "application-container", "container"
#define BAREMETAL "baremetal", "bare-metal"
#define BLOCK_STORAGE "block-storage", "volumev3", "volumev2", "volume", "block-store"
#define CDN "rax:cdn", "rax:object-cdn"
#define CLOUD_NETWORKS "network", "compute" /* whose API they were an extension of, as in pyrax */
#define CLUSTERING "clustering", "resource-cluster", "cluster"
#define CONTAINER_INFRA \
    "container-infrastructure-management", "container-infrastructure", "container-infra"
#define DATABASE "rax:database", "database"
#define DNS "rax:dns", "dns"
#define EVENT "event", "events"
#define INSTANCE_HA "instance-ha", "ha"
#define LOAD_BALANCER "rax:load-balancer", "load-balancer"
#define MESSAGE "rax:queues", "message", "messaging"
#define METER "meter", "metering", "telemetry"
#define MONITORING "rax:monitor", "monitoring"
#define POLICY "operator-policy", "policy"
#define REGISTRATION "admin-logic", "registration"
#define RESOURCE_OPTIMIZATION "resource-optimization", "infra-optim"
#define ROOT_CAUSE "root-cause-analysis", "rca"
#define SHARE "shared-file-system", "sharev2", "share"
#define WORKFLOW "workflow", "workflowv2"

/* Sorted by name for bsearch(); names are in lower case and with `-`. */
static const struct alias {
    const char *name;
    const char *types[TYPES_MAX]; /* NULL-terminated */
} aliases[] = {
    {"adjutant", {REGISTRATION}},
    {"admin-logic", {REGISTRATION}},
    {"aetos", {"metric-storage"}},
    {"alarm", {ALARM}},
    {"alarming", {ALARM}},
    {"aodh", {ALARM}},
    {"application-container", {APPLICATION_CONTAINER}},
    {"autoscaling", {"rax:autoscale"}},
    {"barbican", {"key-manager"}},
    {"bare-metal", {BAREMETAL}},
    {"baremetal", {BAREMETAL}},
    {"blazar", {"reservation"}},
    {"block-storage", {BLOCK_STORAGE}},
    {"block-store", {BLOCK_STORAGE}},
    {"cbs", {BLOCK_STORAGE}},
    {"ceilometer", {METER}},
    {"cinder", {BLOCK_STORAGE}},
    {"clb", {LOAD_BALANCER}},
    {"cloud-autoscale", {"rax:autoscale"}},
    {"cloud-backup", {"rax:backup"}},
    {"cloud-big-data", {"rax:bigdata"}},
    {"cloud-block-storage", {BLOCK_STORAGE}},
    {"cloud-blockstorage", {BLOCK_STORAGE}},
    {"cloud-cdn", {CDN}},
    {"cloud-databases", {DATABASE}},
    {"cloud-dns", {DNS}},
    {"cloud-feeds", {"rax:feeds"}},
    {"cloud-files", {"object-store"}},
    {"cloud-files-cdn", {"rax:object-cdn"}},
    {"cloud-images", {"image"}},
    {"cloud-lb", {LOAD_BALANCER}},
    {"cloud-load-balancers", {LOAD_BALANCER}},
    {"cloud-loadbalancers", {LOAD_BALANCER}},
    {"cloud-metrics", {"rax:cloudmetrics"}},
    {"cloud-monitoring", {MONITORING}},
    {"cloud-networks", {CLOUD_NETWORKS}},
    {"cloud-orchestration", {"orchestration"}},
    {"cloud-queues", {MESSAGE}},
    {"cloud-servers", {"compute"}},
    {"cloudbackup", {"rax:backup"}},
    {"cloudbigdata", {"rax:bigdata"}},
    {"cloudblockstorage", {BLOCK_STORAGE}},
    {"clouddatabases", {DATABASE}},
    {"clouddns", {DNS}},
    {"cloudfeeds", {"rax:feeds"}},
    {"cloudfiles", {"object-store"}},
    {"cloudfiles-cdn", {"rax:object-cdn"}},
    {"cloudimages", {"image"}},
    {"cloudkitty", {"rating"}},
    {"cloudloadbalancers", {LOAD_BALANCER}},
    {"cloudmetrics", {"rax:cloudmetrics"}},
    {"cloudmonitoring", {MONITORING}},
    {"cloudnetworks", {CLOUD_NETWORKS}},
    {"cloudorchestration", {"orchestration"}},
    {"cloudqueues", {MESSAGE}},
    {"cloudservers", {"compute"}},
    {"cluster", {CLUSTERING}},
    {"clustering", {CLUSTERING}},
    {"congress", {POLICY}},
    {"container", {APPLICATION_CONTAINER}},
    {"container-infra", {CONTAINER_INFRA}},
    {"container-infrastructure", {CONTAINER_INFRA}},
    {"container-infrastructure-management", {CONTAINER_INFRA}},
    {"cyborg", {"accelerator"}},
    {"database", {DATABASE}},
    {"designate", {DNS}},
    {"dns", {DNS}},
    {"event", {EVENT}},
    {"events", {EVENT}},
    {"freezer", {"backup"}},
    {"freezer-api", {"backup"}},
    {"glance", {"image"}},
    {"ha", {INSTANCE_HA}},
    {"heat", {"orchestration"}},
    {"images", {"image"}},
    {"infra-optim", {RESOURCE_OPTIMIZATION}},
    {"instance-ha", {INSTANCE_HA}},
    {"ironic", {BAREMETAL}},
    {"ironic-inspector", {"baremetal-introspection"}},
    {"karbor", {"data-protection-orchestration"}},
    {"keystone", {"identity"}},
    {"lbaas", {LOAD_BALANCER}},
    {"load-balancer", {LOAD_BALANCER}},
    {"load-balancers", {LOAD_BALANCER}},
    {"magnum", {CONTAINER_INFRA}},
    {"manila", {SHARE}},
    {"marconi", {MESSAGE}},
    {"masakari", {INSTANCE_HA}},
    {"message", {MESSAGE}},
    {"messaging", {MESSAGE}},
    {"meter", {METER}},
    {"metering", {METER}},
    {"mistral", {WORKFLOW}},
    {"monasca", {MONITORING}},
    {"monasca-api", {MONITORING}},
    {"monasca-events-api", {"monitoring-events"}},
    {"monasca-log-api", {"monitoring-logging", "monitoring-log-api"}},
    {"monitor", {MONITORING}},
    {"monitoring", {MONITORING}},
    {"monitoring-log-api", {"monitoring-logging", "monitoring-log-api"}},
    {"monitoring-logging", {"monitoring-logging", "monitoring-log-api"}},
    {"multi-region-network-automation", {"multi-region-network-automation", "tricircle"}},
    {"murano", {"application-catalog"}},
    {"networks", {"network"}},
    {"neutron", {"network"}},
    {"neutron-lib", {"network"}},
    {"nova", {"compute"}},
    {"octavia", {LOAD_BALANCER}},
    {"operator-policy", {POLICY}},
    {"panko", {EVENT}},
    {"policy", {POLICY}},
    {"qinling", {"function-engine"}},
    {"queues", {MESSAGE}},
    {"rca", {ROOT_CAUSE}},
    {"registration", {REGISTRATION}},
    {"resource-cluster", {CLUSTERING}},
    {"resource-optimization", {RESOURCE_OPTIMIZATION}},
    {"root-cause-analysis", {ROOT_CAUSE}},
    {"sahara", {"data-processing"}},
    {"searchlight", {"search"}},
    {"senlin", {CLUSTERING}},
    {"share", {SHARE}},
    {"shared-file-system", {SHARE}},
    {"sharev2", {"shared-file-system"}},
    {"solum", {"application-deployment"}},
    {"swift", {"object-store"}},
    {"tacker", {"nfv-orchestration"}},
    {"telemetry", {METER}},
    {"tricircle", {"multi-region-network-automation", "tricircle"}},
    {"trove", {DATABASE}},
    {"venus", {"log-management"}},
    {"vitrage", {ROOT_CAUSE}},
    {"volume", {BLOCK_STORAGE}},
    {"volumev2", {"block-storage"}},
    {"volumev3", {"block-storage"}},
    {"watcher", {RESOURCE_OPTIMIZATION}},
    {"workflow", {WORKFLOW}},
    {"workflowv2", {"workflow"}},
    {"zaqar", {MESSAGE}},
    {"zun", {APPLICATION_CONTAINER}},
};

static char fold(char c)
{
    if (c == '_')
        return '-';
    if (c >= 'A' && c <= 'Z')
        return (char)(c - 'A' + 'a');
    return c;
}

static int compare_alias(const void *name, const void *row)
{
    const struct alias *alias = row;

    return strcmp(name, alias->name);
}

const char *const *catalog_alias(const char *name)
{
    char key[ALIAS_MAX] = "";
    const struct alias *found;
    size_t length = strlen(name);

    if (length >= sizeof(key))
        return NULL;
    for (size_t i = 0; i < length; i++)
        key[i] = fold(name[i]);

    found = bsearch(key, aliases, ARRAY_SIZE(aliases), sizeof(aliases[0]), compare_alias);
    return found ? found->types : NULL;
}

/* Rackspace's own types stand before it. */
char *catalog_type(const char *name)
{
    const char *const *types = catalog_alias(name);
    char *type;

    while (types && types[1] && strncmp(types[0], "rax:", 4) == 0)
        types++;
    type = strdup(types && types[0] ? types[0] : name);
    for (char *p = type; p && *p; p++)
        *p = fold(*p);
    return type;
}
