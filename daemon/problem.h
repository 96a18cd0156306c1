/* SPDX-License-Identifier: MIT */
/*
 * What went wrong, as the caller gets to see it (RFC 9457): a stable code word out of one table,
 * and one sentence that says what to do. A problem is an expected outcome; what breaks inside (no
 * memory, a closed descriptor) stays a negative errno.
 */
#ifndef PROBLEM_H
#define PROBLEM_H

#include "cleanup.h"

enum problem_code {
    /* of the request */
    PROBLEM_BAD_REQUEST,
    PROBLEM_BAD_PATH,
    PROBLEM_BODY_TOO_LARGE,
    PROBLEM_DENIED,
    PROBLEM_HEAD_TOO_LARGE,
    PROBLEM_METHOD_NOT_ALLOWED,
    PROBLEM_NOT_FOUND,
    PROBLEM_NO_TOKEN,
    PROBLEM_REGION_REQUIRED,
    PROBLEM_TOO_MANY,
    PROBLEM_UNKNOWN_CLOUD,
    PROBLEM_UNKNOWN_INTERFACE,
    PROBLEM_UNKNOWN_REGION,
    PROBLEM_UNKNOWN_SERVICE,
    /* of the daemon's own state */
    PROBLEM_CREDENTIAL_UNREADABLE,
    PROBLEM_INTERNAL,
    PROBLEM_NOT_READY,
    PROBLEM_SIGNED_OUT,
    PROBLEM_STOPPING,
    /* of the identity service or of the service behind a signed request */
    PROBLEM_BAD_ANSWER,
    PROBLEM_CREDENTIALS_REJECTED,
    PROBLEM_IDENTITY_UNAVAILABLE,
    PROBLEM_RATE_LIMITED,
    PROBLEM_TLS_FAILURE,
    PROBLEM_UPSTREAM_TIMEOUT,
    PROBLEM_UPSTREAM_UNREACHABLE,
    _PROBLEM_MAX,
};

struct problem {
    enum problem_code code;
    unsigned retry_after; /* seconds that the other side asked us to wait, 0: it did not say */
    char *detail;         /* one sentence: what is wrong and what to do; never a secret */
};

/* The code's kebab-case word, its usual HTTP status, and its title. */
const char *problem_word(enum problem_code code);
unsigned problem_status(enum problem_code code);
const char *problem_title(enum problem_code code);

/* Makes a problem; NULL when there is no memory. The caller frees it. */
struct problem *problem_new(enum problem_code code, const char *format, ...) _printf_(2, 3);
/* For those to whom NULL means that there is no problem: the same, or one that says that there was no
 * memory for it, which problem_free() leaves alone. */
struct problem *problem_or_no_memory(struct problem *p);
struct problem *problem_copy(const struct problem *p);
void problem_free(struct problem *p);
DEFINE_CLEANUP(struct problem *, problem_free)

#endif
