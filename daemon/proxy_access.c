/* SPDX-License-Identifier: MIT */
/* A signed request as the access rules get to see it. It is decided anew with each try, for by then the
 * rules, or the endpoint, may be others. */
#include "proxy_private.h"

#include <errno.h>
#include <string.h>

#define METHOD_SHOWN 16

struct headers {
    struct policy_header all[PROXY_HEADERS_MOST];
    size_t n;
};

static int note_header(const char *name, const char *value, void *userdata)
{
    struct headers *h = userdata;

    if (h->n == ARRAY_SIZE(h->all))
        return -E2BIG;
    h->all[h->n++] = (struct policy_header){name, value};
    return 0;
}

/* As much of the method as can be shown to anybody. */
static int shown_length(const char *method)
{
    size_t length = strspn(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-_");

    return length < METHOD_SHOWN ? (int)length : METHOD_SHOWN;
}

static struct problem *refuse(struct exchange *x, const struct policy_call *call)
{
    _cleanup_(freep) char *what = NULL;

    if (asprintf(&what,
                 "%.*s to %s%s%s; service, region, method, path and what the headers name must "
                 "all be in one rule",
                 shown_length(call->method), call->method, call->service->type,
                 call->region ? " in " : "", call->region ? call->region : "") < 0) {
        what = NULL;
        return NULL;
    }
    return exchange_denied(x, what);
}

bool proxy_may_send(struct exchange *x, const struct session *session,
                    const struct endpoint_choice *choice, struct problem **ret_problem)
{
    struct headers headers;
    struct policy_call call = {
        .catalog = session->catalog,
        .service = choice->service,
        .region = choice->region,
        .method = x->request->method,
        .target = x->target.rest,
        .headers = headers.all,
    };

    headers.n = 0;
    if (x->host->policy->n_rules > 0 &&
        request_each_header(x->request, note_header, &headers) < 0) {
        *ret_problem =
            problem_new(PROBLEM_HEAD_TOO_LARGE, "The request has more than %d headers: send fewer.",
                        PROXY_HEADERS_MOST);
        return false;
    }
    call.n_headers = headers.n;
    if (exchange_may_call(x, &call))
        return true;
    *ret_problem = refuse(x, &call);
    return false;
}
