/* SPDX-License-Identifier: MIT */
/* A cloud's configuration as a value, and where its credential is found. */
#include "load_config.h"
#include "suite.h"

#include <errno.h>

#define EVERYTHING                                                               \
    "identity_type = keystone\nauth_endpoint = http://h/\ncredential_file = f\n" \
    "username = u\napi_key = k\ntenant_id = t\ntenant_name = n\nregion = R\n"    \
    "interface = admin\nverify_ssl = no\nca_file = /ca\ncustom_user_agent = x\n"
#define ALMOST "identity_type = keystone\nauth_endpoint = http://h/\n"

/* The digests of two configurations, made with one salt. */
static bool digests_agree(const struct config *a, const struct config *b)
{
    struct digest one = cloud_config_digest(&a->clouds[0], 7);
    struct digest other = cloud_config_digest(&b->clouds[0], 7);

    return digest_equal(&one, &other);
}

/* Two clouds that differ in one key only are not equal, whichever key it is, and neither are their
 * digests; the last one is different in its user agent alone. */
START_TEST(test_equal)
{
    static const char *const differences[] = {
        "region = R\n",
        "interface = admin\n",
        "verify_ssl = no\n",
        "ca_file = /ca\n",
        "tenant_id = t\n",
        "tenant_name = n\n",
        "username = u\n",
        "credential_file = f\n",
        "username = u\napi_key = k\n",
        "username = u\npassword = k\n",
        "username = u\napi_key = l\n",
        "region = r\n",
        "object_store_endpoint_override = http://o/\n",
        "object_store_endpoint_override = http://p/\n",
        "image_endpoint_override = http://o/\n",
        "custom_user_agent = x\n",
    };
    struct config *loaded[ARRAY_SIZE(differences) + 1];
    struct digest one, salted;

    loaded[0] = load("[a]\n" ALMOST);
    for (size_t i = 0; i < ARRAY_SIZE(differences); i++) {
        char text[256];

        (void)snprintf(text, sizeof(text), "[a]\n" ALMOST "%s", differences[i]);
        loaded[i + 1] = load(text);
    }
    for (size_t i = 0; i < ARRAY_SIZE(loaded); i++)
        for (size_t k = 0; k < ARRAY_SIZE(loaded); k++)
            ck_assert_msg(cloud_config_equal(&loaded[i]->clouds[0], &loaded[k]->clouds[0]) ==
                              (i == k),
                          "%zu and %zu", i, k);
    for (size_t i = 0; i < ARRAY_SIZE(differences); i++)
        for (size_t k = 0; k < ARRAY_SIZE(differences); k++)
            ck_assert_msg(digests_agree(loaded[i], loaded[k]) == (i == k), "%zu and %zu", i, k);
    ck_assert(digests_agree(loaded[0], loaded[ARRAY_SIZE(differences)]));
    one = cloud_config_digest(&loaded[0]->clouds[0], 7);
    salted = cloud_config_digest(&loaded[0]->clouds[0], 8);
    ck_assert(!digest_equal(&one, &salted));
    for (size_t i = 0; i < ARRAY_SIZE(loaded); i++)
        config_free(loaded[i]);
}
END_TEST

START_TEST(test_equal_across_files)
{
    struct config *a = load("[a]\n" EVERYTHING), *b = load("\n\n[z]\n[a]\n" EVERYTHING);
    struct config *renamed = load("[b]\n" EVERYTHING);
    struct config *other = load("[a]\nidentity_type = keystone\nauth_endpoint = http://h/\n");
    struct config *moved = load("[a]\nidentity_type = keystone\nauth_endpoint = http://i/\n");

    ck_assert(cloud_config_equal(&a->clouds[0], config_find(b, "a")));
    ck_assert(!cloud_config_equal(&a->clouds[0], &renamed->clouds[0]));
    ck_assert(!digests_agree(a, renamed));
    ck_assert(!cloud_config_equal(&other->clouds[0], &moved->clouds[0]));
    config_free(a);
    config_free(b);
    config_free(renamed);
    config_free(other);
    config_free(moved);
}
END_TEST

START_TEST(test_copy)
{
    struct config *c = load("[a]\n" EVERYTHING "[b]\n");
    struct cloud_config full, bare;

    ck_assert_int_eq(cloud_config_copy(&c->clouds[0], &full), 0);
    ck_assert_int_eq(cloud_config_copy(&c->clouds[1], &bare), 0);
    ck_assert(cloud_config_equal(&full, &c->clouds[0]));
    ck_assert(cloud_config_equal(&bare, &c->clouds[1]));
    ck_assert(!cloud_config_equal(&bare, &full));
    config_free(c);

    /* Nothing of the copy was the original's. */
    ck_assert_str_eq(full.name, "a");
    ck_assert_str_eq(full.login.fields[CREDENTIAL_API_KEY], "k");
    ck_assert_str_eq(full.user_agent, "x latchkey/" LATCHKEY_VERSION);
    cloud_config_done(&full);
    cloud_config_done(&bare);
    ck_assert_ptr_null(full.name);
    ck_assert_ptr_null(full.login.fields[CREDENTIAL_API_KEY]);
    cloud_config_done(&full);
}
END_TEST

/* Looks for the credential of the first cloud and compares its user and the file that counts;
 * NULL: none. */
static void assert_credential(const struct config *c, const char *username, const char *path)
{
    struct credential *credential = NULL;
    char *found = NULL, *warning = NULL, *error = NULL;
    int r = config_credential(c, &c->clouds[0], &credential, &found, &warning, &error);

    ck_assert_msg(r == 0, "%s", error ? error : strerror(-r));
    assert_text(found, path);
    assert_text(credential ? credential->fields[CREDENTIAL_USERNAME] : NULL, username);
    ck_assert_ptr_null(warning);
    credential_free(credential);
    free(found);
}

static char *write_credential(const char *name, const char *username)
{
    char text[64];

    (void)snprintf(text, sizeof(text), "[a]\nusername = %s\napi_key = k\n", username);
    return scratch_write(name, text, 0600);
}

START_TEST(test_credential_order)
{
    char *folder = scratch_mkdir("credentials");
    struct config *c = load("[a]\ncredential_file = file\n");
    char *beside = write_credential("file", "beside");
    char *passed, *by_name;

    assert_credential(c, "beside", beside);
    ck_assert_int_eq(setenv("CREDENTIALS_DIRECTORY", folder, 1), 0);
    assert_credential(c, "beside", beside);
    by_name = write_credential("credentials/a", "by name");
    assert_credential(c, "beside", beside);
    passed = write_credential("credentials/file", "passed");
    assert_credential(c, "passed", passed);
    config_free(c);

    c = load("[a]\ncredential_file = file\nusername = inline\npassword = k\n");
    assert_credential(c, "inline", NULL);
    config_free(c);

    c = load("[a]\n");
    assert_credential(c, "by name", by_name);
    ck_assert_int_eq(unsetenv("CREDENTIALS_DIRECTORY"), 0);
    assert_credential(c, NULL, NULL);
    config_free(c);

    c = load("[b]\n");
    ck_assert_int_eq(setenv("CREDENTIALS_DIRECTORY", folder, 1), 0);
    assert_credential(c, NULL, NULL);
    config_free(c);
    free(folder);
    free(beside);
    free(passed);
    free(by_name);
}
END_TEST

START_TEST(test_credential_absolute)
{
    char *folder = scratch_mkdir("credentials");
    char *path = write_credential("file", "absolute");
    char *other = write_credential("credentials/file", "other");
    char text[128];
    struct config *c;

    ck_assert_int_eq(setenv("CREDENTIALS_DIRECTORY", folder, 1), 0);
    (void)snprintf(text, sizeof(text), "[a]\ncredential_file = %s\n", path);
    c = load(text);
    assert_credential(c, "absolute", path);
    config_free(c);

    ck_assert_int_eq(config_default(path, NULL, &c), 0);
    assert_credential(c, "absolute", path);
    config_free(c);
    free(folder);
    free(path);
    free(other);
}
END_TEST

/* An absolute path is not looked for in a folder, and no folder is not the root. */
START_TEST(test_credential_no_detours)
{
    static const struct {
        const char *text;
        const char *path;
        bool passed;
    } rows[] = {
        {"[a]\ncredential_file = /absent\n", "/absent", true},
        {"[a]\ncredential_file = etc/passwd\n", "etc/passwd", false},
    };
    char *folder = scratch_mkdir("credentials");
    char *decoy = write_credential("credentials/absent", "decoy");

    char *wanted = *rows[_i].path == '/' ? strdup(rows[_i].path) : scratch_path(rows[_i].path);
    char *path, *warning, *error;
    struct credential *credential = NULL;
    struct config *c = load(rows[_i].text);

    ck_assert_int_eq(setenv("CREDENTIALS_DIRECTORY", rows[_i].passed ? folder : "", 1), 0);
    ck_assert_int_eq(config_credential(c, &c->clouds[0], &credential, &path, &warning, &error),
                     -ENOENT);
    ck_assert_str_eq(path, wanted);
    config_free(c);
    free(error);
    free(path);
    free(wanted);
    free(folder);
    free(decoy);
}
END_TEST

/* Without a configuration file a relative path counts from where the daemon stands. */
START_TEST(test_credential_without_file)
{
    char *folder = scratch_mkdir("credentials");
    char *here = write_credential("file", "here");
    char *by_name = write_credential("credentials/rackspace", "by name");
    char *passed;
    struct config *c;

    ck_assert_int_eq(chdir(scratch), 0);
    ck_assert_int_eq(config_default("file", NULL, &c), 0);
    ck_assert_int_eq(setenv("CREDENTIALS_DIRECTORY", folder, 1), 0);
    assert_credential(c, "here", "file");
    passed = write_credential("credentials/file", "passed");
    assert_credential(c, "passed", passed);
    config_free(c);

    ck_assert_int_eq(config_default(NULL, NULL, &c), 0);
    assert_credential(c, "by name", by_name);
    config_free(c);
    free(folder);
    free(here);
    free(by_name);
    free(passed);
}
END_TEST

START_TEST(test_credential_inline)
{
    struct config *c = load("[a]\nusername = u\napi_key = k\ntenant_id = t\n"
                            "[b]\nusername = v\npassword = %p%\n");
    struct credential *credential;
    char *path, *warning, *error = NULL;

    ck_assert_int_eq(config_credential(c, &c->clouds[0], &credential, &path, &warning, &error), 0);
    ck_assert_int_eq(credential_key(credential), CREDENTIAL_API_KEY);
    ck_assert_str_eq(credential->fields[CREDENTIAL_USERNAME], "u");
    ck_assert_str_eq(credential->fields[CREDENTIAL_API_KEY], "k");
    ck_assert_str_eq(credential->fields[CREDENTIAL_TENANT_ID], "t");
    ck_assert_ptr_null(path);
    ck_assert_ptr_null(warning);
    credential_free(credential);

    ck_assert_int_eq(config_credential(c, &c->clouds[1], &credential, &path, &warning, &error), 0);
    ck_assert_int_eq(credential_key(credential), CREDENTIAL_PASSWORD);
    ck_assert_str_eq(credential->fields[CREDENTIAL_USERNAME], "v");
    ck_assert_str_eq(credential->fields[CREDENTIAL_PASSWORD], "%p%");
    ck_assert_ptr_null(error);
    credential_free(credential);
    config_free(c);
}
END_TEST

/* A file that cannot be used is still the one that counts: it may be mended. */
START_TEST(test_credential_failures)
{
    struct config *c = load("[a]\ncredential_file = file\n");
    struct credential *credential = NULL;
    char *path = NULL, *warning = NULL, *error = NULL, *file = scratch_path("file"), *wanted;

    ck_assert_int_eq(config_credential(c, &c->clouds[0], &credential, &path, &warning, &error),
                     -ENOENT);
    ck_assert_str_eq(path, file);
    ck_assert_ptr_null(credential);
    ck_assert_int_ge(asprintf(&wanted,
                              "%s: cannot be read: No such file or directory; create it or correct "
                              "its path",
                              file),
                     0);
    ck_assert_str_eq(error, wanted);
    free(wanted);
    free(error);
    free(path);

    free(scratch_write("file", "[a]\nusername = u\n", 0600));
    ck_assert_int_eq(config_credential(c, &c->clouds[0], &credential, &path, &warning, &error),
                     -EBADMSG);
    ck_assert_str_eq(path, file);
    ck_assert_ptr_null(credential);
    free(error);
    free(path);
    error = NULL;

    free(scratch_write("file", "[a]\nusername = u\napi_key = k\n", 0644));
    ck_assert_int_eq(config_credential(c, &c->clouds[0], &credential, &path, &warning, &error), 0);
    ck_assert_ptr_nonnull(strstr(warning, "chmod 600"));
    ck_assert_ptr_null(error);
    credential_free(credential);
    free(warning);
    free(path);
    free(file);
    config_free(c);
}
END_TEST

Suite *make_suite(void)
{
    Suite *suite = suite_create("cloud_config");
    TCase *tc = tcase_create("cloud_config");

    tcase_add_checked_fixture(tc, scratch_setup, scratch_teardown);
    tcase_add_test(tc, test_equal);
    tcase_add_test(tc, test_equal_across_files);
    tcase_add_test(tc, test_copy);
    tcase_add_test(tc, test_credential_order);
    tcase_add_test(tc, test_credential_absolute);
    tcase_add_loop_test(tc, test_credential_no_detours, 0, 2);
    tcase_add_test(tc, test_credential_without_file);
    tcase_add_test(tc, test_credential_inline);
    tcase_add_test(tc, test_credential_failures);
    suite_add_tcase(suite, tc);
    return suite;
}
