/* SPDX-License-Identifier: MIT */
/* Bytes to the daemon and back, for what no well-behaved client would send. */
#ifndef RAW_H
#define RAW_H

#include "cleanup.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* A connection to a Unix socket; NULL: the daemon that was started last. */
int raw_connect(const char *path);

/* Whether somebody listens there. */
bool raw_connects(const char *path);
/* A socket of our own at that path; one of SOCK_STREAM listens. */
int raw_listen(const char *path, int type);

/* All of it; what comes back lasts until the test's end, with a NUL behind it. */
void raw_send(int fd, const void *bytes, size_t length);
void raw_print(int fd, const char *format, ...) _printf_(2, 3);

/* Reads up to and with the empty line that ends a head. */
char *raw_read_head(int fd);
/* Reads exactly so many bytes. */
char *raw_read(int fd, size_t length);
/* Reads until the other side has closed. */
char *raw_read_all(int fd, size_t *ret_length);

/* Whether something has come, or does within so many (stretched) seconds. */
bool raw_waits(int fd, double seconds);

/* One request on a connection of its own, "Connection: close" in it; the whole answer. */
char *raw_ask(const char *request, size_t *ret_length);

#endif
