/* SPDX-License-Identifier: MIT */
/*
 * What an identity service sees of 100 000 hosts, and they of it, by the daemon's own schedule: at boot, in the
 * days after it, when it answers 429 above a limit, and when it comes back. In virtual time, and the same with
 * each run. HOSTS on the command line plays another number of them; SEED behind it, another fleet.
 */
#include "fleet_model.h"

#include "cleanup.h"

#include <stdio.h>
#include <stdlib.h>

#define DAYS 7
/* All log in when they boot: that is the peak, and says nothing of what comes of it. */
#define FIRST (10 * FLEET_SECOND)

static struct fleet_plan base = {
    .hosts = 100000,
    .seed = 1,
    .boot = FLEET_SECOND,
    .lifetime = FLEET_DAY,
    .answer = 50 * USEC_PER_MSEC,
    .until = FLEET_DAY / 2,
};

static struct fleet_outcome play(const struct fleet_plan *plan)
{
    struct fleet_outcome o;

    if (fleet_play(plan, &o) < 0) {
        fputs("out of memory\n", stderr);
        exit(1);
    }
    return o;
}

/* ---- the days after a boot */

static void show_days(void)
{
    static const unsigned limits[] = {0, 1000, 100};

    printf("\nPeak logins a second\n%-26s %9s", "", "at boot");
    for (unsigned day = 1; day < DAYS; day++)
        printf("   day %u", day);
    putchar('\n');
    for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
        struct fleet_plan plan = base;
        struct fleet_outcome o;

        plan.limit = limits[i];
        plan.until = DAYS * FLEET_DAY;
        o = play(&plan);
        if (plan.limit)
            printf("429 above %-16u", plan.limit);
        else
            printf("%-26s", "no limit");
        printf(" %9u", fleet_peak(&o, 0, FLEET_HOUR));
        /* "A day later" begins with the first renewals, at 70 % of 24 h. */
        for (unsigned day = 1; day < DAYS; day++)
            printf("  %6u", fleet_peak(&o, day * FLEET_DAY - FLEET_DAY / 2,
                                       day * FLEET_DAY + FLEET_DAY / 2));
        putchar('\n');
        fleet_done(&o);
    }
}

/* ---- until all hold a token */

static void show_heading(const char *title)
{
    printf("\n%s\n%-26s %9s %9s %9s %9s %9s %10s\n", title, "", "half", "99 %", "all", "attempts",
           "at most", "peak (/s)");
}

static void show_row(const char *name, const struct fleet_plan *plan)
{
    struct fleet_outcome o = play(plan);

    printf("%-26s %7.0f s %7.0f s %7.0f s %9.1f %9u %10u\n", name, (double)o.median / USEC_PER_SEC,
           (double)o.most / USEC_PER_SEC, (double)o.all / USEC_PER_SEC, o.attempts_mean,
           o.attempts_most, fleet_peak(&o, plan->watch ? plan->watch : FIRST, plan->until));
    if (o.served < plan->hosts)
        printf("%-26s %zu have none\n", "", plan->hosts - o.served);
    fleet_done(&o);
}

static void show_limits(const struct fleet_plan *plan)
{
    static const unsigned limits[] = {100, 500, 1000, 5000}, waits[] = {0, 10, 60};
    char name[64];

    for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
        for (size_t k = 0; k < ARRAY_SIZE(waits); k++) {
            struct fleet_plan limited = *plan;

            limited.limit = limits[i];
            limited.retry_after = waits[k];
            if (waits[k])
                snprintf(name, sizeof(name), "%u, Retry-After: %u", limits[i], waits[k]);
            else
                snprintf(name, sizeof(name), "%u", limits[i]);
            show_row(name, &limited);
        }
}

/* From when all tokens are renewed until all but half an hour of their life is over. */
static void show_outage(void)
{
    struct fleet_plan plan = base;

    plan.out_from = 16 * FLEET_HOUR;
    plan.out_until = plan.watch = 21 * FLEET_HOUR;
    plan.until = 36 * FLEET_HOUR;
    show_heading("Back after an outage of 5 h in which all had to renew");
    show_row("no limit", &plan);
    plan.limit = 1000;
    show_row("429 above 1000", &plan);
    plan.limit = 100;
    show_row("429 above 100", &plan);
    plan.limit = 0;
    plan.restart = plan.watch;
    show_row("no limit, and a restart", &plan);
    plan.limit = 1000;
    show_row("1000, and a restart", &plan);
}

static void show_restart(void)
{
    struct fleet_plan plan = base;
    struct fleet_outcome o;

    plan.restart = 10 * FLEET_HOUR;
    o = play(&plan);
    printf(
        "\nPeak logins a second in the hour after a restart of all daemons, 10 h after boot: %u\n",
        fleet_peak(&o, plan.restart, plan.restart + FLEET_HOUR));
    fleet_done(&o);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        base.hosts = strtoul(argv[1], NULL, 10);
    if (argc > 2)
        base.seed = strtoull(argv[2], NULL, 10);
    if (base.hosts == 0) {
        fputs("usage: bench-fleet [HOSTS [SEED]]\n", stderr);
        return 2;
    }
    printf("%zu hosts boot within a second; tokens live for 24 h\n", base.hosts);
    show_days();
    show_heading("From boot on, 429 above so many logins a second; peak from 10 s on");
    show_limits(&base);
    show_outage();
    show_restart();
    return 0;
}
