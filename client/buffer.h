/* SPDX-License-Identifier: MIT */
/*
 * Text that grows up to a limit and may hold a secret: every block it ever used is wiped before it
 * is freed. The data always ends in a NUL that the size does not count.
 */
#ifndef BUFFER_H
#define BUFFER_H

#include "cleanup.h"

#define BUFFER_LIMIT ((size_t)16 * 1024 * 1024)

struct buffer {
    char *data; /* NULL while nothing was ever appended */
    size_t size;
    size_t capacity;
    int error; /* of the first append that failed: later ones do nothing, so looking once is enough
                */
};

/* Return the buffer's error: 0, -EMSGSIZE beyond BUFFER_LIMIT, or -ENOMEM. */
int buffer_append(struct buffer *buffer, const void *data, size_t size);
int buffer_append_string(struct buffer *buffer, const char *string);

/* Appends the string, percent-encoded but for unreserved characters and those in keep. */
int buffer_append_escaped(struct buffer *buffer, const char *string, const char *keep);

/* Wipes and empties it; it can be used again. */
void buffer_done(struct buffer *buffer);

/* Wipes a string and frees it; NULL is fine. */
void secret_free(char *secret);
DEFINE_CLEANUP(char *, secret_free)

#endif
