/* SPDX-License-Identifier: MIT */
/* The service's side of a signed request: what it is sent, and what its answers leave behind for
 * proxy.c to act on. */
#include "proxy_private.h"

#include "log.h"
#include "proxy_headers.h"
#include "secret.h"

#include <errno.h>
#include <string.h>

/* ---- the request's head */

struct head {
    struct transfer_header
        headers[PROXY_HEADERS_MOST]; /* borrowed from the request and the session */
    size_t n;
    char *connection; /* what the Connection headers name */
};

static int add(struct head *h, const char *name, const char *value)
{
    if (h->n == PROXY_HEADERS_MOST)
        return -E2BIG;
    h->headers[h->n++] = (struct transfer_header){name, value};
    return 0;
}

static int note_connection(const char *name, const char *value, void *userdata)
{
    struct head *h = userdata;

    return header_is(name, "Connection") ? proxy_connection_add(&h->connection, value) : 0;
}

/* Nothing that a value cannot have (RFC 9110, 5.5). */
static bool has_control(const char *value)
{
    for (const unsigned char *p = (const unsigned char *)value; *p; p++)
        if ((*p < ' ' && *p != '\t') || *p == 0x7f)
            return true;
    return false;
}

static int pass(const char *name, const char *value, void *userdata)
{
    struct head *h = userdata;

    /* libmicrohttpd lets other names through, "X-Auth-Token " with its blank too, and a lone CR, which
     * there are servers that take for the end of a line. */
    if (!header_is_token(name) || has_control(value))
        return -EBADMSG;
    return proxy_request_header_passes(name, h->connection) ? add(h, name, value) : 0;
}

/* The request target that the service gets: the endpoint's own path, and behind it byte by byte
 * what the client sent. */
char *proxy_join_target(const char *endpoint, const char *rest)
{
    const char *path = strstr(endpoint, "://");
    size_t length;
    char *target;

    path = path ? path + 3 + strcspn(path + 3, "/?#") : "";
    length = strcspn(path, "?#");
    while (*rest == '/' && length > 0 && path[length - 1] == '/')
        length--;
    if (asprintf(&target, "%.*s%s%s", (int)length, path, length == 0 && *rest != '/' ? "/" : "",
                 rest) < 0)
        return NULL;
    return target;
}

/* ---- what the service does */

static void wake(struct signing *s)
{
    request_wake(s->exchange->request);
}

/* Whether the service may refuse the body before it is sent: one that cannot be kept for a second try
 * must not be lost to a 401. */
static bool is_asked_first(const struct signing *s)
{
    const struct request *r = s->exchange->request;

    return !s->unasked && (r->expects_continue || r->length == REQUEST_UNKNOWN_LENGTH ||
                           r->length > (int64_t)RING_SIZE);
}

static bool is_all_sent(const struct signing *s)
{
    return s->up_complete && ring_used(&s->up) == 0;
}

static bool on_head(struct transfer *t _unused_, unsigned status, void *userdata)
{
    struct signing *s = userdata;

    s->status = status;
    if (status != 401)
        cloud_accepted(s->exchange->cloud, s->generation, s->resource);
    else if (s->retried)
        cloud_challenge_failed(s->exchange->cloud, s->resource);
    /* What comes of it is decided in step(): a transfer cannot be started from within another. */
    s->challenged = s->challenge_new = status == 401 && !s->retried;
    s->not_understood = status == 417 && is_asked_first(s) && !is_all_sent(s);
    /* Nothing more is sent once a service has said no. */
    s->up_refused = status >= 300 && !is_sent_again(s);
    wake(s);
    /* The service may still wait for the body, so that nothing else can be sent there. */
    return !s->not_understood;
}

static int on_body(struct transfer *t _unused_, const char *data, size_t length, void *userdata)
{
    struct signing *s = userdata;

    if (is_sent_again(s) || ring_used(&s->down) + length > PROXY_DOWN_MOST)
        return TRANSFER_PAUSE;
    if (ring_put(&s->down, data, length) < 0)
        return TRANSFER_ABORT;
    s->exchange->cloud->counters.bytes_received += length;
    wake(s);
    return 0;
}

static ssize_t on_upload(struct transfer *t _unused_, char *to, size_t length, void *userdata)
{
    struct signing *s = userdata;
    size_t n;

    if (is_sent_again(s))
        return TRANSFER_PAUSE;
    if (!s->up_wanted) {
        s->up_wanted = true;
        wake(s);
    }
    n = ring_take(&s->up, to, length);
    s->exchange->cloud->counters.bytes_sent += n;
    if (s->up_held && ring_room(&s->up) >= PROXY_RESUME_AT) {
        s->up_held = false;
        wake(s);
    }
    if (n > 0)
        return (ssize_t)n;
    return s->up_complete ? 0 : TRANSFER_PAUSE;
}

static bool on_rewind(struct transfer *t _unused_, void *userdata)
{
    struct signing *s = userdata;

    return ring_rewind(&s->up);
}

static void answer_failure(struct signing *s, const struct problem *problem)
{
    struct exchange *x = s->exchange;
    struct request *r = x->request;
    uint64_t sent = transfer_sent(s->transfer);

    s->answered = true;
    if (r->length == REQUEST_NO_BODY)
        exchange_problem(x, problem_copy(problem));
    else
        exchange_problem(x, problem_new(problem->code,
                                        "%s %llu bytes of the body had been sent; whether they "
                                        "were taken is not known.",
                                        problem->detail, (unsigned long long)sent));
}

static void on_done(struct transfer *t _unused_, const struct problem *problem, void *userdata)
{
    struct signing *s = userdata;
    struct log_fields fields = {
        .cloud = s->exchange->cloud->config.name,
        .code = problem ? problem_word(problem->code) : NULL,
        .peer = s->exchange->request->peer,
    };

    s->up_refused |= !is_sent_again(s);
    s->down_complete = true;
    s->down_failed = problem != NULL;
    if (problem && !s->not_understood)
        log_with(LOG_INFO, &fields, "a signed request to %s failed: %s", s->address.service,
                 problem->detail);
    if (problem && s->status == 0)
        answer_failure(s, problem);
    wake(s);
}

/* ---- sending it */

/* RFC 9110, 9.2.2 */
static bool is_idempotent(const char *method)
{
    static const char *const methods[] = {"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"};

    for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
        if (!strcmp(method, methods[i]))
            return true;
    return false;
}

/* What the first try has left of it counts for the second. 0: there is no deadline. */
static usec_t time_left(struct signing *s)
{
    usec_t whole = s->exchange->cloud->config.request_timeout, now = clock_boottime();

    if (whole == 0)
        return 0;
    if (s->deadline == 0)
        s->deadline = now + whole;
    return s->deadline > now + USEC_PER_MSEC ? s->deadline - now : USEC_PER_MSEC;
}

static int start(struct signing *s, const struct session *session, struct head *h)
{
    static const struct transfer_handler handler = {
        .head = on_head,
        .body = on_body,
        .upload = on_upload,
        .rewind = on_rewind,
        .done = on_done,
    };
    struct exchange *x = s->exchange;
    struct request *r = x->request;
    int result;

    result = request_each_header(r, note_connection, h);
    if (result >= 0 && session->token)
        result = add(h, "X-Auth-Token", session->token);
    if (result >= 0)
        result = request_each_header(r, pass, h);
    if (result < 0)
        return result;
    s->generation = session->generation;
    return transfer_start(x->host->upstream,
                          &(struct transfer_request){
                              .method = r->method,
                              .url = s->url,
                              .target = s->target,
                              .headers = h->headers,
                              .n_headers = h->n,
                              .length = r->length,
                              .expect_continue = is_asked_first(s),
                              .repeatable = is_idempotent(r->method),
                              .cloud = &x->cloud->config,
                              .total_timeout = time_left(s),
                              .total_key = "request_timeout",
                              .idle_timeout = x->cloud->config.upstream_timeout,
                          },
                          &handler, s, &s->transfer);
}

int proxy_transfer_start(struct signing *s, const struct session *session)
{
    struct head head = {0};
    int r = start(s, session, &head);

    free(head.connection);
    return r;
}
