/* SPDX-License-Identifier: MIT */
/* The token as a page, for who asks for it with `Upgrade` (RFC 9110, 7.8). Where that cannot be had the header
 * counts for nothing, as everywhere else, and the answer is the usual one. */
#include "api.h"

#include <string.h>
#include <strings.h>

#define SEPARATORS ", \t"

static int look_for_page(const char *name, const char *value, void *userdata)
{
    static const char protocol[] = LATCHKEY_TOKEN_PAGE_PROTOCOL;
    bool *wanted = userdata;
    size_t length;

    if (strcasecmp(name, "Upgrade") != 0)
        return 0;
    for (value += strspn(value, SEPARATORS); *value; value += strspn(value, SEPARATORS)) {
        length = strcspn(value, SEPARATORS);
        if (length == strlen(protocol) && strncasecmp(value, protocol, length) == 0)
            *wanted = true;
        value += length;
    }
    return 0;
}

bool api_answer_page(struct exchange *x)
{
    struct request *r = x->request;
    bool wanted = false;
    int fd;

    if (x->host->stopping) /* it would be dead at once */
        return false;
    (void)request_each_header(r, look_for_page, &wanted);
    if (!wanted || strcmp(r->method, "GET") != 0 || strcmp(r->version, "HTTP/1.1") != 0)
        return false;
    if (cloud_page(x->cloud, &fd) < 0 ||
        request_answer_descriptor(r, LATCHKEY_TOKEN_PAGE_PROTOCOL, fd) < 0)
        return false;
    audit_token_page(x->host->audit, r->peer, x->cloud->config.name, x->rule);
    return true;
}
