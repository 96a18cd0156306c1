/* SPDX-License-Identifier: MIT */
/* The command line and the files that the daemon starts from: what it takes, what it refuses and
 * says, and --check. */
#include "client.h"
#include "daemon.h"
#include "patience.h"
#include "raw.h"
#include "sandbox.h"
#include "secrets.h"
#include "stage.h"

#include <signal.h>
#include <string.h>
#include <sys/stat.h>

/* Runs the daemon with these arguments until it ends: its exit status, and what it said. */
static int run(const char *const *arguments, const char **ret_said)
{
    static unsigned number;
    const char *log = stage_path(stage_text("run-%u.log", number++)), *argv[16];
    struct process p = {0};
    size_t n = 0;
    int status;

    argv[n++] = getenv("LATCHKEY_DAEMON");
    while (*arguments)
        argv[n++] = *arguments++;
    argv[n] = NULL;
    process_start(&p, &(struct process_options){.argv = process_wrap(argv), .log = log});
    status = process_wait(&p, 20);
    ck_assert_int_ne(status, PROCESS_RUNS);
    *ret_said = stage_read(log, NULL);
    sandbox_remember_tokens();
    secrets_demand_clean_log(log);
    return status;
}

#define RUN(ret_said, ...) run((const char *const[]){__VA_ARGS__, NULL}, ret_said)

static bool can_connect(void *userdata)
{
    return raw_connects(userdata);
}

/* ---- the command line */

START_TEST(explains_itself)
{
    const char *said;

    ck_assert_int_eq(RUN(&said, "--help"), 0);
    ck_assert_ptr_nonnull(strstr(said, "--credential-file"));
    ck_assert_int_eq(RUN(&said, "--version"), 0);
    ck_assert_ptr_nonnull(strstr(said, LATCHKEY_VERSION));
    ck_assert_int_eq(RUN(&said, "--nonsense"), 2);
    ck_assert_int_eq(RUN(&said, "nonsense"), 2);
    ck_assert_int_eq(RUN(&said, "--log-level", "loud"), 2);
    ck_assert_int_eq(RUN(&said, "--config", "a", "--credential-file", "b"), 2);
}
END_TEST

START_TEST(refuses_empty_values)
{
    static const char *const options[] = {"--socket", "--config", "--credential-file",
                                          "--auth-url"};
    const char *said;

    for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
        ck_assert_int_eq(RUN(&said, options[i], ""), 2);
        ck_assert_str_eq(said,
                         stage_text("latchkeyd: %s has an empty value: see --help\n", options[i]));
    }
    ck_assert_int_eq(RUN(&said, "-c", ""), 2);
}
END_TEST

/* No name can make up a line of the log, or write to a terminal what it likes. */
START_TEST(writes_no_line_but_its_own)
{
    const char *said;

    ck_assert_int_eq(
        RUN(&said, "--config",
            stage_path("no\nlatchkeyd: notice: all is well\x1b[2J\x7f\xc2\x9b \xc2\xa7")),
        1);
    ck_assert_ptr_nonnull(
        strstr(said, "no?latchkeyd: notice: all is well?[2J??? \xc2\xa7: cannot be read"));
    ck_assert_ptr_eq(strchr(said, '\n'), said + strlen(said) - 1);
}
END_TEST

/* With nothing open, the lock would be standard error and have the log in it. */
START_TEST(bears_closed_standard_streams)
{
    static const char closed[] = "exec \"$@\" <&- >&- 2>&-";
    const char *socket = stage_path("socket"), *lock = stage_text("%s.lock", socket);
    const char *const daemon[] = {getenv("LATCHKEY_DAEMON"), "--socket",         socket,
                                  "--credential-file",       stage_path("none"), NULL};
    const char *argv[32] = {"/bin/sh", "-c", closed, "sh"};
    const char *const *words = process_wrap(daemon);
    _cleanup_(client_freep) struct client *c = client_new(socket, NULL);
    struct process p = {0};

    if (process_is_wrapped()) /* which wants them open */
        return;
    for (size_t i = 0; words[i]; i++)
        argv[4 + i] = words[i];
    process_start(&p, &(struct process_options){.argv = argv, .log = stage_path("closed.log")});
    ck_assert(wait_until(10, can_connect, stage_path("socket")));
    ck_assert_int_eq(client_ask(c, &(struct ask){.target = "/v1"})->status, 200);
    ck_assert_str_eq(stage_read(lock, NULL), "");
    for (int fd = 0; fd <= 2; fd++) {
        char target[64] = "";

        ck_assert_int_gt(
            readlink(stage_text("/proc/%d/fd/%d", p.pid, fd), target, sizeof(target) - 1), 0);
        ck_assert_str_eq(target, "/dev/null");
    }
    process_signal(&p, SIGTERM);
    ck_assert_int_eq(process_wait(&p, 10), 0);
}
END_TEST

START_TEST(needs_no_configuration)
{
    sandbox_start(NULL);
    (void)daemon_start(NULL);
    ck_assert_int_eq(get("/v1/rackspace/token")->status, 200);
    ck_assert_int_eq(get("/v1/default/token")->status, 200);
}
END_TEST

/* In the shape of the sample in pyrax's manual: two environments, the first is the default. */
START_TEST(loads_pyraxs_own_file)
{
    sandbox_start(NULL);
    (void)daemon_start(&(struct daemon_options){
        .config =
            stage_text("[public]\n"
                       "identity_type = rackspace\n"
                       "auth_endpoint = %s/v2.0/\n"
                       "keyring_username = joeracker\n"
                       "credential_file = %s\n"
                       "region = DFW\n"
                       "encoding = utf-8\n"
                       "custom_user_agent = CrazyApp/2.0\n"
                       "debug = False\n"
                       "http_debug = False\n"
                       "verify_ssl = True\n"
                       "use_servicenet = False\n"
                       "\n"
                       "[private]\n"
                       "identity_type = keystone\n"
                       "region = RegionOne\n"
                       "custom_user_agent =\n"
                       "debug = True\n"
                       "auth_endpoint = http://127.0.0.1:1/v2.0/\n"
                       "tenant_name = demo\n"
                       "tenant_id = abc123456\n"
                       "keyring_username = demo\n",
                       sandbox_url(),
                       stage_write("pyrax", 0600, daemon_credential(SANDBOX_USER, SANDBOX_KEY)))});
    ck_assert_str_eq(daemon_state("public"), "ready");
    ck_assert_str_eq(daemon_state("default"), "ready");
    ck_assert_int_eq(get("/v1/public/proxy/cloudfiles/")->status, 204);
    ck_assert_int_eq(get("/v1/private/token")->status, 503);
}
END_TEST

/* As in pyrax, a section of that name is the default wherever it stands. */
START_TEST(takes_the_section_default_for_the_default)
{
    static const char *const names[] = {"default", "settings"};

    sandbox_start(NULL);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        const char *preset;

        (void)daemon_start(&(struct daemon_options){
            .config = stage_text("%s%s", daemon_cloud("first", ""), daemon_cloud(names[i], ""))});
        json_demand(reply_json(get("/v1"), 200), "{s:s}", "default", &preset);
        ck_assert_str_eq(preset, names[i]);
        daemon_stop_all();
    }
}
END_TEST

START_TEST(finds_pyraxs_file_at_home)
{
    /* Root has the system's place only. */
    if (geteuid() != 0)
        return;
    sandbox_start(NULL);
    ck_assert_int_eq(chmod(stage_folder(), 0777), 0);
    (void)stage_write(".pyrax.cfg", 0644, daemon_cloud("home", ""));
    (void)daemon_start(&(struct daemon_options){.bare = true, .uid = 65534});
    ck_assert_str_eq(daemon_state("home"), "ready");
}
END_TEST

START_TEST(serves_a_name_with_a_blank)
{
    sandbox_start(NULL);
    (void)daemon_start(&(struct daemon_options){.config = daemon_cloud("my cloud", "region =")});
    ck_assert_str_eq(daemon_state("my%20cloud"), "ready");
    ck_assert_int_eq(get("/v1/my%%20cloud/proxy/cloudfiles@ORD/")->status, 204);
    ck_assert_ptr_nonnull(strstr(get("/metrics")->body, "{cloud=\"my cloud\"}"));
}
END_TEST

/* ---- credential files */

START_TEST(reads_keys_raw)
{
    static const char key[] = "a%b%(c)s#d;e=f\"g";

    sandbox_start((const char *const[]){"--api-key", key, NULL});
    (void)daemon_start(
        &(struct daemon_options){.credential = daemon_credential(SANDBOX_USER, key)});
    ck_assert_str_eq(daemon_state("default"), "ready");
}
END_TEST

START_TEST(looks_in_the_credentials_directory_first)
{
    const char *folder;

    sandbox_start(NULL);
    folder = stage_path("given");
    ck_assert_int_eq(mkdir(folder, 0700), 0);
    (void)stage_write("given/secret", 0400, daemon_credential(SANDBOX_USER, SANDBOX_KEY));
    (void)stage_write("secret", 0600, daemon_credential(SANDBOX_USER, "the-other-key"));
    (void)daemon_start(&(struct daemon_options){
        .config = stage_text("[main]\nidentity_type = rackspace\nauth_endpoint = %s/v2.0\n"
                             "credential_file = secret\n",
                             sandbox_url()),
        .environment =
            (const char *const[]){stage_text("CREDENTIALS_DIRECTORY=%s", folder), NULL}});
    ck_assert_str_eq(daemon_state("main"), "ready");
    daemon_stop_all();
    /* Beside the configuration is the other one. */
    (void)daemon_start(&(struct daemon_options){
        .config = stage_text("[main]\nidentity_type = rackspace\nauth_endpoint = %s/v2.0\n"
                             "credential_file = secret\n",
                             sandbox_url())});
    ck_assert_str_eq(daemon_state("main"), "rejected");
}
END_TEST

START_TEST(warns_of_a_file_that_others_can_read)
{
    const char *path;
    struct daemon *d;

    sandbox_start(NULL);
    path = stage_write("open", 0644, daemon_credential(SANDBOX_USER, SANDBOX_KEY));
    d = daemon_start(&(struct daemon_options){
        .config = stage_text("[main]\nidentity_type = rackspace\nauth_endpoint = %s/v2.0\n"
                             "credential_file = %s\n",
                             sandbox_url(), path)});
    ck_assert_str_eq(daemon_state("main"), "ready");
    ck_assert_ptr_nonnull(strstr(daemon_log(d), path));
    ck_assert_ptr_nonnull(strstr(daemon_log(d), "chmod"));
    daemon_stop_all();

    ck_assert_int_eq(chmod(path, 0600), 0);
    d = daemon_start(&(struct daemon_options){
        .config = stage_text("[main]\nidentity_type = rackspace\nauth_endpoint = %s/v2.0\n"
                             "credential_file = %s\n",
                             sandbox_url(), path)});
    ck_assert_ptr_null(strstr(daemon_log(d), "chmod"));
}
END_TEST

/* A file that is not there yet keeps nobody from starting. */
START_TEST(waits_for_a_missing_file)
{
    const char *path, *detail;

    sandbox_start(NULL);
    path = stage_path("later");
    (void)daemon_start(&(struct daemon_options){
        .config = stage_text("%s[second]\nidentity_type = rackspace\nauth_endpoint = %s/v2.0\n"
                             "credential_file = %s\n",
                             daemon_cloud("main", ""), sandbox_url(), path)});
    daemon_wait_state("main", "ready");
    detail = reply_problem(get("/v1/second/token"), 503, "credential-unreadable");
    ck_assert_msg(strstr(detail, path), "%s", detail);
    (void)stage_write("later", 0600, daemon_credential(SANDBOX_USER, SANDBOX_KEY));
    daemon_wait_state("second", "ready");
}
END_TEST

/* ---- configurations that are wrong: file, line and key are named */

static const struct {
    const char *text;
    const char *line, *key;
} wrong[] = {
    {"[main]\nidentity_type = rackspace\nnonsense = 1\n", ":3", "nonsense"},
    {"[main]\nidentity_type = rackspace\nregion = DFW\nregion = ORD\n", ":4", "region"},
    {"[main]\nidentity_type = nonsense\n", ":2", "identity_type"},
    {"[main]\nidentity_type = rackspace\nverify_ssl = perhaps\n", ":3", "verify_ssl"},
    {"[main]\nidentity_type = rackspace\nauth_endpoint = ftp://x\n", ":3", "auth_endpoint"},
    {"[main]\nidentity_type = rackspace\nusername = a\ninterface =\n", ":4", "interface"},
    {"[main]\nidentity_type = rackspace\ninterface = sideways\n", ":3", "interface"},
    {"[latchkeyd]\nlogin_timeout = soon\n[main]\nidentity_type = rackspace\n", ":2",
     "login_timeout"},
    {"[latchkeyd]\nsocket_mode = 999\n[main]\nidentity_type = rackspace\n", ":2", "socket_mode"},
    {"[latchkeyd]\nlog_level = loud\n[main]\nidentity_type = rackspace\n", ":2", "log_level"},
    {"[latchkeyd]\ndefault = other\n[main]\nidentity_type = rackspace\n", ":2", "default"},
    {"[main]\nidentity_type = rackspace\napi_key = k3y-without-user\n", ":3", "api_key"},
    {"[main]\nnot a line\n", ":2", ""},
    {"[main\n", ":1", ""},
    {"region = DFW\n", ":1", ""},
};

START_TEST(refuses_a_wrong_configuration)
{
    const char *complaints = "";

    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        const char *path = stage_write("wrong.conf", 0600, wrong[i].text), *said;
        int status = RUN(&said, "--config", path, "--socket", stage_path("socket"));

        if (status != 1 || !strstr(said, stage_text("%s%s", path, wrong[i].line)) ||
            !strstr(said, wrong[i].key))
            complaints = stage_text("%s%s-> %d %s\n", complaints, wrong[i].text, status, said);
        /* It has not even begun to listen. */
        ck_assert_int_ne(access(stage_path("socket"), F_OK), 0);
    }
    ck_assert_msg(!*complaints, "%s", complaints);
}
END_TEST

START_TEST(refuses_a_missing_or_malformed_file)
{
    const char *said, *path;

    ck_assert_int_eq(RUN(&said, "--config", stage_path("nowhere"), "--socket", stage_path("s")), 1);
    ck_assert_ptr_nonnull(strstr(said, stage_path("nowhere")));
    path = stage_write("bad", 0600, "[rackspace_cloud]\nusername = a\napi_key = b\nnonsense = c\n");
    ck_assert_int_eq(RUN(&said, "--credential-file", path, "--socket", stage_path("s")), 1);
    ck_assert_ptr_nonnull(strstr(said, stage_text("%s:4", path)));
    ck_assert_ptr_nonnull(strstr(said, "nonsense"));
}
END_TEST

/* ---- --check */

START_TEST(checks_every_cloud_in_a_line)
{
    const char *path, *said;

    sandbox_start(NULL);
    path = stage_write("check.conf", 0600,
                       stage_text("%s%s", daemon_cloud("first", ""), daemon_cloud("second", "")));
    ck_assert_int_eq(RUN(&said, "--check", "--config", path), 0);
    ck_assert_msg(!strncmp(said, "first: ok", 9) && strstr(said, "\nsecond: ok"), "%s", said);
    ck_assert_ptr_nonnull(strstr(said, SANDBOX_USER));
    ck_assert_int_eq(sandbox_count("login_attempt_times"), 2);
    ck_assert_uint_eq(strlen(said), (size_t)(strchr(strchr(said, '\n') + 1, '\n') + 1 - said));
}
END_TEST

START_TEST(checks_and_names_what_is_wrong)
{
    const char *path, *said;

    sandbox_start(NULL);
    secrets_add("mistyped-key");
    path = stage_write("check.conf", 0600,
                       stage_text("%s[second]\nidentity_type = rackspace\nauth_endpoint = %s/v2.0\n"
                                  "username = %s\napi_key = mistyped-key\n"
                                  "[third]\nidentity_type = rackspace\nauth_endpoint = %s/v2.0\n",
                                  daemon_cloud("first", ""), sandbox_url(), SANDBOX_USER,
                                  sandbox_url()));
    ck_assert_int_eq(RUN(&said, "--check", "--config", path), 1);
    ck_assert_msg(strstr(said, "first: ok"), "%s", said);
    ck_assert_msg(strstr(said, "second: credentials-rejected: "), "%s", said);
    ck_assert_msg(strstr(said, "third: signed-out: "), "%s", said);

    path = stage_write("check.conf", 0600, "[main]\nidentity_type = nonsense\n");
    ck_assert_int_eq(RUN(&said, "--check", "--config", path), 1);
    ck_assert_ptr_nonnull(strstr(said, stage_text("%s:2", path)));

    path = stage_write("cred", 0600, daemon_credential(SANDBOX_USER, SANDBOX_KEY));
    ck_assert_int_eq(RUN(&said, "--check", "--credential-file", path, "--auth-url",
                         stage_text("%s/v2.0", sandbox_url())),
                     0);
    ck_assert_msg(!strncmp(said, "rackspace: ok", 13), "%s", said);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("start");
    TCase *c = stage_case(s, "command line", 30);

    tcase_add_test(c, explains_itself);
    tcase_add_test(c, refuses_empty_values);
    tcase_add_test(c, writes_no_line_but_its_own);
    tcase_add_test(c, bears_closed_standard_streams);
    tcase_add_test(c, needs_no_configuration);
    tcase_add_test(c, loads_pyraxs_own_file);
    tcase_add_test(c, takes_the_section_default_for_the_default);
    tcase_add_test(c, finds_pyraxs_file_at_home);
    tcase_add_test(c, serves_a_name_with_a_blank);
    c = stage_case(s, "credential files", 30);
    tcase_add_test(c, reads_keys_raw);
    tcase_add_test(c, looks_in_the_credentials_directory_first);
    tcase_add_test(c, warns_of_a_file_that_others_can_read);
    tcase_add_test(c, waits_for_a_missing_file);
    c = stage_case(s, "refusals", 30);
    tcase_add_test(c, refuses_a_wrong_configuration);
    tcase_add_test(c, refuses_a_missing_or_malformed_file);
    c = stage_case(s, "check", 30);
    tcase_add_test(c, checks_every_cloud_in_a_line);
    tcase_add_test(c, checks_and_names_what_is_wrong);
    return stage_run(s);
}
