/* SPDX-License-Identifier: MIT */
/* Many callers, one login; and a 401 that costs one login at most, after which the request is sent
 * again whole or not at all. */
#include "capture.h"
#include "daemon.h"
#include "patience.h"
#include "sandbox.h"
#include "stage.h"
#include "stream.h"

#include <string.h>
#include <unistd.h>

#define COLD_CALLERS 200
#define SIGNED_REQUESTS 50
#define REFUSED_REQUESTS 20

/* ---- logins */

START_TEST(logs_in_once_for_many_at_a_cold_start)
{
    const struct reply *replies[COLD_CALLERS];
    const char *first = NULL, *token;

    sandbox_start(NULL);
    sandbox_set("'login_delay': 1");
    (void)daemon_start(&(struct daemon_options){.wait = DAEMON_LISTENS});
    ask_crowd(&(struct ask){.target = "/v1/default/token"}, COLD_CALLERS, replies);
    for (size_t i = 0; i < COLD_CALLERS; i++) {
        json_demand(reply_json(replies[i], 200), "{s:s}", "token", &token);
        ck_assert_str_eq(token, first ? first : token);
        first = token;
    }
    ck_assert_int_eq(sandbox_count("login_attempt_times"), 1);
    ck_assert_int_eq(sandbox_count("logins"), 1);
}
END_TEST

/* Whatever they ask for: each waits for the same login. */
START_TEST(has_every_kind_of_caller_wait)
{
    static const char *const targets[] = {
        "/v1/default/token",           "/v1/default/catalog", "/v1/default/endpoint?service=dns",
        "/v1/default/proxy/x-echo/hi", "/v1/default/refresh", "/v1/default/token?min_ttl=60",
        "/v1/default/token?after=0",
    };
    struct ask asks[ARRAY_SIZE(targets)] = {0};
    const struct reply *replies[ARRAY_SIZE(targets)];

    sandbox_start(NULL);
    sandbox_set("'login_delay': 1");
    (void)daemon_start(&(struct daemon_options){.wait = DAEMON_LISTENS});
    for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
        asks[i].target = targets[i];
        asks[i].method = strstr(targets[i], "refresh") ? "POST" : "GET";
    }
    ask_together(asks, ARRAY_SIZE(asks), replies);
    for (size_t i = 0; i < ARRAY_SIZE(targets); i++)
        ck_assert_msg(replies[i]->status == 200, "%s: %ld", targets[i], replies[i]->status);
    ck_assert_int_eq(sandbox_count("login_attempt_times"), 1);
}
END_TEST

/* A login that fails is one answer for all of them, and no reason to try it for each. */
START_TEST(fails_once_for_many)
{
    const struct reply *replies[COLD_CALLERS];

    sandbox_start(NULL);
    sandbox_set("'login_delay': 1, 'login_fault': 'unauthorized'");
    (void)daemon_start(&(struct daemon_options){.wait = DAEMON_LISTENS});
    ask_crowd(&(struct ask){.target = "/v1/default/token"}, COLD_CALLERS, replies);
    for (size_t i = 0; i < COLD_CALLERS; i++)
        (void)reply_problem(replies[i], 503, "credentials-rejected");
    ck_assert_int_eq(sandbox_count("login_attempt_times"), 1);
}
END_TEST

/* ---- 401 */

START_TEST(logs_in_once_for_many_refused_requests)
{
    const struct reply *replies[SIGNED_REQUESTS];
    struct ask asks[SIGNED_REQUESTS] = {0};

    sandbox_start(NULL);
    (void)daemon_start(NULL);
    sandbox_set("'login_delay': 0.3");
    sandbox_revoke_all();
    for (size_t i = 0; i < SIGNED_REQUESTS; i++)
        asks[i].target = stage_text("/v1/default/proxy/x-echo/number/%zu", i);
    ask_together(asks, SIGNED_REQUESTS, replies);
    for (size_t i = 0; i < SIGNED_REQUESTS; i++) {
        const char *target;

        json_demand(reply_json(replies[i], 200), "{s:s}", "target", &target);
        ck_assert_str_eq(target, stage_text("/echo/number/%zu", i));
    }
    ck_assert_int_eq(sandbox_count("logins"), 2);
    ck_assert_int_eq(sandbox_count("login_attempt_times"), 2);
}
END_TEST

START_TEST(hands_back_a_401_that_no_login_cures)
{
    const struct reply *replies[REFUSED_REQUESTS];

    sandbox_start(NULL);
    (void)daemon_start(NULL);
    ask_crowd(&(struct ask){.target = "/v1/default/proxy/x-echo/always-401"}, REFUSED_REQUESTS,
              replies);
    for (size_t i = 0; i < REFUSED_REQUESTS; i++) {
        ck_assert_int_eq(replies[i]->error, 0);
        ck_assert_int_eq(replies[i]->status, 401);
        /* The service's own answer, both headers that differ in case only and the body. */
        ck_assert_uint_eq(reply_header_count(replies[i], "WWW-Authenticate"), 2);
        ck_assert_ptr_nonnull(strstr(replies[i]->head, "Www-Authenticate: Swift"));
        ck_assert_ptr_nonnull(strstr(replies[i]->head, "WWW-Authenticate: Keystone"));
        ck_assert_ptr_nonnull(strstr(replies[i]->body, "Unauthorized"));
    }
    ck_assert_int_le(sandbox_count("login_attempt_times"), 2);
    /* Nor one after the other. */
    for (size_t i = 0; i < REFUSED_REQUESTS; i++)
        ck_assert_int_eq(get("/v1/default/proxy/x-echo/always-401")->status, 401);
    ck_assert_int_le(sandbox_count("login_attempt_times"), 2);
    ck_assert_int_eq(get("/v1/default/proxy/x-echo/")->status, 200);
}
END_TEST

/* Whoever goes on asking gets a login every 5 s at most. */
START_TEST(bounds_the_logins_that_a_401_asks_for)
{
    double end = time_now() + 11;
    json_t *times;

    sandbox_start(NULL);
    (void)daemon_start(NULL);
    while (time_now() < end)
        ck_assert_int_eq(get("/v1/default/proxy/x-echo/always-401")->status, 401);
    times = json_object_get(sandbox_stats(), "login_attempt_times");
    ck_assert_uint_le(json_array_size(times), 4);
    for (size_t i = 2; i < json_array_size(times); i++)
        ck_assert_msg(json_number_value(json_array_get(times, i)) -
                              json_number_value(json_array_get(times, i - 1)) >
                          4.9,
                      "two logins too close to one another");
}
END_TEST

/* Tokens that are revoked twice in a row cost a wait, not the request. */
START_TEST(waits_rather_than_fails_when_tokens_die_again)
{
    json_t *times;

    sandbox_start(NULL);
    (void)daemon_start(NULL);
    for (int i = 0; i < 2; i++) {
        sandbox_revoke_all();
        ck_assert_int_eq(get("/v1/default/proxy/x-echo/")->status, 200);
    }
    times = json_object_get(sandbox_stats(), "login_attempt_times");
    ck_assert_uint_eq(json_array_size(times), 3);
    ck_assert(json_number_value(json_array_get(times, 2)) -
                  json_number_value(json_array_get(times, 1)) >
              4.9);
}
END_TEST

/* With the identity service down, a 401 is the answer, and the token that other services still take
 * goes on serving. */
START_TEST(hands_back_the_401_when_the_login_fails)
{
    sandbox_start(NULL);
    (void)daemon_start(NULL);
    sandbox_set("'login_fault': 'service_unavailable'");
    ck_assert_int_eq(get("/v1/default/proxy/x-echo/always-401")->status, 401);
    ck_assert_int_eq(get("/v1/default/proxy/x-echo/")->status, 200);
    ck_assert_str_eq(daemon_state("default"), "degraded");
    ck_assert_int_eq(get("/v1/default/token")->status, 200);
}
END_TEST

/* Nor does one come of it before the time that the identity service has asked for, or while it
 * refuses the credentials. */
START_TEST(does_not_press_an_identity_service_that_said_no)
{
    static const char *const faults[] = {"over_limit", "unauthorized"};

    for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
        sandbox_start((const char *const[]){"--token-lifetime", "100", NULL});
        sandbox_set("'retry_after': 60");
        (void)daemon_start(NULL);
        sandbox_set("'login_fault': '%s'", faults[i]);
        ck_assert_int_ge(send_text("POST", "/v1/default/refresh", NULL, NULL)->status, 400);
        ck_assert_int_eq(sandbox_count("login_attempt_times"), 2);
        sleep(6); /* longer than between two logins of that kind */
        ck_assert_int_eq(get("/v1/default/proxy/x-echo/always-401")->status, 401);
        ck_assert_int_eq(get("/v1/default/token?min_ttl=9999")->status, 200);
        ck_assert_int_eq(sandbox_count("login_attempt_times"), 2);
        /* Who asks for it gets it. */
        ck_assert_int_ge(send_text("POST", "/v1/default/refresh", NULL, NULL)->status, 400);
        ck_assert_int_eq(sandbox_count("login_attempt_times"), 3);
        daemon_stop_all();
        sandbox_stop();
    }
}
END_TEST

/* ---- bodies */

static void demand_echoed(const struct reply *r, const char *body, size_t length)
{
    char sha256[STREAM_SHA256_TEXT];
    const char *echoed;
    json_int_t n;

    json_demand(reply_json(r, 200), "{s:I, s:s}", "body_length", &n, "body_sha256", &echoed);
    ck_assert_int_eq(n, (json_int_t)length);
    {
        struct stream s;

        stream_init(&s, length);
        (void)stream_consume(body, length, &s);
        stream_sha256(&s, sha256);
    }
    ck_assert_str_eq(echoed, sha256);
}

static const struct {
    const char *what, *method;
    size_t length;
    bool chunked;
} bodies[] = {
    {"none", "DELETE", 0, false},
    {"an empty one", "POST", 0, false},
    {"one byte", "POST", 1, false},
    {"some", "PUT", 5000, false},
    {"all that is held", "POST", 64 * 1024, false},
    {"chunked", "POST", 5000, true},
    {"chunked, all that is held", "PUT", 60 * 1024, true},
    {"more than is held", "PUT", 64 * 1024 + 1, false},
    {"much more", "PUT", 1024 * 1024, false},
    {"much more, chunked", "POST", 1024 * 1024, true},
};

/* What is small is held and sent again; for what is large the service is asked first. No client
 * here says `Expect`. */
START_TEST(sends_the_body_again_after_a_401)
{
    for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
        struct stream s;
        struct ask a = {
            .method = bodies[i].method,
            .target = "/v1/default/proxy/x-echo/body",
            .length = bodies[i].chunked ? BODY_CHUNKED : (int64_t)bodies[i].length,
            .userdata = &s,
        };
        const struct reply *r;

        sandbox_start(NULL);
        (void)daemon_start(NULL);
        sandbox_revoke_all();
        stream_init(&s, bodies[i].length);
        if (i > 0)
            a.produce = stream_produce;
        r = ask(&a);
        ck_assert_msg(r->status == 200, "%s: curl %d, HTTP %ld: %s", bodies[i].what, r->error,
                      r->status, r->body);
        demand_echoed(r, stream_bytes(bodies[i].length), bodies[i].length);
        ck_assert_int_eq(sandbox_count("logins"), 2);
        daemon_stop_all();
        sandbox_stop();
    }
}
END_TEST

/* Many at once, each with a body of its own. */
START_TEST(sends_each_its_own_body_again)
{
    const struct reply *replies[SIGNED_REQUESTS];
    struct ask asks[SIGNED_REQUESTS] = {0};

    sandbox_start(NULL);
    (void)daemon_start(NULL);
    sandbox_revoke_all();
    for (size_t i = 0; i < SIGNED_REQUESTS; i++)
        asks[i] = (struct ask){.method = "POST",
                               .target = "/v1/default/proxy/x-echo/",
                               .body = stream_bytes(1000 * i + 1) + i,
                               .length = (int64_t)(999 * i + 1)};
    ask_together(asks, SIGNED_REQUESTS, replies);
    for (size_t i = 0; i < SIGNED_REQUESTS; i++)
        demand_echoed(replies[i], asks[i].body, (size_t)asks[i].length);
    ck_assert_int_eq(sandbox_count("logins"), 2);
}
END_TEST

/* ---- a service that takes a body before it says 401 */

static const char refusal[] = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n";

static size_t body_length(const char *request, size_t length)
{
    const char *end = strstr(request, "\r\n\r\n");

    ck_assert_ptr_nonnull(end);
    return length - (size_t)(end + 4 - request);
}

START_TEST(never_sends_an_emptied_body)
{
    static const size_t lengths[] = {100, 64 * 1024, 64 * 1024 + 1, 300 * 1024};
    struct capture *c = capture_new();
    size_t seen = 0;

    capture_set(c, &(struct capture_answer){.bytes = refusal});
    sandbox_start((const char *const[]){"--extra-service",
                                        stage_text("raw,x-raw,,%s", capture_url(c)), NULL});
    (void)daemon_start(NULL);
    for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
        const struct reply *r = ask(&(struct ask){.method = "PUT",
                                                  .target = "/v1/default/proxy/x-raw/",
                                                  .body = stream_bytes(lengths[i]),
                                                  .length = (int64_t)lengths[i]});

        ck_assert_int_eq(r->error, 0);
        ck_assert_int_eq(r->status, 401);
        for (; seen < capture_count(c); seen++) {
            size_t length;
            const char *request = capture_wait(c, seen, &length);

            ck_assert_msg(body_length(request, length) == lengths[i], "%zu of %zu bytes were sent",
                          body_length(request, length), lengths[i]);
        }
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("single_flight");
    TCase *c = stage_case(s, "logins", 30);

    tcase_add_test(c, logs_in_once_for_many_at_a_cold_start);
    tcase_add_test(c, has_every_kind_of_caller_wait);
    tcase_add_test(c, fails_once_for_many);
    c = stage_case(s, "refusals", 30);
    tcase_add_test(c, logs_in_once_for_many_refused_requests);
    tcase_add_test(c, hands_back_a_401_that_no_login_cures);
    tcase_add_test(c, bounds_the_logins_that_a_401_asks_for);
    tcase_add_test(c, waits_rather_than_fails_when_tokens_die_again);
    tcase_add_test(c, hands_back_the_401_when_the_login_fails);
    tcase_add_test(c, does_not_press_an_identity_service_that_said_no);
    c = stage_case(s, "bodies", 30);
    tcase_add_test(c, sends_the_body_again_after_a_401);
    tcase_add_test(c, sends_each_its_own_body_again);
    tcase_add_test(c, never_sends_an_emptied_body);
    return stage_run(s);
}
