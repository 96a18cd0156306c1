/* SPDX-License-Identifier: MIT */
/* Which headers a signed request may carry through, in either direction. Pure. */
#ifndef PROXY_HEADERS_H
#define PROXY_HEADERS_H

#include <stdbool.h>

/*
 * Notes what one Connection header names: a message may have several. *list starts as NULL and is
 * freed by the caller. 0 or -ENOMEM.
 */
int proxy_connection_add(char **list, const char *value);

/*
 * `connection` is what proxy_connection_add() made of the message's Connection headers, which name
 * further hop-by-hop ones (RFC 9110, 7.6.1), or NULL. `_` counts as `-`: gateways on the other side
 * (WSGI, CGI) do not tell them apart.
 */
bool proxy_request_header_passes(const char *name, const char *connection);
bool proxy_response_header_passes(const char *name, const char *connection);

#endif
