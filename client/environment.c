/* SPDX-License-Identifier: MIT */
#include "environment.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <strings.h>

#define IDENTITY "identity"

/* What the daemon was asked for. */
struct answers {
    lk_token *token;
    lk_identity *identity;
    lk_endpoint *storage;
    lk_endpoint *service;
    char *auth_url;
};

/* What the values are taken from. */
struct sources {
    const char *socket;
    const char *region;
    const lk_identity *identity;
    const lk_token *token;      /* NULL: the cloud knows none */
    const lk_endpoint *storage; /* NULL: the catalog has no object store, or several */
    const char *auth_url;       /* NULL: the catalog has no identity service */
    const lk_endpoint *direct;  /* the service that a token which cannot be exchanged is for */
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

/* With "token", openstack exchanges the token for one of its own at the identity service, and finds
 * all services in the catalog that comes with it; with "admin_token" it sends the token itself to
 * one service. */
static const char *auth_type(const struct sources *sources)
{
    if (!sources->token)
        return "none";
    return sources->direct ? "admin_token" : "token";
}

static const char *auth_url(const struct sources *sources)
{
    return sources->auth_url;
}

static const char *endpoint(const struct sources *sources)
{
    return sources->direct ? lk_endpoint_url(sources->direct) : NULL;
}

/* openstack takes 3 for granted; where the URL does not say it, that is what there is today. */
static const char *identity_version(const struct sources *sources)
{
    static const struct {
        const char *segment;
        const char *version;
    } versions[] = {{"/v2.0", "2"}, {"/v3", "3"}};

    for (size_t i = 0; sources->auth_url && i < ARRAY_SIZE(versions); i++) {
        const char *found = strstr(sources->auth_url, versions[i].segment);
        size_t length = strlen(versions[i].segment);

        if (found && found[length + strspn(found + length, "/")] == '\0')
            return versions[i].version;
    }
    return NULL;
}

static const char *interface(const struct sources *sources)
{
    return sources->storage ? lk_endpoint_interface(sources->storage) : NULL;
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

/* "admin_token" and "none" fail on whatever an exchange would be scoped to. */
static const char *tenant_id(const struct sources *sources)
{
    return sources->direct ? NULL : lk_identity_tenant_id(sources->identity);
}

static const char *tenant_name(const struct sources *sources)
{
    return sources->direct ? NULL : lk_identity_tenant_name(sources->identity);
}

static const struct {
    const char *name;
    const char *(*value)(const struct sources *sources);
} table[] = {
    {"LATCHKEY_SOCKET", socket_path},
    {"LATCHKEY_CLOUD", cloud},
    {"OS_TOKEN", token},
    {"OS_AUTH_TOKEN", token},
    {"OS_AUTH_TYPE", auth_type},
    {"OS_AUTH_URL", auth_url},
    {"OS_IDENTITY_API_VERSION", identity_version},
    {"OS_ENDPOINT", endpoint},
    {"OS_STORAGE_URL", storage_url},
    {"OS_INTERFACE", interface},
    {"OS_REGION_NAME", region},
    {"OS_PROJECT_ID", tenant_id},
    {"OS_PROJECT_NAME", tenant_name},
    {"OS_TENANT_ID", tenant_id},
    {"OS_TENANT_NAME", tenant_name},
};

/*
 * What openstack, programs on openstacksdk and swift would take for another way to log in, or for
 * another scope, or choke on beside a token: not theirs to find.
 */
static const char *const intruders[] = {
    /* a cloud of clouds.yaml */
    "OS_CLOUD",
    /* who logs in, and by what: swift does so once it is told 401 */
    "OS_USERNAME",
    "OS_USER_NAME",
    "OS_USER_ID",
    "OS_PASSWORD",
    "OS_PASSCODE",
    "OS_USER_DOMAIN_ID",
    "OS_USER_DOMAIN_NAME",
    "OS_APPLICATION_CREDENTIAL_ID",
    "OS_APPLICATION_CREDENTIAL_NAME",
    "OS_APPLICATION_CREDENTIAL_SECRET",
    "ST_AUTH",
    "ST_USER",
    "ST_KEY",
    "ST_AUTH_VERSION",
    "OS_AUTH_VERSION",
    /* another scope than the token's */
    "OS_PROJECT_DOMAIN_ID",
    "OS_PROJECT_DOMAIN_NAME",
    "OS_DOMAIN_ID",
    "OS_DOMAIN_NAME",
    "OS_DEFAULT_DOMAIN",
    "OS_DEFAULT_DOMAIN_ID",
    "OS_DEFAULT_DOMAIN_NAME",
    "OS_SYSTEM_SCOPE",
    "OS_TRUST_ID",
    "OS_SERVICE_PROVIDER",
    /* other endpoints than the catalog's */
    "OS_URL",
    "OS_ENDPOINT_OVERRIDE",
    "OS_ENDPOINT_TYPE",
    "OS_IDENTITY_ENDPOINT_OVERRIDE",
    "OS_OBJECT_STORE_ENDPOINT",
    "OS_OBJECT_STORE_ENDPOINT_OVERRIDE",
};

static_assert(ARRAY_SIZE(table) + ARRAY_SIZE(intruders) == ENVIRONMENT_VARIABLES,
              "a name for each variable");

static int fill(struct environment *environment, const struct sources *sources)
{
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_SIZE(intruders); i++)
        environment->variables[n++].name = intruders[i];
    for (size_t i = 0; i < ARRAY_SIZE(table); i++, n++) {
        const char *value = table[i].value(sources);

        environment->variables[n].name = table[i].name;
        environment->variables[n].value = value && *value ? strdup(value) : NULL;
        if (value && *value && !environment->variables[n].value)
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
    const struct arguments *arguments = command->arguments;
    _cleanup_(lk_error_freep) lk_error *error = NULL;
    int r = lk_token_get(command->client, arguments->cloud, arguments->min_ttl, ret_token, &error);
    const char *code = error ? lk_error_code(error) : NULL;

    if (r != 0 && code && strcmp(code, "no-token") == 0)
        return 0;
    *ret_error = TAKE_PTR(error);
    return r;
}

static void answers_done(struct answers *answers)
{
    lk_token_free(answers->token);
    lk_identity_free(answers->identity);
    lk_endpoint_free(answers->storage);
    lk_endpoint_free(answers->service);
    free(answers->auth_url);
}

/* The identity service. Where the daemon's rules leave the region open, that does not matter: it is
 * the same one, or one that knows the token as well. */
static int find_auth_url(const struct command *command, char **ret_url, lk_error **ret_error)
{
    const struct arguments *arguments = command->arguments;
    _cleanup_(lk_endpoint_freep) lk_endpoint *chosen = NULL;
    _cleanup_(lk_catalog_freep) lk_catalog *catalog = NULL;
    _cleanup_(lk_error_freep) lk_error *error = NULL;
    const lk_endpoint *found;
    int r;

    r = lk_endpoint_get(command->client, arguments->cloud, IDENTITY, arguments->region, NULL,
                        &chosen, &error);
    if (r == LK_UNKNOWN_SERVICE)
        return 0;
    if (r == LK_UNKNOWN_INTERFACE || r == LK_REGION_REQUIRED || r == LK_UNKNOWN_REGION)
        r = lk_catalog_get(command->client, arguments->cloud, IDENTITY, NULL, "public", &catalog,
                           ret_error);
    else if (r != 0)
        *ret_error = TAKE_PTR(error);
    if (r != 0)
        return r;

    found = chosen ? chosen : lk_catalog_at(catalog, 0);
    if (!found)
        return 0;
    *ret_url = strdup(lk_endpoint_url(found));
    return *ret_url ? 0 : -ENOMEM;
}

static int ask(const struct command *command, struct answers *answers, lk_error **ret_error)
{
    const struct arguments *arguments = command->arguments;
    lk_client *client = command->client;
    const char *cloud = arguments->cloud;
    int r;

    r = ask_token(command, &answers->token, ret_error);
    if (r == 0)
        r = lk_identity_get(client, cloud, &answers->identity, ret_error);
    if (r == 0 && answers->token)
        r = find_auth_url(command, &answers->auth_url, ret_error);
    if (r == 0 && arguments->service)
        r = lk_endpoint_get(client, cloud, arguments->service, arguments->region, NULL,
                            &answers->service, ret_error);
    if (r != 0)
        return r;
    r = lk_endpoint_get(client, cloud, "object-store", arguments->region, NULL, &answers->storage,
                        ret_error);
    if (!is_without(r, arguments))
        return r;
    lk_error_free(TAKE_PTR(*ret_error));
    return 0;
}

int environment_ask(const struct command *command, struct environment *ret)
{
    _cleanup_(answers_done) struct answers answers = {};
    _cleanup_(lk_error_freep) lk_error *error = NULL;
    _cleanup_(environment_done) struct environment environment = {};
    /* the program may run in another directory */
    _cleanup_(freep) char *path = realpath(lk_client_socket(command->client), NULL);
    struct sources sources;
    int r;

    r = ask(command, &answers, &error);
    if (r != 0)
        return command_failed(r, error);
    sources = (struct sources){
        .socket = path ? path : lk_client_socket(command->client),
        .region = command->arguments->region,
        .identity = answers.identity,
        .token = answers.token,
        .storage = answers.storage,
        .auth_url = answers.auth_url,
        .direct = answers.service    ? answers.service
                  : answers.auth_url ? NULL
                                     : answers.storage,
    };
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
