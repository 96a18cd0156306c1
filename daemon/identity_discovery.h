/* SPDX-License-Identifier: MIT */
/*
 * Which protocol an identity service speaks, and where. `auth_endpoint` may say so itself by ending
 * with a version, or the service is asked for the versions that it has (Keystone answers 300 at its
 * root and 200 at a version's address).
 */
#ifndef IDENTITY_DISCOVERY_H
#define IDENTITY_DISCOVERY_H

#include "identity.h"

struct identity_place {
    const struct identity_provider
        *provider;  /* NULL: not known yet, or there is none for the type */
    char *endpoint; /* NULL: the provider's own */
};

void identity_place_done(struct identity_place *place);

/*
 * What the configuration alone says of it. 1 when that is enough; 0 when the service has to be asked
 * at its root, which `ret->endpoint` is then, `ret->provider` being NULL; -ENOENT when nobody serves
 * the identity_type; -ENOMEM.
 */
int identity_place_of(const struct cloud_config *cloud, struct identity_place *ret);

/*
 * The same for a cloud that was logged in before, `known` being the endpoint then. Where the service had to be
 * asked it is believed as far as it is a version at the configuration's own address. 0; -ENOENT; -ENOMEM.
 */
int identity_place_resume(const struct cloud_config *cloud, const char *known,
                          struct identity_place *ret);

/* The request for the versions, at the root that an endpoint has. */
int identity_encode_discovery(const char *endpoint, struct identity_request **ret);

/* Reads the answer to it. 0 with the place; 1 with a bad-answer that says what was found instead;
 * -ENOMEM. */
int identity_decode_discovery(const struct cloud_config *cloud, const char *endpoint,
                              const struct identity_answer *answer, struct identity_place *ret,
                              struct problem **ret_problem);

/* After a login found nothing at an endpoint: the same answer, read for the sake of an error that
 * says what there is. NULL without memory. */
struct problem *identity_explain_discovery(const char *endpoint,
                                           const struct identity_answer *answer);

#endif
