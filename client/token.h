/* SPDX-License-Identifier: MIT */
/* What the files of the token room know of each other: token.c has the answers and how to wait for the next,
 * token_page.c the shared page, token_view.c how one is read. */
#ifndef TOKEN_H
#define TOKEN_H

#include "client.h"

DEFINE_CLEANUP(lk_token *, lk_token_free)

/* Reads the daemon's answer and takes its text over. -EPROTO: that is not what it is; -ENOMEM. */
int token_new(struct buffer *text, lk_token **ret_token);

/* How long a daemon that was there has to be back, and how long to pause between two looks. */
#define TOKEN_RESTART_MS 10000
#define TOKEN_PAUSE_NS 100000000

/* By CLOCK_BOOTTIME. */
int64_t token_now_ms(void);

/* Whether that is what a daemon looks like that goes away, or is not back yet. */
bool token_is_restart(int r);

#endif
