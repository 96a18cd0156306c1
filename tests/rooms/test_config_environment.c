/* SPDX-License-Identifier: MIT */
/* The cloud that an openrc file puts into the environment, and that nothing of it stays there. */
#include "show_cloud.h"
#include "suite.h"

#include <errno.h>

#define KEYSTONE "envvars: identity_type=keystone auth_endpoint=http://k/v3 username=u"

/* An environment of its own: what the program was given is wiped in place. */
#define VARIABLES_MOST 16
static char *variables[VARIABLES_MOST]; /* what is left of them */
static char *given[VARIABLES_MOST];     /* and all that there were */

static void give(const char *const *wanted)
{
    size_t n = 0;

    for (; wanted[n]; n++)
        ck_assert_ptr_nonnull(variables[n] = given[n] = strdup(wanted[n]));
    variables[n] = given[n] = NULL;
    environ = variables;
}

static void take_back(void)
{
    static char *nothing[1];

    environ = nothing;
    for (size_t i = 0; given[i]; i++)
        free(given[i]);
}

static const struct {
    const char *variables[10];
    const char *shown, *warnings;
} good[] = {
    {{"OS_AUTH_URL=http://k/v3", "OS_USERNAME=u", "OS_PASSWORD=hush", "PATH=/bin"},
     KEYSTONE " password=hush",
     ""},
    {{"OS_AUTH_URL=http://k/v3", "OS_USERNAME=u", "OS_PASSWORD=hush", "OS_PROJECT_NAME=p",
      "OS_USER_DOMAIN_NAME=d", "OS_PROJECT_DOMAIN_ID=e", "OS_REGION_NAME=R",
      "OS_INTERFACE=internal", "OS_IDENTITY_API_VERSION=3"},
     KEYSTONE " user_domain_name=d password=hush tenant_name=p project_domain_id=e "
              "identity_api_version=v3 region=R interface=internal",
     ""},
    {{"OS_AUTH_URL=http://k/v3", "OS_USERNAME=u", "OS_PASSWORD=hush", "OS_TENANT_ID=t",
      "OS_ENDPOINT_TYPE=adminURL", "OS_CACERT=/a", "OS_INSECURE=true", "OS_REGION_NAME="},
     KEYSTONE " password=hush tenant_id=t interface=admin ca_file=/a verify_ssl=no",
     ""},
    {{"OS_AUTH_TYPE=v3applicationcredential", "OS_AUTH_URL=http://k/v3",
      "OS_APPLICATION_CREDENTIAL_ID=i", "OS_APPLICATION_CREDENTIAL_SECRET=hush",
      "OS_CLOUD_NAME=mine"},
     "mine: identity_type=keystone auth_endpoint=http://k/v3 application_credential_id=i "
     "application_credential_secret=hush identity_api_version=v3",
     ""},
    {{"OS_AUTH_URL=http://k/v3", "OS_USERNAME=u", "OS_PASSWORD=hush=hush", "OS_FOO=hush",
      "OS_VOLUME_API_VERSION=3", "OS_TEST_PATH=hush"},
     KEYSTONE " password=hush=hush",
     "environment: cloud envvars: OS_FOO: has no effect: latchkeyd does not know this key\n"
     "environment: cloud envvars: OS_VOLUME_API_VERSION: has no effect: it is for programs that "
     "call the services themselves\n"},
    {{"ST_AUTH=http://k/v1", "ST_USER=u", "ST_KEY=hush", "PATH=/bin"},
     "envvars: identity_type=swift auth_endpoint=http://k/v1 username=u password=hush",
     ""},
    {{"OS_AUTH_URL=http://k/v3", "OS_USERNAME=u", "OS_PASSWORD=hush", "ST_AUTH=http://k/v1",
      "ST_KEY=hush", "OS_COMPUTE_ENDPOINT_OVERRIDE=http://c"},
     KEYSTONE " password=hush compute=http://c",
     ""},
};

/* Of the texts that the process was given; their memory is still there. */
static void demand_wiped(void)
{
    for (size_t i = 0; environ[i]; i++)
        ck_assert_str_eq(environ[i], "PATH=/bin");
}

START_TEST(test_good)
{
    struct config *c = NULL;
    char *error = NULL;
    int r;

    give(good[_i].variables);
    r = config_from_environment(&c, &error);
    ck_assert_msg(r == 0, "%s", error ? error : strerror(-r));
    ck_assert_uint_eq(c->n_clouds, 1);
    ck_assert_str_eq(c->default_cloud, c->clouds[0].name);
    assert_cloud(c, 0, good[_i].shown);
    assert_warnings(c, good[_i].warnings);
    demand_wiped();
    for (size_t i = 0; given[i]; i++)
        ck_assert_ptr_null(strstr(given[i], "hush"));
    take_back();
    config_free(c);
}
END_TEST

static const struct {
    const char *variables[6];
    const char *sentence;
} bad[] = {
    {{"PATH=/bin"}, "OS_AUTH_URL: not set; read the openrc file into the environment first"},
    {{"OS_USERNAME=u", "OS_PASSWORD=hush", "OS_AUTH_URL="},
     "OS_AUTH_URL: not set; read the openrc file into the environment first"},
    {{"OS_AUTH_URL=http://k/v3", "OS_USERNAME=u"},
     "OS_PASSWORD: not set; read the openrc file into the environment first"},
    {{"OS_AUTH_URL=http://k/v3", "OS_PASSWORD=hush"},
     "OS_USERNAME: not set; read the openrc file into the environment first"},
    {{"OS_AUTH_URL=hush", "OS_USERNAME=u", "OS_PASSWORD=hush"},
     "OS_AUTH_URL: wrong value; give an http:// or https:// URL with a host, without user, query "
     "or fragment"},
    {{"OS_AUTH_URL=http://k/v3", "OS_USERNAME=u", "OS_PASSWORD=hush", "OS_CACERT=x"},
     "OS_CACERT: wrong value; give an absolute path"},
    {{"OS_CLOUD=c"},
     "OS_CLOUD: names a cloud of clouds.yaml; leave --from-env out to serve that file, or unset "
     "OS_CLOUD"},
    {{"OS_AUTH_URL=http://k/v3", "OS_AUTH_TYPE=hush", "OS_PASSWORD=hush"},
     "OS_AUTH_TYPE: latchkeyd does not know this one; give one of password, v3password, "
     "v3applicationcredential, v2password, v1password, rackspace_apikey, rackspace_password, "
     "none"},
};

START_TEST(test_bad)
{
    struct config *c = NULL;
    char *error = NULL;

    give(bad[_i].variables);
    ck_assert_int_eq(config_from_environment(&c, &error), -EBADMSG);
    ck_assert_int_eq(strncmp(error, "environment: ", 13), 0);
    ck_assert_str_eq(error + 13, bad[_i].sentence);
    demand_wiped();
    take_back();
    free(error);
}
END_TEST

Suite *make_suite(void)
{
    Suite *suite = suite_create("config_environment");
    TCase *tcase = tcase_create("config_environment");

    tcase_add_loop_test(tcase, test_good, 0, (int)(sizeof(good) / sizeof(good[0])));
    tcase_add_loop_test(tcase, test_bad, 0, (int)(sizeof(bad) / sizeof(bad[0])));
    suite_add_tcase(suite, tcase);
    return suite;
}
