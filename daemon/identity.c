/* SPDX-License-Identifier: MIT */
#include "identity.h"

#include "secret.h"

#include <jansson.h>
#include <strings.h>

static const struct identity_provider *const providers[] = {
    &identity_rackspace,
};

const struct identity_provider *identity_find(const char *type)
{
    for (size_t i = 0; i < ARRAY_SIZE(providers); i++)
        if (strcasecmp(providers[i]->type, type) == 0)
            return providers[i];
    return NULL;
}

void identity_init(void)
{
    json_set_alloc_funcs(secret_malloc, secret_free);
}

void identity_request_free(struct identity_request *r)
{
    if (!r)
        return;
    free(r->url);
    secret_free(r->token);
    secret_free(r->body);
    free(r);
}

usec_t identity_now(const struct identity_answer *answer)
{
    usec_t second;

    if (answer->date <= 0)
        return answer->received_realtime;
    second = (usec_t)answer->date * USEC_PER_SEC;
    if (answer->received_realtime >= second && answer->received_realtime - second < USEC_PER_SEC)
        return answer->received_realtime;
    return second + USEC_PER_SEC;
}
