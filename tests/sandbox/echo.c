/* SPDX-License-Identifier: MIT */
/* See echo.h. */
#include "echo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "stream.h"

#define ECHO_BODY_MAX 4096

/* Every byte becomes the character of its number: whatever was sent can be shown as JSON, and got
 * back. */
static json_t *latin1(const char *bytes, size_t size)
{
    _cleanup_(freep) char *text = malloc(2 * size + 1);
    size_t n = 0;

    if (!text)
        return NULL;
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)bytes[i];

        if (byte >= 0x80)
            text[n++] = (char)(0xc0 | byte >> 6);
        text[n++] = (char)(byte < 0x80 ? byte : 0x80 | (byte & 0x3f));
    }
    return json_stringn(text, n);
}

static enum MHD_Result show_header(void *data, _unused_ enum MHD_ValueKind kind, const char *name,
                                   const char *value)
{
    json_t *pair = json_array();

    json_array_append_new(pair, latin1(name, strlen(name)));
    json_array_append_new(pair, value ? latin1(value, strlen(value)) : json_string(""));
    json_array_append_new(data, pair);
    return MHD_YES;
}

void echo_begin_plain(struct request *r)
{
    r->body.wants_sha256 = true;
    r->body.keep_max = ECHO_BODY_MAX;
}

void echo_serve_plain(struct request *r)
{
    char sha256[BODY_SHA256_TEXT];
    json_t *headers = json_array();
    json_t *shown = json_object();

    body_sha256(&r->body, sha256);
    MHD_get_connection_values(r->connection, MHD_HEADER_KIND, show_header, headers);
    json_object_set_new(shown, "method", latin1(r->method, strlen(r->method)));
    json_object_set_new(shown, "target", latin1(r->target.raw, strlen(r->target.raw)));
    json_object_set_new(shown, "headers", headers);
    json_object_set_new(shown, "body_length", json_integer((json_int_t)r->body.length));
    json_object_set_new(shown, "body_sha256", json_string(sha256));
    if (r->body.length <= ECHO_BODY_MAX)
        json_object_set_new(shown, "body",
                            latin1(r->body.kept ? r->body.kept : "", r->body.kept_length));
    answer_json(r, 200, shown);
}

static void answer_status(struct request *r, unsigned status)
{
    if (status == 401)
        answer_unauthorized(r, true);
    else if (status == 204 || status == 304)
        answer_empty(r, status);
    else
        answer_json(r, status, json_pack("{s:i}", "status", (int)status));
}

static void serve_status(struct request *r)
{
    const char *number = strchr(r->match.rest, '/');
    unsigned long status = number ? strtoul(number + 1, NULL, 10) : 0;

    if (status < 200 || status > 999)
        answer_bad_request(r, "A status from 200 to 999 is wanted: /echo/status/404.");
    else
        answer_status(r, (unsigned)status);
}

static void serve_unauthorized(struct request *r)
{
    answer_unauthorized(r, true);
}

static void serve_headers(struct request *r)
{
    /* The library takes no empty value, but puts a space out as it is, which is one to whoever
     * reads it. */
    static const char *const headers[][2] = {
        {"X-Twice", "first"},
        {"X-Twice", "second"},
        {"x-MiXeD-cAsE", "Kept As It Is"},
        {"Set-Cookie", "a=1; Path=/"},
        {"Set-Cookie", "b=2; Path=/"},
        {"X-Auth-Token", "leaked"},
        {"X-Subject-Token", "leaked"},
        {"X-Empty", " "},
        {"X-Comma", "a, b, c"},
        {"Cache-Control", "no-store"},
    };

    answer_text(r, 200, "text/plain", "odd headers\n");
    for (size_t i = 0; i < ARRAY_SIZE(headers); i++)
        answer_header(r, headers[i][0], headers[i][1]);
}

static void serve_redirect(struct request *r)
{
    char location[128];

    snprintf(location, sizeof(location), "%s/echo/redirected", r->sandbox->base_url);
    answer_text(r, 302, "text/plain", "elsewhere\n");
    answer_header(r, "Location", location);
}

static void hang(struct request *r)
{
    (void)request_wait(r, -1);
}

static void serve_slow(struct request *r)
{
    if (request_wait(r, (double)request_number(r, "ms", 1000) / 1e3))
        echo_serve_plain(r);
}

static void begin_early(struct request *r)
{
    uint64_t status = request_number(r, "status", 413);

    answer_status(r, status >= 200 && status <= 999 ? (unsigned)status : 413);
    r->abrupt = request_number(r, "linger", 1) == 0;
}

static void begin_sink(struct request *r)
{
    echo_begin_plain(r);
    r->read_rate = (double)request_number(r, "rate", 1024 * 1024);
}

static void serve_gzip(struct request *r)
{
    /* "This body was packed with gzip, and nobody asked for it.\n" */
    static const unsigned char packed[] = {
        0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x0b, 0xc9, 0xc8, 0x2c, 0x56,
        0x48, 0xca, 0x4f, 0xa9, 0x54, 0x28, 0x4f, 0x2c, 0x56, 0x28, 0x48, 0x4c, 0xce, 0x4e, 0x4d,
        0x51, 0x28, 0xcf, 0x2c, 0xc9, 0x50, 0x48, 0xaf, 0xca, 0x2c, 0xd0, 0x51, 0x48, 0xcc, 0x4b,
        0x51, 0xc8, 0xcb, 0x07, 0x2b, 0x48, 0x2c, 0x06, 0xc9, 0xa5, 0xe5, 0x17, 0x29, 0x64, 0x96,
        0xe8, 0x71, 0x01, 0x00, 0x81, 0xdf, 0x46, 0xcd, 0x39, 0x00, 0x00, 0x00,
    };

    answer_bytes(r, 200, "text/plain", packed, sizeof(packed));
    answer_header(r, "Content-Encoding", "gzip");
}

static void serve_no_content(struct request *r)
{
    answer_empty(r, 204);
}

static const struct variant {
    const char *word;
    void (*begin)(struct request *r);
    void (*serve)(struct request *r);
} variants[] = {
    {"status", NULL, serve_status},
    {"always-401", NULL, serve_unauthorized},
    {"headers", NULL, serve_headers},
    {"redirect", NULL, serve_redirect},
    {"stream", NULL, stream_serve},
    {"drop", NULL, stream_serve_drop},
    {"close", NULL, stream_serve_close},
    {"trailers", NULL, stream_serve_trailers},
    {"hang", NULL, hang},
    {"slow", NULL, serve_slow},
    {"early", begin_early, echo_serve_plain},
    {"sink", begin_sink, echo_serve_plain},
    {"gzip", NULL, serve_gzip},
    {"nocontent", NULL, serve_no_content},
};

static const struct variant *find(const struct request *r)
{
    static const struct variant plain = {"", echo_begin_plain, echo_serve_plain};
    size_t length = strcspn(r->match.rest, "/");

    for (size_t i = 0; i < ARRAY_SIZE(variants); i++)
        if (strlen(variants[i].word) == length &&
            memcmp(variants[i].word, r->match.rest, length) == 0)
            return &variants[i];
    return &plain;
}

void echo_begin(struct request *r)
{
    const struct variant *variant = find(r);

    echo_begin_plain(r);
    if (variant->begin)
        variant->begin(r);
}

void echo_serve(struct request *r)
{
    find(r)->serve(r);
}
