/* SPDX-License-Identifier: MIT */
/* See stream.h. */
#include "stream.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

#define STREAM_BLOCK (64 * 1024)

/* Lives as long as the response, which is longer than the request. */
struct stream {
    uint64_t length;
    bool breaks_off;
    double rate;
    int64_t start_ns;
    int client_fd;
    int stop_fd;
};

/* The finaliser of splitmix64: eight bytes for each number of eight bytes. */
static uint64_t scramble(uint64_t number)
{
    number += UINT64_C(0x9e3779b97f4a7c15);
    number = (number ^ number >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    number = (number ^ number >> 27) * UINT64_C(0x94d049bb133111eb);
    return number ^ number >> 31;
}

static void fill(char *buffer, uint64_t position, size_t size)
{
    size_t done = 0;

    while (done < size) {
        uint64_t word = scramble((position + done) / sizeof(word));
        size_t skip = (position + done) % sizeof(word);
        size_t n = sizeof(word) - skip;

        if (n > size - done)
            n = size - done;
        memcpy(buffer + done, (const char *)&word + skip, n);
        done += n;
    }
}

/* Waits until the rate allows what has been sent up to POSITION. */
static bool keep_rate(const struct stream *stream, uint64_t position)
{
    double passed = (double)(clock_boot_ns() - stream->start_ns) / 1e9;
    double wait = (double)position / stream->rate - passed;

    return wait <= 0 || request_wait_on(stream->client_fd, stream->stop_fd, wait);
}

static ssize_t read_stream(void *data, uint64_t position, char *buffer, size_t size)
{
    const struct stream *stream = data;
    uint64_t left = stream->length - position;

    if (left == 0)
        return stream->breaks_off ? MHD_CONTENT_READER_END_WITH_ERROR
                                  : MHD_CONTENT_READER_END_OF_STREAM;
    if (size > left)
        size = (size_t)left;
    if (stream->rate > 0) {
        /* A tenth of a second at a time, so that a slow stream is smooth. */
        if (size > stream->rate / 10 + 1)
            size = (size_t)(stream->rate / 10 + 1);
        if (!keep_rate(stream, position))
            return MHD_CONTENT_READER_END_WITH_ERROR;
    }
    fill(buffer, position, size);
    return (ssize_t)size;
}

/* PROMISED is what the headers say, LENGTH what is sent. */
static void answer_stream(struct request *r, uint64_t promised, uint64_t length, bool breaks_off)
{
    struct stream *stream = malloc(sizeof(*stream));
    struct MHD_Response *response;

    if (!stream)
        return;
    *stream = (struct stream){
        .length = length,
        .breaks_off = breaks_off,
        .rate = (double)request_number(r, "rate", 0),
        .start_ns = clock_boot_ns(),
        .client_fd = request_client_fd(r),
        .stop_fd = r->sandbox->stop_fd,
    };
    response = MHD_create_response_from_callback(promised, STREAM_BLOCK, read_stream, stream, free);
    if (!response) {
        free(stream);
        return;
    }
    /* libmicrohttpd 0.9.75 ends a chunked answer to HEAD with the last chunk, which nobody expects: it ends with its connection. */
    if (promised == MHD_SIZE_UNKNOWN && strcmp(r->method, "HEAD") == 0)
        MHD_set_response_options(response, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
    answer_response(r, 200, response);
    answer_header(r, "Content-Type", "application/octet-stream");
}

void stream_serve(struct request *r)
{
    uint64_t length = request_number(r, "bytes", 65536);

    answer_stream(r, request_number(r, "chunked", 0) ? MHD_SIZE_UNKNOWN : length, length, false);
}

void stream_serve_drop(struct request *r)
{
    uint64_t length = request_number(r, "after", 4096);

    answer_stream(r, request_number(r, "chunked", 0) ? MHD_SIZE_UNKNOWN : 2 * length, length, true);
}

void stream_serve_close(struct request *r)
{
    answer_stream(r, MHD_SIZE_UNKNOWN, request_number(r, "bytes", 4096), false);
    if (r->answer)
        MHD_set_response_options(r->answer, MHD_RF_HTTP_VERSION_1_0_RESPONSE, MHD_RO_END);
}

void stream_serve_trailers(struct request *r)
{
    answer_stream(r, MHD_SIZE_UNKNOWN, request_number(r, "bytes", 4096), false);
    answer_header(r, "Trailer", "X-Trailer");
    if (r->answer)
        MHD_add_response_footer(r->answer, "X-Trailer", "behind the body");
}
