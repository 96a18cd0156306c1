/* SPDX-License-Identifier: MIT */
/*
 * A bar for transfers that take longer than a second, on standard error and only where a terminal
 * looks.
 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "cleanup.h"

struct progress {
    bool enabled;
    bool shown;
    int64_t started; /* milliseconds of CLOCK_MONOTONIC */
    int64_t drawn;
};

void progress_start(struct progress *progress, bool enabled);

/* moved of total bytes, -1: the total is not known. */
void progress_update(struct progress *progress, int64_t moved, int64_t total);

/* Takes the bar away again. */
void progress_done(struct progress *progress);

/* The bar as text of at most width characters. Pure. */
void progress_format(char *line, size_t width, int64_t moved, int64_t total, int64_t milliseconds);

#endif
