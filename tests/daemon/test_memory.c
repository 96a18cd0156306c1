/* SPDX-License-Identifier: MIT */
/* Keys and tokens are gone from the daemon's memory once it has been told to forget them, wherever
 * they came from, and keys that it did not take were never left lying about. */
#include "daemon.h"
#include "look.h"
#include "memory.h"
#include "sandbox.h"
#include "secrets.h"
#include "stage.h"

#define TARGET "/v1/rackspace/credential"
#define WRONG_KEY "a-key-that-nobody-gave"

static void put_key(const char *key, const char *more)
{
    (void)send_text(
        "PUT", TARGET,
        stage_text("{\"username\":\"%s\",\"api_key\":\"%s\"%s}", SANDBOX_USER, key, more), NULL);
}

enum source { FROM_SOCKET, FROM_FILE, FROM_CONFIG };

static struct daemon *start_from(enum source source)
{
    struct daemon *d;

    memory_hide_nothing();
    sandbox_start(NULL);
    if (source == FROM_FILE)
        return daemon_start(NULL);
    if (source == FROM_CONFIG)
        return daemon_start(&(struct daemon_options){.config = daemon_cloud("rackspace", "")});
    d = daemon_start(&(struct daemon_options){
        .config = stage_text("[rackspace]\nauth_endpoint = %s\n", sandbox_url())});
    put_key(SANDBOX_KEY, "");
    return d;
}

START_TEST(forgets_for_good)
{
    struct daemon *d;
    const char *token;

    if (!memory_may_look())
        return;
    d = start_from((enum source)_i);
    (void)reply_json(send_text("POST", "/v1/rackspace/refresh", NULL, NULL), 200);
    token = look_token("rackspace");
    /* Not the echo: its answer has the token in it. */
    ck_assert_int_eq(get("/v1/rackspace/proxy/compute@ORD/servers")->status, 200);
    ck_assert_msg(memory_count(d->process.pid, SANDBOX_KEY) > 0, "there is no key to be forgotten");
    ck_assert_msg(memory_count(d->process.pid, token) > 0, "there is no token to be forgotten");

    ck_assert_int_eq(send_text("DELETE", TARGET, NULL, NULL)->status, 204);
    memory_demand_gone(d->process.pid, "key", SANDBOX_KEY);
    memory_demand_gone(d->process.pid, "token", token);
}
END_TEST

START_TEST(wipes_what_it_does_not_take)
{
    struct daemon *d;

    if (!memory_may_look())
        return;
    secrets_add(WRONG_KEY);
    d = start_from(FROM_SOCKET);
    put_key(WRONG_KEY, "");
    look_demand("rackspace", "degraded", "credentials-rejected");
    put_key(WRONG_KEY, ",\"x\":1");
    memory_demand_gone(d->process.pid, "wrong key", WRONG_KEY);
    ck_assert_uint_gt(memory_count(d->process.pid, SANDBOX_KEY), 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("memory");
    TCase *c = stage_case(s, "memory", 30);

    tcase_add_loop_test(c, forgets_for_good, FROM_SOCKET, FROM_CONFIG + 1);
    tcase_add_test(c, wipes_what_it_does_not_take);
    return stage_run(s);
}
