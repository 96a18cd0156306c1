/* SPDX-License-Identifier: MIT */
/* Choices in one line each, and small catalogs to choose from. */
#ifndef CATALOG_ROWS_H
#define CATALOG_ROWS_H

#include "catalog.h"

/* One choice: what is asked, and either the endpoint that must come or the problem. */
struct row {
    struct endpoint_query query;
    const char *name, *region, *url; /* of the choice; a NULL region is one without */
    enum problem_code code;          /* counts where there is no url */
    const char *detail;              /* must be part of the problem's */
};

void check_row(const struct catalog *c, const struct row *row);

/* A catalog in one line an endpoint; lines of one type and name make one entry. */
struct line {
    const char *type, *name, *region, *interface, *url;
};

struct catalog *make_catalog(const struct line *lines, size_t n);

#endif
