/* SPDX-License-Identifier: MIT */
/*
 * A daemon that does as it is told: on each connection it takes requests one after the other and gives
 * the answers of a script, byte for byte, so that a test can show the library what a real daemon never
 * would. It remembers what it was asked.
 */
#ifndef PEER_H
#define PEER_H

#include <stddef.h>

#define PEER_CONNECTIONS 8
#define PEER_ANSWERS 8

/* Reads the request and goes away without a word. */
#define PEER_HANGS_UP "hangs up"
/* Goes away when a request comes, without reading any of it. */
#define PEER_DOES_NOT_READ "does not read"
/* Reads the request and says nothing until the client goes. */
#define PEER_IS_SILENT "is silent"

/* The answers on each connection; behind the last one, the connection is closed. */
struct peer_script {
    const char *connections[PEER_CONNECTIONS][PEER_ANSWERS];
};

/* Starts one on a socket of its own. It ends with the test. */
void peer_start(const struct peer_script *script);

const char *peer_socket(void);

/* Head and body, as they came, of request number index (0 is the first), once it is there. */
const char *peer_request(size_t index);

/* Waits for the script's end: how many requests there were. */
size_t peer_finish(void);

/* A good answer with a body. */
#define PEER_OK(type, length, body) \
    "HTTP/1.1 200 OK\r\nContent-Type: " type "\r\nContent-Length: " length "\r\n\r\n" body

#endif
