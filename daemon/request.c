/* SPDX-License-Identifier: MIT */
/*
 * A request's way through libmicrohttpd, which calls one function for everything: with the head,
 * with each part of the body, behind the body, and again whenever a suspended connection was
 * resumed. The phase tells which of these it is.
 */
#include "server_private.h"

#include "header_list.h"

#include <string.h>
#include <strings.h>

void request_hold(struct request *r)
{
    connection_of(r)->hold = true;
}

bool request_is_gone(const struct request *r)
{
    return connection_of(r)->gone;
}

/* ---- the head */

struct each {
    int (*f)(const char *name, const char *value, void *userdata);
    void *userdata;
    int result;
};

static enum MHD_Result each_header(void *userdata, enum MHD_ValueKind kind _unused_,
                                   const char *name, const char *value)
{
    struct each *each = userdata;

    each->result = each->f(name, value ? value : "", each->userdata);
    return each->result < 0 ? MHD_NO : MHD_YES;
}

int request_each_header(struct request *r,
                        int (*f)(const char *name, const char *value, void *userdata),
                        void *userdata)
{
    struct each each = {.f = f, .userdata = userdata};

    MHD_get_connection_values(connection_of(r)->mhd, MHD_HEADER_KIND, each_header, &each);
    return each.result < 0 ? each.result : 0;
}

/* What says where the body ends (RFC 9112, 6.3), whether it says so once, and when it comes. */
struct framing {
    const char *length, *coding, *expectation;
    bool contradicts;
};

/* libmicrohttpd puts an end to each piece of the head where it lies: whether the one that follows lies
 * right behind this one, but for blanks. */
static bool is_followed(const char *piece, size_t length, const char *next)
{
    const char *behind = piece + length + 1;

    while (behind < next && (*behind == ' ' || *behind == '\t'))
        behind++;
    return behind == next;
}

/* It hangs a continued line (RFC 9112, 5.2) on the name of the header, which then lies elsewhere and not
 * before its value as it came. */
static bool is_continued(const char *name, const char *value)
{
    return !is_followed(name, strlen(name), value);
}

/* A NUL ends what we see of the request line, and not what came. */
static bool has_nul(const char *method, const char *url, size_t target_length, const char *version)
{
    return !is_followed(method, strlen(method), url) || !is_followed(url, target_length, version);
}

static int read_framing(const char *name, const char *value, void *userdata)
{
    struct framing *f = userdata;

    if (is_continued(name, value)) {
        f->contradicts = true;
    } else if (header_is(name, "Content-Length")) {
        f->contradicts |= f->length && strcmp(f->length, value) != 0;
        f->length = value;
    } else if (header_is(name, "Transfer-Encoding")) {
        f->contradicts |= f->coding || strcasecmp(value, "chunked") != 0;
        f->coding = value;
    } else if (header_is(name, "Expect") && !f->expectation) {
        f->expectation = value;
    }
    return 0;
}

static void read_head(struct connection *c, const char *method, const char *url,
                      const char *version)
{
    struct request *r = &c->request;
    struct framing framing = {0};

    r->method = method;
    r->version = version;
    r->peer = &c->peer;
    r->excess = c->quota == QUOTA_FAREWELLS;
    (void)request_each_header(r, read_framing, &framing);
    r->malformed = framing.contradicts || (framing.length && framing.coding) ||
                   has_nul(method, url, r->target_length, version);
    if (framing.coding)
        r->length = REQUEST_UNKNOWN_LENGTH;
    else
        r->length = framing.length ? strtoll(framing.length, NULL, 10) : REQUEST_NO_BODY;
    r->expects_continue = framing.expectation && !strcasecmp(framing.expectation, "100-continue");
}

/* ---- a request's way through libmicrohttpd */

void *request_on_target(void *userdata _unused_, const char *target, struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct connection *c = info->socket_context;
    size_t length = strlen(target);

    if (!c)
        return NULL;
    c->request = (struct request){.target = c->target_inline, .target_length = length};
    if (length >= TARGET_INLINE)
        c->request.target = c->target = malloc(length + 1);
    if (c->request.target)
        memcpy(c->request.target, target, length + 1);
    c->phase = PHASE_HEAD;
    c->hold = false;
    c->listener->heads++;
    c->listener->begun++;
    c->listener->moved = true;
    return c;
}

/* start() decides again after each wake, until it lets the body come. */
static enum MHD_Result start(struct connection *c)
{
    struct request *r = &c->request;

    c->hold = false;
    if (r->ops->start)
        r->ops->start(r);
    c->phase = c->hold ? PHASE_HELD : PHASE_BODY;
    if (!c->hold)
        return MHD_YES;
    if (c->answer)
        return connection_queue_answer(c);
    connection_suspend(c);
    return MHD_YES;
}

/* Nothing is decided before all is known of who asks. */
static enum MHD_Result begin(struct connection *c, struct server *s)
{
    if (c->unit_lookup.bus) {
        connection_suspend(c);
        return MHD_YES;
    }
    s->handler(&c->request, s->userdata);
    return start(c);
}

static void take_body(struct connection *c, const char *data, size_t *length)
{
    struct request *r = &c->request;
    size_t taken;

    if (connection_body_has_to_queue(c))
        return;
    taken = r->ops->body ? r->ops->body(r, data, *length) : *length;
    /* libmicrohttpd wipes its memory between requests, but not when a connection ends. */
    if (r->ops->secret_body)
        explicit_bzero((char *)(uintptr_t)data, taken);
    *length -= taken;
    if (*length > 0)
        connection_suspend(c);
}

enum MHD_Result request_on_call(void *userdata, struct MHD_Connection *mhd _unused_,
                                const char *url, const char *method, const char *version,
                                const char *data, size_t *length, void **context)
{
    struct connection *c = *context;
    struct server *s = userdata;

    if (!c || !c->request.target || c->gone)
        return MHD_NO;
    if (c->wait == WAIT_IN_PLACE)
        return MHD_YES;
    c->listener->moved = true;

    switch (c->phase) {
    case PHASE_HEAD:
        c->listener->heads--;
        read_head(c, method, url, version);
        s->requests++;
        s->newcomers -= c->newcomer;
        c->newcomer = false;
        c->phase = PHASE_PEER;
        return begin(c, s);
    case PHASE_PEER:
        return begin(c, s);
    case PHASE_HELD:
        return c->answer ? connection_queue_answer(c) : start(c);
    case PHASE_BODY:
        if (*length > 0) {
            take_body(c, data, length);
            return MHD_YES;
        }
        c->phase = PHASE_READY;
        break;
    default:
        break;
    }

    if (!c->answer)
        c->request.ops->ready(&c->request);
    if (c->answer)
        return connection_queue_answer(c);
    connection_wait(c);
    return MHD_YES;
}

void request_finish(struct connection *c)
{
    struct server *s = c->listener->server;
    struct request *r = &c->request;

    connection_stop_waiting(c);
    c->listener->heads -= c->phase == PHASE_HEAD;
    c->listener->small |= !c->is_large;
    c->listener->large -= c->is_large;
    c->is_large = false;
    c->listener->moved = true;
    if (r->ops) {
        s->observer(r, s->userdata);
        if (r->ops->end)
            r->ops->end(r);
    }
    if (c->phase > PHASE_HEAD)
        s->requests--;
    answer_unref(TAKE_PTR(c->answer));
    closep(&c->passing);
    c->passing = -1;
    free(c->target);
    c->target = NULL;
    server_idle_begin(c, c->passed ? NULL : r->method);
    c->phase = PHASE_IDLE;
}

void request_on_completed(void *userdata _unused_, struct MHD_Connection *mhd _unused_,
                          void **context, enum MHD_RequestTerminationCode why _unused_)
{
    struct connection *c = *context;

    if (!c || c->phase == PHASE_IDLE)
        return;
    request_finish(c);
    *context = NULL;
}
