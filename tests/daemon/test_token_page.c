/* SPDX-License-Identifier: MIT */
/* The token as a page: who gets it and how, what it shows, and what ends it. */
#include "client.h"
#include "daemon.h"
#include "look.h"
#include "page.h"
#include "patience.h"
#include "procfs.h"
#include "raw.h"
#include "sandbox.h"
#include "stage.h"

#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define NOBODY 65534
#define TOKEN "GET /v1/default/token"

static struct daemon *start(const char *more)
{
    sandbox_start(NULL);
    return daemon_start(&(struct daemon_options){
        .config = stage_text("[latchkeyd]\nsocket_mode = 0666\nconnections_per_user = 3\n%s%s",
                             daemon_cloud("main", ""), more)});
}

static void demand_status(struct page_answer a, unsigned status)
{
    ck_assert_msg(strncmp(a.head, stage_text("HTTP/1.1 %u ", status), 13) == 0, "%u: %s", status,
                  a.head);
    ck_assert(!a.page == (status != 101));
    close(a.connection);
}

static uint64_t boottime(void)
{
    struct timespec t;

    clock_gettime(CLOCK_BOOTTIME, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static size_t count(const char *text, const char *what)
{
    size_t n = 0;

    for (; (text = strstr(text, what)); text++)
        n++;
    return n;
}

/* ---- getting it */

START_TEST(gives_the_page)
{
    struct daemon *d = start("");
    struct page_answer a = page_ask(TOKEN, PAGE_HEADERS);
    uint64_t left = a.page->deadline - boottime();

    ck_assert_ptr_nonnull(strstr(a.head, "\r\nUpgrade: latchkey-token-page\r\n"));
    ck_assert_ptr_nonnull(strcasestr(a.head, "\r\nConnection: upgrade\r\n"));
    ck_assert_str_eq(strstr(a.head, "\r\n\r\n") + 4, "\n");
    ck_assert_mem_eq(a.page->magic, "latchkey", 8);
    ck_assert_uint_eq(a.page->version, LATCHKEY_TOKEN_PAGE_VERSION);
    ck_assert_uint_eq(a.page->state, LATCHKEY_TOKEN_PAGE_USABLE);
    ck_assert_uint_eq(a.page->generation, 1);
    ck_assert_uint_eq(a.page->length, strlen(page_token(a.page)));
    ck_assert(left > (uint64_t)86000 * 1000000 && left <= (uint64_t)86400 * 1000000);
    ck_assert_double_eq_tol((double)a.page->expires / 1e6, time_wall() + (double)left / 1e6, 3);
    close(a.connection);

    ck_assert_ptr_nonnull(strstr(get("/metrics")->body,
                                 "latchkey_requests_total{route=\"token\",status=\"101\"} 1\n"));
    daemon_wait_log(d,
                    stage_text("a page with the token was handed out (cloud main, uid %u, pid %d)"
                               " operation=token verdict=allowed cloud=main",
                               getuid(), getpid()));
    ck_assert_str_eq(page_token(a.page), look_token("main"));
    daemon_stop(d);
    ck_assert_uint_eq(count(daemon_log(d), "operation=token"), 2);
}
END_TEST

static const struct {
    const char *what, *headers;
    unsigned status;
} requests[] = {
    {TOKEN, PAGE_HEADERS, 101},
    {TOKEN, "Upgrade: latchkey-token-page\r\n", 101},
    {TOKEN, "Connection: Upgrade, keep-alive\r\nUpgrade: h2c , LatchKey-Token-PAGE,x/1\r\n", 101},
    {TOKEN, "Upgrade: websocket\r\nConnection: upgrade\r\nUpgrade: latchkey-token-page\r\n", 101},
    {TOKEN "?min_ttl=60", PAGE_HEADERS, 101},
    {TOKEN "?after=0", PAGE_HEADERS, 101},
    {TOKEN "?after=1&timeout=0", PAGE_HEADERS, 204},
    {TOKEN "?min_ttl=x", PAGE_HEADERS, 400},
    {TOKEN, "Connection: upgrade\r\nUpgrade: latchkey-token-page/2\r\n", 200},
    {TOKEN, "Connection: upgrade\r\nUpgrade: latchkey-token-pages\r\n", 200},
    {TOKEN, "Connection: upgrade\r\nUpgrade: websocket\r\n", 200},
    {TOKEN, "Connection: upgrade\r\n", 200},
    {"HEAD /v1/default/token", PAGE_HEADERS, 200},
    {"GET /v1/default/identity", PAGE_HEADERS, 200},
    {"POST /v1/default/token", PAGE_HEADERS "Content-Length: 0\r\n", 405},
    {"GET /v1/other/token", PAGE_HEADERS, 404},
};

START_TEST(reads_the_request)
{
    (void)start("");
    demand_status(page_ask(requests[_i].what, requests[_i].headers), requests[_i].status);
    ck_assert_int_eq(get("/v1/main/token")->status, 200);
}
END_TEST

/* RFC 9110, 7.8: there, `Upgrade` means nothing. */
START_TEST(is_not_for_http_1_0)
{
    char *answer;

    (void)start("");
    answer = raw_ask(TOKEN " HTTP/1.0\r\nHost: x\r\n" PAGE_HEADERS "\r\n", NULL);
    ck_assert_msg(strstr(answer, " 200 OK\r\n") && strstr(answer, "\"token\""), "%s", answer);
}
END_TEST

START_TEST(has_no_page_without_a_token)
{
    sandbox_start(NULL);
    sandbox_set("'login_fault': 'unauthorized'");
    (void)daemon_start(&(struct daemon_options){
        .config = stage_text("%s[bare]\nidentity_type = none\nendpoint = http://127.0.0.1:1/\n",
                             daemon_cloud("main", ""))});
    demand_status(page_ask("GET /v1/main/token", PAGE_HEADERS), 503);
    demand_status(page_ask("GET /v1/bare/token", PAGE_HEADERS), 404);
}
END_TEST

/* Who only sends requests gets no token this way either; and others are told apart by their users. */
START_TEST(asks_the_rules)
{
    struct daemon *d = start(stage_text("[allow me]\nuser = %u\noperation = proxy identity\n"
                                        "[allow nobody]\nuser = %u\noperation = token\n",
                                        getuid(), NOBODY));
    struct page_answer a;

    demand_status(page_ask(TOKEN, PAGE_HEADERS), 403);
    daemon_wait_log(d, stage_text("verdict=denied cloud=main code=denied uid=%u", getuid()));
    ck_assert_int_eq(seteuid(NOBODY), 0); /* who connects is who counts */
    a = page_ask(TOKEN, PAGE_HEADERS);
    ck_assert_int_eq(seteuid(0), 0);
    demand_status(a, 101);
    daemon_wait_log(d,
                    stage_text("a page with the token was handed out (cloud main, uid %u", NOBODY));
}
END_TEST

/* ---- its connections */

struct wish {
    const char *line;
};

static bool is_granted(void *userdata)
{
    const struct wish *w = userdata;

    return strstr(get("/metrics")->body, w->line);
}

static void wait_for(const char *line)
{
    struct wish w = {line};

    ck_assert_msg(wait_until(10, is_granted, &w), "no %s in %s", line, get("/metrics")->body);
}

struct count {
    pid_t pid;
    int descriptors;
};

static bool has_so_many(void *userdata)
{
    const struct count *c = userdata;

    return procfs_descriptors(c->pid) <= c->descriptors;
}

/* In the end: it takes a moment until it sees that a client of ours has gone. One more is the timer of a
 * record that is about to be written. */
static void demand_descriptors(const struct daemon *d, int n)
{
    struct count c = {d->process.pid, n + 1};

    ck_assert_msg(wait_until(10, has_so_many, &c), "%d and not %d", procfs_descriptors(c.pid), n);
}

/* How many it has for itself, once it has all that it ever opens, and the page. */
static int own_descriptors(const struct daemon *d)
{
    int n;

    close(page_ask(TOKEN, PAGE_HEADERS).connection);
    wait_for("\nlatchkey_connections 1\n");
    do {
        n = procfs_descriptors(d->process.pid);
        nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    } while (n != procfs_descriptors(d->process.pid));
    return n;
}

/* Descriptors that are not received are ours, as long as the connection is theirs. */
START_TEST(counts_until_it_is_closed)
{
    struct daemon *d = start("");
    struct page_answer held[3];
    int own = own_descriptors(d);

    for (size_t i = 0; i < 2; i++) {
        held[i] = page_ask(TOKEN, PAGE_HEADERS);
        ck_assert_ptr_nonnull(held[i].page);
    }
    /* nothing is in flight, but the connections are there: */
    wait_for("\nlatchkey_requests_in_flight 1\n");
    wait_for("\nlatchkey_connections 3\n");
    /* and one more of them is let in, once we have gone */
    while (!(held[2] = page_ask(TOKEN, PAGE_HEADERS)).page)
        close(held[2].connection);
    demand_status(page_ask(TOKEN, PAGE_HEADERS), 429);
    for (size_t i = 0; i < 3; i++)
        close(held[i].connection);
    wait_for("\nlatchkey_connections 1\n");
    /* the page stays, for the next one who asks */
    demand_descriptors(d, own);
    demand_status(page_ask(TOKEN, PAGE_HEADERS), 101);
}
END_TEST

/* Those who go away at whichever moment, or have said all that they want to say. */
START_TEST(loses_nothing_with_its_clients)
{
    static const char request[] = TOKEN "?after=%u HTTP/1.1\r\nHost: x\r\n" PAGE_HEADERS "\r\n";
    struct daemon *d = start("");
    int own = own_descriptors(d);

    for (int i = 0; i < 60; i++) {
        int fd = raw_connect(NULL);

        raw_print(fd, request, i % 2);
        if (i % 3 == 0)
            ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
        if (i % 3 == 1 && i % 2 == 0)
            (void)raw_read_head(fd);
        close(fd);
        if (i % 3 == 2)
            wait_for("\nlatchkey_connections 1\n");
    }
    wait_for("\nlatchkey_connections 1\n");
    wait_for("\nlatchkey_requests_in_flight 1\n");
    demand_descriptors(d, own);
    /* and nothing stands in the way of the stop: */
    ck_assert_int_ge(page_ask(TOKEN, PAGE_HEADERS).connection, 0);
    daemon_stop(d);
}
END_TEST

/* ---- what it shows */

START_TEST(shows_the_next_token)
{
    const struct latchkey_token_page *page, *same;
    struct daemon *d = start("");
    uint32_t changes;

    page = page_get("main");
    same = page_get("main");
    changes = page->changes;
    ck_assert_int_eq(send_text("POST", "/v1/main/refresh", NULL, NULL)->status, 200);
    ck_assert_uint_eq(page->generation, 2);
    ck_assert_uint_ne(page->changes, changes);
    ck_assert_str_eq(page_token(page), page_token(same));
    ck_assert_uint_eq(count(daemon_log(d), "operation=token"), 2);
    ck_assert_str_eq(page_token(page), look_token("main"));
}
END_TEST

/* The long poll's answer may be a page, too. */
START_TEST(comes_with_the_next_token)
{
    int fd;
    char *head;

    (void)start("");
    fd = raw_connect(NULL);
    raw_print(fd, TOKEN "?after=1&timeout=60 HTTP/1.1\r\nHost: x\r\n" PAGE_HEADERS "\r\n");
    ck_assert(!raw_waits(fd, 0.2));
    ck_assert_int_eq(send_text("POST", "/v1/main/refresh", NULL, NULL)->status, 200);
    head = raw_read_head(fd);
    ck_assert_msg(strncmp(head, "HTTP/1.1 101 ", 13) == 0, "%s", head);
    close(fd);
}
END_TEST

START_TEST(shows_that_there_is_none)
{
    const struct latchkey_token_page *page;

    sandbox_start((const char *const[]){"--token-lifetime", "4", NULL});
    (void)daemon_start(&(struct daemon_options){.config = daemon_cloud("main", "")});
    page = page_get("main");
    sandbox_set("'login_fault': 'service_unavailable'");
    page_wait_state(page, LATCHKEY_TOKEN_PAGE_EMPTY);
    ck_assert_uint_ne(page->owner, 0);
    sandbox_set("'login_fault': 'none'");
    page_wait_state(page, LATCHKEY_TOKEN_PAGE_USABLE);
    ck_assert_uint_gt(page->generation, 1);
}
END_TEST

/* ---- its end */

START_TEST(ends_with_a_reload)
{
    struct daemon *d = start("");
    const struct latchkey_token_page *page = page_get("main"), *next;

    daemon_reload(d, "[main]\nnonsense = 1\n"); /* which changes nothing */
    ck_assert_uint_eq(page->state, LATCHKEY_TOKEN_PAGE_USABLE);
    daemon_reload(d, daemon_cloud("main", ""));
    page_wait_state(page, LATCHKEY_TOKEN_PAGE_RETIRED);
    next = page_get("main");
    ck_assert_uint_eq(next->generation, 1);
    daemon_reload(d, stage_text("%s[allow me]\nuser = %u\noperation = proxy\n",
                                daemon_cloud("main", ""), getuid()));
    page_wait_state(next, LATCHKEY_TOKEN_PAGE_RETIRED);
    demand_status(page_ask(TOKEN, PAGE_HEADERS), 403);
}
END_TEST

START_TEST(ends_with_its_cloud)
{
    const struct latchkey_token_page *page;
    struct daemon *d = start("");

    page = page_get("main");
    daemon_reload(d, daemon_cloud("another", ""));
    page_wait_state(page, LATCHKEY_TOKEN_PAGE_RETIRED);
    page_wait_death(page);
}
END_TEST

START_TEST(ends_with_the_credential)
{
    const struct latchkey_token_page *page;

    (void)start("");
    page = page_get("main");
    ck_assert_int_eq(send_text("DELETE", "/v1/main/credential", NULL, NULL)->status, 204);
    page_wait_state(page, LATCHKEY_TOKEN_PAGE_RETIRED);
    demand_status(page_ask(TOKEN, PAGE_HEADERS), 503);
}
END_TEST

/* At its beginning: requests in flight have their time, but the next daemon may be there already. */
START_TEST(ends_with_a_stop)
{
    const struct latchkey_token_page *page;
    struct daemon *d = start("");
    int fd;

    page = page_get("main");
    sandbox_set("'login_delay': 3");
    fd = raw_connect(NULL);
    raw_print(fd, "POST /v1/main/refresh HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
    daemon_wait_state("main", "renewing");
    process_signal(&d->process, SIGTERM);
    page_wait_state(page, LATCHKEY_TOKEN_PAGE_RETIRED);
    ck_assert_int_eq(process_wait(&d->process, 0), PROCESS_RUNS);
    ck_assert_ptr_nonnull(strstr(raw_read_head(fd), " 200 "));
    close(fd);
    daemon_stop(d);
}
END_TEST

START_TEST(ends_with_a_crash)
{
    const struct latchkey_token_page *page;
    struct daemon *d = start("");

    page = page_get("main");
    ck_assert_uint_eq(page->owner, (uint32_t)d->process.pid);
    process_kill(&d->process);
    page_wait_death(page);
    ck_assert_uint_eq(page->state, LATCHKEY_TOKEN_PAGE_USABLE);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("token page");
    TCase *getting = stage_case(suite, "getting", 30), *living = stage_case(suite, "living", 60);

    tcase_add_test(getting, gives_the_page);
    tcase_add_loop_test(getting, reads_the_request, 0, (int)ARRAY_SIZE(requests));
    tcase_add_test(getting, is_not_for_http_1_0);
    tcase_add_test(getting, has_no_page_without_a_token);
    tcase_add_test(getting, asks_the_rules);
    tcase_add_test(getting, counts_until_it_is_closed);
    tcase_add_test(getting, loses_nothing_with_its_clients);
    tcase_add_test(living, shows_the_next_token);
    tcase_add_test(living, comes_with_the_next_token);
    tcase_add_test(living, shows_that_there_is_none);
    tcase_add_test(living, ends_with_a_reload);
    tcase_add_test(living, ends_with_its_cloud);
    tcase_add_test(living, ends_with_the_credential);
    tcase_add_test(living, ends_with_a_stop);
    tcase_add_test(living, ends_with_a_crash);
    return stage_run(suite);
}
