/* SPDX-License-Identifier: MIT */
/* The result that each refusal has in a program that uses liblatchkey, and that none of its calls
 * leaves a trace in the process. */
#include "daemon.h"
#include "look.h"
#include "procfs.h"
#include "program.h"
#include "sandbox.h"
#include "secrets.h"
#include "stage.h"

#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#define NOBODY 65534

/* ---- refusals */

/* The result of the call, and all that its error has to say. */
static void demand_refusal(int r, lk_status status, const char *code, unsigned http_status,
                           lk_error **error)
{
    ck_assert_int_eq(r, (int)status);
    ck_assert_int_eq(lk_error_result(*error), r);
    ck_assert_str_eq(lk_error_code(*error), code);
    ck_assert_uint_eq(lk_error_http_status(*error), http_status);
    ck_assert_ptr_nonnull(lk_error_title(*error));
    ck_assert_str_eq(lk_error_message(*error), lk_error_detail(*error));
    secrets_note(lk_error_message(*error));
    lk_error_free(*error);
    *error = NULL;
}

START_TEST(knows_what_is_refused)
{
    static const struct {
        const char *service, *region, *interface;
        lk_status status;
        const char *code;
        unsigned http_status;
    } choices[] = {
        {"nonsense", NULL, NULL, LK_UNKNOWN_SERVICE, "unknown-service", 404},
        {"swift", "LON", NULL, LK_UNKNOWN_REGION, "unknown-region", 404},
        {"swift", NULL, NULL, LK_REGION_REQUIRED, "region-required", 400},
        {"cloudFilesCDN", "DFW", "internal", LK_UNKNOWN_INTERFACE, "unknown-interface", 404},
    };
    lk_error *error = NULL;
    lk_endpoint *endpoint = NULL;
    lk_token *token = NULL;
    lk_request *request = NULL;

    program_start();
    for (size_t i = 0; i < ARRAY_SIZE(choices); i++) {
        int r = lk_endpoint_get(client, NULL, choices[i].service, choices[i].region,
                                choices[i].interface, &endpoint, &error);

        demand_refusal(r, choices[i].status, choices[i].code, choices[i].http_status, &error);
    }
    ck_assert_ptr_null(endpoint);
    demand_refusal(lk_token_get(client, "nowhere", 0, &token, &error), LK_UNKNOWN_CLOUD,
                   "unknown-cloud", 404, &error);

    ck_assert_int_eq(lk_request_new(client, "GET", "dns", "a/../../b", &request), 0);
    demand_refusal(lk_request_perform(request, &error), LK_BAD_PATH, "bad-path", 400, &error);
    ck_assert_uint_eq(lk_request_status(request), 400);
    lk_request_free(request);

    ck_assert_int_eq(lk_request_new(client, "GET", "x-echo", "x", &request), 0);
    sandbox_stop();
    demand_refusal(lk_request_perform(request, &error), LK_UNREACHABLE, "upstream-unreachable", 502,
                   &error);
    lk_request_free(request);
    ck_assert_ptr_null(token);
}
END_TEST

/* A login that fails, and what a program learns of it. */
START_TEST(knows_why_a_login_failed)
{
    static const struct {
        const char *fault;
        lk_status status;
    } faults[] = {
        {"unauthorized", LK_CREDENTIALS_REJECTED},
        {"user_disabled", LK_CREDENTIALS_REJECTED},
        {"over_limit", LK_RATE_LIMITED},
        {"garbage", LK_UPSTREAM_BROKEN},
        {"service_unavailable", LK_UPSTREAM_BROKEN},
        {"close", LK_UNREACHABLE},
    };

    sandbox_start(NULL);
    sandbox_set("'login_fault': '%s'", faults[_i].fault);
    (void)daemon_start(NULL);
    program_connect(daemon_socket());
    lk_token *token = NULL;
    lk_error *error = NULL;

    ck_assert_int_eq(lk_refresh(client, NULL, NULL, &error), (int)faults[_i].status);
    secrets_note(lk_error_message(error));
    lk_error_free(error);
    ck_assert_int_eq(lk_token_get(client, NULL, 0, &token, NULL), (int)faults[_i].status);
    ck_assert_ptr_null(token);
}
END_TEST

START_TEST(is_denied_what_is_for_root_only)
{
    int status;
    pid_t child;

    if (geteuid() != 0)
        return; /* nobody else to be */
    sandbox_start(NULL);
    (void)daemon_start(&(struct daemon_options){
        .config = stage_text("[latchkeyd]\nsocket_mode = 0666\n%s", daemon_cloud("main", ""))});
    program_connect(daemon_socket());
    child = fork();
    if (child == 0) {
        lk_token *token = NULL;
        lk_error *error = NULL;

        if (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
            setresuid(NOBODY, NOBODY, NOBODY) < 0)
            _exit(1);
        if (lk_logout(client, NULL, &error) != LK_DENIED || lk_error_http_status(error) != 403)
            _exit(2);
        _exit(lk_token_get(client, NULL, 0, &token, NULL) == 0 ? 0 : 3);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    look_demand("main", "ready", NULL);
}
END_TEST

START_TEST(knows_that_nobody_is_there)
{
    struct daemon *d;
    lk_token *token = NULL;
    lk_error *error = NULL;

    program_connect(stage_path("nobody"));
    ck_assert_int_eq(lk_token_get(client, NULL, 0, &token, &error), -ENOENT);
    ck_assert_int_eq(lk_error_result(error), -ENOENT);
    ck_assert_ptr_null(lk_error_code(error));
    ck_assert_uint_eq(lk_error_http_status(error), 0);
    lk_error_free(error);

    sandbox_start(NULL);
    d = daemon_start(NULL);
    program_connect(daemon_socket());
    process_signal(&d->process, SIGSTOP);
    ck_assert_int_eq(lk_client_set_timeout(client, 1), 0);
    ck_assert_int_eq(lk_client_connect(client, NULL), -ETIMEDOUT);
    process_kill(&d->process);
    ck_assert_int_eq(lk_client_connect(client, NULL), -ECONNREFUSED);
    ck_assert_ptr_null(token);
}
END_TEST

/* ---- manners */

/* What the process does about each signal, and which it holds back: a line each. */
static const char *describe_signals(void)
{
    const char *text = "";
    sigset_t held;

    sigprocmask(SIG_BLOCK, NULL, &held);
    for (int i = 1; i < NSIG; i++) {
        struct sigaction action;

        if (sigaction(i, NULL, &action) == 0)
            text = stage_text("%s%d: %#lx %#x %d\n", text, i, (unsigned long)action.sa_handler,
                              (unsigned)action.sa_flags, sigismember(&held, i));
    }
    return text;
}

START_TEST(leaves_no_trace)
{
    const char *signals;
    lk_client *passing = NULL;
    int descriptors;

    sandbox_start(NULL);
    (void)daemon_start(NULL);
    (void)signal(SIGPIPE, SIG_DFL);
    signals = describe_signals();
    descriptors = procfs_descriptors(getpid());

    for (int i = 0; i < 3; i++) {
        lk_token *token = NULL;
        lk_request *request = NULL;

        ck_assert_int_eq(lk_client_new(daemon_socket(), &passing), 0);
        ck_assert_int_eq(lk_token_get(passing, NULL, 0, &token, NULL), 0);
        ck_assert_int_eq(lk_token_get(passing, "nowhere", 0, &token, NULL), LK_UNKNOWN_CLOUD);
        ck_assert_int_eq(lk_request_new(passing, "GET", "x-echo", "drop?after=9999", &request), 0);
        ck_assert_int_eq(lk_request_perform(request, NULL), -ECONNRESET);
        ck_assert_str_eq(describe_signals(), signals);
        lk_request_free(request);
        lk_token_free(token);
        lk_client_free(passing);
    }
    ck_assert_str_eq(describe_signals(), signals);
    ck_assert_int_eq(procfs_descriptors(getpid()), descriptors);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("refusals");
    TCase *c = stage_case(s, "refusals", 20);

    tcase_add_test(c, knows_what_is_refused);
    tcase_add_loop_test(c, knows_why_a_login_failed, 0, 6);
    tcase_add_test(c, is_denied_what_is_for_root_only);
    tcase_add_test(c, knows_that_nobody_is_there);
    c = stage_case(s, "manners", 20);
    tcase_add_test(c, leaves_no_trace);
    return stage_run(s);
}
