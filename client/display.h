/* SPDX-License-Identifier: MIT */
/*
 * How things look to people: text that cannot play tricks on a terminal, durations, and tables
 * whose columns line up.
 */
#ifndef DISPLAY_H
#define DISPLAY_H

#include <stdint.h>
#include <stdio.h>

#include "cleanup.h"

/* Prints text with every control character replaced by '?'; NULL prints as "-". */
void display_text(FILE *out, const char *text);

/* Prints text so that a shell reads it as one word, whatever is in it. */
void display_quoted(FILE *out, const char *text);

#define DURATION_SIZE 64

/* "2 d 3 h", "23 h 59 min", "4 min 5 s", "12 s", "-" for a negative one. Returns the buffer. */
const char *display_duration(char buffer[static DURATION_SIZE], int64_t seconds);

#define TABLE_COLUMNS 5

struct table {
    size_t n_columns;
    size_t n_rows;
    char *(*rows)[TABLE_COLUMNS];
};

/* Adds a row of n_columns copied cells. 0 or -ENOMEM. */
int table_add(struct table *table, const char *const cells[TABLE_COLUMNS]);

void table_print(FILE *out, const struct table *table);
void table_done(struct table *table);

#endif
