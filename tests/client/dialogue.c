/* SPDX-License-Identifier: MIT */
#include "dialogue.h"

#include <check.h>
#include <string.h>

#include "cleanup.h"
#include "peer.h"

lk_client *client;
static struct peer_script script;
static size_t n_connections, n_on_this, n_answers;

static void add(char *text)
{
    ck_assert_ptr_nonnull(text);
    ck_assert_uint_lt(n_connections, PEER_CONNECTIONS);
    ck_assert_uint_lt(n_on_this, PEER_ANSWERS);
    script.connections[n_connections][n_on_this++] = text;
    n_answers++;
}

void hang_up(void)
{
    n_connections++;
    n_on_this = 0;
}

void answer(const char *status, const char *type, const char *body)
{
    char *text;

    ck_assert_int_ge(asprintf(&text,
                              "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n%s",
                              status, type, strlen(body), body),
                     0);
    add(text);
}

void answer_json(const char *body)
{
    answer("200 OK", "application/json", body);
}

void answer_problem(const char *code)
{
    _cleanup_(freep) char *body = NULL;

    ck_assert_int_ge(asprintf(&body,
                              "{\"type\":\"urn:latchkey:problem:%s\",\"title\":\"T\","
                              "\"detail\":\"Do.\",\"code\":\"%s\"}",
                              code, code),
                     0);
    answer("503 Service Unavailable", "application/problem+json", body);
}

void answer_by_going_away(void)
{
    add(strdup(PEER_HANGS_UP));
    hang_up();
}

void answer_nothing(void)
{
    add(strdup("HTTP/1.1 204 No Content\r\n\r\n"));
}

void dialogue_start(void)
{
    unsetenv("LATCHKEY_CLOUD");
    peer_start(&script);
    ck_assert_int_eq(lk_client_new(peer_socket(), &client), 0);
    ck_assert_str_eq(lk_client_socket(client), peer_socket());
}

void dialogue_finish(void)
{
    lk_client_free(client);
    client = NULL;
    ck_assert_uint_eq(peer_finish(), n_answers);
    for (size_t i = 0; i < PEER_CONNECTIONS; i++)
        for (size_t j = 0; j < PEER_ANSWERS; j++)
            free((void *)(uintptr_t)script.connections[i][j]);
}

void expect_line(size_t index, const char *line)
{
    const char *request = peer_request(index);

    ck_assert_msg(strncmp(request, line, strlen(line)) == 0 &&
                      strncmp(request + strlen(line), " HTTP/1.1\r\n", 11) == 0,
                  "asked: %s", request);
}
