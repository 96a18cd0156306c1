/* SPDX-License-Identifier: MIT */
/* The bundled cloud beside the test, and its control plane. There may be two: the one that was
 * started last is meant everywhere. */
#ifndef SANDBOX_H
#define SANDBOX_H

#include "client.h"

#define SANDBOX_USER "myusername"
#define SANDBOX_KEY "01234567890abcdef"

/* Starts it with these arguments on top of the usual ones; NULL: none. Any free port unless they
 * say otherwise. */
void sandbox_start(const char *const *arguments);

/* Ends all, and demands that they end well. Their tokens are remembered as secrets. */
void sandbox_stop(void);
bool sandbox_runs(void);

int sandbox_port(void);
/* http://127.0.0.1:PORT, or https. */
const char *sandbox_url(void);

/* One request to it. */
const struct reply *sandbox_ask(const struct ask *a);

/* Changes settings: the members of a JSON object, written with ' for ". */
void sandbox_set(const char *format, ...) _printf_(1, 2);
void sandbox_reset(void);

/* The counters; and one of them, or the length of one that is a list. */
json_t *sandbox_stats(void);
json_int_t sandbox_count(const char *member);
/* Waits, with a bound, until it is that. */
void sandbox_wait_count(const char *member, json_int_t wanted);
void sandbox_wait_count_at_least(const char *member, json_int_t wanted);

void sandbox_revoke_all(void);

/* Whether a service would take the token at this moment. */
bool sandbox_takes(const char *token);

/* Has the tokens that it gave so far be secrets. */
void sandbox_remember_tokens(void);

#endif
