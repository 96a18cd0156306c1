/* SPDX-License-Identifier: MIT */
/* What the library makes of the daemon's documents. */
#include "dialogue.h"
#include "suite.h"

#include <errno.h>

START_TEST(lists_clouds)
{
    static const char document[] =
        "{\"default\":\"a\",\"clouds\":[{\"name\":\"a\",\"state\":\"ready\",\"expires_in\":9},"
        "{\"name\":\"b\",\"state\":\"failed\",\"expires_in\":null}]}";
    lk_clouds *clouds = NULL;

    answer_json(document);
    answer_json("{\"default\":null,\"clouds\":[{\"name\":\"a\"}]}");
    dialogue_start();
    ck_assert_int_eq(lk_clouds_get(client, &clouds, NULL), 0);
    ck_assert_str_eq(lk_clouds_default(clouds), "a");
    ck_assert_uint_eq(lk_clouds_count(clouds), 2);
    ck_assert_str_eq(lk_clouds_name(clouds, 1), "b");
    ck_assert_str_eq(lk_clouds_state(clouds, 0), "ready");
    ck_assert_int_eq(lk_clouds_expires_in(clouds, 0), 9);
    ck_assert_int_eq(lk_clouds_expires_in(clouds, 1), -1);
    ck_assert_int_eq(lk_clouds_expires_in(clouds, 2), -1);
    ck_assert_ptr_null(lk_clouds_name(clouds, 2));
    ck_assert_str_eq(lk_clouds_json(clouds), document);
    lk_clouds_free(clouds);

    clouds = NULL;
    ck_assert_int_eq(lk_clouds_get(client, &clouds, NULL), -EPROTO);
    ck_assert_ptr_null(clouds);
    dialogue_finish();
}
END_TEST

static const char identity_document[] =
    "{\"cloud\":\"a\",\"authenticated\":true,\"state\":\"degraded\",\"user\":{\"id\":\"7\","
    "\"name\":\"joe\",\"roles\":[{\"id\":\"1\",\"name\":\"admin\",\"description\":\"All.\"},"
    "{\"id\":\"2\",\"name\":\"dev\"}]},\"tenant\":{\"id\":\"9\",\"name\":\"t\"},"
    "\"default_region\":\"DFW\",\"regions\":[\"DFW\",\"ORD\"],\"issued\":\"I\",\"expires\":\"E\","
    "\"expires_in\":5,\"refresh_in\":4,\"generation\":3,\"last_error\":{\"code\":\"tls-failure\","
    "\"detail\":\"D.\",\"at\":\"A\"}}";

START_TEST(shows_the_identity)
{
    lk_identity *id = NULL;

    answer_json(identity_document);
    dialogue_start();
    ck_assert_int_eq(lk_identity_get(client, "a", &id, NULL), 0);
    expect_line(0, "GET /v1/a/identity");
    ck_assert_str_eq(lk_identity_cloud(id), "a");
    ck_assert_str_eq(lk_identity_state(id), "degraded");
    ck_assert(lk_identity_authenticated(id));
    ck_assert_str_eq(lk_identity_user_id(id), "7");
    ck_assert_str_eq(lk_identity_user_name(id), "joe");
    ck_assert_uint_eq(lk_identity_role_count(id), 2);
    ck_assert_str_eq(lk_identity_role_id(id, 1), "2");
    ck_assert_str_eq(lk_identity_role_name(id, 1), "dev");
    ck_assert_str_eq(lk_identity_role_description(id, 0), "All.");
    ck_assert_ptr_null(lk_identity_role_description(id, 1));
    ck_assert_ptr_null(lk_identity_role_name(id, 2));
    ck_assert_str_eq(lk_identity_tenant_id(id), "9");
    ck_assert_str_eq(lk_identity_tenant_name(id), "t");
    ck_assert_str_eq(lk_identity_default_region(id), "DFW");
    ck_assert_uint_eq(lk_identity_region_count(id), 2);
    ck_assert_str_eq(lk_identity_region(id, 1), "ORD");
    ck_assert_ptr_null(lk_identity_region(id, 2));
    ck_assert_str_eq(lk_identity_issued(id), "I");
    ck_assert_str_eq(lk_identity_expires(id), "E");
    ck_assert_int_eq(lk_identity_expires_in(id), 5);
    ck_assert_int_eq(lk_identity_refresh_in(id), 4);
    ck_assert_uint_eq(lk_identity_generation(id), 3);
    ck_assert_str_eq(lk_identity_error_code(id), "tls-failure");
    ck_assert_str_eq(lk_identity_error_detail(id), "D.");
    ck_assert_str_eq(lk_identity_error_at(id), "A");
    ck_assert_str_eq(lk_identity_json(id), identity_document);
    lk_identity_free(id);
    dialogue_finish();
}
END_TEST

START_TEST(shows_an_empty_identity)
{
    lk_identity *id = NULL;

    answer_json("{\"cloud\":\"a\",\"authenticated\":false,\"state\":\"signed-out\",\"user\":null,"
                "\"tenant\":null,\"default_region\":null,\"regions\":[],\"issued\":null,"
                "\"expires\":null,\"expires_in\":null,\"refresh_in\":null,\"generation\":0,"
                "\"last_error\":null}");
    dialogue_start();
    ck_assert_int_eq(lk_identity_get(client, NULL, &id, NULL), 0);
    ck_assert(!lk_identity_authenticated(id));
    ck_assert_ptr_null(lk_identity_user_name(id));
    ck_assert_ptr_null(lk_identity_tenant_id(id));
    ck_assert_ptr_null(lk_identity_default_region(id));
    ck_assert_ptr_null(lk_identity_error_code(id));
    ck_assert_uint_eq(lk_identity_role_count(id), 0);
    ck_assert_int_eq(lk_identity_expires_in(id), -1);
    ck_assert_int_eq(lk_identity_refresh_in(id), -1);
    ck_assert_uint_eq(lk_identity_generation(id), 0);
    lk_identity_free(id);
    dialogue_finish();
}
END_TEST

START_TEST(lays_the_catalog_out)
{
    static const char document[] =
        "{\"services\":[{\"type\":\"t\",\"name\":\"n\",\"endpoints\":["
        "{\"region\":\"DFW\",\"interface\":\"public\",\"url\":\"u1\",\"tenant_id\":\"7\"},"
        "{\"region\":null,\"interface\":\"internal\",\"url\":\"u2\"}]},"
        "{\"type\":\"empty\",\"name\":\"e\",\"endpoints\":[]},"
        "{\"type\":\"s\",\"name\":\"m\",\"endpoints\":[{\"url\":\"u3\"}]}]}";
    lk_catalog *catalog = NULL;
    const lk_endpoint *endpoint;

    answer_json(document);
    answer_json("{\"services\":{}}");
    dialogue_start();
    ck_assert_int_eq(lk_catalog_get(client, "a", "x:y", NULL, "public", &catalog, NULL), 0);
    expect_line(0, "GET /v1/a/catalog?service=x%3Ay&interface=public");
    ck_assert_uint_eq(lk_catalog_count(catalog), 3);
    endpoint = lk_catalog_at(catalog, 0);
    ck_assert_str_eq(lk_endpoint_service(endpoint), "t");
    ck_assert_str_eq(lk_endpoint_name(endpoint), "n");
    ck_assert_str_eq(lk_endpoint_region(endpoint), "DFW");
    ck_assert_str_eq(lk_endpoint_interface(endpoint), "public");
    ck_assert_str_eq(lk_endpoint_url(endpoint), "u1");
    ck_assert_str_eq(lk_endpoint_tenant_id(endpoint), "7");
    ck_assert_ptr_null(lk_endpoint_json(endpoint));
    ck_assert_ptr_null(lk_endpoint_region(lk_catalog_at(catalog, 1)));
    ck_assert_str_eq(lk_endpoint_service(lk_catalog_at(catalog, 2)), "s");
    ck_assert_ptr_null(lk_catalog_at(catalog, 3));
    ck_assert_str_eq(lk_catalog_json(catalog), document);
    lk_catalog_free(catalog);

    catalog = NULL;
    ck_assert_int_eq(lk_catalog_get(client, NULL, NULL, NULL, NULL, &catalog, NULL), -EPROTO);
    ck_assert_ptr_null(catalog);
    dialogue_finish();
}
END_TEST

START_TEST(gets_an_endpoint)
{
    static const char document[] = "{\"service\":\"t\",\"name\":\"n\",\"region\":\"ORD\","
                                   "\"interface\":\"internal\",\"url\":\"u\"}";
    lk_endpoint *endpoint = NULL;
    lk_error *error = NULL;

    answer_json(document);
    answer_problem("region-required");
    dialogue_start();
    ck_assert_int_eq(lk_endpoint_get(client, "a", "s", "ORD", "internal", &endpoint, NULL), 0);
    expect_line(0, "GET /v1/a/endpoint?service=s&region=ORD&interface=internal");
    ck_assert_str_eq(lk_endpoint_service(endpoint), "t");
    ck_assert_str_eq(lk_endpoint_name(endpoint), "n");
    ck_assert_str_eq(lk_endpoint_region(endpoint), "ORD");
    ck_assert_str_eq(lk_endpoint_url(endpoint), "u");
    ck_assert_ptr_null(lk_endpoint_tenant_id(endpoint));
    ck_assert_str_eq(lk_endpoint_json(endpoint), document);
    lk_endpoint_free(endpoint);

    endpoint = NULL;
    ck_assert_int_eq(lk_endpoint_get(client, "a", "s", NULL, NULL, &endpoint, &error),
                     LK_REGION_REQUIRED);
    ck_assert_str_eq(lk_error_code(error), "region-required");
    lk_error_free(error);
    dialogue_finish();
}
END_TEST

Suite *make_suite(void)
{
    Suite *suite = suite_create("documents");
    TCase *tcase = tcase_create("documents");

    tcase_set_timeout(tcase, 30);
    tcase_add_test(tcase, lists_clouds);
    tcase_add_test(tcase, shows_the_identity);
    tcase_add_test(tcase, shows_an_empty_identity);
    tcase_add_test(tcase, lays_the_catalog_out);
    tcase_add_test(tcase, gets_an_endpoint);
    suite_add_tcase(suite, tcase);
    return suite;
}
