/* SPDX-License-Identifier: MIT */
/*
 * One transfer: the options that make libcurl send a request as it is told and nothing of its own,
 * and the way of bytes back.
 */
#include "upstream_private.h"

#include "secret.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#define EXPECT_WAIT (5 * USEC_PER_SEC)
/* Headers of the answer, of any number of interim answers before it and of trailers behind it, all
 * together: libcurl keeps them all for as long as the transfer lasts. */
#define HEADS_MOST ((uint64_t)256 * 1024)
#define SMALL_BUFFER (16L * 1024) /* the least that libcurl takes */
#define LARGE_BUFFER (32L * 1024)

static void moved(struct transfer *t)
{
    t->progress = upstream_now(t->upstream);
}

static size_t on_body(char *data, size_t size _unused_, size_t length, void *userdata)
{
    struct transfer *t = userdata;
    int r;

    moved(t);
    t->upstream->received += length;
    r = t->handler.body(t, data, length, t->userdata);
    t->paused_body = r == TRANSFER_PAUSE;
    if (r < 0)
        return r == TRANSFER_PAUSE ? CURL_WRITEFUNC_PAUSE : 0;
    return length;
}

static size_t on_upload(char *to, size_t size, size_t count, void *userdata)
{
    struct transfer *t = userdata;
    ssize_t n = t->handler.upload(t, to, size * count, t->userdata);

    moved(t);
    t->paused_upload = n == TRANSFER_PAUSE;
    if (n < 0)
        return n == TRANSFER_PAUSE ? CURL_READFUNC_PAUSE : CURL_READFUNC_ABORT;
    t->sent += (uint64_t)n;
    return (size_t)n;
}

/* What went wrong with an earlier connection says nothing about this one. */
static curl_socket_t on_open(void *userdata, curlsocktype purpose _unused_,
                             struct curl_sockaddr *address)
{
    struct transfer *t = userdata;

    t->error[0] = '\0';
    return upstream_open(t->upstream, address->family, address->socktype, address->protocol);
}

/* Called each time when there is a connection; a second time when the first one ended without an
 * answer. Somebody may have acted on the request by then. */
static int on_connected(void *userdata, char *local _unused_, char *remote _unused_,
                        int local_port _unused_, int remote_port _unused_)
{
    struct transfer *t = userdata;

    if (t->sent_once && !t->repeatable)
        return CURL_PREREQFUNC_ABORT;
    t->sent_once = true;
    return CURL_PREREQFUNC_OK;
}

static int on_rewind(void *userdata, curl_off_t offset, int origin)
{
    struct transfer *t = userdata;

    if (offset != 0 || origin != SEEK_SET || !t->handler.rewind ||
        !t->handler.rewind(t, t->userdata))
        return CURL_SEEKFUNC_CANTSEEK;
    t->sent = 0;
    return CURL_SEEKFUNC_OK;
}

static size_t on_header(char *line, size_t size _unused_, size_t length, void *userdata)
{
    struct transfer *t = userdata;
    long status = 0;

    moved(t);
    t->heads += length;
    if (t->heads > HEADS_MOST) {
        t->head_error = -EMSGSIZE;
        return 0;
    }
    if (t->head_done) /* trailers */
        return length;
    if (length >= 5 && !memcmp(line, "HTTP/", 5)) {
        header_list_clear(&t->head); /* what came before belonged to an interim answer */
        return length;
    }
    if (*line != '\r' && *line != '\n') {
        t->head_error = header_list_add(&t->head, line, length);
        return t->head_error < 0 ? 0 : length;
    }

    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    if (status < 200)
        return length;
    t->head_done = true;
    return t->handler.head(t, (unsigned)status, t->userdata) ? length : 0;
}

const char *transfer_header(const struct transfer *t, size_t *position, const char **ret_value)
{
    return header_list_next(&t->head, position, ret_value);
}

const char *transfer_header_find(const struct transfer *t, const char *name)
{
    return header_list_find(&t->head, name);
}

const struct header_list *transfer_headers(const struct transfer *t)
{
    return &t->head;
}

uint64_t transfer_sent(const struct transfer *t)
{
    return t->sent;
}

static int add_line(struct curl_slist **list, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*list, line);

    if (!longer)
        return -ENOMEM;
    *list = longer;
    return 0;
}

static bool names(const char *line, const char *name)
{
    size_t length = strlen(name);

    return !strncasecmp(line, name, length) && (line[length] == ':' || line[length] == ';');
}

/* The headers as they were given; what libcurl would add of its own accord is switched off with a
 * bare "Name:". */
static int set_headers(struct transfer *t, const struct transfer_request *request)
{
    bool accept = false;
    int r = 0;

    for (const char *const *line = request->headers; line && *line && r >= 0; line++) {
        accept |= names(*line, "Accept");
        r = add_line(&t->headers, *line);
    }
    if (r >= 0 && !accept)
        r = add_line(&t->headers, "Accept:");
    if (r >= 0)
        r = add_line(&t->headers, request->expect_continue ? "Expect: 100-continue" : "Expect:");
    if (r < 0 || !request->secret_header)
        return r;
    t->secret_header.next = t->headers;
    t->secret_header.data = secret_strdup_locked(request->secret_header);
    return t->secret_header.data ? 0 : -ENOMEM;
}

/* With TLS libcurl takes a buffer for the request's head, too, and keeps it until the answer is there. */
static long upload_buffer(const struct transfer_request *request)
{
    bool is_small = request->length != TRANSFER_UNKNOWN_LENGTH && request->length < SMALL_BUFFER;

    return is_small ? SMALL_BUFFER : LARGE_BUFFER;
}

static int set_method(CURL *easy, const struct transfer_request *request)
{
    CURLcode c = CURLE_OK;

    /* Each time: a handle that is used again has the buffer of the last one, whatever its size is. */
    c |= curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, upload_buffer(request));
    if (request->length != TRANSFER_NO_BODY) {
        c |= curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
        c |= curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)request->length);
    }
    if (!strcmp(request->method, "HEAD"))
        c |= curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    c |= curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
    return c == CURLE_OK ? 0 : -ENOMEM;
}

/*
 * For a service that knows no `Expect`, well within the transfer's own patience. Longer than the second
 * that is usual: the service has to ask its identity service first, which takes Swift 3.5 s when that is
 * away, and a body that is sent before a 401 comes is lost.
 */
static long expect_wait(const struct transfer_request *request)
{
    usec_t wait = request->idle_timeout / 4;

    return (long)((wait == 0 || wait > EXPECT_WAIT ? EXPECT_WAIT : wait) / USEC_PER_MSEC);
}

static int set_options(struct transfer *t, const struct transfer_request *request)
{
    CURL *easy = t->easy;
    CURLcode c = CURLE_OK;

    c |= curl_easy_setopt(easy, CURLOPT_PRIVATE, t);
    c |= curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t->error);
    c |= curl_easy_setopt(easy, CURLOPT_URL, request->url);
    if (request->target)
        c |= curl_easy_setopt(easy, CURLOPT_REQUEST_TARGET, request->target);
    c |= curl_easy_setopt(easy, CURLOPT_HTTPHEADER,
                          t->secret_header.data ? &t->secret_header : t->headers);
    c |= curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    c |= curl_easy_setopt(easy, CURLOPT_HEADERDATA, t);
    c |= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    c |= curl_easy_setopt(easy, CURLOPT_WRITEDATA, t);
    c |= curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_upload);
    c |= curl_easy_setopt(easy, CURLOPT_READDATA, t);
    c |= curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_rewind);
    c |= curl_easy_setopt(easy, CURLOPT_SEEKDATA, t);
    c |= curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
    c |= curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, t);
    c |= curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_connected);
    c |= curl_easy_setopt(easy, CURLOPT_PREREQDATA, t);
    c |= curl_easy_setopt(easy, CURLOPT_EXPECT_100_TIMEOUT_MS, expect_wait(request));
    c |= curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)(request->total_timeout / USEC_PER_MSEC));
    return c == CURLE_OK ? 0 : -ENOMEM;
}

static void list_add(struct upstream *u, struct transfer *t)
{
    t->next = u->transfers;
    if (t->next)
        t->next->link = &t->next;
    t->link = &u->transfers;
    u->transfers = t;
    u->active++;
    u->has_connections = true;
    u->connections_serve |= !t->forgotten;
}

static void list_remove(struct transfer *t)
{
    if (!t->link)
        return;
    *t->link = t->next;
    if (t->next)
        t->next->link = t->link;
    t->link = NULL;
    if (--t->upstream->active == 0)
        upstream_rest_begin(t->upstream);
}

int transfer_start(struct upstream *u, const struct transfer_request *request,
                   const struct transfer_handler *handler, void *userdata, struct transfer **ret)
{
    _cleanup_(transfer_freep) struct transfer *t = calloc(1, sizeof(*t));
    int r;

    if (!t)
        return -ENOMEM;
    t->upstream = u;
    t->handler = *handler;
    t->userdata = userdata;
    t->idle_timeout = request->idle_timeout;
    t->repeatable = request->repeatable;
    t->forgotten = request->forgotten;
    t->total_timeout = request->total_timeout;
    t->total_key = request->total_key;
    t->started = t->progress = upstream_now(u);
    t->url = strdup(request->url);
    t->easy = u->n_spare ? u->spare[--u->n_spare] : curl_easy_init();
    if (!t->url || !t->easy)
        return -ENOMEM;

    r = upstream_prepare(u, t->easy);
    if (r >= 0)
        r = set_headers(t, request);
    if (r >= 0)
        r = set_method(t->easy, request);
    if (r >= 0)
        r = set_options(t, request);
    if (r >= 0)
        r = transfer_set_network(t, request->cloud);
    if (r < 0)
        return r;

    if (curl_multi_add_handle(u->multi, t->easy) != CURLM_OK)
        return -ENOMEM;
    list_add(u, t);
    if (t->idle_timeout) {
        r = upstream_sweep_at(u, t->progress + t->idle_timeout);
        if (r < 0)
            return r;
    }
    *ret = TAKE_PTR(t);
    return 0;
}

void transfer_continue(struct transfer *t)
{
    if (!t->easy || (!t->paused_body && !t->paused_upload))
        return;
    t->paused_body = t->paused_upload = false;
    moved(t);
    (void)curl_easy_pause(t->easy, CURLPAUSE_CONT);
}

static void release_handle(struct transfer *t)
{
    struct upstream *u = t->upstream;

    if (!t->easy)
        return;
    if (t->link)
        curl_multi_remove_handle(u->multi, t->easy);
    list_remove(t);
    if (u->n_spare < UPSTREAM_SPARE_HANDLES && !t->forgotten) {
        curl_easy_reset(t->easy);
        u->spare[u->n_spare++] = t->easy;
    } else {
        curl_easy_cleanup(t->easy);
    }
    t->easy = NULL;
}

void transfer_free(struct transfer *t)
{
    if (!t)
        return;
    release_handle(t);
    curl_slist_free_all(t->headers);
    secret_free(t->secret_header.data);
    header_list_done(&t->head);
    free(t->url);
    free(t->ca_file);
    free(t->cert_file);
    free(t->key_file);
    free(t->proxy);
    free(t);
}

void transfer_finish(struct transfer *t, CURLcode result)
{
    _cleanup_(problem_freep) struct problem *problem = NULL;

    if (result == CURLE_OK && !t->head_done)
        result = CURLE_GOT_NOTHING;
    if (result != CURLE_OK)
        problem = problem_or_no_memory(transfer_explain(t, result));
    release_handle(t);
    t->handler.done(t, problem, t->userdata);
}

size_t transfer_head_length(const struct transfer *t)
{
    return t->head.length;
}

time_t upstream_parse_date(const char *text)
{
    time_t t = curl_getdate(text, NULL);

    return t < 0 ? 0 : t;
}
