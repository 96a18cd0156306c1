/* SPDX-License-Identifier: MIT */
/*
 * The other side of the daemon in the same process: identity services and a service that answers as it is
 * told, on the daemon's own loop. Connections to them are Unix sockets, whatever the URL's host and port
 * are: it takes no network, and what has been written is there to be read at once.
 *
 * It looks at what it is asked, too: a request that is not well-formed, that leaves the endpoint, or that
 * does not carry exactly the token that it should, is a finding.
 */
#ifndef HTTP_SERVICE_H
#define HTTP_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <systemd/sd-event.h>

#define HTTP_SERVICE_URL "http://127.0.0.1:1"
#define HTTP_SERVICE_SIGNED "/signed"   /* endpoints that the token goes to */
#define HTTP_SERVICE_PLAIN "/plain"     /* those of the cloud that has none */
#define HTTP_SERVICE_LIMITED "/limited" /* an identity service that never has time */
#define HTTP_SERVICE_USER "fuzzer"
#define HTTP_SERVICE_KEY "k3y-that-nobody-sees"
#define HTTP_SERVICE_TOKEN "t0ken-that-nobody-sees-" /* and a number behind it */
#define HTTP_SERVICE_PLAYED "X-Played: yes"          /* is in each answer of a service */

void http_service_start(sd_event *event);
void http_service_stop(void);

/* How logins and signed requests are answered from now on: any numbers, of which 0 is well. `ruled` says
 * that http_rules.h holds: what they do not allow is a finding then. */
void http_service_play(unsigned char identity, unsigned char service, bool ruled);

/* How many are connected. */
size_t http_service_connections(void);

#endif
