/* SPDX-License-Identifier: MIT */
/* Large bodies that nobody has to keep: bytes that depend on their position only (the sandbox's
 * /echo/stream gives the same ones), and what became of them as a SHA-256. */
#ifndef STREAM_H
#define STREAM_H

#include <nettle/sha2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STREAM_SHA256_TEXT (2 * SHA256_DIGEST_SIZE + 1)

struct stream {
    uint64_t length; /* of the whole, for a source */
    uint64_t position;
    struct sha256_ctx sha256;
};

void stream_init(struct stream *s, uint64_t length);

/* The next bytes; 0 at the end. As ask's produce(), with the stream as userdata. */
size_t stream_produce(char *to, size_t length, void *userdata);

/* Takes bytes in. As ask's consume(). */
bool stream_consume(const char *data, size_t length, void *userdata);

/* The SHA-256 of what has gone through, in hexadecimal. Once. */
void stream_sha256(struct stream *s, char ret[static STREAM_SHA256_TEXT]);

/* The SHA-256 of a stream's first `length` bytes. */
void stream_expected(uint64_t length, char ret[static STREAM_SHA256_TEXT]);

/* A stream's first bytes as memory that lasts until the test's end. */
char *stream_bytes(size_t length);

#endif
