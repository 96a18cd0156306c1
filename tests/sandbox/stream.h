/* SPDX-License-Identifier: MIT */
/*
 * Answers whose body is made while it is sent: bytes that look random but depend on their position
 * only, so that two readings can be compared; at a rate, without a length, cut off in the middle,
 * ended by closing, or with trailers.
 */
#ifndef SANDBOX_STREAM_H
#define SANDBOX_STREAM_H

#include "request.h"

/* ?bytes=N[&chunked=1][&rate=BYTES_PER_S] */
void stream_serve(struct request *r);

/* ?after=N[&chunked=1]: promises twice as many bytes, and closes after N. */
void stream_serve_drop(struct request *r);

/* ?bytes=N: without Content-Length, the end is the end of the connection. */
void stream_serve_close(struct request *r);

/* ?bytes=N: chunked, with a trailer behind the last chunk. */
void stream_serve_trailers(struct request *r);

#endif
