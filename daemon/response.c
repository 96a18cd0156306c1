/* SPDX-License-Identifier: MIT */
#include "response.h"

#include "cleanup.h"
#include "secret.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct line {
    const char *text;
    size_t length;
};

/* ---- lines */

static int keep_line(struct response *r, const char *data, size_t length)
{
    size_t need = r->line_length + length, size = r->line_size * 2 + 256;
    char *grown;

    if (need > r->line_size) {
        if (size < need)
            size = need;
        grown = secret_realloc(r->line, size);
        if (!grown)
            return -ENOMEM;
        r->line = grown;
        r->line_size = size;
    }
    memcpy(r->line + r->line_length, data, length);
    r->line_length = need;
    return 0;
}

/* Of a line that is not whole: what speaks another protocol may never end one. */
static bool can_go_on(const struct response *r)
{
    static const char version[] = "HTTP/1.";
    size_t n = r->line_length < strlen(version) ? r->line_length : strlen(version);

    if (r->part == RESPONSE_STATUS && memcmp(r->line, version, n) != 0)
        return false;
    return !memchr(r->line, '\r', r->line_length - 1);
}

/* A line ends in CRLF. A bare LF does in a head, as many write one (RFC 9112, 2.2); behind it, others may take
 * it for part of a chunk's extension. */
static bool cut_end(struct line *l, bool in_head)
{
    l->length--;
    if (l->length > 0 && l->text[l->length - 1] == '\r')
        l->length--;
    else if (!in_head)
        return false;
    return !memchr(l->text, '\r', l->length) && !memchr(l->text, '\0', l->length);
}

/* 1 with a line, without its end, that is there until the next call; 0 when it has not come whole; or a
 * negative errno. */
static int take_line(struct response *r, const char **at, const char *end, struct line *ret)
{
    const char *newline = memchr(*at, '\n', (size_t)(end - *at));
    struct line l = {*at, (size_t)((newline ? newline + 1 : end) - *at)};
    bool in_head = r->part == RESPONSE_STATUS || r->part == RESPONSE_HEADER;
    int error;

    *at += l.length;
    r->lines += l.length;
    if (r->lines > RESPONSE_LINES_MOST)
        return -EMSGSIZE;
    if (!newline || r->line_length > 0) {
        error = keep_line(r, l.text, l.length);
        if (error < 0)
            return error;
        l = (struct line){r->line, r->line_length};
    }
    if (!newline)
        return can_go_on(r) ? 0 : -EBADMSG;
    r->line_length = 0;
    if (!cut_end(&l, in_head))
        return -EBADMSG;
    *ret = l;
    return 1;
}

/* ---- the head */

/* RFC 9112, 4 */
static int read_status(struct response *r, struct line l)
{
    static const char shape[] = "HTTP/1.# ###";

    if (l.length < strlen(shape) || (l.length > strlen(shape) && l.text[strlen(shape)] != ' '))
        return -EBADMSG;
    for (size_t i = 0; i < strlen(shape); i++)
        if (shape[i] == '#' ? !isdigit((unsigned char)l.text[i]) : l.text[i] != shape[i])
            return -EBADMSG;
    r->is_old = l.text[strlen("HTTP/1.")] == '0';
    r->status = (unsigned)strtoul(l.text + strlen("HTTP/1.# "), NULL, 10);
    /* Nobody has asked it to switch protocols. */
    if (r->status < 100 || r->status == 101)
        return -EBADMSG;
    header_list_clear(&r->headers);
    r->part = RESPONSE_HEADER;
    return 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* A name and a colon; or, behind a header, more of its value (RFC 9112, 5). */
static bool is_header(struct line l, bool is_first)
{
    const char *colon = memchr(l.text, ':', l.length);

    return is_blank(*l.text) ? !is_first : colon && colon > l.text;
}

/* A header that may not be there twice. False when it is. */
static bool find_only(const struct response *r, const char *wanted, const char **ret)
{
    const char *name, *value;
    size_t position = 0;

    *ret = NULL;
    while ((name = header_list_next(&r->headers, &position, &value))) {
        if (!header_is(name, wanted))
            continue;
        if (*ret)
            return false;
        *ret = value;
    }
    return true;
}

static bool has_option(const struct response *r, const char *option)
{
    const char *name, *value;
    size_t position = 0;

    while ((name = header_list_next(&r->headers, &position, &value))) {
        if (!header_is(name, "Connection"))
            continue;
        for (size_t n; *value; value += n + strspn(value + n, ", \t")) {
            n = strcspn(value, ", \t");
            if (n == strlen(option) && !strncasecmp(value, option, n))
                return true;
        }
    }
    return false;
}

static bool has_good_names(const struct response *r)
{
    const char *name, *value;
    size_t position = 0;

    while ((name = header_list_next(&r->headers, &position, &value)))
        if (!header_is_token(name))
            return false;
    return true;
}

static bool read_length(const char *text, uint64_t *ret)
{
    *ret = strtoull(text, NULL, 10);
    return *text && text[strspn(text, "0123456789")] == '\0' && *ret <= INT64_MAX;
}

/* RFC 9112, 9.3. An interim answer, too, may say that its connection will be closed (9.6). */
static bool ends_connection(const struct response *r)
{
    return has_option(r, "close") || (r->is_old && !has_option(r, "keep-alive"));
}

/* Others may see the end elsewhere: with a body where none may be, or a coding beside a length or in HTTP/1.0
 * (RFC 9112, 6.1). Nothing is read behind it. */
static bool has_doubtful_end(const struct response *r, const char *length, const char *coding)
{
    if (r->status < 200 || r->status == 204)
        return coding || (length && r->left > 0);
    return coding && (length || r->is_old);
}

/* What comes behind the head (RFC 9112, 6.3). The one coding that can be undone here is "chunked". */
static int read_framing(struct response *r)
{
    const char *length, *coding;

    if (!find_only(r, "Content-Length", &length) || !find_only(r, "Transfer-Encoding", &coding))
        return -EBADMSG;
    if (length && !read_length(length, &r->left))
        return -EBADMSG;
    r->is_last |= ends_connection(r) || has_doubtful_end(r, length, coding);
    if (r->status < 200) {
        r->part = RESPONSE_STATUS;
    } else if (r->to_head || r->status == 204 || r->status == 304) {
        r->part = RESPONSE_NOTHING;
    } else if (coding) {
        r->part = RESPONSE_CHUNK_SIZE;
        return strcasecmp(coding, "chunked") != 0 ? -EBADMSG : 0;
    } else if (length) {
        r->part = r->left > 0 ? RESPONSE_BODY : RESPONSE_NOTHING;
    } else {
        r->part = RESPONSE_BODY_END;
        r->is_last = true;
    }
    return 0;
}

static int end_head(struct response *r)
{
    int error = has_good_names(r) ? read_framing(r) : -EBADMSG;

    if (error < 0)
        return error;
    if (r->status < 200) {
        r->handler->interim(r->status, r->userdata);
        return 0;
    }
    r->has_head = true;
    return r->handler->head(r->status, r->userdata) ? 0 : -ECANCELED;
}

static int read_header(struct response *r, struct line l)
{
    if (l.length == 0)
        return end_head(r);
    if (!is_header(l, r->headers.length == 0))
        return -EBADMSG;
    return header_list_add(&r->headers, l.text, l.length);
}

/* ---- the body */

/* RFC 9112, 7.1; extensions mean nothing to us. */
static int read_chunk_size(struct response *r, struct line l)
{
    size_t digits = 0;

    r->left = 0;
    for (; digits < l.length && isxdigit((unsigned char)l.text[digits]); digits++) {
        char c = l.text[digits];

        if (r->left > INT64_MAX >> 4)
            return -EBADMSG;
        r->left =
            r->left << 4 | (unsigned)(isdigit((unsigned char)c) ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    l = (struct line){l.text + digits, l.length - digits};
    while (l.length > 0 && is_blank(*l.text))
        l = (struct line){l.text + 1, l.length - 1};
    if (digits == 0 || (l.length > 0 && *l.text != ';'))
        return -EBADMSG;
    r->part = r->left > 0 ? RESPONSE_CHUNK : RESPONSE_TRAILER;
    return 0;
}

static int read_chunk_end(struct response *r, struct line l)
{
    r->part = RESPONSE_CHUNK_SIZE;
    return l.length == 0 ? 0 : -EBADMSG;
}

/* They are read and dropped. */
static int read_trailer(struct response *r, struct line l)
{
    if (l.length == 0)
        r->part = RESPONSE_NOTHING;
    return l.length == 0 || is_header(l, false) ? 0 : -EBADMSG;
}

static int take_body(struct response *r, const char **at, const char *end)
{
    const char *data = *at;
    size_t length = (size_t)(end - data);

    if (r->part != RESPONSE_BODY_END) {
        length = length < r->left ? length : (size_t)r->left;
        r->left -= length;
        if (r->left == 0)
            r->part = r->part == RESPONSE_CHUNK ? RESPONSE_CHUNK_END : RESPONSE_NOTHING;
    }
    *at += length;
    r->lines = 0;
    return r->handler->body(data, length, r->userdata) ? 0 : -ECANCELED;
}

/* ---- the answer */

void response_init(struct response *r, bool to_head, const struct response_handler *handler,
                   void *userdata)
{
    *r = (struct response){.handler = handler, .userdata = userdata, .to_head = to_head};
}

void response_done(struct response *r)
{
    header_list_done(&r->headers);
    secret_free(r->line);
    r->line = NULL;
}

static int take(struct response *r, const char **at, const char *end)
{
    static int (*const read[])(struct response * r, struct line l) = {
        [RESPONSE_STATUS] = read_status,         [RESPONSE_HEADER] = read_header,
        [RESPONSE_CHUNK_SIZE] = read_chunk_size, [RESPONSE_CHUNK_END] = read_chunk_end,
        [RESPONSE_TRAILER] = read_trailer,
    };
    struct line l;
    int result;

    if (!read[r->part])
        return take_body(r, at, end);
    result = take_line(r, at, end, &l);
    return result > 0 ? read[r->part](r, l) : result;
}

int response_feed(struct response *r, const char *data, size_t length, size_t *ret_used)
{
    const char *at = data;

    while (r->error == 0 && r->part != RESPONSE_NOTHING && at < data + length)
        r->error = take(r, &at, data + length);
    r->is_whole = r->error == 0 && r->part == RESPONSE_NOTHING;
    *ret_used = (size_t)(at - data);
    return r->error;
}

int response_end(struct response *r)
{
    if (r->error == 0 && r->part == RESPONSE_BODY_END)
        r->is_whole = true;
    if (r->error < 0)
        return r->error;
    return r->is_whole ? 0 : -EPIPE;
}

bool response_keeps_connection(const struct response *r)
{
    return r->is_whole && !r->is_last;
}
