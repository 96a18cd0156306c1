/* SPDX-License-Identifier: MIT */
/*
 * Which events are worth a record each, and which are only counted: the first few of a kind are, what
 * follows within the window comes as one summary with their number, so that nobody can flood a journal,
 * and no event is lost from the count. Pure: the time is an argument, and whoever owns the tally has it
 * flushed when it is due.
 *
 * Events are of one kind when kind, uid and all texts are the same. Whoever brings more of them than one
 * caller may have is counted without the texts that differ; when the table is full, which takes many
 * callers, everybody else is counted together. A summary says what all of its events had in common.
 */
#ifndef TALLY_H
#define TALLY_H

#include "cleanup.h"
#include "clock.h"

#include <stdbool.h>
#include <sys/types.h>

#define TALLY_WINDOW (60 * USEC_PER_SEC)
#define TALLY_FIRST 3         /* events of a kind that have a record each, in a window */
#define TALLY_SLOTS 256       /* kinds of events, in a window */
#define TALLY_SLOTS_CALLER 20 /* of these, what one caller may have */
#define TALLY_KINDS 9

/* The most records that a window brings. */
#define TALLY_RECORDS (TALLY_SLOTS * (TALLY_FIRST + 1))

enum tally_text {
    TALLY_OPERATION,
    TALLY_CLOUD,
    TALLY_RULE,
    TALLY_CODE,
    TALLY_UNIT,
    TALLY_USER_UNIT,
    _TALLY_TEXT_MAX,
};

#define TALLY_NOBODY ((uid_t)-1) /* the event has no caller, or a summary has several */

struct tally_event {
    unsigned kind; /* below TALLY_KINDS */
    uid_t uid;
    gid_t gid;                          /* (gid_t)-1: not known, or not the same one */
    pid_t pid;                          /* 0: likewise */
    const char *texts[_TALLY_TEXT_MAX]; /* borrowed; NULL: none, or not the same one */
};

struct tally;

/* Makes one, or returns NULL. What is pending when it is freed is lost: flush it. */
struct tally *tally_new(void);
void tally_free(struct tally *t);
DEFINE_CLEANUP(struct tally *, tally_free)

/* Whether the event is to be written as it is; else it has been counted. */
bool tally_add(struct tally *t, usec_t now, const struct tally_event *e);

/* When the next summary is due; USEC_INFINITY: nothing is pending. */
usec_t tally_due(const struct tally *t);

/* Hands out the summaries that are due; with USEC_INFINITY for `now`, all that is pending. `common` is
 * borrowed. */
typedef void (*tally_write)(const struct tally_event *common, uint64_t count, void *userdata);
void tally_flush(struct tally *t, usec_t now, tally_write write, void *userdata);

#endif
