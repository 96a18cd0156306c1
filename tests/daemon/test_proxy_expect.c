/* SPDX-License-Identifier: MIT */
/* A service that does not know `Expect: 100-continue` and says 417 to it (RFC 9110, 10.1.1): it gets
 * the request without, whoever asked, and neither the body nor the next request suffers. */
#include "daemon.h"
#include "raw.h"
#include "sandbox.h"
#include "stage.h"
#include "stream.h"
#include "wire.h"

#include <string.h>

#define LENGTH ((size_t)200000)

struct scene {
    int listener, service, client;
};

static struct scene start(void)
{
    struct scene s = {.listener = wire_play(), .service = -1};

    s.client = raw_connect(NULL);
    return s;
}

static void end(struct scene *s)
{
    close(s->client);
    close(s->service);
    close(s->listener);
}

static void send_head(const struct scene *s, const char *expect)
{
    raw_print(
        s->client,
        "POST /v1/default/proxy/x-bare/a HTTP/1.1\r\nHost: l\r\nContent-Length: %zu\r\n%s\r\n",
        LENGTH, expect);
}

/* The service has the head, and is asked whether it wants the body. */
static void demand_question(struct scene *s)
{
    s->service = wire_accept(s->listener);
    ck_assert_ptr_nonnull(strstr(raw_read_head(s->service), "\r\nExpect: 100-continue\r\n"));
}

static void demand_body(const struct scene *s)
{
    ck_assert_mem_eq(raw_read(s->service, LENGTH), stream_bytes(LENGTH), LENGTH);
    raw_print(s->service, "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
    ck_assert_ptr_nonnull(strstr(raw_read_head(s->client), " 201 "));
}

static void refuse(const struct scene *s)
{
    raw_print(s->service, "HTTP/1.1 417 Expectation Failed\r\nContent-Length: 2\r\n\r\nno");
}

static const bool asks[] = {false, true};

START_TEST(is_not_asked_again)
{
    struct scene s = start();
    char *head;

    send_head(&s, asks[_i] ? "Expect: 100-continue\r\n" : "");
    if (!asks[_i])
        raw_send(s.client, stream_bytes(LENGTH), LENGTH / 2);
    demand_question(&s);
    refuse(&s);
    ck_assert_str_eq(raw_read_all(s.service, NULL), "");
    close(s.service);

    s.service = wire_accept(s.listener);
    head = raw_read_head(s.service);
    ck_assert_msg(!strcasestr(head, "\r\nExpect:"), "%s", head);
    ck_assert_ptr_nonnull(strstr(head, stage_text("\r\nContent-Length: %zu\r\n", LENGTH)));
    if (asks[_i]) {
        ck_assert_ptr_nonnull(strstr(raw_read_head(s.client), " 100 "));
        raw_send(s.client, stream_bytes(LENGTH), LENGTH);
    } else {
        raw_send(s.client, stream_bytes(LENGTH) + LENGTH / 2, LENGTH / 2);
    }
    demand_body(&s);
    end(&s);
}
END_TEST

/* Others are asked as ever. */
START_TEST(spoils_nothing)
{
    struct scene s = start();

    send_head(&s, "");
    demand_question(&s);
    refuse(&s);
    raw_send(s.client, stream_bytes(LENGTH), LENGTH);
    close(s.service);
    s.service = wire_accept(s.listener);
    (void)raw_read_head(s.service);
    demand_body(&s);
    close(s.service);

    send_head(&s, "");
    demand_question(&s);
    raw_print(s.service, "HTTP/1.1 100 Continue\r\n\r\n");
    raw_send(s.client, stream_bytes(LENGTH), LENGTH);
    demand_body(&s);
    end(&s);
}
END_TEST

/* It says so too late, when the body is on its way and cannot be had again. */
START_TEST(is_told_when_nothing_can_be_done)
{
    struct scene s = start();
    char *head;

    send_head(&s, "");
    raw_send(s.client, stream_bytes(LENGTH), LENGTH - 1);
    demand_question(&s);
    (void)raw_read(s.service, LENGTH / 2);
    refuse(&s);
    ck_assert_ptr_nonnull(raw_read_all(s.service, NULL));
    raw_send(s.client, stream_bytes(LENGTH) + LENGTH - 1, 1);
    head = raw_read_head(s.client);
    ck_assert_msg(strstr(head, " 502 "), "%s", head);
    ck_assert_ptr_nonnull(strstr(wire_read_body(s.client, head), "417"));
    end(&s);
    ck_assert_int_eq(get("/v1/default/proxy/x-echo/x")->status, 200);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("proxy expect");
    TCase *c = stage_case(s, "expect", 30);

    tcase_add_loop_test(c, is_not_asked_again, 0, ARRAY_SIZE(asks));
    tcase_add_test(c, spoils_nothing);
    tcase_add_test(c, is_told_when_nothing_can_be_done);
    return stage_run(s);
}
