/* SPDX-License-Identifier: MIT */
/*
 * A service that says back what it was sent, byte by byte, and that can be asked to answer in every
 * odd way that a proxy has to live with. The services of the catalog that have no room of their own
 * are served by the plain echo.
 */
#ifndef SANDBOX_ECHO_H
#define SANDBOX_ECHO_H

#include "request.h"

/* Says back the request, whatever its path. */
void echo_begin_plain(struct request *r);
void echo_serve_plain(struct request *r);

/* The first word behind the echo's own path may name an odd way to answer. */
void echo_begin(struct request *r);
void echo_serve(struct request *r);

#endif
