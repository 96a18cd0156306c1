/* SPDX-License-Identifier: MIT */
/* Access rules that an input may be under, and what they come to, read in another way than the daemon
 * does. */
#ifndef HTTP_RULES_H
#define HTTP_RULES_H

#include <stdbool.h>
#include <stddef.h>

/* Nobody gets a token, and the clouds that no rule names cannot be seen. */
#define HTTP_RULES                                     \
    "[allow look]\n"                                   \
    "user = *\n"                                       \
    "cloud = main, plain\n"                            \
    "operation = status, identity, catalog, metrics\n" \
    "[allow box]\n"                                    \
    "user = *\n"                                       \
    "cloud = main\n"                                   \
    "operation = proxy\n"                              \
    "service = object-store\n"                         \
    "region = ORD, IAD\n"                              \
    "method = GET, PUT, COPY\n"                        \
    "path = /box/**\n"                                 \
    "[allow open]\n"                                   \
    "user = *\n"                                       \
    "cloud = plain\n"                                  \
    "operation = proxy\n"                              \
    "path = /open/*\n"

/* One of those; it stands in no input, so that who reads it was told. */
#define HTTP_RULES_UNSEEN "nobody-was-told-of-it"

/* Whether a request with that route can end in anything but a refusal; cloud NULL: it names none. */
bool http_rules_may_ask(const char *route, const char *cloud);

/* Whether a service may get that request, and in it that header. */
bool http_rules_may_send(const char *method, const char *target);
bool http_rules_may_name(const char *target, const char *name, size_t n_name, const char *value,
                         size_t n_value);

#endif
