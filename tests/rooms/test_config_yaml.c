/* SPDX-License-Identifier: MIT */
/*
 * What the clouds of a clouds.yaml become: each key and its spellings, the layers that a cloud is made
 * of, where the files are looked for, and what is warned of.
 */
#include "show_cloud.h"
#include "suite.h"

#include <errno.h>

#define AUTH "auth_url: http://k/v3, username: u, password: p"
#define U "auth_endpoint=http://k/v3 username=u"
#define KEYSTONE "c: identity_type=keystone " U
#define NO_USE ": has no effect: it is for programs that call the services themselves\n"
#define UNKNOWN ": has no effect: latchkeyd does not know this key\n"

static struct config *load_none(void)
{
    struct config *c = NULL;
    char *error = NULL;
    int r = config_load(NULL, &c, &error);

    ck_assert_msg(r == 0, "%s", error ? error : strerror(-r));
    ck_assert_ptr_null(error);
    return c;
}

static void write_file(const char *name, const char *text)
{
    free(scratch_write(name, text, 0600));
}

static struct config *load_yaml(const char *text)
{
    char *path = scratch_write("c.yaml", text, 0600);
    struct config *c;

    ck_assert_int_eq(setenv("OS_CLIENT_CONFIG_FILE", path, 1), 0);
    c = load_none();
    free(path);
    return c;
}

/* ---- keys */

static const struct {
    const char *cloud; /* a flow mapping */
    const char *shown;
    const char *warnings;
} clouds[] = {
    {"{auth: {" AUTH "}}", KEYSTONE " password=p", ""},
    {"{auth_type: password, auth: {" AUTH "}}", KEYSTONE " password=p", ""},
    {"{auth_type: v3password, auth: {" AUTH "}}", KEYSTONE " password=p identity_api_version=v3",
     ""},
    {"{auth_type: v2password, identity_api_version: 3, auth: {" AUTH "}}",
     KEYSTONE " password=p identity_api_version=v2", ""},
    {"{auth_plugin: v3password, auth_type: v2password, auth: {" AUTH "}}",
     KEYSTONE " password=p identity_api_version=v2", ""},
    {"{auth_type: v3applicationcredential, auth: {auth_url: http://k/v3, "
     "application_credential_id: i, application_credential_secret: s}}",
     "c: identity_type=keystone auth_endpoint=http://k/v3 application_credential_id=i "
     "application_credential_secret=s identity_api_version=v3",
     ""},
    {"{auth_type: rackspace_apikey, auth: {username: u, api_key: k}}",
     "c: identity_type=rackspace username=u api_key=k", ""},
    {"{profile: rackspace, auth: {username: u, api_key: k}}",
     "c: identity_type=rackspace auth_endpoint=https://identity.api.rackspacecloud.com/v2.0/ "
     "username=u api_key=k",
     ""},
    {"{cloud: rackspace, auth: {username: u, password: p}, region_name: ORD}",
     "c: identity_type=rackspace auth_endpoint=https://identity.api.rackspacecloud.com/v2.0/ "
     "username=u password=p region=ORD",
     ""},
    {"{profile: vexxhost, auth: {" AUTH "}}", KEYSTONE " password=p",
     "c.yaml:2: cloud c: profile: has no effect: neither is it in a clouds-public.yaml nor is it "
     "rackspace, which latchkeyd knows itself\n"},

    {"{auth_type: v1password, auth: {" AUTH ", project_name: a}}",
     "c: identity_type=swift " U " password=p tenant_name=a", ""},
    {"{auth_type: none, auth: {endpoint: http://s/v1}}",
     "c: identity_type=none endpoint=http://s/v1", ""},
    {"{auth_type: None, object-store_endpoint_override: http://s/v1, image_endpoint_override: ''}",
     "c: identity_type=none object-store=http://s/v1", ""},

    /* what is a number to YAML, and nothing at all */
    {"{auth: {" AUTH "0123, project_id: 0042}, identity_api_version: 3.10, region_name: ~}",
     KEYSTONE " password=p0123 tenant_id=0042 identity_api_version=v3", ""},
    {"{auth: {auth_url: http://k/v3, username: u, password: ''}}", KEYSTONE, ""},

    /* who wins */
    {"{auth: {" AUTH "}, username: beside, password: beside}", KEYSTONE " password=p", ""},
    {"{auth_url: http://k/v3, username: u, password: p}", KEYSTONE " password=p", ""},
    {"{auth: {" AUTH ", tenant_name: t}}", KEYSTONE " password=p tenant_name=t", ""},
    {"{auth: {" AUTH ", project-name: p, tenant-name: t}}", KEYSTONE " password=p tenant_name=p",
     ""},
    {"{auth: {" AUTH ", project_id: p}, project_id: q}", KEYSTONE " password=p tenant_id=q", ""},
    {"{auth: {auth_url: http://k/v3, user-name: u, password: p}}", KEYSTONE " password=p", ""},

    /* domains */
    {"{auth: {" AUTH ", user_domain_name: d, project_name: p, project_domain_id: e}}",
     KEYSTONE " user_domain_name=d password=p tenant_name=p project_domain_id=e", ""},
    {"{auth: {" AUTH ", project_name: p, default_domain: d, default_domain_id: e}}",
     KEYSTONE " user_domain_id=e password=p tenant_name=p project_domain_id=e",
     "c.yaml:2: cloud c: default_domain" UNKNOWN},
    {"{auth: {" AUTH ", project_name: p, user_domain_id: d}, default_domain_name: e}",
     KEYSTONE " user_domain_id=d password=p tenant_name=p project_domain_name=e", ""},
    {"{auth: {" AUTH ", project_name: p, domain_name: d}}",
     KEYSTONE " user_domain_name=d password=p tenant_name=p project_domain_name=d", ""},
    {"{auth: {" AUTH ", project_id: p, domain_id: d, default_domain_id: e}}",
     KEYSTONE " user_domain_id=d password=p tenant_id=p", ""},
    {"{auth: {" AUTH ", domain_id: d}}", KEYSTONE " password=p domain_id=d", ""},
    {"{auth: {auth_url: http://k/v3, user_id: u, password: p, project_name: p, "
     "default_domain_id: d}}",
     "c: identity_type=keystone auth_endpoint=http://k/v3 user_id=u password=p tenant_name=p "
     "project_domain_id=d",
     ""},

    /* beside `auth` */
    {"{auth: {" AUTH "}, region-name: R, interface: internal}",
     KEYSTONE " password=p region=R interface=internal", ""},
    {"{auth: {" AUTH "}, endpoint_type: adminURL}", KEYSTONE " password=p interface=admin", ""},
    {"{auth: {" AUTH "}, verify: False}", KEYSTONE " password=p verify_ssl=no", ""},
    {"{auth: {" AUTH "}, verify: true, insecure: true}", KEYSTONE " password=p verify_ssl=no", ""},
    {"{auth: {" AUTH "}, insecure: false}", KEYSTONE " password=p", ""},
    {"{auth: {" AUTH "}, cacert: /a, cert: /b, key: /c}",
     KEYSTONE " password=p ca_file=/a cert_file=/b key_file=/c", ""},
    {"{auth: {" AUTH "}, api_timeout: 7}",
     KEYSTONE " password=p connect_timeout=7 upstream_timeout=7", ""},

    /* what has no effect */
    {"{auth: {" AUTH ", trust_id: t}, compute_api_version: 2, networks: [{name: x}], frob: 1}",
     KEYSTONE " password=p",
     "c.yaml:2: cloud c: trust_id" UNKNOWN "c.yaml:2: cloud c: compute_api_version" NO_USE
     "c.yaml:2: cloud c: networks" NO_USE "c.yaml:2: cloud c: frob" UNKNOWN},

    /* regions */
    {"{auth: {" AUTH "}, regions: [A, B]}", KEYSTONE " password=p region=A", ""},
    {"{auth: {" AUTH "}, regions: [A, B], region_name: B}", KEYSTONE " password=p region=B", ""},
    {"{auth: {" AUTH "}, regions: [{name: A}, B]}", KEYSTONE " password=p region=A", ""},
    {"{auth: {" AUTH "}, interface: admin, region_name: B, regions: [A, {name: B, values: "
     "{interface: internal, auth: {project_id: i}}}]}",
     KEYSTONE " password=p tenant_id=i region=B interface=internal", ""},
    {"{auth: {" AUTH "}, regions: [], region_name: B}", KEYSTONE " password=p region=B", ""},
    {"{auth: {" AUTH "}, region_name: 'A,B'}", KEYSTONE " password=p region=A",
     "c.yaml:2: cloud c: region_name: of this list the first region counts; a cloud has one "
     "here\n"},
    {"{auth: {" AUTH "}, region_name: [A, B]}", KEYSTONE " password=p region=A",
     "c.yaml:2: cloud c: region_name: of this list the first region counts; a cloud has one "
     "here\n"},
};

START_TEST(test_cloud)
{
    struct config *c;
    char *text;

    ck_assert_int_ge(asprintf(&text, "clouds:\n  c: %s\n", clouds[_i].cloud), 0);
    c = load_yaml(text);
    ck_assert_uint_eq(c->n_clouds, 1);
    ck_assert_str_eq(c->default_cloud, "c");
    assert_cloud(c, 0, clouds[_i].shown);
    assert_warnings(c, clouds[_i].warnings);
    config_free(c);
    free(text);
}
END_TEST

START_TEST(test_home)
{
    struct config *c = load_yaml("clouds:\n  c: {auth: {" AUTH "}, cacert: ~/ca.pem}\n");
    char *path = scratch_path("ca.pem");

    ck_assert_str_eq(c->clouds[0].ca_file, path);
    config_free(c);
    free(path);
}
END_TEST

/* ---- files */

#define CLOUD(name) "clouds: {" name ": {auth: {" AUTH "}}}\n"

static void demand_first(const char *name)
{
    struct config *c = load_none();

    ck_assert_uint_eq(c->n_clouds, 1);
    ck_assert_str_eq(c->clouds[0].name, name);
    config_free(c);
}

/* The first that there is, from the last place to the first. */
START_TEST(test_search)
{
    char *xdg = scratch_mkdir("xdg"), *here = scratch_mkdir("here"), *file;

    free(scratch_mkdir(".config"));
    free(scratch_mkdir(".config/openstack"));
    free(scratch_mkdir("xdg/openstack"));
    ck_assert_int_eq(chdir(here), 0);
    demand_first("rackspace");
    write_file(".config/openstack/clouds.json", CLOUD("json"));
    demand_first("json");
    write_file(".config/openstack/clouds.yml", CLOUD("yml"));
    demand_first("yml");
    write_file(".config/openstack/clouds.yaml", CLOUD("yaml"));
    demand_first("yaml");
    write_file("xdg/openstack/clouds.json", CLOUD("xdg"));
    demand_first("yaml");
    ck_assert_int_eq(setenv("XDG_CONFIG_HOME", xdg, 1), 0);
    demand_first("xdg");
    write_file("here/clouds.json", CLOUD("here"));
    demand_first("here");
    file = scratch_write("any", CLOUD("any"), 0600);
    ck_assert_int_eq(setenv("OS_CLIENT_CONFIG_FILE", file, 1), 0);
    demand_first("any");
    ck_assert_int_eq(unlink(file), 0);
    demand_first("here");
    ck_assert_int_eq(chdir("/"), 0);
    free(file);
    free(here);
    free(xdg);
}
END_TEST

START_TEST(test_variable_names_nothing)
{
    struct config *c;

    ck_assert_int_eq(setenv("OS_CLIENT_CONFIG_FILE", "/nowhere/c", 1), 0);
    c = load_none();
    assert_warnings(c, "/nowhere/c: OS_CLIENT_CONFIG_FILE: there is no such file; the usual places "
                       "are looked at\n");
    config_free(c);
}
END_TEST

START_TEST(test_secure)
{
    struct config *c;

    free(scratch_mkdir(".config"));
    free(scratch_mkdir(".config/openstack"));
    write_file(".config/openstack/clouds.yaml",
               "clouds:\n  c: {auth: {auth_url: http://k/v3, username: u, password: no}}\n");
    write_file(".config/openstack/secure.yaml",
               "clouds:\n  c: {auth: {password: p}, region_name: R}\n  d: {auth: {" AUTH "}}\n");
    c = load_none();
    assert_cloud(c, 0, KEYSTONE " password=p region=R");
    assert_cloud(c, 1, "d: identity_type=keystone " U " password=p");
    config_free(c);
    ck_assert_int_eq(setenv("OS_CLIENT_SECURE_FILE", "/dev/null", 1), 0);
    c = load_none();
    assert_cloud(c, 0, KEYSTONE " password=no");
    ck_assert_uint_eq(c->n_clouds, 1);
    config_free(c);
}
END_TEST

START_TEST(test_vendors)
{
    struct config *c;

    free(scratch_mkdir(".config"));
    free(scratch_mkdir(".config/openstack"));
    write_file(".config/openstack/clouds-public.yaml",
               "public-clouds: {mine: {auth: {auth_url: http://k/v3}, regions: [A, B]}}\n");
    c = load_yaml("clouds: {c: {profile: mine, region_name: B, auth: {username: u, password: p}}}");
    assert_cloud(c, 0, KEYSTONE " password=p region=B");
    assert_warnings(c, "");
    config_free(c);
}
END_TEST

START_TEST(test_anchors)
{
    struct config *c = load_yaml("clouds:\n"
                                 "  a: &a\n"
                                 "    auth: &auth {" AUTH "}\n"
                                 "    region_name: R\n"
                                 "  b:\n"
                                 "    <<: *a\n"
                                 "    auth: {<<: *auth, username: v}\n");

    assert_cloud(c, 0, "a: identity_type=keystone " U " password=p region=R");
    assert_cloud(c, 1,
                 "b: identity_type=keystone auth_endpoint=http://k/v3 username=v password=p "
                 "region=R");
    config_free(c);
}
END_TEST

/* ---- beside an INI file */

START_TEST(test_both)
{
    struct config *c;
    char *yaml = scratch_write("c.yaml", CLOUD("y"), 0600), *text;

    ck_assert_int_eq(setenv("OS_CLIENT_CONFIG_FILE", yaml, 1), 0);
    c = load("[DEFAULT]\nregion = ORD\n[i]\n");
    assert_cloud(c, 0, "i: identity_type=rackspace region=ORD");
    assert_cloud(c, 1, "y: identity_type=keystone " U " password=p");
    ck_assert_str_eq(c->default_cloud, "i");
    config_free(c);

    /* no cloud is invented where there is one */
    c = load("[latchkeyd]\nconnect_timeout = 5\ndefault = y\n");
    ck_assert_uint_eq(c->n_clouds, 1);
    assert_cloud(c, 0, "y: identity_type=keystone " U " password=p connect_timeout=5");
    config_free(c);

    c = load("[latchkeyd]\nclouds_yaml = no\n");
    ck_assert_uint_eq(c->n_clouds, 1);
    ck_assert_str_eq(c->clouds[0].name, "rackspace");
    config_free(c);

    /* one that is chosen by name has its secure.yaml beside it */
    free(scratch_mkdir("d"));
    write_file("d/mine", "clouds: {m: {auth: {auth_url: http://k/v3, username: u}}}\n");
    write_file("d/secure.yaml", "clouds: {m: {auth: {password: p}}}\n");
    ck_assert_int_ge(asprintf(&text, "[latchkeyd]\nclouds_yaml = %s/d/mine\n", scratch), 0);
    c = load(text);
    ck_assert_uint_eq(c->n_clouds, 1);
    assert_cloud(c, 0, "m: identity_type=keystone " U " password=p");
    config_free(c);
    free(text);
    free(yaml);
}
END_TEST

START_TEST(test_default_cloud)
{
    struct config *c = load_yaml("clouds: {a: {auth: {" AUTH "}}, default: {auth: {" AUTH "}}}");

    ck_assert_str_eq(c->default_cloud, "default");
    config_free(c);
}
END_TEST

START_TEST(test_nothing_in_it)
{
    static const char *const texts[] = {"", "clouds:\n", "clouds: {}\n", "{}"};
    struct config *c;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        c = load_yaml(texts[i]);
        ck_assert_uint_eq(c->n_clouds, 1);
        ck_assert_str_eq(c->clouds[0].name, "rackspace");
        config_free(c);
    }
    c = load_yaml("cloud: {}\ncache: {auth: true}\n");
    assert_warnings(c, "c.yaml:1: cloud: has no effect: latchkeyd reads `clouds` only\n"
                       "c.yaml:2: cache: has no effect: latchkeyd reads `clouds` only\n");
    config_free(c);
}
END_TEST

/* Who can read a file with a key in it is told of, for each file. */
START_TEST(test_exposure)
{
    char *open_file = scratch_write("c.yaml", CLOUD("c"), 0644);
    struct config *c;

    ck_assert_int_eq(setenv("OS_CLIENT_CONFIG_FILE", open_file, 1), 0);
    c = load_none();
    ck_assert_uint_eq(c->n_warnings, 1);
    ck_assert_ptr_nonnull(strstr(c->warnings[0], "c.yaml: others than its owner can read the key"));
    config_free(c);

    write_file("s.yaml", "clouds: {c: {auth: {password: p}}}\n");
    free(scratch_write("c.yaml", "clouds: {c: {auth: {auth_url: http://k, username: u}}}\n", 0644));
    free(open_file);
    open_file = scratch_path("s.yaml");
    ck_assert_int_eq(setenv("OS_CLIENT_SECURE_FILE", open_file, 1), 0);
    c = load_none();
    assert_warnings(c, "");
    config_free(c);
    free(open_file);
}
END_TEST

Suite *make_suite(void)
{
    Suite *suite = suite_create("config_yaml");
    TCase *tcase = tcase_create("config_yaml");

    tcase_add_checked_fixture(tcase, scratch_setup, scratch_teardown);
    tcase_add_loop_test(tcase, test_cloud, 0, (int)(sizeof(clouds) / sizeof(clouds[0])));
    tcase_add_test(tcase, test_home);
    tcase_add_test(tcase, test_search);
    tcase_add_test(tcase, test_variable_names_nothing);
    tcase_add_test(tcase, test_secure);
    tcase_add_test(tcase, test_vendors);
    tcase_add_test(tcase, test_anchors);
    tcase_add_test(tcase, test_both);
    tcase_add_test(tcase, test_default_cloud);
    tcase_add_test(tcase, test_nothing_in_it);
    tcase_add_test(tcase, test_exposure);
    suite_add_tcase(suite, tcase);
    return suite;
}
