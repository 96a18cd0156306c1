/* SPDX-License-Identifier: MIT */
/*
 * Bytes as a file, for the readers that want a path; one file in memory serves all of them. And what
 * has to be true of the errors of those readers.
 */
#ifndef TEXT_FILE_H
#define TEXT_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A key that a corpus gives, alone in its line: no error may quote it. */
#define TEXT_FILE_KEY "S3cr3t-k3y"

/* Puts the bytes into the file and gives its path. */
const char *text_file(const uint8_t *data, size_t size, mode_t mode);

/* What the text is refused with: a sentence that names the file, and holds no key. */
void text_file_check_error(const uint8_t *data, size_t size, const char *error);

/* What it is taken with: a sentence that may be of another file, one that the text names. */
void text_file_check_warning(const uint8_t *data, size_t size, const char *warning);

#endif
