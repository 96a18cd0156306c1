/* SPDX-License-Identifier: MIT */
/*
 * A client of the library and a scripted peer, which talk over one connection until the peer hangs up:
 * first the answers are laid down, then dialogue_start(), then the calls, then dialogue_finish().
 */
#ifndef DIALOGUE_H
#define DIALOGUE_H

#include "latchkey.h"

extern lk_client *client;

/* Lay the next answer down: any; a good one; a problem document with title "T" and detail "Do.". */
void answer(const char *status, const char *type, const char *body);
void answer_json(const char *body);
void answer_problem(const char *code);
void answer_nothing(void); /* 204 */

/* Behind the last answer, and instead of one: what follows comes on another connection. */
void hang_up(void);
void answer_by_going_away(void);

void dialogue_start(void);

/* Every answer has to have been fetched. */
void dialogue_finish(void);

/* The first line of request number index. */
void expect_line(size_t index, const char *line);

#endif
