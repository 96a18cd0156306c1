/* SPDX-License-Identifier: MIT */
/*
 * Configuration files that do not load: each way to get a key wrong, with the whole sentence, so
 * that file, line and key are known to be right and no value is in it.
 */
#include "load_config.h"
#include "providers.h"
#include "suite.h"

#include <errno.h>

#define SECRET "s3cr3t"

static const struct {
    const char *value;
    int seconds; /* 0: refused */
} durations[] = {
    {"1", 1},    {"30", 30}, {"86400", 86400}, {"0", 0},     {"86401", 0},
    {"10 s", 0}, {"10s", 0}, {"-1", 0},        {"+1", 0},    {"1.5", 0},
    {"0x10", 0}, {"ten", 0}, {"1e3", 0},       {"1,000", 0}, {"18446744073709551617", 0},
};

START_TEST(test_durations)
{
    static const char *const keys[] = {"connect_timeout", "login_timeout", "upstream_timeout"};

    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        char text[128], wanted[192], *path, *error = NULL;
        struct config *c = NULL;
        int r;

        (void)snprintf(text, sizeof(text), "[latchkeyd]\n\n%s = %s\n", keys[i],
                       durations[_i].value);
        path = scratch_write("a.conf", text, 0600);
        r = config_load(path, &c, &error);
        ck_assert_int_eq(r, durations[_i].seconds > 0 ? 0 : -EBADMSG);
        if (r == 0) {
            const usec_t got[] = {c->connect_timeout, c->login_timeout, c->upstream_timeout};

            ck_assert_uint_eq(got[i], (usec_t)durations[_i].seconds * USEC_PER_SEC);
        } else {
            (void)snprintf(wanted, sizeof(wanted),
                           "%s:3: %s: wrong value; give a whole number of seconds from 1 to 86400",
                           path, keys[i]);
            ck_assert_str_eq(error, wanted);
        }
        config_free(c);
        free(error);
        free(path);
    }
}
END_TEST

static const struct {
    const char *key;
    const char *value;
    bool is_right;
} values[] = {
    {"auth_endpoint", "https://identity.api.rackspacecloud.com/v2.0", true},
    {"auth_endpoint", "http://h", true},
    {"auth_endpoint", "http://h:65535", true},
    {"auth_endpoint", "http://[fe80::1]", true},
    {"auth_endpoint", "http://[::1]:80/", true},
    {"auth_endpoint", "h", false},
    {"auth_endpoint", "ftp://h/", false},
    {"auth_endpoint", "https:/h", false},
    {"auth_endpoint", "https://", false},
    {"auth_endpoint", "https:///v2.0", false},
    {"auth_endpoint", "https://:80", false},
    {"auth_endpoint", "https://h:", false},
    {"auth_endpoint", "https://h:65536", false},
    {"auth_endpoint", "https://h:8o/", false},
    {"auth_endpoint", "https://h:123456/", false},
    {"auth_endpoint", "https://u:" SECRET "@h/", false},
    {"auth_endpoint", "https://" SECRET "@h/", false},
    {"auth_endpoint", "https://h/?k=" SECRET, false},
    {"auth_endpoint", "https://h/#f", false},
    {"auth_endpoint", "https://h /", false},
    {"auth_endpoint", "https://h\xc3\xa9/", false},
    {"auth_endpoint", "https://[]/", false},
    {"auth_endpoint", "https://[::1/", false},
    {"auth_endpoint", "https://[::1]x/", false},
    {"auth_endpoint", "https://[/]", false},
    {"identity_type", "RACKSPACE", true},
    {"identity_type", "rackspace_v3", false},
    {"identity_type", "keystone_identity", false},
    {"interface", "publicURL", true},
    {"interface", "ADMIN", true},
    {"interface", "external", false},
    {"verify_ssl", "YES", true},
    {"verify_ssl", "tRue", true},
    {"verify_ssl", "on", true},
    {"verify_ssl", "1", true},
    {"verify_ssl", "0", true},
    {"verify_ssl", "nope", false},
    {"verify_ssl", "2", false},
    {"verify_ssl", "y", false},
    {"use_servicenet", "perhaps", false},
    {"ca_file", "/etc/ca.pem", true},
    {"ca_file", "~/ca.pem", true},
    {"ca_file", "ca.pem", false},
    {"ca_file", "~joe/ca.pem", false},
    {"socket", "/x", true},
    {"socket", "x", false},
    {"socket", "~", false},
    {"socket_mode", "660", true},
    {"socket_mode", "0777", true},
    {"socket_mode", "01777", false},
    {"socket_mode", "0o660", false},
    {"socket_mode", "0668", false},
    {"socket_mode", "rw-rw----", false},
    {"socket_mode", "-1", false},
    {"logins_at_once", "1", true},
    {"logins_at_once", "0", false},
    {"logins_at_once", "1001", false},
    {"logins_at_once", "many", false},
    {"log_level", "WARNING", true},
    {"log_level", "verbose", false},
    {"log_level", "6", false},
};

/* What each key with a type takes and what it does not; the sentence names the key and what would
 * be right, and never the value. */
START_TEST(test_values)
{
    static const struct {
        const char *key;
        bool daemons;
        const char *wanted;
    } types[] = {
        {"auth_endpoint", false,
         "an http:// or https:// URL with a host, without user, query or fragment"},
        {"identity_type", false, "one of " IDENTITY_TYPES},
        {"interface", false, "public, internal or admin"},
        {"verify_ssl", false, "yes or no"},
        {"use_servicenet", false, "yes or no"},
        {"ca_file", false, "an absolute path"},
        {"socket", true, "an absolute path of at most 107 bytes"},
        {"socket_mode", true, "an octal mode such as 0660"},
        {"log_level", true, "error, warning, notice, info or debug"},
        {"logins_at_once", true, "a whole number from 1 to 1000"},
    };
    size_t type = 0;
    char text[256], wanted[256], *path, *error = NULL;
    struct config *c = NULL;
    int r;

    while (strcmp(types[type].key, values[_i].key) != 0)
        ck_assert_uint_lt(++type, ARRAY_SIZE(types));
    (void)snprintf(text, sizeof(text), "[%s]\n%s = %s\n", types[type].daemons ? "latchkeyd" : "a",
                   values[_i].key, values[_i].value);
    path = scratch_write("a.conf", text, 0600);
    r = config_load(path, &c, &error);
    if (values[_i].is_right) {
        ck_assert_msg(r == 0, "%s", error ? error : "");
    } else {
        ck_assert_int_eq(r, -EBADMSG);
        (void)snprintf(wanted, sizeof(wanted), "%s:2: %s: wrong value; give %s", path,
                       values[_i].key, types[type].wanted);
        ck_assert_str_eq(error, wanted);
    }
    config_free(c);
    free(error);
    free(path);
}
END_TEST

#define UNKNOWN "unknown key; latchkeyd.conf(5) lists those that there are"
#define A48 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define BAD_NAME                                                                                   \
    "not a name for a cloud; give 1 to 48 letters, digits, dots, underscores, hyphens and blanks " \
    "between them"
#define CUT                                                                            \
    "` ;` begins a comment; put it on a line of its own, or use `latchkey login` for " \
    "a key that holds ` ;`"

static const struct {
    const char *text;
    const char *error; /* without `FILE:` */
} bad[] = {
    {"region = ORD\n", "1: region: stands before the first section; write `[name]` above it"},
    {"[a]\n\nregoin = ORD\n", "3: regoin: " UNKNOWN},
    {"[latchkeyd]\nsocet = /x\n", "2: socet: " UNKNOWN},
    {"[DEFAULT]\nregoin = ORD\n", "2: regoin: " UNKNOWN},
    {"[a]\nname = b\n", "2: name: " UNKNOWN},
    {"[a]\nsocket = /x\n", "2: socket: not a key of a cloud; move it to the section [latchkeyd]"},
    {"[DEFAULT]\nlog_level = info\n",
     "2: log_level: not a key of a cloud; move it to the section [latchkeyd]"},
    {"[latchkeyd]\napi_key = " SECRET "\n",
     "2: api_key: not a key of [latchkeyd]; move it to a cloud's section"},
    {"[a]\nregion = ORD\ntenant_id = t\nREGION = ORD\n",
     "4: region: given twice, first in line 2; take one out"},
    {"[a]\ndebug =\ndebug =\n", "3: debug: given twice, first in line 2; take one out"},
    {"[a]\n[b]\n[a]\n",
     "3: [a]: a second section of that name, the first is in line 1; make them one"},
    {"[latchkeyd]\n\n[latchkeyd]\n",
     "3: [latchkeyd]: a second section of that name, the first is in line 1; make them one"},
    {"[DEFAULT]\n[DEFAULT]\n",
     "2: [DEFAULT]: a second section of that name, the first is in line 1; make them one"},
    {"[a]\ninterface =\n",
     "2: interface: has no value; give public, internal or admin, or take the line out"},
    {"[a]\ninterface = ; admin\n",
     "2: interface: has no value; give public, internal or admin, or take the line out"},
    {"[a]\nca_file =\n", "2: ca_file: has no value; give an absolute path, or take the line out"},
    {"[a]\nusername = u\napi_key =\n",
     "3: api_key: has no value; give the API key, or take the line out"},
    {"[latchkeyd]\nsocket =\n",
     "2: socket: has no value; give an absolute path of at most 107 bytes, or take the line out"},
    {"[latchkeyd]\n\nsocket_group = no-such-group\n",
     "3: socket_group: wrong value; give the name of a group that there is"},
    {"[latchkeyd]\ndefault =\n",
     "2: default: has no value; give the name of a cloud, or take the line out"},
    {"[a]\nregion = ORD\n  DFW\n",
     "3: region: this indented line would continue its value, which is one line; take the blanks "
     "before it out"},
    {"[a]\nregion ORD\n",
     "2: neither `[section]` nor `key = value`; mend it or put a `#` before it"},
    {"[ a]\n", "1: [ a]: " BAD_NAME},
    {"[a ]\n", "1: [a ]: " BAD_NAME},
    {"[ ]\n", "1: [ ]: " BAD_NAME},
    {"[a\tb]\n", "1: [a\tb]: " BAD_NAME},
    {"[a\"b]\n", "1: [a\"b]: " BAD_NAME},
    {"[a\\b]\n", "1: [a\\b]: " BAD_NAME},
    {"[a/b]\n", "1: [a/b]: " BAD_NAME},
    {"[.]\n", "1: [.]: " BAD_NAME},
    {"[..]\n", "1: [..]: " BAD_NAME},
    {"[ a ]\n", "1: [ a ]: " BAD_NAME},
    {"[" A48 "a]\n", "1: [" A48 "a]: " BAD_NAME},
    {"[Latchkeyd]\n",
     "1: [Latchkeyd]: the daemon's own section is spelled [latchkeyd]; correct it"},
    {"[a]\nusername = u\napi_key = " SECRET "\npassword = " SECRET "\n",
     "4: password: api_key is given too, in line 3; take one of the two out"},
    {"[a]\napi_key = " SECRET "\n", "2: api_key: no username goes with it; add `username = NAME`"},
    {"[DEFAULT]\nusername = u\n[a]\npassword = " SECRET "\n",
     "4: password: no username goes with it; add `username = NAME`"},
    {"[a]\nusername = u\napi_key = k ; " SECRET "\n", "3: api_key: " CUT},
    {"[a]\nidentity_type = keystone\n",
     "2: auth_endpoint: missing, and keystone has none of its own; add `auth_endpoint = URL`"},
    {"[DEFAULT]\nidentity_type = keystone\n[a]\n",
     "2: auth_endpoint: missing, and keystone has none of its own; add `auth_endpoint = URL`"},
    {"[DEFAULT]\nverify_ssl = maybe\n[a]\nverify_ssl = no\n",
     "2: verify_ssl: wrong value; give yes or no"},
    {"[latchkeyd]\ndefault = b\n[a]\n",
     "2: default: no cloud of that name; write a section for it or give another"},
    {"[latchkeyd]\ndefault = DEFAULT\n[DEFAULT]\n",
     "2: default: no cloud of that name; write a section for it or give another"},
    {"[latchkeyd]\ndefault = a\n[a]\n[default]\n",
     "2: default: names one cloud while another is called `default`; rename that one or take this "
     "line out"},
};

static void assert_refused(const char *path, int expected, const char *sentence)
{
    struct config *c = NULL;
    char *error = NULL, *wanted;

    ck_assert_int_ge(asprintf(&wanted, "%s:%s", path, sentence), 0);
    ck_assert_int_eq(config_load(path, &c, &error), expected);
    ck_assert_str_eq(error, wanted);
    ck_assert_ptr_null(strstr(error, SECRET));
    ck_assert_ptr_null(c);
    free(wanted);
    free(error);
}

START_TEST(test_bad)
{
    char *path = scratch_write("a.conf", bad[_i].text, 0600);

    assert_refused(path, -EBADMSG, bad[_i].error);
    free(path);
}
END_TEST

START_TEST(test_unreadable)
{
    char *missing = scratch_path("missing.conf");
    char *folder = scratch_mkdir("folder");
    char *locked = scratch_write("locked.conf", "[a]\n", 0000);

    assert_refused(missing, -ENOENT,
                   " cannot be read: No such file or directory; create it or correct its path");
    assert_refused(folder, -EISDIR, " cannot be read: Is a directory; name a file in it");
    if (geteuid() == 0)
        ck_assert_int_eq(seteuid(65534), 0);
    assert_refused(locked, -EACCES,
                   " cannot be read: Permission denied; let the daemon's user read it");
    if (getuid() == 0)
        ck_assert_int_eq(seteuid(0), 0);
    free(missing);
    free(folder);
    free(locked);
}
END_TEST

/* The longest name that a cloud can have, and the longest path that a socket can. */
START_TEST(test_longest)
{
    char text[256], *path;
    struct config *c = load("[" A48 "]\n");

    ck_assert_str_eq(c->clouds[0].name, A48);
    config_free(c);

    (void)snprintf(text, sizeof(text), "[latchkeyd]\nsocket = /%0106d\n", 0);
    c = load(text);
    ck_assert_uint_eq(strlen(c->socket), 107);
    config_free(c);
    (void)snprintf(text, sizeof(text), "[latchkeyd]\nsocket = /%0107d\n", 0);
    path = scratch_write("a.conf", text, 0600);
    assert_refused(path, -EBADMSG,
                   "2: socket: wrong value; give an absolute path of at most 107 bytes");
    free(path);
}
END_TEST

START_TEST(test_home)
{
    struct config *c;
    char *path;

    ck_assert_int_eq(setenv("HOME", "/home/joe", 1), 0);
    c = load("[latchkeyd]\nsocket = ~/s\n[a]\ncredential_file = ~/c/d\nca_file = ~/e\n");
    ck_assert_str_eq(c->socket, "/home/joe/s");
    ck_assert_str_eq(c->clouds[0].credential_file, "/home/joe/c/d");
    ck_assert_str_eq(c->clouds[0].ca_file, "/home/joe/e");
    config_free(c);

    ck_assert_int_eq(unsetenv("HOME"), 0);
    path = scratch_write("a.conf", "[a]\ncredential_file = ~/c\n", 0600);
    assert_refused(path, -EBADMSG,
                   "2: credential_file: wrong value; give a path, with ~/ only where $HOME is set");
    free(path);
}
END_TEST

Suite *make_suite(void)
{
    Suite *suite = suite_create("config refusals");
    TCase *tc = tcase_create("config refusals");

    tcase_add_checked_fixture(tc, scratch_setup, scratch_teardown);
    tcase_add_loop_test(tc, test_durations, 0, ARRAY_SIZE(durations));
    tcase_add_loop_test(tc, test_values, 0, ARRAY_SIZE(values));
    tcase_add_loop_test(tc, test_bad, 0, ARRAY_SIZE(bad));
    tcase_add_test(tc, test_unreadable);
    tcase_add_test(tc, test_longest);
    tcase_add_test(tc, test_home);
    suite_add_tcase(suite, tc);
    return suite;
}
