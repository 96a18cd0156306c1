/* SPDX-License-Identifier: MIT */
/* SIGHUP: the new configuration counts from then on, and nothing that still serves is lost: no
 * connection, no transfer, no token; nor anything at all when the new one is broken. */
#include "daemon.h"
#include "look.h"
#include "patience.h"
#include "raw.h"
#include "sandbox.h"
#include "secrets.h"
#include "stage.h"
#include "stream.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>

#define NEW_KEY "the-key-of-next-month"

static const char *two_clouds(void)
{
    return stage_text("%s%s", daemon_cloud("first", ""), daemon_cloud("second", ""));
}

static struct daemon *start(void)
{
    sandbox_start(NULL);
    return daemon_start(&(struct daemon_options){.config = daemon_cloud("first", "")});
}

static struct daemon *start_two(void)
{
    struct daemon *d;

    sandbox_start(NULL);
    d = daemon_start(&(struct daemon_options){.config = two_clouds()});
    daemon_wait_state("first", "ready");
    daemon_wait_state("second", "ready");
    return d;
}

START_TEST(adds_and_removes_clouds)
{
    struct daemon *d = start();
    const char *token = look_token("first");

    (void)reply_problem(get("/v1/second/token"), 404, "unknown-cloud");
    daemon_reload(d, two_clouds());
    daemon_wait_state("second", "ready");
    ck_assert_str_eq(look_token("first"), token);
    ck_assert_int_eq(look_generation("first"), 1);
    ck_assert_int_eq(sandbox_count("login_attempt_times"), 2);

    daemon_reload(d, daemon_cloud("second", ""));
    (void)reply_problem(get("/v1/first/token"), 404, "unknown-cloud");
    (void)reply_json(get("/v1/default/token"), 200);
    ck_assert_ptr_null(strstr(get("/v1")->body, "first"));
    ck_assert_int_eq(get("/health")->status, 200);
    ck_assert_int_eq(sandbox_count("login_attempt_times"), 2);
}
END_TEST

START_TEST(logs_in_only_where_something_changed)
{
    struct daemon *d = start();
    const char *token = look_token("first");

    for (size_t i = 0; i < 5; i++)
        daemon_reload(d, NULL);
    ck_assert_str_eq(look_token("first"), token);
    ck_assert_int_eq(sandbox_count("login_attempt_times"), 1);

    secrets_add(NEW_KEY);
    sandbox_set("'api_key': '%s'", NEW_KEY);
    daemon_reload(d, stage_text("%s[changed]\nauth_endpoint = %s\nusername = %s\napi_key = %s\n",
                                daemon_cloud("first", ""), sandbox_url(), SANDBOX_USER, NEW_KEY));
    daemon_wait_state("changed", "ready");
    ck_assert_str_eq(look_token("first"), token);
    ck_assert_int_eq(sandbox_count("login_attempt_times"), 2);
}
END_TEST

START_TEST(takes_a_new_key)
{
    struct daemon *d = start();

    secrets_add(NEW_KEY);
    sandbox_set("'api_key': '%s'", NEW_KEY);
    (void)reply_problem(send_text("POST", "/v1/first/refresh", NULL, NULL), 403,
                        "credentials-rejected");
    look_demand("first", "degraded", "credentials-rejected");
    daemon_reload(d, stage_text("[first]\nauth_endpoint = %s\nusername = %s\napi_key = %s\n",
                                sandbox_url(), SANDBOX_USER, NEW_KEY));
    daemon_wait_state("first", "ready");
    look_demand("first", "ready", NULL);
    ck_assert_int_eq(look_generation("first"), 2);
}
END_TEST

/* A refused key is tried again seldom; a new one at once. */
START_TEST(takes_a_corrected_key)
{
    struct daemon *d;

    sandbox_start(NULL);
    d = daemon_start(&(struct daemon_options){
        .config = stage_text("[first]\nauth_endpoint = %s\nusername = %s\napi_key = %s\n",
                             sandbox_url(), SANDBOX_USER, NEW_KEY)});
    look_demand("first", "rejected", "credentials-rejected");
    daemon_reload(d, daemon_cloud("first", ""));
    daemon_wait_state("first", "ready");
}
END_TEST

static bool has_failed_again(void *userdata)
{
    (void)userdata;
    return strstr(get("/metrics")->body,
                  "latchkey_logins_total{cloud=\"first\",outcome=\"upstream-timeout\"} 2\n");
}

START_TEST(takes_new_settings)
{
    struct daemon *d = start_two();
    const char *region;

    (void)reply_problem(get("/v1/second/endpoint?service=compute"), 400, "region-required");
    daemon_reload(d, stage_text("[latchkeyd]\ndefault = second\n%s%s", daemon_cloud("first", ""),
                                daemon_cloud("second", "region = DFW")));
    json_demand(look_identity("default"), "{s:s}", "cloud", &region);
    ck_assert_str_eq(region, "second");
    json_demand(reply_json(get("/v1/second/endpoint?service=compute"), 200), "{s:s}", "region",
                &region);
    ck_assert_str_eq(region, "DFW");
}
END_TEST

/* By the login that comes of it already; and by none when nothing comes of it. */
START_TEST(takes_new_timeouts)
{
    struct daemon *d;

    sandbox_start(NULL);
    sandbox_set("'login_fault': 'hang'");
    d = daemon_start(&(struct daemon_options){
        .config = stage_text("[latchkeyd]\nlogin_timeout = 1\n%s", daemon_cloud("first", ""))});
    look_demand("first", "failed", "upstream-timeout");
    (void)stage_write("bad", 0600, "[rackspace_cloud]\nusername = me\nkey = x\n");
    daemon_reload(d,
                  stage_text("[latchkeyd]\nlogin_timeout = 60\n[second]\ncredential_file = bad\n"));
    daemon_wait_log(d, "was not reloaded");
    ck_assert_msg(wait_until(8, has_failed_again, NULL), "no login has ended since");

    daemon_stop(d);
    sandbox_set("'login_fault': 'none'");
    d = daemon_start(&(struct daemon_options){
        .config = stage_text("[latchkeyd]\nlogin_timeout = 60\n%s", daemon_cloud("first", ""))});
    sandbox_set("'login_fault': 'hang'");
    daemon_reload(d, stage_text("[latchkeyd]\nlogin_timeout = 1\n%s%s", daemon_cloud("first", ""),
                                daemon_cloud("second", "")));
    daemon_wait_state("second", "failed");
    look_demand("second", "failed", "upstream-timeout");
    sandbox_set("'login_fault': 'none'");
}
END_TEST

/* ---- a broken one */

START_TEST(goes_on_with_what_it_had)
{
    static const struct {
        const char *text, *place;
    } configs[] = {
        {"[first]\nregoin = ORD\n", ":2: regoin: "},
        {"[first]\nregion = ORD\nregion = DFW\n", ":3: region: "},
        {"[first]\n\nregion = ORD\nverify_ssl = maybe\n", ":4: verify_ssl: "},
        {"[latchkeyd]\ndefault = nobody\n[first]\n", ":2: default: "},
        {"[first\n", ":1: "},
    };
    struct daemon *d = start_two();
    _cleanup_(client_freep) struct client *c = client_new(d->socket, NULL);
    const char *token;

    token = look_token("first");
    for (size_t i = 0; i < ARRAY_SIZE(configs); i++) {
        ck_assert_int_eq(client_ask(c, &(struct ask){.target = "/v1/second/token"})->status, 200);
        daemon_reload(d, configs[i].text);
        daemon_wait_log(d, stage_text("%s%s", d->config, configs[i].place));
        ck_assert_str_eq(look_token("first"), token);
        look_demand("second", "ready", NULL);
    }
    ck_assert_int_eq(client_connections(c), 1);
    ck_assert_int_eq(sandbox_count("login_attempt_times"), 2);

    /* A credential file counts as a part of it; and a mended one is taken. */
    (void)stage_write("bad", 0600, "[rackspace_cloud]\nusername = me\nkey = " NEW_KEY "\n");
    secrets_add(NEW_KEY);
    daemon_reload(d, stage_text("%s[third]\ncredential_file = bad\n", daemon_cloud("first", "")));
    daemon_wait_log(d, stage_text("%s:3: key: ", stage_path("bad")));
    (void)reply_problem(get("/v1/third/token"), 404, "unknown-cloud");
    look_demand("second", "ready", NULL);
    daemon_reload(d, daemon_cloud("first", ""));
    (void)reply_problem(get("/v1/second/token"), 404, "unknown-cloud");
    ck_assert_str_eq(look_token("first"), token);
}
END_TEST

START_TEST(survives_a_configuration_that_went_away)
{
    struct daemon *d = start();
    const char *token = look_token("first");

    ck_assert_int_eq(unlink(d->config), 0);
    daemon_reload(d, NULL);
    daemon_wait_log(d, stage_text("%s: cannot be read", d->config));
    ck_assert_str_eq(look_token("first"), token);
}
END_TEST

/* ---- what is under way */

/* A download on a thread of its own. */
struct download {
    pthread_t thread;
    const char *target;
    struct stream stream;
    const struct reply *reply;
};

static void *run_download(void *userdata)
{
    struct download *x = userdata;

    x->reply =
        ask(&(struct ask){.target = x->target, .consume = stream_consume, .userdata = &x->stream});
    return NULL;
}

START_TEST(leaves_transfers_alone)
{
    struct download x = {.target = "/v1/first/proxy/x-echo/stream?bytes=2000000&rate=2000000"};
    struct daemon *d = start_two();
    char got[STREAM_SHA256_TEXT], wanted[STREAM_SHA256_TEXT];

    stream_init(&x.stream, 0);
    ck_assert_int_eq(pthread_create(&x.thread, NULL, run_download, &x), 0);
    sandbox_wait_count("active_transfers", 1);
    daemon_reload(d, daemon_cloud("first", "region = ORD"));
    daemon_reload(d, daemon_cloud("second", ""));
    ck_assert_int_eq(pthread_join(x.thread, NULL), 0);
    ck_assert_int_eq(x.reply->error, 0);
    ck_assert_int_eq(x.reply->status, 200);
    stream_sha256(&x.stream, got);
    stream_expected(2000000, wanted);
    ck_assert_str_eq(got, wanted);
}
END_TEST

START_TEST(leaves_long_polls_alone)
{
    struct daemon *d = start();
    _cleanup_(closep) int fd = raw_connect(NULL);

    raw_print(fd, "GET /v1/first/token?after=1&timeout=30 HTTP/1.1\r\nHost: x\r\n\r\n");
    daemon_reload(d, NULL);
    ck_assert(!raw_waits(fd, 0.2));
    (void)reply_json(send_text("POST", "/v1/first/refresh", NULL, NULL), 200);
    ck_assert_ptr_nonnull(strstr(raw_read_head(fd), "HTTP/1.1 200"));
}
END_TEST

/* Nobody waits for the token of a cloud that there is no more. */
START_TEST(ends_long_polls_of_a_removed_cloud)
{
    struct daemon *d = start_two();
    _cleanup_(closep) int fd = raw_connect(NULL);

    raw_print(fd, "GET /v1/second/token?after=1&timeout=30 HTTP/1.1\r\nHost: x\r\n\r\n");
    ck_assert(!raw_waits(fd, 0.1));
    daemon_reload(d, daemon_cloud("first", ""));
    ck_assert_msg(raw_waits(fd, 3), "the long poll still waits");
}
END_TEST

/* ---- before the first token */

/* READY stays what it is, and the login under way is not made twice. */
START_TEST(does_not_hasten_the_start)
{
    struct daemon *d;

    sandbox_start(NULL);
    sandbox_set("'login_delay': 1");
    d = daemon_start(
        &(struct daemon_options){.config = daemon_cloud("first", ""), .wait = DAEMON_LISTENS});
    sandbox_wait_count("login_attempt_times", 1);
    process_signal(&d->process, SIGHUP);
    daemon_wait_log(d, "was reloaded");
    ck_assert_ptr_null(strstr(notify_said(d->notify), "READY=1"));
    ck_assert_str_eq(daemon_state("first"), "starting");
    ck_assert(notify_wait(d->notify, "READY=1", 10));
    look_demand("first", "ready", NULL);
    ck_assert_int_eq(sandbox_count("login_attempt_times"), 1);
}
END_TEST

/* However often it is asked. */
START_TEST(bears_a_storm)
{
    struct daemon *d = start_two();
    _cleanup_(client_freep) struct client *c = client_new(d->socket, NULL);

    for (size_t i = 0; i < 200; i++) {
        process_signal(&d->process, SIGHUP);
        ck_assert_int_eq(client_ask(c, &(struct ask){.target = "/v1/second/token"})->status, 200);
    }
    ck_assert_int_eq(client_connections(c), 1);
    ck_assert_int_eq(sandbox_count("login_attempt_times"), 2);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("reload");
    TCase *c = stage_case(s, "reload", 20);

    tcase_add_test(c, adds_and_removes_clouds);
    tcase_add_test(c, logs_in_only_where_something_changed);
    tcase_add_test(c, takes_a_new_key);
    tcase_add_test(c, takes_a_corrected_key);
    tcase_add_test(c, takes_new_settings);
    tcase_add_test(c, takes_new_timeouts);
    tcase_add_test(c, goes_on_with_what_it_had);
    tcase_add_test(c, survives_a_configuration_that_went_away);
    tcase_add_test(c, leaves_transfers_alone);
    tcase_add_test(c, leaves_long_polls_alone);
    tcase_add_test(c, ends_long_polls_of_a_removed_cloud);
    tcase_add_test(c, does_not_hasten_the_start);
    tcase_add_test(c, bears_a_storm);
    return stage_run(s);
}
