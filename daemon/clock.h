/* SPDX-License-Identifier: MIT */
/*
 * The two clocks that latchkeyd looks at, in microseconds. What waits, waits on CLOCK_BOOTTIME,
 * which neither jumps nor stands still while a laptop sleeps; CLOCK_REALTIME is only ever shown to
 * people or used for a fraction of a second.
 */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>
#include <systemd/sd-event.h>

typedef uint64_t usec_t;

#define USEC_PER_MSEC ((usec_t)1000)
#define USEC_PER_SEC ((usec_t)1000000)
#define USEC_INFINITY UINT64_MAX

usec_t clock_boottime(void);
/* The same, as the loop read it when it woke: that costs nothing. */
usec_t clock_of_loop(sd_event *event);
usec_t clock_realtime(void);
/* Only systemd asks for this one, in the notification of a reload. */
usec_t clock_monotonic(void);

#endif
