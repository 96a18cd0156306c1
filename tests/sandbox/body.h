/* SPDX-License-Identifier: MIT */
/*
 * Where a request's body goes while it streams in: its first bytes into memory, all of it into a
 * file and through digests where the handler asked for that. Memory stays constant whatever the
 * length.
 */
#ifndef SANDBOX_BODY_H
#define SANDBOX_BODY_H

#include <nettle/md5.h>
#include <nettle/sha2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BODY_MD5_TEXT (2 * MD5_DIGEST_SIZE + 1)
#define BODY_SHA256_TEXT (2 * SHA256_DIGEST_SIZE + 1)

struct body {
    uint64_t length;
    int error;

    /* The first bytes, keep_max of them at most, with a NUL behind. */
    char *kept;
    size_t kept_length;
    size_t keep_max;

    /* An unnamed file that holds the whole, or -1. */
    int fd;

    bool wants_sha256;
    struct md5_ctx md5;
    struct sha256_ctx sha256;
};

void body_init(struct body *body, size_t keep_max);
void body_done(struct body *body);

/* From now on the body is written to an unnamed file in DIRECTORY and its MD5 is taken. */
int body_spool(struct body *body, const char *directory);

/* A failure is kept in body->error, and later pieces are only counted. */
void body_write(struct body *body, const void *data, size_t size);

void body_md5(struct body *body, char ret_hex[static BODY_MD5_TEXT]);
void body_sha256(struct body *body, char ret_hex[static BODY_SHA256_TEXT]);

#endif
