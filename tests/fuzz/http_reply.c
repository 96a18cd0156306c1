/* SPDX-License-Identifier: MIT */
#include "http_reply.h"

#include "fuzz.h"
#include "http_rules.h"
#include "http_service.h"
#include "route.h"

#include <jansson.h>
#include <string.h>
#include <strings.h>

struct reply {
    const char *head, *body, *end; /* of what has come; what is behind it may be the next one */
    unsigned status;
    int64_t length; /* -1: chunked; -2: until the end */
    bool is_problem, is_played, is_html, closes;
    bool is_bare; /* has no body, whatever its head says */
};

/* ---- the head */

static bool has(const char *line, const char *end, const char *text)
{
    size_t length = strlen(text);

    return (size_t)(end - line) >= length && strncasecmp(line, text, length) == 0;
}

static void read_line(struct reply *r, const char *line, const char *end)
{
    static const char chars[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    const char *colon = memchr(line, ':', (size_t)(end - line));

    fuzz_check(colon && colon > line);
    for (const char *p = line; p < colon; p++)
        fuzz_check(*p && strchr(chars, *p));
    for (const char *p = colon; p < end; p++)
        fuzz_check((unsigned char)*p >= ' ' || *p == '\t');
    if (has(line, end, "Content-Length:")) {
        fuzz_check(r->length == -2);
        r->length = strtoll(colon + 1, NULL, 10);
    } else if (has(line, end, "Transfer-Encoding:")) {
        fuzz_check(has(colon, end, ": chunked") && r->length == -2);
        r->length = -1;
    }
    r->is_problem |= has(line, end, "Content-Type: application/problem+json");
    r->is_played |= has(line, end, HTTP_SERVICE_PLAYED);
    r->closes |= has(line, end, "Connection: close");
    fuzz_check(!has(line, end, "X-Auth-Token:") && !has(line, end, "X-Subject-Token:"));
}

/* "HTTP/1.1 200 OK" */
static void read_status(struct reply *r, const char *line, const char *end)
{
    fuzz_check(has(line, end, "HTTP/1.1 ") || has(line, end, "HTTP/1.0 "));
    fuzz_check(end - line > 12 && line[12] == ' ');
    r->status = (unsigned)strtoul(line + 9, NULL, 10);
    fuzz_check(r->status >= 100 && r->status < 600);
    for (const char *p = line; p < end; p++)
        fuzz_check(*p >= ' ' && *p <= '~');
}

static void read_head(struct reply *r, const char *bytes, const char *end)
{
    const char *behind = memmem(bytes, (size_t)(end - bytes), "\r\n\r\n", 4), *next;

    fuzz_check(behind); /* nothing else was to come, so that a head is whole */
    *r = (struct reply){.head = bytes, .body = behind + 4, .length = -2};
    for (const char *line = bytes; line < behind + 2; line = next + 2) {
        next = memmem(line, (size_t)(behind + 2 - line), "\r\n", 2);
        if (line == bytes)
            read_status(r, line, next);
        else
            read_line(r, line, next);
    }
}

/* ---- the body */

/* Where the chunks end; NULL: they are not whole. */
static const char *end_of_chunks(const char *at, const char *end)
{
    for (;;) {
        const char *line = memmem(at, (size_t)(end - at), "\r\n", 2);
        char *behind;
        size_t size;

        if (!line)
            return NULL;
        size = strtoul(at, &behind, 16);
        fuzz_check(behind > at && behind == line);
        if ((size_t)(end - line) < size + 4)
            return NULL;
        fuzz_check(!memcmp(line + 2 + size, "\r\n", 2));
        at = line + size + 4;
        if (size == 0)
            return at;
    }
}

/* Only what a service began, and left, may be cut off. */
static void find_end(struct reply *r, const char *end, bool ended)
{
    const char *found = end;

    if (r->is_bare)
        found = r->body;
    else if (r->length >= 0)
        found = end - r->body >= r->length ? r->body + r->length : NULL;
    else if (r->length == -1)
        found = end_of_chunks(r->body, end);
    else
        fuzz_check(ended || r->is_played);
    fuzz_check(found || r->is_played);
    r->end = found ? found : end;
}

/* ---- what it says */

static void check_problem(const struct reply *r)
{
    _cleanup_(json_decrefp) json_t *document =
        json_loadb(r->body, (size_t)(r->end - r->body), JSON_REJECT_DUPLICATES, NULL);
    const char *type, *title, *detail, *code;
    json_int_t status;
    size_t members = json_object_get(document, "clouds") ? 6 : 5;

    fuzz_check(json_unpack(document, "{s:s, s:s, s:I, s:s, s:s}", "type", &type, "title", &title,
                           "status", &status, "detail", &detail, "code", &code) == 0);
    fuzz_check(json_object_size(document) == members);
    fuzz_check(status == r->status);
    fuzz_check(strcmp(code, "internal-error") != 0);
    fuzz_check(!strncmp(type, "urn:latchkey:problem:", 21) && !strcmp(type + 21, code));
    fuzz_check(*title && fuzz_is_sentence(detail));
}

/* What libmicrohttpd says itself of what is no request: a page, and the end. */
static bool is_page(const struct reply *r)
{
    static const unsigned statuses[] = {400, 413, 414, 431, 501, 505};
    static const char page[] = "<html><head><title>";
    bool is_told = r->is_bare || (r->end - r->body >= (ptrdiff_t)strlen(page) &&
                                  !memcmp(r->body, page, strlen(page)));

    for (size_t i = 0; i < ARRAY_SIZE(statuses); i++)
        if (r->status == statuses[i])
            return is_told && r->closes;
    return false;
}

static void check_secrets(const struct http_daemon *d, const struct reply *r,
                          const struct http_asked *asked)
{
    size_t length = (size_t)(r->end - r->head);
    bool may_tell =
        asked && !asked->refused && !strcmp(route_names[asked->route], "token") && r->status == 200;

    fuzz_check(!memmem(r->head, length, HTTP_SERVICE_KEY, strlen(HTTP_SERVICE_KEY)));
    fuzz_check(may_tell ||
               !memmem(r->head, length, HTTP_SERVICE_TOKEN, strlen(HTTP_SERVICE_TOKEN)));
    fuzz_check(!http_daemon_is_ruled(d) ||
               !memmem(r->head, length, HTTP_RULES_UNSEEN, strlen(HTTP_RULES_UNSEEN)));
}

static void check_kind(const struct reply *r, const struct http_asked *asked)
{
    bool is_proxy = asked && !strcmp(route_names[asked->route], "proxy");

    fuzz_check(is_proxy || !r->is_played);
    if (r->is_played)
        return;
    if (r->status >= 400 && (r->is_problem || !is_page(r))) {
        fuzz_check(asked && r->is_problem);
        fuzz_check(!asked->refused || r->status == 403);
        if (!r->is_bare)
            check_problem(r);
    } else {
        fuzz_check(!r->is_problem);
        fuzz_check(!asked || !asked->refused || r->status >= 400);
        fuzz_check(r->status >= 400 || r->status == 200 || r->status == 204);
    }
}

/* libmicrohttpd 0.9.75 says a head twice when it refuses a Content-Length. */
static bool is_said_twice(const struct reply *r, const char *end)
{
    size_t length = (size_t)(r->body - r->head);

    return (r->status == 400 || r->status == 413) && r->closes &&
           (size_t)(end - r->body) >= length && !memcmp(r->head, r->body, length);
}

/* A page with the token, that is a byte that brings it, and nothing more on this connection. */
static void check_switching(const struct reply *r, const struct http_asked *asked, const char *end,
                            bool ended)
{
    fuzz_check(asked && !asked->refused && !strcmp(route_names[asked->route], "token") &&
               !strcmp(asked->method, "GET"));
    fuzz_check(end - r->body == 1 && *r->body == '\n' && ended);
}

void http_reply_check(const struct http_daemon *d, const char *bytes, size_t length, bool ended)
{
    const char *end = bytes + length;
    size_t n = 0;

    while (bytes < end) {
        const struct http_asked *asked = n < d->n_asked ? &d->asked[n] : NULL;
        struct reply r;

        read_head(&r, bytes, end);
        if (!asked && is_said_twice(&r, end))
            read_head(&r, r.body, end);
        r.is_bare =
            r.status < 200 || r.status == 204 || r.status == 304 ||
            (asked && *asked->method ? !strcmp(asked->method, "HEAD") : r.closes && r.body == end);
        find_end(&r, end, ended);
        check_secrets(d, &r, asked);
        if (r.status >= 200) {
            check_kind(&r, asked);
            n++;
        } else if (r.status == 101) {
            check_switching(&r, asked, end, ended);
            return;
        } else {
            fuzz_check(r.status == 100);
        }
        fuzz_check(!r.closes || r.end == end);
        bytes = r.end;
    }
}
