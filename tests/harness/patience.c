/* SPDX-License-Identifier: MIT */
#include "patience.h"

#include <stdlib.h>
#include <time.h>

#define LOOK_AGAIN 3 /* ms */

static double read_clock(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

double time_now(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

double time_wall(void)
{
    return read_clock(CLOCK_REALTIME);
}

double patience(double seconds)
{
    const char *text = getenv("CK_TIMEOUT_MULTIPLIER");
    double factor = text ? strtod(text, NULL) : 1;

    return factor > 1 ? seconds * factor : seconds;
}

int time_left_ms(double end)
{
    double left = end - time_now();

    return left > 0 ? (int)(left * 1e3) + 1 : 0;
}

bool wait_until(double seconds, bool (*done)(void *userdata), void *userdata)
{
    double end = time_now() + patience(seconds);

    while (!done(userdata)) {
        if (time_now() > end)
            return false;
        nanosleep(&(struct timespec){.tv_nsec = LOOK_AGAIN * 1000000L}, NULL);
    }
    return true;
}
