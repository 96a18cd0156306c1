/* SPDX-License-Identifier: MIT */
/*
 * The command line, read into a value: one table of options, one of verbs that say which options
 * they take. Pure but for getopt's own state: prints nothing, reads nothing.
 */
#ifndef ARGUMENTS_H
#define ARGUMENTS_H

#include <stdbool.h>
#include <stdio.h>

#include "cleanup.h"

struct command;

struct verb {
    const char *name;
    const char *synopsis; /* what follows the name */
    const char *summary;
    const char *options; /* the letters of the options that it takes, beyond those for all */
    int min_operands;
    int max_operands; /* -1: any number, and options end at the first */
    int (*run)(struct command *command);
};

struct arguments {
    const struct verb *verb; /* NULL: only help or version is asked for */
    bool help;
    bool version;

    const char *socket;
    const char *cloud;
    const char *region;
    const char *interface;
    const char *service;
    bool json;
    unsigned timeout; /* seconds, 0: not given */

    bool watch;
    unsigned min_ttl;
    bool password;

    const char **headers;
    size_t n_headers;
    const char *data;
    const char *upload;
    const char *output;
    bool include_head;

    char **operands;
    int n_operands;

    char wrong[200]; /* what is wrong with the command line */
};

/*
 * Reads the command line; verbs ends in one without a name. 0, -EINVAL with arguments->wrong said,
 * or -ENOMEM. The strings stay in argv, which getopt may reorder.
 */
int arguments_read(struct arguments *arguments, const struct verb *verbs, int argc, char **argv);
void arguments_done(struct arguments *arguments);

/* Prints what the options of a verb do, or those for all verbs (NULL). */
void arguments_explain(FILE *out, const struct verb *verb);

#endif
