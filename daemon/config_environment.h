/* SPDX-License-Identifier: MIT */
/*
 * The cloud of an openrc file, which puts it into the environment. What is taken is wiped there, so
 * that neither /proc nor a child has the key. For the configuration's own files only.
 */
#ifndef CONFIG_ENVIRONMENT_H
#define CONFIG_ENVIRONMENT_H

#include "config_draft.h"

/* Adds it to the draft. 0 or a negative errno as of config_load(); the variables are gone either
 * way. */
int config_environment_read(struct config_draft *d, char **ret_error);

#endif
