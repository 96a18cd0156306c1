/* SPDX-License-Identifier: MIT */
/*
 * Who got what: a record for each token handed out, each refusal, each login, each reload and each
 * credential that is handed in or forgotten. They are journal entries with a MESSAGE_ID (log_ids.h) and
 * fields (log.h). Where many are alike, the first are written as they are and the others as one
 * summary with their number in LATCHKEY_COUNT, within a minute (tally.h): the sum over all records,
 * one without that field being 1, is the number of events.
 *
 * Everywhere an audit may be NULL, then every event is written at once. A cloud is a configured one's
 * name or NULL, never what somebody asked for.
 */
#ifndef AUDIT_H
#define AUDIT_H

#include "peer.h"
#include "problem.h"

#include <systemd/sd-event.h>

struct audit;

/* 0 or a negative errno. The event loop is borrowed; it wakes up for this only while a summary is
 * due. */
int audit_new(sd_event *event, struct audit **ret);
/* Writes what is pending. */
void audit_free(struct audit *a);
DEFINE_CLEANUP(struct audit *, audit_free)

/* A token went to this caller; rule NULL: there are no rules. Cheap enough for each of them. */
void audit_token(struct audit *a, const struct peer *peer, const char *cloud, const char *rule);

/* The page with the token went to this caller, who sees the ones that follow there until it is retired. */
void audit_token_page(struct audit *a, const struct peer *peer, const char *cloud,
                      const char *rule);

/* This caller was refused; operation and cloud NULL: it did not get as far as naming one. */
void audit_refusal(struct audit *a, const struct peer *peer, const char *operation,
                   const char *cloud, enum problem_code code);

/* This caller has handed a credential in, or had it and the token forgotten. */
void audit_credential(struct audit *a, const struct peer *peer, const char *cloud,
                      const char *rule);
void audit_forget(struct audit *a, const struct peer *peer, const char *cloud, const char *rule);

/* user NULL: the identity service did not say. */
void audit_login(struct audit *a, const char *cloud, const char *user, uint64_t generation,
                 uint64_t seconds_left);
void audit_login_failed(struct audit *a, const char *cloud, const struct problem *problem);

/* Somebody, NULL: not known, had the configuration read again; error NULL: that counts from now on. These
 * are never counted: only root and the daemon's own user can bring them about, and want to read each. */
void audit_reload(const struct peer *peer, const char *error);

#endif
