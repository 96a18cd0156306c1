/* SPDX-License-Identifier: MIT */
/* See object.h. */
#include "object.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cleanup.h"
#include "container.h"
#include "precondition.h"

#define SERVICE_NET_PREFIX "snet-"

/* Headers of an upload that come back with the object, besides its metadata. */
static const char *const kept_headers[] = {
    "X-Object-Meta-",
    "Content-Type",
    "Content-Encoding",
    "Content-Disposition",
};

static void answer_page(struct request *r, unsigned status, const char *title, const char *text)
{
    char page[512];

    snprintf(page, sizeof(page), "<html><h1>%s</h1><p>%s</p></html>", title, text);
    answer_text(r, status, "text/html; charset=UTF-8", page);
}

static void answer_missing(struct request *r)
{
    answer_page(r, 404, "Not Found", "The resource could not be found.");
}

void object_address_done(struct object_address *address)
{
    free(address->region);
    free(address->account);
    free(address->container);
    free(address->object);
}

static bool is_utf8(const char *text)
{
    json_auto_t *json = text ? json_string(text) : NULL;

    return json != NULL;
}

/* REST is CONTAINER[/OBJECT], still escaped; an object's name may have slashes of its own. */
static bool split(const char *rest, char **ret_container, char **ret_object)
{
    size_t length = strcspn(rest, "/");

    if (length == 0)
        return true;
    *ret_container = target_unescape(rest, length);
    if (!is_utf8(*ret_container))
        return false;
    if (!rest[length] || !rest[length + 1])
        return true;
    *ret_object = target_unescape(rest + length + 1, strlen(rest + length + 1));
    return is_utf8(*ret_object);
}

bool object_address_parse(struct request *r, struct object_address *ret_address)
{
    _cleanup_(object_address_done) struct object_address address = {0};
    const char *region = r->match.captures[0];
    size_t prefix = strlen(SERVICE_NET_PREFIX);
    size_t length = strcspn(r->match.rest, "/");

    if (strncmp(region, SERVICE_NET_PREFIX, prefix) == 0)
        region += prefix;
    address.region = strdup(region);
    address.account = target_unescape(r->match.rest, length);
    if (!address.region || !address.account || !*address.account ||
        !split(r->match.rest + length + (r->match.rest[length] == '/'), &address.container,
               &address.object)) {
        answer_page(r, 412, "Precondition Failed", "Invalid UTF8 or contains NULL");
        return false;
    }
    *ret_address = address;
    address = (struct object_address){0};
    return true;
}

struct taking {
    const char *prefix;
    struct dict *metadata;
    int error;
};

static enum MHD_Result take_header(void *data, _unused_ enum MHD_ValueKind kind, const char *name,
                                   const char *value)
{
    struct taking *taking = data;
    char spelled[256];
    bool starts_word = true;

    if (strncasecmp(name, taking->prefix, strlen(taking->prefix)) != 0 ||
        strlen(name) >= sizeof(spelled))
        return MHD_YES;

    /* Kept in Swift's spelling, so that one name is one name however it was written. */
    snprintf(spelled, sizeof(spelled), "%s", name);
    for (char *c = spelled; *c; c++) {
        *c = (char)(starts_word ? toupper((unsigned char)*c) : tolower((unsigned char)*c));
        starts_word = *c == '-';
    }
    taking->error = store_set_header(taking->metadata, spelled, value ? value : "");
    return taking->error < 0 ? MHD_NO : MHD_YES;
}

int object_take_headers(const struct request *r, const char *prefix, struct dict *metadata)
{
    struct taking taking = {prefix, metadata, 0};

    MHD_get_connection_values(r->connection, MHD_HEADER_KIND, take_header, &taking);
    return taking.error;
}

static int take_object_headers(const struct request *r, struct dict *metadata)
{
    for (size_t i = 0; i < ARRAY_SIZE(kept_headers); i++) {
        int error = object_take_headers(r, kept_headers[i], metadata);

        if (error < 0)
            return error;
    }
    return 0;
}

/* What belongs to the state of an object, shown with it and after it was stored. */
static void add_state(struct request *r, const struct store_object *object)
{
    char modified[CLOCK_TEXT_MAX], timestamp[32];

    clock_write_http(ceil(object->modified), modified);
    snprintf(timestamp, sizeof(timestamp), "%.5f", object->modified);
    answer_header(r, "Etag", object->etag);
    answer_header(r, "Last-Modified", modified);
    answer_header(r, "X-Timestamp", timestamp);
}

static void answer_body(struct request *r, const struct store_object *object)
{
    uint64_t first = 0, length = object->size;
    enum range_verdict verdict =
        range_parse(request_header(r, "Range"), object->size, &first, &length);
    char range[80];
    int fd;

    snprintf(range, sizeof(range), "bytes */%" PRIu64, object->size);
    if (verdict == RANGE_OUTSIDE) {
        answer_page(r, 416, "Requested Range Not Satisfiable",
                    "The Range requested is not available.");
        answer_header(r, "Content-Range", range);
        return;
    }
    fd = fcntl(object->fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0)
        return;
    answer_response(r, verdict == RANGE_PART ? 206 : 200,
                    MHD_create_response_from_fd_at_offset64(length, fd, first));
    if (!r->answer) {
        close(fd);
        return;
    }
    if (verdict == RANGE_PART) {
        snprintf(range, sizeof(range), "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, first,
                 first + length - 1, object->size);
        answer_header(r, "Content-Range", range);
    }
}

static void get_object(struct request *r, _unused_ struct store_container *container,
                       _unused_ const struct object_address *address, struct store_object *object)
{
    unsigned status = precondition_check(r, object);

    if (status)
        answer_empty(r, status);
    else
        answer_body(r, object);
    if (r->status == 416 || r->status == 412)
        return;

    add_state(r, object);
    answer_header(r, "Accept-Ranges", "bytes");
    if (status == 304)
        return;
    if (!dict_get(&object->metadata, "Content-Type"))
        answer_header(r, "Content-Type", "application/octet-stream");
    for (size_t i = 0; i < object->metadata.count; i++)
        answer_header(r, object->metadata.entries[i].key, object->metadata.entries[i].value);
}

static void store(struct request *r, struct store_container *container, const char *name,
                  struct store_object *object)
{
    if (!object || take_object_headers(r, &object->metadata) < 0 ||
        dict_put(&container->objects, name, object) < 0) {
        store_object_free(object);
        answer_empty(r, 507);
        return;
    }
    answer_text(r, 201, "text/html; charset=UTF-8", "");
    add_state(r, object);
}

/* True if the client named a digest, in quotes or not, that the body does not have. */
static bool is_damaged(const struct request *r, const char *md5)
{
    const char *wanted = request_header(r, "ETag");
    size_t length;

    if (!wanted)
        return false;
    wanted += *wanted == '"';
    length = strcspn(wanted, "\"");
    return length != strlen(md5) || strncasecmp(wanted, md5, length) != 0;
}

static void put_object(struct request *r, struct store_container *container,
                       const struct object_address *address, _unused_ struct store_object *object)
{
    char md5[BODY_MD5_TEXT];

    body_md5(&r->body, md5);
    if (is_damaged(r, md5)) {
        answer_page(r, 422, "Unprocessable Entity", "Unable to process the contained instructions");
        return;
    }
    store(r, container, address->object,
          store_object_new(TAKE_FD(r->body.fd), r->body.length, md5, sandbox_time(r->sandbox)));
}

static void post_object(struct request *r, _unused_ struct store_container *container,
                        _unused_ const struct object_address *address, struct store_object *object)
{
    struct dict metadata = {.free_value = free};
    const char *type = dict_get(&object->metadata, "Content-Type");

    if ((type && store_set_header(&metadata, "Content-Type", type) < 0) ||
        take_object_headers(r, &metadata) < 0) {
        dict_done(&metadata);
        answer_empty(r, 507);
        return;
    }
    dict_done(&object->metadata);
    object->metadata = metadata;
    object->modified = sandbox_time(r->sandbox);
    answer_text(r, 202, "text/html; charset=UTF-8",
                "<html><h1>Accepted</h1><p>The request is accepted for processing.</p></html>");
}

static void delete_object(struct request *r, struct store_container *container,
                          const struct object_address *address,
                          _unused_ struct store_object *object)
{
    dict_remove(&container->objects, address->object);
    answer_empty(r, 204);
}

static void copy_object(struct request *r, _unused_ struct store_container *container,
                        const struct object_address *address, struct store_object *object)
{
    const char *destination = request_header(r, "Destination");
    _cleanup_(freep) char *container_name = NULL, *object_name = NULL;
    struct store_account *account =
        store_make_account(&r->sandbox->store, address->region, address->account);
    struct store_container *target;

    if (destination)
        destination += *destination == '/';
    if (!destination || !split(destination, &container_name, &object_name) || !object_name) {
        answer_page(r, 412, "Precondition Failed",
                    "Destination header must be of the form <container name>/<object name>");
        return;
    }
    target = account ? store_find_container(account, container_name) : NULL;
    if (!target)
        answer_missing(r);
    else
        store(r, target, object_name, store_object_copy(object, sandbox_time(r->sandbox)));
}

static const struct {
    const char *method;
    bool wants_object;
    void (*serve)(struct request *r, struct store_container *container,
                  const struct object_address *address, struct store_object *object);
} methods[] = {
    {"GET", true, get_object},   {"HEAD", true, get_object},      {"PUT", false, put_object},
    {"POST", true, post_object}, {"DELETE", true, delete_object}, {"COPY", true, copy_object},
};

static void serve_object(struct request *r, struct store_account *account,
                         const struct object_address *address)
{
    struct store_container *container = store_find_container(account, address->container);
    struct store_object *object = container ? dict_get(&container->objects, address->object) : NULL;

    for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
        if (strcmp(methods[i].method, r->method) != 0)
            continue;
        if (!container || (methods[i].wants_object && !object))
            answer_missing(r);
        else
            methods[i].serve(r, container, address, object);
        return;
    }
    answer_page(r, 405, "Method Not Allowed", "The method is not allowed for this resource.");
}

/* An upload that cannot be stored is refused before its body is read. */
void object_begin(struct request *r)
{
    _cleanup_(object_address_done) struct object_address address = {0};
    const char *none_match = request_header(r, "If-None-Match");

    if (!object_address_parse(r, &address) || !address.object || strcmp(r->method, "PUT") != 0)
        return;
    if (!request_is_chunked(r) && !request_header(r, "Content-Length")) {
        answer_page(r, 411, "Length Required", "Missing Content-Length header.");
        return;
    }
    {
        _cleanup_(sandbox_unlockp) struct sandbox *s = sandbox_lock(r->sandbox);
        struct store_account *account =
            store_make_account(&s->store, address.region, address.account);
        struct store_container *container =
            account ? store_find_container(account, address.container) : NULL;

        if (!container) {
            answer_missing(r);
            return;
        }
        if (none_match && dict_get(&container->objects, address.object)) {
            answer_page(r, 412, "Precondition Failed",
                        "A precondition for this request was not met.");
            return;
        }
    }
    r->body.error = body_spool(&r->body, r->sandbox->options.data_directory);
}

void object_serve(struct request *r)
{
    _cleanup_(object_address_done) struct object_address address = {0};
    _cleanup_(sandbox_unlockp) struct sandbox *s = NULL;
    struct store_account *account;

    if (!object_address_parse(r, &address))
        return;
    s = sandbox_lock(r->sandbox);
    account = store_make_account(&s->store, address.region, address.account);
    if (!account)
        answer_empty(r, 507);
    else if (address.object)
        serve_object(r, account, &address);
    else if (address.container)
        container_serve(r, account, address.container);
    else
        container_serve_account(r, account);
}
