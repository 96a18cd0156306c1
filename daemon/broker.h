/* SPDX-License-Identifier: MIT */
/*
 * The daemon as a whole: puts the rooms together, listens to signals, tells systemd how it goes,
 * and ends in good order.
 */
#ifndef BROKER_H
#define BROKER_H

#include "config.h"

struct broker;

/* What the command line says; all may be NULL. */
struct broker_options {
    const char *config_path; /* NULL: none */
    const char *credential_file;
    const char *auth_url; /* one of the two: no configuration, but the one cloud of them */
    bool from_env;        /* the one cloud that the environment has */
    const char *socket;
    int log_level; /* -1: the configuration's */
};

/* 0 or a negative errno, with ret_error set to a sentence that says what to do. */
int broker_new(const struct broker_options *options, struct broker **ret, char **ret_error);
void broker_free(struct broker *b);
DEFINE_CLEANUP(struct broker *, broker_free)

/* Listens and serves until SIGTERM or SIGINT. 0 or a negative errno, with ret_error set if there is
 * more to say. */
int broker_run(struct broker *b, char **ret_error);

/* Logs in once to each cloud and says on standard output, in a line each, how it went. 0 when all
 * went well, 1 if not. */
int broker_check(struct broker *b);

#endif
