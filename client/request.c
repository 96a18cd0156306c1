/* SPDX-License-Identifier: MIT */
/*
 * Signed requests: what the caller wants is gathered here, checked, and handed to the transport.
 * The answer passes through on its way to the caller's callbacks, so that a problem document of the
 * daemon's can be told from an answer of the service.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "client.h"

#define FIRST_SILENCE 300
#define PROBLEM_LIMIT ((size_t)64 * 1024)

struct lk_request {
    lk_client *client;
    char *method, *service, *path;
    char *cloud, *region, *interface; /* NULL: not given */
    char **headers;
    size_t n_headers;
    void *data; /* body out of memory */
    struct transport_call call;
    lk_head_fn on_head;
    void *head_userdata;
    lk_body_fn on_body;
    void *body_userdata;
    /* the answer */
    unsigned status;
    bool is_problem;
    struct buffer problem;
};

DEFINE_CLEANUP(lk_request *, lk_request_free)

static bool is_token(const char *text)
{
    if (!*text)
        return false;
    for (; *text; text++)
        if (!isalnum((unsigned char)*text) && !strchr("!#$%&'*+-.^_`|~", *text))
            return false;
    return true;
}

static int take_head(void *userdata, const lk_head *head)
{
    lk_request *request = userdata;

    request->status = lk_head_status(head);
    request->is_problem =
        request->status >= 400 && error_is_problem_type(lk_head_header(head, "Content-Type"));
    return request->on_head ? request->on_head(request->head_userdata, head) : 0;
}

static int take_body(void *userdata, const void *data, size_t size)
{
    lk_request *request = userdata;

    if (request->is_problem && request->problem.size + size <= PROBLEM_LIMIT)
        buffer_append(&request->problem, data, size);
    return request->on_body ? request->on_body(request->body_userdata, data, size) : 0;
}

int lk_request_new(lk_client *client, const char *method, const char *service, const char *path,
                   lk_request **ret_request)
{
    _cleanup_(lk_request_freep) lk_request *request = NULL;
    _cleanup_(freep) char *target = NULL;
    int r;

    if (!is_token(method))
        return -EINVAL;
    r = target_proxy(NULL, service, NULL, NULL, path, &target);
    if (r < 0)
        return r;
    request = calloc(1, sizeof(*request));
    if (!request)
        return -ENOMEM;

    request->client = client;
    request->method = strdup(method);
    request->service = strdup(service);
    request->path = strdup(path);
    if (!request->method || !request->service || !request->path)
        return -ENOMEM;
    request->call = (struct transport_call){
        .method = request->method,
        .on_head = take_head,
        .head_userdata = request,
        .on_body = take_body,
        .body_userdata = request,
        .silence = FIRST_SILENCE,
    };
    *ret_request = TAKE_PTR(request);
    return 0;
}

void lk_request_free(lk_request *request)
{
    if (!request)
        return;
    for (size_t i = 0; i < request->n_headers; i++)
        secret_free(request->headers[i]);
    free(request->headers);
    free(request->method);
    free(request->service);
    free(request->path);
    free(request->cloud);
    free(request->region);
    free(request->interface);
    free(request->data);
    buffer_done(&request->problem);
    free(request);
}

static int replace(char **text, const char *with)
{
    char *copy = with ? strdup(with) : NULL;

    if (with && !copy)
        return -ENOMEM;
    free(*text);
    *text = copy;
    return 0;
}

int lk_request_set_cloud(lk_request *request, const char *cloud)
{
    return replace(&request->cloud, cloud);
}

int lk_request_set_region(lk_request *request, const char *region)
{
    return replace(&request->region, region);
}

int lk_request_set_interface(lk_request *request, const char *interface)
{
    return replace(&request->interface, interface);
}

/* Any text, in any encoding, but nothing that ends a line or steers a terminal. */
static bool is_field_value(const char *value)
{
    for (; *value; value++)
        if (((unsigned char)*value < ' ' && *value != '\t') || *value == 0x7f)
            return false;
    return true;
}

int lk_request_add_header(lk_request *request, const char *name, const char *value)
{
    static const char *const ours[] = {"Connection", "Content-Length", "Host", "Transfer-Encoding"};
    char **headers, *line;

    for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
        if (strcasecmp(name, ours[i]) == 0)
            return -EINVAL;
    if (!is_token(name) || !is_field_value(value))
        return -EINVAL;

    headers = reallocarray(request->headers, request->n_headers + 1, sizeof(*headers));
    if (!headers)
        return -ENOMEM;
    request->headers = headers;
    value += strspn(value, " \t");
    /* the spelling that libcurl wants for a header without a value */
    if (asprintf(&line, "%s%s%s", name, *value ? ": " : ";", value) < 0)
        return -ENOMEM;
    headers[request->n_headers++] = line;
    return 0;
}

static void drop_body(lk_request *request)
{
    free(request->data);
    request->data = NULL;
    request->call.data = NULL;
    request->call.size = 0;
    request->call.read = NULL;
    request->call.read_userdata = NULL;
    request->call.length = 0;
}

int lk_request_set_body(lk_request *request, const void *data, size_t size)
{
    void *copy = malloc(size + 1);

    if (!copy)
        return -ENOMEM;
    if (size > 0)
        memcpy(copy, data, size);
    drop_body(request);
    request->data = copy;
    request->call.data = copy;
    request->call.size = size;
    return 0;
}

void lk_request_set_reader(lk_request *request, lk_read_fn read, void *userdata, int64_t length)
{
    drop_body(request);
    request->call.read = read;
    request->call.read_userdata = userdata;
    request->call.length = length < 0 ? -1 : length;
}

void lk_request_on_head(lk_request *request, lk_head_fn on_head, void *userdata)
{
    request->on_head = on_head;
    request->head_userdata = userdata;
}

void lk_request_on_body(lk_request *request, lk_body_fn on_body, void *userdata)
{
    request->on_body = on_body;
    request->body_userdata = userdata;
}

void lk_request_on_progress(lk_request *request, lk_progress_fn on_progress, void *userdata)
{
    request->call.on_progress = on_progress;
    request->call.progress_userdata = userdata;
}

int lk_request_set_silence(lk_request *request, unsigned seconds)
{
    if (seconds == 0)
        return -EINVAL;
    request->call.silence = seconds;
    return 0;
}

static bool is_repeatable(const lk_request *request)
{
    static const char *const safe[] = {"GET", "HEAD", "OPTIONS"};

    if (request->call.read || request->call.data)
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(safe); i++)
        if (strcmp(request->method, safe[i]) == 0)
            return true;
    return false;
}

static int report_problem(const lk_request *request, lk_error **ret_error)
{
    _cleanup_(lk_error_freep) lk_error *error = NULL;
    int r;

    r = error_problem(&error, request->status, &request->problem);
    if (r > 0 && !error_is_daemons(error))
        return 0;
    if (ret_error)
        *ret_error = TAKE_PTR(error);
    return r;
}

int lk_request_perform(lk_request *request, lk_error **ret_error)
{
    _cleanup_(freep) char *target = NULL;
    int r;

    request->status = 0;
    request->is_problem = false;
    buffer_done(&request->problem);
    if (strcmp(request->method, "HEAD") == 0 && (request->call.read || request->call.data))
        return error_errno(ret_error, -EINVAL, "a HEAD request has no body");

    r = target_proxy(client_cloud(request->client, request->cloud), request->service,
                     request->region, request->interface, request->path, &target);
    if (r < 0)
        return client_error(request->client, r, ret_error);
    request->call.target = target;
    request->call.headers = request->headers;
    request->call.n_headers = request->n_headers;
    request->call.repeatable = is_repeatable(request);
    r = transport_exchange(client_transport(request->client), &request->call);
    if (r < 0)
        return client_error(request->client, r, ret_error);
    return request->is_problem ? report_problem(request, ret_error) : 0;
}

unsigned lk_request_status(const lk_request *request)
{
    return request->status;
}
