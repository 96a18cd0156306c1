/* SPDX-License-Identifier: MIT */
/* The service manager's side of sd_notify(): a socket, and everything that was said to it. */
#ifndef NOTIFY_H
#define NOTIFY_H

#include <stdbool.h>

struct notify;

/* Listens at a path below the test's folder; lasts until the test's end. */
struct notify *notify_new(const char *name);
const char *notify_path(const struct notify *n);

/* Waits, with a stretched bound, for the next message with that line ("READY=1"), looking at each
 * message once. False when it did not come. */
bool notify_wait(struct notify *n, const char *line, double seconds);

/* Every line so far, in order, each with a newline. */
const char *notify_said(struct notify *n);

#endif
