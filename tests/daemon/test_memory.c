/* SPDX-License-Identifier: MIT */
/* Keys and tokens are gone from the daemon's memory once it has been told to forget them, wherever
 * they came from, and keys that it did not take were never left lying about. */
#include "daemon.h"
#include "look.h"
#include "patience.h"
#include "procfs.h"
#include "sandbox.h"
#include "secrets.h"
#include "stage.h"

#include <fcntl.h>
#include <string.h>

#define TARGET "/v1/rackspace/credential"
#define WRONG_KEY "a-key-that-nobody-gave"
#define CHUNK ((size_t)1024 * 1024)

/* How often the needle is in that part of the memory; neighbouring chunks overlap by less than
 * its length, so that each is found once. */
static size_t count_in(int mem, size_t start, size_t end, const char *needle)
{
    size_t length = strlen(needle), n = 0;
    char *chunk = malloc(CHUNK + length);

    ck_assert_ptr_nonnull(chunk);
    for (size_t at = start; at < end; at += CHUNK) {
        size_t size = end - at < CHUNK + length - 1 ? end - at : CHUNK + length - 1;
        ssize_t got = pread(mem, chunk, size, (off_t)at);
        char *from = chunk, *found;

        while (got > 0 && (found = memmem(from, (size_t)(chunk + got - from), needle, length))) {
            n++;
            from = found + 1;
        }
    }
    free(chunk);
    return n;
}

static size_t count_in_memory(const struct daemon *d, const char *needle)
{
    char *maps = stage_text("%s", procfs_read(d->process.pid, "maps", NULL)), *line;
    _cleanup_(closep) int mem =
        open(stage_text("/proc/%d/mem", (int)d->process.pid), O_RDONLY | O_CLOEXEC);
    size_t n = 0, regions = 0;

    ck_assert_int_ge(mem, 0);
    while ((line = strsep(&maps, "\n"))) {
        size_t start, end;
        char rights[5];

        if (sscanf(line, "%zx-%zx %4s", &start, &end, rights) != 3 || rights[1] != 'w')
            continue;
        regions++;
        n += count_in(mem, start, end, needle);
    }
    ck_assert_uint_gt(regions, 3);
    return n;
}

struct needle {
    const struct daemon *daemon;
    const char *text;
};

static bool is_gone(void *userdata)
{
    const struct needle *needle = userdata;

    return count_in_memory(needle->daemon, needle->text) == 0;
}

/* A moment is granted: the answer goes out before the daemon has cleared its connection up. */
static void demand_gone(const struct daemon *d, const char *what, const char *text)
{
    struct needle needle = {d, text};

    ck_assert_msg(wait_until(1, is_gone, &needle), "the %s is still there %zu times", what,
                  count_in_memory(d, text));
}

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

/* Nobody but root may look, and a sanitizer or valgrind keeps copies of its own. */
static bool may_look(void)
{
    return geteuid() == 0 && !process_is_instrumented();
}

START_TEST(forgets_for_good)
{
    struct daemon *d;
    const char *token;

    if (!may_look())
        return;
    d = start_from((enum source)_i);
    (void)reply_json(send_text("POST", "/v1/rackspace/refresh", NULL, NULL), 200);
    token = look_token("rackspace");
    /* Not the echo: its answer has the token in it. */
    ck_assert_int_eq(get("/v1/rackspace/proxy/compute@ORD/servers")->status, 200);
    ck_assert_msg(count_in_memory(d, SANDBOX_KEY) > 0, "there is no key to be forgotten");
    ck_assert_msg(count_in_memory(d, token) > 0, "there is no token to be forgotten");

    ck_assert_int_eq(send_text("DELETE", TARGET, NULL, NULL)->status, 204);
    demand_gone(d, "key", SANDBOX_KEY);
    demand_gone(d, "token", token);
}
END_TEST

START_TEST(wipes_what_it_does_not_take)
{
    struct daemon *d;

    if (!may_look())
        return;
    secrets_add(WRONG_KEY);
    d = start_from(FROM_SOCKET);
    put_key(WRONG_KEY, "");
    look_demand("rackspace", "degraded", "credentials-rejected");
    put_key(WRONG_KEY, ",\"x\":1");
    demand_gone(d, "wrong key", WRONG_KEY);
    ck_assert_uint_gt(count_in_memory(d, SANDBOX_KEY), 0);
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
