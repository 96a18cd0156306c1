/* SPDX-License-Identifier: MIT */
#include "digest.h"

#include <string.h>

void digest_begin(struct digest_maker *d, uint64_t salt)
{
    sha256_init(&d->ctx);
    sha256_update(&d->ctx, sizeof(salt), (const uint8_t *)&salt);
}

/* With its length, so that no two lists of texts look the same. */
static void add_text(struct digest_maker *d, const char *text)
{
    uint64_t length = strlen(text);

    sha256_update(&d->ctx, sizeof(length), (const uint8_t *)&length);
    sha256_update(&d->ctx, length, (const uint8_t *)text);
}

void digest_add(struct digest_maker *d, const char *name, const char *text)
{
    if (!text)
        return;
    add_text(d, name);
    add_text(d, text);
}

struct digest digest_end(struct digest_maker *d)
{
    struct digest digest;

    sha256_digest(&d->ctx, sizeof(digest.bytes), digest.bytes);
    explicit_bzero(d, sizeof(*d));
    return digest;
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
    return !memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}
