/* SPDX-License-Identifier: MIT */
/* The transport, and what a daemon can do to it: go away, say half of it, say something else. */
#include "peer.h"
#include "suite.h"
#include "transport.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#define HELLO PEER_OK("text/plain", "5", "hello")

struct got {
    unsigned heads;
    unsigned status;
    char body[64];
    size_t size;
    int stop; /* what the body's callback answers */
};

static int take_head(void *userdata, const lk_head *head)
{
    struct got *got = userdata;

    got->heads++;
    got->status = lk_head_status(head);
    return 0;
}

static int take_body(void *userdata, const void *data, size_t size)
{
    struct got *got = userdata;

    for (size_t i = 0; i < size && got->size + i < sizeof(got->body) - 1; i++)
        got->body[got->size + i] = ((const char *)data)[i];
    got->size += size;
    return got->stop;
}

static struct transport *transport;

static struct transport_call call_of(const char *method, struct got *got)
{
    *got = (struct got){};
    return (struct transport_call){.method = method,
                                   .target = "/",
                                   .on_head = take_head,
                                   .head_userdata = got,
                                   .on_body = take_body,
                                   .body_userdata = got,
                                   .limit = 10};
}

static int get(struct got *got)
{
    struct transport_call call = call_of("GET", got);

    call.repeatable = true;
    return transport_exchange(transport, &call);
}

static int post(struct got *got)
{
    struct transport_call call = call_of("POST", got);

    return transport_exchange(transport, &call);
}

static void start(const struct peer_script *script)
{
    peer_start(script);
    ck_assert_int_eq(transport_new(peer_socket(), &transport), 0);
}

static void finish(size_t requests)
{
    transport_free(transport);
    transport = NULL;
    ck_assert_uint_eq(peer_finish(), requests);
}

START_TEST(refuses_impossible_paths)
{
    char path[109];

    memset(path, 'x', sizeof(path) - 1);
    path[108] = '\0';
    ck_assert_int_eq(transport_new("", &transport), -EINVAL);
    ck_assert_int_eq(transport_new(path, &transport), -ENAMETOOLONG);
    ck_assert_ptr_null(transport);
}
END_TEST

START_TEST(says_that_nobody_is_there)
{
    struct got got;

    ck_assert_int_eq(transport_new("/tmp/latchkey-no-such-socket", &transport), 0);
    ck_assert_int_eq(get(&got), -ENOENT);
    ck_assert_uint_eq(got.heads, 0);
    transport_free(transport);
    ck_assert_int_eq(transport_new("/dev/null", &transport), 0);
    ck_assert_int_eq(get(&got), -ECONNREFUSED);
    transport_free(transport);
}
END_TEST

START_TEST(keeps_its_connection)
{
    static const struct peer_script script = {{{HELLO, HELLO}}};
    struct got got;

    start(&script);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(get(&got), 0);
        ck_assert_uint_eq(got.heads, 1);
        ck_assert_uint_eq(got.status, 200);
        ck_assert_str_eq(got.body, "hello");
    }
    finish(2);
}
END_TEST

START_TEST(replaces_a_connection_that_was_closed)
{
    static const struct peer_script script = {{{HELLO}, {HELLO}}};
    struct got got;

    start(&script);
    ck_assert_int_eq(get(&got), 0);
    ck_assert_int_eq(get(&got), 0);
    finish(2);
}
END_TEST

START_TEST(asks_once_more_on_a_new_connection)
{
    static const struct peer_script script = {{{HELLO, PEER_HANGS_UP}, {HELLO}}};
    struct got got;

    start(&script);
    ck_assert_int_eq(get(&got), 0);
    ck_assert_int_eq(get(&got), 0);
    ck_assert_str_eq(got.body, "hello");
    finish(3);
}
END_TEST

START_TEST(does_not_ask_a_third_time)
{
    static const struct peer_script script = {{{HELLO, PEER_HANGS_UP}, {PEER_HANGS_UP}}};
    struct got got;

    start(&script);
    ck_assert_int_eq(get(&got), 0);
    ck_assert_int_eq(get(&got), -ECONNRESET);
    ck_assert_uint_eq(got.heads, 0);
    finish(3);
}
END_TEST

START_TEST(never_repeats_what_could_matter)
{
    static const struct peer_script script = {{{HELLO}, {PEER_HANGS_UP}}};
    struct got got;

    start(&script);
    ck_assert_int_eq(get(&got), 0);
    ck_assert_int_eq(post(&got), -ECONNRESET);
    ck_assert_ptr_nonnull(strstr(peer_request(1), "\r\nContent-Length: 0\r\n"));
    finish(2);
}
END_TEST

/* The second connection would be turned down if it were the first one again. */
START_TEST(makes_a_child_its_own_connection)
{
    static const struct peer_script script = {{{HELLO}, {HELLO}}};
    struct got got;
    int status;
    pid_t child;

    start(&script);
    ck_assert_int_eq(get(&got), 0);
    child = fork();
    if (child == 0)
        _exit(get(&got) == 0 && strcmp(got.body, "hello") == 0 ? 0 : 1);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    finish(2);
}
END_TEST

static const struct {
    const char *answer;
    int result;
    unsigned heads;
    const char *body;
} odd_answers[] = {
    {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", -ECONNRESET, 1, "hello"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", -ECONNRESET, 1,
     "hello"},
    {"HTTP/1.1 200 OK\r\nContent-Le", -ECONNRESET, 0, ""},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nno\r\n", -EPROTO, 1,
     "hello"},
    {"SSH-2.0-OpenSSH_9.2\r\n", -EPROTO, 0, ""},
    {"HTTP/1.1 200 OK\r\nno header\r\n\r\n", -EPROTO, 0, ""},
    {"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" HELLO, 0, 1, "hello"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n\r\n", 0, 1,
     "hello"},
    {"HTTP/1.1 204 No Content\r\n\r\n", 0, 1, ""},
    {"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", 0, 1, ""},
    {"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nraw", 0, 1, "raw"},
};

START_TEST(takes_answers_as_they_are)
{
    struct peer_script script = {{{odd_answers[_i].answer}}};
    struct got got;

    start(&script);
    ck_assert_int_eq(get(&got), odd_answers[_i].result);
    ck_assert_uint_eq(got.heads, odd_answers[_i].heads);
    ck_assert_str_eq(got.body, odd_answers[_i].body);
    finish(1);
}
END_TEST

/* Many lines, or an endless one. */
START_TEST(bounds_the_head)
{
    static const char line[] = "X-Filler: 0123456789012345678901234567890123456789\r\n";
    static char answer[300000] = "HTTP/1.1 200 OK\r\n";
    struct peer_script script = {{{answer}}};
    struct got got;
    size_t size = strlen(answer);

    for (; size + sizeof(line) < sizeof(answer); size += sizeof(line) - 1)
        strcpy(answer + size, line);
    if (_i == 1)
        memset(answer + strlen("HTTP/1.1 200 OK\r\nX: "), 'x', 200000);
    start(&script);
    ck_assert_int_eq(get(&got), -EMSGSIZE);
    finish(1);
}
END_TEST

static const char *const targets[] = {
    "/v1/default/proxy/x/a%2Fb%2e%2E/../c;d=e,f&g?h=%zz&i=/../#j",
    "/v1/default/proxy/x//double//%00%ff\xc3\xa9",
    "/v1/default/proxy/x/?",
};

START_TEST(sends_the_target_byte_for_byte)
{
    static const struct peer_script script = {{{HELLO}}};
    struct got got;
    struct transport_call call;
    char line[200];

    start(&script);
    call = call_of("REPORT", &got);
    call.target = targets[_i];
    ck_assert_int_eq(transport_exchange(transport, &call), 0);
    snprintf(line, sizeof(line), "REPORT %s HTTP/1.1\r\nHost: localhost\r\n\r\n", targets[_i]);
    ck_assert_str_eq(peer_request(0), line);
    finish(1);
}
END_TEST

/* ---- bodies ---------------------------------------------------------------------------------- */

struct source {
    size_t left;
    int64_t result; /* instead of data, once nothing is left */
};

static int64_t give(void *userdata, void *buffer, size_t size)
{
    struct source *source = userdata;

    if (source->left == 0)
        return source->result;
    size = size < source->left ? size : source->left;
    memset(buffer, 'b', size);
    source->left -= size;
    return (int64_t)size;
}

static const struct {
    size_t has;
    int64_t length, end;
    int result;
    const char *sent; /* what the head has to have */
    size_t left;
} bodies[] = {
    {5, 5, 0, 0, "\r\nContent-Length: 5\r\n", 0},
    {0, 0, 0, 0, "\r\nContent-Length: 0\r\n", 0},
    {9, 5, 0, 0, "\r\nContent-Length: 5\r\n", 4},
    {5, -1, 0, 0, "\r\nTransfer-Encoding: chunked\r\n", 0},
    {5, -1, 0, 0, "\r\nExpect: 100-continue\r\n", 0},
    {300000, 300000, 0, 0, "\r\nExpect: 100-continue\r\n", 0},
    {5, 9, 0, -ENODATA, NULL, 0},
    {5, -1, -EIO, -EIO, NULL, 0},
    {5, -1, 1 << 30, -ECANCELED, NULL, 0},
};

START_TEST(streams_a_body)
{
    static const struct peer_script script = {{{HELLO}}};
    struct source source = {bodies[_i].has, bodies[_i].end};
    struct got got;
    struct transport_call call;

    start(&script);
    call = call_of("PUT", &got);
    call.read = give;
    call.read_userdata = &source;
    call.length = bodies[_i].length;
    ck_assert_int_eq(transport_exchange(transport, &call), bodies[_i].result);
    ck_assert_uint_eq(source.left, bodies[_i].left);
    if (bodies[_i].sent)
        ck_assert_ptr_nonnull(strstr(peer_request(0), bodies[_i].sent));
    finish(bodies[_i].sent ? 1 : 0);
}
END_TEST

START_TEST(survives_a_peer_that_does_not_read)
{
    static const struct peer_script script = {{{PEER_DOES_NOT_READ}}};
    struct source source = {.left = 10000000};
    struct sigaction action;
    struct got got;
    struct transport_call call;

    start(&script);
    call = call_of("PUT", &got);
    call.read = give;
    call.read_userdata = &source;
    call.length = (int64_t)source.left;
    ck_assert_int_eq(transport_exchange(transport, &call), -ECONNRESET);
    ck_assert_int_eq(sigaction(SIGPIPE, NULL, &action), 0);
    ck_assert(action.sa_handler == SIG_DFL);
    finish(0);
}
END_TEST

START_TEST(stops_when_a_callback_wants_it)
{
    static const struct peer_script script = {{{HELLO}}};
    struct got got;
    struct transport_call call;

    start(&script);
    call = call_of("GET", &got);
    got.stop = -ENOSPC;
    ck_assert_int_eq(transport_exchange(transport, &call), -ENOSPC);
    finish(1);
}
END_TEST

static int count_down(void *userdata, int64_t sent, int64_t to_send, int64_t received,
                      int64_t to_receive)
{
    int *left = userdata;

    ck_assert_int_eq(sent + to_send + received, 0);
    ck_assert_int_eq(to_receive, -1);
    return (*left)-- > 0 ? 0 : -ECANCELED;
}

START_TEST(can_be_stopped_while_nothing_moves)
{
    static const struct peer_script script = {{{PEER_IS_SILENT}}};
    int left = 3;
    struct got got;
    struct transport_call call;

    start(&script);
    call = call_of("GET", &got);
    call.on_progress = count_down;
    call.progress_userdata = &left;
    ck_assert_int_eq(transport_exchange(transport, &call), -ECANCELED);
    finish(1);
}
END_TEST

START_TEST(gives_up_on_silence)
{
    static const struct peer_script script = {{{PEER_IS_SILENT}}};
    struct got got;
    struct transport_call call;

    start(&script);
    call = call_of("GET", &got);
    call.limit = _i == 0 ? 1 : 0;
    call.silence = _i == 0 ? 0 : 1;
    ck_assert_int_eq(transport_exchange(transport, &call), -ETIMEDOUT);
    finish(1);
}
END_TEST

/* A queue with room for one holds one that nobody takes out. */
START_TEST(waits_for_a_place_in_the_queue)
{
    char directory[] = "/tmp/latchkey-queue-XXXXXX";
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int listener = socket(AF_UNIX, SOCK_STREAM, 0), first = socket(AF_UNIX, SOCK_STREAM, 0);
    struct got got;
    struct transport_call call;

    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/sock", directory);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
    ck_assert_int_eq(listen(listener, 0), 0);
    ck_assert_int_eq(connect(first, (struct sockaddr *)&address, sizeof(address)), 0);

    ck_assert_int_eq(transport_new(address.sun_path, &transport), 0);
    call = call_of("GET", &got);
    call.limit = 1;
    ck_assert_int_eq(transport_exchange(transport, &call), -ETIMEDOUT);
    transport_free(transport);
    unlink(address.sun_path);
    rmdir(directory);
    close(first);
    close(listener);
}
END_TEST

Suite *make_suite(void)
{
    Suite *suite = suite_create("transport");
    TCase *tcase = tcase_create("transport");

    tcase_set_timeout(tcase, 30);
    tcase_add_test(tcase, refuses_impossible_paths);
    tcase_add_test(tcase, says_that_nobody_is_there);
    tcase_add_test(tcase, keeps_its_connection);
    tcase_add_test(tcase, replaces_a_connection_that_was_closed);
    tcase_add_test(tcase, asks_once_more_on_a_new_connection);
    tcase_add_test(tcase, does_not_ask_a_third_time);
    tcase_add_test(tcase, never_repeats_what_could_matter);
    tcase_add_test(tcase, makes_a_child_its_own_connection);
    tcase_add_loop_test(tcase, takes_answers_as_they_are, 0, (int)ARRAY_SIZE(odd_answers));
    tcase_add_loop_test(tcase, bounds_the_head, 0, 2);
    tcase_add_loop_test(tcase, sends_the_target_byte_for_byte, 0, (int)ARRAY_SIZE(targets));
    tcase_add_loop_test(tcase, streams_a_body, 0, (int)ARRAY_SIZE(bodies));
    tcase_add_test(tcase, survives_a_peer_that_does_not_read);
    tcase_add_test(tcase, stops_when_a_callback_wants_it);
    tcase_add_test(tcase, can_be_stopped_while_nothing_moves);
    tcase_add_loop_test(tcase, gives_up_on_silence, 0, 2);
    tcase_add_test(tcase, waits_for_a_place_in_the_queue);
    suite_add_tcase(suite, tcase);
    return suite;
}
