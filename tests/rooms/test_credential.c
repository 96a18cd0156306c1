/* SPDX-License-Identifier: MIT */
/*
 * Credential files: what makes a credential, what is refused and with which sentence, who is warned
 * of others that can read it, and that nothing of the key stays in memory behind it.
 */
#include "credential.h"
#include "scratch.h"
#include "suite.h"

#include <errno.h>
#include <inttypes.h>

#define SECRET "s3cr3t"

static void assert_text(const char *got, const char *wanted)
{
    if (wanted) {
        ck_assert_ptr_nonnull(got);
        ck_assert_str_eq(got, wanted);
    } else {
        ck_assert_ptr_null(got);
    }
}

static const struct {
    const char *text;
    enum credential_field kind;
    const char *username, *key, *tenant_id, *tenant_name;
} good[] = {
    {"[rackspace_cloud]\nusername = myusername\napi_key = 01234567890abcdef\n", CREDENTIAL_API_KEY,
     "myusername", "01234567890abcdef", NULL, NULL},
    {"[keystone]\nusername = u\npassword = p\ntenant_id = t\n", CREDENTIAL_PASSWORD, "u", "p", "t",
     NULL},
    {"[anything else]\ntenant_name: n\npassword: p\nusername: u\ntenant_id: t", CREDENTIAL_PASSWORD,
     "u", "p", "t", "n"},
    {"\xef\xbb\xbf; mine\r\n[rackspace_cloud]\r\nUserName = u\r\nAPI_Key = k\r\n",
     CREDENTIAL_API_KEY, "u", "k", NULL, NULL},
    {"[a]\nusername = 100%\npassword = %(username)s%%#;=:[x] \"y\" 'z'\n", CREDENTIAL_PASSWORD,
     "100%", "%(username)s%%#;=:[x] \"y\" 'z'", NULL, NULL},
    {"[a]\nusername = u ; the user\npassword = =k=\n", CREDENTIAL_PASSWORD, "u", "=k=", NULL, NULL},
    {"[a]\nusername = u\npassword = two  words\n", CREDENTIAL_PASSWORD, "u", "two  words", NULL,
     NULL},
};

START_TEST(test_good)
{
    char *path = scratch_write("credential", good[_i].text, 0600);
    char *warning = path, *error = NULL;
    struct credential *c;

    ck_assert_int_eq(credential_read(path, &c, &warning, &error), 0);
    ck_assert_ptr_null(warning);
    ck_assert_ptr_null(error);
    ck_assert_int_eq(credential_key(c), good[_i].kind);
    assert_text(c->fields[CREDENTIAL_USERNAME], good[_i].username);
    assert_text(c->fields[good[_i].kind], good[_i].key);
    assert_text(c->fields[CREDENTIAL_TENANT_ID], good[_i].tenant_id);
    assert_text(c->fields[CREDENTIAL_TENANT_NAME], good[_i].tenant_name);
    credential_free(c);
    free(path);
}
END_TEST

#define UNKNOWN                                                                        \
    "unknown key; a credential file has username, api_key or password, tenant_id and " \
    "tenant_name, and those that latchkeyd.conf(5) lists for Keystone"
#define NOTHING                                                                               \
    " holds no credential; write `[rackspace_cloud]`, `username = NAME` and `api_key = KEY` " \
    "into it"
#define CUT                                                                            \
    "` ;` begins a comment; put it on a line of its own, or use `latchkey login` for " \
    "a key that holds ` ;`"

static const struct {
    const char *text;
    const char *error; /* without `FILE:` */
} bad[] = {
    {"", NOTHING},
    {"# username = u\n", NOTHING},
    {"username = u\napi_key = " SECRET "\n",
     "1: username: stands before the first section; write `[name]` above it"},
    {"[a]\n", "1: username: missing; add `username = NAME`"},
    {"\n\n[a]\napi_key = " SECRET "\n", "3: username: missing; add `username = NAME`"},
    {"[a]\nusername = " SECRET "\n",
     "1: api_key: missing; add `api_key = KEY` or `password = PASSWORD`"},
    {"[a]\nusername =\napi_key = " SECRET "\n",
     "2: username: has no value; write one behind the `=`"},
    {"[a]\nusername = " SECRET "\napi_key =\n",
     "3: api_key: has no value; write one behind the `=`"},
    {"[a]\nusername = " SECRET "\npassword = ; " SECRET "\n",
     "3: password: has no value; write one behind the `=`"},
    {"[a]\nusername = u\ntenant_id =\n", "3: tenant_id: has no value; write one behind the `=`"},
    {"[a]\nusername = u\napi_key = " SECRET "\npassword = " SECRET "\n",
     "4: password: api_key is given too, in line 3; take one of the two out"},
    {"[a]\napi_key = " SECRET "\n\napi_key = " SECRET "\n",
     "4: api_key: given twice, first in line 2; take one out"},
    {"[a]\nusername = u\nUSERNAME = u\n",
     "3: username: given twice, first in line 2; take one out"},
    {"[a]\nusername = u\napikey = " SECRET "\n", "3: apikey: " UNKNOWN},
    {"[keystone]\nauth_endpoint = http://" SECRET "/\n", "2: auth_endpoint: " UNKNOWN},
    {"[a]\nusername = u\napi_key = k\n[b]\nusername = v\n",
     "4: a second section, the first is in line 1; a credential file holds one, so give each its "
     "own file"},
    {"[a]\nusername = u\napi_key = " SECRET " ; " SECRET "\n", "3: api_key: " CUT},
    {"[a]\npassword = " SECRET "\t;" SECRET "\n", "2: password: " CUT},
    {"[a]\nusername = u\napi_key = k\n  " SECRET "\n",
     "4: api_key: this indented line would continue its value, which is one line; take the blanks "
     "before it out"},
    {"[a]\n" SECRET "\n",
     "2: neither `[section]` nor `key = value`; mend it or put a `#` before it"},
    {"[a]\napi_key = " SECRET "\xff\n",
     "2: api_key: the value is not UTF-8; save the file as UTF-8"},
};

static void assert_refused(const char *path, int expected, const char *sentence)
{
    struct credential *c = NULL;
    char *warning = NULL, *error = NULL, *wanted;

    ck_assert_int_ge(asprintf(&wanted, "%s:%s", path, sentence), 0);
    ck_assert_int_eq(credential_read(path, &c, &warning, &error), expected);
    ck_assert_str_eq(error, wanted);
    ck_assert_ptr_null(strstr(error, SECRET));
    ck_assert_ptr_null(warning);
    ck_assert_ptr_null(c);
    free(wanted);
    free(error);
}

START_TEST(test_bad)
{
    char *path = scratch_write("credential", bad[_i].text, 0644);

    assert_refused(path, -EBADMSG, bad[_i].error);
    free(path);
}
END_TEST

START_TEST(test_unreadable)
{
    char *missing = scratch_path("missing");
    char *folder = scratch_mkdir("folder");
    char *locked = scratch_write("locked", "[a]\nusername = u\napi_key = k\n", 0000);

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

static const struct {
    mode_t mode;
    bool warns;
} modes[] = {
    {0600, false}, {0400, false}, {0700, false}, {0622, false},
    {0640, true},  {0604, true},  {0444, true},  {0644, true},
};

static void assert_warning(const char *path, bool warns)
{
    struct credential *c;
    char *warning, *error, *wanted;

    ck_assert_int_eq(credential_read(path, &c, &warning, &error), 0);
    ck_assert_int_ge(
        asprintf(&wanted, "%s: others than its owner can read the key in it; run `chmod 600 %s`",
                 path, path),
        0);
    assert_text(warning, warns ? wanted : NULL);
    credential_free(c);
    free(warning);
    free(wanted);
}

START_TEST(test_modes)
{
    char *path = scratch_write("credential", "[a]\nusername = u\napi_key = k\n", modes[_i].mode);

    assert_warning(path, modes[_i].warns);
    free(path);
}
END_TEST

/* Mode 600 alone would shut out a daemon that is not the file's owner. */
START_TEST(test_somebody_elses)
{
    char *path = scratch_write("credential", "[a]\nusername = u\napi_key = k\n", 0644);
    const struct {
        uid_t uid;
        const char *name;
    } users[] = {{65534, "nobody"}, {4711, "4711"}};

    for (size_t i = 0; getuid() == 0 && i < ARRAY_SIZE(users); i++) {
        char *warning, *error, *wanted;
        struct credential *c;
        int r;

        ck_assert_int_eq(seteuid(users[i].uid), 0);
        r = credential_read(path, &c, &warning, &error);
        ck_assert_int_eq(seteuid(0), 0);
        ck_assert_int_eq(r, 0);
        ck_assert_int_ge(asprintf(&wanted,
                                  "%s: others than its owner can read the key in it; run `chown %s "
                                  "%s && chmod 600 %s`",
                                  path, users[i].name, path, path),
                         0);
        assert_text(warning, wanted);
        credential_free(c);
        free(warning);
        free(wanted);
    }
    free(path);
}
END_TEST

/* systemd makes its copies 0440: no warning there, but everywhere else, be it by a roundabout
 * path or in a folder whose name only begins like that one's. */
START_TEST(test_systemd)
{
    static const char text[] = "[a]\nusername = u\napi_key = k\n";
    char *folder = scratch_mkdir("credentials");
    char *twin = scratch_mkdir("credentials2");
    char *inside = scratch_write("credentials/a", text, 0440);
    char *beside = scratch_write("credentials2/a", text, 0440);
    char *roundabout = scratch_path("credentials/../credentials2/a");
    char *link = scratch_path("link");

    ck_assert_int_eq(symlink(inside, link), 0);
    assert_warning(inside, true);
    ck_assert_int_eq(setenv("CREDENTIALS_DIRECTORY", folder, 1), 0);
    assert_warning(inside, false);
    assert_warning(link, false);
    assert_warning(beside, true);
    assert_warning(roundabout, true);
    ck_assert_int_eq(setenv("CREDENTIALS_DIRECTORY", "", 1), 0);
    assert_warning(inside, true);
    free(folder);
    free(twin);
    free(inside);
    free(beside);
    free(roundabout);
    free(link);
}
END_TEST

#define KEY_LENGTH 40
#define MASK 0x5a

/* The key itself stands nowhere in this program: only its mask of it does. */
static unsigned char masked(size_t i)
{
    return (unsigned char)(('A' + i % 26) ^ MASK);
}

/* Whether the key's second half stands there: free() itself writes over the beginning. */
static bool is_key(const volatile unsigned char *p)
{
    for (size_t i = KEY_LENGTH / 2; i < KEY_LENGTH; i++)
        if ((p[i] ^ MASK) != masked(i))
            return false;
    return true;
}

/* How often the key stands in what this process can write to. Nothing may be allocated before it
 * was counted, not by an assertion either: it would write over what was freed. */
static unsigned count_in_memory(void)
{
    static char maps[65536];
    int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    size_t length = 0;
    unsigned count = 0;
    ssize_t n;

    if (fd < 0)
        abort();
    while ((n = read(fd, maps + length, sizeof(maps) - 1 - length)) > 0)
        length += (size_t)n;
    if (length == 0 || length == sizeof(maps) - 1)
        abort();
    maps[length] = '\0';
    close(fd);

    for (char *line = strtok(maps, "\n"); line; line = strtok(NULL, "\n")) {
        uintptr_t start, end;
        char mode[5];

        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s", &start, &end, mode) != 3)
            abort();
        if (strncmp(mode, "rw", 2) != 0 || strstr(line, "/dev/"))
            continue;
        for (uintptr_t p = start; p + KEY_LENGTH <= end; p++)
            if (is_key((const volatile unsigned char *)p))
                count++;
    }
    return count;
}

static char *write_key(const char *head, const char *tail)
{
    char text[256];
    size_t head_length = strlen(head), tail_length = strlen(tail);
    char *path;

    memcpy(text, head, head_length);
    for (size_t i = 0; i < KEY_LENGTH; i++)
        text[head_length + i] = (char)(masked(i) ^ MASK);
    memcpy(text + head_length + KEY_LENGTH, tail, tail_length);
    path = scratch_write_bytes("credential", text, head_length + KEY_LENGTH + tail_length, 0600);
    explicit_bzero(text, sizeof(text));
    return path;
}

/* AddressSanitizer and valgrind keep copies of their own of what was written. */
extern void __asan_init(void) __attribute__((weak));

static bool memory_is_plain(void)
{
    const char *preloaded = getenv("LD_PRELOAD");

    return !__asan_init && !(preloaded && strstr(preloaded, "valgrind"));
}

/* Held once while there is a credential, and not at all after it, nor after a refusal. */
START_TEST(test_wiped)
{
    static const char *const refused[][2] = {
        {"[a]\npassword = x\napi_key = ", "\nusername = u\n"},
        {"[a]\nusername = u\napi_key = ", " ; k\n"},
        {"[a]\nusername = u\n", "\n"},
        {"[a]\nusername = u\napikey = ", "\n"},
        {"[a]\nusername = u\napi_key = ", "\nwords"},
        {"[a]\nusername = u\napi_key = ", "\n[b]\n"},
    };
    char *path = write_key("[a]\nusername = u\napi_key = ", "\ntenant_id = t\n");
    unsigned before, held, after;
    char *warning, *error;
    struct credential *c;
    int r;

    before = count_in_memory();
    r = credential_read(path, &c, &warning, &error);
    held = count_in_memory();
    ck_assert_int_eq(r, 0);
    credential_free(c);
    after = count_in_memory();
    ck_assert_uint_eq(before, 0);
    ck_assert_uint_eq(held, 1);
    ck_assert_uint_eq(after, 0);
    free(path);

    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        path = write_key(refused[i][0], refused[i][1]);
        r = credential_read(path, &c, &warning, &error);
        after = count_in_memory();
        ck_assert_int_eq(r, -EBADMSG);
        ck_assert_msg(after == 0, "row %zu", i);
        free(error);
        free(path);
    }
}
END_TEST

Suite *make_suite(void)
{
    Suite *suite = suite_create("credential");
    TCase *tc = tcase_create("credential");

    tcase_add_checked_fixture(tc, scratch_setup, scratch_teardown);
    tcase_add_loop_test(tc, test_good, 0, ARRAY_SIZE(good));
    tcase_add_loop_test(tc, test_bad, 0, ARRAY_SIZE(bad));
    tcase_add_test(tc, test_unreadable);
    tcase_add_loop_test(tc, test_modes, 0, ARRAY_SIZE(modes));
    tcase_add_test(tc, test_somebody_elses);
    tcase_add_test(tc, test_systemd);
    if (memory_is_plain())
        tcase_add_test(tc, test_wiped);
    suite_add_tcase(suite, tc);
    return suite;
}
