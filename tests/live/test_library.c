/* SPDX-License-Identifier: MIT */
/* Every call of liblatchkey that asks the real daemon for something, once, with real values. */
#include "daemon.h"
#include "look.h"
#include "program.h"
#include "sandbox.h"
#include "stage.h"

#include <errno.h>
#include <string.h>

/* ---- values */

START_TEST(lists_clouds)
{
    lk_clouds *clouds = NULL;

    program_start();
    ck_assert_int_eq(lk_client_connect(client, NULL), 0);
    ck_assert_str_eq(lk_client_socket(client), daemon_socket());
    ck_assert_int_eq(lk_clouds_get(client, &clouds, NULL), 0);
    ck_assert_uint_eq(lk_clouds_count(clouds), 1);
    ck_assert_str_eq(lk_clouds_default(clouds), "rackspace");
    ck_assert_str_eq(lk_clouds_name(clouds, 0), "rackspace");
    ck_assert_str_eq(lk_clouds_state(clouds, 0), "ready");
    ck_assert_int_gt(lk_clouds_expires_in(clouds, 0), 86000);
    ck_assert_ptr_null(lk_clouds_name(clouds, 1));
    ck_assert_int_eq(lk_clouds_expires_in(clouds, 1), -1);
    ck_assert_str_eq(lk_clouds_json(clouds), get("/v1")->body);
    lk_clouds_free(clouds);
}
END_TEST

START_TEST(gets_the_token)
{
    lk_token *token = NULL;

    program_start();
    ck_assert_int_eq(lk_token_get(client, NULL, 60, &token, NULL), 0);
    ck_assert_str_eq(lk_token_secret(token), look_token("default"));
    ck_assert_str_eq(lk_token_expires(token),
                     json_string_value(json_object_get(look_identity("default"), "expires")));
    ck_assert_int_le(lk_token_expires_in(token), 86400);
    ck_assert_int_gt(lk_token_expires_in(token), 86000);
    ck_assert_uint_eq(lk_token_generation(token), 1);
    ck_assert_ptr_nonnull(strstr(lk_token_json(token), lk_token_secret(token)));
    lk_token_free(token);
}
END_TEST

START_TEST(shows_the_identity)
{
    lk_identity *i = NULL;

    program_start();
    ck_assert_int_eq(lk_identity_get(client, "default", &i, NULL), 0);
    ck_assert_str_eq(lk_identity_cloud(i), "rackspace");
    ck_assert_str_eq(lk_identity_state(i), "ready");
    ck_assert(lk_identity_authenticated(i));
    ck_assert_str_eq(lk_identity_user_id(i), "123456");
    ck_assert_str_eq(lk_identity_user_name(i), SANDBOX_USER);
    ck_assert_str_eq(lk_identity_tenant_id(i), "000000");
    ck_assert_str_eq(lk_identity_tenant_name(i), "sandbox");
    ck_assert_uint_eq(lk_identity_role_count(i), 2);
    ck_assert_ptr_nonnull(lk_identity_role_id(i, 1));
    ck_assert_ptr_nonnull(lk_identity_role_name(i, 1));
    ck_assert_ptr_nonnull(lk_identity_role_description(i, 1));
    ck_assert_ptr_null(lk_identity_role_name(i, 2));
    ck_assert_ptr_null(lk_identity_default_region(i));
    ck_assert_uint_eq(lk_identity_region_count(i), 2);
    ck_assert_str_eq(lk_identity_region(i, 0), "ORD");
    ck_assert_str_eq(lk_identity_region(i, 1), "DFW");
    ck_assert_str_lt(lk_identity_issued(i), lk_identity_expires(i));
    ck_assert_int_gt(lk_identity_expires_in(i), 86000);
    ck_assert_int_gt(lk_identity_refresh_in(i), 60000);
    ck_assert_uint_eq(lk_identity_generation(i), 1);
    ck_assert_ptr_null(lk_identity_error_code(i));
    ck_assert_ptr_null(lk_identity_error_detail(i));
    ck_assert_ptr_null(lk_identity_error_at(i));
    ck_assert_ptr_nonnull(strstr(lk_identity_json(i), "\"rackspace\""));
    lk_identity_free(i);

    sandbox_set("'login_fault': 'html'");
    i = NULL;
    ck_assert_int_eq(lk_refresh(client, NULL, &i, NULL), LK_UPSTREAM_BROKEN);
    ck_assert_ptr_null(i);
    ck_assert_int_eq(lk_identity_get(client, NULL, &i, NULL), 0);
    ck_assert_str_eq(lk_identity_state(i), "degraded");
    ck_assert(lk_identity_authenticated(i));
    ck_assert_ptr_nonnull(lk_identity_error_code(i));
    ck_assert_ptr_nonnull(lk_identity_error_detail(i));
    ck_assert_ptr_nonnull(lk_identity_error_at(i));
    lk_identity_free(i);
}
END_TEST

START_TEST(finds_endpoints)
{
    lk_catalog *catalog = NULL;
    lk_endpoint *e = NULL;
    const lk_endpoint *one;

    program_start();
    ck_assert_int_eq(lk_catalog_get(client, NULL, NULL, NULL, NULL, &catalog, NULL), 0);
    ck_assert_uint_eq(lk_catalog_count(catalog), 16);
    ck_assert_str_eq(lk_catalog_json(catalog), get("/v1/default/catalog")->body);
    ck_assert_ptr_null(lk_catalog_at(catalog, 16));
    lk_catalog_free(catalog);
    ck_assert_int_eq(lk_catalog_get(client, NULL, "swift", "dfw", "internal", &catalog, NULL), 0);
    ck_assert_uint_eq(lk_catalog_count(catalog), 1);
    one = lk_catalog_at(catalog, 0);
    ck_assert_str_eq(lk_endpoint_service(one), "object-store");
    ck_assert_str_eq(lk_endpoint_tenant_id(one), "MossoCloudFS_aaaa");
    ck_assert_ptr_null(lk_endpoint_json(one));
    lk_catalog_free(catalog);

    ck_assert_int_eq(lk_endpoint_get(client, NULL, "nova", "ord", NULL, &e, NULL), 0);
    ck_assert_str_eq(lk_endpoint_service(e), "compute");
    ck_assert_str_eq(lk_endpoint_name(e), "cloudServersOpenStack");
    ck_assert_str_eq(lk_endpoint_region(e), "ORD");
    ck_assert_str_eq(lk_endpoint_interface(e), "public");
    ck_assert_str_eq(lk_endpoint_url(e), stage_text("%s/ORD/v2/000000", sandbox_url()));
    ck_assert_ptr_nonnull(strstr(lk_endpoint_json(e), "\"compute\""));
    lk_endpoint_free(e);
    ck_assert_int_eq(lk_endpoint_get(client, NULL, "dns", NULL, NULL, &e, NULL), 0);
    ck_assert_ptr_null(lk_endpoint_region(e));
    lk_endpoint_free(e);
}
END_TEST

START_TEST(logs_in_and_out)
{
    lk_credential *credential = NULL;
    lk_identity *identity = NULL;
    lk_token *token = NULL;

    program_start();
    ck_assert_int_eq(lk_refresh(client, NULL, &identity, NULL), 0);
    ck_assert_uint_eq(lk_identity_generation(identity), 2);
    lk_identity_free(identity);
    ck_assert_int_eq(lk_refresh(client, NULL, NULL, NULL), 0);
    ck_assert_int_eq(lk_logout(client, NULL, NULL), 0);
    ck_assert_str_eq(daemon_state("default"), "signed-out");
    ck_assert_int_eq(lk_token_get(client, NULL, 0, &token, NULL), LK_SIGNED_OUT);
    ck_assert_int_eq(lk_refresh(client, NULL, NULL, NULL), LK_SIGNED_OUT);

    ck_assert_int_eq(lk_credential_new(&credential), 0);
    ck_assert_int_eq(lk_credential_set(credential, "", "x"), -EINVAL);
    ck_assert_int_eq(lk_credential_set(credential, "username", SANDBOX_USER), 0);
    ck_assert_int_eq(lk_credential_set(credential, "api_key", "nonsense"), 0);
    ck_assert_int_eq(lk_login(client, NULL, credential, NULL, NULL), LK_CREDENTIALS_REJECTED);
    ck_assert_int_eq(lk_credential_set(credential, "api_key", SANDBOX_KEY), 0);
    ck_assert_int_eq(lk_login(client, "rackspace", credential, &identity, NULL), 0);
    ck_assert_str_eq(lk_identity_state(identity), "ready");
    lk_identity_free(identity);
    lk_credential_free(credential);
    ck_assert(sandbox_takes(look_token("default")));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("library");
    TCase *c = stage_case(s, "values", 20);

    tcase_add_test(c, lists_clouds);
    tcase_add_test(c, gets_the_token);
    tcase_add_test(c, shows_the_identity);
    tcase_add_test(c, finds_endpoints);
    tcase_add_test(c, logs_in_and_out);
    return stage_run(s);
}
