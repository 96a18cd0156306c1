/* SPDX-License-Identifier: MIT */
/* The records: one for each thing that somebody got, was refused, or that changed who may get what; and
 * where there are very many, few records with the right count. */
#include "daemon.h"
#include "look.h"
#include "patience.h"
#include "raw.h"
#include "sandbox.h"
#include "secrets.h"
#include "stage.h"

#include <grp.h>
#include <string.h>
#include <sys/wait.h>

#define NEW_KEY "the-key-that-was-handed-in"
#define BATCH 50
#define FLOOD 10000
#define CONNECTIONS 4
#define RECORDS_MOST 100

static const char *const quiet[] = {"--log-level", "info", NULL};

static struct daemon *start(void)
{
    sandbox_start(NULL);
    return daemon_start(&(struct daemon_options){
        .config = stage_text("[latchkeyd]\nsocket_mode = 0666\n%s", daemon_cloud("blue", "")),
        .arguments = quiet,
    });
}

/* ---- what the log says */

struct sum {
    unsigned records;
    uint64_t events;
};

/* What the records with that in them stand for. */
static struct sum sum_up(const struct daemon *d, const char *text)
{
    char *log = stage_text("%s", daemon_log(d)), *rest = log, *one;
    struct sum sum = {0};

    while ((one = strsep(&rest, "\n"))) {
        const char *count = strstr(one, " count=");

        if (!strstr(one, text))
            continue;
        sum.records++;
        sum.events += count ? strtoull(count + strlen(" count="), NULL, 10) : 1;
    }
    return sum;
}

static void demand_events(const struct daemon *d, const char *text, uint64_t events)
{
    struct sum sum = sum_up(d, text);

    ck_assert_msg(sum.events == events, "%llu events instead of %llu are '%s' in: %s",
                  (unsigned long long)sum.events, (unsigned long long)events, text, daemon_log(d));
}

static const char *ours(void)
{
    return stage_text(" uid=%u gid=%u pid=%d", geteuid(), getegid(), getpid());
}

/* ---- each in its turn */

START_TEST(tells_of_each_token)
{
    const char *record = stage_text(" operation=token verdict=allowed cloud=blue%s", ours());
    struct daemon *d = start();

    (void)look_token("default"); /* by whichever name: it is the cloud that counts */
    demand_events(d, record, 1);
    ck_assert_int_eq(send_text("GET", "/v1/blue/token", NULL, "Accept: text/plain")->status, 200);
    demand_events(d, record, 2);
    (void)reply_json(get("/v1/blue/token?after=0&timeout=5"), 200);
    demand_events(d, record, 3);

    /* None of these is one. */
    ck_assert_int_eq(get("/v1/blue/token?after=1&timeout=0")->status, 204);
    ck_assert_int_eq(send_text("HEAD", "/v1/blue/token", NULL, NULL)->status, 200);
    ck_assert_int_eq(get("/v1/blue/identity")->status, 200);
    ck_assert_int_eq(get("/v1/blue/catalog?raw=1")->status, 200);
    ck_assert_int_eq(get("/v1/green/token")->status, 404);
    daemon_stop(d);
    demand_events(d, "operation=token", 3);
}
END_TEST

START_TEST(tells_of_each_login)
{
    struct daemon *d = start();

    demand_events(d, "operation=login verdict=succeeded cloud=blue", 1);
    sandbox_set("'login_fault': 'service_unavailable'");
    ck_assert_int_ne(send_text("POST", "/v1/blue/refresh", NULL, NULL)->status, 200);
    demand_events(d, "operation=login verdict=failed cloud=blue code=identity-unavailable", 1);
    sandbox_set("'login_fault': 'none'");
    ck_assert_int_eq(send_text("POST", "/v1/blue/refresh", NULL, NULL)->status, 200);
    demand_events(d, "operation=login verdict=succeeded cloud=blue", 2);
    demand_events(d, "as " SANDBOX_USER ", token 2 lives for", 1);
}
END_TEST

START_TEST(tells_of_each_reload)
{
    const char *by_us = stage_text("uid=%u pid=%d", geteuid(), getpid());
    struct daemon *d = start();

    daemon_reload(d, NULL);
    demand_events(d, stage_text("operation=reload verdict=succeeded %s", by_us), 1);
    daemon_reload(d, "[blue]\nregoin = ORD\n");
    demand_events(d, stage_text("operation=reload verdict=failed %s", by_us), 1);
    demand_events(d, "conf:2: regoin", 1);
}
END_TEST

START_TEST(tells_of_each_credential)
{
    struct daemon *d = start();
    const char *record = stage_text("operation=credential verdict=allowed cloud=blue%s", ours());

    secrets_add(NEW_KEY);
    sandbox_set("'api_key': '%s'", NEW_KEY);
    ck_assert_int_eq(send_text("PUT", "/v1/blue/credential",
                               "{\"username\":\"" SANDBOX_USER "\",\"api_key\":\"" NEW_KEY "\"}",
                               NULL)
                         ->status,
                     200);
    demand_events(d, record, 1);
    demand_events(d, "a credential was handed in (", 1);
    ck_assert_int_eq(send_text("DELETE", "/v1/blue/credential", NULL, NULL)->status, 204);
    demand_events(d, record, 2);
    demand_events(d, "key and token are to be forgotten (", 1);
}
END_TEST

/* ---- very many */

/* Asks so often on one connection, without waiting for each answer, and demands that status each time. */
static void ask_often(const char *request, unsigned n, const char *status)
{
    const char *first_line = stage_text("HTTP/1.1 %s ", status);
    int fd = raw_connect(NULL);
    FILE *f = fdopen(fd, "r");
    _cleanup_(freep) char *text = NULL;
    size_t size = 0;

    for (unsigned done = 0; done < n; done += BATCH) {
        unsigned answers = 0;

        for (unsigned i = 0; i < BATCH; i++)
            raw_print(fd, "%s HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", request);
        while (answers < BATCH && getline(&text, &size, f) > 0)
            answers += strstr(text, first_line) ? 1 : 0;
        ck_assert_uint_eq(answers, BATCH);
    }
    fclose(f);
}

static pid_t ask_often_as(uid_t uid, const char *request, unsigned n, const char *status)
{
    pid_t child = fork();

    ck_assert_int_ge(child, 0);
    if (child > 0)
        return child;
    if (setgroups(0, NULL) < 0 || setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0)
        _exit(1);
    ask_often(request, n, status);
    _exit(0);
}

/* FLOOD requests by each of the users, all at the same time. */
static void flood(const uid_t *uids, size_t n_uids, const char *request, const char *status)
{
    size_t n = n_uids * CONNECTIONS;
    pid_t children[16];
    int result;

    ck_assert_uint_le(n, ARRAY_SIZE(children));
    for (size_t i = 0; i < n; i++)
        children[i] = ask_often_as(uids[i / CONNECTIONS], request, FLOOD / CONNECTIONS, status);
    for (size_t i = 0; i < n; i++) {
        ck_assert_int_eq(waitpid(children[i], &result, 0), children[i]);
        ck_assert_int_eq(result, 0);
    }
}

static void demand_few(const struct daemon *d, const char *text, uint64_t events)
{
    struct sum sum = sum_up(d, text);

    demand_events(d, text, events);
    ck_assert_uint_ge(sum.records, 1);
    ck_assert_uint_lt(sum.records, RECORDS_MOST);
}

START_TEST(counts_refusals)
{
    static const uid_t uids[] = {65534};
    struct daemon *d = start();
    double begin = time_now();

    flood(uids, ARRAY_SIZE(uids), "PUT /v1/blue/credential", "403");
    printf("%d refusals in %.2f s\n", FLOOD, time_now() - begin);
    ck_assert_uint_lt(sum_up(d, "verdict=denied").records, RECORDS_MOST);
    daemon_stop(d); /* brings what was still to be said */
    demand_few(d, "operation=credential verdict=denied cloud=blue code=denied uid=65534", FLOOD);
}
END_TEST

START_TEST(counts_those_of_each_user)
{
    static const uid_t uids[] = {65534, 1234, 4321};
    struct daemon *d = start();

    flood(uids, ARRAY_SIZE(uids), "DELETE /v1/blue/credential", "403");
    daemon_stop(d);
    demand_few(d, "verdict=denied", ARRAY_SIZE(uids) * FLOOD);
    for (size_t i = 0; i < ARRAY_SIZE(uids); i++)
        demand_few(d, stage_text("verdict=denied cloud=blue code=denied uid=%u", uids[i]), FLOOD);
}
END_TEST

START_TEST(counts_tokens)
{
    static const uid_t uids[] = {65534};
    struct daemon *d = start();

    flood(uids, ARRAY_SIZE(uids), "GET /v1/blue/token", "200");
    daemon_stop(d);
    demand_few(d, "operation=token verdict=allowed cloud=blue uid=65534", FLOOD);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("audit");
    TCase *c = stage_case(s, "each", 20);

    tcase_add_test(c, tells_of_each_token);
    tcase_add_test(c, tells_of_each_login);
    tcase_add_test(c, tells_of_each_reload);
    tcase_add_test(c, tells_of_each_credential);
    c = stage_case(s, "very many", 60);
    tcase_add_test(c, counts_refusals);
    tcase_add_test(c, counts_those_of_each_user);
    tcase_add_test(c, counts_tokens);
    return stage_run(s);
}
