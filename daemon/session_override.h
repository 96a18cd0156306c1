/* SPDX-License-Identifier: MIT */
/*
 * The endpoints that a cloud's configuration gives, put into a session's catalog before anybody has
 * seen it: what answers for the catalog then answers for them too.
 */
#ifndef SESSION_OVERRIDE_H
#define SESSION_OVERRIDE_H

#include "config.h"
#include "session.h"

/*
 * The entries that a service's override is for get one endpoint without region for each interface; a
 * service without an entry gets one. Where the URL wants what the session has not, a project say, it
 * is left without endpoint and says why. 0 or -ENOMEM, then the session is of no use.
 */
int session_override(struct session *s, const struct cloud_config *cloud);

#endif
