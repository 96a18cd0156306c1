/* SPDX-License-Identifier: MIT */
/*
 * How long a test waits: always for something that happens, never longer than a bound, and longer
 * where everything is slower. Check's own CK_TIMEOUT_MULTIPLIER stretches these bounds too.
 */
#ifndef PATIENCE_H
#define PATIENCE_H

#include <stdbool.h>

/* Seconds on CLOCK_MONOTONIC, and seconds since 1970. */
double time_now(void);
double time_wall(void);

/* A bound of so many seconds, stretched. */
double patience(double seconds);

/* What is left until `end`, a time_now(), as poll() wants it: milliseconds, 0 when it has passed. */
int time_left_ms(double end);

/* Looks every few milliseconds whether done() says so; false when it did not within the stretched
 * bound. For what tells nobody when it happens. */
bool wait_until(double seconds, bool (*done)(void *userdata), void *userdata);

#endif
