/* SPDX-License-Identifier: MIT */
#include "identity_call.h"

#include "secret.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#define ANSWER_MOST \
    ((size_t)1024 * \
     1024) /* a catalog is some 10 KiB; what is larger than this is hostile or no catalog */

struct identity_call {
    struct identity_request *request;
    struct transfer *transfer;
    size_t sent;
    char *body;
    size_t length, size;
    struct identity_answer answer;
    identity_call_done done;
    void *userdata;
};

static unsigned clamp(uint64_t seconds)
{
    return seconds < UINT_MAX ? (unsigned)seconds : UINT_MAX;
}

/* Seconds, or a time (RFC 9110, 10.2.3); what is neither counts as none, so that a stray sign does
 * not silence us for a day. */
static unsigned seconds_to_wait(const char *retry_after, time_t now)
{
    time_t when;

    if (retry_after[strspn(retry_after, "0123456789")] == '\0')
        return clamp(strtoull(retry_after, NULL, 10));
    when = upstream_parse_date(retry_after);
    return now > 0 && when > now ? clamp((uint64_t)(when - now)) : 0;
}

static bool on_head(struct transfer *t, unsigned status, void *userdata)
{
    struct identity_call *c = userdata;
    const char *date = transfer_header_find(t, "Date");
    const char *retry_after = transfer_header_find(t, "Retry-After");

    c->answer.status = status;
    c->answer.received_boottime = clock_boottime();
    c->answer.received_realtime = clock_realtime();
    c->answer.headers = transfer_headers(t);
    c->answer.date = date ? upstream_parse_date(date) : 0;
    c->answer.retry_after = retry_after ? seconds_to_wait(retry_after, c->answer.date) : 0;
    return true;
}

static int on_body(struct transfer *t _unused_, const char *data, size_t length, void *userdata)
{
    struct identity_call *c = userdata;

    if (length > ANSWER_MOST - c->length)
        return TRANSFER_ABORT;
    if (c->length + length + 1 > c->size) {
        size_t size = (c->length + length) * 2 + 1;
        char *grown = secret_realloc(c->body, size);

        if (!grown)
            return TRANSFER_ABORT;
        c->body = grown;
        c->size = size;
    }
    memcpy(c->body + c->length, data, length);
    c->length += length;
    c->body[c->length] = '\0';
    return 0;
}

static ssize_t on_upload(struct transfer *t _unused_, char *to, size_t length, void *userdata)
{
    struct identity_call *c = userdata;
    size_t left = strlen(c->request->body) - c->sent;

    if (length > left)
        length = left;
    memcpy(to, c->request->body + c->sent, length);
    c->sent += length;
    return (ssize_t)length;
}

static bool on_rewind(struct transfer *t _unused_, void *userdata)
{
    struct identity_call *c = userdata;

    c->sent = 0;
    return true;
}

static void on_done(struct transfer *t _unused_, const struct problem *problem, void *userdata)
{
    struct identity_call *c = userdata;

    c->answer.body = c->body ? c->body : "";
    c->answer.length = c->length;
    c->done(problem ? NULL : &c->answer, problem, c->userdata);
}

static usec_t time_left(usec_t until)
{
    usec_t now = clock_boottime();

    return until > now + USEC_PER_MSEC ? until - now : USEC_PER_MSEC; /* 0 is without an end */
}

static int start(struct identity_call *c, struct upstream *u, const struct cloud_config *cloud,
                 usec_t until)
{
    static const struct transfer_handler handler = {
        .head = on_head,
        .body = on_body,
        .upload = on_upload,
        .rewind = on_rewind,
        .done = on_done,
    };
    struct transfer_header headers[3 + IDENTITY_HEADERS_MOST];
    struct transfer_request request = {
        .method = c->request->method,
        .url = c->request->url,
        .headers = headers,
        .length = c->request->body ? (int64_t)strlen(c->request->body) : TRANSFER_NO_BODY,
        .repeatable = true,
        .seldom = true,
        .cloud = cloud,
        .total_timeout = time_left(until),
        .total_key = "login_timeout",
    };
    size_t n = 0;

    headers[n++] = (struct transfer_header){"Accept", "application/json"};
    if (c->request->body)
        headers[n++] = (struct transfer_header){"Content-Type", "application/json"};
    headers[n++] = (struct transfer_header){
        "User-Agent", cloud->user_agent ? cloud->user_agent : "latchkey/" LATCHKEY_VERSION};
    for (size_t i = 0; i < IDENTITY_HEADERS_MOST && c->request->headers[i].name; i++)
        headers[n++] =
            (struct transfer_header){c->request->headers[i].name, c->request->headers[i].value};
    request.n_headers = n;
    return transfer_start(u, &request, &handler, c, &c->transfer);
}

int identity_call_start(struct upstream *u, struct identity_request *request,
                        const struct cloud_config *cloud, usec_t until, identity_call_done done,
                        void *userdata, struct identity_call **ret)
{
    _cleanup_(identity_call_freep) struct identity_call *c = calloc(1, sizeof(*c));
    int r;

    if (!c) {
        identity_request_free(request);
        return -ENOMEM;
    }
    c->request = request;
    c->done = done;
    c->userdata = userdata;
    r = start(c, u, cloud, until);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(c);
    return 0;
}

void identity_call_free(struct identity_call *c)
{
    if (!c)
        return;
    transfer_free(c->transfer);
    identity_request_free(c->request);
    secret_free(c->body);
    free(c);
}
