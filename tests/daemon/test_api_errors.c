/* SPDX-License-Identifier: MIT */
/* What the socket refuses and how, and what the daemon tells about itself. */
#include "daemon.h"
#include "patience.h"
#include "raw.h"
#include "sandbox.h"
#include "stage.h"

#include <string.h>

static void start(void)
{
    sandbox_start(NULL);
    (void)daemon_start(NULL);
}

/* ---- refusals */

START_TEST(refuses_in_one_shape)
{
    static const struct {
        const char *method, *target;
        long status;
        const char *code;
        const char *detail; /* what the sentence has to name */
    } rows[] = {
        {"GET", "/", 404, "not-found", "/v1"},
        {"GET", "/v2", 404, "not-found", "/v1"},
        {"GET", "/v1/", 404, "not-found", "/v1"},
        {"GET", "/v1/default", 404, "not-found", "/v1"},
        {"GET", "/v1/default/nonsense", 404, "not-found", "/v1"},
        {"GET", "/v1/default/token/more", 404, "not-found", "/v1"},
        {"GET", "/v1/nowhere/token", 404, "unknown-cloud", "rackspace"},
        {"GET", "/v1/nowhere/proxy/compute/servers", 404, "unknown-cloud", "rackspace"},
        {"GET", "/health/more", 404, "not-found", ""},
        {"GET", "/v1/%zz/token", 400, "bad-request", "escape"},
        {"GET", "/v1/default/token?min_ttl=soon", 400, "bad-request", "min_ttl"},
        {"GET", "/v1/default/token?min_ttl=-1", 400, "bad-request", "min_ttl"},
        {"GET", "/v1/default/token?after=", 400, "bad-request", "after"},
        {"GET", "/v1/default/token?after=1&timeout=x", 400, "bad-request", "timeout"},
        {"GET", "/v1/default/token?after=1&after=2", 400, "bad-request", "after"},
        {"GET", "/v1/default/catalog?region=%f", 400, "bad-request", "region"},
        {"GET", "/v1/default/endpoint", 400, "bad-request", "service"},
        {"GET", "/v1/default/endpoint?service=nonsense", 404, "unknown-service", "object-store"},
        {"GET", "/v1/default/endpoint?service=compute&region=XYZ", 404, "unknown-region",
         "DFW, ORD"},
        {"GET", "/v1/default/endpoint?service=compute", 400, "region-required", "DFW, ORD"},
        {"GET", "/v1/default/endpoint?service=compute&region=ORD&interface=internal", 404,
         "unknown-interface", "public"},
        {"GET", "/v1/default/proxy", 400, "bad-request", "service"},
        {"GET", "/v1/default/proxy/", 400, "bad-request", "service"},
        {"GET", "/v1/default/proxy/nonsense/x", 404, "unknown-service", "object-store"},
        {"GET", "/v1/default/proxy/compute@XYZ/x", 404, "unknown-region", "DFW, ORD"},
        {"GET", "/v1/default/proxy/compute/x", 400, "region-required", "DFW, ORD"},
        {"GET", "/v1/default/proxy/compute@/x", 400, "bad-request", "service"},
        {"GET", "/v1/default/proxy/x-echo/../x", 400, "bad-path", ".."},
    };

    start();
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct reply *r = send_text(rows[i].method, rows[i].target, NULL, NULL);
        const char *detail;

        ck_assert_msg(r->status == rows[i].status, "%s %s: HTTP status %ld: %s", rows[i].method,
                      rows[i].target, r->status, r->body);
        detail = reply_problem(r, rows[i].status, rows[i].code);
        ck_assert_msg(strstr(detail, rows[i].detail), "%s %s: no '%s' in '%s'", rows[i].method,
                      rows[i].target, rows[i].detail, detail);
    }
    ck_assert_int_eq(sandbox_count("requests"), 1);
}
END_TEST

START_TEST(says_which_methods_there_are)
{
    static const struct {
        const char *method, *target, *allow;
    } rows[] = {
        {"POST", "/v1", "GET, HEAD"},
        {"PUT", "/v1/default/identity", "GET, HEAD"},
        {"DELETE", "/v1/default/token", "GET, HEAD"},
        {"OPTIONS", "/v1/default/token", "GET, HEAD"},
        {"POST", "/v1/default/catalog", "GET, HEAD"},
        {"COPY", "/v1/default/endpoint", "GET, HEAD"},
        {"GET", "/v1/default/credential", "PUT, DELETE"},
        {"GET", "/v1/default/refresh", "POST"},
        {"HEAD", "/v1/default/refresh", "POST"},
        {"POST", "/health", "GET, HEAD"},
        {"POST", "/metrics", "GET, HEAD"},
    };

    start();
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct reply *r = send_text(rows[i].method, rows[i].target, NULL, NULL);

        ck_assert_msg(r->status == 405, "%s %s: HTTP status %ld", rows[i].method, rows[i].target,
                      r->status);
        ck_assert_str_eq(reply_header(r, "Allow"), rows[i].allow);
        if (strcmp(rows[i].method, "HEAD") != 0)
            (void)reply_problem(r, 405, "method-not-allowed");
    }
}
END_TEST

/* None of these may take the daemon down, or leave the next one without an answer. */
START_TEST(outlives_malformed_requests)
{
    static const char *const requests[] = {
        "nonsense\r\n\r\n",
        "GET\r\n\r\n",
        "GET /v1\r\n\r\n",
        "GET v1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        "GET * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        "GET https://elsewhere/v1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        "GET /v1 /v1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        "GET /v1 HTTP/9.9\r\nHost: x\r\nConnection: close\r\n\r\n",
        "PUT /v1/default/credential HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        "Content-Length: -5\r\n\r\n",
        "PUT /v1/default/credential HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        "Content-Length: 99999999999999999999999\r\n\r\n",
        "PUT /v1/default/credential HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    };

    start();
    for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
        _cleanup_(closep) int fd = raw_connect(NULL);
        char *answer;

        raw_send(fd, requests[i], strlen(requests[i]));
        answer = raw_read_all(fd, NULL);
        ck_assert_msg(!*answer || !strncmp(answer, "HTTP/1.1 4", 10) ||
                          !strncmp(answer, "HTTP/1.1 505", 12),
                      "%s: %s", requests[i], answer);
        ck_assert_int_eq(get("/v1")->status, 200);
    }
}
END_TEST

/* A head that is larger than there is room for is refused, not cut short. */
START_TEST(refuses_a_huge_head)
{
    char *header, *answer;

    start();
    header = stage_keep(calloc(1, 100001));
    memset(header, 'h', 100000);
    {
        _cleanup_(closep) int fd = raw_connect(NULL);

        raw_print(fd, "GET /v1 HTTP/1.1\r\nHost: x\r\nX-Large: ");
        raw_send(fd, header, 20000);
        raw_waits(fd, 0);
        raw_send(fd, header, 80000);
        answer = raw_read_all(fd, NULL);
    }
    ck_assert_msg(!strncmp(answer, "HTTP/1.1 431", 12), "%s", answer);
    ck_assert_int_eq(get("/v1")->status, 200);
}
END_TEST

/* One connection serves many requests, refused ones too. */
START_TEST(keeps_connections)
{
    static const char *const targets[] = {"/v1",
                                          "/nonsense",
                                          "/v1/default/token",
                                          "/health",
                                          "/v1/default/proxy/x-echo/a",
                                          "/v1/nowhere/token"};
    _cleanup_(client_freep) struct client *c = NULL;

    start();
    c = client_new(daemon_socket(), NULL);
    for (size_t i = 0; i < 5 * ARRAY_SIZE(targets); i++)
        ck_assert_int_eq(
            client_ask(c, &(struct ask){.target = targets[i % ARRAY_SIZE(targets)]})->error, 0);
    ck_assert_int_eq(client_connections(c), 1);
}
END_TEST

START_TEST(answers_pipelined_requests_in_order)
{
    _cleanup_(closep) int fd = -1;
    const char *all, *first, *second, *third;

    start();
    fd = raw_connect(NULL);
    raw_print(fd, "GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
                  "GET /v1/default/proxy/x-echo/slow?ms=200 HTTP/1.1\r\nHost: x\r\n\r\n"
                  "GET /v1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    all = raw_read_all(fd, NULL);
    first = strstr(all, "\"ready\"}");
    second = strstr(all, "/echo/slow?ms=200");
    third = strstr(all, "\"clouds\"");
    ck_assert_msg(first && second && third && first < second && second < third, "%s", all);
}
END_TEST

/* ---- health */

START_TEST(is_healthy_once_every_cloud_is)
{
    const char *status;

    start();
    json_demand(reply_json(get("/health"), 200), "{s:s !}", "status", &status);
    ck_assert_str_eq(status, "ready");
}
END_TEST

START_TEST(shows_each_clouds_state_while_it_is_not)
{
    const char *name, *state;
    const struct reply *r;
    json_t *document;

    sandbox_start(NULL);
    (void)daemon_start(&(struct daemon_options){
        .config = stage_text("%s[second]\nidentity_type = rackspace\nauth_endpoint = %s/v2.0\n",
                             daemon_cloud("first", ""), sandbox_url())});
    r = get("/health");
    (void)reply_problem(r, 503, "not-ready");
    document = json_loads(r->body, 0, NULL);
    for (size_t i = 0; i < 2; i++) {
        json_demand(json_array_get(json_object_get(document, "clouds"), i), "{s:s, s:s !}", "name",
                    &name, "state", &state);
        ck_assert_str_eq(name, i == 0 ? "first" : "second");
        ck_assert_str_eq(state, i == 0 ? "ready" : "signed-out");
    }
    json_decref(document);
}
END_TEST

/* ---- metrics */

/* The value of the sample that begins with that, or -1. */
static double sample(const char *metrics, const char *name)
{
    size_t length = strlen(name);

    for (const char *line = metrics; line && *line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (!strncmp(line, name, length) && line[length] == ' ')
            return strtod(line + length, NULL);
    }
    return -1;
}

/* OpenMetrics: every sample belongs to the family that was declared last. */
static void demand_openmetrics(const char *text)
{
    char *copy = stage_text("%s", text), *line;
    char family[128] = "";
    size_t length = strlen(text);

    ck_assert_msg(length > 6 && !strcmp(text + length - 6, "# EOF\n"), "no end: %s", text);
    ck_assert_ptr_eq(strstr(text, "# EOF\n"), text + length - 6);
    while ((line = strsep(&copy, "\n"))) {
        char word[16], name[128];

        if (sscanf(line, "# %15s %127s", word, name) == 2) {
            ck_assert(!strcmp(word, "TYPE") || !strcmp(word, "UNIT") || !strcmp(word, "HELP"));
            if (!strcmp(word, "TYPE"))
                strcpy(family, name);
            ck_assert_str_eq(name, family);
        } else if (*line && *line != '#') {
            ck_assert_msg(*family && !strncmp(line, family, strlen(family)), "%s in %s", line,
                          family);
            ck_assert_msg(strchr(line, ' '), "no value: %s", line);
        }
    }
}

START_TEST(counts_what_it_does)
{
    static const char *const gauges[] = {
        "latchkey_connections",          "process_cpu_seconds_total",
        "process_resident_memory_bytes", "process_open_fds",
        "process_start_time_seconds",    "latchkey_token_left_seconds{cloud=\"rackspace\"}",
    };
    const char *before, *after;
    const struct reply *r;

    start();
    r = get("/metrics");
    ck_assert_int_eq(r->status, 200);
    ck_assert(!strncmp(reply_header(r, "Content-Type"), "application/openmetrics-text", 28));
    before = r->body;
    demand_openmetrics(before);
    for (size_t i = 0; i < ARRAY_SIZE(gauges); i++)
        ck_assert_msg(sample(before, gauges[i]) > 0, "%s: %s", gauges[i], before);

    ck_assert_int_eq(get("/v1/default/token")->status, 200);
    ck_assert_int_eq(get("/v1/default/nonsense")->status, 404);
    ck_assert_int_eq(get("/v1/default/proxy/x-echo/stream?bytes=1000")->status, 200);
    ck_assert_int_eq(send_text("POST", "/v1/default/proxy/x-echo/", "seven b", NULL)->status, 200);
    ck_assert_int_eq(send_text("POST", "/v1/default/refresh", NULL, NULL)->status, 200);
    sandbox_set("'login_fault': 'unauthorized'");
    ck_assert_int_eq(send_text("POST", "/v1/default/refresh", NULL, NULL)->status, 403);

    after = get("/metrics")->body;
    demand_openmetrics(after);
#define NUMBER(name) sample(after, name)
    ck_assert(NUMBER("latchkey_requests_total{route=\"token\",status=\"200\"}") == 1);
    ck_assert(NUMBER("latchkey_requests_total{route=\"proxy\",status=\"200\"}") == 2);
    ck_assert(NUMBER("latchkey_requests_total{route=\"refresh\",status=\"200\"}") == 1);
    ck_assert(NUMBER("latchkey_requests_total{route=\"none\",status=\"404\"}") == 1);
    ck_assert(NUMBER("latchkey_logins_total{cloud=\"rackspace\",outcome=\"success\"}") == 2);
    ck_assert(NUMBER("latchkey_logins_total{cloud=\"rackspace\","
                     "outcome=\"credentials-rejected\"}") == 1);
    ck_assert(NUMBER("latchkey_renewals_total{cloud=\"rackspace\"}") == 1);
    ck_assert(NUMBER("latchkey_proxied_bytes_total{cloud=\"rackspace\",direction=\"sent\"}") == 7);
    ck_assert(NUMBER("latchkey_proxied_bytes_total{cloud=\"rackspace\",direction=\"received\"}") >
              1000);
#undef NUMBER
    ck_assert(sample(before, "latchkey_logins_total{cloud=\"rackspace\",outcome=\"success\"}") ==
              1);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("api_errors");
    TCase *c = stage_case(s, "refusals", 20);

    tcase_add_test(c, refuses_in_one_shape);
    tcase_add_test(c, says_which_methods_there_are);
    tcase_add_test(c, outlives_malformed_requests);
    tcase_add_test(c, refuses_a_huge_head);
    tcase_add_test(c, keeps_connections);
    tcase_add_test(c, answers_pipelined_requests_in_order);
    c = stage_case(s, "health", 20);
    tcase_add_test(c, is_healthy_once_every_cloud_is);
    tcase_add_test(c, shows_each_clouds_state_while_it_is_not);
    tcase_add_test(c, counts_what_it_does);
    return stage_run(s);
}
