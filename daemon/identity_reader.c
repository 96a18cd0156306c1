/* SPDX-License-Identifier: MIT */
#include "identity_reader.h"

#include "identity_document.h"
#include "rfc3339.h"
#include "secret.h"

#include <errno.h>
#include <string.h>

static bool looks_like_json(const struct identity_answer *answer)
{
    char first = answer->body[strspn(answer->body, " \t\r\n")];

    return first == '{' || first == '[';
}

static int refuse_size(struct identity_reader *reader)
{
    reader->problem =
        problem_new(PROBLEM_BAD_ANSWER,
                    "The identity service's answer has more than %d values, is nested more than %d "
                    "deep or has a text of more than %zu bytes in it: check `auth_endpoint`, and "
                    "whether a proxy in between has answered.",
                    IDENTITY_VALUES_MOST, IDENTITY_DEPTH_MOST, IDENTITY_TEXT_MOST);
    return reader->problem ? 1 : -ENOMEM;
}

int reader_init(struct identity_reader *reader, const struct identity_answer *answer)
{
    *reader = (struct identity_reader){.answer = answer, .session = session_new()};
    if (!reader->session)
        return -ENOMEM;
    reader->root = identity_document_load(answer);
    if (json_is_object(reader->root))
        return 0;
    if (looks_like_json(answer) && !identity_document_fits(answer))
        return refuse_size(reader);
    reader->problem = problem_new(PROBLEM_BAD_ANSWER,
                                  "The identity service's answer is not JSON (HTTP status %u): "
                                  "check `auth_endpoint`, and whether a proxy in between has "
                                  "answered.",
                                  answer->status);
    return reader->problem ? 1 : -ENOMEM;
}

void reader_done(struct identity_reader *reader)
{
    json_decref(reader->root);
    session_unref(reader->session);
    problem_free(reader->problem);
}

int reader_finish(struct identity_reader *reader, int r, struct session **ret,
                  struct problem **ret_problem)
{
    if (r == 0)
        *ret = TAKE_PTR(reader->session);
    else if (r > 0)
        *ret_problem = TAKE_PTR(reader->problem);
    return r;
}

int reader_complain(struct identity_reader *reader, const char *path, const char *what)
{
    reader->problem =
        problem_new(PROBLEM_BAD_ANSWER,
                    "In the identity service's answer, %s %s: check `auth_endpoint`.", path, what);
    return reader->problem ? 1 : -ENOMEM;
}

int reader_require(struct identity_reader *reader, const json_t *object, const char *path,
                   json_type type, json_t **ret)
{
    const char *dot = strrchr(path, '.');
    json_t *value = json_object_get(object, dot ? dot + 1 : path);

    if (!value || json_is_null(value))
        return reader_complain(reader, path, "is missing");
    if (json_typeof(value) != type)
        return reader_complain(reader, path,
                               type == JSON_OBJECT ? "is not an object" : "is not a string");
    *ret = value;
    return 0;
}

int reader_take_token(struct identity_reader *reader, const char *path, const char *token)
{
    if (!identity_is_visible(token))
        return reader_complain(reader, path,
                               "is empty or holds characters that no header can carry");
    if (strlen(token) > IDENTITY_TEXT_MOST)
        return reader_complain(reader, path, "is too long for a token");
    reader->session->token = secret_strdup_locked(token);
    return reader->session->token ? 0 : -ENOMEM;
}

int reader_take_expiry(struct identity_reader *reader, const char *path, const char *expires,
                       const char *issued)
{
    struct identity_answer answer = *reader->answer;
    usec_t end, begin;

    if (rfc3339_parse(expires, &end) < 0)
        return reader_complain(reader, path, "is not a time");
    if (answer.date <= 0 && issued && rfc3339_parse(issued, &begin) == 0)
        answer.date = (time_t)(begin / USEC_PER_SEC);
    if (identity_answer_gives_life(&answer, end, reader->session))
        return 0;
    reader->problem = problem_new(PROBLEM_BAD_ANSWER,
                                  "The identity service handed out a token that was over by the "
                                  "service's own clock: wait, the login is tried again.");
    return reader->problem ? 1 : -ENOMEM;
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

int reader_make_document(struct identity_reader *reader)
{
    struct session *s = reader->session;

    take_out(reader->root, s->token);
    s->document = json_dumps(reader->root, JSON_COMPACT);
    /* A number or a bracket can still spell a token that is one letter long. */
    if (s->document && strstr(s->document, s->token))
        memcpy(s->document, "{}", sizeof("{}"));
    return s->document ? 0 : -ENOMEM;
}

json_t *reader_get(const json_t *object, const char *key, json_type type)
{
    json_t *value = json_object_get(object, key);

    return value && json_typeof(value) == type ? value : NULL;
}

const char *reader_get_string(const json_t *object, const char *key)
{
    return json_string_value(reader_get(object, key, JSON_STRING));
}

int reader_copy(const char *text, char **ret)
{
    if (!text || !*text)
        return 0;
    *ret = strdup(text);
    return *ret ? 0 : -ENOMEM;
}

int reader_copy_id(const json_t *object, const char *key, char **ret)
{
    _cleanup_(secret_freep) char *digits = NULL;
    const json_t *value = json_object_get(object, key);

    if (!json_is_number(value))
        return reader_copy(json_string_value(value), ret);
    digits = json_dumps(value, JSON_ENCODE_ANY);
    return digits ? reader_copy(digits, ret) : -ENOMEM;
}

static int default_to_empty(char **text)
{
    if (!*text)
        *text = strdup("");
    return *text ? 0 : -ENOMEM;
}

int reader_copy_user(struct session *s, const json_t *user)
{
    int r = reader_copy_id(user, "id", &s->user_id);

    if (r == 0)
        r = default_to_empty(&s->user_id);
    if (r == 0)
        r = reader_copy(reader_get_string(user, "name"), &s->user_name);
    if (r == 0)
        r = default_to_empty(&s->user_name);
    return r;
}

static int complain_of_number(struct identity_reader *reader, const char *path, int most,
                              const char *what)
{
    char complaint[64];

    snprintf(complaint, sizeof(complaint), "has more than %d %s", most, what);
    return reader_complain(reader, path, complaint);
}

static int copy_role(struct session *s, const json_t *role)
{
    _cleanup_(freep) char *id = NULL;
    const char *name = reader_get_string(role, "name");
    int r = reader_copy_id(role, "id", &id);

    if (r < 0)
        return r;
    return session_add_role(s, id ? id : "", name ? name : "",
                            reader_get_string(role, "description"));
}

int reader_copy_roles(struct identity_reader *reader, const char *path, const json_t *roles)
{
    const json_t *role;
    size_t i;
    int r = 0;

    if (json_array_size(roles) > IDENTITY_ROLES_MOST)
        return complain_of_number(reader, path, IDENTITY_ROLES_MOST, "roles");
    json_array_foreach (roles, i, role) {
        if (r == 0 && json_is_object(role))
            r = copy_role(reader->session, role);
    }
    return r;
}

static int copy_service(struct session *s, const json_t *entry, reader_endpoint copy_endpoint,
                        size_t *n_endpoints)
{
    const char *type = reader_get_string(entry, "type"), *name = reader_get_string(entry, "name");
    const json_t *endpoints = reader_get(entry, "endpoints", JSON_ARRAY), *endpoint;
    struct service *service = NULL;
    size_t i;
    int r = catalog_add_service(s->catalog, type ? type : "", name ? name : "", &service);

    json_array_foreach (endpoints, i, endpoint) {
        if (r == 0 && json_is_object(endpoint))
            r = copy_endpoint(service, endpoint);
        if (r == 0 && *n_endpoints + service->n_endpoints > IDENTITY_ENDPOINTS_MOST)
            break;
    }
    if (r == 0)
        *n_endpoints += service->n_endpoints;
    return r;
}

int reader_copy_catalog(struct identity_reader *reader, const char *path, const json_t *catalog,
                        reader_endpoint copy_endpoint)
{
    const json_t *entry;
    size_t i, n_endpoints = 0;
    int r = 0;

    if (catalog && !json_is_null(catalog) && !json_is_array(catalog))
        return reader_complain(reader, path, "is not a list");
    if (json_array_size(catalog) > IDENTITY_SERVICES_MOST)
        return complain_of_number(reader, path, IDENTITY_SERVICES_MOST, "services");
    json_array_foreach (catalog, i, entry) {
        if (r == 0 && json_is_object(entry))
            r = copy_service(reader->session, entry, copy_endpoint, &n_endpoints);
        if (r == 0 && n_endpoints > IDENTITY_ENDPOINTS_MOST)
            r = complain_of_number(reader, path, IDENTITY_ENDPOINTS_MOST, "endpoints");
    }
    return r;
}
