/* SPDX-License-Identifier: MIT */
/* clouds.yaml at the real daemon: served beside pyrax's configuration and without one, read again
 * with SIGHUP, and refused where it is wrong. */
#include "daemon.h"
#include "look.h"
#include "sandbox.h"
#include "secrets.h"
#include "stage.h"

#include <string.h>
#include <sys/stat.h>

static const char *cloud_of(const char *name, const char *more)
{
    return stage_text("  %s:\n    auth_type: rackspace_apikey\n    auth: {auth_url: %s/v2.0, "
                      "username: %s, api_key: %s}\n%s",
                      name, sandbox_url(), SANDBOX_USER, SANDBOX_KEY, more);
}

static const char *write_clouds(const char *clouds)
{
    return stage_write("clouds", 0600, stage_text("clouds:\n%s", clouds));
}

/* With this file as the clouds.yaml that is meant. */
static struct daemon *start(const char *config, const char *path, enum daemon_wait wait)
{
    return daemon_start(&(struct daemon_options){
        .config = config,
        .bare = true,
        .environment = (const char *const[]){stage_text("OS_CLIENT_CONFIG_FILE=%s", path), NULL},
        .wait = wait,
    });
}

START_TEST(serves_both)
{
    struct daemon *d;
    const char *name;

    sandbox_start(NULL);
    secrets_add(SANDBOX_KEY);
    d = start(daemon_cloud("first", ""),
              write_clouds(cloud_of("second", "    region_name: DFW\n    frob: 1\n")),
              DAEMON_READY);
    daemon_wait_state("first", "ready");
    daemon_wait_state("second", "ready");
    ck_assert(sandbox_takes(look_token("second")));
    json_demand(look_identity("default"), "{s:s}", "cloud", &name);
    ck_assert_str_eq(name, "first");
    json_demand(reply_json(get("/v1/second/endpoint?service=compute"), 200), "{s:s}", "region",
                &name);
    ck_assert_str_eq(name, "DFW");
    daemon_wait_log(d, stage_text("%s:6: cloud second: frob: has no effect", stage_path("clouds")));
    (void)reply_problem(get("/v1/rackspace/token"), 404, "unknown-cloud");
}
END_TEST

/* No file of pyrax's anywhere, and this one where openstacksdk looks. */
START_TEST(serves_it_alone)
{
    struct daemon *d;

    sandbox_start(NULL);
    ck_assert_int_eq(mkdir(stage_path(".config"), 0755), 0);
    ck_assert_int_eq(mkdir(stage_path(".config/openstack"), 0755), 0);
    (void)stage_write(".config/openstack/clouds.yaml", 0600,
                      stage_text("clouds:\n  only:\n    auth_type: rackspace_apikey\n    auth: "
                                 "{auth_url: %s/v2.0, username: %s}\n",
                                 sandbox_url(), SANDBOX_USER));
    (void)stage_write(".config/openstack/secure.yaml", 0644,
                      "clouds: {only: {auth: {api_key: " SANDBOX_KEY "}}}\n");
    d = daemon_start(&(struct daemon_options){.bare = true});
    daemon_wait_state("only", "ready");
    ck_assert(sandbox_takes(look_token("default")));
    (void)reply_problem(get("/v1/rackspace/token"), 404, "unknown-cloud");
    daemon_wait_log(d, stage_text("chmod 600 %s", stage_path(".config/openstack/secure.yaml")));
}
END_TEST

/* What the command line says needs no configuration, and so it reads none. */
START_TEST(is_left_alone_by_the_command_line)
{
    struct daemon *d;

    sandbox_start(NULL);
    d = daemon_start(&(struct daemon_options){
        .environment = (const char *const[]){
            stage_text("OS_CLIENT_CONFIG_FILE=%s", stage_write("broken", 0600, "clouds: [\n")),
            NULL}});
    daemon_wait_state("rackspace", "ready");
    daemon_stop(d);
    d = daemon_start(&(struct daemon_options){
        .config = stage_text("[latchkeyd]\nclouds_yaml = no\n%s", daemon_cloud("first", "")),
        .environment = (const char *const[]){
            stage_text("OS_CLIENT_CONFIG_FILE=%s", stage_path("broken")), NULL}});
    daemon_wait_state("first", "ready");
}
END_TEST

START_TEST(refuses_a_name_twice)
{
    const char *path;
    struct daemon *d;

    sandbox_start(NULL);
    path = write_clouds(cloud_of("first", ""));
    d = start(daemon_cloud("first", ""), path, DAEMON_NOTHING);
    ck_assert_int_eq(daemon_wait_end(d, 10), 1);
    daemon_wait_log(d, stage_text("%s:2: [first]: a cloud of that name is in %s, line 1, too", path,
                                  d->config));
}
END_TEST

START_TEST(refuses_a_broken_one)
{
    const char *path = stage_write("clouds", 0600, "clouds:\n  a: [\n");
    struct daemon *d = start("[first]\n", path, DAEMON_NOTHING);

    ck_assert_int_eq(daemon_wait_end(d, 10), 1);
    daemon_wait_log(d, stage_text("%s:3: not YAML: ", path));
}
END_TEST

START_TEST(is_read_again)
{
    const char *path, *token;
    struct daemon *d;

    sandbox_start(NULL);
    path = write_clouds(cloud_of("second", ""));
    d = start(daemon_cloud("first", ""), path, DAEMON_READY);
    daemon_wait_state("first", "ready");
    daemon_wait_state("second", "ready");
    token = look_token("second");
    (void)write_clouds(stage_text("%s%s", cloud_of("second", ""), cloud_of("third", "")));
    daemon_reload(d, NULL);
    daemon_wait_state("third", "ready");
    ck_assert_str_eq(look_token("second"), token);

    (void)write_clouds("  second: {auth: {regoin: [\n");
    daemon_reload(d, NULL);
    daemon_wait_log(d, "was not reloaded");
    ck_assert_str_eq(look_token("second"), token);
    daemon_wait_state("third", "ready");
    ck_assert_int_eq(sandbox_count("login_attempt_times"), 3);
}
END_TEST

START_TEST(is_checked)
{
    struct daemon *d;

    sandbox_start(NULL);
    d = daemon_start(&(struct daemon_options){
        .config = daemon_cloud("first", ""),
        .arguments = (const char *const[]){"--check", NULL},
        .environment =
            (const char *const[]){
                stage_text("OS_CLIENT_CONFIG_FILE=%s", write_clouds(cloud_of("second", ""))), NULL},
        .wait = DAEMON_NOTHING});
    ck_assert_int_eq(daemon_wait_end(d, 20), 0);
    daemon_wait_log(d, "first: ok");
    daemon_wait_log(d, "second: ok");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("clouds_yaml");
    TCase *c = stage_case(s, "clouds_yaml", 20);

    tcase_add_test(c, serves_both);
    tcase_add_test(c, serves_it_alone);
    tcase_add_test(c, is_left_alone_by_the_command_line);
    tcase_add_test(c, refuses_a_name_twice);
    tcase_add_test(c, refuses_a_broken_one);
    tcase_add_test(c, is_read_again);
    tcase_add_test(c, is_checked);
    return stage_run(s);
}
