/* SPDX-License-Identifier: MIT */
/*
 * Lines that somebody types, or that come through a pipe. On a terminal a secret is not shown; the
 * terminal is put right again however the waiting ends, by a signal too.
 */
#ifndef PROMPT_H
#define PROMPT_H

#include <stdbool.h>

#include "cleanup.h"

/*
 * Reads a line from standard input, without its end. Where that is a terminal, it asks on standard
 * error first. The caller wipes and frees it.
 * -ENODATA: the input is over; -EMSGSIZE: the line has more than 4096 bytes; -EINVAL: there is a NUL
 * among them; another negative errno.
 */
int prompt_line(const char *question, bool is_secret, char **ret_line);

/* Wipes a line and frees it; NULL is fine. */
void prompt_wipe(char *line);
DEFINE_CLEANUP(char *, prompt_wipe)

#endif
