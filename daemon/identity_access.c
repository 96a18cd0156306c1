/* SPDX-License-Identifier: MIT */
#include "identity_access.h"

#include "rfc3339.h"
#include "secret.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

/* A login's answer on its way to become a session. The readers return 0, 1 with the problem set, or
 * -ENOMEM. */
struct reader {
    struct session *session;
    struct problem *problem;
};

static int complain(struct reader *reader, const char *path, const char *what)
{
    reader->problem =
        problem_new(PROBLEM_BAD_ANSWER,
                    "In the identity service's answer, %s %s: check `auth_endpoint`.", path, what);
    return reader->problem ? 1 : -ENOMEM;
}

/* The member that the last word of the path names; NULL where it is missing or null. */
static int get(struct reader *reader, const json_t *object, const char *path, json_type type,
               json_t **ret)
{
    static const char *const complaints[] = {
        [JSON_OBJECT] = "is not an object",
        [JSON_ARRAY] = "is not a list",
        [JSON_STRING] = "is not a string",
    };
    const char *dot = strrchr(path, '.');
    json_t *value = json_object_get(object, dot ? dot + 1 : path);

    if (json_is_null(value))
        value = NULL;
    if (value && json_typeof(value) != type)
        return complain(reader, path, complaints[type]);
    *ret = value;
    return 0;
}

static int require(struct reader *reader, const json_t *object, const char *path, json_type type,
                   json_t **ret)
{
    int r = get(reader, object, path, type, ret);

    if (r == 0 && !*ret)
        return complain(reader, path, "is missing");
    return r;
}

static int get_string(struct reader *reader, const json_t *object, const char *path,
                      const char **ret)
{
    json_t *value = NULL;
    int r = get(reader, object, path, JSON_STRING, &value);

    if (r == 0)
        *ret = json_string_value(value);
    return r;
}

static int require_object(struct reader *reader, const json_t *element, const char *path)
{
    return json_is_object(element) ? 0 : complain(reader, path, "is not an object");
}

/* Copies a string that may be missing: empty then. */
static int read_string(struct reader *reader, const json_t *object, const char *path, char **ret)
{
    const char *text = NULL;
    int r = get_string(reader, object, path, &text);

    if (r != 0)
        return r;
    *ret = strdup(text ? text : "");
    return *ret ? 0 : -ENOMEM;
}

/* The same, but a missing or empty one is NULL. */
static int read_optional_string(struct reader *reader, const json_t *object, const char *path,
                                char **ret)
{
    const char *text = NULL;
    int r = get_string(reader, object, path, &text);

    if (r != 0 || !text || !*text)
        return r;
    *ret = strdup(text);
    return *ret ? 0 : -ENOMEM;
}

/* The token becomes the value of a header: nothing but visible ASCII may be in it. */
static bool is_header_value(const char *text)
{
    for (const char *p = text; *p; p++)
        if (*p < '!' || *p > '~')
            return false;
    return *text != '\0';
}

static int read_expiry(struct reader *reader, const struct identity_answer *answer,
                       const json_t *token)
{
    static const char path[] = "access.token.expires";
    struct session *s = reader->session;
    json_t *expires = NULL;
    int r = require(reader, token, path, JSON_STRING, &expires);

    if (r != 0)
        return r;
    if (rfc3339_parse(json_string_value(expires), &s->expires) < 0)
        return complain(reader, path, "is not a time");
    s->issued = identity_now(answer);
    if (s->expires <= s->issued) {
        reader->problem = problem_new(PROBLEM_BAD_ANSWER,
                                      "The identity service handed out a token that was over by "
                                      "the service's own clock: wait, the login is tried again.");
        return reader->problem ? 1 : -ENOMEM;
    }
    s->obtained = answer->received_boottime;
    s->deadline = s->obtained + (s->expires - s->issued);
    return 0;
}

static int read_token(struct reader *reader, const struct identity_answer *answer,
                      const json_t *token)
{
    static const char path[] = "access.token.id";
    struct session *s = reader->session;
    json_t *id = NULL, *tenant = NULL;
    int r = require(reader, token, path, JSON_STRING, &id);

    if (r != 0)
        return r;
    if (!is_header_value(json_string_value(id)))
        return complain(reader, path, "is empty or holds characters that no header can carry");
    s->token = secret_strdup(json_string_value(id));
    if (!s->token)
        return -ENOMEM;

    r = read_expiry(reader, answer, token);
    if (r == 0)
        r = get(reader, token, "access.token.tenant", JSON_OBJECT, &tenant);
    if (r == 0)
        r = read_optional_string(reader, tenant, "access.token.tenant.id", &s->tenant_id);
    if (r == 0)
        r = read_optional_string(reader, tenant, "access.token.tenant.name", &s->tenant_name);
    return r;
}

static int read_role(struct reader *reader, const json_t *role)
{
    const char *id = NULL, *name = NULL, *description = NULL;
    int r = require_object(reader, role, "access.user.roles[]");

    if (r == 0)
        r = get_string(reader, role, "access.user.roles[].id", &id);
    if (r == 0)
        r = get_string(reader, role, "access.user.roles[].name", &name);
    if (r == 0)
        r = get_string(reader, role, "access.user.roles[].description", &description);
    if (r == 0)
        r = session_add_role(reader->session, id ? id : "", name ? name : "", description);
    return r;
}

static int read_user(struct reader *reader, const json_t *access)
{
    struct session *s = reader->session;
    json_t *user = NULL, *roles = NULL, *role;
    size_t i;
    int r = get(reader, access, "access.user", JSON_OBJECT, &user);

    if (r == 0)
        r = read_string(reader, user, "access.user.id", &s->user_id);
    if (r == 0)
        r = read_string(reader, user, "access.user.name", &s->user_name);
    if (r == 0)
        r = read_optional_string(reader, user, "access.user.RAX-AUTH:defaultRegion",
                                 &s->default_region);
    if (r == 0)
        r = get(reader, user, "access.user.roles", JSON_ARRAY, &roles);
    if (r != 0)
        return r;
    json_array_foreach (roles, i, role) {
        r = read_role(reader, role);
        if (r != 0)
            return r;
    }
    return 0;
}

static int read_endpoint(struct reader *reader, const json_t *endpoint, struct service *service)
{
    static const struct {
        const char *path, *interface;
    } urls[] = {
        {"access.serviceCatalog[].endpoints[].publicURL", "public"},
        {"access.serviceCatalog[].endpoints[].internalURL", "internal"},
        {"access.serviceCatalog[].endpoints[].adminURL", "admin"},
    };
    const char *region = NULL, *tenant_id = NULL, *url = NULL;
    int r = require_object(reader, endpoint, "access.serviceCatalog[].endpoints[]");

    if (r == 0)
        r = get_string(reader, endpoint, "access.serviceCatalog[].endpoints[].region", &region);
    if (r == 0)
        r = get_string(reader, endpoint, "access.serviceCatalog[].endpoints[].tenantId",
                       &tenant_id);
    for (size_t i = 0; i < ARRAY_SIZE(urls) && r == 0; i++) {
        r = get_string(reader, endpoint, urls[i].path, &url);
        if (r == 0 && url && *url)
            r = service_add_endpoint(service, region, urls[i].interface, url, tenant_id);
    }
    return r;
}

static int read_service(struct reader *reader, const json_t *entry)
{
    json_t *endpoints = NULL, *endpoint;
    const char *type = NULL, *name = NULL;
    struct service *service = NULL;
    size_t i;
    int r = require_object(reader, entry, "access.serviceCatalog[]");

    if (r == 0)
        r = get_string(reader, entry, "access.serviceCatalog[].type", &type);
    if (r == 0)
        r = get_string(reader, entry, "access.serviceCatalog[].name", &name);
    if (r == 0)
        r = get(reader, entry, "access.serviceCatalog[].endpoints", JSON_ARRAY, &endpoints);
    if (r == 0)
        r = catalog_add_service(reader->session->catalog, type ? type : "", name ? name : "",
                                &service);
    if (r != 0)
        return r;
    json_array_foreach (endpoints, i, endpoint) {
        r = read_endpoint(reader, endpoint, service);
        if (r != 0)
            return r;
    }
    return 0;
}

static int read_catalog(struct reader *reader, const json_t *access)
{
    json_t *catalog = NULL, *entry;
    size_t i;
    int r = get(reader, access, "access.serviceCatalog", JSON_ARRAY, &catalog);

    if (r != 0)
        return r;
    json_array_foreach (catalog, i, entry) {
        r = read_service(reader, entry);
        if (r != 0)
            return r;
    }
    return 0;
}

/* Takes out everything that a text is part of, keys too. The parser bounds the depth. */
static void take_out(json_t *node, const char *text)
{
    const char *key;
    json_t *value;
    void *next;

    json_object_foreach_safe(node, next, key, value)
    {
        if (strstr(key, text) || (json_is_string(value) && strstr(json_string_value(value), text)))
            json_object_del(node, key);
        else
            take_out(value, text);
    }
    for (size_t i = json_array_size(node); i-- > 0;) {
        value = json_array_get(node, i);
        if (json_is_string(value) && strstr(json_string_value(value), text))
            json_array_remove(node, i);
        else
            take_out(value, text);
    }
}

static int make_document(struct reader *reader, json_t *root)
{
    struct session *s = reader->session;

    take_out(root, s->token);
    s->document = json_dumps(root, JSON_COMPACT);
    /* A number or a bracket can still spell a token that is one letter long. */
    if (s->document && strstr(s->document, s->token))
        memcpy(s->document, "{}", sizeof("{}"));
    return s->document ? 0 : -ENOMEM;
}

static int read_answer(struct reader *reader, const struct identity_answer *answer)
{
    _cleanup_(json_decrefp) json_t *root = json_loadb(answer->body, answer->length, 0, NULL);
    json_t *access = NULL, *token = NULL;
    int r;

    if (!json_is_object(root)) {
        reader->problem = problem_new(PROBLEM_BAD_ANSWER,
                                      "The identity service's answer is not JSON (HTTP status %u): "
                                      "check `auth_endpoint`, and whether a proxy in between has "
                                      "answered.",
                                      answer->status);
        return reader->problem ? 1 : -ENOMEM;
    }
    r = require(reader, root, "access", JSON_OBJECT, &access);
    if (r == 0)
        r = require(reader, access, "access.token", JSON_OBJECT, &token);
    if (r == 0)
        r = read_token(reader, answer, token);
    if (r == 0)
        r = read_user(reader, access);
    if (r == 0)
        r = read_catalog(reader, access);
    if (r == 0)
        r = make_document(reader, root);
    return r;
}

int identity_access(const struct identity_answer *answer, struct session **ret,
                    struct problem **ret_problem)
{
    _cleanup_(session_unrefp) struct session *session = session_new();
    struct reader reader = {.session = session};
    int r;

    if (!session)
        return -ENOMEM;
    r = read_answer(&reader, answer);
    if (r == 0)
        *ret = TAKE_PTR(session);
    else if (r > 0)
        *ret_problem = reader.problem;
    return r;
}
