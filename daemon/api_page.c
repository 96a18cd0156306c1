/* SPDX-License-Identifier: MIT */
/* The token as a page, for who asks for it with `Upgrade` (RFC 9110, 7.8). Where that cannot be had the header
 * counts for nothing, as everywhere else, and the answer is the usual one. */
#include "api.h"

#include <string.h>
#include <strings.h>

#define SEPARATORS ", \t"

bool api_names_page(const char *upgrade)
{
    static const char protocol[] = LATCHKEY_TOKEN_PAGE_PROTOCOL;
    size_t length;

    for (const char *p = upgrade + strspn(upgrade, SEPARATORS); *p; p += strspn(p, SEPARATORS)) {
        length = strcspn(p, SEPARATORS);
        if (length == strlen(protocol) && strncasecmp(p, protocol, length) == 0)
            return true;
        p += length;
    }
    return false;
}

bool api_answer_page(struct exchange *x)
{
    struct request *r = x->request;
    int fd;

    if (x->host->stopping) /* it would be dead at once */
        return false;
    if (strcmp(r->method, "GET") != 0 || strcmp(r->version, "HTTP/1.1") != 0)
        return false;
    if (cloud_page(x->cloud, &fd) < 0 ||
        request_answer_descriptor(r, LATCHKEY_TOKEN_PAGE_PROTOCOL, fd) < 0)
        return false;
    audit_token_page(x->host->audit, r->peer, x->cloud->config.name, x->rule);
    return true;
}
