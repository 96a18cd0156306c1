/* SPDX-License-Identifier: MIT */
/* latchkeyd --from-env: the cloud of an openrc file, and no key in what /proc shows of the daemon. */
#include "daemon.h"
#include "look.h"
#include "procfs.h"
#include "sandbox.h"
#include "secrets.h"
#include "stage.h"

#include <string.h>

static struct daemon *start(const char *const *environment, const char *more, enum daemon_wait wait)
{
    return daemon_start(&(struct daemon_options){
        .bare = true,
        .arguments = (const char *const[]){"--from-env", more, NULL},
        .environment = environment,
        .wait = wait,
    });
}

/* What the sandbox takes. */
static const char *const *sandbox_environment(void)
{
    const char **variables = stage_keep(calloc(8, sizeof(char *)));

    secrets_add(SANDBOX_KEY);
    variables[0] = "OS_AUTH_TYPE=rackspace_apikey";
    variables[1] = stage_text("OS_AUTH_URL=%s/v2.0", sandbox_url());
    variables[2] = "OS_USERNAME=" SANDBOX_USER;
    variables[3] = "OS_API_KEY=" SANDBOX_KEY;
    variables[4] = "OS_REGION_NAME=DFW";
    variables[5] = "OS_FROB=1";
    return variables;
}

START_TEST(serves_the_environments_cloud)
{
    struct daemon *d;
    const char *region, *environment;
    size_t length = 0;

    sandbox_start(NULL);
    d = start(sandbox_environment(), NULL, DAEMON_READY);
    daemon_wait_state("envvars", "ready");
    ck_assert(sandbox_takes(look_token("default")));
    json_demand(reply_json(get("/v1/envvars/endpoint?service=compute"), 200), "{s:s}", "region",
                &region);
    ck_assert_str_eq(region, "DFW");
    daemon_wait_log(d, "environment: cloud envvars: OS_FROB: has no effect");

    environment = procfs_read(d->process.pid, "environ", &length);
    if (environment) {
        ck_assert_ptr_nonnull(memmem(environment, length, "NOTIFY_SOCKET=", 14));
        ck_assert_ptr_null(secrets_find(environment, length));
        ck_assert_ptr_null(memmem(environment, length, SANDBOX_USER, strlen(SANDBOX_USER)));
    }
}
END_TEST

START_TEST(has_nothing_to_reload)
{
    struct daemon *d;
    const char *token;

    sandbox_start(NULL);
    d = start(sandbox_environment(), NULL, DAEMON_READY);
    token = look_token("envvars");
    daemon_reload(d, NULL);
    daemon_wait_log(d, "there is nothing to reload");
    ck_assert_str_eq(look_token("envvars"), token);
    ck_assert_int_eq(sandbox_count("login_attempt_times"), 1);
}
END_TEST

START_TEST(is_checked)
{
    struct daemon *d;

    sandbox_start(NULL);
    d = start(sandbox_environment(), "--check", DAEMON_NOTHING);
    ck_assert_int_eq(daemon_wait_end(d, 20), 0);
    daemon_wait_log(d, "envvars: ok");
}
END_TEST

START_TEST(needs_the_variables)
{
    struct daemon *d = start(NULL, NULL, DAEMON_NOTHING);

    ck_assert_int_eq(daemon_wait_end(d, 10), 1);
    daemon_wait_log(d, "environment: OS_AUTH_URL: not set");
    d = start((const char *const[]){"OS_CLOUD=mine", NULL}, NULL, DAEMON_NOTHING);
    ck_assert_int_eq(daemon_wait_end(d, 10), 1);
    daemon_wait_log(d, "environment: OS_CLOUD: ");
}
END_TEST

START_TEST(excludes_what_else_says_the_cloud)
{
    static const char *const options[] = {"--config=/x", "--credential-file=/x",
                                          "--auth-url=http://x"};

    for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
        struct daemon *d = start(NULL, options[i], DAEMON_NOTHING);

        ck_assert_int_eq(daemon_wait_end(d, 10), 2);
        daemon_wait_log(d, "--from-env");
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("environment");
    TCase *c = stage_case(s, "environment", 20);

    tcase_add_test(c, serves_the_environments_cloud);
    tcase_add_test(c, has_nothing_to_reload);
    tcase_add_test(c, is_checked);
    tcase_add_test(c, needs_the_variables);
    tcase_add_test(c, excludes_what_else_says_the_cloud);
    return stage_run(s);
}
