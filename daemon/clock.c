/* SPDX-License-Identifier: MIT */
#include "clock.h"

#include <time.h>

static usec_t read_clock(clockid_t id)
{
    struct timespec ts = {0};

    /* Both clocks exist on every kernel that can run this program, so that there is no failure to
     * hand on. */
    (void)clock_gettime(id, &ts);
    return (usec_t)ts.tv_sec * USEC_PER_SEC + (usec_t)ts.tv_nsec / 1000;
}

usec_t clock_boottime(void)
{
    return read_clock(CLOCK_BOOTTIME);
}

usec_t clock_of_loop(sd_event *event)
{
    uint64_t usec;

    return sd_event_now(event, CLOCK_BOOTTIME, &usec) < 0 ? clock_boottime() : usec;
}

usec_t clock_realtime(void)
{
    return read_clock(CLOCK_REALTIME);
}

usec_t clock_monotonic(void)
{
    return read_clock(CLOCK_MONOTONIC);
}
