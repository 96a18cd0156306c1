/* SPDX-License-Identifier: MIT */
/*
 * What the daemon says: to the journal, with fields of its own, when systemd connected our standard
 * error to it; else to standard error. Nothing that could be a secret is ever an argument here.
 * Names may come from anywhere: none ends a line or a field, and what is too long is cut off.
 */
#ifndef LOG_H
#define LOG_H

#include "cleanup.h"
#include "peer.h"

#include <stdint.h>
#include <syslog.h>

/* What a message is about; each part may be NULL. */
struct log_fields {
    const char *message_id; /* one of log_ids.h; for the journal only */
    const char *operation;
    const char *verdict;
    const char *rule;
    const char *cloud;
    const char *state;
    const char *code;
    const struct peer *peer; /* without what is LOG_NO_GID or LOG_NO_PID in it */
    uint64_t count;          /* how many events it stands for; 0: one */
};

#define LOG_NO_GID ((gid_t)-1)
#define LOG_NO_PID ((pid_t)0) /* the kernel's own answer where there is none to see */

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
