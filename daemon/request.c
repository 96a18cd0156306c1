/* SPDX-License-Identifier: MIT */
/*
 * A request's way through libmicrohttpd, which calls one function for everything: with the head,
 * with each part of the body, behind the body, and again whenever a suspended connection was
 * resumed. The phase tells which of these it is.
 */
#include "server_private.h"

#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#define BLOCK_SIZE ((size_t)32 * 1024)

static struct connection *connection_of(const struct request *r)
{
    /* The request is the connection's first member. */
    return (struct connection *)(uintptr_t)r;
}

/* ---- waiting */

static void suspend(struct connection *c)
{
    c->suspended = true;
    MHD_suspend_connection(c->mhd);
}

void request_wake(struct request *r)
{
    struct connection *c = connection_of(r);

    if (!c->suspended)
        return;
    c->suspended = false;
    MHD_resume_connection(c->mhd);
    /* Without a thread of its own, libmicrohttpd acts on that at its next run only. */
    (void)later_schedule(&c->listener->again);
}

void request_hold(struct request *r)
{
    connection_of(r)->hold = true;
}

bool request_is_gone(const struct request *r)
{
    return connection_of(r)->gone;
}

/* ---- the head */

const char *request_header(const struct request *r, const char *name)
{
    return MHD_lookup_connection_value(connection_of(r)->mhd, MHD_HEADER_KIND, name);
}

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

/* What says where the body ends (RFC 9112, 6.3), and whether it says so once. */
struct framing {
    const char *length, *coding;
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
    } else if (!strcasecmp(name, "Content-Length")) {
        f->contradicts |= f->length && strcmp(f->length, value) != 0;
        f->length = value;
    } else if (!strcasecmp(name, "Transfer-Encoding")) {
        f->contradicts |= f->coding || strcasecmp(value, "chunked") != 0;
        f->coding = value;
    }
    return 0;
}

static void read_head(struct connection *c, const char *method, const char *url,
                      const char *version)
{
    struct request *r = &c->request;
    struct framing framing = {0};
    const char *expect;

    r->method = method;
    r->version = version;
    r->peer = &c->peer;
    r->excess = c->quota == QUOTA_FAREWELLS;
    (void)request_each_header(r, read_framing, &framing);
    r->malformed = framing.contradicts || (framing.length && framing.coding) ||
                   has_nul(method, url, strlen(r->target), version);
    if (framing.coding)
        r->length = REQUEST_UNKNOWN_LENGTH;
    else
        r->length = framing.length ? strtoll(framing.length, NULL, 10) : REQUEST_NO_BODY;
    expect = request_header(r, "Expect");
    r->expects_continue = expect && !strcasecmp(expect, "100-continue");
}

/* ---- the answer */

/* The answer is the connection's from here on, also on failure. */
static int give(struct connection *c, unsigned status, struct answer *a)
{
    if (!a)
        return -ENOMEM;
    answer_unref(c->answer);
    c->answer = a;
    c->request.status = status;
    request_wake(&c->request);
    return 0;
}

static struct answer *answer_of(struct MHD_Response *response)
{
    struct answer *a = response ? malloc(sizeof(*a)) : NULL;

    if (a)
        *a = (struct answer){.refs = 1, .response = response};
    else if (response)
        MHD_destroy_response(response);
    return a;
}

struct answer *answer_new(const char *content_type, char *body, size_t length)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer_with_free_callback(length, body, secret_free);
    struct answer *a = answer_of(response);

    if (!response)
        secret_free(body);
    if (a && content_type)
        (void)answer_header(a, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
    return a;
}

int answer_header(struct answer *a, const char *name, const char *value)
{
    return MHD_add_response_header(a->response, name, value) == MHD_YES ? 0 : -EINVAL;
}

struct answer *answer_ref(struct answer *a)
{
    a->refs++;
    return a;
}

void answer_unref(struct answer *a)
{
    if (!a || --a->refs > 0)
        return;
    MHD_destroy_response(a->response);
    free(a);
}

int request_answer(struct request *r, unsigned status, const char *content_type, char *body,
                   size_t length)
{
    return give(connection_of(r), status, answer_new(content_type, body, length));
}

int request_answer_prepared(struct request *r, unsigned status, struct answer *a)
{
    return give(connection_of(r), status, answer_ref(a));
}

static ssize_t on_read(void *userdata, uint64_t position _unused_, char *to, size_t length)
{
    struct connection *c = userdata;
    ssize_t n = c->gone ? STREAM_ERROR : c->read(&c->request, to, length);

    if (n == STREAM_END)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (n < 0)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (n == 0)
        suspend(c);
    return n;
}

int request_answer_stream(struct request *r, unsigned status, int64_t length,
                          ssize_t (*read)(struct request *r, char *to, size_t length))
{
    struct connection *c = connection_of(r);
    struct MHD_Response *response = MHD_create_response_from_callback(
        length < 0 ? MHD_SIZE_UNKNOWN : (uint64_t)length, BLOCK_SIZE, on_read, c, NULL);

    /* libmicrohttpd 0.9.75 writes a last chunk behind a head that stands alone, where the client takes
     * it for the next answer: without a length, such an answer ends its connection. */
    if (response && length < 0 && (status == 304 || !strcmp(r->method, "HEAD")))
        (void)MHD_set_response_options(response, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
    c->read = read;
    return give(c, status, answer_of(response));
}

/* Nothing is to be done when it does not get through: who got a 101 and no descriptor asks without. */
static void pass(int socket, int fd)
{
    union {
        char room[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = {0};
    struct iovec byte = {.iov_base = (char[]){'\n'}, .iov_len = 1};
    struct msghdr message = {.msg_iov = &byte,
                             .msg_iovlen = 1,
                             .msg_control = control.room,
                             .msg_controllen = sizeof(control.room)};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);

    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &fd, sizeof(fd));
    (void)sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void finish(struct connection *c);

static void on_upgrade(void *userdata, struct MHD_Connection *mhd _unused_, void *context _unused_,
                       const char *extra _unused_, size_t n_extra _unused_, MHD_socket socket,
                       struct MHD_UpgradeResponseHandle *handle)
{
    struct connection *c = userdata;

    pass(socket, c->passing);
    (void)shutdown(socket, SHUT_WR);
    c->passed = handle;
    finish(c);
    if (c->gone)
        request_end_passed(c);
}

void request_end_passed(struct connection *c)
{
    if (!c->passed)
        return;
    (void)MHD_upgrade_action(TAKE_PTR(c->passed), MHD_UPGRADE_ACTION_CLOSE);
    (void)later_schedule(&c->listener->again);
}

int request_answer_descriptor(struct request *r, const char *protocol, int fd)
{
    struct connection *c = connection_of(r);
    struct answer *a = answer_of(MHD_create_response_for_upgrade(on_upgrade, c));

    closep(&c->passing);
    c->passing = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (a && (c->passing < 0 || answer_header(a, MHD_HTTP_HEADER_UPGRADE, protocol) < 0))
        answer_unref(TAKE_PTR(a));
    return give(c, MHD_HTTP_SWITCHING_PROTOCOLS, a);
}

/* libmicrohttpd keeps the request's head, and builds the answer's, in one pool. */
#define HEADER_OVERHEAD ((size_t)80) /* what it keeps beside each header of a request */
#define HEAD_SPARE ((size_t)4 * 1024)

static int count_header(const char *name, const char *value, void *userdata)
{
    size_t *used = userdata;

    *used += strlen(name) + strlen(value) + HEADER_OVERHEAD;
    return 0;
}

size_t request_head_room(struct request *r)
{
    size_t used = 2 * strlen(r->target) + HEAD_SPARE;

    (void)request_each_header(r, count_header, &used);
    return used < POOL_SIZE ? POOL_SIZE - used : 0;
}

int request_answer_header(struct request *r, const char *name, const char *value)
{
    struct connection *c = connection_of(r);

    return c->answer ? answer_header(c->answer, name, value) : -EINVAL;
}

static enum MHD_Result queue(struct connection *c)
{
    enum MHD_Result result = MHD_queue_response(c->mhd, c->request.status, c->answer->response);

    answer_unref(TAKE_PTR(c->answer));
    return result;
}

/* ---- a request's way through libmicrohttpd */

void *request_on_target(void *userdata _unused_, const char *target, struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct connection *c = info->socket_context;

    if (!c)
        return NULL;
    c->request = (struct request){0};
    if (strlen(target) < TARGET_INLINE)
        c->request.target = strcpy(c->target_inline, target);
    else
        c->request.target = c->target = strdup(target);
    c->phase = PHASE_HEAD;
    c->hold = false;
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
        return queue(c);
    suspend(c);
    return MHD_YES;
}

/* Nothing is decided before all is known of who asks. */
static enum MHD_Result begin(struct connection *c, struct server *s)
{
    if (c->unit_lookup.bus) {
        suspend(c);
        return MHD_YES;
    }
    s->handler(&c->request, s->userdata);
    return start(c);
}

static void take_body(struct connection *c, const char *data, size_t *length)
{
    struct request *r = &c->request;

    size_t taken = r->ops->body ? r->ops->body(r, data, *length) : *length;

    /* libmicrohttpd wipes its memory between requests, but not when a connection ends. */
    if (r->ops->secret_body)
        explicit_bzero((char *)(uintptr_t)data, taken);
    *length -= taken;
    if (*length > 0)
        suspend(c);
}

enum MHD_Result request_on_call(void *userdata, struct MHD_Connection *mhd _unused_,
                                const char *url, const char *method, const char *version,
                                const char *data, size_t *length, void **context)
{
    struct connection *c = *context;
    struct server *s = userdata;

    if (!c || !c->request.target || c->gone)
        return MHD_NO;

    switch (c->phase) {
    case PHASE_HEAD:
        read_head(c, method, url, version);
        s->requests++;
        s->newcomers -= c->newcomer;
        c->newcomer = false;
        c->phase = PHASE_PEER;
        return begin(c, s);
    case PHASE_PEER:
        return begin(c, s);
    case PHASE_HELD:
        return c->answer ? queue(c) : start(c);
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
        return queue(c);
    suspend(c);
    return MHD_YES;
}

static void finish(struct connection *c)
{
    struct server *s = c->listener->server;
    struct request *r = &c->request;

    c->suspended = false;
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
    c->phase = PHASE_IDLE;
}

void request_on_completed(void *userdata _unused_, struct MHD_Connection *mhd _unused_,
                          void **context, enum MHD_RequestTerminationCode why _unused_)
{
    struct connection *c = *context;

    if (!c || c->phase == PHASE_IDLE)
        return;
    finish(c);
    *context = NULL;
}
