/* SPDX-License-Identifier: MIT */
/* Bodies through the signed request: whole and unchanged both ways, in constant memory, however
 * large they are and however slow somebody is. */
#include "daemon.h"
#include "patience.h"
#include "procfs.h"
#include "sandbox.h"
#include "stage.h"
#include "stream.h"

#include <string.h>
#include <time.h>

#define MIB ((uint64_t)1024 * 1024)
#define MEMORY_MOST (4 * MIB)

static struct daemon *start(void)
{
    sandbox_start(NULL);
    return daemon_start(NULL);
}

static uint64_t large(void)
{
    return (process_is_instrumented() ? 16 : 300) * MIB;
}

/* A body that goes through a test: in or out, with a pause in the middle. */
struct passage {
    struct stream stream;
    uint64_t pause_at; /* 0: none */
    double pause;      /* s */
};

static void pause_once(struct passage *p)
{
    if (!p->pause_at || p->stream.position < p->pause_at)
        return;
    p->pause_at = 0;
    nanosleep(&(struct timespec){.tv_sec = (time_t)p->pause}, NULL);
}

static size_t produce(char *to, size_t length, void *userdata)
{
    struct passage *p = userdata;

    pause_once(p);
    return stream_produce(to, length, &p->stream);
}

static bool consume(const char *data, size_t length, void *userdata)
{
    struct passage *p = userdata;

    pause_once(p);
    return stream_consume(data, length, &p->stream);
}

static const struct reply *upload(const char *target, uint64_t length, bool chunked,
                                  struct passage *p)
{
    stream_init(&p->stream, length);
    return ask(&(struct ask){.method = "PUT",
                             .target = target,
                             .length = chunked ? BODY_CHUNKED : (int64_t)length,
                             .produce = produce,
                             .userdata = p,
                             .seconds = 100});
}

static const struct reply *download(const char *target, struct passage *p)
{
    stream_init(&p->stream, 0);
    return ask(&(struct ask){.target = target, .consume = consume, .userdata = p, .seconds = 100});
}

static void demand_sha256(struct passage *p, const char *wanted)
{
    char sha256[STREAM_SHA256_TEXT];

    stream_sha256(&p->stream, sha256);
    ck_assert_str_eq(sha256, wanted);
}

/* What the echo says that it got. */
static void demand_taken(const struct reply *r, struct passage *p, uint64_t length)
{
    const char *sha256;
    json_int_t n;

    json_demand(reply_json(r, 200), "{s:I, s:s}", "body_length", &n, "body_sha256", &sha256);
    ck_assert_int_eq(n, (json_int_t)length);
    demand_sha256(p, sha256);
}

/* How much memory the daemon has taken in between, after a first transfer of the same kind. */
struct memory {
    pid_t pid;
    size_t before;
    struct procfs_watch *watch;
};

static void memory_begin(struct memory *m, const struct daemon *d)
{
    m->pid = d->process.pid;
    m->before = procfs_private_memory(m->pid);
    ck_assert_uint_gt(m->before, 0);
    m->watch = procfs_watch_start(m->pid);
}

static void memory_end(struct memory *m)
{
    size_t most = procfs_watch_stop(m->watch);

    ck_assert_msg(process_is_instrumented() || most < m->before + MEMORY_MOST,
                  "the daemon grew from %zu to %zu KiB", m->before / 1024, most / 1024);
}

/* ---- 300 MiB, each way, with a length and without */

static const struct {
    bool chunked;
    uint64_t pause_at;
} kinds[] = {{false, 0}, {true, 10 * MIB}};

START_TEST(takes_large_uploads)
{
    struct passage p = {.pause_at = kinds[_i].pause_at, .pause = 1};
    struct daemon *d = start();
    const struct reply *r;
    struct memory m;

    ck_assert_int_eq(
        upload("/v1/default/proxy/x-echo/warm", MIB, kinds[_i].chunked, &(struct passage){0})
            ->status,
        200);
    memory_begin(&m, d);
    r = upload("/v1/default/proxy/x-echo/up", large(), kinds[_i].chunked, &p);
    memory_end(&m);
    ck_assert_int_eq(r->error, 0);
    demand_taken(r, &p, large());
}
END_TEST

/* A reader that stops for a second is waited for, and nothing is piled up for it. */
START_TEST(gives_large_downloads)
{
    struct passage p = {.pause_at = 10 * MIB, .pause = 1};
    char sha256[STREAM_SHA256_TEXT];
    struct daemon *d = start();
    const struct reply *r;
    struct memory m;

    ck_assert_int_eq(
        download("/v1/default/proxy/x-echo/stream?bytes=1000000", &(struct passage){0})->status,
        200);
    memory_begin(&m, d);
    r = download(stage_text("/v1/default/proxy/x-echo/stream?bytes=%llu&chunked=%d",
                            (unsigned long long)large(), kinds[_i].chunked),
                 &p);
    memory_end(&m);
    ck_assert_int_eq(r->error, 0);
    ck_assert_int_eq(r->status, 200);
    ck_assert_uint_eq(r->length, large());
    if (kinds[_i].chunked)
        ck_assert_str_eq(reply_header(r, "Transfer-Encoding"), "chunked");
    else
        ck_assert_str_eq(reply_header(r, "Content-Length"),
                         stage_text("%llu", (unsigned long long)large()));
    stream_expected(large(), sha256);
    demand_sha256(&p, sha256);
}
END_TEST

/* A service that takes its time holds the client back. */
START_TEST(does_not_pile_up_for_a_slow_service)
{
    uint64_t length = 12 * MIB;
    struct passage p = {0};
    struct daemon *d = start();
    const struct reply *r;
    struct memory m;

    ck_assert_int_eq(
        upload("/v1/default/proxy/x-echo/warm", MIB, false, &(struct passage){0})->status, 200);
    memory_begin(&m, d);
    r = upload("/v1/default/proxy/x-echo/sink?rate=8388608", length, false, &p);
    memory_end(&m);
    demand_taken(r, &p, length);
    ck_assert_msg(r->seconds > 1, "sent in %.2f s", r->seconds);
}
END_TEST

/* The second time somebody asks for something small: then they take turns. */
START_TEST(keeps_many_transfers_apart)
{
    enum { TRANSFERS = 12, SMALL = 4 };
    struct passage passages[TRANSFERS] = {0};
    const struct reply *replies[TRANSFERS + SMALL];
    struct ask asks[TRANSFERS + SMALL] = {0};
    size_t small = _i * SMALL;
    char sha256[STREAM_SHA256_TEXT];

    (void)start();
    for (size_t i = 0; i < TRANSFERS; i++) {
        uint64_t length = 3 * MIB + 1000 * i;
        bool up = i % 2;

        stream_init(&passages[i].stream, length);
        asks[i] = (struct ask){
            .method = up ? "PUT" : "GET",
            .target = up ? "/v1/default/proxy/x-echo/up"
                         : stage_text("/v1/default/proxy/x-echo/stream?bytes=%llu",
                                      (unsigned long long)length),
            .length = i % 4 == 1 ? BODY_CHUNKED : (int64_t)length,
            .produce = up ? produce : NULL,
            .consume = up ? NULL : consume,
            .userdata = &passages[i],
        };
    }
    for (size_t i = 0; i < small; i++)
        asks[TRANSFERS + i] = (struct ask){.target = "/v1/default/token"};
    ask_together(asks, TRANSFERS + small, replies);
    for (size_t i = 0; i < small; i++)
        ck_assert_int_eq(replies[TRANSFERS + i]->status, 200);
    for (size_t i = 0; i < TRANSFERS; i++) {
        uint64_t length = 3 * MIB + 1000 * i;

        ck_assert_int_eq(replies[i]->error, 0);
        if (i % 2) {
            demand_taken(replies[i], &passages[i], length);
        } else {
            ck_assert_uint_eq(replies[i]->length, length);
            stream_expected(length, sha256);
            demand_sha256(&passages[i], sha256);
        }
    }
}
END_TEST

/* Through the object store: what went up comes down, its ETag is checked on the way. */
START_TEST(stores_and_fetches_an_object)
{
    static const char target[] = "/v1/default/proxy/object-store@ORD/box/large";
    uint64_t length = 20 * MIB;
    struct passage up = {0}, down = {0};
    char sha256[STREAM_SHA256_TEXT];
    const char *etag;
    const struct reply *r;

    (void)start();
    ck_assert_int_eq(send_text("PUT", "/v1/default/proxy/object-store@ORD/box", "", NULL)->status,
                     201);
    r = upload(target, length, true, &up);
    ck_assert_int_eq(r->status, 201);
    etag = reply_header(r, "ETag");
    ck_assert_ptr_nonnull(etag);

    r = download(target, &down);
    ck_assert_int_eq(r->status, 200);
    ck_assert_str_eq(reply_header(r, "ETag"), etag);
    stream_sha256(&up.stream, sha256);
    demand_sha256(&down, sha256);

    r = send_text("GET", target, NULL, "Range: bytes=1000-1999");
    ck_assert_int_eq(r->status, 206);
    ck_assert_uint_eq(r->length, 1000);
    ck_assert_str_eq(reply_header(r, "Content-Range"), "bytes 1000-1999/20971520");
    ck_assert_mem_eq(r->body, stream_bytes(2000) + 1000, 1000);

    r = send_text("GET", target, NULL, stage_text("If-None-Match: %s", etag));
    ck_assert_int_eq(r->status, 304);
    ck_assert_uint_eq(r->length, 0);

    r = send_text("HEAD", target, NULL, NULL);
    ck_assert_int_eq(r->status, 200);
    ck_assert_int_eq(r->error, 0);
    ck_assert_uint_eq(r->length, 0);
    ck_assert_str_eq(reply_header(r, "Content-Length"), "20971520");
    ck_assert_str_eq(reply_header(r, "ETag"), etag);

    r = send_text("COPY", target, NULL, "Destination: /box/second");
    ck_assert_int_eq(r->status, 201);
    ck_assert_int_eq(send_text("DELETE", target, NULL, NULL)->status, 204);
    ck_assert_int_eq(get("%s", target)->status, 404);
    ck_assert_str_eq(
        reply_header(send_text("HEAD", "/v1/default/proxy/object-store@ORD/box/second", NULL, NULL),
                     "ETag"),
        etag);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("proxy_bodies");
    TCase *c = stage_case(s, "large", 100);

    tcase_add_loop_test(c, takes_large_uploads, 0, ARRAY_SIZE(kinds));
    tcase_add_loop_test(c, gives_large_downloads, 0, ARRAY_SIZE(kinds));
    tcase_add_test(c, does_not_pile_up_for_a_slow_service);
    tcase_add_loop_test(c, keeps_many_transfers_apart, 0, 2);
    tcase_add_test(c, stores_and_fetches_an_object);
    return stage_run(s);
}
