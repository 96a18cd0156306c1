/* SPDX-License-Identifier: MIT */
/*
 * A fleet of hosts with a cloud each, all at one identity service, played through in virtual time: no network,
 * no clock, no sleep. When they log in says the daemon's own schedule.c. The same seed gives the same fleet.
 */
#ifndef FLEET_MODEL_H
#define FLEET_MODEL_H

#include "clock.h"

#include <stddef.h>

#define FLEET_SECOND USEC_PER_SEC
#define FLEET_HOUR (3600 * FLEET_SECOND)
#define FLEET_DAY (24 * FLEET_HOUR)

struct fleet_plan {
    size_t hosts;
    uint64_t seed;
    usec_t boot;                /* within which all hosts boot, at any moment of it, from 0 on */
    usec_t lifetime;            /* of a token */
    usec_t answer;              /* what an answer takes */
    unsigned limit;             /* logins a second, above which the answer is 429; 0: none */
    unsigned retry_after;       /* s, that come with it; 0: it does not say */
    usec_t out_from, out_until; /* the service answers 503 to all; equal: never */
    usec_t restart; /* when all daemons are started anew, and go on with their sessions; 0: never */
    usec_t until;   /* the end of it all */
    usec_t
        watch; /* from when on it is looked at when each host gets a token, and by how many attempts */
};

struct fleet_outcome {
    size_t served; /* hosts that have got a token since */
    usec_t median, most,
        all;              /* after which half of them, 99 % and all have; 0 where too few have */
    double attempts_mean; /* of a host until then */
    unsigned attempts_most;
    unsigned *a_second; /* attempts in each second */
    size_t seconds;
};

/* The outcome is freed with fleet_done(). 0 or -ENOMEM. */
int fleet_play(const struct fleet_plan *plan, struct fleet_outcome *ret);
void fleet_done(struct fleet_outcome *o);

/* The most attempts in one second between two times. */
unsigned fleet_peak(const struct fleet_outcome *o, usec_t from, usec_t until);

#endif
