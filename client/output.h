/* SPDX-License-Identifier: MIT */
/*
 * A file that appears under its name only when it is whole: what is written is kept nameless, and
 * put in the place of what was there by output_commit(). A process that dies before leaves nothing
 * behind. Something that is not a regular file, such as a pipe or /dev/null, is written to
 * directly, and so is a file that standard output or standard error goes to.
 */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <stdbool.h>

#include "cleanup.h"

struct output {
    int fd;
    char *path;      /* the name it will have; NULL: written to directly */
    char *directory; /* of that path */
    char *temporary; /* a name in the meantime; NULL: it has none */
};

#define OUTPUT_INIT \
    {               \
        .fd = -1    \
    }

/* A file that is there keeps its mode; "-" is standard output. Returns 0 or a negative errno. */
int output_open(struct output *output, const char *path);

/* Writes to any descriptor, one that does not block too, until all is written. 0 or a negative
 * errno. */
int output_write(int fd, const void *data, size_t size);

int output_commit(struct output *output);

/* Closes it; what was not committed is gone. */
void output_done(struct output *output);

#endif
