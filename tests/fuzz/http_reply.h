/* SPDX-License-Identifier: MIT */
/* What has to be true of everything that a client gets. */
#ifndef HTTP_REPLY_H
#define HTTP_REPLY_H

#include "http_daemon.h"

/* `bytes` is all that has come on one connection, and nothing more is to come; `ended` says that the
 * daemon has closed it. */
void http_reply_check(const struct http_daemon *d, const char *bytes, size_t length, bool ended);

#endif
