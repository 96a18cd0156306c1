/* SPDX-License-Identifier: MIT */
/* env and run: what programs that know nothing of latchkey find in their environment. */
#include "command.h"
#include "daemon.h"
#include "look.h"
#include "patience.h"
#include "sandbox.h"
#include "stage.h"

#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#define NAMES                                                                         \
    "LATCHKEY_SOCKET LATCHKEY_CLOUD OS_TOKEN OS_AUTH_TOKEN OS_AUTH_TYPE OS_AUTH_URL " \
    "OS_IDENTITY_API_VERSION OS_ENDPOINT OS_STORAGE_URL OS_INTERFACE OS_REGION_NAME " \
    "OS_PROJECT_ID OS_PROJECT_NAME OS_TENANT_ID OS_TENANT_NAME"
/* A line for each variable: its value in angle brackets, or "unset". */
#define SHOW                                                                                      \
    "for name in " NAMES "; do eval \"if [ \\${$name+set} ]; then echo \\\"$name=<\\$$name>\\\";" \
    " else echo $name unset; fi\"; done"
/* By which another login, scope or endpoint would come in. */
#define INTRUDERS                                                                                \
    "OS_CLOUD OS_USERNAME OS_USER_NAME OS_USER_ID OS_PASSWORD OS_PASSCODE OS_USER_DOMAIN_ID "    \
    "OS_USER_DOMAIN_NAME OS_APPLICATION_CREDENTIAL_ID OS_APPLICATION_CREDENTIAL_NAME "           \
    "OS_APPLICATION_CREDENTIAL_SECRET OS_PROJECT_DOMAIN_ID OS_PROJECT_DOMAIN_NAME OS_DOMAIN_ID " \
    "OS_DOMAIN_NAME OS_DEFAULT_DOMAIN OS_DEFAULT_DOMAIN_ID OS_DEFAULT_DOMAIN_NAME "              \
    "OS_SYSTEM_SCOPE OS_TRUST_ID OS_SERVICE_PROVIDER OS_URL OS_ENDPOINT_OVERRIDE "               \
    "OS_ENDPOINT_TYPE OS_IDENTITY_ENDPOINT_OVERRIDE OS_OBJECT_STORE_ENDPOINT "                   \
    "OS_OBJECT_STORE_ENDPOINT_OVERRIDE "                                                         \
    "OS_AUTH_VERSION ST_AUTH ST_USER ST_KEY ST_AUTH_VERSION"
#define STORAGE(region) stage_text("%s/%s/v1/MossoCloudFS_aaaa", sandbox_url(), region)

/* What SHOW has to print; endpoint is the one service that openstack is for, or NULL. */
static const char *expected_for(const char *cloud, const char *region, const char *endpoint)
{
    const char *token = look_token(cloud);
    const char *where = *region ? stage_text("OS_STORAGE_URL=<%s>\nOS_INTERFACE=<public>\n"
                                             "OS_REGION_NAME=<%s>\n",
                                             STORAGE(region), region)
                                : "OS_STORAGE_URL unset\nOS_INTERFACE unset\n"
                                  "OS_REGION_NAME unset\n";

    return stage_text("LATCHKEY_SOCKET=<%s>\nLATCHKEY_CLOUD=<%s>\nOS_TOKEN=<%s>\n"
                      "OS_AUTH_TOKEN=<%s>\nOS_AUTH_TYPE=<%s>\nOS_AUTH_URL unset\n"
                      "OS_IDENTITY_API_VERSION unset\nOS_ENDPOINT%s\n%s%s",
                      daemon_socket(), cloud, token, token, endpoint ? "admin_token" : "token",
                      endpoint ? stage_text("=<%s>", endpoint) : " unset", where,
                      endpoint ? "OS_PROJECT_ID unset\nOS_PROJECT_NAME unset\n"
                                 "OS_TENANT_ID unset\nOS_TENANT_NAME unset\n"
                               : "OS_PROJECT_ID=<000000>\nOS_PROJECT_NAME=<sandbox>\n"
                                 "OS_TENANT_ID=<000000>\nOS_TENANT_NAME=<sandbox>\n");
}

/* The sandbox's catalog has no identity service, as Rackspace's has none. */
static const char *expected(const char *cloud, const char *region)
{
    return expected_for(cloud, region, *region ? STORAGE(region) : NULL);
}

static void start(void)
{
    sandbox_start(NULL);
    (void)daemon_start(NULL);
}

/* ---- env */

START_TEST(sets_variables_of_a_shell)
{
    start();
    /* what another cloud left there has to go */
    ck_assert_str_eq(demand_done(command_shell("export OS_STORAGE_URL=old OS_REGION_NAME=old\n"
                                               "eval \"$(\"$LATCHKEY\" env)\"\n" SHOW),
                                 "*"),
                     expected("rackspace", ""));
    ck_assert_str_eq(
        demand_done(command_shell("eval \"$(\"$LATCHKEY\" env --region DFW)\"\n" SHOW), "*"),
        expected("rackspace", "DFW"));
}
END_TEST

START_TEST(knows_the_default_region)
{
    sandbox_start(NULL);
    sandbox_set("'default_region': 'ORD'");
    (void)daemon_start(NULL);
    ck_assert_str_eq(demand_done(command_shell("eval \"$(\"$LATCHKEY\" env)\"\n" SHOW), "*"),
                     expected("rackspace", "ORD"));
}
END_TEST

START_TEST(does_without_a_token)
{
    (void)daemon_start(&(struct daemon_options){
        .config = "[main]\nidentity_type = none\nendpoint = http://h/v1\n"});
    ck_assert_str_eq(demand_done(command_shell("eval \"$(\"$LATCHKEY\" env)\"\n" SHOW), "*"),
                     stage_text("LATCHKEY_SOCKET=<%s>\nLATCHKEY_CLOUD=<main>\nOS_TOKEN unset\n"
                                "OS_AUTH_TOKEN unset\nOS_AUTH_TYPE=<none>\nOS_AUTH_URL unset\n"
                                "OS_IDENTITY_API_VERSION unset\nOS_ENDPOINT=<http://h/v1>\n"
                                "OS_STORAGE_URL=<http://h/v1>\nOS_INTERFACE=<public>\n"
                                "OS_REGION_NAME unset\nOS_PROJECT_ID unset\nOS_PROJECT_NAME unset\n"
                                "OS_TENANT_ID unset\nOS_TENANT_NAME unset\n",
                                daemon_socket()));
    demand_failure(latchkey("token"), 1, "*has no identity service*use signed requests*");
    (void)demand_done(latchkey("status"), "CLOUD*main*ready*-*default*");
    (void)demand_done(latchkey("identity"), "*state*ready*expires in *-\n*");
    (void)demand_done(latchkey("refresh"), "main: ready\n");
    (void)demand_done(latchkey("endpoint", "compute"), "http://h/v1\n");
    (void)demand_done(latchkey("catalog"), "*public*http://h/v1*");
}
END_TEST

/* The cloud's own region need not have an object store; one that is asked for has to. */
START_TEST(does_without_an_object_store)
{
    sandbox_start(NULL);
    sandbox_set("'default_region': 'LON'");
    (void)daemon_start(NULL);
    (void)demand_done(command_shell("eval \"$(\"$LATCHKEY\" env)\"\n" SHOW),
                      "*\nOS_TOKEN=<?*>\n*\nOS_STORAGE_URL "
                      "unset\nOS_INTERFACE unset\nOS_REGION_NAME=<LON>\nOS_PROJECT_ID=<000000>\n*");
    (void)demand_done(latchkey("run", "--", "echo", "done"), "done\n");
    demand_failure(latchkey("env", "--region", "LON"), 1, "*DFW*ORD*");
}
END_TEST

/* However it was typed or configured. */
START_TEST(spells_a_region_as_the_catalog_does)
{
    start();
    ck_assert_str_eq(
        demand_done(command_shell("eval \"$(\"$LATCHKEY\" env --region dfw)\"\n" SHOW), "*"),
        expected("rackspace", "DFW"));
    sandbox_set("'default_region': 'ord'");
    (void)demand_done(latchkey("refresh"), "rackspace: ready, *\n");
    ck_assert_str_eq(demand_done(command_shell("eval \"$(\"$LATCHKEY\" env)\"\n" SHOW), "*"),
                     expected("rackspace", "ORD"));
}
END_TEST

/* A socket below a folder whose name is a trap. */
START_TEST(quotes_what_a_shell_would_take_apart)
{
    const char *folder = stage_path("it's $(false) \"`a`\" b;c");
    const char *socket = stage_text("%s/s", folder);

    ck_assert_int_eq(mkdir(folder, 0700), 0);
    sandbox_start(NULL);
    (void)daemon_start(&(struct daemon_options){.socket = socket});
    ck_assert_str_eq(demand_done(command_shell("eval \"$(\"$LATCHKEY\" env)\"\n" SHOW), "*"),
                     expected("rackspace", ""));
}
END_TEST

START_TEST(exports_what_it_sets)
{
    start();
    ck_assert_str_eq(demand_done(command_shell("eval \"$(\"$LATCHKEY\" env)\"\nenv |"
                                               " grep -c '^OS_'"),
                                 "*"),
                     "7\n");
}
END_TEST

/* Whatever the shell had before, the token is the only way in. */
START_TEST(leaves_no_other_way_in)
{
#define HOSTILE                                                                           \
    "for name in " INTRUDERS " OS_AUTH_URL OS_IDENTITY_API_VERSION OS_ENDPOINT OS_TOKEN;" \
    " do export $name=old; done\n"
#define OLD "env | grep '=old$' || echo none"
    start();
    (void)demand_done(command_shell(HOSTILE "eval \"$(\"$LATCHKEY\" env)\"\n" OLD), "none\n");
    (void)demand_done(command_shell(HOSTILE "\"$LATCHKEY\" run -- " OLD), "none\n");
}
END_TEST

/* The daemon does not say by which authorities it trusts a cloud: what a shell has is left. */
START_TEST(leaves_the_authorities_alone)
{
    start();
    (void)demand_done(command_shell("export OS_CACERT=/a\neval \"$(\"$LATCHKEY\" env)\"\n"
                                    "echo $OS_CACERT; \"$LATCHKEY\" run -- printenv OS_CACERT"),
                      "/a\n/a\n");
}
END_TEST

START_TEST(is_for_one_service)
{
    start();
    ck_assert_str_eq(demand_done(latchkey("run", "--service", "swift", "--region", "ORD", "--",
                                          "/bin/sh", "-c", SHOW),
                                 "*"),
                     expected_for("rackspace", "ORD", STORAGE("ORD")));
    (void)demand_done(latchkey("env", "--service", "cloudDNS"),
                      "*OS_AUTH_TYPE='admin_token'\n*\nexport OS_ENDPOINT='http*'\n*");
    demand_failure(latchkey("env", "--service", "nothing"), 1, "*nothing*");
    demand_failure(latchkey("run", "--service", "compute", "--", "true"), 1, "*DFW*ORD*");
}
END_TEST

static bool may_renew(_unused_ void *userdata)
{
    return json_integer_value(json_object_get(look_identity("default"), "expires_in")) < 594;
}

START_TEST(has_a_token_that_lives_long_enough)
{
    const char *before;

    sandbox_start((const char *const[]){"--token-lifetime", "600", NULL});
    (void)daemon_start(NULL);
    before = look_token("default");
    ck_assert(wait_until(15, may_renew, NULL));
    ck_assert_str_eq(demand_done(latchkey("run", "--min-ttl", "60", "printenv", "OS_TOKEN"), "*"),
                     stage_text("%s\n", before));
    ck_assert_str_ne(
        demand_done(latchkey("run", "--min-ttl", "599", "printenv", "OS_TOKEN"), "?*\n"),
        stage_text("%s\n", before));
    (void)demand_done(latchkey("env", "--min-ttl", "60"),
                      stage_text("*OS_TOKEN='%s'\n*", look_token("default")));
    ck_assert_int_eq(look_generation("default"), 2);
}
END_TEST

/* ---- run */

START_TEST(gives_a_command_its_environment)
{
    start();
    ck_assert_str_eq(demand_done(latchkey("run", "--", "/bin/sh", "-c", SHOW), "*"),
                     expected("rackspace", ""));
    ck_assert_str_eq(
        demand_done(latchkey("run", "--region", "ORD", "--", "/bin/sh", "-c", SHOW), "*"),
        expected("rackspace", "ORD"));
    /* options behind the command are the command's */
    (void)demand_done(latchkey("run", "echo", "--region", "--", "-x"), "--region -- -x\n");
    (void)demand_done(latchkey("run", "--", "/bin/sh", "-c", "exec \"$LATCHKEY\" identity"),
                      "cloud           rackspace\n*");
}
END_TEST

/* Another directory, and a socket that was given by a path into this one. */
START_TEST(gives_a_path_that_holds_everywhere)
{
    const struct command *c;

    start();
    c = command_shell(stage_text("cd '%s' && LATCHKEY_SOCKET=socket \"$LATCHKEY\" run -- /bin/sh -c"
                                 " 'cd / && \"$LATCHKEY\" token'",
                                 stage_folder()));
    ck_assert_str_eq(demand_done(c, "*"), stage_text("%s\n", look_token("default")));
}
END_TEST

START_TEST(ends_as_the_command_does)
{
    static const int statuses[] = {0, 1, 2, 3, 42, 255};
    const struct command *c;

    start();
    for (size_t i = 0; i < ARRAY_SIZE(statuses); i++) {
        c = latchkey("run", "--", "/bin/sh", "-c", stage_text("exit %d", statuses[i]));
        ck_assert_int_eq(c->status, statuses[i]);
        ck_assert_str_eq(c->err, "");
    }
    c = latchkey("run", "--", "/bin/sh", "-c", "kill -TERM $$");
    ck_assert_int_eq(c->status, 128 + SIGTERM);
    demand_failure(latchkey("run", "--", "no-such-command"), 127,
                   "cannot run 'no-such-command': No such file or directory");
    demand_failure(latchkey("run", "--", "/etc/passwd"), 126,
                   "cannot run '/etc/passwd': Permission denied");
}
END_TEST

/* It is the command, in the same process, with nothing of ours left open. */
START_TEST(becomes_the_command)
{
    struct command *c;
    pid_t pid;

    start();
    c = command_start(NULL, (const char *const[]){"run", "--", "/bin/sh", "-c", "echo $$", NULL});
    pid = c->process.pid;
    ck_assert_str_eq(demand_done(command_finish(c), "*"), stage_text("%d\n", pid));
    ck_assert_str_eq(demand_done(latchkey("run", "ls", "/proc/self/fd"), "*"),
                     command_shell("exec ls /proc/self/fd")->out);
}
END_TEST

/* A command that needs the cloud is not run without it. */
START_TEST(runs_nothing_without_a_token)
{
    const char *sign = stage_path("ran");

    sandbox_start(NULL);
    sandbox_set("'login_fault': 'unauthorized'");
    (void)daemon_start(NULL);
    demand_failure(latchkey("run", "--", "touch", sign), 1, "*refused*");
    ck_assert_int_lt(access(sign, F_OK), 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("environment");
    TCase *c = stage_case(s, "env", 30);

    tcase_add_test(c, sets_variables_of_a_shell);
    tcase_add_test(c, knows_the_default_region);
    tcase_add_test(c, does_without_an_object_store);
    tcase_add_test(c, does_without_a_token);
    tcase_add_test(c, spells_a_region_as_the_catalog_does);
    tcase_add_test(c, quotes_what_a_shell_would_take_apart);
    tcase_add_test(c, exports_what_it_sets);
    tcase_add_test(c, leaves_no_other_way_in);
    tcase_add_test(c, leaves_the_authorities_alone);
    tcase_add_test(c, is_for_one_service);
    tcase_add_test(c, has_a_token_that_lives_long_enough);
    c = stage_case(s, "run", 30);
    tcase_add_test(c, gives_a_command_its_environment);
    tcase_add_test(c, gives_a_path_that_holds_everywhere);
    tcase_add_test(c, ends_as_the_command_does);
    tcase_add_test(c, becomes_the_command);
    tcase_add_test(c, runs_nothing_without_a_token);
    return stage_run(s);
}
