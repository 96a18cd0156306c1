/* SPDX-License-Identifier: MIT */
/*
 * What a live test stands on: a folder of its own, memory that lasts until its end, and the way a
 * suite is put together and run. A folder whose test failed is shown, its logs are printed, and
 * with LATCHKEY_KEEP set it stays.
 */
#ifndef STAGE_H
#define STAGE_H

#include "cleanup.h"

#include <check.h>
#include <stddef.h>
#include <sys/types.h>

/* The test's folder; anybody may enter it. */
const char *stage_folder(void);

/* All of these last until the test's end. */
void *stage_keep(void *memory);
void *stage_keep_with(void *thing, void (*release)(void *thing));
char *stage_text(const char *format, ...) _printf_(1, 2);
char *stage_path(const char *name);

/* Writes a file in one piece, by a rename, and gives its path. */
const char *stage_write(const char *name, mode_t mode, const char *text);

/* The whole of a file with a NUL behind it, "" if there is none. */
char *stage_read(const char *path, size_t *ret_length);

/* A case whose tests have a folder each; what they start is ended, and looked at, behind them. The
 * bound is each test's, in seconds. */
TCase *stage_case(Suite *suite, const char *name, double seconds);

/* Runs the suite: main()'s result. */
int stage_run(Suite *suite);

#endif
