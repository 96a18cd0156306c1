/* SPDX-License-Identifier: MIT */
/* What is wrong in a clouds.yaml: each sentence is compared in full, so that file, line and key are
 * known to be right and no value is in it. */
#include "load_config.h"
#include "suite.h"

#include <errno.h>

#define AUTH "auth_url: http://k/v3, username: u, password: SECRET"
#define TYPES                                                                                 \
    "latchkeyd does not know this one; give one of password, v3password, "                    \
    "v3applicationcredential, v2password, v1password, rackspace_apikey, rackspace_password, " \
    "none"

/* Writes both, loads them, and gives the sentence without the folder. */
static char *refuse(const char *ini, const char *yaml, int expected)
{
    char *config = scratch_write("a.conf", ini, 0600), *path = scratch_write("c.yaml", yaml, 0600);
    struct config *c = NULL;
    char *error = NULL, *bare;

    ck_assert_int_eq(setenv("OS_CLIENT_CONFIG_FILE", path, 1), 0);
    ck_assert_int_eq(config_load(config, &c, &error), expected);
    ck_assert_ptr_null(c);
    ck_assert_ptr_nonnull(error);
    ck_assert_ptr_null(strstr(error, "SECRET"));
    ck_assert_int_eq(strncmp(error, scratch, strlen(scratch)), 0);
    bare = strdup(error + strlen(scratch) + 1);
    free(error);
    free(path);
    free(config);
    return bare;
}

static const struct {
    const char *yaml, *sentence;
} bad[] = {
    {"clouds: [\n", "c.yaml:2: not YAML: did not find expected node content; mend it"},
    {"- a\n", "c.yaml:1: no mapping; write `clouds:` and the clouds below it"},
    {"SECRET", "c.yaml:1: no mapping; write `clouds:` and the clouds below it"},
    {"clouds: [a]\n", "c.yaml:1: clouds: no mapping; write the clouds' names below it"},
    {"clouds:\n  c: SECRET\n", "c.yaml:2: c: no mapping; write keys such as `auth:` below it"},
    {"clouds:\n  c:\n", "c.yaml:2: c: no mapping; write keys such as `auth:` below it"},
    {"clouds:\n  c: {auth: {" AUTH "}}\n  c: {}\n",
     "c.yaml:3: a key given twice in one mapping, first in line 2; take one out"},
    {"clouds:\n  a/b: {auth: {" AUTH "}}\n",
     "c.yaml:2: a/b: not a name for a cloud; give 1 to 48 letters, digits, dots, underscores, "
     "hyphens and blanks between them, and none of latchkeyd, DEFAULT and allow"},
    {"clouds:\n  DEFAULT: {auth: {" AUTH "}}\n",
     "c.yaml:2: DEFAULT: not a name for a cloud; give 1 to 48 letters, digits, dots, underscores, "
     "hyphens and blanks between them, and none of latchkeyd, DEFAULT and allow"},
    {"clouds:\n  latchkeyd: {auth: {" AUTH "}}\n",
     "c.yaml:2: latchkeyd: not a name for a cloud; give 1 to 48 letters, digits, dots, "
     "underscores, hyphens and blanks between them, and none of latchkeyd, DEFAULT and allow"},
    {"clouds:\n  i: {auth: {" AUTH "}}\n",
     "c.yaml:2: [i]: a cloud of that name is in %s/a.conf, line 2, too; rename one of them"},

    {"clouds:\n c:\n  auth: SECRET\n",
     "c.yaml:3: auth: no mapping; write keys such as `auth_url: URL` below it"},
    {"clouds:\n c:\n  auth: {" AUTH ", password: x}\n",
     "c.yaml:3: a key given twice in one mapping, first in line 3; take one out"},
    {"clouds:\n c:\n  auth:\n   project-id: 1\n   project_id: 2\n   " AUTH,
     "c.yaml:6: not YAML: mapping values are not allowed in this context; mend it"},
    {"clouds:\n c:\n  auth:\n   project-id: 1\n   project_id: 2\n",
     "c.yaml:5: project_id: given twice, first in line 4; take one out"},
    {"clouds:\n c:\n  auth: {" AUTH ", project_id: [SECRET]}\n",
     "c.yaml:3: project_id: a list or a mapping; give one value"},
    {"clouds:\n c:\n  auth:\n   auth_url: http://k/v3\n   username: |\n    SECRET\n    b\n",
     "c.yaml:5: username: a control character or a line end stands in the value; take it out"},
    {"clouds:\n c:\n  auth: {" AUTH "}\n  auth_type: v3token\n", "c.yaml:4: auth_type: " TYPES},
    {"clouds:\n c:\n  auth: {" AUTH "}\n  auth_plugin: SECRET\n", "c.yaml:4: auth_plugin: " TYPES},
    {"clouds:\n c:\n  auth: {username: u, password: SECRET}\n",
     "c.yaml:2: c: auth_url is missing; add it below `auth:`"},
    {"clouds:\n c:\n  auth: {auth_url: http://k, password: SECRET}\n",
     "c.yaml:2: c: username is missing; add it below `auth:`"},
    {"clouds:\n c:\n  auth: {auth_url: http://k, application_credential_secret: SECRET}\n",
     "c.yaml:2: c: application_credential_id is missing; add it below `auth:`"},
    {"clouds:\n c:\n  auth:\n   {auth_url: http://k, username: u, password: SECRET,\n"
     "   application_credential_id: i, application_credential_secret: SECRET}\n",
     "c.yaml:5: application_credential_secret: password is given too, in line 4; take one of the "
     "two out"},
    {"clouds:\n c:\n  auth: {auth_url: 'http://{region_name}.k', username: u}\n",
     "c.yaml:3: auth_url: nothing is filled in for `{…}`; write the URL out"},
    {"clouds:\n c:\n  auth: {auth_url: SECRET, username: u}\n",
     "c.yaml:3: auth_url: wrong value; give an http:// or https:// URL with a host, without user, "
     "query or fragment"},

    {"clouds:\n c:\n  auth: {" AUTH "}\n  image_endpoint_override: http://a\n"
     "  glance-endpoint-override: http://a\n",
     "c.yaml:5: glance-endpoint-override: given twice, first in line 4; take one out"},
    {"clouds:\n c:\n  auth: {" AUTH "}\n  image_endpoint_override: SECRET\n",
     "c.yaml:4: image_endpoint_override: wrong value; give an http:// or https:// URL with a host, "
     "without user, query or fragment, in which %(project_id)s, %(user_id)s and {region_name} may "
     "stand"},
    {"clouds:\n c:\n  auth_type: none\n",
     "c.yaml:3: endpoint: missing, and without an identity service there is no catalog; add "
     "`endpoint = URL`, or `SERVICE_endpoint_override = URL` for each service"},

    {"clouds:\n c:\n  auth: {" AUTH "}\n  cacert: SECRET.pem\n",
     "c.yaml:4: cacert: wrong value; give an absolute path"},
    {"clouds:\n c:\n  auth: {" AUTH "}\n  cert: c.pem\n",
     "c.yaml:4: cert: wrong value; give an absolute path"},
    {"clouds:\n c:\n  auth: {" AUTH "}\n  verify: SECRET\n",
     "c.yaml:4: verify: wrong value; give yes or no"},
    {"clouds:\n c:\n  auth: {" AUTH "}\n  insecure: SECRET\n",
     "c.yaml:4: insecure: wrong value; give yes or no"},
    {"clouds:\n c:\n  auth: {" AUTH "}\n  interface: [public]\n",
     "c.yaml:4: interface: a list or a mapping; give one value"},
    {"clouds:\n c:\n  auth: {" AUTH "}\n  endpoint_type: SECRET\n",
     "c.yaml:4: endpoint_type: wrong value; give public, internal or admin"},
    {"clouds:\n c:\n  auth: {" AUTH "}\n  api_timeout: 1.5\n",
     "c.yaml:4: api_timeout: wrong value; give a whole number of seconds from 1 to 86400"},

    {"clouds:\n c:\n  auth: {" AUTH "}\n  regions: [A, {name: B}]\n  region_name: C\n",
     "c.yaml:5: region_name: not one of the cloud's regions, which are A, B; give one of them"},
    {"clouds:\n c:\n  auth: {" AUTH "}\n  regions: {A: B}\n",
     "c.yaml:4: regions: no list; give the regions with a `-` before each"},
    {"clouds:\n c:\n  auth: {" AUTH "}\n  regions: SECRET\n",
     "c.yaml:4: regions: no list; give the regions with a `-` before each"},
    {"clouds:\n c:\n  auth: {" AUTH "}\n  regions: [{name: A, value: {}}]\n",
     "c.yaml:4: regions: no region; give a name, or a mapping of `name` and `values`"},
    {"clouds:\n c:\n  auth: {" AUTH "}\n  regions: [{values: {}}]\n",
     "c.yaml:4: regions: no region; give a name, or a mapping of `name` and `values`"},
    {"clouds:\n c:\n  auth: {" AUTH "}\n  regions: [[A]]\n",
     "c.yaml:4: regions: no region; give a name, or a mapping of `name` and `values`"},
};

START_TEST(test_bad)
{
    char *error = refuse("\n[i]\n", bad[_i].yaml, -EBADMSG), *wanted = strdup(bad[_i].sentence);
    const char *place = strstr(bad[_i].sentence, "%s/");

    if (place) {
        free(wanted);
        ck_assert_int_ge(asprintf(&wanted, "%.*s%s%s", (int)(place - bad[_i].sentence),
                                  bad[_i].sentence, scratch, place + 2),
                         0);
    }
    ck_assert_str_eq(error, wanted);
    free(wanted);
    free(error);
}
END_TEST

START_TEST(test_secure_is_named)
{
    char *path = scratch_write("s.yaml", "clouds:\n  c: {auth: {password: [SECRET]}}\n", 0600);
    char *error;

    ck_assert_int_eq(setenv("OS_CLIENT_SECURE_FILE", path, 1), 0);
    error = refuse("[i]\n", "clouds: {c: {auth: {auth_url: http://k, username: u}}}\n", -EBADMSG);
    ck_assert_str_eq(error, "s.yaml:2: password: a list or a mapping; give one value");
    free(error);
    free(path);
}
END_TEST

START_TEST(test_named_file)
{
    char *error = refuse("[latchkeyd]\nclouds_yaml = c.yaml\n", "", -EBADMSG), *ini;

    ck_assert_str_eq(error, "a.conf:2: clouds_yaml: wrong value; give an absolute path, or no");
    free(error);
    ck_assert_int_ge(asprintf(&ini, "[latchkeyd]\nclouds_yaml = %s/nowhere\n", scratch), 0);
    error = refuse(ini, "", -ENOENT);
    ck_assert_str_eq(error, "nowhere: cannot be read: No such file or directory; create it or "
                            "correct its path");
    free(error);
    free(ini);
}
END_TEST

/* It is there, so that its clouds are missed. */
START_TEST(test_unreadable)
{
    char *error;

    free(scratch_mkdir(".config"));
    free(scratch_mkdir(".config/openstack"));
    free(scratch_mkdir(".config/openstack/secure.yaml"));
    error = refuse("[i]\n", "", -EISDIR);
    ck_assert_str_eq(error, ".config/openstack/secure.yaml: cannot be read: Is a directory; name "
                            "a file in it");
    free(error);
}
END_TEST

Suite *make_suite(void)
{
    Suite *suite = suite_create("config_yaml refusals");
    TCase *tcase = tcase_create("config_yaml refusals");

    tcase_add_checked_fixture(tcase, scratch_setup, scratch_teardown);
    tcase_add_loop_test(tcase, test_bad, 0, (int)(sizeof(bad) / sizeof(bad[0])));
    tcase_add_test(tcase, test_secure_is_named);
    tcase_add_test(tcase, test_named_file);
    tcase_add_test(tcase, test_unreadable);
    suite_add_tcase(suite, tcase);
    return suite;
}
