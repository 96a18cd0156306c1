/* SPDX-License-Identifier: MIT */
/* Signed requests of liblatchkey with bodies of any size, both ways, and with callbacks that stop
 * them. */
#include "daemon.h"
#include "program.h"
#include "sandbox.h"
#include "stage.h"
#include "stream.h"

#include <errno.h>
#include <string.h>

#define LARGE (32 * 1024 * 1024)

/* ---- bodies */

static int64_t give(void *userdata, void *buffer, size_t size)
{
    return (int64_t)stream_produce(buffer, size, userdata);
}

static int take(void *userdata, const void *data, size_t size)
{
    (void)stream_consume(data, size, userdata);
    return 0;
}

/* What a transfer's callbacks were told. */
struct told {
    unsigned heads, status;
    int64_t length; /* of the answer's Content-Length; -1: none */
    int64_t sent, to_send, received, to_receive;
};

static int take_head(void *userdata, const lk_head *head)
{
    struct told *told = userdata;
    const char *length = lk_head_header(head, "content-length");

    told->heads++;
    told->status = lk_head_status(head);
    told->length = length ? atoll(length) : -1;
    ck_assert_ptr_nonnull(lk_head_reason(head));
    for (size_t i = 0; i < lk_head_count(head); i++) {
        ck_assert_ptr_nonnull(lk_head_name(head, i));
        ck_assert_ptr_nonnull(lk_head_value(head, i));
        ck_assert_str_ne(lk_head_name(head, i), "X-Auth-Token");
    }
    ck_assert_ptr_null(lk_head_name(head, lk_head_count(head)));
    return 0;
}

static int take_progress(void *userdata, int64_t sent, int64_t to_send, int64_t received,
                         int64_t to_receive)
{
    struct told *told = userdata;

    ck_assert_int_ge(sent, told->sent);
    ck_assert_int_ge(received, told->received);
    told->sent = sent;
    told->to_send = to_send;
    told->received = received;
    told->to_receive = to_receive;
    return 0;
}

static void upload(const char *path, int64_t length)
{
    lk_request *r = program_request("PUT", "swift", path);
    char sent[STREAM_SHA256_TEXT], whole[STREAM_SHA256_TEXT];
    struct told told = {0};
    struct stream s;

    stream_init(&s, LARGE);
    ck_assert_int_eq(lk_request_set_region(r, "DFW"), 0);
    lk_request_set_reader(r, give, &s, length);
    lk_request_on_head(r, take_head, &told);
    lk_request_on_progress(r, take_progress, &told);
    ck_assert_int_eq(lk_request_perform(r, NULL), 0);
    ck_assert_uint_eq(lk_request_status(r), 201);
    ck_assert_uint_eq(told.heads, 1);
    ck_assert_uint_eq(told.status, 201);
    ck_assert_int_eq(told.sent, LARGE);
    ck_assert_int_eq(told.to_send, length);
    stream_sha256(&s, sent);
    stream_expected(LARGE, whole);
    ck_assert_str_eq(sent, whole);
}

static void download(const char *service, const char *path, bool has_length)
{
    lk_request *r = program_request("GET", service, path);
    char got[STREAM_SHA256_TEXT], whole[STREAM_SHA256_TEXT];
    struct told told = {0};
    struct stream s;

    stream_init(&s, 0);
    if (!strcmp(service, "swift"))
        ck_assert_int_eq(lk_request_set_region(r, "DFW"), 0);
    lk_request_on_head(r, take_head, &told);
    lk_request_on_body(r, take, &s);
    lk_request_on_progress(r, take_progress, &told);
    ck_assert_int_eq(lk_request_perform(r, NULL), 0);
    ck_assert_uint_eq(lk_request_status(r), 200);
    ck_assert_int_eq(told.length, has_length ? LARGE : -1);
    ck_assert_int_eq(told.to_receive, has_length ? LARGE : -1);
    ck_assert_int_eq(told.received, LARGE);
    stream_sha256(&s, got);
    stream_expected(LARGE, whole);
    ck_assert_str_eq(got, whole);
}

START_TEST(streams_large_bodies)
{
    program_start();
    (void)send_text("PUT", "/v1/default/proxy/swift@DFW/large", "", NULL);
    upload("large/measured", LARGE);
    upload("large/open", -1);
    download("swift", "large/measured", true);
    download("swift", "large/open", true);
    download("x-echo", stage_text("stream?bytes=%d&chunked=1", LARGE), false);
}
END_TEST

struct answer {
    char text[64 * 1024];
    size_t length;
};

static int keep(void *userdata, const void *data, size_t size)
{
    struct answer *answer = userdata;

    ck_assert_uint_lt(answer->length + size, sizeof(answer->text));
    memcpy(answer->text + answer->length, data, size);
    answer->length += size;
    return 0;
}

/* One request, performed twice, with a body that is larger than a daemon would hold. */
START_TEST(sends_a_body_out_of_memory)
{
    char expected[STREAM_SHA256_TEXT];
    char *piece;
    lk_request *r;

    program_start();
    piece = stream_bytes(200000);
    stream_expected(200000, expected);
    r = program_request("POST", "x-echo", "x");
    ck_assert_int_eq(lk_request_set_body(r, piece, 200000), 0);
    memset(piece, 0, 200000); /* it has a copy */
    ck_assert_int_eq(lk_request_add_header(r, "X-Mine", "yes"), 0);
    ck_assert_int_eq(lk_request_set_silence(r, 20), 0);
    for (int i = 0; i < 2; i++) {
        struct answer answer = {0};

        lk_request_on_body(r, keep, &answer);
        ck_assert_int_eq(lk_request_perform(r, NULL), 0);
        ck_assert_uint_eq(lk_request_status(r), 200);
        ck_assert_ptr_nonnull(strstr(answer.text, expected));
        ck_assert_ptr_nonnull(strstr(answer.text, "X-Mine"));
    }
}
END_TEST

/* ---- callbacks that stop */

struct stopper {
    size_t after; /* bytes that it lets through */
    size_t moved;
};

static int64_t stop_reading(void *userdata, void *buffer, size_t size)
{
    struct stopper *s = userdata;

    if (s->moved >= s->after)
        return -EIO;
    memset(buffer, 'x', size);
    s->moved += size;
    return (int64_t)size;
}

static int stop_at_the_head(_unused_ void *userdata, _unused_ const lk_head *head)
{
    return -EPERM;
}

static int stop_in_the_body(void *userdata, _unused_ const void *data, size_t size)
{
    struct stopper *s = userdata;

    s->moved += size;
    return s->moved >= s->after ? -ENOSPC : 0;
}

static int stop_from_outside(void *userdata, _unused_ int64_t sent, _unused_ int64_t to_send,
                             int64_t received, _unused_ int64_t to_receive)
{
    struct stopper *s = userdata;

    return received >= (int64_t)s->after ? -ECANCELED : 0;
}

/* The transfer ends at once, here and in the cloud, and the client is as good as before. */
static void demand_stop(lk_request *r, int result)
{
    lk_error *error = NULL;
    lk_token *token = NULL;

    ck_assert_int_eq(lk_request_perform(r, &error), result);
    ck_assert_int_eq(lk_error_result(error), result);
    lk_error_free(error);
    sandbox_wait_count("active_transfers", 0);
    ck_assert_int_eq(lk_token_get(client, NULL, 0, &token, NULL), 0);
    lk_token_free(token);
}

START_TEST(stops_when_a_callback_says_so)
{
    struct stopper s = {.after = 300000};
    lk_request *r;

    program_start();
    r = program_request("PUT", "x-echo", "x");
    lk_request_set_reader(r, stop_reading, &s, LARGE);
    demand_stop(r, -EIO);

    r = program_request("GET", "x-echo", stage_text("stream?bytes=%d", LARGE));
    lk_request_on_head(r, stop_at_the_head, NULL);
    demand_stop(r, -EPERM);
    ck_assert_uint_eq(lk_request_status(r), 200);

    r = program_request("GET", "x-echo", stage_text("stream?bytes=%d", LARGE));
    s.moved = 0;
    lk_request_on_body(r, stop_in_the_body, &s);
    demand_stop(r, -ENOSPC);
    ck_assert_uint_lt(s.moved, LARGE);

    r = program_request("GET", "x-echo", stage_text("stream?bytes=%d", LARGE));
    lk_request_on_progress(r, stop_from_outside, &s);
    demand_stop(r, -ECANCELED);

    r = program_request("GET", "x-echo", "hang");
    s.after = 0;
    lk_request_on_progress(r, stop_from_outside, &s);
    demand_stop(r, -ECANCELED);
}
END_TEST

START_TEST(notices_what_breaks_off)
{
    static const char *const paths[] = {"drop?after=100000", "drop?after=100000&chunked=1"};
    struct stream s;
    lk_request *r;

    program_start();
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
        r = program_request("GET", "x-echo", paths[i]);
        stream_init(&s, 0);
        lk_request_on_body(r, take, &s);
        demand_stop(r, -ECONNRESET);
        ck_assert_uint_eq(s.position, 100000);
    }
    r = program_request("PUT", "x-echo", "x");
    stream_init(&s, 1000);
    lk_request_set_reader(r, give, &s, 2000);
    demand_stop(r, -ENODATA);
    r = program_request("GET", "x-echo", "hang");
    ck_assert_int_eq(lk_request_set_silence(r, 1), 0);
    demand_stop(r, -ETIMEDOUT);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("streams");
    TCase *c = stage_case(s, "bodies", 60);

    tcase_add_test(c, streams_large_bodies);
    tcase_add_test(c, sends_a_body_out_of_memory);
    c = stage_case(s, "ends", 60);
    tcase_add_test(c, stops_when_a_callback_says_so);
    tcase_add_test(c, notices_what_breaks_off);
    return stage_run(s);
}
