/* SPDX-License-Identifier: MIT */
/*
 * The variables through which programs that know OpenStack, or latchkey, find a cloud and its
 * token.
 */
#ifndef ENVIRONMENT_H
#define ENVIRONMENT_H

#include "command.h"

enum {
    ENVIRONMENT_VARIABLES = 47,
};

struct environment {
    struct {
        const char *name;
        char *value; /* NULL: must not be there, not from another cloud either */
    } variables[ENVIRONMENT_VARIABLES];
};

/* Asks the daemon. DONE, or the exit status once the failure was said. */
int environment_ask(const struct command *command, struct environment *ret);
void environment_done(struct environment *environment);

#endif
