/* SPDX-License-Identifier: MIT */
#include "target.h"

#include <errno.h>
#include <stdbool.h>

#include "buffer.h"

static void append_cloud(struct buffer *target, const char *cloud)
{
    buffer_append_string(target, "/v1/");
    buffer_append_escaped(target, cloud ? cloud : "default", "");
    buffer_append_string(target, "/");
}

static int take_target(struct buffer *target, char **ret_target)
{
    if (target->error < 0)
        return target->error;
    *ret_target = TAKE_PTR(target->data);
    return 0;
}

int target_resource(const char *cloud, const char *resource, const struct target_query *queries,
                    size_t n_queries, char **ret_target)
{
    _cleanup_(buffer_done) struct buffer target = {};
    const char *before = "?";

    append_cloud(&target, cloud);
    buffer_append_string(&target, resource);
    for (size_t i = 0; i < n_queries; i++) {
        if (!queries[i].value)
            continue;
        buffer_append_string(&target, before);
        buffer_append_string(&target, queries[i].key);
        buffer_append_string(&target, "=");
        buffer_append_escaped(&target, queries[i].value, "");
        before = "&";
    }
    return take_target(&target, ret_target);
}

/* A blank or a line end would end the request line early. */
static bool fits_request_line(const char *path)
{
    for (; *path; path++)
        if ((unsigned char)*path <= ' ' || *path == 0x7f)
            return false;
    return true;
}

int target_proxy(const char *cloud, const char *service, const char *region, const char *interface,
                 const char *path, char **ret_target)
{
    _cleanup_(buffer_done) struct buffer target = {};

    if (!*service || !fits_request_line(path))
        return -EINVAL;
    append_cloud(&target, cloud);
    buffer_append_string(&target, "proxy/");
    /* types such as rax:dns go out as people write them */
    buffer_append_escaped(&target, service, ":");
    if (region) {
        buffer_append_string(&target, "@");
        buffer_append_escaped(&target, region, "");
    }
    if (interface) {
        buffer_append_string(&target, ":");
        buffer_append_escaped(&target, interface, "");
    }
    buffer_append_string(&target, *path == '/' ? "" : "/");
    buffer_append_string(&target, path);
    return take_target(&target, ret_target);
}
