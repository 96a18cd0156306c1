/* SPDX-License-Identifier: MIT */
/*
 * The suite of the endpoints that a configuration gives: how they are read, what becomes of a
 * catalog, and the cloud that has nothing else.
 */
#include "cloud.h"
#include "load_config.h"
#include "session_override.h"
#include "suite.h"

#include <errno.h>

/* ---- the keys */

#define WANTED                                                                           \
    "an http:// or https:// URL with a host, without user, query or fragment, in which " \
    "%(project_id)s, %(user_id)s and {region_name} may stand"
#define KEYSTONE "[a]\nidentity_type = keystone\nauth_endpoint = http://h/v3\n"

START_TEST(reads_overrides)
{
    struct config *c = load("[DEFAULT]\n"
                            "image_endpoint_override = http://default/image\n"
                            "swift-endpoint-override = http://default/swift\n"
                            "[a]\n"
                            "Object_Store_Endpoint_Override = https://h/v1/AUTH_%(project_id)s\n"
                            "my-own_endpoint_override: http://own:1\n"
                            "[b]\n");
    const struct cloud_config *a = &c->clouds[0];

    ck_assert_uint_eq(a->n_overrides, 3);
    ck_assert_str_eq(a->overrides[0].service, "object_store");
    ck_assert_str_eq(a->overrides[0].type, "object-store");
    ck_assert_str_eq(a->overrides[0].url, "https://h/v1/AUTH_%(project_id)s");
    ck_assert_str_eq(a->overrides[1].type, "my-own");
    ck_assert_str_eq(a->overrides[2].url, "http://default/image");
    ck_assert_uint_eq(c->clouds[1].n_overrides, 2);
    ck_assert_str_eq(c->clouds[1].overrides[1].type, "object-store");
    ck_assert_uint_eq(c->n_warnings, 0);
    config_free(c);
}
END_TEST

static const struct {
    const char *text, *sentence;
} refusals[] = {
    {"[a]\nswift_endpoint_override = http://h\nobject-store_endpoint_override = http://h\n",
     ":3: object-store_endpoint_override: given twice, first in line 2; take one out"},
    {"[a]\nswift_endpoint_override =\n",
     ":2: swift_endpoint_override: has no value; give " WANTED ", or take the line out"},
    {"[a]\nswift_endpoint_override = ftp://h\n",
     ":2: swift_endpoint_override: wrong value; give " WANTED},
    {"[a]\nswift_endpoint_override = http://h/%(project)s\n",
     ":2: swift_endpoint_override: wrong value; give " WANTED},
    {"[DEFAULT]\nswift_endpoint_override = h\n[a]\nswift_endpoint_override = http://h\n",
     ":2: swift_endpoint_override: wrong value; give " WANTED},
    {"[latchkeyd]\nswift_endpoint_override = http://h\n",
     ":2: swift_endpoint_override: not a key of [latchkeyd]; move it to a cloud's section"},
    {"[a]\n_endpoint_override = http://h\n",
     ":2: _endpoint_override: unknown key; latchkeyd.conf(5) lists those that there are"},
    {"[a]\nendpoint_override = http://h\n",
     ":2: endpoint_override: unknown key; latchkeyd.conf(5) lists those that there are"},
    {"[a]\nendpoint = http://h\n",
     ":2: endpoint: only for `identity_type = none`, which has no catalog; name the service, as in "
     "`object_store_endpoint_override = URL`"},
    {KEYSTONE "endpoint = http://h\n",
     ":4: endpoint: only for `identity_type = none`, which has no catalog; name the service, as in "
     "`object_store_endpoint_override = URL`"},
    {"[a]\nidentity_type = none\n",
     ":2: endpoint: missing, and without an identity service there is no catalog; add `endpoint = "
     "URL`, or `SERVICE_endpoint_override = URL` for each service"},
    {"[a]\nidentity_type = none\nendpoint = http://h/{region}\n",
     ":3: endpoint: wrong value; give " WANTED},
};

START_TEST(refuses)
{
    _cleanup_(freep) char *path = scratch_write("a.conf", refusals[_i].text, 0600);
    _cleanup_(freep) char *error = NULL;
    struct config *c = NULL;

    ck_assert_int_eq(config_load(path, &c, &error), -EBADMSG);
    ck_assert_str_eq(error + strlen(path), refusals[_i].sentence);
}
END_TEST

START_TEST(adds_one_by_one)
{
    struct cloud_config c = {.name = strdup("a")}, copy;

    ck_assert_int_eq(cloud_config_add_override(&c, "cinder", "http://h/{project_id}"), 0);
    ck_assert_int_eq(cloud_config_add_override(&c, "volumev3", "http://h"), -EEXIST);
    ck_assert_int_eq(cloud_config_add_override(&c, "dns", "h"), -EINVAL);
    ck_assert_int_eq(cloud_config_add_override(&c, "dns", "http://h/{x}"), -EINVAL);
    ck_assert_int_eq(cloud_config_add_override(&c, "", "http://h"), -EINVAL);
    ck_assert_uint_eq(c.n_overrides, 1);
    ck_assert_int_eq(cloud_config_copy(&c, &copy), 0);
    ck_assert(cloud_config_equal(&c, &copy));
    ck_assert_int_eq(cloud_config_add_override(&copy, "dns", "http://h"), 0);
    ck_assert(!cloud_config_equal(&c, &copy));
    ck_assert_int_eq(cloud_config_add_override(&c, "dns", "http://other"), 0);
    ck_assert(!cloud_config_equal(&c, &copy));
    cloud_config_done(&c);
    cloud_config_done(&copy);
}
END_TEST

/* ---- the catalog */

static struct session *a_session(void)
{
    struct session *s = session_new();
    struct service *service;

    s->tenant_id = strdup("p1");
    ck_assert_int_eq(catalog_add_service(s->catalog, "volumev2", "two", &service), 0);
    ck_assert_int_eq(service_add_endpoint(service, "A", "public", "http://two/A", "t"), 0);
    ck_assert_int_eq(service_add_endpoint(service, "B", "public", "http://two/B", "t"), 0);
    ck_assert_int_eq(catalog_add_service(s->catalog, "volumev3", "three", &service), 0);
    ck_assert_int_eq(service_add_endpoint(service, "A", "public", "http://three/A", "t"), 0);
    ck_assert_int_eq(catalog_add_service(s->catalog, "image", "glance", &service), 0);
    ck_assert_int_eq(service_add_endpoint(service, "A", "public", "http://image/A", "t"), 0);
    return s;
}

static void demand_url(const struct session *s, const char *service, const char *region,
                       const char *interface, const char *url)
{
    const struct endpoint_query query = {service, region, interface};
    struct problem *problem = NULL;
    struct endpoint_choice choice;

    ck_assert_msg(catalog_choose(s->catalog, &query, &choice, &problem) == 0, "%s: %s", service,
                  problem ? problem->detail : "no memory");
    ck_assert_str_eq(choice.endpoint->url, url);
}

START_TEST(takes_the_catalogs_place)
{
    _cleanup_(cloud_config_done) struct cloud_config cloud = {0};
    _cleanup_(session_unrefp) struct session *s = a_session();

    ck_assert_int_eq(cloud_config_add_override(&cloud, "cinder", "http://o/$(tenant_id)s"), 0);
    ck_assert_int_eq(cloud_config_add_override(&cloud, "swift", "http://swift"), 0);
    ck_assert_int_eq(session_override(s, &cloud), 0);
    ck_assert_uint_eq(s->catalog->n_services, 4);
    ck_assert_uint_eq(s->catalog->services[0].n_endpoints, 3);
    ck_assert_str_eq(s->catalog->services[0].name, "two");
    ck_assert_str_eq(s->catalog->services[3].type, "object-store");
    ck_assert_str_eq(s->catalog->services[3].name, "swift");
    demand_url(s, "volumev2", "B", NULL, "http://o/p1");
    demand_url(s, "volumev3", NULL, "internal", "http://o/p1");
    demand_url(s, "block-storage", "anywhere", "admin", "http://o/p1");
    demand_url(s, "two", NULL, NULL, "http://o/p1");
    demand_url(s, "cloudfiles", "Z", NULL, "http://swift");
    demand_url(s, "image", "A", NULL, "http://image/A");
}
END_TEST

START_TEST(says_what_a_url_lacks)
{
    static const struct endpoint_query query = {"image"};
    _cleanup_(cloud_config_done) struct cloud_config cloud = {0};
    _cleanup_(session_unrefp) struct session *s = a_session();
    _cleanup_(problem_freep) struct problem *problem = NULL;
    struct endpoint_choice choice;

    free(TAKE_PTR(s->tenant_id));
    ck_assert_int_eq(cloud_config_add_override(&cloud, "image", "http://i/{project_id}"), 0);
    ck_assert_int_eq(cloud_config_add_override(&cloud, "dns", "http://{region_name}.d"), 0);
    ck_assert_int_eq(session_override(s, &cloud), 0);
    ck_assert_int_eq(catalog_choose(s->catalog, &query, &choice, &problem), 1);
    ck_assert_int_eq(problem->code, PROBLEM_UNKNOWN_SERVICE);
    ck_assert_str_eq(problem->detail,
                     "The endpoint that the configuration gives for the service 'image' has "
                     "project_id in it, which this login does not have: give the cloud a "
                     "`tenant_id` or `tenant_name` to log in to.");
    ck_assert_ptr_nonnull(strstr(s->catalog->services[3].why_none, "region_name"));

    /* The cloud's region comes before the user's. */
    cloud.region = strdup("ORD");
    s->default_region = strdup("DFW");
    ck_assert_int_eq(session_override(s, &cloud), 0);
    demand_url(s, "dns", NULL, NULL, "http://ORD.d");
    free(TAKE_PTR(cloud.region));
    ck_assert_int_eq(session_override(s, &cloud), 0);
    demand_url(s, "dns", NULL, NULL, "http://DFW.d");
}
END_TEST

/* ---- nobody to log in to */

static void on_changed(const struct cloud *changed _unused_, void *userdata _unused_)
{
}

static struct cloud_host host = {.changed = on_changed};
static struct cloud *cloud;

static void configure(const char *text)
{
    _cleanup_(config_freep) struct config *c = load(text);
    _cleanup_(freep) char *path = NULL, *warning = NULL, *error = NULL;
    struct credential *credential = NULL;

    ck_assert_int_eq(config_credential(c, &c->clouds[0], &credential, &path, &warning, &error), 0);
    ck_assert_ptr_nonnull(credential);
    ck_assert_ptr_null(path);
    ck_assert_int_eq(cloud_configure(cloud, &c->clouds[0], credential, NULL), 0);
}

static void setup(void)
{
    ck_assert_int_ge(sd_event_new(&host.event), 0);
    ck_assert_int_eq(cloud_new(&host, &cloud), 0);
}

static void teardown(void)
{
    cloud_unref(cloud);
    host.event = sd_event_unref(host.event);
}

START_TEST(is_ready_at_once_and_for_ever)
{
    struct session *s;
    struct cloud_revocation *revocation;

    configure("[a]\nidentity_type = none\nendpoint = http://any/{project_id}\nregion = X\n"
              "tenant_id = t1\nimage_endpoint_override = http://image\n");
    s = cloud_session(cloud);
    ck_assert_ptr_nonnull(s);
    ck_assert_int_eq(cloud->state, CLOUD_READY);
    ck_assert_ptr_null(s->token);
    ck_assert_ptr_null(s->user_id);
    ck_assert_uint_eq(s->generation, 1);
    ck_assert_uint_eq(s->deadline, USEC_INFINITY);
    ck_assert_uint_eq(cloud->next_attempt, USEC_INFINITY);
    ck_assert_int_eq(cloud_refresh_in(cloud), -1);
    demand_url(s, "compute", "Y", "internal", "http://any/t1");
    demand_url(s, "whatever", NULL, NULL, "http://any/t1");
    demand_url(s, "glance", NULL, NULL, "http://image");

    /* Its 401 is the answer, and a refresh makes nothing new. */
    ck_assert_int_eq(cloud_challenge(cloud, 1, 1, false), CHALLENGE_FINAL);
    ck_assert_uint_gt(cloud_login(cloud), 1);
    ck_assert_uint_eq(cloud->generation, 1);
    ck_assert_uint_eq(cloud->counters.renewals, 0);

    configure("[a]\nidentity_type = none\nendpoint = http://other\n");
    demand_url(cloud_session(cloud), "glance", NULL, NULL, "http://other");
    ck_assert_int_eq(cloud_forget(cloud, &revocation), 0);
    ck_assert_ptr_null(revocation);
}
END_TEST

/* There is somebody to log in to now, and what served without is over. */
START_TEST(ends_with_its_configuration)
{
    configure("[a]\nidentity_type = none\nendpoint = http://h\n");
    ck_assert_ptr_nonnull(cloud_session(cloud));
    configure("[a]\nidentity_type = keystone\nauth_endpoint = http://h/v2.0\n"
              "application_credential_id = a\napplication_credential_secret = s\n");
    ck_assert_ptr_null(cloud_session(cloud));
    ck_assert_int_eq(cloud->state, CLOUD_REJECTED);
}
END_TEST

START_TEST(warns_of_what_is_for_a_login)
{
    struct config *c = load("[a]\nidentity_type = none\nendpoint = http://h\n"
                            "auth_endpoint = http://h\nusername = u\npassword = p\n");

    ck_assert_uint_eq(c->n_warnings, 2);
    ck_assert_ptr_nonnull(strstr(c->warnings[0], ":4: auth_endpoint: not used"));
    ck_assert_ptr_nonnull(strstr(c->warnings[1], ":6: password: not used"));
    config_free(c);
}
END_TEST

Suite *make_suite(void)
{
    Suite *s = suite_create("overrides");
    TCase *t = tcase_create("configuration");

    tcase_add_checked_fixture(t, scratch_setup, scratch_teardown);
    tcase_add_test(t, reads_overrides);
    tcase_add_loop_test(t, refuses, 0, (int)ARRAY_SIZE(refusals));
    tcase_add_test(t, adds_one_by_one);
    tcase_add_test(t, warns_of_what_is_for_a_login);
    suite_add_tcase(s, t);

    t = tcase_create("catalog");
    tcase_add_test(t, takes_the_catalogs_place);
    tcase_add_test(t, says_what_a_url_lacks);
    suite_add_tcase(s, t);

    t = tcase_create("no identity");
    tcase_add_checked_fixture(t, scratch_setup, scratch_teardown);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, is_ready_at_once_and_for_ever);
    tcase_add_test(t, ends_with_its_configuration);
    suite_add_tcase(s, t);
    return s;
}
