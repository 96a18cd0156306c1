/* SPDX-License-Identifier: MIT */
/* What the files of the upstream room know of each other: upstream.c has the loop, upstream_watch.c its sockets, upstream_rest.c what
 * is given back when nothing is under way, transfer.c one transfer, transfer_network.c the way to the
 * cloud and transfer_problem.c what is said when it ends badly. */
#ifndef UPSTREAM_PRIVATE_H
#define UPSTREAM_PRIVATE_H

#include "upstream.h"

#include <curl/curl.h>

#define UPSTREAM_SPARE_HANDLES 16

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
    uint64_t received; /* bytes of bodies, in the event that is handled */

    sd_event_source *timer; /* libcurl's one timeout */
    usec_t timer_due;       /* USEC_INFINITY: libcurl wants none */
    usec_t timer_armed;
    struct later soon; /* libcurl's timeout of 0 ms */

    sd_event_source *sweep; /* looks for transfers on which nothing moves */
    usec_t sweep_armed;

    struct transfer *transfers; /* list of those under way */
    size_t active;

    CURL *spare[UPSTREAM_SPARE_HANDLES];
    size_t n_spare;

    sd_event_source *rest; /* gives back what is not needed */
    usec_t rest_armed;
    usec_t rest_since;      /* when the last transfer ended */
    bool has_connections;   /* perhaps */
    bool connections_serve; /* and not only for logins */

    bool has_authorities_folder;
};

struct transfer {
    struct upstream *upstream;
    struct transfer *next, **link; /* in upstream's list; link is NULL when it is not in it */
    CURL *easy;
    struct curl_slist *headers;
    struct curl_slist secret_header; /* comes before them; without data: there is none */
    struct transfer_handler handler;
    void *userdata;
    char *url;
    char error[CURL_ERROR_SIZE];

    struct header_list head;
    uint64_t heads; /* bytes of header lines, whatever they belong to */
    int head_error; /* what was wrong with them, a negative errno */
    bool head_done;
    bool repeatable, sent_once, forgotten;
    bool paused_body, paused_upload;

    char *ca_file, *cert_file, *key_file; /* what errors have to name; NULL: none */
    char *proxy;                          /* HOST[:PORT], perhaps the one in between */

    uint64_t sent;
    usec_t started, total_timeout;
    const char *total_key;
    bool stood_still; /* it ends because of idle_timeout */
    usec_t idle_timeout;
    usec_t progress; /* when something last moved, CLOCK_BOOTTIME */
};

usec_t upstream_now(struct upstream *u);

/* Has libcurl do what is to be done on a socket. */
void upstream_act(struct upstream *u, curl_socket_t fd, int what);

int upstream_watch_new(struct upstream *u);
/* Behind curl_multi_cleanup(). */
void upstream_watch_free(struct upstream *u);
/* Has libcurl say which sockets it waits for. */
CURLMcode upstream_watch_for(struct upstream *u, CURLM *multi);

/* A socket for libcurl; as socket(), in arguments and result. */
int upstream_open(struct upstream *u, int family, int type, int protocol);
/* Closes one. userdata is the upstream. */
int upstream_close(void *userdata, curl_socket_t fd);

/* Makes sure that the sweep comes by at that time or earlier. */
int upstream_sweep_at(struct upstream *u, usec_t due);

/* libcurl's side of the loop; NULL without memory. */
CURLM *upstream_new_multi(struct upstream *u);

int upstream_rest_init(struct upstream *u);

/* The last transfer has ended. */
void upstream_rest_begin(struct upstream *u);

/* Ends it with the outcome that libcurl or the sweep has found. */
void transfer_finish(struct transfer *t, CURLcode result);

/* Whether the system has its certificate authorities in a folder, too, each in a file that OpenSSL finds
 * by its name, and that folder is up to date. */
bool upstream_has_authorities_folder(void);

/* Has it go the cloud's way. 0 or -ENOMEM. */
int transfer_set_network(struct transfer *t, const struct cloud_config *cloud);

/* The problem that comes of that result; NULL without memory. */
struct problem *transfer_explain(const struct transfer *t, CURLcode result);

/* Options that every handle has, and libcurl's view of our sockets. */
int upstream_prepare(struct upstream *u, CURL *easy);

#endif
