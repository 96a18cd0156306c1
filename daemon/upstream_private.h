/* SPDX-License-Identifier: MIT */
/* What the files of the upstream room know of each other: upstream.c has libcurl's loop, upstream_watch.c the
 * sockets, upstream_connection.c the connections, upstream_network.c how a cloud is reached, upstream_rest.c
 * what is given back when nothing is under way, transfer.c a transfer's beginning and end, transfer_stream.c
 * its bytes both ways, transfer_request.c the request's head, and transfer_problem.c what is said when it
 * ends badly. */
#ifndef UPSTREAM_PRIVATE_H
#define UPSTREAM_PRIVATE_H

#include "response.h"
#include "upstream.h"

#include <curl/curl.h>
#include <sys/queue.h>

/* What is read at once: what a TLS record holds, and no more than libcurl gives. */
#define UPSTREAM_READ_SIZE ((size_t)CURL_MAX_WRITE_SIZE)
/* Of large bodies no more than that comes before others have their turn; the events stay. */
#define UPSTREAM_BYTES_AT_ONCE ((uint64_t)32 * 1024)

/* Services close what is idle for long, and the request that meets that is lost or late. */
#define UPSTREAM_IDLE_AGE (118 * USEC_PER_SEC)

struct connection;
struct watch;

struct upstream {
    sd_event *event;
    struct later_queue *queue;
    CURLM *multi;

    /* upstream_watch.c */
    int epoll;
    sd_event_source *io;
    struct watch *watches; /* by descriptor */
    size_t n_watches;
    uint64_t moved; /* bytes, in the event that is handled */
    char *buffer;   /* what is received goes through here: UPSTREAM_READ_SIZE of locked memory */

    sd_event_source *timer; /* libcurl's one timeout */
    usec_t timer_due;       /* USEC_INFINITY: libcurl wants none */
    usec_t timer_armed;
    struct later soon; /* libcurl's timeout of 0 ms */

    sd_event_source *sweep; /* looks for transfers whose time is over */
    usec_t sweep_armed;

    TAILQ_HEAD(, transfer) transfers; /* those under way */
    size_t active;

    TAILQ_HEAD(connection_list, connection)
    idle; /* connections; those that have served last are first */
    size_t n_idle;

    sd_event_source *rest; /* gives back what is not needed */
    usec_t rest_armed;
    usec_t rest_since; /* when the last transfer ended */

    bool has_authorities_folder;
};

/* How a service is reached: who goes the same way can take the same connection. */
struct network {
    char *origin; /* scheme and authority, as the URL had them */
    char *ca_file, *cert_file, *key_file, *tls_min_version;
    char *proxy; /* secret memory */
    char *no_proxy;
    bool verify_ssl;
    usec_t connect_timeout; /* of the next connection */
};

/* The connection to a service, or to the proxy before it. */
struct connection {
    struct upstream *upstream;
    TAILQ_ENTRY(connection) entry; /* among the idle ones */
    struct transfer *transfer;     /* borrowed; NULL: none has it */
    CURL *easy;      /* makes it, and speaks TLS; NULL: it is a socket, nothing else */
    int fd;          /* libcurl's when there is `easy`; -1: not connected yet */
    bool has_served; /* an answer has come over it */
    bool is_idle;
    bool seldom; /* as transfer_request has it, of the last transfer */
    usec_t idle_since;
    struct network network;
    char *proxy_host; /* HOST[:PORT] of the proxy that it may go by, for errors; NULL: none */
    char error[CURL_ERROR_SIZE]; /* what went wrong with it, "": nothing that is known */
};

enum sending {
    SENDING_HEAD,
    SENDING_AWAITS, /* until the service wants the body, or does not say */
    SENDING_BODY,
    SENDING_END, /* the last chunk */
    SENDING_DONE,
    SENDING_STOPPED, /* before its end: nobody wants the rest */
};

/* Bytes that are on their way out, at an address that stays until all have left. */
struct outgoing {
    char *data; /* secret memory */
    size_t start, end;
};

struct transfer {
    struct upstream *upstream;
    TAILQ_ENTRY(transfer) entry;
    struct connection *connection; /* NULL: it is over */
    struct transfer_handler handler;
    void *userdata;
    struct later soon;

    /* the request */
    enum sending sending;
    struct outgoing head, body;
    int64_t length;
    uint64_t sent; /* bytes of the body */
    bool repeatable, expect_continue, seldom;

    /* the answer */
    struct response response;
    bool has_answered; /* a byte of it has come */
    bool has_surplus;  /* more than the answer has come */
    char *held;        /* of the body, what could not be taken */
    size_t held_length;

    bool paused_body, paused_upload;
    bool has_more;   /* something has come that could not be read yet */
    bool is_blocked; /* what is to be sent has no room */
    bool unrepeated; /* the connection ended, and it must not be sent again */
    CURLcode send_result;

    usec_t started, total_timeout;
    const char *total_key;
    const char *late; /* the key of the deadline that is over; NULL: none */
    usec_t idle_timeout;
    usec_t progress;     /* when something last moved, CLOCK_BOOTTIME */
    usec_t awaits_until; /* that the service says whether it wants the body */
    usec_t awaits_timeout;
};

usec_t upstream_now(struct upstream *u);

/* Has libcurl do what is to be done on a socket. */
void upstream_act(struct upstream *u, curl_socket_t fd, int what);

/* Begins anew with libcurl, which has to have no connection. 0 or -ENOMEM. */
int upstream_renew(struct upstream *u);

/* Makes sure that the sweep comes by at that time or earlier. 0 or a negative errno. */
int upstream_sweep_at(struct upstream *u, usec_t due);

/* Nothing is under way: timers that were left armed need not wake anybody. */
void upstream_disarm(struct upstream *u);

/* ---- upstream_watch.c */

int upstream_watch_new(struct upstream *u);
/* Behind curl_multi_cleanup(). */
void upstream_watch_free(struct upstream *u);
/* Has libcurl say which sockets it waits for. */
CURLMcode upstream_watch_for(struct upstream *u, CURLM *multi);
/* Has connection_act() called for these events of epoll. 0 or a negative errno. */
int upstream_watch_connection(struct upstream *u, struct connection *c, uint32_t events);
/* The descriptor is about to be closed. */
void upstream_watch_drop(struct upstream *u, int fd);

/* ---- upstream_rest.c */

int upstream_rest_init(struct upstream *u);
/* The last transfer has ended. */
void upstream_rest_begin(struct upstream *u);

/* ---- upstream_network.c */

/* Whether the system has its certificate authorities in a folder, too, each in a file that OpenSSL finds
 * by its name, and that folder is up to date. */
bool upstream_has_authorities_folder(void);

/* "https://host:port" of a URL: its length; 0 for something that is no URL. */
size_t network_origin_length(const char *url);
/* 0 or -ENOMEM. */
int network_init(struct network *n, const char *url, const struct cloud_config *cloud);
void network_done(struct network *n);
bool network_is_same(const struct network *n, const char *url, const struct cloud_config *cloud);
/* Has the handle go that way. 0 or -ENOMEM. */
int network_set(const struct network *n, const struct upstream *u, CURL *easy);
/* Whether a connection is nothing but a socket, once it is there. */
bool network_is_plain(const struct network *n);
/* The proxy that libcurl will go by, perhaps, without its user and password; NULL: none, or no memory. */
char *network_proxy_host(const struct network *n);

/* ---- upstream_connection.c */

/* A connection that is idle and goes the right way, or NULL. */
struct connection *connection_take(struct upstream *u, const char *url,
                                   const struct cloud_config *cloud);
/* Begins to connect for that transfer; transfer_connected() is called when that has come to an end. The
 * network is taken over, also when it fails. 0 or a negative errno. */
int connection_open(struct upstream *u, struct transfer *t, struct network *network);
/* libcurl is done with connecting. */
void connection_opened(struct connection *c, CURLcode result);
/* What is to be done on its socket; events of epoll. */
void connection_act(struct connection *c, uint32_t events);
/* CURLE_AGAIN when that would block. 0 bytes received: it has ended. */
CURLcode connection_receive(struct connection *c, char *to, size_t size, size_t *ret);
CURLcode connection_send(struct connection *c, const char *data, size_t length, size_t *ret);
/* Keeps it for the next transfer. */
void connection_rest(struct connection *c);
void connection_free(struct connection *c);
DEFINE_CLEANUP(struct connection *, connection_free)

/* ---- transfer_request.c */

/* The request's head as it goes over the wire, in locked memory. 0 or a negative errno. */
int transfer_compose(const struct transfer_request *request, struct outgoing *ret);

/* ---- transfer_stream.c */

extern const struct response_handler transfer_response_handler;

/* Does what can be done; events of epoll. False when it is over, with its outcome. */
bool transfer_stream(struct transfer *t, uint32_t events, CURLcode *ret);

/* ---- transfer.c */

void transfer_connected(struct transfer *t, CURLcode result);
/* What is to be done on its connection; events of epoll. */
void transfer_act(struct transfer *t, uint32_t events);
/* Looks at its deadlines: when the next one comes, USEC_INFINITY: never. It may be freed by that: then
 * ret_over is set. */
usec_t transfer_sweep(struct transfer *t, usec_t now, bool *ret_over);

/* ---- transfer_problem.c */

/* The problem that comes of that result; NULL without memory. */
struct problem *transfer_explain(const struct transfer *t, CURLcode result);

#endif
