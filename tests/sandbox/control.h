/* SPDX-License-Identifier: MIT */
/* The control plane, with which a test looks into the sandbox and makes it misbehave. It asks for
 * no token. */
#ifndef SANDBOX_CONTROL_H
#define SANDBOX_CONTROL_H

#include "request.h"

void control_serve_stats(struct request *r);
void control_serve_settings(struct request *r);
void control_serve_change_settings(struct request *r);
void control_serve_tokens(struct request *r);
void control_serve_revoke_all(struct request *r);
void control_serve_reset(struct request *r);

#endif
