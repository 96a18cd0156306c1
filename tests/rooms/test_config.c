/* SPDX-License-Identifier: MIT */
/*
 * Configuration files that load: pyrax's own, each key and its spellings, what stands in for what,
 * which cloud is the default, and what is warned of.
 */
#include "load_config.h"
#include "suite.h"

#include <errno.h>
#include <grp.h>
#include <syslog.h>

/* The warning of that number, without the folder of its file. */
static void assert_warning(const struct config *c, size_t i, const char *wanted)
{
    ck_assert_uint_lt(i, c->n_warnings);
    ck_assert_int_eq(strncmp(c->warnings[i], scratch, strlen(scratch)), 0);
    ck_assert_str_eq(c->warnings[i] + strlen(scratch) + 1, wanted);
}

#define NO_KEYRING                                                                         \
    ": keyring_username: no keyring is looked into; give the key in a credential_file or " \
    "with `latchkey login`"

START_TEST(test_pyrax)
{
    struct config *c = load("[private]\n"
                            "identity_type = keystone\n"
                            "region = RegionOne\n"
                            "custom_user_agent =\n"
                            "debug = True\n"
                            "auth_endpoint = http://192.168.0.1:5000/v2.0/\n"
                            "tenant_name = demo\n"
                            "tenant_id = abc123456\n"
                            "keyring_username = demo\n"
                            "\n"
                            "[public]\n"
                            "identity_type = rackspace\n"
                            "keyring_username = joeracker\n"
                            "region = ORD\n"
                            "custom_user_agent = CrazyApp/2.0\n"
                            "debug = False\n"
                            "verify_ssl = False\n");
    const struct cloud_config *cloud = &c->clouds[0];

    ck_assert_uint_eq(c->n_clouds, 2);
    ck_assert_str_eq(c->default_cloud, "private");
    ck_assert_ptr_eq(config_find(c, "private"), cloud);
    ck_assert_str_eq(cloud->name, "private");
    ck_assert_str_eq(cloud->identity_type, "keystone");
    ck_assert_str_eq(cloud->auth_endpoint, "http://192.168.0.1:5000/v2.0/");
    ck_assert_str_eq(cloud->region, "RegionOne");
    ck_assert_str_eq(cloud->login.fields[CREDENTIAL_TENANT_NAME], "demo");
    ck_assert_str_eq(cloud->login.fields[CREDENTIAL_TENANT_ID], "abc123456");
    ck_assert_ptr_null(cloud->user_agent);
    ck_assert_ptr_null(cloud->interface);
    ck_assert(cloud->verify_ssl);

    cloud = &c->clouds[1];
    ck_assert_ptr_eq(config_find(c, "public"), cloud);
    ck_assert_str_eq(cloud->identity_type, "rackspace");
    ck_assert_ptr_null(cloud->auth_endpoint);
    ck_assert_str_eq(cloud->region, "ORD");
    ck_assert_str_eq(cloud->user_agent, "CrazyApp/2.0 latchkey/" LATCHKEY_VERSION);
    ck_assert(!cloud->verify_ssl);
    ck_assert_ptr_null(config_find(c, "Public"));

    ck_assert_uint_eq(c->n_warnings, 2);
    assert_warning(c, 0, "a.conf:9" NO_KEYRING);
    assert_warning(c, 1, "a.conf:13" NO_KEYRING);
    config_free(c);
}
END_TEST

/* pyrax's other spellings, and those of its keys that may stay empty. */
START_TEST(test_pyrax_leftovers)
{
    struct config *c = load("[settings]\n"
                            "identity_type = rax_identity.RaxIdentity\n"
                            "keyring_username =\n"
                            "encoding = utf-8\n"
                            "http_debug = maybe\n"
                            "use_servicenet = True\n"
                            "[a]\n"
                            "identity_type = KEYSTONE_identity.keystoneIdentity\n"
                            "auth_endpoint = HTTPS://[::1]:5000\n"
                            "encoding =\ndebug =\nhttp_debug =\nuse_servicenet =\n"
                            "custom_user_agent =\n"
                            "[b]\n"
                            "use_servicenet = False\n"
                            "[c]\n"
                            "use_servicenet = True\n"
                            "interface = adminURL\n"
                            "[d]\n");

    ck_assert_uint_eq(c->n_clouds, 5);
    ck_assert_uint_eq(c->n_warnings, 0);
    ck_assert_str_eq(c->default_cloud, "settings");
    ck_assert_str_eq(c->clouds[0].identity_type, "rackspace");
    ck_assert_str_eq(c->clouds[0].interface, "internal");
    ck_assert_str_eq(c->clouds[1].identity_type, "keystone");
    ck_assert_ptr_null(c->clouds[1].interface);
    ck_assert_ptr_null(c->clouds[2].interface);
    ck_assert_str_eq(c->clouds[3].interface, "admin");
    ck_assert_str_eq(c->clouds[4].name, "d");
    ck_assert_str_eq(c->clouds[4].identity_type, "rackspace");
    config_free(c);
}
END_TEST

/* A key that pyrax has and that is left empty is not given, also where [DEFAULT] gives it. */
START_TEST(test_pyrax_empty)
{
    struct config *c = load("[DEFAULT]\n"
                            "tenant_name = t\n"
                            "[my cloud]\n"
                            "identity_type =\n"
                            "auth_endpoint =\n"
                            "tenant_id =\n"
                            "tenant_name =\n"
                            "region = ; ORD\n"
                            "verify_ssl =\n"
                            "keyring_username =\n");
    const struct cloud_config *cloud = &c->clouds[0];

    ck_assert_uint_eq(c->n_clouds, 1);
    ck_assert_uint_eq(c->n_warnings, 0);
    ck_assert_str_eq(c->default_cloud, "my cloud");
    ck_assert_str_eq(cloud->name, "my cloud");
    ck_assert_str_eq(cloud->identity_type, "rackspace");
    ck_assert_ptr_null(cloud->auth_endpoint);
    ck_assert_ptr_null(cloud->login.fields[CREDENTIAL_TENANT_ID]);
    ck_assert_str_eq(cloud->login.fields[CREDENTIAL_TENANT_NAME], "t");
    ck_assert_ptr_null(cloud->region);
    ck_assert(cloud->verify_ssl);
    config_free(c);
}
END_TEST

START_TEST(test_every_key)
{
    struct config *c = load("\xef\xbb\xbf# all of them\r\n"
                            "[latchkeyd]\r\n"
                            "default = b.2_B-\r\n"
                            "socket = /run/x.sock\r\n"
                            "socket_mode = 0600\r\n"
                            "socket_group: adm\r\n"
                            "log_level = Debug\r\n"
                            "connect_timeout = 1\r\n"
                            "logins_at_once = 1000\r\n"
                            "login_timeout = 86400\r\n"
                            "upstream_timeout = 007 ; seconds\r\n"
                            "\r\n"
                            "[a]\r\n"
                            "IDENTITY_TYPE = keystone\r\n"
                            "auth_endpoint = http://127.0.0.1:8080/auth/v1.0\r\n"
                            "username = 50% joe\r\n"
                            "password = %(x)s;100%%\r\n"
                            "[b.2_B-]\r\n"
                            "credential_file = sub/credential\r\n"
                            "tenant_id = 123\r\n"
                            "tenant_name = one two\r\n"
                            "region = ord\r\n"
                            "interface = InternalURL\r\n"
                            "verify_ssl = oFF\r\n"
                            "ca_file = /etc/ca.pem\r\n");
    const struct cloud_config *a = &c->clouds[0], *b = &c->clouds[1];

    ck_assert_uint_eq(c->n_clouds, 2);
    ck_assert_uint_eq(c->n_warnings, 0);
    ck_assert_str_eq(c->default_cloud, "b.2_B-");
    ck_assert_str_eq(c->socket, "/run/x.sock");
    ck_assert_uint_eq(c->socket_mode, 0600);
    ck_assert_uint_eq(c->socket_group, getgrnam("adm")->gr_gid);
    ck_assert_int_eq(c->log_level, LOG_DEBUG);
    ck_assert_uint_eq(c->connect_timeout, USEC_PER_SEC);
    ck_assert_uint_eq(c->logins_at_once, 1000);
    ck_assert_uint_eq(c->login_timeout, 86400 * USEC_PER_SEC);
    ck_assert_uint_eq(c->upstream_timeout, 7 * USEC_PER_SEC);

    ck_assert_str_eq(a->identity_type, "keystone");
    ck_assert_str_eq(a->auth_endpoint, "http://127.0.0.1:8080/auth/v1.0");
    ck_assert_str_eq(a->login.fields[CREDENTIAL_USERNAME], "50% joe");
    ck_assert_str_eq(a->login.fields[CREDENTIAL_PASSWORD], "%(x)s;100%%");
    ck_assert_ptr_null(a->login.fields[CREDENTIAL_API_KEY]);
    ck_assert_str_eq(b->credential_file, "sub/credential");
    ck_assert_str_eq(b->login.fields[CREDENTIAL_TENANT_ID], "123");
    ck_assert_str_eq(b->login.fields[CREDENTIAL_TENANT_NAME], "one two");
    ck_assert_str_eq(b->region, "ord");
    ck_assert_str_eq(b->interface, "internal");
    ck_assert(!b->verify_ssl);
    ck_assert_str_eq(b->ca_file, "/etc/ca.pem");
    config_free(c);
}
END_TEST

static void assert_defaults(const struct config *c)
{
    ck_assert_uint_eq(c->n_clouds, 1);
    ck_assert_str_eq(c->default_cloud, "rackspace");
    ck_assert_str_eq(c->clouds[0].name, "rackspace");
    ck_assert_str_eq(c->clouds[0].identity_type, "rackspace");
    ck_assert(c->clouds[0].verify_ssl);
    ck_assert_ptr_null(c->clouds[0].user_agent);
    ck_assert_ptr_null(c->socket);
    ck_assert_uint_eq(c->socket_mode, 0660);
    ck_assert_uint_eq(c->socket_group, getegid());
    ck_assert_int_eq(c->log_level, LOG_INFO);
    ck_assert_uint_eq(c->connect_timeout, 10 * USEC_PER_SEC);
    ck_assert_uint_eq(c->logins_at_once, 16);
    ck_assert_uint_eq(c->login_timeout, 30 * USEC_PER_SEC);
    ck_assert_uint_eq(c->upstream_timeout, 60 * USEC_PER_SEC);
    ck_assert_uint_eq(c->n_warnings, 0);
    ck_assert_ptr_null(c->warnings[0]);
}

START_TEST(test_default)
{
    struct config *c;

    ck_assert_int_eq(config_default(NULL, NULL, &c), 0);
    assert_defaults(c);
    ck_assert_ptr_null(c->path);
    ck_assert_ptr_null(c->clouds[0].credential_file);
    ck_assert_ptr_null(c->clouds[0].auth_endpoint);
    config_free(c);

    ck_assert_int_eq(config_default("f", "http://localhost:1/v2.0", &c), 0);
    assert_defaults(c);
    ck_assert_str_eq(c->clouds[0].credential_file, "f");
    ck_assert_str_eq(c->clouds[0].auth_endpoint, "http://localhost:1/v2.0");
    config_free(c);

    c = NULL;
    ck_assert_int_eq(config_default("f", "localhost:1", &c), -EINVAL);
    ck_assert_ptr_null(c);
    config_free(NULL);
}
END_TEST

/* A file that names no cloud has the one that needs no file. */
START_TEST(test_no_cloud)
{
    static const char *const texts[] = {"", "[latchkeyd]\n", "[DEFAULT]\n"};
    struct config *c;

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        c = load(texts[i]);
        assert_defaults(c);
        config_free(c);
    }
    c = load("[latchkeyd]\ndefault = rackspace\n[DEFAULT]\nregion = LON\n");
    assert_defaults(c);
    ck_assert_str_eq(c->clouds[0].region, "LON");
    config_free(c);
}
END_TEST

static const struct {
    const char *text;
    const char *default_cloud;
} defaults[] = {
    {"[b]\n[a]\n", "b"},
    {"[b]\n[settings]\n", "settings"},
    {"[b]\n[settings]\n[default]\n", "default"},
    {"[b]\n[DEFAULT]\n[a]\n", "b"},
    {"[b]\n[Default]\n[a]\n", "b"},
    {"[b]\n[a]\n[latchkeyd]\ndefault = a\n", "a"},
    {"[settings]\n[a]\n[latchkeyd]\ndefault = a\n", "a"},
    {"[a]\n[default]\n[latchkeyd]\ndefault = default\n", "default"},
};

START_TEST(test_default_cloud)
{
    struct config *c = load(defaults[_i].text);

    ck_assert_str_eq(c->default_cloud, defaults[_i].default_cloud);
    ck_assert_ptr_nonnull(config_find(c, c->default_cloud));
    config_free(c);
}
END_TEST

/* [DEFAULT] stands in where a cloud is silent, for logins as a whole. */
START_TEST(test_fallback)
{
    struct config *c = load("[a]\n"
                            "[b]\n"
                            "region = DFW\n"
                            "custom_user_agent =\n"
                            "credential_file = f\n"
                            "[c]\n"
                            "username = other\n"
                            "password = p\n"
                            "verify_ssl = yes\n"
                            "[DEFAULT]\n"
                            "region = ORD\n"
                            "custom_user_agent = x\n"
                            "username = joe\n"
                            "api_key = k\n"
                            "verify_ssl = no\n"
                            "keyring_username = joe\n");

    ck_assert_uint_eq(c->n_clouds, 3);
    ck_assert_str_eq(c->clouds[0].region, "ORD");
    ck_assert_str_eq(c->clouds[0].login.fields[CREDENTIAL_USERNAME], "joe");
    ck_assert_str_eq(c->clouds[0].login.fields[CREDENTIAL_API_KEY], "k");
    ck_assert(!c->clouds[0].verify_ssl);

    ck_assert_str_eq(c->clouds[1].region, "DFW");
    ck_assert_str_eq(c->clouds[1].user_agent, "x latchkey/" LATCHKEY_VERSION);
    ck_assert_str_eq(c->clouds[1].credential_file, "f");
    ck_assert_ptr_null(c->clouds[1].login.fields[CREDENTIAL_USERNAME]);
    ck_assert_ptr_null(c->clouds[1].login.fields[CREDENTIAL_API_KEY]);
    ck_assert(!c->clouds[1].verify_ssl);

    ck_assert_str_eq(c->clouds[2].login.fields[CREDENTIAL_USERNAME], "other");
    ck_assert_str_eq(c->clouds[2].login.fields[CREDENTIAL_PASSWORD], "p");
    ck_assert_ptr_null(c->clouds[2].login.fields[CREDENTIAL_API_KEY]);
    ck_assert(c->clouds[2].verify_ssl);

    ck_assert_uint_eq(c->n_warnings, 1);
    assert_warning(c, 0, "a.conf:16" NO_KEYRING);
    config_free(c);
}
END_TEST

START_TEST(test_unused_keys)
{
    struct config *c = load("[a]\n"
                            "username = u\n"
                            "api_key = k\n"
                            "credential_file = f\n"
                            "[b]\n"
                            "username = u\n"
                            "credential_file = f\n");

    ck_assert_uint_eq(c->n_warnings, 2);
    assert_warning(c, 0,
                   "a.conf:4: credential_file: not read, for the key stands here too; take one of "
                   "the two out");
    assert_warning(c, 1,
                   "a.conf:6: username: not used without api_key or password; a credential_file "
                   "holds its own");
    config_free(c);
}
END_TEST

/* A key in a file that others can read is warned of; a file without one may be read by all. */
START_TEST(test_exposure)
{
    static const char with_key[] = "[a]\nusername = u\npassword = k\n";
    char *folder = scratch_mkdir("credentials");
    char *without = scratch_write("without.conf", "[a]\nusername = u\n", 0644);
    char *open_to_all = scratch_write("open.conf", with_key, 0644);
    char *open_to_group = scratch_write("group.conf", with_key, 0640);
    char *closed = scratch_write("closed.conf", with_key, 0600);
    char *passed = scratch_write("credentials/a.conf", with_key, 0440);
    const struct {
        const char *path;
        bool warns;
    } files[] = {{without, false},
                 {open_to_all, true},
                 {open_to_group, true},
                 {closed, false},
                 {passed, false}};

    ck_assert_int_eq(setenv("CREDENTIALS_DIRECTORY", folder, 1), 0);
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        struct config *c = load_path(files[i].path);
        const char *warning = NULL;
        char *wanted;

        for (size_t k = 0; k < c->n_warnings; k++)
            if (strstr(c->warnings[k], "chmod"))
                warning = c->warnings[k];
        ck_assert_int_ge(asprintf(&wanted,
                                  "%s: others than its owner can read the key in it; run `chmod "
                                  "600 %s`",
                                  files[i].path, files[i].path),
                         0);
        assert_text(warning, files[i].warns ? wanted : NULL);
        free(wanted);
        config_free(c);
    }
    free(folder);
    free(without);
    free(open_to_all);
    free(open_to_group);
    free(closed);
    free(passed);
}
END_TEST

Suite *make_suite(void)
{
    Suite *suite = suite_create("config");
    TCase *tc = tcase_create("config");

    tcase_add_checked_fixture(tc, scratch_setup, scratch_teardown);
    tcase_add_test(tc, test_pyrax);
    tcase_add_test(tc, test_pyrax_leftovers);
    tcase_add_test(tc, test_pyrax_empty);
    tcase_add_test(tc, test_every_key);
    tcase_add_test(tc, test_default);
    tcase_add_test(tc, test_no_cloud);
    tcase_add_loop_test(tc, test_default_cloud, 0, ARRAY_SIZE(defaults));
    tcase_add_test(tc, test_fallback);
    tcase_add_test(tc, test_unused_keys);
    tcase_add_test(tc, test_exposure);
    suite_add_tcase(suite, tc);
    return suite;
}
