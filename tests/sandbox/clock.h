/* SPDX-License-Identifier: MIT */
/*
 * The sandbox's clocks: one that counts (CLOCK_BOOTTIME, for lifetimes), one that is shown
 * (CLOCK_REALTIME, for dates), and the spellings in which an identity service writes the end of a
 * token. Pure but for the two readings.
 */
#ifndef SANDBOX_CLOCK_H
#define SANDBOX_CLOCK_H

#include <stdint.h>
#include <time.h>

#define CLOCK_TEXT_MAX 64

enum clock_format {
    CLOCK_MS_Z,
    CLOCK_MS_OFFSET,
    CLOCK_OFFSET_WEST2,
    CLOCK_SECONDS_Z,
    CLOCK_SECONDS_OFFSET,
    _CLOCK_FORMAT_MAX,
};

/* Seconds since 1970. */
double clock_wall(void);

/* Nanoseconds since the machine started, asleep or awake. */
int64_t clock_boot_ns(void);

/* The name of a format in the settings, and back; the latter is -EINVAL for an unknown name. */
const char *clock_format_name(enum clock_format format);
int clock_format_from_name(const char *name, enum clock_format *ret_format);

/* TIME in one of the identity service's spellings; what a spelling cannot say is cut off, never
 * rounded up. */
void clock_write(double time, enum clock_format format, char ret_text[static CLOCK_TEXT_MAX]);

/* As HTTP writes a date (RFC 9110). */
void clock_write_http(double time, char ret_text[static CLOCK_TEXT_MAX]);
int clock_read_http(const char *text, time_t *ret_time);

/* As Swift writes it in listings: microseconds, no zone. */
void clock_write_listing(double time, char ret_text[static CLOCK_TEXT_MAX]);

#endif
