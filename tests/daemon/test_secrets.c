/* SPDX-License-Identifier: MIT */
/* The key and the tokens stay where they belong. Every live test looks through the daemon's log and
 * its errors when it ends; here is the rest, and one test that goes through everything that can go
 * wrong. */
#include "daemon.h"
#include "procfs.h"
#include "sandbox.h"
#include "secrets.h"
#include "stage.h"

#include <string.h>
#include <sys/stat.h>

#define NOBODY 65534

static void demand_clean(const char *what, const char *bytes, size_t length)
{
    const char *secret;

    sandbox_remember_tokens();
    secret = secrets_find(bytes, length);
    ck_assert_msg(!secret, "%s holds %s", what, secret);
}

static void demand_clean_file(pid_t pid, const char *name)
{
    size_t length;
    const char *bytes = procfs_read(pid, name, &length);

    if (bytes)
        demand_clean(name, bytes, length);
}

START_TEST(are_not_in_proc)
{
    struct daemon *d;
    size_t length;

    sandbox_start(NULL);
    d = daemon_start(NULL);
    ck_assert_int_eq(get("/v1/default/token")->status, 200);
    ck_assert_ptr_nonnull(procfs_read(d->process.pid, "cmdline", &length));
    ck_assert_uint_gt(length, 10);
    demand_clean_file(d->process.pid, "cmdline");
    demand_clean_file(d->process.pid, "environ");
    demand_clean_file(d->process.pid, "comm");
}
END_TEST

START_TEST(are_not_in_a_core_dump)
{
    const char *limits, *line;
    unsigned long soft, hard;
    struct daemon *d;
    struct stat st;

    sandbox_start(NULL);
    ck_assert_int_eq(chmod(stage_folder(), 0777), 0);
    d = daemon_start(&(struct daemon_options){
        .bare = true,
        .arguments =
            (const char *const[]){
                "--credential-file",
                stage_write("shared", 0644, daemon_credential(SANDBOX_USER, SANDBOX_KEY)),
                "--auth-url", stage_text("%s/v2.0", sandbox_url()), NULL},
        .uid = geteuid() == 0 ? NOBODY : 0});
    limits = procfs_read(d->process.pid, "limits", NULL);
    ck_assert_ptr_nonnull(limits);
    line = strstr(limits, "Max core file size");
    ck_assert_ptr_nonnull(line);
    ck_assert_int_eq(sscanf(line, "Max core file size %lu %lu", &soft, &hard), 2);
    ck_assert_uint_eq(soft, 0);
    ck_assert_uint_eq(hard, 0);

    /* What belongs to a process that may not be dumped belongs to root, whoever runs it: nobody
     * else can look into its memory. */
    if (process_is_instrumented())
        return;
    ck_assert_int_eq(stat(stage_text("/proc/%d/mem", (int)d->process.pid), &st), 0);
    ck_assert_uint_eq(st.st_uid, 0);
}
END_TEST

/* Not in what is answered to those who did not ask for the token. */
START_TEST(are_answered_to_nobody_else)
{
    static const char *const targets[] = {
        "/v1",
        "/v1/default/identity",
        "/v1/default/catalog",
        "/v1/default/catalog?raw=1",
        "/v1/default/endpoint?service=dns",
        "/health",
        "/metrics",
        "/v1/default/proxy/x-echo/headers",
    };

    sandbox_start(NULL);
    (void)daemon_start(NULL);
    for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
        const struct reply *r = get("%s", targets[i]);

        ck_assert_int_eq(r->status, 200);
        demand_clean(targets[i], r->body, r->length);
        demand_clean(targets[i], r->head, strlen(r->head));
    }
}
END_TEST

static const char *const faults[] = {
    "unauthorized",
    "bad_request",
    "user_disabled",
    "forbidden",
    "service_unavailable",
    "over_limit",
    "over_limit_body",
    "over_limit_at",
    "too_many",
    "html",
    "multi_factor",
    "garbage",
    "truncated",
    "empty",
    "wrong_types",
    "no_token",
    "huge",
    "close",
    "hang",
};

static const char *const requests[] = {
    "/v1/default/proxy/x-echo/always-401",
    "/v1/default/proxy/x-echo/status/500",
    "/v1/default/proxy/x-echo/drop?after=10",
    "/v1/default/proxy/x-dead/a",
    "/v1/default/proxy/x-echo/hang",
    "/v1/default/proxy/x-echo/../a",
    "/v1/default/proxy/nonsense/a",
    "/v1/default/token?min_ttl=999999",
    "/v1/default/token?after=99&timeout=0",
    "/v1/default/nonsense",
    "/nonsense",
};

/* All at log level debug, as every daemon here; the look behind it is the stage's. */
START_TEST(stay_out_of_the_log_whatever_goes_wrong)
{
    struct daemon *d;

    sandbox_start(
        (const char *const[]){"--extra-service", "dead,x-dead,,http://127.0.0.1:1/", NULL});
    d = daemon_start(&(struct daemon_options){
        .config = stage_text("[latchkeyd]\nlogin_timeout = 1\nupstream_timeout = 1\n%s",
                             daemon_cloud("main", ""))});
    for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
        sandbox_set("'login_fault': '%s'", faults[i]);
        ck_assert_int_ge(send_text("POST", "/v1/default/refresh", NULL, NULL)->status, 400);
    }
    for (size_t i = 0; i < ARRAY_SIZE(requests); i++)
        (void)get("%s", requests[i]);
    sandbox_set("'login_fault': 'none'");
    sandbox_revoke_all();
    (void)get("/v1/default/proxy/x-echo/");
    ck_assert_int_eq(send_text("POST", "/v1/default/refresh", NULL, NULL)->status, 200);
    ck_assert_int_eq(get("/v1/default/proxy/x-echo/")->status, 200);

    secrets_add("the-handed-in-key");
    (void)send_text("PUT", "/v1/default/credential",
                    "{\"username\":\"myusername\",\"api_key\":\"the-handed-in-key\"}", NULL);
    (void)send_text("PUT", "/v1/default/credential",
                    "{\"username\":\"myusername\",\"api_key\":\"the-handed-in-key\",}", NULL);
    (void)send_text("PUT", "/v1/default/credential", "the-handed-in-key", NULL);
    (void)send_text("POST", "/v1/default/credential", "the-handed-in-key", NULL);
    (void)send_text("DELETE", "/v1/default/credential", NULL, NULL);

    /* Files with something wrong beside a key. */
    daemon_reload(d, stage_text("%snonsense = 1\n", daemon_cloud("main", "")));
    daemon_reload(d, stage_text("%sapi_key = the-handed-in-key\n", daemon_cloud("main", "")));
    daemon_reload(d, "[main]\nidentity_type = rackspace\napi_key the-handed-in-key\n");
    daemon_reload(d, "[main]\nthe-handed-in-key\n");
    ck_assert_ptr_nonnull(strstr(daemon_log(d), "debug:"));
    demand_clean("the log", daemon_log(d), strlen(daemon_log(d)));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("secrets");
    TCase *c = stage_case(s, "secrets", 40);

    tcase_add_test(c, are_not_in_proc);
    tcase_add_test(c, are_not_in_a_core_dump);
    tcase_add_test(c, are_answered_to_nobody_else);
    tcase_add_test(c, stay_out_of_the_log_whatever_goes_wrong);
    return stage_run(s);
}
