/* SPDX-License-Identifier: MIT */
/*
 * Enough of some texts to tell later whether others are the same, without keeping them: SHA-256 over
 * those that are there, with their names. What is not there leaves no trace, so that a newer version, which
 * knows more names, makes the same of the same texts.
 */
#ifndef DIGEST_H
#define DIGEST_H

#include <nettle/sha2.h>
#include <stdbool.h>
#include <stdint.h>

struct digest {
    uint8_t bytes[SHA256_DIGEST_SIZE];
};

struct digest_maker {
    struct sha256_ctx ctx;
};

/* The salt, any random number, keeps the digest from being looked up in a table. */
void digest_begin(struct digest_maker *d, uint64_t salt);
/* The order counts; a NULL text is not there. */
void digest_add(struct digest_maker *d, const char *name, const char *text);
/* Wipes the maker. */
struct digest digest_end(struct digest_maker *d);

bool digest_equal(const struct digest *a, const struct digest *b);

#endif
