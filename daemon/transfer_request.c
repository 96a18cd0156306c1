/* SPDX-License-Identifier: MIT */
/* A request's head as it goes over the wire: what it was told, and nothing of its own but what says where
 * the request goes and where its body ends (RFC 9112, 3 and 6). */
#include "upstream_private.h"

#include "secret.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define FRAMING_MOST sizeof("Content-Length: -9223372036854775808\r\nExpect: 100-continue\r\n\r\n")

struct place {
    const char *text;
    size_t length;
};

/* The authority, without a port that goes without saying (RFC 9110, 4.2.3). */
static struct place find_host(const char *url)
{
    static const struct place defaults[] = {{":80", 3}, {":443", 4}};
    const struct place *port = &defaults[!strncasecmp(url, "https:", 6)];
    size_t origin = network_origin_length(url);
    struct place host = {.text = strstr(url, "://") + 3};

    host.length = (size_t)(url + origin - host.text);
    if (host.length > port->length &&
        !memcmp(host.text + host.length - port->length, port->text, port->length))
        host.length -= port->length;
    return host;
}

/* Nothing that would end the line, or the target in it. An address may be what an identity service says. */
static bool is_safe(struct place p, unsigned char most)
{
    for (size_t i = 0; i < p.length; i++) {
        unsigned char c = (unsigned char)p.text[i];

        if (c <= ' ' || c == 0x7f || c > most)
            return false;
    }
    return p.length > 0;
}

static char *put(char *to, struct place from)
{
    return mempcpy(to, from.text, from.length);
}

static char *put_framing(char *to, const struct transfer_request *request)
{
    if (request->length == TRANSFER_UNKNOWN_LENGTH)
        to = stpcpy(to, "Transfer-Encoding: chunked\r\n");
    else if (request->length >= 0)
        to += sprintf(to, "Content-Length: %" PRId64 "\r\n", request->length);
    if (request->expect_continue)
        to = stpcpy(to, "Expect: 100-continue\r\n");
    return stpcpy(to, "\r\n");
}

/* What is behind the authority in the URL, or what is given in its place. */
static struct place find_target(const struct transfer_request *request)
{
    const char *path = request->url + network_origin_length(request->url);

    if (request->target)
        return (struct place){request->target, strlen(request->target)};
    return *path == '/' ? (struct place){path, strcspn(path, "#")} : (struct place){"/", 1};
}

int transfer_compose(const struct transfer_request *request, struct outgoing *ret)
{
    struct place host, target = find_target(request);
    size_t size;
    char *to;

    if (network_origin_length(request->url) == 0)
        return -EINVAL;
    host = find_host(request->url);
    /* A user and his password are nothing for a request, nor for the errors that name where it went. */
    if (!is_safe(host, 0x7e) || memchr(host.text, '@', host.length) || !is_safe(target, 0xff))
        return -EINVAL;
    size = strlen(request->method) + target.length + host.length + FRAMING_MOST +
           sizeof("  HTTP/1.1\r\nHost: \r\n");
    for (size_t i = 0; i < request->n_headers; i++)
        size += strlen(request->headers[i].name) + strlen(request->headers[i].value) + 4;

    ret->data = to = secret_malloc_locked(size);
    if (!to)
        return -ENOMEM;
    to = stpcpy(stpcpy(to, request->method), " ");
    to = stpcpy(put(to, target), " HTTP/1.1\r\nHost: ");
    to = stpcpy(put(to, host), "\r\n");
    for (size_t i = 0; i < request->n_headers; i++) {
        to = stpcpy(stpcpy(to, request->headers[i].name), ": ");
        to = stpcpy(stpcpy(to, request->headers[i].value), "\r\n");
    }
    to = put_framing(to, request);
    ret->start = 0;
    ret->end = (size_t)(to - ret->data);
    return 0;
}
