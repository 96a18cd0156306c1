/* SPDX-License-Identifier: MIT */
/* Certificates, made afresh with openssl in the test's folder, and openssl's own server. */
#ifndef TLS_H
#define TLS_H

/* Runs it with those words; it has to go well. */
void tls_openssl(const char *arguments);

/* A certificate that signs itself, as NAME.pem, with its key in NAME.key; the subject is such as
 * "IP:127.0.0.1". */
void tls_certificate(const char *name, const char *subject);

/* A service of that certificate on 127.0.0.1, which answers a GET with what it knows of the client:
 * its port. Ends with the test. */
int tls_serve(const char *name, const char *arguments);

#endif
