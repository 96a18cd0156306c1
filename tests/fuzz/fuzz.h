/* SPDX-License-Identifier: MIT */
/*
 * What a fuzz target is made of. A target is one function that is given bytes of somebody else's
 * and checks what a room makes of them: libFuzzer calls it with what it invents, replay.c with the
 * files of the target's corpus.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include "cleanup.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What has to be true of any input; what is not is a finding. */
#define fuzz_check(condition)                             \
    do {                                                  \
        if (!(condition))                                 \
            fuzz_finding(__FILE__, __LINE__, #condition); \
    } while (0)

_Noreturn void fuzz_finding(const char *file, int line, const char *condition);

/* The bytes as a text, up to a NUL; no larger than it has to be, so that whoever reads on behind it
 * is caught. */
char *fuzz_text(const uint8_t *data, size_t size);

/* The next of the fields that a line is made of, with `|` between them; NULL behind the last. */
const char *fuzz_field(char **line);

/* Whether a sentence can be shown to somebody: it says something, in one line of UTF-8. */
bool fuzz_is_sentence(const char *text);

#endif
