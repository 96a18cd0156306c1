/* SPDX-License-Identifier: MIT */
/*
 * What is answered with the same bytes to everybody, made once for each session, and the token once for
 * each second of its life. The answers are borrowed and live as long as the session; NULL without memory.
 */
#ifndef PREPARED_H
#define PREPARED_H

#include "server.h"
#include "session.h"

struct answer *prepared_token(struct session *s, usec_t now);
/* The whole catalog. */
struct answer *prepared_catalog(struct session *s);
/* The identity service's own document; the session has one. */
struct answer *prepared_document(struct session *s);

#endif
