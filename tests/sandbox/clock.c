/* SPDX-License-Identifier: MIT */
/* See clock.h. Every broken-down time is UTC; zones are applied by shifting the seconds first. */
#include "clock.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"

enum fraction {
    FRACTION_NONE,
    FRACTION_ZERO,
    FRACTION_MILLISECONDS,
};

static const struct {
    const char *name;
    int offset;
    enum fraction fraction;
    const char *zone;
} formats[_CLOCK_FORMAT_MAX] = {
    [CLOCK_MS_Z] = {"ms_z", 0, FRACTION_MILLISECONDS, "Z"},
    [CLOCK_MS_OFFSET] = {"ms_offset", -6 * 3600, FRACTION_MILLISECONDS, "-06:00"},
    [CLOCK_OFFSET_WEST2] = {"offset_west2", -2 * 3600, FRACTION_ZERO, "-02:00"},
    [CLOCK_SECONDS_Z] = {"seconds_z", 0, FRACTION_NONE, "Z"},
    [CLOCK_SECONDS_OFFSET] = {"seconds_offset", 5 * 3600 + 1800, FRACTION_NONE, "+05:30"},
};

double clock_wall(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int64_t clock_boot_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

const char *clock_format_name(enum clock_format format)
{
    return formats[format].name;
}

int clock_format_from_name(const char *name, enum clock_format *ret_format)
{
    for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
        if (strcmp(formats[i].name, name) == 0) {
            *ret_format = (enum clock_format)i;
            return 0;
        }
    return -EINVAL;
}

static struct tm utc(double time)
{
    time_t seconds = (time_t)floor(time);
    struct tm tm;

    gmtime_r(&seconds, &tm);
    return tm;
}

/* The part that ISO 8601 and RFC 3339 share. */
static void write_seconds(double time, char ret_text[static CLOCK_TEXT_MAX])
{
    struct tm tm = utc(time);

    strftime(ret_text, CLOCK_TEXT_MAX, "%Y-%m-%dT%H:%M:%S", &tm);
}

void clock_write(double time, enum clock_format format, char ret_text[static CLOCK_TEXT_MAX])
{
    char seconds[CLOCK_TEXT_MAX];
    char fraction[8] = "";
    double whole = floor(time);

    if (formats[format].fraction == FRACTION_ZERO)
        strcpy(fraction, ".000");
    else if (formats[format].fraction == FRACTION_MILLISECONDS)
        snprintf(fraction, sizeof(fraction), ".%03u", (unsigned)((time - whole) * 1e3) % 1000);

    write_seconds(whole + formats[format].offset, seconds);
    snprintf(ret_text, CLOCK_TEXT_MAX, "%.32s%s%s", seconds, fraction, formats[format].zone);
}

void clock_write_http(double time, char ret_text[static CLOCK_TEXT_MAX])
{
    struct tm tm = utc(time);

    strftime(ret_text, CLOCK_TEXT_MAX, "%a, %d %b %Y %H:%M:%S GMT", &tm);
}

int clock_read_http(const char *text, time_t *ret_time)
{
    struct tm tm = {0};
    const char *end = strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &tm);

    if (!end || *end)
        return -EINVAL;
    *ret_time = timegm(&tm);
    return 0;
}

void clock_write_listing(double time, char ret_text[static CLOCK_TEXT_MAX])
{
    char seconds[CLOCK_TEXT_MAX];
    double whole = floor(time);

    write_seconds(whole, seconds);
    snprintf(ret_text, CLOCK_TEXT_MAX, "%.32s.%06u", seconds,
             (unsigned)((time - whole) * 1e6) % 1000000);
}
