/* SPDX-License-Identifier: MIT */
#include "http_rules.h"

#include "cleanup.h"
#include "http_service.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define MOST 8192
#define SLASHES "/\\"

/* Where the box is: the rules say nothing of the interface, and object-store is not in IAD. */
static const char *const boxes[] = {
    HTTP_SERVICE_SIGNED "/ord/box/",
    HTTP_SERVICE_SIGNED "/snet/box/",
};
#define OPEN HTTP_SERVICE_PLAIN "/open/"

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static bool is_one_of(const char *const *words, size_t n, const char *word)
{
    for (size_t i = 0; i < n; i++)
        if (!strcasecmp(words[i], word))
            return true;
    return false;
}

/* Whether there was something to decode. */
static bool decode(char *text)
{
    char *to = text;
    unsigned byte;
    bool found = false;

    for (const char *p = text; *p; p++, to++) {
        *to = *p;
        if (*p != '%' || !isxdigit((unsigned char)p[1]) || !isxdigit((unsigned char)p[2]) ||
            sscanf(p, "%%%2x", &byte) != 1)
            continue;
        *to = byte ? (char)byte : '\1';
        p += 2;
        found = true;
    }
    *to = '\0';
    return found;
}

/* However often it was escaped. */
static void decode_all(const char *text, size_t length, char ret[static MOST])
{
    snprintf(ret, MOST, "%.*s", (int)length, text);
    while (decode(ret))
        ;
}

static bool has_dots(const char *plain)
{
    for (const char *p = plain;; p++) {
        size_t length = strcspn(p, SLASHES);
        size_t name = strcspn(p, SLASHES ";");

        if ((name == 1 && *p == '.') || (name == 2 && p[0] == '.' && p[1] == '.'))
            return true;
        p += length;
        if (!*p)
            return false;
    }
}

static bool is_end_of_name(char c)
{
    return c == '\0' || c == '/' || c == ' ' || c == '\t';
}

/* ---- the daemon's own resources */

bool http_rules_may_ask(const char *route, const char *cloud)
{
    static const char *const never[] = {"token", "put-credential", "delete-credential", "refresh"};
    static const char *const clouds[] = {"main", "default", "plain"};

    return !is_one_of(never, ARRAY_SIZE(never), route) &&
           (!cloud || is_one_of(clouds, ARRAY_SIZE(clouds), cloud));
}

/* ---- requests to services */

static bool may_have_parameters(const char *query)
{
    static const char *const never[] = {"_method", "bulk-delete", "extract-archive"};
    char name[MOST];

    for (; *query; query += *query != '\0') {
        size_t length = strcspn(query, "&;"), n_name = strcspn(query, "=&;");

        snprintf(name, sizeof(name), "%.*s", (int)n_name, query);
        (void)decode(name);
        if (is_one_of(never, ARRAY_SIZE(never), name))
            return false;
        query += length;
    }
    return true;
}

bool http_rules_may_send(const char *method, const char *target)
{
    static const char *const methods[] = {"GET", "PUT", "COPY"};
    static const char *const echoes[] = {"TRACE", "TRACK"};
    size_t length = strcspn(target, "?");
    char path[MOST];

    decode_all(target, length, path);
    if (has_dots(path) || !may_have_parameters(target + length + (target[length] == '?')))
        return false;
    if (begins(path, OPEN))
        return path[strlen(OPEN)] && !strpbrk(path + strlen(OPEN), SLASHES) &&
               !is_one_of(echoes, ARRAY_SIZE(echoes), method);
    for (size_t i = 0; i < ARRAY_SIZE(boxes); i++)
        if (begins(path, boxes[i]) && path[strlen(boxes[i])])
            return is_one_of(methods, ARRAY_SIZE(methods), method);
    return false;
}

bool http_rules_may_name(const char *target, const char *name, size_t n_name, const char *value,
                         size_t n_value)
{
    static const char *const never[] = {
        "X-HTTP-Method",       "X-HTTP-Method-Override", "X-Method-Override",
        "X-Original-URL",      "X-Rewrite-URL",          "Destination-Account",
        "X-Copy-From-Account", "X-Container-Sync-To",    "X-Symlink-Target-Account",
    };
    static const char *const paths[] = {
        "Destination",       "X-Copy-From",         "X-Symlink-Target",
        "X-Object-Manifest", "X-Versions-Location", "X-History-Location",
    };
    const char *container = begins(target, HTTP_SERVICE_PLAIN) ? "open" : "box";
    char header[MOST], path[MOST];
    const char *rest;

    snprintf(header, sizeof(header), "%.*s", (int)n_name, name);
    for (char *p = header; (p = strchr(p, '_'));)
        *p = '-';
    if (is_one_of(never, ARRAY_SIZE(never), header))
        return false;
    if (!is_one_of(paths, ARRAY_SIZE(paths), header))
        return true;
    decode_all(value, n_value, path);
    rest = path + (*path == '/');
    return !has_dots(path) && begins(rest, container) && is_end_of_name(rest[strlen(container)]);
}
