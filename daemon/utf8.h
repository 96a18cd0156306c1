/* SPDX-License-Identifier: MIT */
/* Whether bytes are UTF-8: what is not can neither be sent as JSON nor be compared by what it says. Pure. */
#ifndef UTF8_H
#define UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Well-formed by RFC 3629, so that there is one way to write each character. */
bool utf8_is_valid(const char *text, size_t length);

#endif
