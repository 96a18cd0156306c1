/* SPDX-License-Identifier: MIT */
#include "client.h"

#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <string.h>

#define SYSTEM_SOCKET "/run/latchkey/latchkey.sock"
#define USER_SOCKET "latchkey/latchkey.sock"
#define FIRST_TIMEOUT 60

struct lk_client {
    struct transport *transport;
    char *cloud; /* $LATCHKEY_CLOUD when the client was made, or NULL */
    atomic_uint timeout;
};

DEFINE_CLEANUP(lk_client *, lk_client_free)

const char *lk_version(void)
{
    return LATCHKEY_VERSION;
}

static const char *environment(const char *name)
{
    const char *value = secure_getenv(name);

    return value && *value ? value : NULL;
}

static int find_socket(char **ret_path)
{
    const char *path = environment("LATCHKEY_SOCKET");
    const char *runtime = environment("XDG_RUNTIME_DIR");
    _cleanup_(freep) char *users = NULL;

    if (!path && runtime) {
        if (asprintf(&users, "%s/%s", runtime, USER_SOCKET) < 0) {
            users = NULL;
            return -ENOMEM;
        }
        if (access(users, F_OK) == 0) {
            *ret_path = TAKE_PTR(users);
            return 0;
        }
    }
    *ret_path = strdup(path ? path : SYSTEM_SOCKET);
    return *ret_path ? 0 : -ENOMEM;
}

int lk_client_new(const char *socket_path, lk_client **ret_client)
{
    _cleanup_(lk_client_freep) lk_client *client = calloc(1, sizeof(*client));
    _cleanup_(freep) char *found = NULL;
    const char *cloud = environment("LATCHKEY_CLOUD");
    int r;

    if (!client)
        return -ENOMEM;
    atomic_init(&client->timeout, FIRST_TIMEOUT);
    if (!socket_path) {
        r = find_socket(&found);
        if (r < 0)
            return r;
        socket_path = found;
    }
    r = transport_new(socket_path, &client->transport);
    if (r < 0)
        return r;
    if (cloud) {
        client->cloud = strdup(cloud);
        if (!client->cloud)
            return -ENOMEM;
    }
    *ret_client = TAKE_PTR(client);
    return 0;
}

void lk_client_free(lk_client *client)
{
    if (!client)
        return;
    transport_free(client->transport);
    free(client->cloud);
    free(client);
}

const char *lk_client_socket(const lk_client *client)
{
    return transport_socket(client->transport);
}

int lk_client_set_timeout(lk_client *client, unsigned seconds)
{
    if (seconds == 0)
        return -EINVAL;
    atomic_store(&client->timeout, seconds);
    return 0;
}

int lk_client_connect(lk_client *client, lk_error **ret_error)
{
    _cleanup_(document_freep) struct document *document = NULL;

    return client_ask_document(client, &(struct client_question){.method = "GET"}, NULL, &document,
                               ret_error);
}

struct transport *client_transport(lk_client *client)
{
    return client->transport;
}

const char *client_cloud(const lk_client *client, const char *cloud)
{
    return cloud ? cloud : client->cloud;
}

int client_error(const lk_client *client, int r, lk_error **ret_error)
{
    const char *path = lk_client_socket(client);
    const char *why = lk_status_text(r);

    switch (r) {
    case -ENOENT:
    case -ENOTDIR:
    case -ELOOP:
    case -ECONNREFUSED:
    case -EPROTOTYPE:
        return error_errno(ret_error, r, "no daemon answers at %s: %s", path, why);
    case -EACCES:
        return error_errno(ret_error, r, "the socket %s does not let this user in: %s", path, why);
    case -ETIMEDOUT:
        return error_errno(ret_error, r, "no answer came through %s in time", path);
    case -EPROTO:
        return error_errno(ret_error, r, "what answers at %s is not latchkeyd", path);
    case -ENODATA:
        return error_errno(ret_error, r, "the request's body ended before its length");
    default:
        return error_errno(ret_error, r, "the exchange through %s broke off: %s", path, why);
    }
}

/* ---- one question ---------------------------------------------------------------------------- */

struct answer {
    unsigned status;
    struct buffer body;
};

static int take_head(void *userdata, const lk_head *head)
{
    struct answer *answer = userdata;

    answer->status = lk_head_status(head);
    return 0;
}

static int take_body(void *userdata, const void *data, size_t size)
{
    struct answer *answer = userdata;

    return buffer_append(&answer->body, data, size);
}

static int exchange(lk_client *client, const struct client_question *question,
                    struct answer *answer)
{
    static char accept[] = "Accept: application/json, application/problem+json";
    static char content_type[] = "Content-Type: application/json";
    char *headers[] = {accept, content_type};
    _cleanup_(freep) char *target = NULL;
    struct transport_call call = {
        .method = question->method,
        .headers = headers,
        .n_headers = question->body ? 2 : 1,
        .on_head = take_head,
        .head_userdata = answer,
        .on_body = take_body,
        .body_userdata = answer,
        /* a long poll counts on the daemon that it was sent to */
        .repeatable = question->patience == 0,
        .limit = atomic_load(&client->timeout),
    };
    int r;

    if (question->resource)
        r = target_resource(client_cloud(client, question->cloud), question->resource,
                            question->queries, question->n_queries, &target);
    else
        r = (target = strdup("/v1")) ? 0 : -ENOMEM;
    if (r < 0)
        return r;

    call.target = target;
    if (__builtin_add_overflow(call.limit, question->patience, &call.limit))
        call.limit = UINT_MAX;
    if (question->body) {
        call.data = question->body->data;
        call.size = question->body->size;
    }
    return transport_exchange(client->transport, &call);
}

static void answer_done(struct answer *answer)
{
    buffer_done(&answer->body);
}

int client_ask(lk_client *client, const struct client_question *question, struct buffer *ret_body,
               lk_error **ret_error)
{
    _cleanup_(answer_done) struct answer answer = {};
    int r;

    r = exchange(client, question, &answer);
    if (r < 0)
        return client_error(client, r, ret_error);
    if (answer.status >= 400)
        return error_problem(ret_error, answer.status, &answer.body);
    if (answer.status < 200 || answer.status >= 300)
        return client_error(client, -EPROTO, ret_error);

    *ret_body = answer.body;
    answer.body = (struct buffer){};
    return 0;
}

int client_ask_passing(lk_client *client, const char *cloud, const char *resource,
                       const char *protocol, int *ret_fd, struct buffer *ret_body,
                       lk_error **ret_error)
{
    _cleanup_(freep) char *target = NULL;
    struct transport_passed passed;
    int r;

    r = target_resource(client_cloud(client, cloud), resource, NULL, 0, &target);
    if (r < 0)
        return r;
    r = transport_ask_passing(client->transport, target, protocol, atomic_load(&client->timeout),
                              &passed);
    if (r < 0)
        return client_error(client, r, ret_error);
    if (passed.status >= 400) {
        r = error_problem(ret_error, passed.status, &passed.body);
        buffer_done(&passed.body);
        return r;
    }
    *ret_fd = passed.fd;
    *ret_body = passed.body;
    return 0;
}

int client_ask_document(lk_client *client, const struct client_question *question,
                        const char *required, struct document **ret_document, lk_error **ret_error)
{
    _cleanup_(document_freep) struct document *document = NULL;
    _cleanup_(buffer_done) struct buffer body = {};
    int r;

    r = client_ask(client, question, &body, ret_error);
    if (r != 0)
        return r;
    r = document_new(&body, &document);
    if (r == 0 && required && !node_string(document_root(document), required))
        r = -EPROTO;
    if (r < 0)
        return client_error(client, r, ret_error);
    *ret_document = TAKE_PTR(document);
    return 0;
}
