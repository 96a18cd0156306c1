/* SPDX-License-Identifier: MIT */
/*
 * A service's answer as it comes over the wire, in whatever pieces: it is the same answer however it is cut,
 * and what is handed on of it is in order. The first byte says whether the request was a HEAD, the next two
 * where to cut.
 */
#include "fuzz.h"
#include "response.h"

#include <errno.h>
#include <string.h>

#define CHOICES 3

struct reading {
    struct response response;
    FILE *log; /* the statuses and headers, then the body */
    char *text;
    size_t text_length;
    size_t body_length;
    size_t used;
    bool has_head;
    int outcome;
};

static void on_interim(unsigned status, void *userdata)
{
    struct reading *reading = userdata;

    fuzz_check(!reading->has_head && status >= 100 && status < 200 && status != 101);
    fprintf(reading->log, "%u\n", status);
}

static bool on_head(unsigned status, void *userdata)
{
    struct reading *reading = userdata;
    const char *name, *value;
    size_t position = 0;

    fuzz_check(!reading->has_head && status >= 200 && status <= 999);
    reading->has_head = true;
    fprintf(reading->log, "%u\n", status);
    while ((name = header_list_next(&reading->response.headers, &position, &value))) {
        fuzz_check(header_is_token(name) && !strpbrk(value, "\r\n"));
        fprintf(reading->log, "%s:%s\n", name, value);
    }
    return true;
}

static bool on_body(const char *data, size_t length, void *userdata)
{
    struct reading *reading = userdata;

    fuzz_check(reading->has_head && !reading->response.to_head && length > 0);
    reading->body_length += length;
    fwrite(data, 1, length, reading->log);
    return true;
}

static const struct response_handler handler = {on_interim, on_head, on_body};

/* In a block of its own size, which is gone before the next piece comes. */
static void feed(struct reading *reading, const uint8_t *data, size_t length)
{
    _cleanup_(freep) char *piece = malloc(length);
    size_t used = 0;

    if (!piece)
        abort();
    memcpy(piece, data, length);
    reading->outcome = response_feed(&reading->response, piece, length, &used);
    fuzz_check(used <= length);
    fuzz_check(used == length || reading->outcome < 0 || reading->response.is_whole);
    reading->used += used;
}

/* In pieces of `first` bytes, then `next`. */
static void read_answer(struct reading *reading, bool to_head, const uint8_t *data, size_t size,
                        size_t first, size_t next)
{
    const struct response *response = &reading->response;

    *reading = (struct reading){0};
    reading->log = open_memstream(&reading->text, &reading->text_length);
    if (!reading->log)
        abort();
    response_init(&reading->response, to_head, &handler, reading);
    for (size_t n = first; size > 0 && reading->outcome == 0 && !response->is_whole; n = next) {
        n = n < size ? n : size;
        feed(reading, data, n);
        data += n;
        size -= n;
    }
    if (reading->outcome == 0 && !response->is_whole)
        reading->outcome = response_end(&reading->response);
    fclose(reading->log);
}

static void reading_done(struct reading *reading)
{
    response_done(&reading->response);
    free(reading->text);
}

static void check(const struct reading *reading)
{
    const struct response *r = &reading->response;
    const char *length = header_list_find(&r->headers, "Content-Length");
    bool is_chunked = header_list_find(&r->headers, "Transfer-Encoding");

    fuzz_check(reading->outcome == 0 || reading->outcome == -EBADMSG ||
               reading->outcome == -EMSGSIZE || reading->outcome == -EPIPE);
    fuzz_check(reading->outcome == 0 || !response_keeps_connection(r));
    if (reading->outcome < 0)
        return;
    fuzz_check(reading->has_head && r->is_whole);
    if (length && !is_chunked && reading->body_length > 0)
        fuzz_check(reading->body_length == strtoull(length, NULL, 10));
}

static void check_same(const struct reading *a, const struct reading *b)
{
    fuzz_check(a->outcome == b->outcome);
    fuzz_check(a->text_length == b->text_length);
    fuzz_check(!memcmp(a->text, b->text, a->text_length));
    fuzz_check(a->outcome < 0 || a->used == b->used);
    fuzz_check(response_keeps_connection(&a->response) == response_keeps_connection(&b->response));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_(reading_done) struct reading whole = {0}, cut = {0}, bytes = {0};
    bool to_head;
    size_t at;

    if (size <= CHOICES)
        return 0;
    to_head = data[0] == 'H';
    at = ((size_t)data[1] << 8 | data[2]) % (size - CHOICES) + 1;
    data += CHOICES;
    size -= CHOICES;

    read_answer(&whole, to_head, data, size, size, size);
    read_answer(&cut, to_head, data, size, at, size);
    read_answer(&bytes, to_head, data, size, 1, 1);
    check(&whole);
    check_same(&whole, &cut);
    check_same(&whole, &bytes);
    return 0;
}
