/* SPDX-License-Identifier: MIT */
/* What a reader asks of an object besides its bytes: conditions on its state, and a range of it. */
#ifndef SANDBOX_PRECONDITION_H
#define SANDBOX_PRECONDITION_H

#include "request.h"

/* 0 to go on, else the status that answers: 304 or 412. */
unsigned precondition_check(const struct request *r, const struct store_object *object);

enum range_verdict {
    RANGE_WHOLE,
    RANGE_PART,
    RANGE_OUTSIDE,
};

/* One range of bytes; more than one, or one that makes no sense, is answered with the whole. */
enum range_verdict range_parse(const char *header, uint64_t size, uint64_t *ret_first,
                               uint64_t *ret_length);

#endif
