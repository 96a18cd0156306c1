/* SPDX-License-Identifier: MIT */
#include "proxy_headers.h"

#include "cleanup.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

/* RFC 9110, 7.6.1, and the two that the field knows from before it. */
static const char *const hop_by_hop[] = {
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authentication-info",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
};

/* Who the request is from and where it goes is ours to say; the length and the expectation are made
 * anew. */
static const char *const ours_in_requests[] = {
    "authorization", "content-length", "expect",        "forwarded",
    "host",          "x-auth-token",   "x-forwarded-*", "x-service-token",
};

static const char *const ours_in_responses[] = {
    "content-length",
    "x-auth-token",
    "x-subject-token",
};

static char folded(char c)
{
    return c == '_' ? '-' : (char)tolower((unsigned char)c);
}

/* Whether the name is the pattern, which is in lower case and may end in a `*`. */
static bool is(const char *name, const char *pattern)
{
    for (; *pattern && *pattern != '*'; name++, pattern++)
        if (folded(*name) != *pattern)
            return false;
    return *pattern == '*' || !*name;
}

static bool listed(const char *name, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (is(name, list[i]))
            return true;
    return false;
}

static bool nominated(const char *name, const char *connection)
{
    size_t length = strlen(name);

    while (connection && *connection) {
        size_t token = strcspn(connection, ", \t");

        if (token == length && !strncasecmp(connection, name, length))
            return true;
        connection += token;
        connection += strspn(connection, ", \t");
    }
    return false;
}

int proxy_connection_add(char **list, const char *value)
{
    char *longer;

    if (asprintf(&longer, "%s,%s", *list ? *list : "", value) < 0)
        return -ENOMEM;
    free(*list);
    *list = longer;
    return 0;
}

bool proxy_request_header_passes(const char *name, const char *connection)
{
    return !listed(name, hop_by_hop, ARRAY_SIZE(hop_by_hop)) &&
           !listed(name, ours_in_requests, ARRAY_SIZE(ours_in_requests)) &&
           !nominated(name, connection);
}

bool proxy_response_header_passes(const char *name, const char *connection)
{
    return !listed(name, hop_by_hop, ARRAY_SIZE(hop_by_hop)) &&
           !listed(name, ours_in_responses, ARRAY_SIZE(ours_in_responses)) &&
           !nominated(name, connection);
}
