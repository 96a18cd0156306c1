/* SPDX-License-Identifier: MIT */
/* Several clouds in one daemon: each in a state of its own, one of them the default; and pyrax's
 * own configuration file, unchanged. */
#include "daemon.h"
#include "look.h"
#include "sandbox.h"
#include "secrets.h"
#include "stage.h"

#include <string.h>
#include <sys/stat.h>

#define WRONG_KEY "a-key-that-nobody-gave"

/* ---- states */

static const struct {
    const char *name, *state, *code;
} states[] = {
    {"good", "ready", NULL},
    {"wrong", "rejected", "credentials-rejected"},
    {"nobody", "failed", "upstream-unreachable"},
    {"empty", "signed-out", NULL},
    {"lost", "signed-out", "credential-unreadable"},
    {"other", "failed", "bad-answer"},
};

static void start_all(void)
{
    sandbox_start(NULL);
    secrets_add(WRONG_KEY);
    (void)daemon_start(&(struct daemon_options){
        .config = stage_text(
            "%s"
            "[wrong]\nauth_endpoint = %s\nusername = me\napi_key = %s\n"
            "[nobody]\nauth_endpoint = http://127.0.0.1:1\nusername = me\napi_key = %s\n"
            "[empty]\nauth_endpoint = %s\n"
            "[lost]\nauth_endpoint = %s\ncredential_file = /nowhere/key\n"
            "[other]\nidentity_type = keystone\nauth_endpoint = %s\nusername = me\npassword = %s\n",
            daemon_cloud("good", ""), sandbox_url(), WRONG_KEY, WRONG_KEY, sandbox_url(),
            sandbox_url(), sandbox_url(), WRONG_KEY)});
    for (size_t i = 0; i < ARRAY_SIZE(states); i++)
        daemon_wait_state(states[i].name, states[i].state);
}

START_TEST(have_states_of_their_own)
{
    json_t *clouds, *healths;
    const char *preset;

    start_all();
    json_demand(reply_json(get("/v1"), 200), "{s:s, s:o !}", "default", &preset, "clouds", &clouds);
    ck_assert_str_eq(preset, "good");
    ck_assert_uint_eq(json_array_size(clouds), ARRAY_SIZE(states));
    (void)reply_problem(get("/health"), 503, "not-ready");
    healths = json_loads(get("/health")->body, 0, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
        json_t *cloud = json_array_get(clouds, i), *left = json_object_get(cloud, "expires_in");
        json_t *health = json_array_get(json_object_get(healths, "clouds"), i);
        const char *name = states[i].name;

        look_demand(name, states[i].state, states[i].code);
        ck_assert_str_eq(json_string_value(json_object_get(cloud, "name")), name);
        ck_assert_str_eq(json_string_value(json_object_get(cloud, "state")), states[i].state);
        ck_assert(i == 0 ? json_integer_value(left) > 86000 : json_is_null(left));
        ck_assert_str_eq(json_string_value(json_object_get(health, "name")), name);
        ck_assert_str_eq(json_string_value(json_object_get(health, "state")), states[i].state);
        if (i > 0)
            ck_assert_int_eq(get("/v1/%s/token", name)->status, 503);
    }
    json_decref(healths);
    ck_assert(sandbox_takes(look_token("good")));
}
END_TEST

/* What happens to one is nothing to the others. */
START_TEST(do_not_touch_each_other)
{
    const char *token;

    sandbox_start(NULL);
    (void)daemon_start(&(struct daemon_options){
        .config = stage_text("%s%s", daemon_cloud("first", ""), daemon_cloud("second", ""))});
    daemon_wait_state("second", "ready");
    token = look_token("first");
    ck_assert_str_ne(look_token("second"), token);
    ck_assert_int_eq(send_text("DELETE", "/v1/second/credential", NULL, NULL)->status, 204);
    ck_assert_str_eq(look_token("first"), token);
    ck_assert(sandbox_takes(token));
    look_demand("second", "signed-out", NULL);
    ck_assert_ptr_nonnull(
        strstr(reply_problem(get("/v1/third/token"), 404, "unknown-cloud"), "first"));
}
END_TEST

/* A service that does not say that it speaks the protocol gets no key. */
START_TEST(know_what_a_service_cannot_do)
{
    start_all();
    (void)reply_problem(get("/v1/other/token"), 503, "bad-answer");
    (void)reply_problem(send_text("POST", "/v1/other/refresh", NULL, NULL), 502, "bad-answer");
    ck_assert_int_eq(sandbox_count("login_attempt_times"), 2);
    ck_assert_int_eq(sandbox_count("logins_with_token"), 0);
}
END_TEST

/* ---- the default */

START_TEST(have_a_default)
{
    static const struct {
        const char *format, *preset;
    } configs[] = {
        {"[one]\n[two]\n", "one"},
        {"[latchkeyd]\ndefault = two\n[one]\n[two]\n", "two"},
        {"[one]\n[settings]\n[two]\n", "settings"},
        {"[one]\n[settings]\n[default]\n", "default"},
        {"[one]\n[two]\n[latchkeyd]\nlog_level = info\n", "one"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(configs); i++) {
        struct daemon *d = daemon_start(&(struct daemon_options){.config = configs[i].format});
        const char *preset, *name;

        json_demand(reply_json(get("/v1"), 200), "{s:s}", "default", &preset);
        json_demand(look_identity("default"), "{s:s}", "cloud", &name);
        ck_assert_str_eq(preset, configs[i].preset);
        ck_assert_str_eq(name, configs[i].preset);
        daemon_stop(d);
    }
}
END_TEST

/* ---- pyrax */

/* Every key that pyrax documents for this file. The second address is pyrax's too, and here the
 * sandbox's. */
static const char *pyrax_config(void)
{
    return stage_text("[private]\n"
                      "identity_type = keystone\n"
                      "region = RegionOne\n"
                      "custom_user_agent =\n"
                      "debug = True\n"
                      "auth_endpoint = http://127.0.0.1:1/v2.0/\n"
                      "tenant_name = demo\n"
                      "tenant_id = abc123456\n"
                      "keyring_username = demo\n"
                      "\n"
                      "[public]\n"
                      "identity_type = rackspace\n"
                      "keyring_username = " SANDBOX_USER "\n"
                      "region = ORD\n"
                      "auth_endpoint = %s/v2.0/\n"
                      "custom_user_agent = SampleApp/2.0\n"
                      "encoding = utf-8\n"
                      "debug = False\n"
                      "verify_ssl = False\n",
                      sandbox_url());
}

START_TEST(come_from_pyrax)
{
    const char *folder = stage_path("passed"), *region;
    const struct reply *r;
    struct daemon *d;

    sandbox_start(NULL);
    ck_assert_int_eq(mkdir(folder, 0755), 0);
    secrets_add(WRONG_KEY);
    (void)stage_write("passed/private", 0400,
                      "[keystone]\nusername = demo\npassword = " WRONG_KEY "\ntenant_id = abc\n");
    (void)stage_write("passed/public", 0400, daemon_credential(SANDBOX_USER, SANDBOX_KEY));
    d = daemon_start(&(struct daemon_options){
        .config = pyrax_config(),
        .environment =
            (const char *const[]){stage_text("CREDENTIALS_DIRECTORY=%s", folder), NULL}});
    look_demand("private", "failed", "upstream-unreachable");
    look_demand("public", "ready", NULL);
    json_demand(look_identity("public"), "{s:s}", "default_region", &region);
    ck_assert_str_eq(region, "ORD");
    r = get("/v1/public/endpoint?service=cloudfiles");
    json_demand(reply_json(r, 200), "{s:s}", "region", &region);
    ck_assert_str_eq(region, "ORD");
    json_demand(look_identity("default"), "{s:s}", "cloud", &region);
    ck_assert_str_eq(region, "private");
    ck_assert_ptr_nonnull(strstr(daemon_log(d), "keyring_username"));

    /* Nothing that an operator would have to mend. */
    daemon_stop(d);
    d = daemon_start(&(struct daemon_options){.config = pyrax_config()});
    look_demand("private", "signed-out", NULL);
    look_demand("public", "signed-out", NULL);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("clouds");
    TCase *c = stage_case(s, "clouds", 20);

    tcase_add_test(c, have_states_of_their_own);
    tcase_add_test(c, do_not_touch_each_other);
    tcase_add_test(c, know_what_a_service_cannot_do);
    tcase_add_test(c, have_a_default);
    tcase_add_test(c, come_from_pyrax);
    return stage_run(s);
}
