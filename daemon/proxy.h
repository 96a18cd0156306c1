/* SPDX-License-Identifier: MIT */
/*
 * The signed request: what the client sent goes to the chosen endpoint as it came, with the token
 * put in, and what comes back goes to the client as it came, with every token taken out. Bodies
 * stream both ways through two buffers of 64 KiB.
 */
#ifndef PROXY_H
#define PROXY_H

#include "exchange.h"

extern const struct request_ops proxy_ops;

void proxy_run(struct exchange *x);

#endif
