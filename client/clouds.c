/* SPDX-License-Identifier: MIT */
/*
 * The list of clouds: which there are, and how each stands.
 */
#include <errno.h>

#include "client.h"

struct lk_clouds {
    struct document *document;
    const node *list;
};

DEFINE_CLEANUP(lk_clouds *, lk_clouds_free)

static bool is_list_of_clouds(const node *list)
{
    if (!node_is_array(list))
        return false;
    for (size_t i = 0; i < node_count(list); i++)
        if (!node_string(node_at(list, i), "name") || !node_string(node_at(list, i), "state"))
            return false;
    return true;
}

int lk_clouds_get(lk_client *client, lk_clouds **ret_clouds, lk_error **ret_error)
{
    _cleanup_(lk_clouds_freep) lk_clouds *clouds = calloc(1, sizeof(*clouds));
    int r;

    if (!clouds)
        return -ENOMEM;
    r = client_ask_document(client, &(struct client_question){.method = "GET"}, NULL,
                            &clouds->document, ret_error);
    if (r != 0)
        return r;
    clouds->list = node_member(document_root(clouds->document), "clouds");
    if (!is_list_of_clouds(clouds->list))
        return client_error(client, -EPROTO, ret_error);
    *ret_clouds = TAKE_PTR(clouds);
    return 0;
}

void lk_clouds_free(lk_clouds *clouds)
{
    if (!clouds)
        return;
    document_free(clouds->document);
    free(clouds);
}

const char *lk_clouds_default(const lk_clouds *clouds)
{
    return node_string(document_root(clouds->document), "default");
}

size_t lk_clouds_count(const lk_clouds *clouds)
{
    return node_count(clouds->list);
}

const char *lk_clouds_name(const lk_clouds *clouds, size_t index)
{
    return node_string(node_at(clouds->list, index), "name");
}

const char *lk_clouds_state(const lk_clouds *clouds, size_t index)
{
    return node_string(node_at(clouds->list, index), "state");
}

int64_t lk_clouds_expires_in(const lk_clouds *clouds, size_t index)
{
    return node_integer(node_at(clouds->list, index), "expires_in", -1);
}

const char *lk_clouds_json(const lk_clouds *clouds)
{
    return document_text(clouds->document);
}
