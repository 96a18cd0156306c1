/* SPDX-License-Identifier: MIT */
/*
 * How a page of latchkey-token-page.h is read: by any number of threads at once, without a lock and, on
 * machines where reading a clock takes none, without a system call.
 */
#ifndef TOKEN_VIEW_H
#define TOKEN_VIEW_H

#include "latchkey-token-page.h"
#include "latchkey.h"

/*
 * Copies the token, and a NUL behind it. 0; -ENOBUFS, with the length in *ret_info: the buffer is too
 * small; -ENODATA: there is none at present, or it has ended; -EOWNERDEAD: there never will be. On
 * failure, nothing of a token is left in the buffer.
 */
int token_view_read(const struct latchkey_token_page *page, char *buffer, size_t size,
                    lk_token_info *ret_info);

/* Whether nobody writes there any more. */
bool token_view_is_dead(const struct latchkey_token_page *page);

#endif
