/* SPDX-License-Identifier: MIT */
/*
 * What nobody may ever get to see, and where it is looked for when a test ends: the daemon's log,
 * and every error that it has answered with.
 */
#ifndef SECRETS_H
#define SECRETS_H

#include <stddef.h>

/* Keys, and tokens that the sandbox gave. Added twice is added once. */
void secrets_add(const char *secret);

/* Keeps a text that was answered, to be looked through at the end. */
void secrets_note(const char *text);

/* The secret that is in the text, or NULL. */
const char *secrets_find(const char *text, size_t length);

/* Demands that the file has none of them, and no complaint of a sanitizer or of valgrind. */
void secrets_demand_clean_log(const char *path);

/* The same for everything noted; then all is forgotten. */
void secrets_demand_clean_notes(void);

#endif
