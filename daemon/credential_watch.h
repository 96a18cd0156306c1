/* SPDX-License-Identifier: MIT */
/* Tells when a credential file has got new contents, also when it, its folder or a link on the way
 * to it was replaced by another one or did not exist before. */
#ifndef CREDENTIAL_WATCH_H
#define CREDENTIAL_WATCH_H

#include "cleanup.h"

#include <systemd/sd-event.h>

struct credential_watch;

/* 0 or a negative errno: -ENOENT when neither the file's folder nor the one around it exists. The
 * path is copied. */
int credential_watch_new(sd_event *event, const char *path, void (*changed)(void *userdata),
                         void *userdata, struct credential_watch **ret);
void credential_watch_free(struct credential_watch *w);
DEFINE_CLEANUP(struct credential_watch *, credential_watch_free)

#endif
