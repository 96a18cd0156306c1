/* SPDX-License-Identifier: MIT */
/* What the files of the cloud room know of each other: cloud.c has state, timer and waiters,
 * cloud_login.c and cloud_revoke.c what goes over the wire, cloud_resume.c what outlives a restart. */
#ifndef CLOUD_PRIVATE_H
#define CLOUD_PRIVATE_H

#include "cloud.h"

/* Works state and timer out anew, from everything else; the one place where either changes. */
void cloud_update(struct cloud *c);

/* Whether the last login failed and it is too early for the next: the service may have asked for
 * that, and refused credentials get no better by being tried often. */
bool cloud_backs_off(const struct cloud *c, usec_t now);

/* Has the next login begin at that time, if none is planned before. */
void cloud_plan_login(struct cloud *c, usec_t when);

void cloud_fail(struct cloud *c, struct problem *problem);

/* Has the page, if there is one, show the session's token. */
void cloud_page_update(struct cloud *c);

/* The token ends here, for the next daemon too. */
void cloud_drop_session(struct cloud *c);

/* Lays the session down for the next daemon; or what lies there is taken out, if it is not to have this one. */
void cloud_keep(struct cloud *c);

/* Whether there is a session from before the restart to go on with: then the cloud has it. */
bool cloud_resume(struct cloud *c);

uint32_t cloud_dice(void);

/* Has the identity service revoke the token. 0 with a reference, or with NULL where it cannot; -ENOMEM. */
int cloud_revoke(struct cloud *c, const char *token, struct cloud_revocation **ret);
void cloud_break_off_revocations(struct cloud *c);

/* The same for the token that the cloud holds, which it has no more then; somebody is told when it cannot
 * be done. */
void cloud_revoke_and_drop(struct cloud *c);

#endif
