/* SPDX-License-Identifier: MIT */
#include "policy_detour.h"

#include "policy_path.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* What has to be true of a header's value. */
enum demand {
    ABSENT, /* whatever it says */
    OBJECT, /* names a path that the rule allows */
    PREFIX, /* names the beginning of paths that the rule allows, all of them */
    FOLDER, /* names a container that the rule allows with all that is in it */
};

static const struct {
    const char *name;
    enum demand demand;
    bool only_for_paths; /* and of no interest to a rule without one */
} headers_known[] = {
    {"x-http-method", ABSENT, false},
    {"x-http-method-override", ABSENT, false},
    {"x-method-override", ABSENT, false},
    {"x-original-url", ABSENT, false},
    {"x-rewrite-url", ABSENT, false},
    /* Swift's */
    {"destination", OBJECT, true},
    {"destination-account", ABSENT, true},
    {"x-container-sync-to", ABSENT, true},
    {"x-copy-from", OBJECT, true},
    {"x-copy-from-account", ABSENT, true},
    {"x-history-location", FOLDER, true},
    {"x-object-manifest", PREFIX, true},
    {"x-symlink-target", OBJECT, true},
    {"x-symlink-target-account", ABSENT, true},
    {"x-versions-location", FOLDER, true},
};

/* Parameters that say what the body, or a manifest, names; the value is one that is harmless. */
static const struct {
    const char *name;
    const char *value;
    bool only_for_paths;
} parameters_known[] = {
    {"_method", NULL, false},
    {"bulk-delete", NULL, false}, /* deletes by POST */
    {"extract-archive", NULL, true},
    {"multipart-manifest", "get", true},
};

/* ---- headers */

/* Gateways make one variable of `X-Copy-From` and `X_Copy_From`. */
static bool is_header(const char *name, const char *known)
{
    for (; *known; name++, known++)
        if ((*name == '_' ? '-' : tolower((unsigned char)*name)) != *known)
            return false;
    return !*name;
}

static bool value_passes(const struct policy_rule *rule, enum demand demand, const char *value)
{
    _cleanup_(freep) char *path = NULL;
    size_t length = strlen(value);
    int n;

    if (demand == ABSENT)
        return false;
    while (length > 0 && (value[length - 1] == ' ' || value[length - 1] == '\t'))
        length--;
    n = asprintf(&path, "%s%.*s%s", *value == '/' ? "" : "/", (int)length, value,
                 demand == FOLDER ? "/*" : "");
    if (n < 0) {
        path = NULL;
        return false;
    }
    return policy_path_matches((const char *const *)rule->paths.word, rule->paths.n, path,
                               (size_t)n,
                               demand == OBJECT ? POLICY_PATH_ITSELF : POLICY_PATH_PREFIX);
}

bool policy_detour_headers_pass(const struct policy_rule *rule, const struct policy_header *headers,
                                size_t n)
{
    bool seen[ARRAY_SIZE(headers_known)] = {false};

    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < ARRAY_SIZE(headers_known); j++) {
            if (!is_header(headers[i].name, headers_known[j].name) ||
                (headers_known[j].only_for_paths && rule->paths.n == 0))
                continue;
            /* Of two, nobody knows which counts. */
            if (seen[j] || !value_passes(rule, headers_known[j].demand, headers[i].value))
                return false;
            seen[j] = true;
        }
    return true;
}

/* ---- the query */

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = c ? strchr(digits, tolower((unsigned char)c)) : NULL;

    return found ? (int)(found - digits) : -1;
}

/* Whether the raw name, in whatever spelling, is the known one. */
static bool is_parameter(const char *raw, size_t length, const char *known)
{
    const char *end = raw + length;

    for (; raw < end && *known; raw++, known++) {
        int byte = (unsigned char)*raw;
        int high = byte == '%' && end - raw > 2 ? hex_digit(raw[1]) : -1;
        int low = high >= 0 ? hex_digit(raw[2]) : -1;

        if (low >= 0) {
            byte = high * 16 + low;
            raw += 2;
        }
        if (tolower(byte) != *known)
            return false;
    }
    /* A NUL would end the name for some. */
    return !*known && (raw == end || (end - raw > 2 && strncmp(raw, "%00", 3) == 0));
}

static bool parameter_passes(const struct policy_rule *rule, const char *raw, size_t length)
{
    const char *value = memchr(raw, '=', length);
    size_t name = value ? (size_t)(value - raw) : length;

    for (size_t i = 0; i < ARRAY_SIZE(parameters_known); i++) {
        const char *harmless = parameters_known[i].value;

        if ((parameters_known[i].only_for_paths && rule->paths.n == 0) ||
            !is_parameter(raw, name, parameters_known[i].name))
            continue;
        if (!harmless || length != name + 1 + strlen(harmless) ||
            strncmp(raw + name + 1, harmless, strlen(harmless)) != 0)
            return false;
    }
    return true;
}

/* Behind the first `?` of the target, one that is escaped too: a server may decode before it splits. */
static const char *query_of(const char *target)
{
    const char *plain = strchr(target, '?'), *escaped = strcasestr(target, "%3f");

    if (escaped && (!plain || escaped < plain))
        return escaped + 3;
    return plain ? plain + 1 : NULL;
}

/* How long the separator at p is, which may be escaped, for the same reason; 0: there is none. */
static size_t separator_length(const char *p)
{
    static const char separators[] = "&;?#";
    int high, low, byte;

    if (*p != '%')
        return *p && strchr(separators, *p) ? 1 : 0;
    high = hex_digit(p[1]);
    low = high < 0 ? -1 : hex_digit(p[2]);
    byte = low < 0 ? 0 : high * 16 + low;
    return byte > 0 && strchr(separators, byte) ? 3 : 0;
}

bool policy_detour_query_passes(const struct policy_rule *rule, const char *target)
{
    const char *p = query_of(target);

    while (p && *p) {
        size_t length = 0;

        while (p[length] && separator_length(p + length) == 0)
            length++;
        if (!parameter_passes(rule, p, length))
            return false;
        p += length;
        p += separator_length(p);
    }
    return true;
}
