/* SPDX-License-Identifier: MIT */
/*
 * Calls that the daemon answers with the Identity object share how it is asked for.
 */
#ifndef IDENTITY_H
#define IDENTITY_H

#include "client.h"

/* ret_identity may be NULL. */
int identity_ask(lk_client *client, const struct client_question *question,
                 lk_identity **ret_identity, lk_error **ret_error);

#endif
