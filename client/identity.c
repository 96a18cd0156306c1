/* SPDX-License-Identifier: MIT */
#include "identity.h"

#include <errno.h>

struct lk_identity {
    struct document *document;
    const node *root;
};

DEFINE_CLEANUP(lk_identity *, lk_identity_free)

int identity_ask(lk_client *client, const struct client_question *question,
                 lk_identity **ret_identity, lk_error **ret_error)
{
    _cleanup_(lk_identity_freep) lk_identity *identity = calloc(1, sizeof(*identity));
    int r;

    if (!identity)
        return -ENOMEM;
    r = client_ask_document(client, question, "state", &identity->document, ret_error);
    if (r != 0)
        return r;
    identity->root = document_root(identity->document);
    if (ret_identity)
        *ret_identity = TAKE_PTR(identity);
    return 0;
}

int lk_identity_get(lk_client *client, const char *cloud, lk_identity **ret_identity,
                    lk_error **ret_error)
{
    struct client_question question = {.method = "GET", .cloud = cloud, .resource = "identity"};

    return identity_ask(client, &question, ret_identity, ret_error);
}

int lk_refresh(lk_client *client, const char *cloud, lk_identity **ret_identity,
               lk_error **ret_error)
{
    struct client_question question = {.method = "POST", .cloud = cloud, .resource = "refresh"};

    return identity_ask(client, &question, ret_identity, ret_error);
}

void lk_identity_free(lk_identity *identity)
{
    if (!identity)
        return;
    document_free(identity->document);
    free(identity);
}

const char *lk_identity_cloud(const lk_identity *identity)
{
    return node_string(identity->root, "cloud");
}

const char *lk_identity_state(const lk_identity *identity)
{
    return node_string(identity->root, "state");
}

bool lk_identity_authenticated(const lk_identity *identity)
{
    return node_flag(identity->root, "authenticated");
}

const char *lk_identity_user_id(const lk_identity *identity)
{
    return node_string(node_member(identity->root, "user"), "id");
}

const char *lk_identity_user_name(const lk_identity *identity)
{
    return node_string(node_member(identity->root, "user"), "name");
}

const char *lk_identity_tenant_id(const lk_identity *identity)
{
    return node_string(node_member(identity->root, "tenant"), "id");
}

const char *lk_identity_tenant_name(const lk_identity *identity)
{
    return node_string(node_member(identity->root, "tenant"), "name");
}

static const node *roles(const lk_identity *identity)
{
    return node_member(node_member(identity->root, "user"), "roles");
}

size_t lk_identity_role_count(const lk_identity *identity)
{
    return node_count(roles(identity));
}

const char *lk_identity_role_id(const lk_identity *identity, size_t index)
{
    return node_string(node_at(roles(identity), index), "id");
}

const char *lk_identity_role_name(const lk_identity *identity, size_t index)
{
    return node_string(node_at(roles(identity), index), "name");
}

const char *lk_identity_role_description(const lk_identity *identity, size_t index)
{
    return node_string(node_at(roles(identity), index), "description");
}

const char *lk_identity_default_region(const lk_identity *identity)
{
    return node_string(identity->root, "default_region");
}

size_t lk_identity_region_count(const lk_identity *identity)
{
    return node_count(node_member(identity->root, "regions"));
}

const char *lk_identity_region(const lk_identity *identity, size_t index)
{
    return node_string_at(node_member(identity->root, "regions"), index);
}

const char *lk_identity_issued(const lk_identity *identity)
{
    return node_string(identity->root, "issued");
}

const char *lk_identity_expires(const lk_identity *identity)
{
    return node_string(identity->root, "expires");
}

int64_t lk_identity_expires_in(const lk_identity *identity)
{
    return node_integer(identity->root, "expires_in", -1);
}

int64_t lk_identity_refresh_in(const lk_identity *identity)
{
    return node_integer(identity->root, "refresh_in", -1);
}

uint64_t lk_identity_generation(const lk_identity *identity)
{
    return (uint64_t)node_integer(identity->root, "generation", 0);
}

const char *lk_identity_error_code(const lk_identity *identity)
{
    return node_string(node_member(identity->root, "last_error"), "code");
}

const char *lk_identity_error_detail(const lk_identity *identity)
{
    return node_string(node_member(identity->root, "last_error"), "detail");
}

const char *lk_identity_error_at(const lk_identity *identity)
{
    return node_string(node_member(identity->root, "last_error"), "at");
}

const char *lk_identity_json(const lk_identity *identity)
{
    return document_text(identity->document);
}
