/* SPDX-License-Identifier: MIT */
#include "error.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <string.h>
#include <strings.h>

#include "decode.h"

struct lk_error {
    int result;
    unsigned http_status;
    char *message;
    struct document *problem; /* NULL: there is none */
};

/* The daemon's code words; several may mean the same to a program. */
static const struct {
    const char *code;
    lk_status status;
} codes[] = {
    {"bad-answer", LK_UPSTREAM_BROKEN},
    {"bad-path", LK_BAD_PATH},
    {"bad-request", LK_BAD_REQUEST},
    {"body-too-large", LK_BAD_REQUEST},
    {"credentials-rejected", LK_CREDENTIALS_REJECTED},
    {"denied", LK_DENIED},
    {"head-too-large", LK_BAD_REQUEST},
    {"identity-unavailable", LK_UPSTREAM_BROKEN},
    {"method-not-allowed", LK_BAD_REQUEST},
    {"not-found", LK_BAD_REQUEST},
    {"not-ready", LK_NOT_READY},
    {"rate-limited", LK_RATE_LIMITED},
    {"region-required", LK_REGION_REQUIRED},
    {"signed-out", LK_SIGNED_OUT},
    {"stopping", LK_STOPPING},
    {"tls-failure", LK_UNREACHABLE},
    {"too-many", LK_TOO_MANY},
    {"unknown-cloud", LK_UNKNOWN_CLOUD},
    {"unknown-interface", LK_UNKNOWN_INTERFACE},
    {"unknown-region", LK_UNKNOWN_REGION},
    {"unknown-service", LK_UNKNOWN_SERVICE},
    {"upstream-timeout", LK_UPSTREAM_TIMEOUT},
    {"upstream-unreachable", LK_UNREACHABLE},
};

static const char *const status_texts[] = {
    [LK_OK] = "success",
    [LK_PROBLEM] = "the daemon reports a problem",
    [LK_NO_CHANGE] = "no newer token came in time",
    [LK_DENIED] = "not allowed",
    [LK_NOT_READY] = "no usable token yet",
    [LK_SIGNED_OUT] = "no credential is held",
    [LK_CREDENTIALS_REJECTED] = "the credentials were refused",
    [LK_UNKNOWN_CLOUD] = "no such cloud",
    [LK_UNKNOWN_SERVICE] = "no such service",
    [LK_UNKNOWN_REGION] = "no such region",
    [LK_UNKNOWN_INTERFACE] = "no such interface",
    [LK_REGION_REQUIRED] = "a region is required",
    [LK_BAD_PATH] = "the path would leave the endpoint",
    [LK_BAD_REQUEST] = "the request is malformed",
    [LK_UNREACHABLE] = "the cloud cannot be reached",
    [LK_UPSTREAM_TIMEOUT] = "the cloud did not answer in time",
    [LK_RATE_LIMITED] = "the identity service asks to wait",
    [LK_UPSTREAM_BROKEN] = "the cloud's answer makes no sense",
    [LK_STOPPING] = "the daemon is stopping",
    [LK_TOO_MANY] = "too much at once",
};

const char *lk_status_text(int result)
{
    const char *text = NULL;

    if (result < 0)
        text = result < -INT_MAX ? NULL : strerrordesc_np(-result);
    else if ((size_t)result < ARRAY_SIZE(status_texts))
        text = status_texts[result];
    else
        text = status_texts[LK_PROBLEM];
    return text ? text : "unknown error";
}

int error_errno(lk_error **ret_error, int r, const char *format, ...)
{
    _cleanup_(lk_error_freep) lk_error *error = NULL;
    va_list ap;
    int n;

    if (!ret_error)
        return r;
    error = calloc(1, sizeof(*error));
    if (!error)
        return r;
    error->result = r;
    va_start(ap, format);
    n = vasprintf(&error->message, format, ap);
    va_end(ap);
    if (n < 0)
        error->message = NULL;
    *ret_error = TAKE_PTR(error);
    return r;
}

bool error_is_problem_type(const char *content_type)
{
    static const char type[] = "application/problem+json";

    /* the strchr finds the end of the string too */
    return content_type && strncasecmp(content_type, type, strlen(type)) == 0 &&
           strchr("; \t", content_type[strlen(type)]);
}

static int status_of(const struct document *problem)
{
    const char *code = problem ? node_string(document_root(problem), "code") : NULL;

    for (size_t i = 0; code && i < ARRAY_SIZE(codes); i++)
        if (strcmp(codes[i].code, code) == 0)
            return codes[i].status;
    return LK_PROBLEM;
}

static int set_message(lk_error *error)
{
    const char *text = lk_error_detail(error);

    if (!text)
        text = lk_error_title(error);
    if (text)
        error->message = strdup(text);
    else if (asprintf(&error->message, "the daemon answers %u without saying why",
                      error->http_status) < 0)
        error->message = NULL;
    return error->message ? 0 : -ENOMEM;
}

int error_problem(lk_error **ret_error, unsigned http_status, const struct buffer *body)
{
    _cleanup_(lk_error_freep) lk_error *error = calloc(1, sizeof(*error));
    _cleanup_(buffer_done) struct buffer text = {};
    int r;

    if (!error)
        return -ENOMEM;
    r = buffer_append(&text, body->data, body->size);
    if (r < 0)
        return r;
    r = document_new(&text, &error->problem);
    if (r == -ENOMEM)
        return r;

    error->http_status = http_status;
    error->result = status_of(error->problem);
    r = set_message(error);
    if (r < 0)
        return r;
    r = error->result;
    if (ret_error)
        *ret_error = TAKE_PTR(error);
    return r;
}

void lk_error_free(lk_error *error)
{
    if (!error)
        return;
    document_free(error->problem);
    free(error->message);
    free(error);
}

int lk_error_result(const lk_error *error)
{
    return error ? error->result : 0;
}

const char *lk_error_message(const lk_error *error)
{
    if (!error)
        return "no more is known about this error";
    return error->message ? error->message : lk_status_text(error->result);
}

unsigned lk_error_http_status(const lk_error *error)
{
    return error ? error->http_status : 0;
}

static const char *member(const lk_error *error, const char *key)
{
    return error && error->problem ? node_string(document_root(error->problem), key) : NULL;
}

const char *lk_error_code(const lk_error *error)
{
    return member(error, "code");
}

const char *lk_error_title(const lk_error *error)
{
    return member(error, "title");
}

const char *lk_error_detail(const lk_error *error)
{
    return member(error, "detail");
}

bool error_is_daemons(const lk_error *error)
{
    static const char prefix[] = "urn:latchkey:problem:";
    const char *type = member(error, "type");

    return type && strncmp(type, prefix, strlen(prefix)) == 0;
}
