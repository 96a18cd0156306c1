/* SPDX-License-Identifier: MIT */
/* The document that a session outlives a restart in: all of it comes back, and nothing else does. */
#include "identity.h"
#include "store_document.h"
#include "suite.h"

#include "secret.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#define BOOT "0123456789abcdef0123456789abcdef"
#define NOW (5000 * USEC_PER_SEC)
#define HOUR (3600 * USEC_PER_SEC)

/* ---- one that has everything */

static struct session *whole_session(void)
{
    struct session *s = session_new();
    struct service *service;

    s->generation = 7;
    s->token = secret_strdup_locked("to-ken");
    s->issued = 1700000000123456;
    s->expires = s->issued + HOUR;
    s->obtained = NOW - 100 * USEC_PER_SEC;
    s->deadline = s->obtained + HOUR;
    s->user_id = strdup("id of the user");
    s->user_name = strdup("n\303\244me");
    s->default_region = strdup("ORD");
    s->tenant_id = strdup("tenant");
    s->tenant_name = strdup("name of the tenant");
    s->document = strdup("{\"access\":{\"quoted\":\"\\\"\"}}");
    ck_assert_int_eq(session_add_role(s, "1", "admin", "may do everything"), 0);
    ck_assert_int_eq(session_add_role(s, "2", "", NULL), 0);
    ck_assert_int_eq(catalog_add_service(s->catalog, "compute", "nova", &service), 0);
    ck_assert_int_eq(service_add_endpoint(service, "ORD", "public", "http://one/", "t"), 0);
    ck_assert_int_eq(service_add_endpoint(service, NULL, "internal", "http://two/", NULL), 0);
    ck_assert_int_eq(catalog_add_service(s->catalog, "dns", "", &service), 0);
    ck_assert_int_eq(service_drop_endpoints(service, "Because."), 0);
    return s;
}

static struct store_record whole_record(void)
{
    struct store_record r = {
        .cloud = strdup("my cloud"),
        .salt = 0x0123456789abcdef,
        .place = strdup("http://identity/v3"),
        .next_login = NOW + 1000,
        .session = whole_session(),
    };

    memset(r.configuration.bytes, 0xa5, sizeof(r.configuration.bytes));
    for (size_t i = 0; i < sizeof(r.credential.bytes); i++)
        r.credential.bytes[i] = (uint8_t)(i * 8);
    return r;
}

static void record_done(struct store_record *r)
{
    free(r->cloud);
    free(r->place);
    session_unref(r->session);
}

static char *encode(const struct store_record *r)
{
    char *text = NULL;
    size_t length = 0;

    ck_assert_int_eq(store_encode(r, BOOT, &text, &length), 0);
    ck_assert_uint_eq(strlen(text), length);
    return text;
}

static char *whole(void)
{
    struct store_record r = whole_record();
    char *text = encode(&r);

    record_done(&r);
    return text;
}

/* ---- the way there and back */

static void demand_text(const char *got, const char *wanted)
{
    ck_assert_str_eq(got ? got : "(none)", wanted ? wanted : "(none)");
}

static void demand_same_catalog(const struct catalog *a, const struct catalog *b)
{
    ck_assert_uint_eq(a->n_services, b->n_services);
    for (size_t i = 0; i < a->n_services; i++) {
        const struct service *one = &a->services[i], *other = &b->services[i];

        demand_text(one->type, other->type);
        demand_text(one->name, other->name);
        demand_text(one->why_none, other->why_none);
        ck_assert_uint_eq(one->n_endpoints, other->n_endpoints);
        for (size_t k = 0; k < one->n_endpoints; k++) {
            demand_text(one->endpoints[k].region, other->endpoints[k].region);
            demand_text(one->endpoints[k].interface, other->endpoints[k].interface);
            demand_text(one->endpoints[k].url, other->endpoints[k].url);
            demand_text(one->endpoints[k].tenant_id, other->endpoints[k].tenant_id);
        }
    }
}

static void demand_same_session(const struct session *a, const struct session *b)
{
    ck_assert_uint_eq(a->generation, b->generation);
    ck_assert_uint_eq(a->issued, b->issued);
    ck_assert_uint_eq(a->expires, b->expires);
    ck_assert_uint_eq(a->obtained, b->obtained);
    ck_assert_uint_eq(a->deadline, b->deadline);
    demand_text(a->token, b->token);
    demand_text(a->user_id, b->user_id);
    demand_text(a->user_name, b->user_name);
    demand_text(a->default_region, b->default_region);
    demand_text(a->tenant_id, b->tenant_id);
    demand_text(a->tenant_name, b->tenant_name);
    demand_text(a->document, b->document);
    ck_assert_uint_eq(a->n_roles, b->n_roles);
    for (size_t i = 0; i < a->n_roles; i++) {
        demand_text(a->roles[i].id, b->roles[i].id);
        demand_text(a->roles[i].name, b->roles[i].name);
        demand_text(a->roles[i].description, b->roles[i].description);
    }
    demand_same_catalog(a->catalog, b->catalog);
}

static void demand_round_trip(const struct store_record *r)
{
    _cleanup_(secret_freep) char *text = encode(r), *again = NULL;
    _cleanup_(store_record_freep) struct store_record *back = NULL;
    const char *wrong = "nothing";

    ck_assert_msg(store_decode(text, strlen(text), BOOT, NOW, &back, &wrong) == 0, "%s", wrong);
    demand_text(back->cloud, r->cloud);
    demand_text(back->place, r->place);
    ck_assert_uint_eq(back->salt, r->salt);
    ck_assert_uint_eq(back->next_login, r->next_login);
    ck_assert(digest_equal(&back->configuration, &r->configuration));
    ck_assert(digest_equal(&back->credential, &r->credential));
    demand_same_session(back->session, r->session);
    again = encode(back);
    ck_assert_str_eq(again, text);
}

START_TEST(brings_everything_back)
{
    struct store_record r = whole_record();

    demand_round_trip(&r);
    record_done(&r);
}
END_TEST

START_TEST(brings_back_that_something_is_not_there)
{
    struct store_record r = whole_record();
    struct session *s = r.session;

    free(TAKE_PTR(r.place));
    free(TAKE_PTR(s->default_region));
    free(TAKE_PTR(s->tenant_id));
    free(TAKE_PTR(s->tenant_name));
    catalog_free(s->catalog);
    s->catalog = catalog_new();
    demand_round_trip(&r);
    record_done(&r);
}
END_TEST

/* ---- what cannot be written */

START_TEST(writes_nothing_that_is_not_whole)
{
    struct store_record r = whole_record();
    struct session *s = r.session;
    char *text = NULL;
    size_t length;

    s->user_name[1] = '\377'; /* no UTF-8 */
    ck_assert_int_eq(store_encode(&r, BOOT, &text, &length), -EINVAL);
    s->user_name[1] = 'x';
    s->user_name[2] = 'x';
    s->catalog->services[0].endpoints[1].url[0] = '\377';
    ck_assert_int_eq(store_encode(&r, BOOT, &text, &length), -EINVAL);
    s->catalog->services[0].endpoints[1].url[0] = 'x';
    s->roles[1].id[0] = '\377';
    ck_assert_int_eq(store_encode(&r, BOOT, &text, &length), -EINVAL);
    s->roles[1].id[0] = 'x';
    s->deadline = USEC_INFINITY;
    ck_assert_int_eq(store_encode(&r, BOOT, &text, &length), -EINVAL);
    s->deadline = s->obtained + HOUR;

    free(s->document);
    s->document = malloc(STORE_DOCUMENT_MOST + 1);
    memset(s->document, ' ', STORE_DOCUMENT_MOST);
    s->document[STORE_DOCUMENT_MOST] = '\0';
    ck_assert_int_eq(store_encode(&r, BOOT, &text, &length), -E2BIG);
    ck_assert_ptr_null(text);
    record_done(&r);
}
END_TEST

/* ---- what is refused */

/* Why it is refused; NULL: it is not. */
static const char *refusal(const char *text, size_t length, const char *boot, usec_t now)
{
    struct store_record *record = NULL;
    const char *wrong = NULL;
    int r = store_decode(text, length, boot, now, &record, &wrong);

    if (r == 0) {
        ck_assert_ptr_null(wrong);
        store_record_free(record);
        return NULL;
    }
    ck_assert_int_eq(r, -EBADMSG);
    ck_assert_ptr_null(record);
    ck_assert_ptr_nonnull(wrong);
    return wrong;
}

static const char *refusal_of(const json_t *root)
{
    char *text = json_dumps(root, JSON_COMPACT);
    const char *wrong = refusal(text, strlen(text), BOOT, NOW);

    secret_free(text);
    return wrong;
}

static json_t *parse(void)
{
    char *text = whole();
    json_t *root = json_loads(text, 0, NULL);

    secret_free(text);
    return root;
}

static const struct {
    const char *member, *value; /* as JSON; NULL: it is not there */
    const char *wrong;          /* NULL: that is right */
} changes[] = {
    {"version", "0", "version"},
    {"version", "2", "version"},
    {"version", "\"1\"", "version"},
    {"boot", "\"\"", "boot"},
    {"boot", "\"00000000000000000000000000000000\"", "boot"},
    {"salt", "\"0123456789abcde\"", "salt"},
    {"salt", "\"0123456789ABCDEF\"", "salt"},
    {"salt", "\"0123456789abcdeg\"", "salt"},
    {"configuration", "\"a5\"", "configuration"},
    {"credential", "\"\"", "credential"},
    {"generation", "0", "generation"},
    {"generation", "-1", "generation"},
    {"generation", "1", NULL},
    {"generation", "9007199254740992", NULL},
    {"generation", "9007199254740993", "generation"},
    {"generation", "1.0", "generation"},
    {"token", "\"\"", "token"},
    {"token", "\"a b\"", "token"},
    {"token", "\"a\\r\\nX-Evil: 1\"", "token"},
    {"token", "\"t\\u00e4\"", "token"},
    {"token", "null", "token"},
    {"token", "\"access\"", "document"}, /* it is in there */
    {"document", "\"\"", "document"},
    {"document", "\"[]\"", "document"},
    {"document", "\"{\"", "document"},
    {"document", "\"{\\\"to-ken\\\":1}\"", "document"},
    {"document", "{}", "document"},
    {"obtained", "5000000001", "obtained"},
    {"obtained", "4900000001", "deadline"},
    {"issued", "1700000000123457", "deadline"},
    {"issued", "1700003600123456", "expires"},
    {"issued", "1700003600123457", "expires"},
    {"expires", "1700003600123457", "deadline"},
    {"expires", "0", "expires"},
    {"expires", "9007199254740992", "deadline"},
    {"deadline", "8500000001", "deadline"},
    {"deadline", "8499999999", "deadline"},
    {"next_login", "4899999999", "next_login"},
    {"next_login", "4900000000", NULL},
    {"next_login", "8500000000", NULL},
    {"next_login", "8500000001", "next_login"},
    {"cloud", "null", "cloud"},
    {"cloud", "\"another\"", NULL}, /* for the caller to look at */
    {"place", "7", "place"},
    {"place", "null", NULL},
    {"user_id", "null", "user_id"},
    {"user_name", "{}", "user_name"},
    {"tenant_id", "[]", "tenant_id"},
    {"tenant_name", "true", "tenant_name"},
    {"default_region", "1", "default_region"},
    {"roles", "{}", "roles"},
    {"roles", "[]", NULL},
    {"roles", "[7]", "roles"},
    {"roles", "[{}]", "roles"},
    {"roles", "[{\"id\":\"1\",\"name\":\"n\"}]", "roles"},
    {"roles", "[{\"id\":1,\"name\":\"n\",\"description\":null}]", "roles"},
    {"roles", "[{\"id\":\"1\",\"name\":\"n\",\"description\":null,\"more\":1}]", "roles"},
    {"services", "null", "services"},
    {"services", "[]", NULL},
    {"services", "[[]]", "services"},
    {"services", "[{\"type\":\"t\",\"name\":\"n\",\"why_none\":null}]", "services"},
    {"services", "[{\"type\":\"t\",\"name\":\"n\",\"why_none\":null,\"endpoints\":7}]", "services"},
    {"services", "[{\"type\":\"t\",\"name\":\"n\",\"why_none\":null,\"endpoints\":[{}]}]",
     "services"},
    {"services",
     "[{\"type\":\"t\",\"name\":\"n\",\"why_none\":null,\"endpoints\":[{\"region\":null,"
     "\"interface\":"
     "\"public\",\"url\":null,\"tenant_id\":null}]}]",
     "services"},
    {"surplus", "1", "number of members"},
};

START_TEST(refuses_what_was_not_written)
{
    json_t *root = parse(), *value = json_loads(changes[_i].value, JSON_DECODE_ANY, NULL);
    const char *wrong;

    ck_assert_ptr_nonnull(value);
    ck_assert_ptr_null(refusal_of(root));
    ck_assert_int_eq(json_object_set_new(root, changes[_i].member, value), 0);
    wrong = refusal_of(root);
    demand_text(wrong, changes[_i].wrong);
    json_decref(root);
}
END_TEST

/* Whichever it is, and whatever stands in its place. */
START_TEST(refuses_a_wrong_type_of_any_member)
{
    json_t *root = parse();
    const char *member;
    json_t *value;
    size_t n = 0;

    json_object_foreach (root, member, value) {
        json_t *copy = json_deep_copy(root);

        n++;
        ck_assert_int_eq(json_object_del(copy, member), 0);
        ck_assert_ptr_nonnull(refusal_of(copy));
        json_object_set_new(copy, member, json_true());
        ck_assert_ptr_nonnull(refusal_of(copy));
        json_object_set_new(copy, member, json_pack("{s:s}", "a", "b"));
        ck_assert_ptr_nonnull(refusal_of(copy));
        json_object_set_new(copy, member, json_pack("[s]", "a"));
        ck_assert_ptr_nonnull(refusal_of(copy));
        json_object_set_new(copy, member,
                            json_is_string(value) ? json_integer(1) : json_string("x"));
        ck_assert_ptr_nonnull(refusal_of(copy));
        json_decref(copy);
    }
    ck_assert_uint_eq(n, 22);
    json_decref(root);
}
END_TEST

START_TEST(refuses_a_part_of_it)
{
    char *text = whole();

    for (size_t length = 0; length < strlen(text); length++) {
        /* no larger than it is, so that whoever reads on is caught */
        char *part = malloc(length + 1);

        memcpy(part, text, length);
        ck_assert_str_eq(refusal(part, length, BOOT, NOW), "form");
        free(part);
    }
    secret_free(text);
}
END_TEST

/* What one wrong bit makes of it may be another right one; whoever reads it lives. */
START_TEST(survives_wrong_bits)
{
    char *text = whole();
    size_t length = strlen(text);

    for (size_t i = 0; i < length; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            text[i] = (char)(text[i] ^ (1U << bit));
            (void)refusal(text, length, BOOT, NOW);
            text[i] = (char)(text[i] ^ (1U << bit));
        }
    }
    ck_assert_ptr_null(refusal(text, length, BOOT, NOW));
    secret_free(text);
}
END_TEST

START_TEST(refuses_what_is_deep_or_huge)
{
    size_t length = STORE_DOCUMENT_MOST;
    char *text = malloc(length + 1), *right = whole();

    memset(text, '[', length + 1);
    ck_assert_str_eq(refusal(text, length, BOOT, NOW), "form");
    memset(text, ' ', length + 1);
    memcpy(text, right, strlen(right));
    ck_assert_ptr_null(refusal(text, length, BOOT, NOW));
    ck_assert_str_eq(refusal(text, length + 1, BOOT, NOW), "form");
    free(text);
    secret_free(right);

    /* Few bytes, and much memory. */
    text = malloc(length + 1);
    strcpy(text, "{\"roles\":[");
    for (char *p = text + strlen(text); p < text + length - 8; p += 3)
        (void)stpcpy(p, "{},");
    ck_assert_str_eq(refusal(text, strlen(text), BOOT, NOW), "form");
    (void)stpcpy(text + strlen(text) - 1, "]}");
    ck_assert_str_eq(refusal(text, strlen(text), BOOT, NOW), "form");
    free(text);
}
END_TEST

START_TEST(refuses_a_member_twice)
{
    char *text = whole(), *twice = NULL;

    ck_assert_int_gt(asprintf(&twice, "{\"version\":1,%s", text + 1), 0);
    ck_assert_str_eq(refusal(twice, strlen(twice), BOOT, NOW), "form");
    free(twice);
    secret_free(text);
}
END_TEST

/* Its times are of one boot: in the next one they would be anything. */
START_TEST(refuses_what_is_of_another_time)
{
    char *text = whole();
    size_t length = strlen(text);

    ck_assert_str_eq(refusal(text, length, "fedcba9876543210fedcba9876543210", NOW), "boot");
    ck_assert_str_eq(refusal(text, length, BOOT, NOW - 101 * USEC_PER_SEC), "obtained");
    /* That it has ended is for the caller to see: its generation counts on. */
    ck_assert_ptr_null(refusal(text, length, BOOT, NOW + 2 * HOUR));
    secret_free(text);
}
END_TEST

Suite *make_suite(void)
{
    Suite *s = suite_create("store");
    TCase *t = tcase_create("document");

    tcase_add_unchecked_fixture(t, identity_init, NULL);
    tcase_add_test(t, brings_everything_back);
    tcase_add_test(t, brings_back_that_something_is_not_there);
    tcase_add_test(t, writes_nothing_that_is_not_whole);
    tcase_add_loop_test(t, refuses_what_was_not_written, 0, (int)ARRAY_SIZE(changes));
    tcase_add_test(t, refuses_a_wrong_type_of_any_member);
    tcase_add_test(t, refuses_a_part_of_it);
    tcase_add_test(t, survives_wrong_bits);
    tcase_add_test(t, refuses_what_is_deep_or_huge);
    tcase_add_test(t, refuses_a_member_twice);
    tcase_add_test(t, refuses_what_is_of_another_time);
    tcase_set_timeout(t, 60);
    suite_add_tcase(s, t);
    return s;
}
