/* SPDX-License-Identifier: MIT */
/*
 * What stands between method and HTTP/1.1 in a request line. Pure text: names are percent-encoded,
 * the path of a signed request is not touched.
 */
#ifndef TARGET_H
#define TARGET_H

#include <stddef.h>

struct target_query {
    const char *key;
    const char *value; /* NULL leaves the pair out */
};

/* "/v1/CLOUD/RESOURCE?KEY=VALUE&…"; a cloud of NULL is the default one. */
int target_resource(const char *cloud, const char *resource, const struct target_query *queries,
                    size_t n_queries, char **ret_target);

/*
 * "/v1/CLOUD/proxy/SERVICE@REGION:INTERFACE/PATH", one slash in front of the path. Region and
 * interface may be NULL. -EINVAL: no service, or a path that cannot stand in a request line.
 */
int target_proxy(const char *cloud, const char *service, const char *region, const char *interface,
                 const char *path, char **ret_target);

#endif
