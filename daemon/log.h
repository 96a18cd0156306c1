/* SPDX-License-Identifier: MIT */
/*
 * What the daemon says: to the journal, with fields of its own, when systemd connected our standard
 * error to it; else to standard error. Nothing that could be a secret is ever an argument here.
 */
#ifndef LOG_H
#define LOG_H

#include "cleanup.h"
#include "peer.h"

#include <syslog.h>

/* What a message is about; each part may be NULL. */
struct log_fields {
    const char *cloud;
    const char *state;
    const char *code;
    const struct peer *peer;
};

/* Finds out where standard error leads. Messages less important than max_priority (LOG_DEBUG …) are
 * dropped. */
void log_open(int max_priority);
void log_set_level(int max_priority);

void log_with(int priority, const struct log_fields *fields, const char *format, ...)
    _printf_(3, 4);

#define log_error(...) log_with(LOG_ERR, NULL, __VA_ARGS__)
#define log_warning(...) log_with(LOG_WARNING, NULL, __VA_ARGS__)
#define log_notice(...) log_with(LOG_NOTICE, NULL, __VA_ARGS__)
#define log_info(...) log_with(LOG_INFO, NULL, __VA_ARGS__)
#define log_debug(...) log_with(LOG_DEBUG, NULL, __VA_ARGS__)

#endif
