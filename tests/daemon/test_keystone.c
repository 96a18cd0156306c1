/* SPDX-License-Identifier: MIT */
/*
 * A Keystone that the test plays itself, a request at a time: what the daemon asks, in which order, and
 * what it makes of answers that a real Keystone gives only when something is wrong with it. The real one
 * is in tests/cloud.
 */
#include "client.h"
#include "daemon.h"
#include "look.h"
#include "patience.h"
#include "raw.h"
#include "secrets.h"
#include "stage.h"
#include "wire.h"

#include <string.h>

#define PASSWORD "pa55word-of-the-user"
#define TOKEN "gAAAAA-token-of-the-user"

static int listener, port;

static void play(void)
{
    listener = wire_listen(&port);
    secrets_add(PASSWORD);
}

static struct daemon *start(const char *path, const char *more)
{
    return daemon_start(&(struct daemon_options){
        .config =
            stage_text("[k]\nidentity_type = keystone\nauth_endpoint = http://127.0.0.1:%d%s\n"
                       "username = u\npassword = " PASSWORD "\n%s\n",
                       port, path, more),
        .wait = DAEMON_LISTENS});
}

/* The next request has to begin like that; its body, and the answer to it. */
static const char *answer(const char *first, const char *text)
{
    int fd = wire_accept(listener);
    char *head = raw_read_head(fd);
    const char *body = strstr(head, "Content-Length:") ? wire_read_body(fd, head) : "";

    ck_assert_msg(strncmp(head, first, strlen(first)) == 0, "%s", head);
    ck_assert_ptr_null(strstr(head, "X-Auth-Token"));
    raw_print(fd, "HTTP/1.1 %s", text);
    close(fd);
    return body;
}

static const char *document(const char *status, const char *headers, const char *body)
{
    return stage_text("%s\r\nContent-Type: application/json\r\nConnection: close\r\n%s"
                      "Content-Length: %zu\r\n\r\n%s",
                      status, headers, strlen(body), body);
}

static const char *versions(const char *ids)
{
    return document("300 Multiple Choices", "",
                    stage_text("{\"versions\":{\"values\":[%s]}}", ids));
}

#define VERSION(id, at) "{\"id\":\"" id "\",\"links\":[{\"rel\":\"self\",\"href\":\"" at "\"}]}"
#define V3 VERSION("v3.14", "http://elsewhere.invalid:1/v3/")
#define V2 VERSION("v2.0", "http://elsewhere.invalid:1/v2.0/")

static const char *token(int seconds)
{
    return document("201 Created", "X-Subject-Token: " TOKEN "\r\n",
                    stage_text("{\"token\":{\"issued_at\":\"2026-01-01T00:00:00.000000Z\","
                               "\"expires_at\":\"2026-01-01T00:00:%02d.000000Z\",\"user\":{"
                               "\"id\":\"1\",\"name\":\"u\"},\"catalog\":[{\"type\":\"identity\","
                               "\"name\":\"keystone\",\"endpoints\":[{\"interface\":\"public\","
                               "\"region_id\":\"R\",\"url\":\"http://127.0.0.1:%d/v3\"}]}]}}",
                               seconds, port));
}

/* The key goes only to where the configuration points, whatever the service says of itself. */
START_TEST(asks_for_the_version_first)
{
    const char *body;

    play();
    (void)start("", "");
    (void)answer("GET / HTTP/1.1\r\n", versions(V2 "," V3));
    body = answer("POST /v3/auth/tokens HTTP/1.1\r\n", token(59));
    ck_assert_ptr_nonnull(strstr(body, "\"methods\":[\"password\"]"));
    look_demand("k", "ready", NULL);
    ck_assert_str_eq(look_token("k"), TOKEN);

    /* It knows now. */
    ck_assert_int_eq(raw_waits(listener, 0.1), 0);
}
END_TEST

/* No clock of either side in it but the service's: it sends no Date. */
START_TEST(counts_from_the_time_of_issue)
{
    json_int_t left;

    play();
    (void)start("/v3", "");
    (void)answer("POST /v3/auth/tokens HTTP/1.1\r\n", token(40));
    json_demand(reply_json(get("/v1/k/token"), 200), "{s:I}", "expires_in", &left);
    ck_assert_int_ge(left, 37);
    ck_assert_int_le(left, 39);
}
END_TEST

START_TEST(takes_the_version_that_is_wanted)
{
    const char *body;

    play();
    (void)start("/", "identity_api_version = 2\ntenant_name = t");
    (void)answer("GET / HTTP/1.1\r\n", versions(V3 "," V2));
    body = answer("POST /v2.0/tokens HTTP/1.1\r\n",
                  document("200 OK", "",
                           "{\"access\":{\"token\":{\"id\":\"" TOKEN "\",\"expires\":"
                           "\"2222-01-01T00:00:00Z\"},\"user\":{\"id\":\"1\",\"name\":\"u\"},"
                           "\"serviceCatalog\":[]}}"));
    ck_assert_str_eq(body, "{\"auth\":{\"passwordCredentials\":{\"username\":\"u\",\"password\":"
                           "\"" PASSWORD "\"},\"tenantName\":\"t\"}}");
    look_demand("k", "ready", NULL);
}
END_TEST

/* The error says what is there; and what was learned before is learned anew. */
START_TEST(says_what_it_found_instead)
{
    const char *detail;

    play();
    (void)start("/identity/v3", "");
    (void)answer("POST /identity/v3/auth/tokens HTTP/1.1\r\n", document("404 Not Found", "", ""));
    (void)answer("GET /identity/ HTTP/1.1\r\n", versions(V2));
    detail = reply_problem(get("/v1/k/token"), 503, "bad-answer");
    ck_assert_ptr_nonnull(strstr(detail, stage_text("http://127.0.0.1:%d/identity/v2.0", port)));
    ck_assert_ptr_null(strstr(detail, "elsewhere"));
}
END_TEST

/* A second look that comes to nothing takes nothing away from the first error. */
START_TEST(keeps_the_error_that_it_had)
{
    int fd;

    play();
    (void)start("/v3", "login_timeout = 2");
    (void)answer("POST /v3/auth/tokens HTTP/1.1\r\n", document("405 Method Not Allowed", "", ""));
    fd = wire_accept(listener);
    daemon_wait_state("k", "failed");
    look_demand("k", "failed", "bad-answer");
    ck_assert_ptr_nonnull(
        strstr(reply_problem(get("/v1/k/token"), 503, "bad-answer"), "HTTP status 405"));
    close(fd);
}
END_TEST

/* One deadline for all of it. */
START_TEST(gives_all_steps_one_deadline)
{
    int fd;
    double begin;

    play();
    (void)start("/", "login_timeout = 2");
    begin = time_now();
    fd = wire_accept(listener);
    (void)raw_read_head(fd);
    sleep(1);
    raw_print(fd, "HTTP/1.1 %s", versions(V3));
    close(fd);
    fd = wire_accept(listener);
    daemon_wait_state("k", "failed");
    look_demand("k", "failed", "upstream-timeout");
    ck_assert(time_now() - begin < 2.9 * patience(1));
    close(fd);
}
END_TEST

START_TEST(forgets_a_version_that_is_gone)
{
    play();
    (void)start("", "");
    (void)answer("GET / HTTP/1.1\r\n", versions(V3));
    (void)answer("POST /v3/auth/tokens HTTP/1.1\r\n", document("404 Not Found", "", ""));
    (void)answer("GET / HTTP/1.1\r\n", versions(V2));
    /* the next try */
    (void)answer("GET / HTTP/1.1\r\n", versions(V3));
    (void)answer("POST /v3/auth/tokens HTTP/1.1\r\n", token(59));
    daemon_wait_state("k", "ready");
}
END_TEST

/* A credential that comes over the socket may be of any kind that the provider takes. */
START_TEST(takes_an_application_credential)
{
    const char *body;
    int client;

    play();
    (void)daemon_start(
        &(struct daemon_options){.config = stage_text("[k]\nidentity_type = keystone\n"
                                                      "auth_endpoint = http://127.0.0.1:%d/v3\n",
                                                      port)});
    look_demand("k", "signed-out", NULL);
    client = raw_connect(NULL);
    body =
        "{\"application_credential_id\":\"a\",\"application_credential_secret\":\"" PASSWORD "\"}";
    raw_print(client,
              "PUT /v1/k/credential HTTP/1.1\r\nHost: l\r\nContent-Length: %zu\r\n"
              "Connection: close\r\n\r\n%s",
              strlen(body), body);
    body = answer("POST /v3/auth/tokens HTTP/1.1\r\n", token(59));
    ck_assert_ptr_nonnull(strstr(body, "\"application_credential\":{\"id\":\"a\",\"secret\":"));
    ck_assert_ptr_nonnull(strstr(raw_read_all(client, NULL), "\"state\":\"ready\""));
    close(client);

    (void)reply_problem(send_text("PUT", "/v1/k/credential",
                                  "{\"application_credential_secret\":\"" PASSWORD "\"}", NULL),
                        400, "bad-request");
    look_demand("k", "ready", NULL);
}
END_TEST

START_TEST(revokes_at_keystone)
{
    int client, fd;
    char *head;

    play();
    (void)start("/v3", "");
    (void)answer("POST /v3/auth/tokens HTTP/1.1\r\n", token(59));
    look_demand("k", "ready", NULL);
    client = raw_connect(NULL);
    raw_print(client, "DELETE /v1/k/credential HTTP/1.1\r\nHost: l\r\nConnection: close\r\n\r\n");
    fd = wire_accept(listener);
    head = raw_read_head(fd);
    ck_assert_ptr_eq(strstr(head, "DELETE /v3/auth/tokens HTTP/1.1\r\n"), head);
    ck_assert_ptr_nonnull(strstr(head, "\r\nX-Auth-Token: " TOKEN "\r\n"));
    ck_assert_ptr_nonnull(strstr(head, "\r\nX-Subject-Token: " TOKEN "\r\n"));
    raw_print(fd, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
    ck_assert_ptr_nonnull(strstr(raw_read_all(client, NULL), " 204 "));
    close(fd);
    close(client);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("keystone");
    TCase *c = stage_case(s, "keystone", 20);

    tcase_add_test(c, asks_for_the_version_first);
    tcase_add_test(c, counts_from_the_time_of_issue);
    tcase_add_test(c, takes_the_version_that_is_wanted);
    tcase_add_test(c, says_what_it_found_instead);
    tcase_add_test(c, keeps_the_error_that_it_had);
    tcase_add_test(c, gives_all_steps_one_deadline);
    tcase_add_test(c, forgets_a_version_that_is_gone);
    tcase_add_test(c, takes_an_application_credential);
    tcase_add_test(c, revokes_at_keystone);
    return stage_run(s);
}
