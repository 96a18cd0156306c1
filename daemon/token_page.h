/* SPDX-License-Identifier: MIT */
/*
 * The token as a page that others map and read, and only the daemon writes: a sealed memfd, whose layout
 * is latchkey-token-page.h. Whoever has its descriptor sees each token that is written there, until the
 * page is retired; when the daemon is killed, the kernel marks the page.
 *
 * All of it belongs to the thread that makes the page: with that thread's end the page is dead.
 */
#ifndef TOKEN_PAGE_H
#define TOKEN_PAGE_H

#include "cleanup.h"
#include "latchkey-token-page.h"

#include <stdint.h>

struct token_page;

struct token_page_value {
    const char *token;
    uint64_t generation;
    uint64_t deadline; /* µs on CLOCK_BOOTTIME; UINT64_MAX: never */
    uint64_t expires;  /* µs since 1970; 0: never */
};

/* An empty page. 0 or a negative errno. */
int token_page_new(struct token_page **ret);
/* Retires it: there will be no token any more. */
void token_page_free(struct token_page *p);
DEFINE_CLEANUP(struct token_page *, token_page_free)

/* What is to be passed on; borrowed. */
int token_page_fd(const struct token_page *p);
/* What those see whom it was passed to. */
const struct latchkey_token_page *token_page_shown(const struct token_page *p);

/* 0, or -EMSGSIZE: the token does not fit, and the page is as it was. */
int token_page_write(struct token_page *p, const struct token_page_value *v);
/* There is no usable token at present: what was there is wiped. */
void token_page_clear(struct token_page *p);

#endif
