/* SPDX-License-Identifier: MIT */
/*
 * What stands in between: a forward proxy that the test plays, which knows CONNECT only, or merely an
 * address of IPv6 at which somebody of 127.0.0.1 is found. It keeps what it was asked and what went
 * through it upwards. It has threads of its own and ends with the test.
 */
#ifndef RELAY_H
#define RELAY_H

#include <stdbool.h>
#include <stddef.h>

struct relay;

struct relay_options {
    int to; /* everything goes to that port of 127.0.0.1, and it listens on [::1]; 0: a proxy */
    const char *authorization; /* a proxy demands that `Proxy-Authorization`; NULL: none */
    const char *refusal;       /* a proxy answers with that head to all; NULL: opens the tunnel */
};

struct relay *relay_new(const struct relay_options *options);
int relay_port(const struct relay *r);

/* How often somebody asked for a tunnel, and the head with which; it lasts until the test's end. */
size_t relay_count(struct relay *r);
const char *relay_head(struct relay *r, size_t number);

/* Whether that went up through one of the tunnels, or to the proxy itself. */
bool relay_saw(struct relay *r, const char *text);

#endif
