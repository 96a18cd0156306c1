/* SPDX-License-Identifier: MIT */
/* revoke_on_exit: the token that a cloud holds ends with the daemon, or with the cloud; within the
 * time of a stop, whatever the identity service does. */
#include "client.h"
#include "daemon.h"
#include "look.h"
#include "patience.h"
#include "raw.h"
#include "sandbox.h"
#include "stage.h"
#include "wire.h"

#include <signal.h>
#include <string.h>

static struct daemon *start(const char *more)
{
    sandbox_start(NULL);
    return daemon_start(&(struct daemon_options){.config = daemon_cloud("main", more)});
}

static double stop(struct daemon *d)
{
    double begin = time_now();

    daemon_stop(d);
    return time_now() - begin;
}

START_TEST(ends_with_the_daemon)
{
    struct daemon *d = start("revoke_on_exit = yes");
    const char *token = look_token("main");

    ck_assert(sandbox_takes(token));
    ck_assert(stop(d) < patience(2));
    ck_assert(!sandbox_takes(token));
    ck_assert_ptr_nonnull(strstr(daemon_log(d), "the token was revoked"));
}
END_TEST

START_TEST(outlives_the_daemon_without_being_told)
{
    struct daemon *d = start("");
    const char *token = look_token("main");

    daemon_stop(d);
    ck_assert(sandbox_takes(token));
}
END_TEST

/* Not by a reload that changes nothing of it. */
START_TEST(outlives_a_reload)
{
    struct daemon *d = start("revoke_on_exit = yes");
    const char *token = look_token("main");

    daemon_reload(d, daemon_cloud("main", "revoke_on_exit = yes\nregion = ORD"));
    ck_assert(sandbox_takes(token));
}
END_TEST

START_TEST(ends_with_the_cloud)
{
    const char *stays = NULL, *goes, *forgotten;
    struct daemon *d;

    sandbox_start(NULL);
    stays = daemon_cloud("stays", "revoke_on_exit = yes");
    d = daemon_start(&(struct daemon_options){
        .config = stage_text("%s%s%s", stays, daemon_cloud("goes", "revoke_on_exit = yes"),
                             daemon_cloud("other", ""))});
    daemon_wait_state("goes", "ready");
    daemon_wait_state("other", "ready");
    goes = look_token("goes");
    forgotten = look_token("other");
    stays = stage_text("%s", stays);
    daemon_reload(d, stays);
    daemon_wait_log(d, "cloud goes: the token was revoked");
    ck_assert(!sandbox_takes(goes));
    ck_assert(sandbox_takes(forgotten));
    ck_assert(sandbox_takes(look_token("stays")));
}
END_TEST

/* The revocation of a cloud that is gone is waited for, too. */
START_TEST(ends_with_the_cloud_at_the_last_moment)
{
    struct daemon *d;
    const char *goes;

    sandbox_start(NULL);
    sandbox_set("'revocation_delay': 1");
    d = daemon_start(&(struct daemon_options){
        .config = stage_text("%s%s", daemon_cloud("stays", ""),
                             daemon_cloud("goes", "revoke_on_exit = yes"))});
    daemon_wait_state("goes", "ready");
    goes = look_token("goes");
    daemon_reload(d, daemon_cloud("stays", ""));
    daemon_stop(d);
    ck_assert(!sandbox_takes(goes));
    ck_assert_ptr_nonnull(strstr(daemon_log(d), "cloud goes: the token was revoked"));
}
END_TEST

/* All at once: three that take a second each. */
START_TEST(ends_together_with_others)
{
    const char *tokens[3];
    struct daemon *d;
    double took;

    sandbox_start(NULL);
    sandbox_set("'revocation_delay': 1");
    d = daemon_start(&(struct daemon_options){
        .config = stage_text("%s%s%s", daemon_cloud("c0", "revoke_on_exit = yes"),
                             daemon_cloud("c1", "revoke_on_exit = yes"),
                             daemon_cloud("c2", "revoke_on_exit = yes"))});
    for (int i = 0; i < 3; i++) {
        daemon_wait_state(stage_text("c%d", i), "ready");
        tokens[i] = look_token(stage_text("c%d", i));
    }
    took = stop(d);
    ck_assert_msg(took > 0.9 && took < patience(2.5), "%.2f s", took);
    for (int i = 0; i < 3; i++)
        ck_assert(!sandbox_takes(tokens[i]));
}
END_TEST

/* systemd hears STOPPING once, and what takes so long. */
START_TEST(is_given_up_when_nobody_answers)
{
    struct daemon *d = start("revoke_on_exit = yes");
    double took;

    sandbox_set("'revocation_delay': 60");
    took = stop(d);
    ck_assert_msg(took > 4.5 && took < 5 + patience(1.5), "%.2f s", took);
    ck_assert_ptr_nonnull(strstr(daemon_log(d), "the token was not revoked"));
    ck_assert_ptr_nonnull(strstr(notify_said(d->notify), "STOPPING=1"));
    ck_assert_ptr_nonnull(strstr(notify_said(d->notify), "tokens are being revoked"));
}
END_TEST

/* Requests that take all their time leave some for it, and all of it stays within 10 s. */
START_TEST(waits_for_requests)
{
    struct daemon *d = start("revoke_on_exit = yes");
    const char *token = look_token("main");
    _cleanup_(closep) int hangs = raw_connect(NULL);
    double took;

    raw_print(hangs, "GET /v1/main/proxy/x-echo/hang HTTP/1.1\r\nHost: x\r\n\r\n");
    sandbox_wait_count("active_transfers", 1);
    took = stop(d);
    ck_assert_msg(took > 6 && took < 7.5 + patience(1), "%.2f s", took);
    ck_assert(!sandbox_takes(token));
}
END_TEST

START_TEST(is_given_up_when_asked_twice)
{
    struct daemon *d = start("revoke_on_exit = yes");
    double begin;

    sandbox_set("'revocation_delay': 60");
    process_signal(&d->process, SIGTERM);
    ck_assert(notify_wait(d->notify, "STATUS=stopping, tokens are being revoked", 5));
    begin = time_now();
    process_signal(&d->process, SIGTERM);
    ck_assert_int_eq(daemon_wait_end(d, 3), 0);
    ck_assert(time_now() - begin < patience(2));
}
END_TEST

/* A login that hangs is no obstacle, and there is no token that nobody knows of. */
START_TEST(cancels_the_login)
{
    struct daemon *d = start("revoke_on_exit = yes");
    const char *token = look_token("main");
    _cleanup_(closep) int waits = raw_connect(NULL);

    sandbox_set("'login_fault': 'hang'");
    raw_print(waits, "POST /v1/main/refresh HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
    sandbox_wait_count("login_attempt_times", 2);
    close(waits);
    waits = -1;
    ck_assert(stop(d) < patience(3));
    ck_assert(!sandbox_takes(token));
}
END_TEST

START_TEST(is_not_there_when_the_login_failed)
{
    struct daemon *d;

    sandbox_start(NULL);
    sandbox_set("'login_fault': 'unauthorized'");
    d = daemon_start(
        &(struct daemon_options){.config = daemon_cloud("main", "revoke_on_exit = yes")});
    ck_assert(stop(d) < patience(2));
    ck_assert_ptr_null(strstr(daemon_log(d), "revoked"));
}
END_TEST

/* The identity service is gone. */
START_TEST(is_given_up_when_nobody_is_there)
{
    int port, fd = wire_listen(&port);
    struct daemon *d;

    close(fd);
    sandbox_start((const char *const[]){"--port", stage_text("%d", port), NULL});
    d = daemon_start(
        &(struct daemon_options){.config = daemon_cloud("main", "revoke_on_exit = yes")});
    sandbox_stop();
    ck_assert(!sandbox_runs());
    process_signal(&d->process, SIGTERM);
    ck_assert_int_eq(process_wait(&d->process, 5), 0);
    ck_assert_ptr_nonnull(strstr(daemon_log(d), "the token was not revoked"));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("revocation");
    TCase *c = stage_case(s, "token", 40);

    tcase_add_test(c, ends_with_the_daemon);
    tcase_add_test(c, outlives_the_daemon_without_being_told);
    tcase_add_test(c, outlives_a_reload);
    tcase_add_test(c, ends_with_the_cloud);
    tcase_add_test(c, ends_with_the_cloud_at_the_last_moment);
    tcase_add_test(c, ends_together_with_others);
    tcase_add_test(c, is_given_up_when_nobody_answers);
    tcase_add_test(c, waits_for_requests);
    tcase_add_test(c, is_given_up_when_asked_twice);
    tcase_add_test(c, cancels_the_login);
    tcase_add_test(c, is_not_there_when_the_login_failed);
    tcase_add_test(c, is_given_up_when_nobody_is_there);
    return stage_run(s);
}
