/* SPDX-License-Identifier: MIT */
/* Login answers of Rackspace identity v2.0, for the suites that read them. */
#ifndef RACKSPACE_ANSWERS_H
#define RACKSPACE_ANSWERS_H

#include "identity.h"

#include <string.h>

#define NOW 1700000000
#define API_KEY "01234567890abcdef"

#define ACCESS(token, rest) "{\"access\":{\"token\":{" token "}" rest "}}"
#define ID "\"id\":\"t0ken\""
#define EXPIRES "\"expires\":\"2023-11-15T22:13:20Z\""
#define TOKEN ID "," EXPIRES

static inline struct identity_answer answer_of(unsigned status, const char *body)
{
    return (struct identity_answer){
        .status = status,
        .date = NOW,
        .body = body,
        .length = strlen(body),
        .received_boottime = 5000 * USEC_PER_SEC,
        .received_realtime = NOW * USEC_PER_SEC + 250000,
    };
}

/* Has the provider read it, as the answer to some login. */
static inline int decode_with(const struct identity_provider *provider,
                              const struct identity_answer *answer, struct session **ret,
                              struct problem **ret_problem)
{
    static const struct cloud_config cloud;
    static const struct credential credential;
    const struct identity_login login = {&cloud, &credential, NULL};

    return provider->decode_login(&login, answer, ret, ret_problem);
}

#endif
