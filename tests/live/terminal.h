/* SPDX-License-Identifier: MIT */
/*
 * The command latchkey on a pseudo-terminal, with somebody in front of it who reads and types. A
 * shell leads the session and stays on when the command has ended, so that the terminal can be
 * looked at as the command has left it.
 */
#ifndef TERMINAL_H
#define TERMINAL_H

#include <stdbool.h>

struct terminal;

/* Starts latchkey with these arguments, NULL-terminated; `redirection` is the shell's, "" for none.
 * The terminal goes away with the test. */
struct terminal *terminal_start(const char *const *arguments, const char *redirection);

/* With commands of the shell's before it, instead of the one that has the shell outlive SIGINT. */
struct terminal *terminal_start_with(const char *before, const char *const *arguments,
                                     const char *redirection);

/* Waits until that is on the screen behind what was waited for last. */
void terminal_wait(struct terminal *t, const char *text);

void terminal_type(struct terminal *t, const char *keys);

/* Waits for the command's end: its exit status as a shell gives it. */
int terminal_finish(struct terminal *t);

/* All that was on the screen. */
const char *terminal_screen(const struct terminal *t);

/* Whether it shows what is typed, and takes it line by line. */
bool terminal_echoes(const struct terminal *t);

#endif
