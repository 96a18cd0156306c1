/* SPDX-License-Identifier: MIT */
#include "problem.h"

#include <stdarg.h>

static const struct {
    const char *word;
    unsigned status;
    const char *title;
} table[_PROBLEM_MAX] = {
    [PROBLEM_BAD_REQUEST] = {"bad-request", 400, "The request is malformed"},
    [PROBLEM_BAD_PATH] = {"bad-path", 400, "The path leaves the endpoint"},
    [PROBLEM_BODY_TOO_LARGE] = {"body-too-large", 413, "The body is too large"},
    [PROBLEM_DENIED] = {"denied", 403, "Not allowed"},
    [PROBLEM_HEAD_TOO_LARGE] = {"head-too-large", 431, "Target and headers are too large"},
    [PROBLEM_METHOD_NOT_ALLOWED] = {"method-not-allowed", 405, "Method not allowed"},
    [PROBLEM_NOT_FOUND] = {"not-found", 404, "No such resource"},
    [PROBLEM_NO_TOKEN] = {"no-token", 404, "The cloud has no token"},
    [PROBLEM_REGION_REQUIRED] = {"region-required", 400, "A region is required"},
    [PROBLEM_TOO_MANY] = {"too-many", 429, "Too many at a time"},
    [PROBLEM_UNKNOWN_CLOUD] = {"unknown-cloud", 404, "No such cloud"},
    [PROBLEM_UNKNOWN_INTERFACE] = {"unknown-interface", 404, "No such interface"},
    [PROBLEM_UNKNOWN_REGION] = {"unknown-region", 404, "No such region"},
    [PROBLEM_UNKNOWN_SERVICE] = {"unknown-service", 404, "No such service"},
    [PROBLEM_CREDENTIAL_UNREADABLE] = {"credential-unreadable", 503,
                                       "The credential file cannot be read"},
    [PROBLEM_INTERNAL] = {"internal-error", 500, "The daemon failed"},
    [PROBLEM_NOT_READY] = {"not-ready", 503, "No usable token yet"},
    [PROBLEM_SIGNED_OUT] = {"signed-out", 503, "No credential is held"},
    [PROBLEM_STOPPING] = {"stopping", 503, "The daemon is stopping"},
    [PROBLEM_BAD_ANSWER] = {"bad-answer", 502, "The answer makes no sense"},
    [PROBLEM_CREDENTIALS_REJECTED] = {"credentials-rejected", 403, "The credentials were refused"},
    [PROBLEM_IDENTITY_UNAVAILABLE] = {"identity-unavailable", 502,
                                      "The identity service is out of order"},
    [PROBLEM_RATE_LIMITED] = {"rate-limited", 503, "The identity service asks us to wait"},
    [PROBLEM_TLS_FAILURE] = {"tls-failure", 502, "The TLS connection failed"},
    [PROBLEM_UPSTREAM_TIMEOUT] = {"upstream-timeout", 504, "The cloud did not answer in time"},
    [PROBLEM_UPSTREAM_UNREACHABLE] = {"upstream-unreachable", 502, "The cloud cannot be reached"},
};

const char *problem_word(enum problem_code code)
{
    return table[code].word;
}

unsigned problem_status(enum problem_code code)
{
    return table[code].status;
}

const char *problem_title(enum problem_code code)
{
    return table[code].title;
}

static char no_memory_detail[] = "The daemon is out of memory: try again in a moment.";
static struct problem no_memory = {.code = PROBLEM_INTERNAL, .detail = no_memory_detail};

struct problem *problem_or_no_memory(struct problem *p)
{
    return p ? p : &no_memory;
}

struct problem *problem_new(enum problem_code code, const char *format, ...)
{
    _cleanup_(problem_freep) struct problem *p = calloc(1, sizeof(*p));
    va_list ap;
    int r;

    if (!p)
        return NULL;
    p->code = code;
    va_start(ap, format);
    r = vasprintf(&p->detail, format, ap);
    va_end(ap);
    if (r < 0) {
        p->detail = NULL;
        return NULL;
    }
    return TAKE_PTR(p);
}

struct problem *problem_copy(const struct problem *p)
{
    struct problem *copy = problem_new(p->code, "%s", p->detail);

    if (copy)
        copy->retry_after = p->retry_after;
    return copy;
}

void problem_free(struct problem *p)
{
    if (!p || p == &no_memory)
        return;
    free(p->detail);
    free(p);
}
