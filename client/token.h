/* SPDX-License-Identifier: MIT */
/* What the files of the token room know of each other: token.c has the answers and how to wait for the next,
 * token_page.c the shared page, token_view.c how one is read. */
#ifndef TOKEN_H
#define TOKEN_H

#include "client.h"

DEFINE_CLEANUP(lk_token *, lk_token_free)

/* Reads the daemon's answer and takes its text over. -EPROTO: that is not what it is; -ENOMEM. */
int token_new(struct buffer *text, lk_token **ret_token);

#endif
