/* SPDX-License-Identifier: MIT */
/* nginx as a service that speaks TLS and offers HTTP/2 beside HTTP/1.1. */
#ifndef NGINX_H
#define NGINX_H

/* Starts it with the certificate of that name (see tls_certificate()): it serves what lies in the test's
 * folder, and what these directives of its `server` say. The port on 127.0.0.1. Ends with the test. */
int nginx_start(const char *certificate, const char *directives);

/* A line for each request that is over: "PROTOCOL METHOD PATH STATUS". Lasts until the test's end. */
const char *nginx_log(void);

#endif
