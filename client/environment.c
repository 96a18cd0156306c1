/* SPDX-License-Identifier: MIT */
#include "environment.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <strings.h>

/* What the values are taken from; url is NULL when the catalog has no object store, or several. */
struct sources {
    const char *socket;
    const char *region;
    const lk_identity *identity;
    const lk_token *token; /* NULL: the cloud has no identity service */
    const lk_endpoint *storage;
};

static const char *socket_path(const struct sources *sources)
{
    return sources->socket;
}

static const char *cloud(const struct sources *sources)
{
    return lk_identity_cloud(sources->identity);
}

static const char *token(const struct sources *sources)
{
    return sources->token ? lk_token_secret(sources->token) : NULL;
}

static const char *storage_url(const struct sources *sources)
{
    return sources->storage ? lk_endpoint_url(sources->storage) : NULL;
}

static const char *auth_type(const struct sources *sources)
{
    return sources->token ? "token" : "none";
}

/* In the catalog's spelling: unlike the daemon, the programs that this is for mind the case. */
static const char *region(const struct sources *sources)
{
    const char *wanted =
        sources->region ? sources->region : lk_identity_default_region(sources->identity);

    if (sources->storage && lk_endpoint_region(sources->storage))
        return lk_endpoint_region(sources->storage);
    for (size_t i = 0; wanted && i < lk_identity_region_count(sources->identity); i++) {
        const char *spelling = lk_identity_region(sources->identity, i);

        if (spelling && strcasecmp(spelling, wanted) == 0)
            return spelling;
    }
    return wanted;
}

static const char *tenant_id(const struct sources *sources)
{
    return lk_identity_tenant_id(sources->identity);
}

static const char *tenant_name(const struct sources *sources)
{
    return lk_identity_tenant_name(sources->identity);
}

static const struct {
    const char *name;
    const char *(*value)(const struct sources *sources);
} table[ENVIRONMENT_VARIABLES] = {
    {"LATCHKEY_SOCKET", socket_path},
    {"LATCHKEY_CLOUD", cloud},
    {"OS_TOKEN", token},
    {"OS_AUTH_TOKEN", token},
    {"OS_AUTH_TYPE", auth_type},
    {"OS_STORAGE_URL", storage_url},
    {"OS_REGION_NAME", region},
    {"OS_PROJECT_ID", tenant_id},
    {"OS_PROJECT_NAME", tenant_name},
    {"OS_TENANT_ID", tenant_id},
    {"OS_TENANT_NAME", tenant_name},
};

static int fill(struct environment *environment, const struct sources *sources)
{
    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
        const char *value = table[i].value(sources);

        environment->variables[i].name = table[i].name;
        environment->variables[i].value = value && *value ? strdup(value) : NULL;
        if (value && *value && !environment->variables[i].value)
            return -ENOMEM;
    }
    return 0;
}

/* Whether an answer means that the catalog has no object store, none in the cloud's own region, or
 * not one that is meant for sure. A region that somebody asked for by name has to be one. */
static bool is_without(int r, const struct arguments *arguments)
{
    return r == LK_UNKNOWN_SERVICE || r == LK_UNKNOWN_INTERFACE || r == LK_REGION_REQUIRED ||
           (r == LK_UNKNOWN_REGION && !arguments->region);
}

/* A cloud without an identity service has no token, and needs none. */
static int ask_token(const struct command *command, lk_token **ret_token, lk_error **ret_error)
{
    _cleanup_(lk_error_freep) lk_error *error = NULL;
    int r = lk_token_get(command->client, command->arguments->cloud, 0, ret_token, &error);
    const char *code = error ? lk_error_code(error) : NULL;

    if (r != 0 && code && strcmp(code, "no-token") == 0)
        return 0;
    *ret_error = TAKE_PTR(error);
    return r;
}

int environment_ask(const struct command *command, struct environment *ret)
{
    const struct arguments *arguments = command->arguments;
    _cleanup_(lk_identity_freep) lk_identity *identity = NULL;
    _cleanup_(lk_token_freep) lk_token *held = NULL;
    _cleanup_(lk_endpoint_freep) lk_endpoint *storage = NULL;
    _cleanup_(lk_error_freep) lk_error *error = NULL;
    _cleanup_(environment_done) struct environment environment = {};
    /* the program may run in another directory */
    _cleanup_(freep) char *path = realpath(lk_client_socket(command->client), NULL);
    struct sources sources;
    int r;

    r = ask_token(command, &held, &error);
    if (r == 0)
        r = lk_identity_get(command->client, arguments->cloud, &identity, &error);
    if (r != 0)
        return command_failed(r, error);
    r = lk_endpoint_get(command->client, arguments->cloud, "object-store", arguments->region, NULL,
                        &storage, &error);
    if (r != 0 && !is_without(r, arguments))
        return command_failed(r, error);

    sources = (struct sources){path ? path : lk_client_socket(command->client), arguments->region,
                               identity, held, storage};
    r = fill(&environment, &sources);
    if (r < 0)
        return command_failed(r, NULL);
    *ret = environment;
    environment = (struct environment){};
    return DONE;
}

void environment_done(struct environment *environment)
{
    for (size_t i = 0; i < ARRAY_SIZE(environment->variables); i++) {
        char *value = environment->variables[i].value;

        if (value)
            explicit_bzero(value, strlen(value));
        free(value);
    }
    *environment = (struct environment){};
}
