/* SPDX-License-Identifier: MIT */
#include "transport.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#define MAX_IDLE 8
#define CHUNK (64 * 1024L)
/* A body that is small is cheaper to send in vain than to ask for leave first. */
#define EXPECT_ABOVE (64 * 1024)

struct transport {
    char *socket_path;
    pthread_mutex_t lock;
    /* under the lock */
    pid_t owner; /* the process that made the idle connections */
    size_t n_idle;
    CURL *idle[MAX_IDLE];
};

/* One exchange while it runs; the callbacks of libcurl get it. */
struct transfer {
    const struct transport_call *call;
    lk_head head;
    bool head_is_whole;
    bool head_given;
    int error;             /* why we stop it: negative errno */
    int64_t given;         /* bytes that came from the reader */
    int64_t to_give;       /* bytes that it still owes, -1: not known */
    struct timespec moved; /* when a byte last went either way */
    curl_off_t sent;
    curl_off_t received;
};

static void start_curl(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

int transport_new(const char *socket_path, struct transport **ret_transport)
{
    /* never undone: the program, or another library in it, may use libcurl too */
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    _cleanup_(transport_freep) struct transport *transport = NULL;

    if (!*socket_path)
        return -EINVAL;
    if (strlen(socket_path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
        return -ENAMETOOLONG;
    pthread_once(&once, start_curl);

    transport = calloc(1, sizeof(*transport));
    if (!transport)
        return -ENOMEM;
    pthread_mutex_init(&transport->lock, NULL);
    transport->owner = getpid();
    transport->socket_path = strdup(socket_path);
    if (!transport->socket_path)
        return -ENOMEM;
    *ret_transport = TAKE_PTR(transport);
    return 0;
}

static void drop_idle(struct transport *transport)
{
    while (transport->n_idle > 0)
        curl_easy_cleanup(transport->idle[--transport->n_idle]);
}

void transport_free(struct transport *transport)
{
    if (!transport)
        return;
    drop_idle(transport);
    pthread_mutex_destroy(&transport->lock);
    free(transport->socket_path);
    free(transport);
}

const char *transport_socket(const struct transport *transport)
{
    return transport->socket_path;
}

static CURL *take_handle(struct transport *transport)
{
    CURL *handle = NULL;

    pthread_mutex_lock(&transport->lock);
    if (transport->owner != getpid()) {
        drop_idle(transport);
        transport->owner = getpid();
    }
    if (transport->n_idle > 0)
        handle = transport->idle[--transport->n_idle];
    pthread_mutex_unlock(&transport->lock);
    return handle ? handle : curl_easy_init();
}

static void give_handle(struct transport *transport, CURL *handle)
{
    /* keeps the connection, drops every pointer into the call */
    curl_easy_reset(handle);
    /* or closing it would set SIGPIPE aside for a moment, under the eyes of other threads */
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    pthread_mutex_lock(&transport->lock);
    if (transport->n_idle < MAX_IDLE)
        transport->idle[transport->n_idle++] = TAKE_PTR(handle);
    pthread_mutex_unlock(&transport->lock);
    curl_easy_cleanup(handle);
}

/* ---- what libcurl calls ---------------------------------------------------------------------- */

/* An answer of a user's callback: what it wanted to stop the transfer with, or 0. */
static int checked(int64_t r)
{
    if (r == 0)
        return 0;
    return r < 0 && r >= -4095 ? (int)r : -ECANCELED;
}

static void note_movement(struct transfer *transfer)
{
    clock_gettime(CLOCK_MONOTONIC, &transfer->moved);
}

static curl_socket_t open_socket(_unused_ void *userdata, _unused_ curlsocktype purpose,
                                 struct curl_sockaddr *address)
{
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static int give_head(struct transfer *transfer)
{
    if (transfer->head_given)
        return 0;
    transfer->head_given = true;
    if (transfer->call->on_head)
        transfer->error = checked(transfer->call->on_head(transfer->call->head_userdata, //
                                                          &transfer->head));
    note_movement(transfer);
    return transfer->error;
}

static size_t take_header(char *line, size_t one, size_t size, void *userdata)
{
    struct transfer *transfer = userdata;
    int r;

    size *= one;
    /* what follows the body are trailers */
    if (transfer->head_given)
        return size;
    transfer->head_is_whole = size <= 2 && strchr("\r\n", line[0]) && transfer->head.status >= 200;
    r = head_add_line(&transfer->head, line, size);
    if (r < 0) {
        transfer->error = r;
        return 0;
    }
    note_movement(transfer);
    return size;
}

/* The head waits for the first byte of the body, or for the end: only then is it sure to be the
 * last. */
static size_t take_body(char *data, size_t one, size_t size, void *userdata)
{
    struct transfer *transfer = userdata;
    const struct transport_call *call = transfer->call;

    size *= one;
    if (give_head(transfer) < 0)
        return size + 1;
    if (call->on_body && size > 0)
        transfer->error = checked(call->on_body(call->body_userdata, data, size));
    note_movement(transfer);
    return transfer->error < 0 ? size + 1 : size;
}

static size_t give_body(char *buffer, size_t one, size_t size, void *userdata)
{
    struct transfer *transfer = userdata;
    int64_t room = (int64_t)(one * size), n;

    if (transfer->to_give >= 0 && room > transfer->to_give)
        room = transfer->to_give;
    if (room == 0)
        return 0;

    n = transfer->call->read(transfer->call->read_userdata, buffer, (size_t)room);
    note_movement(transfer);
    if (n < 0 || n > room) {
        transfer->error = checked(n);
        return CURL_READFUNC_ABORT;
    }
    if (transfer->to_give >= 0) {
        if (n == 0) {
            transfer->error = -ENODATA;
            return CURL_READFUNC_ABORT;
        }
        transfer->to_give -= n;
    }
    transfer->given += n;
    return (size_t)n;
}

static int watch_progress(void *userdata, curl_off_t to_receive, curl_off_t received,
                          _unused_ curl_off_t to_send, curl_off_t sent)
{
    struct transfer *transfer = userdata;
    const struct transport_call *call = transfer->call;
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    if (sent != transfer->sent || received != transfer->received)
        transfer->moved = now;
    transfer->sent = sent;
    transfer->received = received;
    /* libcurl counts what frames the chunks, too */
    if (call->read && sent > transfer->given)
        sent = transfer->given;

    if (call->silence > 0 && now.tv_sec - transfer->moved.tv_sec > (time_t)call->silence) {
        transfer->error = -ETIMEDOUT;
    } else if (call->on_progress) {
        /* libcurl says 0 for what it does not know */
        transfer->error = checked(call->on_progress(call->progress_userdata, sent,
                                                    call->read ? call->length : (int64_t)call->size,
                                                    received, to_receive > 0 ? to_receive : -1));
    }
    return transfer->error < 0;
}

/* ---- an exchange ----------------------------------------------------------------------------- */

static bool has_header(const struct transport_call *call, const char *prefix)
{
    for (size_t i = 0; i < call->n_headers; i++)
        if (strncasecmp(call->headers[i], prefix, strlen(prefix)) == 0)
            return true;
    return false;
}

static int append_header(struct curl_slist **list, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*list, line);

    if (!longer)
        return -ENOMEM;
    *list = longer;
    return 0;
}

/* The call's headers, and that libcurl adds none of its own. */
static int make_headers(const struct transport_call *call, struct curl_slist **list)
{
    int64_t length = call->read ? call->length : (int64_t)call->size;
    bool ask = length < 0 || length > EXPECT_ABOVE;
    int r = 0;

    for (size_t i = 0; i < call->n_headers && r == 0; i++)
        r = append_header(list, call->headers[i]);
    if (r == 0)
        r = append_header(list, "Accept:");
    if (r == 0)
        r = append_header(list, "Content-Type:");
    if (r == 0 && !has_header(call, "Expect:"))
        r = append_header(list, ask ? "Expect: 100-continue" : "Expect:");
    return r;
}

#define SET(option, value) failed |= curl_easy_setopt(handle, (option), (value)) != CURLE_OK

static int set_connection(CURL *handle, const struct transport *transport,
                          const struct transport_call *call)
{
    bool failed = false;

    SET(CURLOPT_URL, "http://localhost/");
    SET(CURLOPT_UNIX_SOCKET_PATH, transport->socket_path);
    SET(CURLOPT_PROXY, "");
    SET(CURLOPT_PROTOCOLS_STR, "http");
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_OPENSOCKETFUNCTION, open_socket);
    SET(CURLOPT_MAXCONNECTS, 1L);
    SET(CURLOPT_FRESH_CONNECT, call->repeatable ? 0L : 1L);
    SET(CURLOPT_TIMEOUT_MS, (long)call->limit * 1000);
    SET(CURLOPT_BUFFERSIZE, CHUNK);
    SET(CURLOPT_UPLOAD_BUFFERSIZE, CHUNK);
    return failed ? -ENOMEM : 0;
}

static bool wants_length(const char *method)
{
    return strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 ||
           strcmp(method, "PATCH") == 0;
}

static int set_request(CURL *handle, struct transfer *transfer)
{
    const struct transport_call *call = transfer->call;
    bool failed = false;

    if (call->read) {
        SET(CURLOPT_UPLOAD, 1L);
        SET(CURLOPT_INFILESIZE_LARGE, (curl_off_t)call->length);
        SET(CURLOPT_READFUNCTION, give_body);
        SET(CURLOPT_READDATA, transfer);
    } else if (call->data || wants_length(call->method)) {
        SET(CURLOPT_POST, 1L);
        SET(CURLOPT_POSTFIELDS, call->data ? call->data : "");
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->size);
    } else if (strcmp(call->method, "HEAD") == 0) {
        SET(CURLOPT_NOBODY, 1L);
    }
    SET(CURLOPT_CUSTOMREQUEST, call->method);
    SET(CURLOPT_REQUEST_TARGET, call->target);
    return failed ? -ENOMEM : 0;
}

static int set_callbacks(CURL *handle, struct transfer *transfer)
{
    bool failed = false;

    SET(CURLOPT_HEADERFUNCTION, take_header);
    SET(CURLOPT_HEADERDATA, transfer);
    SET(CURLOPT_WRITEFUNCTION, take_body);
    SET(CURLOPT_WRITEDATA, transfer);
    SET(CURLOPT_XFERINFOFUNCTION, watch_progress);
    SET(CURLOPT_XFERINFODATA, transfer);
    SET(CURLOPT_NOPROGRESS, 0L);
    return failed ? -ENOMEM : 0;
}

/* What the kernel said about the socket; 0: nothing. */
static int os_error(CURL *handle)
{
    long error = 0;

    curl_easy_getinfo(handle, CURLINFO_OS_ERRNO, &error);
    return (int)error;
}

/* A line of the head that is longer than 100 KiB is "out of memory" to libcurl 7.88. */
static bool is_line_too_long(CURL *handle, const struct transfer *transfer)
{
    curl_off_t first_byte = 0;

    curl_easy_getinfo(handle, CURLINFO_STARTTRANSFER_TIME_T, &first_byte);
    return first_byte > 0 && !transfer->head_is_whole;
}

static int to_errno(CURL *handle, const struct transfer *transfer, CURLcode code)
{
    switch (code) {
    case CURLE_OK:
        return 0;
    case CURLE_OUT_OF_MEMORY:
        return is_line_too_long(handle, transfer) ? -EMSGSIZE : -ENOMEM;
    case CURLE_OPERATION_TIMEDOUT:
        return -ETIMEDOUT;
    case CURLE_COULDNT_CONNECT:
        return os_error(handle) > 0 ? -os_error(handle) : -EAGAIN;
    case CURLE_RECV_ERROR:
        /* chunks that are none, too */
        return os_error(handle) > 0 ? -ECONNRESET : -EPROTO;
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_SEND_ERROR:
    case CURLE_SEND_FAIL_REWIND:
        return -ECONNRESET;
    default:
        return -EPROTO;
    }
}

/*
 * A daemon whose queue of connections is full answers EAGAIN to a connect that does not block, and
 * no event says when there is room again; a connect that blocks would, but libcurl 7.88 does not
 * take a socket that is connected already.
 */
static int perform(CURL *handle, struct transfer *transfer)
{
    unsigned seconds = transfer->call->limit ? transfer->call->limit : transfer->call->silence;
    struct timespec start;
    int r;

    note_movement(transfer);
    start = transfer->moved;
    while ((r = to_errno(handle, transfer, curl_easy_perform(handle))) == -EAGAIN) {
        nanosleep(&(struct timespec){.tv_nsec = TRANSPORT_QUEUE_PAUSE}, NULL);
        note_movement(transfer);
        if (transfer->moved.tv_sec - start.tv_sec > (time_t)seconds)
            return -ETIMEDOUT;
    }
    /* libcurl takes a connection that ends within the head for the head's end */
    if (r == 0 && !transfer->head_is_whole)
        r = -ECONNRESET;
    if (r == 0)
        give_head(transfer);
    return transfer->error < 0 ? transfer->error : r;
}

static int set_up(CURL *handle, const struct transport *transport, struct curl_slist *headers,
                  struct transfer *transfer)
{
    int r;

    r = set_connection(handle, transport, transfer->call);
    if (r == 0)
        r = set_request(handle, transfer);
    if (r == 0)
        r = set_callbacks(handle, transfer);
    if (r == 0 && curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers) != CURLE_OK)
        r = -ENOMEM;
    return r;
}

int transport_exchange(struct transport *transport, const struct transport_call *call)
{
    struct transfer transfer = {.call = call, .to_give = call->length};
    struct curl_slist *headers = NULL;
    CURL *handle;
    int r;

    handle = take_handle(transport);
    if (!handle)
        return -ENOMEM;
    r = make_headers(call, &headers);
    if (r == 0)
        r = set_up(handle, transport, headers, &transfer);
    if (r == 0)
        r = perform(handle, &transfer);

    if (r == 0)
        give_handle(transport, handle);
    else
        curl_easy_cleanup(handle);
    curl_slist_free_all(headers);
    head_done(&transfer.head);
    return r;
}
