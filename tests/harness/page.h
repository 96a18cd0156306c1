/* SPDX-License-Identifier: MIT */
/* The daemon's token page as another process gets it, by its documented layout and nothing else. */
#ifndef PAGE_H
#define PAGE_H

#include "latchkey-token-page.h"

/* A connection on which the page was asked for. */
struct page_answer {
    int connection; /* open; the test's to close */
    const char *head;
    const struct latchkey_token_page *page; /* mapped until the test's end; NULL: none came */
};

#define PAGE_HEADERS "Connection: upgrade\r\nUpgrade: latchkey-token-page\r\n"

/* One request with these headers, each with its line's end, to the daemon that was started last; for a method and
 * a path such as "GET /v1/default/token". */
struct page_answer page_ask(const char *what, const char *headers);

/* The page of a cloud, which has to come; its connection is closed. */
const struct latchkey_token_page *page_get(const char *cloud);

/* The page's token at this moment. */
const char *page_token(const struct latchkey_token_page *page);

/* Waits until the page is in that state, and demands that there is no token in it unless it is usable. */
void page_wait_state(const struct latchkey_token_page *page, uint32_t state);
/* The same for its end without a word. */
void page_wait_death(const struct latchkey_token_page *page);

#endif
