/* SPDX-License-Identifier: MIT */
/*
 * When to log in next. Pure: the time and the dice are arguments, so that a fleet of 100 000
 * daemons can be played through in a test without one of them waiting.
 */
#ifndef SCHEDULE_H
#define SCHEDULE_H

#include "clock.h"

/* Between two logins that a 401 asked for, and before one that somebody who wants a better token
 * asked for. */
#define SCHEDULE_INTERVAL (5 * USEC_PER_SEC)

/*
 * When to renew a token that dies at `deadline`: at a random point between 70 % and 85 % of what is
 * left of it, and at least a second from now, so that a service that hands the same token back is
 * not asked in a loop. `dice` is any random number. What never dies, at USEC_INFINITY, is never
 * renewed.
 */
usec_t schedule_renewal(usec_t now, usec_t deadline, uint32_t dice);

/* When to log in where another process has planned to: then; or where that was to have been by now, within a
 * minute, at a random point, for all clouds come back from a restart at once. */
usec_t schedule_resumption(usec_t now, usec_t planned, uint32_t dice);

/* When to try again after `failures` failed logins in a row: 1 s doubling up to 5 min, each made longer by up to
 * itself, within the 5 min. Not before retry_after seconds, and if those are more, within half of them behind
 * that, 5 min at most. */
usec_t schedule_retry(usec_t now, unsigned failures, unsigned retry_after, uint32_t dice);

/* The same for refused credentials, which no haste will mend: 1 min doubling up to 1 h. */
usec_t schedule_retry_rejected(usec_t now, unsigned failures, uint32_t dice);

#endif
