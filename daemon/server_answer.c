/* SPDX-License-Identifier: MIT */
/* Answers: those that are here whole, those that are read bit by bit, and the one that brings a descriptor. */
#include "server_private.h"

#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

#define BLOCK_SIZE ((size_t)32 * 1024)

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

/* libmicrohttpd works the date out for each answer that has none: here that is done once a second. */
static void date_answer(struct answer *a)
{
    char text[sizeof("Sun, 06 Nov 1994 08:49:37 GMT")];
    time_t now = time(NULL);
    struct tm tm;

    if (now == a->date)
        return;
    a->date = now;
    if (gmtime_r(&now, &tm) && strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &tm) > 0)
        (void)answer_header(a, MHD_HTTP_HEADER_DATE, text);
}

int request_answer(struct request *r, unsigned status, const char *content_type, char *body,
                   size_t length)
{
    return give(connection_of(r), status, answer_new(content_type, body, length));
}

int request_answer_prepared(struct request *r, unsigned status, struct answer *a)
{
    date_answer(a);
    return give(connection_of(r), status, answer_ref(a));
}

static ssize_t on_read(void *userdata, uint64_t position _unused_, char *to, size_t length)
{
    struct connection *c = userdata;
    ssize_t n;

    if (!c->gone && connection_has_to_queue(c))
        return 0;
    n = c->gone ? STREAM_ERROR : c->read(&c->request, to, connection_piece(c, length));

    c->listener->moved = true;
    if (n == STREAM_END)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (n < 0)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (n == 0)
        connection_suspend(c);
    return n;
}

int request_answer_stream(struct request *r, unsigned status, int64_t length,
                          ssize_t (*read)(struct request *r, char *to, size_t length))
{
    struct connection *c = connection_of(r);
    size_t block = length >= 0 && length < (int64_t)BLOCK_SIZE ? (size_t)length : BLOCK_SIZE;
    struct MHD_Response *response = MHD_create_response_from_callback(
        length < 0 ? MHD_SIZE_UNKNOWN : (uint64_t)length, block > 0 ? block : 1, on_read, c, NULL);

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

static void on_upgrade(void *userdata, struct MHD_Connection *mhd _unused_, void *context _unused_,
                       const char *extra _unused_, size_t n_extra _unused_, MHD_socket socket,
                       struct MHD_UpgradeResponseHandle *handle)
{
    struct connection *c = userdata;

    pass(socket, c->passing);
    (void)shutdown(socket, SHUT_WR);
    c->passed = handle;
    request_finish(c);
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
    size_t used = 2 * r->target_length + HEAD_SPARE;

    (void)request_each_header(r, count_header, &used);
    return used < POOL_SIZE ? POOL_SIZE - used : 0;
}

int request_answer_header(struct request *r, const char *name, const char *value)
{
    struct connection *c = connection_of(r);

    return c->answer ? answer_header(c->answer, name, value) : -EINVAL;
}

enum MHD_Result connection_queue_answer(struct connection *c)
{
    enum MHD_Result result = MHD_queue_response(c->mhd, c->request.status, c->answer->response);

    answer_unref(TAKE_PTR(c->answer));
    return result;
}
