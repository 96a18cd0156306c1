/* SPDX-License-Identifier: MIT */
/* What has to be true of every configuration that was taken, wherever it came from. */
#ifndef CONFIG_CHECK_H
#define CONFIG_CHECK_H

#include "config.h"

void config_check(const struct config *c);

#endif
