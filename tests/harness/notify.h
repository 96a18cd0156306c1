/* SPDX-License-Identifier: MIT */
/* The service manager's side of sd_notify(): a socket, everything that was said to it, and the store of the
 * descriptors that were sent. */
#ifndef NOTIFY_H
#define NOTIFY_H

#include <stdbool.h>
#include <stddef.h>

struct notify;

/* Listens at a path below the test's folder; lasts until the test's end. */
struct notify *notify_new(const char *name);
const char *notify_path(const struct notify *n);

/* Waits, with a stretched bound, for the next message with that line ("READY=1"), looking at each
 * message once. False when it did not come. */
bool notify_wait(struct notify *n, const char *line, double seconds);

/* Every line so far, in order, each with a newline. */
const char *notify_said(struct notify *n);

struct notify_kept {
    char *name;
    int fd; /* the store's */
};

/* What it keeps by now, in the order in which it came. */
const struct notify_kept *notify_kept(struct notify *n, size_t *ret_n);

/* How many it has kept at once, at most. */
size_t notify_kept_most(struct notify *n);

/* Changes it behind the daemon's back: puts a copy in; takes all of that name out, NULL: all of them. */
void notify_keep(struct notify *n, const char *name, int fd);
void notify_drop(struct notify *n, const char *name);

#endif
