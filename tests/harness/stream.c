/* SPDX-License-Identifier: MIT */
#include "stream.h"

#include "stage.h"

#include <nettle/base16.h>
#include <string.h>

/* The finaliser of splitmix64: eight bytes for each number of eight bytes. */
static uint64_t scramble(uint64_t number)
{
    number += UINT64_C(0x9e3779b97f4a7c15);
    number = (number ^ number >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    number = (number ^ number >> 27) * UINT64_C(0x94d049bb133111eb);
    return number ^ number >> 31;
}

static void fill(char *to, uint64_t position, size_t length)
{
    while (length > 0) {
        uint64_t word = scramble(position / sizeof(word));
        size_t skip = position % sizeof(word), n = sizeof(word) - skip;

        if (n > length)
            n = length;
        memcpy(to, (const char *)&word + skip, n);
        to += n;
        position += n;
        length -= n;
    }
}

void stream_init(struct stream *s, uint64_t length)
{
    *s = (struct stream){.length = length};
    sha256_init(&s->sha256);
}

size_t stream_produce(char *to, size_t length, void *userdata)
{
    struct stream *s = userdata;

    if (length > s->length - s->position)
        length = (size_t)(s->length - s->position);
    fill(to, s->position, length);
    (void)stream_consume(to, length, s);
    return length;
}

bool stream_consume(const char *data, size_t length, void *userdata)
{
    struct stream *s = userdata;

    sha256_update(&s->sha256, length, (const uint8_t *)data);
    s->position += length;
    return true;
}

void stream_sha256(struct stream *s, char ret[static STREAM_SHA256_TEXT])
{
    uint8_t digest[SHA256_DIGEST_SIZE];

    sha256_digest(&s->sha256, sizeof(digest), digest);
    base16_encode_update(ret, sizeof(digest), digest);
    ret[STREAM_SHA256_TEXT - 1] = '\0';
}

void stream_expected(uint64_t length, char ret[static STREAM_SHA256_TEXT])
{
    char piece[16 * 1024];
    struct stream s;

    stream_init(&s, length);
    while (stream_produce(piece, sizeof(piece), &s) > 0)
        continue;
    stream_sha256(&s, ret);
}

char *stream_bytes(size_t length)
{
    char *bytes = stage_keep(malloc(length + 1));

    fill(bytes, 0, length);
    bytes[length] = '\0';
    return bytes;
}
