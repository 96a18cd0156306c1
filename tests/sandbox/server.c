/* SPDX-License-Identifier: MIT */
/* See server.h. */
#include "server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "cleanup.h"
#include "identity.h"
#include "request.h"
#include "route.h"

#define LINGER_IDLE_S 2
#define LINGER_TOTAL_S 30

struct server {
    struct sandbox *sandbox;
    struct MHD_Daemon *daemon;
    char *certificate;
    char *key;
    uint16_t port;
};

static void request_free(struct request *r)
{
    if (r->answer)
        MHD_destroy_response(r->answer);
    target_done(&r->target);
    target_match_done(&r->match);
    body_done(&r->body);
    free(r);
}

/* The first word of a request: the only place where the library shows the target as it came. */
static void *on_target(void *data, const char *target, struct MHD_Connection *connection)
{
    struct request *r = calloc(1, sizeof(*r));

    if (!r)
        return NULL;
    r->sandbox = data;
    r->connection = connection;
    body_init(&r->body, REQUEST_KEEP_MAX);
    if (target_init(&r->target, target) < 0) {
        request_free(r);
        return NULL;
    }
    return r;
}

/* The library unescapes in place unless told not to; handlers do it where they mean it. */
static size_t on_unescape(_unused_ void *data, _unused_ struct MHD_Connection *connection,
                          char *text)
{
    return strlen(text);
}

static enum MHD_Result queue(struct request *r)
{
    struct MHD_Response *answer = TAKE_PTR(r->answer);
    char date[CLOCK_TEXT_MAX], transaction[32];
    enum MHD_Result result;

    if (!answer)
        return MHD_NO;
    {
        _cleanup_(sandbox_unlockp) struct sandbox *s = sandbox_lock(r->sandbox);

        clock_write_http(sandbox_time(s), date);
        snprintf(transaction, sizeof(transaction), "tx%016llx", (unsigned long long)++s->sequence);
        if (r->status == 401 && !(r->route->flags & ROUTE_LOGIN))
            s->counters.unauthorized++;
    }
    MHD_add_response_header(answer, "Date", date);
    MHD_add_response_header(answer, "X-Trans-Id", transaction);
    result = MHD_queue_response(r->connection, r->status, answer);
    MHD_destroy_response(answer);
    return result;
}

static void count(struct request *r)
{
    _cleanup_(sandbox_unlockp) struct sandbox *s = sandbox_lock(r->sandbox);

    if (!(r->route->flags & ROUTE_CONTROL))
        s->counters.requests++;
    if (r->route->flags & ROUTE_TRANSFER) {
        s->active_transfers++;
        r->counted_active = true;
    }
}

static enum MHD_Result begin(struct request *r, const char *method)
{
    r->begun = true;
    r->method = method;
    r->route = route_find(r);
    count(r);

    if ((r->route->flags & ROUTE_TOKEN) && !identity_token_is_live(r))
        answer_unauthorized(r, r->route->flags & ROUTE_TRANSFER);
    else if (r->route->begin)
        r->route->begin(r);

    if (r->answer && request_has_body(r)) {
        r->answered_early = true;
        return queue(r);
    }
    return MHD_YES;
}

static enum MHD_Result take_piece(struct request *r, const char *data, size_t *size)
{
    body_write(&r->body, data, *size);
    if (r->read_rate > 0 && !request_wait(r, (double)*size / r->read_rate))
        return MHD_NO;
    *size = 0;
    return MHD_YES;
}

static enum MHD_Result on_request(_unused_ void *data, _unused_ struct MHD_Connection *connection,
                                  _unused_ const char *url, const char *method,
                                  _unused_ const char *version, const char *upload, size_t *size,
                                  void **request)
{
    struct request *r = *request;

    if (!r)
        return MHD_NO;
    if (!r->begun)
        return begin(r, method);
    if (*size > 0)
        return take_piece(r, upload, size);

    if (!r->answer && r->body.error < 0)
        answer_fault(r, 507, "insufficientStorage", strerror(-r->body.error));
    else if (!r->answer)
        r->route->serve(r);
    return queue(r);
}

/*
 * After an answer that came before the body: reads what the client still sends, because closing on
 * unread data would reset the connection, and the client could lose the answer.
 */
static void linger(const struct request *r)
{
    int64_t end = clock_boot_ns() + LINGER_TOTAL_S * (int64_t)1000000000;
    int fd = request_client_fd(r);
    struct pollfd fds[] = {
        {.fd = fd, .events = POLLIN},
        {.fd = r->sandbox->stop_fd, .events = POLLIN},
    };
    char waste[16384];

    shutdown(fd, SHUT_WR);
    while (clock_boot_ns() < end) {
        ssize_t n;

        if (poll(fds, ARRAY_SIZE(fds), LINGER_IDLE_S * 1000) <= 0 || fds[1].revents)
            return;
        n = recv(fd, waste, sizeof(waste), MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
            return;
    }
}

/* Neither queries nor token identifiers in a path are logged: both can be secrets. */
static void log_request(const struct request *r)
{
    const char *path = r->target.path;
    bool shows_token = strncmp(path, "/v2.0/tokens/", 13) == 0;

    if (r->sandbox->options.verbose)
        fprintf(stderr, "sandbox: %s %s %u\n", r->method ? r->method : "?",
                shows_token ? "/v2.0/tokens/-" : path, r->status);
}

static void on_completed(_unused_ void *data, _unused_ struct MHD_Connection *connection,
                         void **request, enum MHD_RequestTerminationCode how)
{
    struct request *r = TAKE_PTR(*request);

    if (!r)
        return;
    if (r->counted_active) {
        _cleanup_(sandbox_unlockp) struct sandbox *s = sandbox_lock(r->sandbox);

        s->active_transfers--;
    }
    log_request(r);
    if (r->answered_early && !r->abrupt && how == MHD_REQUEST_TERMINATED_COMPLETED_OK)
        linger(r);
    request_free(r);
}

static int listen_on_loopback(uint16_t port, uint16_t *ret_port)
{
    _cleanup_(closep) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t length = sizeof(address);

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)) < 0 ||
        bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 1024) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &length) < 0)
        return -errno;

    *ret_port = ntohs(address.sin_port);
    return TAKE_FD(fd);
}

/* No name is no file, and fine. */
static int read_file(const char *name, char **ret_text)
{
    _cleanup_(fclosep) FILE *file = name ? fopen(name, "re") : NULL;
    size_t size = 0;

    if (!name)
        return 0;
    errno = file ? 0 : errno;
    if (!file || getdelim(ret_text, &size, '\0', file) < 0) {
        int error = errno ? errno : ENODATA;

        fprintf(stderr, "sandbox: cannot read %s\n", name);
        return -error;
    }
    return 0;
}

static int start_daemon(struct server *server, struct sandbox *sandbox, int fd)
{
    bool tls = sandbox->options.tls_cert;
    struct MHD_OptionItem tls_options[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, server->certificate},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, server->key},
        {MHD_OPTION_END, 0, NULL},
    };

    server->daemon = MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL |
            MHD_USE_ITC | MHD_USE_SUPPRESS_DATE_NO_CLOCK | (tls ? MHD_USE_TLS : 0u),
        0, NULL, NULL, on_request, sandbox, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_URI_LOG_CALLBACK, on_target, sandbox, MHD_OPTION_UNESCAPE_CALLBACK, on_unescape,
        NULL, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_CONNECTION_LIMIT, 4096u,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)64 * 1024, MHD_OPTION_ARRAY,
        tls ? tls_options : tls_options + ARRAY_SIZE(tls_options) - 1, MHD_OPTION_END);
    if (!server->daemon) {
        fprintf(stderr, "sandbox: the HTTP server does not start%s\n",
                tls ? "; do certificate and key belong together?" : "");
        return -EIO;
    }
    return 0;
}

int server_start(struct sandbox *sandbox, struct server **ret_server)
{
    const struct sandbox_options *options = &sandbox->options;
    struct server *server = calloc(1, sizeof(*server));
    int fd, r;

    if (!server)
        return -ENOMEM;
    server->sandbox = sandbox;
    r = read_file(options->tls_cert, &server->certificate);
    if (r >= 0)
        r = read_file(options->tls_key, &server->key);
    if (r < 0)
        goto fail;

    r = fd = listen_on_loopback(options->port, &server->port);
    if (r < 0)
        goto fail;
    snprintf(sandbox->base_url, sizeof(sandbox->base_url), "%s://127.0.0.1:%u",
             options->tls_cert ? "https" : "http", server->port);
    r = start_daemon(server, sandbox, fd);
    if (r < 0) {
        close(fd);
        goto fail;
    }
    *ret_server = server;
    return 0;

fail:
    free(server->certificate);
    free(server->key);
    free(server);
    return r;
}

uint16_t server_port(const struct server *server)
{
    return server->port;
}

void server_stop(struct server *server)
{
    if (!server)
        return;
    eventfd_write(server->sandbox->stop_fd, 1);
    MHD_stop_daemon(server->daemon);
    free(server->certificate);
    free(server->key);
    free(server);
}
