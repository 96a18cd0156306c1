/* SPDX-License-Identifier: MIT */
/*
 * The command latchkey beside a test, as a script would run it: no terminal anywhere, each of its
 * outputs in a file of its own. None of them may ever show the key, and no word about a failure a
 * token.
 */
#ifndef COMMAND_H
#define COMMAND_H

#include "process.h"

#include <jansson.h>

struct command_options {
    const char *socket;             /* NULL: that of the daemon that was started last */
    const char *pipe;               /* the file that a pipe on standard input is fed from */
    const char *input;              /* or the file that is standard input; NULL: there is none */
    const char *output;             /* the file that is standard output; NULL: one for `out` */
    const char *const *environment; /* `NAME=VALUE`, NULL-terminated */
};

struct command {
    struct process process;
    const char *out_path, *err_path;
    int status; /* as process_wait() gives it */
    const char *out, *err;
    size_t length; /* of out */
};

/* Both live in the test's memory. */
struct command *command_start(const struct command_options *options, const char *const *arguments);
const struct command *command_finish(struct command *c);

/* What it has said by now. */
const char *command_out(const struct command *c);
const char *command_err(const struct command *c);

/* Waits until what it has said on standard output, or on standard error, matches the pattern. */
void command_wait_out(const struct command *c, const char *pattern);
void command_wait_err(const struct command *c, const char *pattern);

/* The words of its command line with the program in front, and the socket that it is to use. */
const char *const *command_words(const char *const *arguments);
const char *command_socket(const struct command_options *options);

/* Starts it and waits for its end. */
#define latchkey_with(options, ...) \
    command_finish(command_start((options), (const char *const[]){__VA_ARGS__, NULL}))
#define latchkey(...) latchkey_with(NULL, __VA_ARGS__)

/* Runs a script that finds the command as $LATCHKEY. */
const struct command *command_shell(const char *script);

/* Demands success, silence on standard error, and an output that matches the pattern of fnmatch();
 * the output. */
const char *demand_done(const struct command *c, const char *pattern);

/* The same for a JSON document with a line end behind it. */
json_t *demand_json(const struct command *c);

/* Demands that exit status, nothing on standard output, and on standard error one line that
 * matches "latchkey: PATTERN". */
void demand_failure(const struct command *c, int status, const char *pattern);

/* The latter alone. */
void demand_words(const struct command *c, const char *pattern);

#endif
