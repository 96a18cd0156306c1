/* SPDX-License-Identifier: MIT */
#include "identity_discovery.h"

#include "identity_document.h"
#include "identity_fault.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <strings.h>

#define VERSION_MAX 16
#define FOUND_MAX 8

/* A version that a service says it has. */
struct found {
    char id[VERSION_MAX];      /* "v3.14" */
    char segment[VERSION_MAX]; /* the last segment of its address, "v3" */
};

struct findings {
    struct found versions[FOUND_MAX];
    size_t n;
};

void identity_place_done(struct identity_place *place)
{
    free(place->endpoint);
    *place = (struct identity_place){0};
}

/* ---- versions as text */

/* `v3`, `v2.0` and the like, all of the text. */
static bool is_version(const char *text, size_t length)
{
    size_t digits;

    if (length < 2 || length >= VERSION_MAX || (*text != 'v' && *text != 'V'))
        return false;
    digits = strspn(text + 1, "0123456789.");
    return digits >= length - 1 && text[1] != '.' && text[length - 1] != '.';
}

/* Whether the version is of that major one: `v3.14` of `v3`. */
static bool is_major(const char *version, const char *major)
{
    size_t length = strlen(major);

    return strncasecmp(version, major, length) == 0 &&
           (version[length] == '\0' || version[length] == '.');
}

/* ---- endpoints */

static size_t without_slashes(const char *url, size_t length)
{
    while (length > 0 && url[length - 1] == '/')
        length--;
    return length;
}

static size_t without_suffix(const char *url, size_t length, const char *suffix)
{
    size_t n = strlen(suffix);

    return length > n && strncmp(url + length - n, suffix, n) == 0 ? length - n : length;
}

/* People write it with slashes at its end, or in full. */
static size_t endpoint_length(const char *url)
{
    size_t length = without_slashes(url, strlen(url)), whole = length;

    length = without_suffix(url, length, "/tokens");
    if (length < whole)
        length = without_suffix(url, length, "/auth");
    return without_slashes(url, length);
}

/* How much of an endpoint is before its version, which is what comes back in ret_version, empty where
 * it has none. */
static size_t root_length(const char *endpoint, char ret_version[static VERSION_MAX])
{
    const char *slash = strrchr(endpoint, '/');

    *ret_version = '\0';
    if (!slash || !is_version(slash + 1, strlen(slash + 1)))
        return strlen(endpoint);
    strcpy(ret_version, slash + 1);
    return without_slashes(endpoint, (size_t)(slash - endpoint));
}

/* The version that is meant, wherever it is said; "" is any. */
static const char *wanted_version(const struct cloud_config *cloud, char buffer[static VERSION_MAX])
{
    _cleanup_(freep) char *endpoint = NULL;

    *buffer = '\0';
    if (cloud->identity_api_version)
        return cloud->identity_api_version;
    if (cloud->auth_endpoint)
        endpoint = strndup(cloud->auth_endpoint, endpoint_length(cloud->auth_endpoint));
    if (endpoint)
        (void)root_length(endpoint, buffer);
    return buffer;
}

static const struct identity_provider *find_provider(const char *type, const char *version)
{
    for (const struct identity_row *row = identity_table; row->type; row++)
        if (strcasecmp(row->type, type) == 0 &&
            (!row->provider->version || !version || is_major(version, row->provider->version)))
            return row->provider;
    return NULL;
}

int identity_place_of(const struct cloud_config *cloud, struct identity_place *ret)
{
    const struct identity_provider *any = find_provider(cloud->identity_type, NULL), *named = NULL;
    const char *url = cloud->auth_endpoint;
    char version[VERSION_MAX];
    char *endpoint = NULL;
    size_t length = 0;

    if (!any)
        return -ENOENT;
    if (url && *url) {
        endpoint = strndup(url, endpoint_length(url));
        if (!endpoint)
            return -ENOMEM;
        length = root_length(endpoint, version);
    }
    if (endpoint && any->version && *version &&
        (!cloud->identity_api_version || is_major(version, cloud->identity_api_version)))
        named = find_provider(cloud->identity_type, version);
    if (endpoint && any->version && !named)
        endpoint[length] = '\0';
    *ret = (struct identity_place){any->version ? named : any, endpoint};
    return ret->provider ? 1 : 0;
}

int identity_place_resume(const struct cloud_config *cloud, const char *known,
                          struct identity_place *ret)
{
    struct identity_place place = {0};
    char version[VERSION_MAX];
    size_t root;
    int r = identity_place_of(cloud, &place);

    if (r == 0) {
        root = known ? root_length(known, version) : 0;
        if (root > 0 && *version && place.endpoint && root == strlen(place.endpoint) &&
            strncmp(known, place.endpoint, root) == 0)
            place.provider = find_provider(cloud->identity_type, version);
        free(place.endpoint);
        place.endpoint = place.provider ? strdup(known) : NULL;
        r = !place.provider ? -ENOENT : place.endpoint ? 0 : -ENOMEM;
    }
    if (r < 0) {
        identity_place_done(&place);
        return r;
    }
    *ret = place;
    return 0;
}

/* ---- version documents */

int identity_encode_discovery(const char *endpoint, struct identity_request **ret)
{
    char version[VERSION_MAX];
    _cleanup_(freep) char *root = strndup(endpoint, root_length(endpoint, version));

    *ret = root ? identity_request_new("GET", root, "/") : NULL;
    return *ret ? 0 : -ENOMEM;
}

/* The last segment of the address that the version gives for itself. Only that: where it says that it
 * is may be an address that is not ours to reach, or not safe. */
static bool find_segment(const json_t *version, char ret[static VERSION_MAX])
{
    const json_t *links = json_object_get(version, "links"), *link;
    size_t i;

    json_array_foreach (links, i, link) {
        const char *rel = json_string_value(json_object_get(link, "rel"));
        const char *href = json_string_value(json_object_get(link, "href"));
        size_t length = href ? without_slashes(href, strlen(href)) : 0, start = length;

        while (start > 0 && href[start - 1] != '/')
            start--;
        if (!rel || strcmp(rel, "self") != 0 || !href || !is_version(href + start, length - start))
            continue;
        snprintf(ret, VERSION_MAX, "%.*s", (int)(length - start), href + start);
        return true;
    }
    return false;
}

static void add_version(struct findings *f, const json_t *version)
{
    const char *id = json_string_value(json_object_get(version, "id"));
    struct found *found = &f->versions[f->n];

    if (f->n == FOUND_MAX || !id || !is_version(id, strlen(id)) ||
        !find_segment(version, found->segment))
        return;
    strcpy(found->id, id);
    f->n++;
}

/* `{"versions": {"values": […]}}`, `{"versions": […]}` or `{"version": {…}}` */
static void read_versions(const struct identity_answer *answer, struct findings *ret)
{
    _cleanup_(json_decrefp) json_t *root = identity_document_load(answer);
    const json_t *versions = json_object_get(root, "versions"), *version;
    size_t i;

    *ret = (struct findings){0};
    add_version(ret, json_object_get(root, "version"));
    if (json_is_object(versions))
        versions = json_object_get(versions, "values");
    json_array_foreach (versions, i, version)
        add_version(ret, version);
}

/* "v3.14 (http://host/v3), v2.0 (http://host/v2.0)" */
static char *list(const char *root, const struct findings *f)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);

    if (!stream)
        return NULL;
    for (size_t i = 0; i < f->n; i++)
        fprintf(stream, "%s%s (%s/%s)", i > 0 ? ", " : "", f->versions[i].id, root,
                f->versions[i].segment);
    if (fclose(stream) == 0)
        return text;
    free(text);
    return NULL;
}

/* The kind of document that came instead, as far as it can be quoted. */
static const char *kind_of(const struct identity_answer *answer, char buffer[static 40])
{
    const char *type = identity_answer_header(answer, "Content-Type");
    size_t length = type ? strspn(type, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                        "0123456789+-./")
                         : 0;

    if (length == 0 || length >= 40)
        return "no document";
    snprintf(buffer, 40, "%.*s", (int)length, type);
    return buffer;
}

static struct problem *explain_nothing(const char *root, const struct identity_answer *answer)
{
    char kind[40];

    return problem_new(PROBLEM_BAD_ANSWER,
                       "There is no identity service at %s/: it answers with HTTP status %u and "
                       "%s, which names no versions: correct `auth_endpoint`.",
                       root, answer->status, kind_of(answer, kind));
}

/* A service that is only not able to answer now. */
static bool is_passing(unsigned status)
{
    return status >= 500 || status == 408 || status == 413 || status == 429;
}

int identity_decode_discovery(const struct cloud_config *cloud, const char *endpoint,
                              const struct identity_answer *answer, struct identity_place *ret,
                              struct problem **ret_problem)
{
    char buffer[VERSION_MAX];
    const char *wanted = wanted_version(cloud, buffer);
    _cleanup_(freep) char *versions = NULL;
    struct findings found;

    read_versions(answer, &found);
    for (const struct identity_row *row = identity_table; row->type; row++)
        for (size_t i = 0; i < found.n; i++) {
            struct identity_place place = {.provider = row->provider};

            if (strcasecmp(row->type, cloud->identity_type) != 0 || !row->provider->version ||
                !is_major(found.versions[i].id, row->provider->version) ||
                (*wanted && !is_major(found.versions[i].id, wanted)))
                continue;
            if (asprintf(&place.endpoint, "%s/%s", endpoint, found.versions[i].segment) < 0)
                return -ENOMEM;
            *ret = place;
            return 0;
        }

    versions = list(endpoint, &found);
    if (!versions)
        return -ENOMEM;
    if (found.n > 0)
        *ret_problem = problem_new(PROBLEM_BAD_ANSWER,
                                   "The identity service at %s/ has %s, %s: correct "
                                   "`auth_endpoint` or `identity_api_version`.",
                                   endpoint, versions,
                                   *wanted ? "and not the version that is asked for"
                                           : "none of which this latchkeyd knows");
    else
        *ret_problem =
            is_passing(answer->status) ? identity_fault(answer) : explain_nothing(endpoint, answer);
    return *ret_problem ? 1 : -ENOMEM;
}

struct problem *identity_explain_discovery(const char *endpoint,
                                           const struct identity_answer *answer)
{
    char version[VERSION_MAX];
    _cleanup_(freep) char *root = strndup(endpoint, root_length(endpoint, version));
    _cleanup_(freep) char *versions = NULL;
    struct findings found;

    read_versions(answer, &found);
    if (root && found.n == 0)
        return explain_nothing(root, answer);
    versions = root ? list(root, &found) : NULL;
    if (!versions)
        return NULL;
    return problem_new(PROBLEM_BAD_ANSWER,
                       "There is no login at %s, but the identity service at %s/ has %s: set "
                       "`auth_endpoint` to one of them.",
                       endpoint, root, versions);
}
