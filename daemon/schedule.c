/* SPDX-License-Identifier: MIT */
#include "schedule.h"

#define RETRY_FIRST (1 * USEC_PER_SEC)
#define RETRY_MOST (5 * 60 * USEC_PER_SEC)
#define REJECTED_FIRST (60 * USEC_PER_SEC)
#define REJECTED_MOST (60 * 60 * USEC_PER_SEC)
#define RESUMPTION_SPREAD (60 * USEC_PER_SEC)
#define RETRY_AFTER_MOST (24 * 60 * 60) /* s: nobody may silence us for ever */

/* A random part of span. The multiplication cannot overflow: the span is halved until it fits
 * beside 32 bits of dice. */
static usec_t part_of(usec_t span, uint32_t dice)
{
    unsigned shift = 0;

    while (span >> 32) {
        span >>= 1;
        shift++;
    }
    return (span * dice >> 32) << shift;
}

usec_t schedule_renewal(usec_t now, usec_t deadline, uint32_t dice)
{
    usec_t left = deadline > now ? deadline - now : 0;
    usec_t wait = left / 20 * 14 + part_of(left / 20 * 3, dice);

    if (deadline == USEC_INFINITY)
        return USEC_INFINITY;
    return now + (wait > USEC_PER_SEC ? wait : USEC_PER_SEC);
}

usec_t schedule_resumption(usec_t now, usec_t planned, uint32_t dice)
{
    usec_t soon = now + USEC_PER_SEC;

    return planned > soon ? planned : soon + part_of(RESUMPTION_SPREAD, dice);
}

static usec_t doubled(usec_t first, usec_t most, unsigned failures)
{
    usec_t wait = first;

    for (unsigned i = 1; i < failures && wait < most; i++)
        wait *= 2;
    return wait < most ? wait : most;
}

/* The wait made longer by a part of spread, and where that is too long, less than the most by a part of its half. */
static usec_t jittered(usec_t wait, usec_t spread, usec_t most, uint32_t dice)
{
    wait += part_of(spread, dice);
    return wait < most ? wait : most - part_of(spread / 2, dice);
}

/* As wide as the wait is long: of a fleet that failed in the same second the last come back when the first do
 * for the next time, so that there are no waves with a service at rest between them. */
usec_t schedule_retry(usec_t now, unsigned failures, unsigned retry_after, uint32_t dice)
{
    usec_t least = doubled(RETRY_FIRST, RETRY_MOST, failures), asked;
    usec_t wait = jittered(least, least, RETRY_MOST, dice);

    if (retry_after > RETRY_AFTER_MOST)
        retry_after = RETRY_AFTER_MOST;
    /* A fleet that was told the same Retry-After is not to come back in the same second, but within a time
     * in which the service has a chance to serve it. */
    asked = (usec_t)retry_after * USEC_PER_SEC;
    asked += part_of(asked / 2 < RETRY_MOST ? asked / 2 : RETRY_MOST, dice);
    return now + (wait > asked ? wait : asked);
}

usec_t schedule_retry_rejected(usec_t now, unsigned failures, uint32_t dice)
{
    usec_t least = doubled(REJECTED_FIRST, REJECTED_MOST, failures);

    return now + jittered(least, least / 2, REJECTED_MOST, dice);
}
