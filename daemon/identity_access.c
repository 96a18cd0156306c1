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

/* What must be there: without it there is no token. */
static int require(struct reader *reader, const json_t *object, const char *path, json_type type,
                   json_t **ret)
{
    const char *dot = strrchr(path, '.');
    json_t *value = json_object_get(object, dot ? dot + 1 : path);

    if (!value || json_is_null(value))
        return complain(reader, path, "is missing");
    if (json_typeof(value) != type)
        return complain(reader, path, type == JSON_OBJECT ? "is not an object" : "is not a string");
    *ret = value;
    return 0;
}

/* All else: what is not of the type that it should be counts as missing, NULL. */
static json_t *get(const json_t *object, const char *key, json_type type)
{
    json_t *value = json_object_get(object, key);

    return value && json_typeof(value) == type ? value : NULL;
}

static const char *get_string(const json_t *object, const char *key)
{
    return json_string_value(get(object, key, JSON_STRING));
}

/* Copies a text; an empty or missing one is NULL. */
static int copy_optional(const char *text, char **ret)
{
    if (!text || !*text)
        return 0;
    *ret = strdup(text);
    return *ret ? 0 : -ENOMEM;
}

/* The same for an identifier, which some services write as a number: its digits are its text. */
static int copy_id(const json_t *object, const char *key, char **ret)
{
    _cleanup_(secret_freep) char *digits = NULL;
    const json_t *value = json_object_get(object, key);

    if (!json_is_number(value))
        return copy_optional(json_string_value(value), ret);
    digits = json_dumps(value, JSON_ENCODE_ANY);
    return digits ? copy_optional(digits, ret) : -ENOMEM;
}

/* What is never NULL in a session. */
static int default_to_empty(char **text)
{
    if (!*text)
        *text = strdup("");
    return *text ? 0 : -ENOMEM;
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
    const json_t *tenant = get(token, "tenant", JSON_OBJECT);
    json_t *id = NULL;
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
        r = copy_id(tenant, "id", &s->tenant_id);
    if (r == 0)
        r = copy_optional(get_string(tenant, "name"), &s->tenant_name);
    return r;
}

static int read_role(struct session *s, const json_t *role)
{
    _cleanup_(freep) char *id = NULL;
    const char *name = get_string(role, "name");
    int r = copy_id(role, "id", &id);

    if (r < 0)
        return r;
    return session_add_role(s, id ? id : "", name ? name : "", get_string(role, "description"));
}

static int read_user(struct session *s, const json_t *access)
{
    const json_t *user = get(access, "user", JSON_OBJECT);
    const json_t *roles = get(user, "roles", JSON_ARRAY), *role;
    size_t i;
    int r = copy_id(user, "id", &s->user_id);

    if (r == 0)
        r = default_to_empty(&s->user_id);
    if (r == 0)
        r = copy_optional(get_string(user, "name"), &s->user_name);
    if (r == 0)
        r = default_to_empty(&s->user_name);
    if (r == 0)
        r = copy_optional(get_string(user, "RAX-AUTH:defaultRegion"), &s->default_region);
    json_array_foreach (roles, i, role) {
        if (r == 0 && json_is_object(role))
            r = read_role(s, role);
    }
    return r;
}

static int read_endpoint(struct service *service, const json_t *endpoint)
{
    static const struct {
        const char *key, *interface;
    } urls[] = {
        {"publicURL", "public"},
        {"internalURL", "internal"},
        {"adminURL", "admin"},
    };
    _cleanup_(freep) char *tenant_id = NULL;
    int r = copy_id(endpoint, "tenantId", &tenant_id);

    for (size_t i = 0; i < ARRAY_SIZE(urls) && r == 0; i++) {
        const char *url = get_string(endpoint, urls[i].key);

        if (url && *url)
            r = service_add_endpoint(service, get_string(endpoint, "region"), urls[i].interface,
                                     url, tenant_id);
    }
    return r;
}

static int read_service(struct session *s, const json_t *entry)
{
    const char *type = get_string(entry, "type"), *name = get_string(entry, "name");
    const json_t *endpoints = get(entry, "endpoints", JSON_ARRAY), *endpoint;
    struct service *service = NULL;
    size_t i;
    int r = catalog_add_service(s->catalog, type ? type : "", name ? name : "", &service);

    json_array_foreach (endpoints, i, endpoint) {
        if (r == 0 && json_is_object(endpoint))
            r = read_endpoint(service, endpoint);
    }
    return r;
}

/* One that is no list is no identity service's; a token without any has none. */
static int read_catalog(struct reader *reader, const json_t *access)
{
    const json_t *catalog = json_object_get(access, "serviceCatalog"), *entry;
    struct session *s = reader->session;
    size_t i;
    int r = 0;

    if (catalog && !json_is_null(catalog) && !json_is_array(catalog))
        return complain(reader, "access.serviceCatalog", "is not a list");
    json_array_foreach (catalog, i, entry) {
        if (r == 0 && json_is_object(entry))
            r = read_service(s, entry);
    }
    return r;
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
        r = read_user(reader->session, access);
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
