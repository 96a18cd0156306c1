/* SPDX-License-Identifier: MIT */
/* See body.h. */
#include "body.h"

#include <errno.h>
#include <fcntl.h>
#include <nettle/base16.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"

void body_init(struct body *body, size_t keep_max)
{
    *body = (struct body){.keep_max = keep_max, .fd = -1};
    md5_init(&body->md5);
    sha256_init(&body->sha256);
}

void body_done(struct body *body)
{
    free(body->kept);
    closep(&body->fd);
    body->kept = NULL;
    body->fd = -1;
}

/* For file systems that know no O_TMPFILE. */
static int open_unlinked(const char *directory)
{
    _cleanup_(freep) char *name = NULL;
    int fd;

    if (asprintf(&name, "%s/latchkey-sandbox-XXXXXX", directory) < 0)
        return -ENOMEM;
    fd = mkostemp(name, O_CLOEXEC);
    if (fd < 0)
        return -errno;
    unlink(name);
    return fd;
}

int body_spool(struct body *body, const char *directory)
{
    int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    if (fd < 0)
        fd = open_unlinked(directory);
    if (fd < 0)
        return fd;
    closep(&body->fd);
    body->fd = fd;
    return 0;
}

static int keep(struct body *body, const char *data, size_t size)
{
    size_t wanted = body->keep_max - body->kept_length;
    char *kept;

    if (wanted > size)
        wanted = size;
    if (wanted == 0)
        return 0;

    kept = realloc(body->kept, body->kept_length + wanted + 1);
    if (!kept)
        return -ENOMEM;
    memcpy(kept + body->kept_length, data, wanted);
    body->kept = kept;
    body->kept_length += wanted;
    kept[body->kept_length] = '\0';
    return 0;
}

static int write_whole(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, data, size);

        if (n < 0 && errno != EINTR)
            return -errno;
        if (n > 0) {
            data += n;
            size -= (size_t)n;
        }
    }
    return 0;
}

void body_write(struct body *body, const void *data, size_t size)
{
    body->length += size;
    if (body->error < 0)
        return;

    if (body->wants_sha256)
        sha256_update(&body->sha256, size, data);
    if (body->fd >= 0) {
        md5_update(&body->md5, size, data);
        body->error = write_whole(body->fd, data, size);
    } else {
        body->error = keep(body, data, size);
    }
}

static void write_hex(char *ret_hex, const uint8_t *digest, size_t size)
{
    base16_encode_update(ret_hex, size, digest);
    ret_hex[BASE16_ENCODE_LENGTH(size)] = '\0';
}

void body_md5(struct body *body, char ret_hex[static BODY_MD5_TEXT])
{
    uint8_t digest[MD5_DIGEST_SIZE];

    md5_digest(&body->md5, sizeof(digest), digest);
    write_hex(ret_hex, digest, sizeof(digest));
}

void body_sha256(struct body *body, char ret_hex[static BODY_SHA256_TEXT])
{
    uint8_t digest[SHA256_DIGEST_SIZE];

    sha256_digest(&body->sha256, sizeof(digest), digest);
    write_hex(ret_hex, digest, sizeof(digest));
}
