/* SPDX-License-Identifier: MIT */
#include "rfc3339.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define SECONDS_AT_THE_END_OF_9999 INT64_C(253402300799)

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads a number of exactly `digits` digits within its bounds and steps over it. */
static int read_number(const char **p, int digits, int least, int most, int *ret)
{
    int value = 0;

    for (int i = 0; i < digits; i++) {
        if (!is_digit((*p)[i]))
            return -EINVAL;
        value = value * 10 + ((*p)[i] - '0');
    }
    if (value < least || value > most)
        return -EINVAL;
    *p += digits;
    *ret = value;
    return 0;
}

static int read_char(const char **p, char c)
{
    if (**p != c)
        return -EINVAL;
    (*p)++;
    return 0;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days[month - 1] + (month == 2 && leap);
}

static int read_date(const char **p, struct tm *tm)
{
    int year, month, day;

    if (read_number(p, 4, 1970, 9999, &year) < 0 || read_char(p, '-') < 0 ||
        read_number(p, 2, 1, 12, &month) < 0 || read_char(p, '-') < 0 ||
        read_number(p, 2, 1, days_in_month(year, month), &day) < 0)
        return -EINVAL;
    tm->tm_year = year - 1900;
    tm->tm_mon = month - 1;
    tm->tm_mday = day;
    return 0;
}

static int read_time_of_day(const char **p, struct tm *tm)
{
    if (read_number(p, 2, 0, 23, &tm->tm_hour) < 0 || read_char(p, ':') < 0 ||
        read_number(p, 2, 0, 59, &tm->tm_min) < 0 || read_char(p, ':') < 0 ||
        read_number(p, 2, 0, 60, &tm->tm_sec) < 0)
        return -EINVAL;
    return 0;
}

static int read_fraction(const char **p, usec_t *ret)
{
    usec_t unit = USEC_PER_SEC / 10, fraction = 0;

    if (**p == '.') {
        (*p)++;
        if (!is_digit(**p))
            return -EINVAL;
        for (; is_digit(**p); (*p)++, unit /= 10)
            fraction += unit * (usec_t)(**p - '0');
    }
    *ret = fraction;
    return 0;
}

/* The offset from UTC in seconds. */
static int read_zone(const char **p, int *ret)
{
    int hours, minutes, sign;

    if (**p == '\0') {
        *ret = 0;
        return 0;
    }
    if (**p == 'Z' || **p == 'z') {
        (*p)++;
        *ret = 0;
        return 0;
    }
    if (**p != '+' && **p != '-')
        return -EINVAL;
    sign = *(*p)++ == '-' ? -1 : 1;
    if (read_number(p, 2, 0, 23, &hours) < 0)
        return -EINVAL;
    if (**p == ':')
        (*p)++;
    if (read_number(p, 2, 0, 59, &minutes) < 0)
        return -EINVAL;
    *ret = sign * (hours * 3600 + minutes * 60);
    return 0;
}

int rfc3339_parse(const char *text, usec_t *ret)
{
    struct tm tm = {0};
    const char *p = text;
    usec_t fraction;
    int64_t seconds;
    int offset;

    if (read_date(&p, &tm) < 0 || (read_char(&p, 'T') < 0 && read_char(&p, 't') < 0) ||
        read_time_of_day(&p, &tm) < 0 || read_fraction(&p, &fraction) < 0 ||
        read_zone(&p, &offset) < 0 || *p)
        return -EINVAL;

    if (tm.tm_sec == 60) {
        /* POSIX time has no leap second: its predecessor's last moment stands for it. */
        tm.tm_sec = 59;
        fraction = 999 * USEC_PER_MSEC;
    }
    seconds = (int64_t)timegm(&tm) - offset;
    if (seconds < 0 || seconds > SECONDS_AT_THE_END_OF_9999)
        return -EINVAL;
    *ret = (usec_t)seconds * USEC_PER_SEC + fraction;
    return 0;
}

const char *rfc3339_format(usec_t t, char buffer[static RFC3339_LENGTH])
{
    static const usec_t last = (usec_t)SECONDS_AT_THE_END_OF_9999 * USEC_PER_SEC + 999999;
    unsigned milliseconds;
    struct tm tm = {0};
    time_t seconds;
    size_t n;

    if (t > last)
        t = last;
    seconds = (time_t)(t / USEC_PER_SEC);
    milliseconds = (unsigned)(t % USEC_PER_SEC / USEC_PER_MSEC);

    (void)gmtime_r(&seconds, &tm);
    n = strftime(buffer, RFC3339_LENGTH, "%Y-%m-%dT%H:%M:%S", &tm);
    if (milliseconds > 0)
        snprintf(buffer + n, RFC3339_LENGTH - n, ".%03uZ", milliseconds % 1000);
    else
        snprintf(buffer + n, RFC3339_LENGTH - n, "Z");
    return buffer;
}
