/* SPDX-License-Identifier: MIT */
/* The suite of a credential as a value: what it is made of, what is enough of it, and when two are the
 * same. */
#include "credential.h"
#include "scratch.h"
#include "suite.h"

#include <errno.h>
#include <string.h>

static struct credential *credential_of(const char *username, enum credential_field key,
                                        const char *text)
{
    struct credential *c = credential_new();

    ck_assert_int_eq(credential_set(c, CREDENTIAL_USERNAME, username), 0);
    ck_assert_int_eq(credential_set(c, key, text), 0);
    return c;
}

START_TEST(test_equal)
{
    static const struct {
        enum credential_field key;
        const char *username, *text;
    } others[] = {
        {CREDENTIAL_PASSWORD, "u", "k"},
        {CREDENTIAL_API_KEY, "U", "k"},
        {CREDENTIAL_API_KEY, "u", "kk"},
        {CREDENTIAL_API_KEY, "u", ""},
    };
    struct credential *a = credential_of("u", CREDENTIAL_API_KEY, "k"), *b = NULL;

    ck_assert_int_eq(credential_copy(a, &b), 0);
    ck_assert(credential_equal(a, b));
    ck_assert(credential_equal(NULL, NULL));
    ck_assert(!credential_equal(a, NULL));
    ck_assert(!credential_equal(NULL, a));

    for (size_t i = CREDENTIAL_TENANT_ID; i < _CREDENTIAL_FIELD_MAX; i++) {
        ck_assert_int_eq(credential_set(b, (enum credential_field)i, "t"), 0);
        ck_assert(!credential_equal(a, b));
        ck_assert_int_eq(credential_set(a, (enum credential_field)i, "t"), 0);
        ck_assert(credential_equal(a, b));
    }
    credential_free(b);
    credential_free(a);

    a = credential_of("u", CREDENTIAL_API_KEY, "k");
    for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
        b = credential_of(others[i].username, others[i].key, others[i].text);
        ck_assert_msg(!credential_equal(a, b), "row %zu", i);
        credential_free(b);
    }
    credential_free(a);
    credential_free(NULL);
}
END_TEST

START_TEST(test_digest)
{
    _cleanup_(credential_freep) struct credential *a = credential_of("u", CREDENTIAL_PASSWORD, "k");
    struct digest digest = credential_digest(a, 1), other = credential_digest(a, 2);

    ck_assert(!digest_equal(&digest, &other));
    for (size_t i = 0; i < _CREDENTIAL_FIELD_MAX; i++) {
        _cleanup_(credential_freep) struct credential *b = NULL;

        ck_assert_int_eq(credential_copy(a, &b), 0);
        other = credential_digest(b, 1);
        ck_assert(digest_equal(&digest, &other));
        ck_assert_int_eq(credential_set(b, (enum credential_field)i, "other"), 0);
        other = credential_digest(b, 1);
        ck_assert(!digest_equal(&digest, &other));
    }
}
END_TEST

#define NAMES "application_credential_name = n\n"
#define ID "application_credential_id = i\n"
#define APP_SECRET "application_credential_secret = s\n"

/* What is enough to log in with, by its kind. */
static const struct {
    const char *text;
    enum credential_fault fault;
    enum credential_field field;
} sets[] = {
    {"username = u\napi_key = k\n", CREDENTIAL_WHOLE, _CREDENTIAL_FIELD_MAX},
    {"user_id = u\npassword = p\n", CREDENTIAL_WHOLE, _CREDENTIAL_FIELD_MAX},
    {ID APP_SECRET, CREDENTIAL_WHOLE, _CREDENTIAL_FIELD_MAX},
    {NAMES APP_SECRET "username = u\n", CREDENTIAL_WHOLE, _CREDENTIAL_FIELD_MAX},
    {NAMES APP_SECRET "user_id = u\n", CREDENTIAL_WHOLE, _CREDENTIAL_FIELD_MAX},
    {ID NAMES APP_SECRET, CREDENTIAL_WHOLE, _CREDENTIAL_FIELD_MAX},
    {"username = u\n", CREDENTIAL_WITHOUT_KEY, CREDENTIAL_API_KEY},
    {ID, CREDENTIAL_WITHOUT_KEY, CREDENTIAL_USERNAME},
    {"password = p\n", CREDENTIAL_WITHOUT_USER, CREDENTIAL_USERNAME},
    {APP_SECRET, CREDENTIAL_WITHOUT_APPLICATION, CREDENTIAL_APPLICATION_CREDENTIAL_ID},
    {APP_SECRET "username = u\n", CREDENTIAL_WITHOUT_APPLICATION,
     CREDENTIAL_APPLICATION_CREDENTIAL_ID},
    {NAMES APP_SECRET, CREDENTIAL_WITHOUT_USER, CREDENTIAL_USERNAME},
    {"username = u\npassword = p\n" ID APP_SECRET, CREDENTIAL_WITH_TWO_KEYS,
     CREDENTIAL_APPLICATION_CREDENTIAL_SECRET},
    {"username = u\npassword = p\napi_key = k\n", CREDENTIAL_WITH_TWO_KEYS, CREDENTIAL_PASSWORD},
};

START_TEST(test_whole)
{
    _cleanup_(freep) char *text = NULL, *path = NULL, *warning = NULL, *error = NULL;
    struct credential *c = NULL;
    int r;

    ck_assert_int_gt(asprintf(&text, "[a]\n%s", sets[_i].text), 0);
    path = scratch_write("whole", text, 0600);
    r = credential_read(path, &c, &warning, &error);
    ck_assert_int_eq(r, sets[_i].fault == CREDENTIAL_WHOLE ? 0 : -EBADMSG);
    if (sets[_i].fault != CREDENTIAL_WHOLE)
        ck_assert_msg(strstr(error, credential_field_name(sets[_i].field)) != NULL, "%s", error);
    credential_free(c);
}
END_TEST

START_TEST(test_names)
{
    for (size_t i = 0; i < _CREDENTIAL_FIELD_MAX; i++)
        ck_assert_int_eq(credential_field_find(credential_field_name((enum credential_field)i)), i);
    ck_assert_int_eq(credential_field_find("project_id"), CREDENTIAL_TENANT_ID);
    ck_assert_int_eq(credential_field_find("project_name"), CREDENTIAL_TENANT_NAME);
    ck_assert_int_eq(credential_field_find("user"), _CREDENTIAL_FIELD_MAX);
    ck_assert_int_eq(credential_field_find(""), _CREDENTIAL_FIELD_MAX);
}
END_TEST

Suite *make_suite(void)
{
    Suite *s = suite_create("credential fields");
    TCase *t = tcase_create("fields");

    tcase_add_checked_fixture(t, scratch_setup, scratch_teardown);
    tcase_add_test(t, test_equal);
    tcase_add_test(t, test_digest);
    tcase_add_test(t, test_names);
    tcase_add_loop_test(t, test_whole, 0, (int)ARRAY_SIZE(sets));
    suite_add_tcase(s, t);
    return s;
}
