/* SPDX-License-Identifier: MIT */
/* A restart without a login: what the daemon has systemd keep, and goes on with. The harness plays
 * systemd; the real one is in tests/systemd. */
#include "client.h"
#include "look.h"
#include "patience.h"
#include "raw.h"
#include "restart.h"
#include "sandbox.h"
#include "stage.h"

#include <signal.h>
#include <string.h>
#include <sys/socket.h>

#define MANY 50

/* ---- what goes on */

START_TEST(goes_on_with_the_token)
{
    struct daemon *d =
        restart_begin("object_store_endpoint_override = http://127.0.0.1:1/%(project_id)s\n"
                      "image_endpoint_override = http://127.0.0.1:1/{region_name}\n");
    static const char *const targets[] = {"/v1/main/catalog", "/v1/main/catalog?raw=1"};
    const char *token = look_token("main"), *before[ARRAY_SIZE(targets)];
    json_int_t refresh_in = look_refresh_in("main");

    for (size_t i = 0; i < ARRAY_SIZE(targets); i++)
        before[i] = get("%s", targets[i])->body;
    for (int i = 0; i < 3; i++) {
        d = restart(d, _i);
        ck_assert_str_eq(look_token("main"), token);
        ck_assert_int_eq(look_generation("main"), 1);
        ck_assert_int_eq(restart_kept(d), 1);
        ck_assert_ptr_nonnull(strstr(daemon_log(d), "was taken over from before the restart"));
    }
    look_demand("main", "ready", NULL);
    for (size_t i = 0; i < ARRAY_SIZE(targets); i++)
        ck_assert_str_eq(get("%s", targets[i])->body, before[i]);
    ck_assert_int_le(look_refresh_in("main"), refresh_in);
    ck_assert_int_ge(look_refresh_in("main"), refresh_in - (json_int_t)patience(20));
    ck_assert_int_eq(restart_attempts(), 1);
}
END_TEST

/* The Identity object but for what time has changed in it. */
static char *identity_of(const char *cloud)
{
    static const char *const moving[] = {"expires_in", "refresh_in"};
    json_t *identity = json_deep_copy(look_identity(cloud));
    char *text;

    for (size_t i = 0; i < ARRAY_SIZE(moving); i++)
        ck_assert_int_eq(json_object_del(identity, moving[i]), 0);
    text = stage_keep(json_dumps(identity, JSON_SORT_KEYS));
    json_decref(identity);
    return text;
}

START_TEST(goes_on_as_the_same_user)
{
    struct daemon *d = restart_begin("");
    const char *before = identity_of("main");

    ck_assert_ptr_nonnull(strstr(before, "\"roles\""));
    (void)restart(d, false);
    ck_assert_str_eq(identity_of("main"), before);
}
END_TEST

/* Nobody has to be asked for that: the identity service may be gone. */
START_TEST(is_ready_at_once)
{
    struct daemon *d = restart_begin("");
    const char *token = look_token("main");

    sandbox_set("'login_fault': 'hang'");
    d = restart(d, true);
    ck_assert_str_eq(look_token("main"), token);
    ck_assert_ptr_nonnull(strstr(notify_said(d->notify), "STATUS=1 of 1 clouds ready\nREADY=1\n"));
    ck_assert_int_eq(restart_attempts(), 1);
    sandbox_set("'login_fault': 'none'");
}
END_TEST

/* Who waits for a newer token waits for the next one, not for the first one of the next process. */
START_TEST(counts_on)
{
    struct daemon *d = restart_begin("");

    for (json_int_t generation = 1; generation <= 3; generation++) {
        const char *next = stage_text("/v1/main/token?after=%d&timeout=20", (int)generation);
        json_int_t got;

        d = restart(d, generation % 2);
        ck_assert_int_eq(look_generation("main"), generation);
        ck_assert_int_eq(get("/v1/main/token?after=%d&timeout=0", (int)generation)->status, 204);
        ck_assert_int_eq(send_text("POST", "/v1/main/refresh", NULL, NULL)->status, 200);
        json_demand(reply_json(get("%s", next), 200), "{s:I}", "generation", &got);
        ck_assert_int_eq(got, generation + 1);
        ck_assert_int_eq(restart_attempts(), generation + 1);
        ck_assert_uint_eq(restart_kept(d), 1);
    }
    /* one in this process */
    ck_assert_ptr_nonnull(
        strstr(get("/metrics")->body, "latchkey_renewals_total{cloud=\"main\"} 1\n"));
}
END_TEST

/* Renewed when it was to be: the process has nothing to do with it. */
START_TEST(renews_when_that_was_planned)
{
    const char *token;
    struct daemon *d;

    sandbox_start((const char *const[]){"--token-lifetime", "10", NULL});
    d = daemon_start(&(struct daemon_options){.config = daemon_cloud("main", "")});
    token = look_token("main");
    (void)restart(d, true);
    ck_assert_str_eq(look_token("main"), token);
    ck_assert_int_eq(get("/v1/main/token?after=1&timeout=20")->status, 200);
    ck_assert_int_eq(look_generation("main"), 2);
    ck_assert_int_eq(restart_attempts(), 2);
}
END_TEST

START_TEST(goes_on_with_many)
{
    struct daemon *first, *d;
    char *config = stage_text("%s", "");
    const char *tokens[MANY];

    sandbox_start(NULL);
    for (int i = 0; i < MANY; i++)
        config = stage_text("%s%s", config, daemon_cloud(stage_text("cloud %d", i), ""));
    first = daemon_start(&(struct daemon_options){.config = config});
    sandbox_wait_count("logins", MANY);
    for (int i = 0; i < MANY; i++) {
        daemon_wait_state(stage_text("cloud%%20%d", i), "ready");
        tokens[i] = look_token(stage_text("cloud%%20%d", i));
    }
    ck_assert_uint_eq(restart_kept(first), MANY);
    d = restart(first, true);
    for (int i = 0; i < MANY; i++)
        ck_assert_str_eq(look_token(stage_text("cloud%%20%d", i)), tokens[i]);
    ck_assert_uint_eq(restart_kept(d), MANY);
    ck_assert_int_eq(restart_attempts(), MANY);
    /* What FileDescriptorStoreMax= has to have room for. */
    ck_assert_uint_eq(notify_kept_most(first->notify), MANY);
    ck_assert_uint_eq(notify_kept_most(d->notify), MANY + 1);
}
END_TEST

/* So many clouds, with that behind their names. */
static const char *clouds_with(int n, const char *tail)
{
    char *config = stage_text("%s", "");

    for (int i = 0; i < n; i++)
        config = stage_text("%s%s", config, daemon_cloud(stage_text("cloud-%d%s", i, tail), ""));
    return config;
}

/* What is too much for systemd it closes without a word: it does not get it, and the log says so. A session that
 * is kept has room for the one that takes its place. */
START_TEST(keeps_no_more_than_systemd_does)
{
    static const char *const three[] = {"FDSTORE=3", NULL};
    struct daemon *first, *d;

    sandbox_start(NULL);
    first =
        daemon_start(&(struct daemon_options){.config = clouds_with(5, ""), .environment = three});
    for (int i = 0; i < 5; i++)
        daemon_wait_state(stage_text("cloud-%d", i), "ready");
    ck_assert_uint_eq(restart_kept(first), 2);
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(
            send_text("POST", stage_text("/v1/cloud-%d/refresh", i), NULL, NULL)->status, 200);
    ck_assert_uint_eq(restart_kept(first), 2);
    ck_assert_uint_eq(notify_kept_most(first->notify), 3);
    daemon_wait_log(first, "raise FileDescriptorStoreMax=");
    daemon_stop(first);
    d = daemon_start(&(struct daemon_options){
        .config = clouds_with(5, ""), .environment = three, .after = first});
    for (int i = 0; i < 5; i++)
        daemon_wait_state(stage_text("cloud-%d", i), "ready");
    ck_assert_int_eq(restart_attempts(), 5 + 5 + 3);
    ck_assert_uint_eq(restart_kept(d), 2);
}
END_TEST

/* Their names are one string in the environment of the next daemon, which is not to fail of that. */
START_TEST(keeps_no_more_than_has_room_in_an_environment)
{
    static const char *const any[] = {"FDSTORE=100000", NULL};
    static const char start[] = "FDNAME=";
    size_t length = 0;
    struct daemon *d;
    const char *said;
    char tail[39] = "";

    memset(tail, 'x', sizeof(tail) - 1);
    sandbox_start(NULL);
    d = daemon_start(
        &(struct daemon_options){.config = clouds_with(2500, tail), .environment = any});
    ck_assert(notify_wait(d->notify, "STATUS=2500 of 2500 clouds ready", 30));
    for (said = notify_said(d->notify); (said = strstr(said, start)); said += strlen(start))
        length += strcspn(said, "\n") - strlen(start) + 1;
    ck_assert_uint_gt(length, (size_t)100 * 1024);
    ck_assert_uint_lt(length, (size_t)120 * 1024);
}
END_TEST

/* ---- what else is passed */

static bool answers(const char *path)
{
    int fd = raw_connect(path);
    char answer[16] = "";

    raw_print(fd, "GET /v1/main/token HTTP/1.1\r\nHost: x\r\n\r\n");
    ck_assert_int_gt(read(fd, answer, sizeof(answer) - 1), 0);
    close(fd);
    return !strncmp(answer, "HTTP/1.1 200", 12);
}

/* In whatever order, and where one of its own was asked for, too. */
START_TEST(finds_its_sockets_beside)
{
    const char *paths[] = {stage_path("one"), stage_path("two")};
    int sockets[] = {raw_listen(paths[0], SOCK_STREAM), raw_listen(paths[1], SOCK_STREAM)};
    struct daemon *d = restart_begin("");
    bool own = _i / 2;

    process_kill(&d->process);
    d = daemon_start(&(struct daemon_options){.config = daemon_cloud("main", ""),
                                              .after = d,
                                              .socket = own ? NULL : "",
                                              .passed_fds = sockets,
                                              .n_passed_fds = 2,
                                              .kept_first = _i % 2});
    ck_assert_int_eq(restart_attempts(), 1);
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
        close(sockets[i]);
        if (own)
            ck_assert(!raw_connects(paths[i]));
        else
            ck_assert(answers(paths[i]));
    }
    if (own)
        (void)look_token("main");
    ck_assert_uint_eq(restart_kept(d), 1);
}
END_TEST

START_TEST(leaves_the_store_alone_in_a_check)
{
    struct daemon *d = restart_begin("");
    const struct notify_kept *before, *after;
    size_t n;

    daemon_stop(d);
    before = notify_kept(d->notify, &n);
    d = daemon_start(&(struct daemon_options){.config = daemon_cloud("main", ""),
                                              .after = d,
                                              .arguments = (const char *const[]){"--check", NULL},
                                              .wait = DAEMON_NOTHING});
    ck_assert_int_eq(daemon_wait_end(d, 20), 0);
    after = notify_kept(d->notify, &n);
    ck_assert_uint_eq(n, 1);
    ck_assert_str_eq(after[0].name, before[0].name);
    ck_assert_str_eq(notify_said(d->notify), "");
    ck_assert_int_eq(restart_attempts(), 2);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("restart");
    TCase *c = stage_case(s, "restart", 40);

    tcase_add_loop_test(c, goes_on_with_the_token, 0, 2);
    tcase_add_test(c, goes_on_as_the_same_user);
    tcase_add_test(c, is_ready_at_once);
    tcase_add_test(c, counts_on);
    tcase_add_test(c, renews_when_that_was_planned);
    tcase_add_test(c, goes_on_with_many);
    tcase_add_test(c, keeps_no_more_than_systemd_does);
    tcase_add_test(c, keeps_no_more_than_has_room_in_an_environment);
    tcase_add_loop_test(c, finds_its_sockets_beside, 0, 4);
    tcase_add_test(c, leaves_the_store_alone_in_a_check);
    return stage_run(s);
}
