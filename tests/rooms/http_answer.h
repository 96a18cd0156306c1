/* SPDX-License-Identifier: MIT */
/* Answers of real identity services, as they came over the wire, for the suites that read them. */
#ifndef HTTP_ANSWER_H
#define HTTP_ANSWER_H

#include "identity.h"

/* The one of that name, "password-project-201", out of tests/cloud/answers; its times are those of the
 * moment when it was taken. To be released with http_answer_done(). */
struct http_answer {
    struct identity_answer answer;
    struct header_list headers;
    char *text;
};

void http_answer_read(const char *name, struct http_answer *ret);
void http_answer_done(struct http_answer *a);

#endif
