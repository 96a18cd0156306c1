/* SPDX-License-Identifier: MIT */
/*
 * How to talk to an identity service, without talking to it: a provider per protocol encodes the
 * requests and decodes the answers, and the table here names them. A new provider is one file with
 * one `const struct identity_provider` and one row in identity.c.
 */
#ifndef IDENTITY_H
#define IDENTITY_H

#include "config.h"
#include "credential.h"
#include "problem.h"
#include "session.h"

#include <time.h>

/* A request to an identity service, ready to be sent. */
struct identity_request {
    const char *method; /* static */
    char *url;
    char *token; /* to be sent as X-Auth-Token, secret memory; NULL on a login */
    char *body;  /* JSON, secret memory; NULL: none */
};

void identity_request_free(struct identity_request *r);
DEFINE_CLEANUP(struct identity_request *, identity_request_free)

/* What came back, with the moments that its times are counted from. All borrowed. */
struct identity_answer {
    unsigned status;
    const char *www_authenticate; /* NULL: none */
    unsigned retry_after;         /* seconds, from the header; 0: none */
    time_t date;                  /* the service's own clock, from the `Date` header; 0: none */
    const char *body;             /* NUL-terminated */
    size_t length;
    usec_t received_boottime;
    usec_t received_realtime;
};

struct identity_provider {
    const char *type; /* the configuration's identity_type */

    /* The request that logs in. 0; 1 with ret_problem set when this provider cannot use that
     * credential; or a negative errno. */
    int (*encode_login)(const struct cloud_config *cloud, const struct credential *credential,
                        struct identity_request **ret, struct problem **ret_problem);

    /*
     * Reads the answer to it. 0 with a session (no generation yet); 1 with a problem:
     * credentials-rejected, rate-limited, identity-unavailable or bad-answer, with the seconds to
     * wait if the service named them; or -ENOMEM.
     */
    int (*decode_login)(const struct identity_answer *answer, struct session **ret,
                        struct problem **ret_problem);

    /* The request that revokes a token. 0 or a negative errno. */
    int (*encode_revoke)(const struct cloud_config *cloud, const char *token,
                         struct identity_request **ret);
};

extern const struct identity_provider identity_rackspace;

/* The provider of that type, or NULL. */
const struct identity_provider *identity_find(const char *type);

/* Has jansson take its memory from the secret room. Once, at the start. */
void identity_init(void);

/*
 * The identity service's clock at the moment the answer came. Its Date header knows whole seconds
 * only, so this machine's clock gives the fraction where the two agree; where they do not, the end
 * of that second is taken: a token is then given up early, never late.
 */
usec_t identity_now(const struct identity_answer *answer);

#endif
