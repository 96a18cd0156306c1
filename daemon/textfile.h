/* SPDX-License-Identifier: MIT */
/*
 * Files of text that a person writes: read in one piece into memory that is wiped, for they may hold
 * keys, and refused in sentences of one shape.
 */
#ifndef TEXTFILE_H
#define TEXTFILE_H

#include "cleanup.h"

#include <stdarg.h>
#include <sys/stat.h>

/*
 * Reads a regular file of at most 1 MiB, or /dev/null, to its end. 0 with ret_text in secret memory,
 * without a NUL behind it, and ret_stat set to what was really read; -ENOENT, -EACCES or another
 * errno of the operating system; -EBADMSG for what is no file or too large. ret_error is a sentence
 * that names the file and the remedy; the caller frees it. It can stay unset with -ENOMEM only.
 */
int textfile_read(const char *path, char **ret_text, size_t *ret_length, struct stat *ret_stat,
                  char **ret_error);

/* Makes the sentence `FILE:LINE: KEY: …` and returns -EBADMSG (or -ENOMEM); key may be NULL and line
 * 0. */
int textfile_refuse(const char *path, unsigned line, const char *key, char **ret_error,
                    const char *format, ...) _printf_(5, 6);
int textfile_vrefuse(const char *path, unsigned line, const char *key, char **ret_error,
                     const char *format, va_list ap) _printf_(5, 0);

#endif
