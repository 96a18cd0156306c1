/* SPDX-License-Identifier: MIT */
#include "client.h"

#include "daemon.h"
#include "patience.h"
#include "secrets.h"
#include "stage.h"

#include <check.h>
#include <curl/curl.h>
#include <stdarg.h>
#include <string.h>
#include <strings.h>

#define USUAL_BOUND 30.0 /* s */

struct client {
    CURL *easy;
    char *base;
    long connections;
};

/* One request while it is under way. */
struct exchange {
    const struct ask *ask;
    struct curl_slist *headers;
    struct reply *reply;
    size_t sent;
    size_t head_length;
};

/* ---- what comes */

static char *grow(char *text, size_t length, const char *more, size_t n)
{
    text = realloc(text, length + n + 1);
    ck_assert_ptr_nonnull(text);
    memcpy(text + length, more, n);
    text[length + n] = '\0';
    return text;
}

static size_t on_header(char *line, size_t size, size_t count, void *userdata)
{
    struct exchange *x = userdata;
    size_t length = size * count;

    if (length >= 5 && !memcmp(line, "HTTP/", 5))
        x->head_length = 0; /* an interim answer's lines are of no interest */
    x->reply->head = grow(x->reply->head, x->head_length, line, length);
    x->head_length += length;
    return length;
}

static size_t on_body(char *data, size_t size, size_t count, void *userdata)
{
    struct exchange *x = userdata;
    struct reply *r = x->reply;
    size_t length = size * count;

    if (x->ask->consume) {
        r->length += length;
        return x->ask->consume(data, length, x->ask->userdata) ? length : 0;
    }
    r->body = grow(r->body, r->length, data, length);
    r->length += length;
    return length;
}

/* ---- what goes */

static size_t on_upload(char *to, size_t size, size_t count, void *userdata)
{
    struct exchange *x = userdata;
    const struct ask *a = x->ask;
    size_t length = size * count, left;

    if (a->produce)
        return a->produce(to, length, a->userdata);
    left = (a->length < 0 ? strlen(a->body) : (size_t)a->length) - x->sent;
    if (length > left)
        length = left;
    memcpy(to, a->body + x->sent, length);
    x->sent += length;
    return length;
}

/* libcurl adds headers of its own unless each is taken back by name. */
static void set_headers(CURL *easy, struct exchange *x)
{
    static const char *const unasked[] = {"Accept:", "Expect:", "Content-Type:"};
    const struct ask *a = x->ask;

    for (size_t i = 0; i < ARRAY_SIZE(unasked); i++)
        x->headers = curl_slist_append(x->headers, unasked[i]);
    for (const char *const *h = a->headers; h && *h; h++)
        x->headers = curl_slist_append(x->headers, *h);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, x->headers);
}

static void prepare(struct client *c, struct exchange *x)
{
    const struct ask *a = x->ask;
    const char *method = a->method ? a->method : "GET";
    double seconds = patience(a->seconds > 0 ? a->seconds : USUAL_BOUND);
    bool has_body = a->body || a->produce;

    x->reply = stage_keep(calloc(1, sizeof(*x->reply)));
    x->reply->head = grow(NULL, 0, "", 0);
    x->reply->body = grow(NULL, 0, "", 0);

    curl_easy_setopt(c->easy, CURLOPT_URL, c->base);
    curl_easy_setopt(c->easy, CURLOPT_REQUEST_TARGET, a->target);
    curl_easy_setopt(c->easy, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(c->easy, CURLOPT_NOBODY, (long)!strcmp(method, "HEAD"));
    curl_easy_setopt(c->easy, CURLOPT_UPLOAD, (long)has_body);
    if (has_body) {
        curl_easy_setopt(c->easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)a->length);
        curl_easy_setopt(c->easy, CURLOPT_READFUNCTION, on_upload);
        curl_easy_setopt(c->easy, CURLOPT_READDATA, x);
    }
    set_headers(c->easy, x);
    curl_easy_setopt(c->easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(c->easy, CURLOPT_HEADERDATA, x);
    curl_easy_setopt(c->easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(c->easy, CURLOPT_WRITEDATA, x);
    curl_easy_setopt(c->easy, CURLOPT_TIMEOUT_MS, (long)(seconds * 1e3));
    curl_easy_setopt(c->easy, CURLOPT_PRIVATE, x);
}

/* Every error text that was ever said is looked through for secrets at the test's end. */
static void note_problem(const struct reply *r)
{
    const char *type = reply_header(r, "Content-Type");

    if (type && strstr(type, "problem+json"))
        secrets_note(r->body);
    if (r->head)
        secrets_note(r->head);
}

static const struct reply *finish(struct client *c, struct exchange *x, CURLcode result)
{
    struct reply *r = x->reply;
    double seconds = 0;
    long connections = 0;

    r->error = (int)result;
    curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &r->status);
    curl_easy_getinfo(c->easy, CURLINFO_TOTAL_TIME, &seconds);
    curl_easy_getinfo(c->easy, CURLINFO_NUM_CONNECTS, &connections);
    r->seconds = seconds;
    c->connections += connections;
    curl_slist_free_all(x->headers);
    stage_keep(r->head);
    stage_keep(r->body);
    note_problem(r);
    return r;
}

/* ---- clients */

struct client *client_new(const char *socket, const char *base)
{
    struct client *c = calloc(1, sizeof(*c));

    ck_assert_ptr_nonnull(c);
    c->easy = curl_easy_init();
    c->base = strdup(base ? base : "http://latchkey/");
    ck_assert_ptr_nonnull(c->easy);
    ck_assert_ptr_nonnull(c->base);
    if (socket)
        curl_easy_setopt(c->easy, CURLOPT_UNIX_SOCKET_PATH, socket);
    curl_easy_setopt(c->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c->easy, CURLOPT_PROXY, "");
    curl_easy_setopt(c->easy, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(c->easy, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt(c->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    return c;
}

void client_free(struct client *c)
{
    if (!c)
        return;
    curl_easy_cleanup(c->easy);
    free(c->base);
    free(c);
}

long client_connections(const struct client *c)
{
    return c->connections;
}

const struct reply *client_ask(struct client *c, const struct ask *a)
{
    struct exchange x = {.ask = a};

    prepare(c, &x);
    return finish(c, &x, curl_easy_perform(c->easy));
}

const struct reply *ask(const struct ask *a)
{
    _cleanup_(client_freep) struct client *c = client_new(daemon_socket(), NULL);

    return client_ask(c, a);
}

const struct reply *get(const char *format, ...)
{
    char target[4096];
    va_list ap;

    va_start(ap, format);
    (void)vsnprintf(target, sizeof(target), format, ap);
    va_end(ap);
    return ask(&(struct ask){.target = target});
}

const struct reply *send_text(const char *method, const char *target, const char *body,
                              const char *header)
{
    return ask(&(struct ask){.method = method,
                             .target = target,
                             .body = body,
                             .length = body ? (int64_t)strlen(body) : 0,
                             .headers = (const char *const[]){header, NULL}});
}

/* ---- many at once */

static void collect(CURLM *multi, struct client **clients, size_t n,
                    const struct reply **ret_replies)
{
    struct CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(multi, &left))) {
        CURL *easy = message->easy_handle;
        struct exchange *x;
        size_t i = 0;

        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&x);
        while (i < n && clients[i]->easy != easy)
            i++;
        ck_assert_uint_lt(i, n);
        ret_replies[i] = finish(clients[i], x, message->data.result);
    }
}

void ask_together(const struct ask *asks, size_t n, const struct reply **ret_replies)
{
    struct client **clients = calloc(n, sizeof(struct client *));
    struct exchange *exchanges = calloc(n, sizeof(*exchanges));
    CURLM *multi = curl_multi_init();
    int running;

    ck_assert_ptr_nonnull(clients);
    ck_assert_ptr_nonnull(exchanges);
    ck_assert_ptr_nonnull(multi);
    for (size_t i = 0; i < n; i++) {
        clients[i] = client_new(daemon_socket(), NULL);
        exchanges[i].ask = &asks[i];
        prepare(clients[i], &exchanges[i]);
        curl_multi_add_handle(multi, clients[i]->easy);
    }
    do {
        ck_assert_int_eq(curl_multi_perform(multi, &running), CURLM_OK);
        collect(multi, clients, n, ret_replies);
        if (running > 0)
            ck_assert_int_eq(curl_multi_poll(multi, NULL, 0, 1000, NULL), CURLM_OK);
    } while (running > 0);
    for (size_t i = 0; i < n; i++) {
        curl_multi_remove_handle(multi, clients[i]->easy);
        client_free(clients[i]);
    }
    curl_multi_cleanup(multi);
    free(exchanges);
    free(clients);
}

void ask_crowd(const struct ask *a, size_t n, const struct reply **ret_replies)
{
    struct ask *asks = calloc(n, sizeof(*asks));

    ck_assert_ptr_nonnull(asks);
    for (size_t i = 0; i < n; i++)
        asks[i] = *a;
    ask_together(asks, n, ret_replies);
    free(asks);
}
