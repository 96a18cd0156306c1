/* SPDX-License-Identifier: MIT */
/*
 * The order of events is not ours to choose: the client's body, the service's answer and a login go
 * on side by side. So every event only notes what it brought and wakes the request, and step()
 * looks at the whole and decides what comes next.
 */
#include "proxy_private.h"

#include "proxy_headers.h"
#include "secret.h"

#include <errno.h>
#include <string.h>

/* Room for the headers of an ordinary answer: a request is not carried out whose answer cannot be
 * handed on. */
#define ANSWER_HEAD_LEAST ((size_t)2 * 1024)

static struct signing *signing_of(const struct request *r)
{
    struct exchange *x = r->context;

    return x->signing;
}

/* ---- what the client gets */

static ssize_t read_answer(struct request *r, char *to, size_t length)
{
    struct signing *s = signing_of(r);
    size_t n = ring_take(&s->down, to, length);

    if (ring_used(&s->down) <= PROXY_DOWN_MOST / 2)
        transfer_continue(s->transfer);
    if (n > 0)
        return (ssize_t)n;
    if (!s->down_complete)
        return 0;
    return s->down_failed ? STREAM_ERROR : STREAM_END;
}

/* False when the service names several lengths that are not the same (RFC 9112, 6.3). */
static bool answer_length(const struct signing *s, int64_t *length)
{
    const char *name, *value, *first = NULL;
    size_t position = 0;

    while ((name = transfer_header(s->transfer, &position, &value))) {
        if (!header_is(name, "Content-Length"))
            continue;
        if (first && strcmp(first, value) != 0)
            return false;
        first = value;
    }
    if (transfer_header_find(s->transfer, "Transfer-Encoding"))
        first = NULL; /* which has the last word */
    *length = s->status == 204 ? 0 : first ? strtoll(first, NULL, 10) : -1;
    return true;
}

static void pass_headers(struct signing *s)
{
    _cleanup_(freep) char *connection = NULL;
    struct request *r = s->exchange->request;
    const char *name, *value;
    size_t position = 0;

    while ((name = transfer_header(s->transfer, &position, &value)))
        if (header_is(name, "Connection"))
            (void)proxy_connection_add(&connection, value);
    position = 0;
    while ((name = transfer_header(s->transfer, &position, &value)))
        if (proxy_response_header_passes(name, connection))
            /* libmicrohttpd refuses an empty value; blanks around one do not count (RFC 9110, 5.5). */
            (void)request_answer_header(r, name, *value ? value : " ");
}

static struct problem *refuse_answer(struct signing *s, int64_t *length)
{
    size_t head = transfer_head_length(s->transfer);

    if (head > request_head_room(s->exchange->request))
        return problem_new(PROBLEM_BAD_ANSWER,
                           "The service answered %u with headers of %zu bytes, more than can be "
                           "handed on: ask for less of them.",
                           s->status, head);
    if (!answer_length(s, length))
        return problem_new(
            PROBLEM_BAD_ANSWER,
            "The service answered %u with more than one Content-Length: it cannot be "
            "told where the answer ends.",
            s->status);
    return NULL;
}

/* One that is here already, whole, goes out in one piece. */
static int begin_answer(struct signing *s, int64_t length)
{
    struct request *r = s->exchange->request;
    size_t used = ring_used(&s->down);
    char *body;

    if (!s->down_complete || s->down_failed || length < 0 || (size_t)length != used)
        return request_answer_stream(r, s->status, length, read_answer);
    body = secret_malloc(used + 1);
    if (!body)
        return request_answer_stream(r, s->status, length, read_answer);
    (void)ring_take(&s->down, body, used);
    return request_answer(r, s->status, NULL, body, used);
}

static void give_answer(struct signing *s)
{
    struct problem *problem;
    int64_t length = -1;

    s->answered = true;
    problem = refuse_answer(s, &length);
    if (problem) {
        exchange_problem(s->exchange, problem);
        transfer_free(TAKE_PTR(s->transfer));
        return;
    }
    if (begin_answer(s, length) == 0)
        pass_headers(s);
}

/* ---- deciding */

static bool answered_problem(struct signing *s, struct problem *problem)
{
    s->answered = true;
    exchange_problem(s->exchange, problem);
    return false;
}

static bool choose(struct signing *s, const struct session *session)
{
    struct exchange *x = s->exchange;
    struct endpoint_choice choice;
    struct problem *problem = NULL;
    int r;

    r = exchange_choose(x, session, s->address.service, s->address.region, s->address.interface,
                        &choice, &problem);
    if (r != 0 || !proxy_may_send(x, session, &choice, &problem))
        return answered_problem(s, problem);
    free(s->url);
    free(s->target);
    s->url = strdup(choice.endpoint->url);
    s->target = proxy_join_target(choice.endpoint->url, x->target.rest);
    return s->url && s->target ? true : answered_problem(s, NULL);
}

static void send_request(struct signing *s)
{
    const struct session *session = cloud_session(s->exchange->cloud);
    int r;

    if (!session) {
        exchange_wait_for_token(s->exchange);
        s->answered = s->exchange->request->status != 0;
        return;
    }
    exchange_stop_waiting(s->exchange);
    if (!choose(s, session))
        return;
    r = proxy_transfer_start(s, session);
    if (r == -E2BIG)
        (void)answered_problem(s, problem_new(PROBLEM_HEAD_TOO_LARGE,
                                              "The request has more than %d headers: send fewer.",
                                              PROXY_HEADERS_MOST - 1));
    else if (r == -EBADMSG)
        (void)answered_problem(
            s, problem_new(PROBLEM_BAD_REQUEST,
                           "The request has a malformed header: no blank may "
                           "stand before the colon, and no control character in the "
                           "value."));
    else if (r == -EINVAL)
        (void)answered_problem(
            s,
            problem_new(PROBLEM_BAD_ANSWER,
                        "The endpoint of %s in the catalog is no URL that a request can be sent "
                        "to: have it corrected, or give %s_endpoint_override in the configuration.",
                        s->address.service, s->address.service));
    else if (r < 0)
        (void)answered_problem(s, NULL);
}

static bool can_send_again(const struct signing *s)
{
    return s->exchange->request->length == REQUEST_NO_BODY || s->up.next == 0 || s->up.holding;
}

static void send_again(struct signing *s)
{
    transfer_free(TAKE_PTR(s->transfer));
    (void)ring_rewind(&s->up);
    ring_done(&s->down);
    s->status = 0;
    s->up_wanted = s->down_complete = s->down_failed = false;
    send_request(s);
}

/* A service that does not know `Expect` gets the request without it (RFC 9110, 10.1.1). */
static void step_not_understood(struct signing *s)
{
    s->not_understood = false;
    s->unasked = true;
    if (can_send_again(s))
        send_again(s);
    else
        (void)answered_problem(
            s,
            problem_new(PROBLEM_BAD_ANSWER,
                        "The service answered 417 to `Expect: 100-continue` when part of the body "
                        "had been sent: send a body of up to %zu bytes, with its length.",
                        RING_SIZE));
}

/* A 401 has been kept: another try with a newer token, more patience, or the 401 is the answer
 * after all. */
static void step_challenged(struct signing *s)
{
    enum cloud_challenge verdict =
        cloud_challenge(s->exchange->cloud, s->generation, s->resource, !s->challenge_new);

    s->challenge_new = false;
    if (!can_send_again(s))
        verdict = CHALLENGE_FINAL; /* the login is for those who come after */
    if (verdict == CHALLENGE_WAIT && !s->exchange->late) {
        exchange_wait(s->exchange, s->exchange->cloud->config.login_timeout);
        s->answered = s->exchange->request->status != 0;
        return;
    }
    s->challenged = false;
    if (verdict != CHALLENGE_RETRY) {
        s->up_refused = true;
        give_answer(s);
        if (s->transfer)
            transfer_continue(s->transfer);
        return;
    }
    s->retried = true;
    send_again(s);
}

static void step(struct signing *s)
{
    if (s->answered)
        return;
    if (s->status == 0 && exchange_cut_off(s->exchange)) {
        transfer_free(TAKE_PTR(s->transfer));
        s->answered = true;
        return;
    }
    /* A body that is on its way goes on; what waits is decided by the rules of the day. */
    if ((!s->transfer || s->challenged) && !exchange_may_still(s->exchange)) {
        transfer_free(TAKE_PTR(s->transfer));
        s->answered = true;
        return;
    }
    if (s->challenged)
        step_challenged(s);
    else if (s->not_understood)
        step_not_understood(s);
    else if (!s->transfer)
        send_request(s);
    else if (s->status != 0)
        give_answer(s);
}

/* ---- what the client does */

/* FNV-1a over what is asked for, the query left out. */
static uint64_t hash_resource(const char *service, const char *path)
{
    uint64_t hash = 14695981039346656037U;

    for (const char *c = service; *c; c++)
        hash = (hash ^ (unsigned char)*c) * 1099511628211U;
    for (const char *c = path; *c && *c != '?'; c++)
        hash = (hash ^ (unsigned char)*c) * 1099511628211U;
    return hash;
}

/* What is wrong with the request as such, or NULL. */
static struct problem *refuse_request(const struct exchange *x)
{
    struct request *r = x->request;

    if (!x->target.segments[3])
        return problem_new(PROBLEM_BAD_REQUEST, "Name a service: /v1/%s/proxy/{service}/{path}.",
                           x->cloud->config.name);
    if (path_escapes(x->target.segments[3]) || path_escapes(x->target.rest))
        return problem_new(PROBLEM_BAD_PATH, "The path climbs out of the service's endpoint: "
                                             "take the `..` out of it.");
    /* What comes behind a yes to it is no answer's body (RFC 9112, 6.3). */
    if (!strcmp(r->method, "CONNECT"))
        return problem_new(PROBLEM_BAD_REQUEST,
                           "CONNECT asks for a tunnel, and a signed request is none: "
                           "take another method.");
    if (!strcmp(r->method, "HEAD") && r->length != REQUEST_NO_BODY && r->length != 0)
        return problem_new(PROBLEM_BAD_REQUEST, "A HEAD request has no body: leave it out.");
    if (request_head_room(r) < ANSWER_HEAD_LEAST)
        return problem_new(
            PROBLEM_HEAD_TOO_LARGE,
            "Target and headers of the request leave no room for those of an answer: "
            "make them shorter.");
    return NULL;
}

static void begin(struct signing *s)
{
    struct exchange *x = s->exchange;
    struct problem *problem = refuse_request(x);
    int r;

    s->begun = true;
    if (problem) {
        (void)answered_problem(s, problem);
        return;
    }
    s->resource = hash_resource(x->target.segments[3], x->target.rest);
    r = proxy_address_parse(x->target.segments[3], &s->address);
    if (r == -EINVAL)
        (void)answered_problem(s,
                               problem_new(PROBLEM_BAD_REQUEST,
                                           "A service is named as "
                                           "{service}[@{region}][:{interface}], no part empty."));
    else if (r < 0)
        (void)answered_problem(s, NULL);
}

static void proxy_start(struct request *r)
{
    struct exchange *x = r->context;
    struct signing *s = x->signing;

    if (!s) {
        s = x->signing = calloc(1, sizeof(*s));
        if (!s)
            return;
        s->exchange = x;
        ring_init(&s->up, true);
        ring_init(&s->down, false);
    }
    if (!s->begun)
        begin(s);
    step(s);
    /* The client waits for its 100 until the service has said the same, or anything else. */
    if (r->expects_continue && r->length != REQUEST_NO_BODY && !s->up_wanted)
        request_hold(r);
}

static size_t proxy_body(struct request *r, const char *data, size_t length)
{
    struct signing *s = signing_of(r);
    size_t most = length;
    long taken;

    if (!s)
        return length;
    step(s);
    if (s->answered || s->up_refused)
        return length;
    /* While a 401 waits for its login, nothing may push out what will be sent again. */
    if (is_sent_again(s) && most > ring_room_held(&s->up))
        most = ring_room_held(&s->up);
    taken = ring_put(&s->up, data, most);
    if (taken < 0)
        taken = 0;
    s->up_held = (size_t)taken < length;
    if (s->transfer)
        transfer_continue(s->transfer);
    return (size_t)taken;
}

static void proxy_ready(struct request *r)
{
    struct exchange *x = r->context;

    proxy_run(x);
}

void proxy_run(struct exchange *x)
{
    struct signing *s = x->signing;

    if (!s) {
        exchange_problem(x, NULL);
        return;
    }
    if (!s->up_complete) {
        s->up_complete = true;
        if (s->transfer)
            transfer_continue(s->transfer);
    }
    step(s);
}

static void proxy_end(struct request *r)
{
    struct exchange *x = r->context;
    struct signing *s = x->signing;

    if (s) {
        transfer_free(s->transfer);
        ring_done(&s->up);
        ring_done(&s->down);
        proxy_address_done(&s->address);
        free(s->url);
        free(s->target);
        free(s);
    }
    exchange_free(x);
}

const struct request_ops proxy_ops = {
    .brief = true,
    .start = proxy_start,
    .body = proxy_body,
    .ready = proxy_ready,
    .end = proxy_end,
};
