/* SPDX-License-Identifier: MIT */
/*
 * What the verbs of the command latchkey have in common: the command line, the client, and how a
 * failure is told. A verb returns the exit status.
 */
#ifndef COMMAND_H
#define COMMAND_H

#include "arguments.h"
#include "latchkey.h"

/* The exit statuses; scripts depend on them. */
enum {
    DONE = 0,
    REFUSED = 1,   /* the daemon or the cloud said no, or the exchange broke off */
    USAGE = 2,     /* the command line makes no sense */
    NO_DAEMON = 3, /* nobody answers at the socket */
};

struct command {
    const struct arguments *arguments;
    lk_client *client;
};

DEFINE_CLEANUP(lk_error *, lk_error_free)
DEFINE_CLEANUP(lk_clouds *, lk_clouds_free)
DEFINE_CLEANUP(lk_token *, lk_token_free)
DEFINE_CLEANUP(lk_identity *, lk_identity_free)
DEFINE_CLEANUP(lk_catalog *, lk_catalog_free)
DEFINE_CLEANUP(lk_endpoint *, lk_endpoint_free)
DEFINE_CLEANUP(lk_credential *, lk_credential_free)
DEFINE_CLEANUP(lk_request *, lk_request_free)

/* Says one line on standard error: "latchkey: …". */
void command_say(const char *format, ...) _printf_(1, 2);

/* Says why a call did not return 0, and what to do about it. Returns the exit status for it. */
int command_failed(int r, const lk_error *error);

/* Says what is wrong with the command line, and returns USAGE. */
int command_misused(const char *format, ...) _printf_(1, 2);

/* Prints the daemon's document as it came, with a line end. */
void command_print_json(const char *json);

/* Prints what came of a login: the cloud's state and its token's life. */
void command_print_outcome(const struct command *command, const lk_identity *identity);

int verb_status(struct command *command);
int verb_identity(struct command *command);
int verb_refresh(struct command *command);
int verb_token(struct command *command);
int verb_catalog(struct command *command);
int verb_endpoint(struct command *command);
int verb_request(struct command *command);
int verb_login(struct command *command);
int verb_logout(struct command *command);
int verb_env(struct command *command);
int verb_run(struct command *command);

#endif
