/* SPDX-License-Identifier: MIT */
/* Who may hand a credential to the running daemon and take it away: root and the daemon's own user,
 * and nobody else. */
#include "as_user.h"
#include "daemon.h"
#include "look.h"
#include "sandbox.h"
#include "secrets.h"
#include "stage.h"

#include <string.h>
#include <sys/stat.h>

#define TARGET "/v1/rackspace/credential"
#define WRONG_KEY "a-key-that-nobody-gave"

START_TEST(denies_others)
{
    struct daemon *d;
    const char *token;

    sandbox_start(NULL);
    d = daemon_start(
        &(struct daemon_options){.config = stage_text("[latchkeyd]\nsocket_mode = 0666\n%s",
                                                      daemon_cloud("rackspace", ""))});
    token = look_token("rackspace");
    secrets_add(WRONG_KEY);
    ck_assert_ptr_nonnull(
        strstr(reply_problem(ask_as(NOBODY, "PUT", TARGET,
                                    "{\"username\":\"u\",\"api_key\":\"" WRONG_KEY "\"}"),
                             403, "denied"),
               "65534"));
    (void)reply_problem(ask_as(NOBODY, "PUT", "/v1/default/credential", "nonsense"), 403, "denied");
    (void)reply_problem(ask_as(NOBODY, "DELETE", TARGET, ""), 403, "denied");
    daemon_wait_log(d, "uid=65534");

    /* All the rest is for whoever may connect. */
    ck_assert_ptr_nonnull(strstr(ask_as(NOBODY, "GET", "/v1/rackspace/token", "")->body, token));
    ck_assert_int_eq(ask_as(NOBODY, "POST", "/v1/rackspace/refresh", "")->status, 200);
    look_demand("rackspace", "ready", NULL);
    ck_assert_int_eq(sandbox_count("login_attempt_times"), 2);
}
END_TEST

START_TEST(allows_its_own_user_and_root)
{
    const char *folder = stage_path("own");
    const char *body = "{\"username\":\"" SANDBOX_USER "\",\"api_key\":\"" SANDBOX_KEY "\"}";

    sandbox_start(NULL);
    ck_assert_int_eq(mkdir(folder, 0755), 0);
    ck_assert_int_eq(chown(folder, NOBODY, NOBODY), 0);
    /* root's credential file is none that it can read */
    (void)daemon_start(
        &(struct daemon_options){.uid = NOBODY, .socket = stage_text("%s/socket", folder)});
    look_demand("rackspace", "signed-out", "credential-unreadable");
    ck_assert_int_eq(ask_as(NOBODY, "PUT", TARGET, body)->status, 200);
    look_demand("rackspace", "ready", NULL);
    ck_assert_int_eq(ask_as(NOBODY, "DELETE", TARGET, "")->status, 204);
    (void)reply_json(send_text("PUT", TARGET, body, NULL), 200);
    ck_assert_int_eq(send_text("DELETE", TARGET, NULL, NULL)->status, 204);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("credential peers");
    TCase *c = stage_case(s, "peers", 20);

    tcase_add_test(c, denies_others);
    tcase_add_test(c, allows_its_own_user_and_root);
    return stage_run(s);
}
