/* SPDX-License-Identifier: MIT */
#include "relay.h"

#include "stage.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#define CONNECTIONS_MOST 64
#define HEAD_MOST 4096
#define UP_MOST ((size_t)1024 * 1024)

struct connection {
    struct relay *relay;
    pthread_t thread;
    int fd, to;
    char head[HEAD_MOST]; /* "": none, or not whole yet */
};

struct relay {
    struct relay_options options;
    pthread_t thread;
    int fd, stop_fd, port;
    pthread_mutex_t lock;
    struct connection connections[CONNECTIONS_MOST];
    size_t n; /* connections */
    char *up; /* what went up */
    size_t n_up;
};

/* ---- the threads: they assert nothing, the test sees what is missing */

/* Waits for bytes from one of the two; -1: it is time to stop. */
static int wait_readable(const struct relay *r, int a, int b)
{
    struct pollfd fds[] = {
        {.fd = r->stop_fd, .events = POLLIN},
        {.fd = a, .events = POLLIN},
        {.fd = b, .events = POLLIN},
    };

    while (poll(fds, ARRAY_SIZE(fds), -1) < 0)
        if (errno != EINTR)
            return -1;
    if (fds[0].revents)
        return -1;
    return fds[1].revents ? a : b;
}

static bool write_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t n = send(fd, bytes, length, MSG_NOSIGNAL);

        if (n <= 0)
            return false;
        bytes += n;
        length -= (size_t)n;
    }
    return true;
}

static void note(struct relay *r, const char *bytes, size_t length)
{
    pthread_mutex_lock(&r->lock);
    if (length > UP_MOST - r->n_up)
        length = UP_MOST - r->n_up;
    memcpy(r->up + r->n_up, bytes, length);
    r->n_up += length;
    pthread_mutex_unlock(&r->lock);
}

static bool read_head(struct connection *c)
{
    char head[HEAD_MOST] = "";
    size_t n = 0;

    while (!strstr(head, "\r\n\r\n")) {
        ssize_t got;

        if (n + 1 >= sizeof(head) || wait_readable(c->relay, c->fd, -1) != c->fd)
            return false;
        got = recv(c->fd, head + n, 1, 0);
        if (got <= 0)
            return false;
        n += (size_t)got;
    }
    note(c->relay, head, n);
    pthread_mutex_lock(&c->relay->lock);
    strcpy(c->head, head);
    pthread_mutex_unlock(&c->relay->lock);
    return true;
}

static bool connect_to(struct connection *c, int port)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    c->to = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return connect(c->to, (struct sockaddr *)&at, sizeof(at)) == 0;
}

/* A proxy's part before the tunnel. */
static bool open_tunnel(struct connection *c)
{
    static const char established[] = "HTTP/1.1 200 Connection established\r\n\r\n";
    static const char demand[] = "HTTP/1.1 407 Who are you?\r\nProxy-Authenticate: Basic "
                                 "realm=\"x\"\r\nContent-Length: 0\r\n\r\n";
    const struct relay_options *o = &c->relay->options;
    const char *answer = o->refusal;
    int port;

    if (!read_head(c))
        return false;
    if (!answer && o->authorization && !strstr(c->head, o->authorization))
        answer = demand;
    if (answer) {
        (void)write_all(c->fd, answer, strlen(answer));
        return false;
    }
    return sscanf(c->head, "CONNECT %*[^ :]:%d ", &port) == 1 && connect_to(c, port) &&
           write_all(c->fd, established, strlen(established));
}

static void pass_on(struct connection *c)
{
    char piece[16384];

    for (;;) {
        int from = wait_readable(c->relay, c->fd, c->to);
        ssize_t n = from < 0 ? 0 : recv(from, piece, sizeof(piece), 0);

        if (n <= 0)
            return;
        if (from == c->fd)
            note(c->relay, piece, (size_t)n);
        if (!write_all(from == c->fd ? c->to : c->fd, piece, (size_t)n))
            return;
    }
}

static void *serve(void *userdata)
{
    struct connection *c = userdata;
    int to = c->relay->options.to;

    if (to ? connect_to(c, to) : open_tunnel(c))
        pass_on(c);
    close(c->fd);
    if (c->to >= 0)
        close(c->to);
    return NULL;
}

static void *accept_all(void *userdata)
{
    struct relay *r = userdata;

    while (r->n < CONNECTIONS_MOST && wait_readable(r, r->fd, -1) == r->fd) {
        struct connection *c = &r->connections[r->n];

        c->relay = r;
        c->to = -1;
        c->fd = accept4(r->fd, NULL, NULL, SOCK_CLOEXEC);
        if (c->fd < 0 || pthread_create(&c->thread, NULL, serve, c) != 0)
            break;
        pthread_mutex_lock(&r->lock);
        r->n++;
        pthread_mutex_unlock(&r->lock);
    }
    return NULL;
}

/* ---- the test's side */

static void stop(void *thing)
{
    struct relay *r = thing;

    (void)eventfd_write(r->stop_fd, 1);
    pthread_join(r->thread, NULL);
    for (size_t i = 0; i < r->n; i++)
        pthread_join(r->connections[i].thread, NULL);
    close(r->fd);
    close(r->stop_fd);
    free(r->up);
    free(r);
}

static void listen_at(struct relay *r)
{
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr *at = r->options.to ? (struct sockaddr *)&six : (struct sockaddr *)&four;
    socklen_t length = r->options.to ? sizeof(six) : sizeof(four);

    r->fd = socket(at->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(r->fd, 0);
    ck_assert_msg(bind(r->fd, at, length) == 0, "bind: %s", strerror(errno));
    ck_assert_int_eq(listen(r->fd, 64), 0);
    ck_assert_int_eq(getsockname(r->fd, at, &length), 0);
    r->port = ntohs(r->options.to ? six.sin6_port : four.sin_port);
}

struct relay *relay_new(const struct relay_options *options)
{
    struct relay *r = calloc(1, sizeof(*r));

    ck_assert_ptr_nonnull(r);
    r->options = *options;
    r->up = malloc(UP_MOST);
    ck_assert_ptr_nonnull(r->up);
    pthread_mutex_init(&r->lock, NULL);
    listen_at(r);
    r->stop_fd = eventfd(0, EFD_CLOEXEC);
    ck_assert_int_ge(r->stop_fd, 0);
    ck_assert_int_eq(pthread_create(&r->thread, NULL, accept_all, r), 0);
    return stage_keep_with(r, stop);
}

int relay_port(const struct relay *r)
{
    return r->port;
}

size_t relay_count(struct relay *r)
{
    size_t n = 0;

    pthread_mutex_lock(&r->lock);
    for (size_t i = 0; i < CONNECTIONS_MOST; i++)
        n += *r->connections[i].head != '\0';
    pthread_mutex_unlock(&r->lock);
    return n;
}

const char *relay_head(struct relay *r, size_t number)
{
    const char *head = NULL;

    ck_assert_uint_lt(number, CONNECTIONS_MOST);
    pthread_mutex_lock(&r->lock);
    head = stage_text("%s", r->connections[number].head);
    pthread_mutex_unlock(&r->lock);
    return head;
}

bool relay_saw(struct relay *r, const char *text)
{
    bool saw;

    pthread_mutex_lock(&r->lock);
    saw = memmem(r->up, r->n_up, text, strlen(text));
    pthread_mutex_unlock(&r->lock);
    return saw;
}
