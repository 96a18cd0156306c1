/* SPDX-License-Identifier: MIT */
/* What there is to write and to read of each thing is one table, so that nothing can be written that is not
 * read. */
#include "store_document.h"

#include "identity_document.h"
#include "secret.h"

#include <errno.h>
#include <string.h>

#define FORMAT 1

/* Every reader of JSON has such a number exactly, and no sum of two overflows. */
#define NUMBER_MOST ((json_int_t)1 << 53)

enum kind { TEXT, SECRET, OPTIONAL, NUMBER };

struct member {
    const char *name;
    enum kind kind;
    size_t offset;
};

static const struct member of_record[] = {
    {"cloud", TEXT, offsetof(struct store_record, cloud)},
    {"place", OPTIONAL, offsetof(struct store_record, place)},
    {"next_login", NUMBER, offsetof(struct store_record, next_login)},
};

static const struct member of_session[] = {
    {"generation", NUMBER, offsetof(struct session, generation)},
    {"token", SECRET, offsetof(struct session, token)},
    {"issued", NUMBER, offsetof(struct session, issued)},
    {"expires", NUMBER, offsetof(struct session, expires)},
    {"obtained", NUMBER, offsetof(struct session, obtained)},
    {"deadline", NUMBER, offsetof(struct session, deadline)},
    {"user_id", TEXT, offsetof(struct session, user_id)},
    {"user_name", TEXT, offsetof(struct session, user_name)},
    {"default_region", OPTIONAL, offsetof(struct session, default_region)},
    {"tenant_id", OPTIONAL, offsetof(struct session, tenant_id)},
    {"tenant_name", OPTIONAL, offsetof(struct session, tenant_name)},
    {"document", TEXT, offsetof(struct session, document)},
};

static const struct member of_role[] = {
    {"id", TEXT, offsetof(struct session_role, id)},
    {"name", TEXT, offsetof(struct session_role, name)},
    {"description", OPTIONAL, offsetof(struct session_role, description)},
};

static const struct member of_service[] = {
    {"type", TEXT, offsetof(struct service, type)},
    {"name", TEXT, offsetof(struct service, name)},
    {"why_none", OPTIONAL, offsetof(struct service, why_none)},
};

static const struct member of_endpoint[] = {
    {"region", OPTIONAL, offsetof(struct endpoint, region)},
    {"interface", TEXT, offsetof(struct endpoint, interface)},
    {"url", TEXT, offsetof(struct endpoint, url)},
    {"tenant_id", OPTIONAL, offsetof(struct endpoint, tenant_id)},
};

/* Members beside those of the tables: version, boot, salt, configuration, credential, roles, services; and a
 * service's endpoints. */
#define OTHERS_OF_ROOT 7
#define OTHERS_OF_SERVICE 1

void store_record_free(struct store_record *r)
{
    if (!r)
        return;
    free(r->cloud);
    free(r->place);
    session_unref(r->session);
    free(r);
}

/* ---- writing */

static json_t *value_of(const struct member *m, const void *structure)
{
    const void *field = (const char *)structure + m->offset;
    uint64_t number;
    const char *text;

    if (m->kind == NUMBER) {
        memcpy(&number, field, sizeof(number));
        return number <= (uint64_t)NUMBER_MOST ? json_integer((json_int_t)number) : NULL;
    }
    memcpy(&text, field, sizeof(text));
    return !text && m->kind == OPTIONAL ? json_null() : json_string(text);
}

/* The functions give an object without what cannot be written: store_encode() counts in the end. */
static json_t *put_members(json_t *object, const struct member *members, size_t n,
                           const void *structure)
{
    for (size_t i = 0; i < n; i++)
        (void)json_object_set_new(object, members[i].name, value_of(&members[i], structure));
    return object;
}

#define PUT(object, members, structure) put_members(object, members, ARRAY_SIZE(members), structure)

/* A list without what cannot be written is as long as it should not be. */
static json_t *whole_list(json_t *list, size_t n)
{
    if (json_array_size(list) == n)
        return list;
    json_decref(list);
    return NULL;
}

static json_t *whole_object(json_t *object, size_t n)
{
    if (json_object_size(object) == n)
        return object;
    json_decref(object);
    return NULL;
}

static json_t *roles_of(const struct session *s)
{
    json_t *list = json_array();

    for (size_t i = 0; i < s->n_roles; i++)
        (void)json_array_append_new(
            list, whole_object(PUT(json_object(), of_role, &s->roles[i]), ARRAY_SIZE(of_role)));
    return whole_list(list, s->n_roles);
}

static json_t *endpoints_of(const struct service *service)
{
    json_t *list = json_array();

    for (size_t i = 0; i < service->n_endpoints; i++)
        (void)json_array_append_new(
            list, whole_object(PUT(json_object(), of_endpoint, &service->endpoints[i]),
                               ARRAY_SIZE(of_endpoint)));
    return whole_list(list, service->n_endpoints);
}

static json_t *services_of(const struct catalog *catalog)
{
    json_t *list = json_array();

    for (size_t i = 0; i < catalog->n_services; i++) {
        const struct service *service = &catalog->services[i];
        json_t *object = PUT(json_object(), of_service, service);

        (void)json_object_set_new(object, "endpoints", endpoints_of(service));
        (void)json_array_append_new(
            list, whole_object(object, ARRAY_SIZE(of_service) + OTHERS_OF_SERVICE));
    }
    return whole_list(list, catalog->n_services);
}

static json_t *hex_of(const uint8_t *bytes, size_t n)
{
    char text[2 * SHA256_DIGEST_SIZE + 1];

    for (size_t i = 0; i < n; i++)
        (void)snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    return json_string(text);
}

int store_encode(const struct store_record *record, const char boot[static STORE_BOOT_LENGTH + 1],
                 char **ret, size_t *ret_length)
{
    _cleanup_(json_decrefp) json_t *root = json_object();
    _cleanup_(secret_freep) char *text = NULL;
    const struct session *s = record->session;

    (void)json_object_set_new(root, "version", json_integer(FORMAT));
    (void)json_object_set_new(root, "boot", json_string(boot));
    (void)json_object_set_new(root, "salt",
                              hex_of((const uint8_t *)&record->salt, sizeof(record->salt)));
    (void)json_object_set_new(
        root, "configuration",
        hex_of(record->configuration.bytes, sizeof(record->configuration.bytes)));
    (void)json_object_set_new(root, "credential",
                              hex_of(record->credential.bytes, sizeof(record->credential.bytes)));
    PUT(root, of_record, record);
    PUT(root, of_session, s);
    (void)json_object_set_new(root, "roles", roles_of(s));
    (void)json_object_set_new(root, "services", services_of(s->catalog));
    if (json_object_size(root) != ARRAY_SIZE(of_record) + ARRAY_SIZE(of_session) + OTHERS_OF_ROOT)
        return -EINVAL;
    text = json_dumps(root, JSON_COMPACT);
    if (!text)
        return -ENOMEM;
    if (strlen(text) > STORE_DOCUMENT_MOST)
        return -E2BIG;
    *ret_length = strlen(text);
    *ret = TAKE_PTR(text);
    return 0;
}

/* ---- reading */

struct decoder {
    json_t *root;
    struct store_record *record;
    const char *wrong; /* the first member that is not what it has to be */
};

static void decoder_done(struct decoder *d)
{
    json_decref(d->root);
    store_record_free(d->record);
}

static int refuse(struct decoder *d, const char *member)
{
    d->wrong = member;
    return -EBADMSG;
}

/* Has the structure's fields point into the document. */
static int borrow_members(struct decoder *d, const json_t *object, const struct member *members,
                          size_t n, void *structure)
{
    for (size_t i = 0; i < n; i++) {
        const struct member *m = &members[i];
        const json_t *value = json_object_get(object, m->name);
        void *field = (char *)structure + m->offset;
        const char *text = json_string_value(value);
        uint64_t number = (uint64_t)json_integer_value(value);

        if (m->kind == NUMBER) {
            if (!json_is_integer(value) || number > (uint64_t)NUMBER_MOST)
                return refuse(d, m->name);
            memcpy(field, &number, sizeof(number));
        } else {
            if (!text && !(m->kind == OPTIONAL && json_is_null(value)))
                return refuse(d, m->name);
            memcpy(field, &text, sizeof(text));
        }
    }
    return 0;
}

#define BORROW(d, object, members, structure) \
    borrow_members(d, object, members, ARRAY_SIZE(members), structure)

/* What is borrowed becomes the other structure's own. */
static int copy_members(const struct member *members, size_t n, const void *from, void *to)
{
    for (size_t i = 0; i < n; i++) {
        const void *source = (const char *)from + members[i].offset;
        void *target = (char *)to + members[i].offset;
        const char *text;
        char *copy;

        if (members[i].kind == NUMBER) {
            memcpy(target, source, sizeof(uint64_t));
            continue;
        }
        memcpy(&text, source, sizeof(text));
        if (!text)
            continue;
        copy = members[i].kind == SECRET ? secret_strdup_locked(text) : strdup(text);
        if (!copy)
            return -ENOMEM;
        memcpy(target, &copy, sizeof(copy));
    }
    return 0;
}

static int nibble_of(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = c ? strchr(digits, c) : NULL;

    return found ? (int)(found - digits) : -1;
}

static int read_hex(struct decoder *d, const char *member, uint8_t *ret, size_t n)
{
    const char *text = json_string_value(json_object_get(d->root, member));

    if (!text || strlen(text) != 2 * n)
        return refuse(d, member);
    for (size_t i = 0; i < n; i++) {
        int high = nibble_of(text[2 * i]), low = nibble_of(text[2 * i + 1]);

        if (high < 0 || low < 0)
            return refuse(d, member);
        ret[i] = (uint8_t)(high << 4 | low);
    }
    return 0;
}

static int read_roles(struct decoder *d)
{
    const json_t *roles = json_object_get(d->root, "roles"), *role;
    size_t i;

    if (!json_is_array(roles))
        return refuse(d, "roles");
    json_array_foreach (roles, i, role) {
        struct session_role r;

        if (json_object_size(role) != ARRAY_SIZE(of_role) || BORROW(d, role, of_role, &r) < 0)
            return refuse(d, "roles");
        if (session_add_role(d->record->session, r.id, r.name, r.description) < 0)
            return -ENOMEM;
    }
    return 0;
}

static int read_endpoints(struct decoder *d, const json_t *endpoints, struct service *service)
{
    const json_t *endpoint;
    size_t i;

    if (!json_is_array(endpoints))
        return refuse(d, "services");
    json_array_foreach (endpoints, i, endpoint) {
        struct endpoint e;

        if (json_object_size(endpoint) != ARRAY_SIZE(of_endpoint) ||
            BORROW(d, endpoint, of_endpoint, &e) < 0)
            return refuse(d, "services");
        if (service_add_endpoint(service, e.region, e.interface, e.url, e.tenant_id) < 0)
            return -ENOMEM;
    }
    return 0;
}

static int read_services(struct decoder *d)
{
    const json_t *services = json_object_get(d->root, "services"), *entry;
    size_t i;
    int r;

    if (!json_is_array(services))
        return refuse(d, "services");
    json_array_foreach (services, i, entry) {
        struct service *service, s;

        if (json_object_size(entry) != ARRAY_SIZE(of_service) + OTHERS_OF_SERVICE ||
            BORROW(d, entry, of_service, &s) < 0)
            return refuse(d, "services");
        if (catalog_add_service(d->record->session->catalog, s.type, s.name, &service) < 0 ||
            service_drop_endpoints(service, s.why_none) < 0)
            return -ENOMEM;
        r = read_endpoints(d, json_object_get(entry, "endpoints"), service);
        if (r < 0)
            return r;
    }
    return 0;
}

/* Sums of what borrow_members() takes do not overflow. */
static int check_times(struct decoder *d, const struct store_record *r, const struct session *s,
                       usec_t now)
{
    if (s->obtained > now)
        return refuse(d, "obtained");
    if (s->expires <= s->issued)
        return refuse(d, "expires");
    if (s->deadline != s->obtained + (s->expires - s->issued))
        return refuse(d, "deadline");
    if (r->next_login < s->obtained || r->next_login > s->deadline)
        return refuse(d, "next_login");
    return 0;
}

/* The raw answer is handed out as it is, and to those who may not have the token. */
static bool is_document(const char *text, const char *token)
{
    const struct identity_answer answer = {.body = text, .length = strlen(text)};
    _cleanup_(json_decrefp) json_t *document = identity_document_load(&answer);

    return json_is_object(document) && !strstr(text, token);
}

static int read_texts(struct decoder *d, usec_t now)
{
    struct store_record record = {0}, *r = d->record;
    struct session session = {0};

    if (BORROW(d, d->root, of_record, &record) < 0 || BORROW(d, d->root, of_session, &session) < 0)
        return -EBADMSG;
    if (session.generation == 0)
        return refuse(d, "generation");
    if (!identity_is_visible(session.token) || strlen(session.token) > IDENTITY_TEXT_MOST)
        return refuse(d, "token");
    if (!is_document(session.document, session.token))
        return refuse(d, "document");
    if (check_times(d, &record, &session, now) < 0)
        return -EBADMSG;
    if (copy_members(of_record, ARRAY_SIZE(of_record), &record, r) < 0 ||
        copy_members(of_session, ARRAY_SIZE(of_session), &session, r->session) < 0)
        return -ENOMEM;
    return 0;
}

static int read_root(struct decoder *d, const char *boot, usec_t now)
{
    const char *written = json_string_value(json_object_get(d->root, "boot"));
    struct store_record *r = d->record;
    int result;

    if (json_integer_value(json_object_get(d->root, "version")) != FORMAT)
        return refuse(d, "version");
    if (!written || strcmp(written, boot) != 0)
        return refuse(d, "boot");
    if (json_object_size(d->root) !=
        ARRAY_SIZE(of_record) + ARRAY_SIZE(of_session) + OTHERS_OF_ROOT)
        return refuse(d, "number of members");
    if (read_hex(d, "salt", (uint8_t *)&r->salt, sizeof(r->salt)) < 0 ||
        read_hex(d, "configuration", r->configuration.bytes, sizeof(r->configuration.bytes)) < 0 ||
        read_hex(d, "credential", r->credential.bytes, sizeof(r->credential.bytes)) < 0)
        return -EBADMSG;
    result = read_texts(d, now);
    if (result == 0)
        result = read_roles(d);
    return result == 0 ? read_services(d) : result;
}

int store_decode(const char *text, size_t length, const char boot[static STORE_BOOT_LENGTH + 1],
                 usec_t now, struct store_record **ret, const char **ret_wrong)
{
    _cleanup_(decoder_done) struct decoder d = {0};
    int r;

    d.record = calloc(1, sizeof(*d.record));
    if (d.record)
        d.record->session = session_new();
    if (!d.record || !d.record->session)
        return -ENOMEM;
    if (length <= STORE_DOCUMENT_MOST && identity_text_fits(text, length, STORE_DOCUMENT_MOST))
        d.root = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
    r = json_is_object(d.root) ? read_root(&d, boot, now) : refuse(&d, "form");
    if (r == 0)
        *ret = TAKE_PTR(d.record);
    else if (r == -EBADMSG)
        *ret_wrong = d.wrong;
    return r;
}
