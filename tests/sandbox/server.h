/* SPDX-License-Identifier: MIT */
/*
 * The HTTP server: libmicrohttpd with a thread for each connection, so that a handler may simply
 * wait. It turns the library's calls into a route's begin() and serve(), checks tokens, counts and
 * logs.
 */
#ifndef SANDBOX_SERVER_H
#define SANDBOX_SERVER_H

#include "sandbox.h"

struct server;

/* Listens on 127.0.0.1 and fills in the sandbox's base_url. SANDBOX has to outlive the server. */
int server_start(struct sandbox *sandbox, struct server **ret_server);

/* Ends what is being served, and waits for it to have ended. */
void server_stop(struct server *server);

uint16_t server_port(const struct server *server);

#endif
