/* SPDX-License-Identifier: MIT */
/* Who may hand a credential to the running daemon and take it away: root and the daemon's own user,
 * and nobody else. */
#include "daemon.h"
#include "look.h"
#include "raw.h"
#include "sandbox.h"
#include "secrets.h"
#include "stage.h"

#include <grp.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define NOBODY 65534
#define TARGET "/v1/rackspace/credential"
#define WRONG_KEY "a-key-that-nobody-gave"

/* The answer to a request that a user makes in a process of its own. */
static const struct reply *ask_as(uid_t uid, const char *method, const char *target,
                                  const char *body)
{
    const char *path = stage_path(stage_text("answer-%u", uid));
    struct reply *r = stage_keep(calloc(1, sizeof(*r)));
    int status;
    pid_t child;

    (void)stage_write(strrchr(path, '/') + 1, 0666, "");
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        size_t length = 0;
        FILE *f;

        if (setgroups(0, NULL) < 0 || setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0)
            _exit(1);
        char *answer =
            raw_ask(stage_text("%s %s HTTP/1.1\r\nHost: latchkey\r\nConnection: close\r\n"
                               "Content-Length: %zu\r\n\r\n%s",
                               method, target, strlen(body), body),
                    &length);

        f = fopen(path, "we");
        _exit(!f || fwrite(answer, 1, length, f) != length || fclose(f) != 0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);

    r->head = stage_read(path, NULL);
    r->body = strstr(r->head, "\r\n\r\n");
    ck_assert_ptr_nonnull(r->body);
    r->body += 4;
    r->head = stage_text("%.*s", (int)(r->body - r->head), r->head);
    r->length = strlen(r->body);
    ck_assert_int_eq(sscanf(r->head, "HTTP/1.1 %ld", &r->status), 1);
    if (r->status >= 400)
        secrets_note(r->body);
    return r;
}

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
