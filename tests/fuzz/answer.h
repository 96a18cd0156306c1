/* SPDX-License-Identifier: MIT */
/*
 * Answers of identity services for the targets of the providers, as `curl -i` writes them: a status
 * line, headers, an empty line, a body. And what has to be true of what a provider makes of one.
 */
#ifndef ANSWER_H
#define ANSWER_H

#include "header_list.h"
#include "identity.h"

struct fuzz_answer {
    struct identity_answer answer;
    struct header_list headers;
    char *body;
};

/* Takes the text apart. What is no HTTP at all is a status of 0, and all of it body. */
void fuzz_answer_init(struct fuzz_answer *a, const uint8_t *data, size_t size);
void fuzz_answer_done(struct fuzz_answer *a);

/* Has the provider read it as the answer to a login, and checks what comes out: a session that is fit
 * for use, or a problem that a login may have. */
void fuzz_decode_login(const struct identity_provider *provider, const uint8_t *data, size_t size);

/* Whether it is one that an identity service's answer can come to, in a sentence without the token. */
void fuzz_check_problem(const struct identity_answer *answer, const struct problem *problem);

#endif
