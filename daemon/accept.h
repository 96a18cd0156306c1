/* SPDX-License-Identifier: MIT */
/*
 * Whether a client would rather have text than JSON, out of its Accept headers (RFC 9110, 12.4.2 and
 * 12.5.1). JSON is what the socket speaks: text is for those who name it and do not like JSON as
 * well. Pure.
 */
#ifndef ACCEPT_H
#define ACCEPT_H

#include <stdbool.h>

enum accept_range {
    ACCEPT_TEXT_PLAIN,
    ACCEPT_TEXT,
    ACCEPT_APPLICATION_JSON,
    ACCEPT_APPLICATION,
    ACCEPT_ANYTHING,
    _ACCEPT_MAX,
};

/* What the headers so far have said; begins as zeros. */
struct accept {
    unsigned weights[_ACCEPT_MAX]; /* in thousandths, and one more; 0: the range is not named */
};

/* Takes one more header's value. */
void accept_add(struct accept *a, const char *value);

bool accept_prefers_text(const struct accept *a);

#endif
