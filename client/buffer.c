/* SPDX-License-Identifier: MIT */
#include "buffer.h"

#include <errno.h>
#include <string.h>

#define FIRST_CAPACITY 512

static int buffer_reserve(struct buffer *buffer, size_t more)
{
    size_t capacity = buffer->capacity ? buffer->capacity : FIRST_CAPACITY;
    char *data;

    if (more > BUFFER_LIMIT - buffer->size)
        return -EMSGSIZE;
    while (capacity < buffer->size + more + 1)
        capacity *= 2;
    if (capacity == buffer->capacity)
        return 0;

    /* realloc could leave a copy behind */
    data = malloc(capacity);
    if (!data)
        return -ENOMEM;
    if (buffer->data) {
        memcpy(data, buffer->data, buffer->size);
        explicit_bzero(buffer->data, buffer->size);
        free(buffer->data);
    }
    data[buffer->size] = '\0';
    buffer->data = data;
    buffer->capacity = capacity;
    return 0;
}

int buffer_append(struct buffer *buffer, const void *data, size_t size)
{
    if (buffer->error == 0)
        buffer->error = buffer_reserve(buffer, size);
    if (buffer->error < 0)
        return buffer->error;
    if (size > 0)
        memcpy(buffer->data + buffer->size, data, size);
    buffer->size += size;
    buffer->data[buffer->size] = '\0';
    return 0;
}

int buffer_append_string(struct buffer *buffer, const char *string)
{
    return buffer_append(buffer, string, strlen(string));
}

int buffer_append_escaped(struct buffer *buffer, const char *string, const char *keep)
{
    static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                     "0123456789-._~";

    for (; *string; string++) {
        char escaped[4];

        if (strchr(unreserved, *string) || strchr(keep, *string)) {
            buffer_append(buffer, string, 1);
        } else {
            snprintf(escaped, sizeof(escaped), "%%%02X", (unsigned char)*string);
            buffer_append(buffer, escaped, 3);
        }
    }
    return buffer->error;
}

void buffer_done(struct buffer *buffer)
{
    if (buffer->data)
        explicit_bzero(buffer->data, buffer->capacity);
    free(buffer->data);
    *buffer = (struct buffer){};
}

void secret_free(char *secret)
{
    if (!secret)
        return;
    explicit_bzero(secret, strlen(secret));
    free(secret);
}
