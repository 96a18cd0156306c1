/* SPDX-License-Identifier: MIT */
/* Times as text, RFC 3339, and the spellings of it that identity services are known to use. */
#ifndef RFC3339_H
#define RFC3339_H

#include "clock.h"

#define RFC3339_LENGTH 28 /* "2222-02-22T22:22:22.000000Z" and its NUL */

/*
 * Reads `2014-01-02T03:04:05[.fraction](Z|±hh:mm|±hhmm|nothing)`, `t` and `z` too; nothing means
 * UTC, as Keystone writes it. 0, or -EINVAL for anything else, impossible dates included.
 */
int rfc3339_parse(const char *text, usec_t *ret);

/* Writes UTC with `Z`: whole seconds without a fraction, else milliseconds. Returns the buffer. */
const char *rfc3339_format(usec_t t, char buffer[static RFC3339_LENGTH]);

#endif
