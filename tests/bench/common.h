/* SPDX-License-Identifier: MIT */
/* What the meters share: a clock, sockets, answers, percentiles. They end at the first thing that goes wrong. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Seconds after which a peer is taken to hang, which is an error, too: SIGALRM ends the meter. */
#define PATIENCE 120

/* Ends the program with status 1 after a line with 'what' and errno's text. */
_Noreturn void fail(const char *what);

/* CLOCK_MONOTONIC in nanoseconds. */
uint64_t now(void);

/* A Unix stream connection that blocks; negative errno when there is none. */
int connect_to(const char *path);

void send_all(int fd, const char *data, size_t size);

/*
 * The size of an answer's head and, in '*length', of its body; 0 while the head is not whole. 'data' ends with a
 * zero byte. Fails when it is no 2xx, or says no length.
 */
size_t answer_head(const char *data, uint64_t *length);

/* Reads one whole answer into 'buffer', which it has to fit in, and returns its size. */
size_t read_answer(int fd, char *buffer, size_t size);

/* Sorts nanoseconds; then what 'part' of them took at most, in microseconds. */
void sort_times(uint64_t *times, size_t n);
double time_at(const uint64_t *sorted, size_t n, double part);
