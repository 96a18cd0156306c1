/* SPDX-License-Identifier: MIT */
/* See request.h. */
#include "request.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

const char *request_header(const struct request *r, const char *name)
{
    return MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name);
}

bool request_is_chunked(const struct request *r)
{
    return request_header(r, "Transfer-Encoding") != NULL;
}

bool request_has_body(const struct request *r)
{
    const char *length = request_header(r, "Content-Length");

    return request_is_chunked(r) || (length && strtoull(length, NULL, 10) > 0);
}

uint64_t request_number(const struct request *r, const char *name, uint64_t fallback)
{
    _cleanup_(freep) char *text = target_parameter(&r->target, name);
    char *end;
    uint64_t number;

    if (!text || *text < '0' || *text > '9')
        return fallback;
    number = strtoull(text, &end, 10);
    return *end ? fallback : number;
}

json_t *request_json(const struct request *r)
{
    return r->body.kept ? json_loadb(r->body.kept, r->body.kept_length, 0, NULL) : NULL;
}

int request_client_fd(const struct request *r)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(r->connection, MHD_CONNECTION_INFO_CONNECTION_FD);

    return info ? info->connect_fd : -1;
}

bool request_wait_on(int client_fd, int stop_fd, double seconds)
{
    int64_t end = clock_boot_ns() + (int64_t)(seconds * 1e9);
    struct pollfd fds[] = {
        {.fd = client_fd, .events = POLLRDHUP},
        {.fd = stop_fd, .events = POLLIN},
    };

    for (;;) {
        int64_t left = end - clock_boot_ns();
        struct timespec timeout = {left / 1000000000, left % 1000000000};

        if (seconds >= 0 && left <= 0)
            return true;
        if (ppoll(fds, ARRAY_SIZE(fds), seconds < 0 ? NULL : &timeout, NULL) > 0)
            return false;
    }
}

bool request_wait(const struct request *r, double seconds)
{
    return request_wait_on(request_client_fd(r), r->sandbox->stop_fd, seconds);
}

void answer_response(struct request *r, unsigned status, struct MHD_Response *response)
{
    if (r->answer)
        MHD_destroy_response(r->answer);
    r->answer = response;
    r->status = status;
}

void answer_header(struct request *r, const char *name, const char *value)
{
    if (r->answer && value)
        MHD_add_response_header(r->answer, name, value);
}

void answer_header_number(struct request *r, const char *name, uint64_t value)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRIu64, value);
    answer_header(r, name, text);
}

void answer_bytes(struct request *r, unsigned status, const char *content_type, const void *bytes,
                  size_t size)
{
    /* The library takes a writable pointer, but copies and leaves the bytes alone. */
    answer_response(
        r, status,
        MHD_create_response_from_buffer(size, (void *)(uintptr_t)bytes, MHD_RESPMEM_MUST_COPY));
    answer_header(r, "Content-Type", content_type);
}

void answer_text(struct request *r, unsigned status, const char *content_type, const char *text)
{
    answer_bytes(r, status, content_type, text, strlen(text));
}

void answer_json(struct request *r, unsigned status, json_t *json)
{
    _cleanup_(freep) char *text = json_dumps(json, JSON_COMPACT | JSON_PRESERVE_ORDER);

    json_decref(json);
    if (text)
        answer_text(r, status, "application/json", text);
}

void answer_empty(struct request *r, unsigned status)
{
    answer_bytes(r, status, NULL, "", 0);
}

void answer_fault(struct request *r, unsigned status, const char *name, const char *message)
{
    answer_json(r, status,
                json_pack("{s:{s:i,s:s}}", name, "code", (int)status, "message", message));
}

void answer_not_found(struct request *r)
{
    answer_fault(r, 404, "itemNotFound", "The resource could not be found.");
}

void answer_bad_request(struct request *r, const char *message)
{
    answer_fault(r, 400, "badRequest", message);
}

void answer_unauthorized(struct request *r, bool page)
{
    char uri[128];

    snprintf(uri, sizeof(uri), "Keystone uri=\"%s/v2.0\"", r->sandbox->base_url);
    if (page)
        answer_text(r, 401, "text/html; charset=UTF-8",
                    "<html><h1>Unauthorized</h1><p>This server could not verify that you are "
                    "authorized to access the document you requested.</p></html>");
    else
        answer_fault(r, 401, "unauthorized",
                     "No valid token provided. Please use the 'X-Auth-Token' "
                     "header with a valid token.");
    answer_header(r, "Www-Authenticate", "Swift realm=\"MossoCloudFS_aaaa\"");
    answer_header(r, "WWW-Authenticate", uri);
}
