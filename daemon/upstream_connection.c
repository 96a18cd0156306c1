/* SPDX-License-Identifier: MIT */
/*
 * Connections to services. libcurl makes them (CURLOPT_CONNECT_ONLY): it looks up the name, tries the addresses,
 * goes through the proxy and begins TLS. What is spoken over one is said and read by its transfer.
 *
 * One that has become nothing but a socket is taken from libcurl, which costs neither time nor memory then;
 * one with TLS is read and written through libcurl.
 */
#include "upstream_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define IDLE_MOST 64

/* ---- libcurl's part */

/* What went wrong with an earlier address says nothing about this one. */
static curl_socket_t on_open(void *userdata, curlsocktype purpose _unused_,
                             struct curl_sockaddr *address)
{
    struct connection *c = userdata;

    c->error[0] = '\0';
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static int on_close(void *userdata, curl_socket_t fd)
{
    upstream_watch_drop(userdata, fd);
    return close(fd);
}

static int prepare(struct connection *c)
{
    CURL *easy = c->easy;
    CURLcode r = CURLE_OK;

    r |= curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
    r |= curl_easy_setopt(easy, CURLOPT_PRIVATE, c);
    r |= curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, c->error);
    r |= curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    /* Else a transfer that is given up while its name is looked up waits, and all of us with it, for
     * the thread that looks, which may be as long as name servers do not answer. */
    r |= curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    r |= curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    r |= curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    /* Also where HTTP/2 is offered: a transfer that is held back on a shared connection is buffered, by the
     * tens of MiB, and the others wait with it; and the end of the connection takes all along that are not to
     * be sent twice. */
    r |= curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    r |= curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
    r |= curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, c);
    r |= curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close);
    r |= curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, c->upstream);
    return r == CURLE_OK ? network_set(&c->network, c->upstream, easy) : -ENOMEM;
}

/* Closes the connection with it, if it still has one. */
static void drop_easy(struct connection *c)
{
    CURL *easy = TAKE_PTR(c->easy);

    if (!easy)
        return;
    curl_multi_remove_handle(c->upstream->multi, easy);
    curl_easy_cleanup(easy);
}

int connection_open(struct upstream *u, struct transfer *t, struct network *network)
{
    _cleanup_(connection_freep) struct connection *c = calloc(1, sizeof(*c));
    int r;

    if (!c) {
        network_done(network);
        return -ENOMEM;
    }
    c->upstream = u;
    c->fd = -1;
    c->network = *network;
    *network = (struct network){0};
    c->proxy_host = network_proxy_host(&c->network);
    c->easy = curl_easy_init();
    if (!c->easy)
        return -ENOMEM;
    r = prepare(c);
    if (r < 0)
        return r;
    if (curl_multi_add_handle(u->multi, c->easy) != CURLM_OK)
        return -ENOMEM;
    c->transfer = t;
    t->connection = TAKE_PTR(c);
    return 0;
}

static CURLcode get_socket(struct connection *c)
{
    curl_socket_t fd = CURL_SOCKET_BAD;
    CURLcode r = curl_easy_getinfo(c->easy, CURLINFO_ACTIVESOCKET, &fd);

    if (r != CURLE_OK || fd == CURL_SOCKET_BAD)
        return CURLE_COULDNT_CONNECT;
    if (network_is_plain(&c->network)) {
        fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
        if (fd < 0)
            return CURLE_OUT_OF_MEMORY;
        drop_easy(c);
    }
    c->fd = fd;
    return upstream_watch_connection(c->upstream, c, EPOLLIN) < 0 ? CURLE_OUT_OF_MEMORY : CURLE_OK;
}

void connection_opened(struct connection *c, CURLcode result)
{
    transfer_connected(c->transfer, result == CURLE_OK ? get_socket(c) : result);
}

/* ---- bytes */

/* As libcurl says it. */
static CURLcode explain(struct connection *c, CURLcode result)
{
    if (errno == EAGAIN || errno == EINTR)
        return CURLE_AGAIN;
    (void)snprintf(c->error, sizeof(c->error), "%s failure: %s",
                   result == CURLE_RECV_ERROR ? "Recv" : "Send", strerror(errno));
    return result;
}

CURLcode connection_receive(struct connection *c, char *to, size_t size, size_t *ret)
{
    ssize_t n;

    if (c->easy)
        return curl_easy_recv(c->easy, to, size, ret);
    n = recv(c->fd, to, size, 0);
    if (n < 0)
        return explain(c, CURLE_RECV_ERROR);
    *ret = (size_t)n;
    return CURLE_OK;
}

CURLcode connection_send(struct connection *c, const char *data, size_t length, size_t *ret)
{
    ssize_t n;

    if (c->easy)
        return curl_easy_send(c->easy, data, length, ret);
    n = send(c->fd, data, length, MSG_NOSIGNAL);
    if (n < 0)
        return explain(c, CURLE_SEND_ERROR);
    *ret = (size_t)n;
    return CURLE_OK;
}

/* ---- those that are kept */

static void leave_idle(struct connection *c)
{
    TAILQ_REMOVE(&c->upstream->idle, c, entry);
    c->upstream->n_idle--;
    c->is_idle = false;
}

/* Its end, or an answer that nobody has asked for and who comes next would take for his. */
static bool has_something(const struct connection *c)
{
    char byte;

    return recv(c->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || errno != EAGAIN;
}

static bool can_serve(const struct connection *c)
{
    return c->idle_since + UPSTREAM_IDLE_AGE >= upstream_now(c->upstream) && !has_something(c);
}

struct connection *connection_take(struct upstream *u, const char *url,
                                   const struct cloud_config *cloud)
{
    struct connection *next;

    for (struct connection *c = TAILQ_FIRST(&u->idle); c; c = next) {
        next = TAILQ_NEXT(c, entry);
        if (!network_is_same(&c->network, url, cloud))
            continue;
        if (!can_serve(c)) {
            connection_free(c);
            continue;
        }
        leave_idle(c);
        c->error[0] = '\0';
        return c;
    }
    return NULL;
}

void connection_rest(struct connection *c)
{
    struct upstream *u = c->upstream;

    c->transfer = NULL;
    /* A transfer that was held back has left it without. */
    if (upstream_watch_connection(u, c, EPOLLIN) < 0) {
        connection_free(c);
        return;
    }
    c->has_served = c->is_idle = true;
    c->idle_since = upstream_now(u);
    TAILQ_INSERT_HEAD(&u->idle, c, entry);
    if (++u->n_idle > IDLE_MOST)
        connection_free(TAILQ_LAST(&u->idle, connection_list));
}

void connection_act(struct connection *c, uint32_t events)
{
    if (c->transfer)
        transfer_act(c->transfer, events);
    else
        connection_free(c);
}

void connection_free(struct connection *c)
{
    if (!c)
        return;
    if (c->is_idle)
        leave_idle(c);
    if (c->fd >= 0)
        upstream_watch_drop(c->upstream, c->fd);
    if (!c->easy)
        closep(&c->fd);
    drop_easy(c);
    network_done(&c->network);
    free(c->proxy_host);
    free(c);
}
