/* SPDX-License-Identifier: MIT */
/* What the two files of the cloud room know of each other: cloud.c has state, timer and waiters,
 * cloud_login.c what goes over the wire. */
#ifndef CLOUD_PRIVATE_H
#define CLOUD_PRIVATE_H

#include "cloud.h"

/* Works state and timer out anew, from everything else; the one place where either changes. */
void cloud_update(struct cloud *c);

void cloud_fail(struct cloud *c, struct problem *problem);
void cloud_drop_session(struct cloud *c);
uint32_t cloud_dice(void);

#endif
