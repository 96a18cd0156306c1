/* SPDX-License-Identifier: MIT */
/* Counts requests, and writes everything that can be counted as OpenMetrics text. */
#ifndef METRICS_H
#define METRICS_H

#include "clouds.h"
#include "quota.h"

#define METRICS_CONTENT_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

struct metrics;

/* route_names: one for each route number, borrowed. */
int metrics_new(const char *const *route_names, size_t n_routes, struct metrics **ret);
void metrics_free(struct metrics *m);
DEFINE_CLEANUP(struct metrics *, metrics_free)

void metrics_count_request(struct metrics *m, size_t route, unsigned status);

struct metrics_gauges {
    size_t connections;
    size_t requests;
    size_t transfers;
    const struct quota *quota;
};

/* Writes it all; ret_text is secret_free()d by the caller, as are answers. 0 or -ENOMEM. */
int metrics_write(const struct metrics *m, const struct clouds *clouds,
                  const struct metrics_gauges *gauges, char **ret_text, size_t *ret_length);

#endif
