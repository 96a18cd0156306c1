/* SPDX-License-Identifier: MIT */
/* Looks at a cloud of the daemon that was started last; what comes back lasts until the test's end. */
#ifndef LOOK_H
#define LOOK_H

#include <jansson.h>

/* Its Identity object. */
json_t *look_identity(const char *cloud);

/* The code of its last error, NULL: there is none. Demands code, a sentence and a time. */
const char *look_error(const char *cloud);

/* Demands its state, and the code of its last error; NULL: none. */
void look_demand(const char *cloud, const char *state, const char *code);

/* Its token, which has to be served. */
const char *look_token(const char *cloud);
json_int_t look_generation(const char *cloud);

/* Seconds until its next login; -1: none is planned. */
json_int_t look_refresh_in(const char *cloud);

#endif
