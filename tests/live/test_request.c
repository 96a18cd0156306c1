/* SPDX-License-Identifier: MIT */
/* The verb request: what it sends, where the answer goes, and what it leaves behind when the
 * transfer breaks off. */
#include "command.h"
#include "daemon.h"
#include "sandbox.h"
#include "stage.h"
#include "stream.h"
#include "terminal.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define LARGE (3 * 1024 * 1024 + 17)

static void start(void)
{
    sandbox_start(NULL);
    (void)daemon_start(NULL);
}

static const char *text_of(json_t *document, const char *member)
{
    return json_string_value(json_object_get(document, member));
}

/* The value of a header that the service was sent; NULL: none. */
static const char *header_of(json_t *echo, const char *name)
{
    json_t *header;
    size_t i;

    json_array_foreach (json_object_get(echo, "headers"), i, header)
        if (!strcasecmp(json_string_value(json_array_get(header, 0)), name))
            return json_string_value(json_array_get(header, 1));
    return NULL;
}

/* The echo's answer, which has no line end. */
static json_t *echo(const struct command *c)
{
    return demand_json(
        &(struct command){.err = c->err, .status = c->status, .out = stage_text("%s\n", c->out)});
}

static void write_bytes(const char *path, const char *bytes, size_t length)
{
    _cleanup_(fclosep) FILE *f = fopen(path, "we");

    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(bytes, 1, length, f), length);
}

static void demand_file(const char *path, const char *bytes, size_t length)
{
    size_t got;
    const char *content = stage_read(path, &got);

    ck_assert_uint_eq(got, length);
    ck_assert_int_eq(memcmp(content, bytes, length), 0);
}

/* ---- what is sent */

START_TEST(sends_what_it_is_told)
{
    json_t *answer;

    start();
    answer = echo(latchkey("request", "GET", "x-echo", "/a%2Fb//c?d=%20e&f", "-H", "X-One: 1", "-H",
                           "X-Two:2", "-H", "X-Auth-Token: mine"));
    ck_assert_str_eq(text_of(answer, "method"), "GET");
    ck_assert_str_eq(text_of(answer, "target"), "/echo/a%2Fb//c?d=%20e&f");
    ck_assert_str_eq(header_of(answer, "X-One"), "1");
    ck_assert_str_eq(header_of(answer, "X-Two"), "2");
    ck_assert_str_ne(header_of(answer, "X-Auth-Token"), "mine");
    ck_assert_ptr_null(header_of(answer, "Content-Type"));
    ck_assert_ptr_null(header_of(answer, "Accept"));
    ck_assert_ptr_null(header_of(answer, "Content-Length"));

    answer = echo(latchkey("request", "REPORT", "sandboxEcho", "x", "-d", "a=b\n"));
    ck_assert_str_eq(text_of(answer, "method"), "REPORT");
    ck_assert_str_eq(text_of(answer, "body"), "a=b\n");
    ck_assert_str_eq(header_of(answer, "Content-Length"), "4");
    ck_assert_ptr_null(header_of(answer, "Content-Type"));
}
END_TEST

/* A file has a length, however it comes in; a pipe has none. */
START_TEST(sends_bodies_of_every_kind)
{
    static const struct {
        const char *option;
        bool piped, from_input;
        const char *length;
    } kinds[] = {
        {"-T%s", false, false, "13"},  {"--upload-file=%s", false, false, "13"},
        {"-d@%s", false, false, "13"}, {"-T-", false, true, "13"},
        {"-T-", true, false, NULL},    {"-d@-", true, false, NULL},
    };
    const char *path;

    start();
    path = stage_write("body", 0600, "first\nsecond\n");
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        const struct command_options o = {.pipe = kinds[i].piped ? path : NULL,
                                          .input = kinds[i].from_input ? path : NULL};
        const char *option =
            strstr(kinds[i].option, "%s")
                ? stage_text("%.*s%s", (int)strlen(kinds[i].option) - 2, kinds[i].option, path)
                : kinds[i].option;
        json_t *answer = echo(latchkey_with(&o, "request", "PUT", "x-echo", "x", option));

        ck_assert_str_eq(text_of(answer, "body"), "first\nsecond\n");
        if (kinds[i].length)
            ck_assert_str_eq(header_of(answer, "Content-Length"), kinds[i].length);
        else
            ck_assert_str_eq(header_of(answer, "Transfer-Encoding"), "chunked");
    }
}
END_TEST

/* Another program may have left the pipe in such a way that reading does not wait. */
START_TEST(waits_for_a_body)
{
    start();
    ck_assert_str_eq(
        text_of(echo(command_shell(
                    "{ sleep 0.3; echo late; } | { dd iflag=nonblock count=0 status=none;"
                    " exec \"$LATCHKEY\" request PUT x-echo x -T -; }")),
                "body"),
        "late\n");
}
END_TEST

START_TEST(stores_and_fetches_a_file)
{
    const char *bytes = stream_bytes(LARGE), *up = stage_path("up"), *down = stage_path("down");
    const struct command_options o = {.pipe = up};
    const struct command *c;

    start();
    write_bytes(up, bytes, LARGE);
    (void)demand_done(latchkey("request", "PUT", "swift@DFW", "photos"), "");
    (void)demand_done(latchkey("request", "PUT", "swift@DFW", "photos/cat.jpg", "-T", up, "-H",
                               "Content-Type:image/jpeg"),
                      "");
    (void)demand_done(
        latchkey_with(&o, "request", "PUT", "swift@DFW:internal", "photos/dog.jpg", "-T", "-"), "");
    (void)demand_done(
        latchkey("request", "GET", "swift", "photos/cat.jpg", "--region", "dfw", "-o", down), "");
    demand_file(down, bytes, LARGE);
    c = latchkey("request", "GET", "swift@DFW", "photos/dog.jpg");
    ck_assert_int_eq(c->status, 0);
    demand_file(c->out_path, bytes, LARGE);
    (void)demand_done(latchkey("request", "HEAD", "swift@DFW", "photos/cat.jpg"),
                      stage_text("HTTP/1.1 200 OK\n*Content-Length: %d\n*\n", LARGE));
    (void)demand_done(latchkey("request", "GET", "swift@DFW", "photos", "-i"),
                      "HTTP/1.1 200 OK\n*\n\ncat.jpg\ndog.jpg\n");
    (void)demand_done(latchkey("request", "DELETE", "swift@DFW", "photos/cat.jpg"), "");
}
END_TEST

/* ---- where the answer goes */

START_TEST(tells_a_refusal)
{
    const struct command *c;
    const char *file = stage_path("file");

    start();
    c = latchkey("request", "GET", "x-echo", "status/418");
    ck_assert_int_eq(c->status, 1);
    demand_words(c, "the cloud answers 418 *");
    ck_assert_str_ne(c->out, "");

    c = latchkey("request", "GET", "swift@DFW", "nowhere/nothing", "-o", file);
    ck_assert_int_eq(c->status, 1);
    demand_words(c, "the cloud answers 404 Not Found");
    ck_assert_ptr_nonnull(strstr(c->out, "Not Found"));
    ck_assert_int_lt(access(file, F_OK), 0);

    (void)demand_done(latchkey("request", "GET", "x-echo", "redirect", "-i"),
                      "HTTP/1.1 30*\nLocation: *");
}
END_TEST

START_TEST(tells_what_the_daemon_refuses)
{
    static const struct {
        const char *service, *path, *words;
    } refused[] = {
        {"swift", "x", "*DFW*ORD*"},
        {"swift@LON", "x", "*LON*"},
        {"nonsense", "x", "*nonsense*"},
        {"swift@DFW", "../x", "*path*"},
        {"swift@DFW", "a/%2e%2E/../../x", "*path*"},
    };
    const char *file = stage_path("file");
    json_int_t requests;

    start();
    requests = sandbox_count("requests");
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        const struct command *c =
            latchkey("request", "GET", refused[i].service, refused[i].path, "-o", file);

        ck_assert_int_eq(c->status, 1);
        demand_words(c, refused[i].words);
        ck_assert_int_lt(access(file, F_OK), 0);
    }
    ck_assert_int_eq(sandbox_count("requests"), requests);
}
END_TEST

START_TEST(tells_that_the_cloud_is_gone)
{
    const struct command *c;

    start();
    sandbox_stop();
    c = latchkey("request", "GET", "x-echo", "x");
    ck_assert_int_eq(c->status, 1);
    demand_words(c, "?*");
    ck_assert_ptr_nonnull(strstr(c->out, "\"upstream-unreachable\""));
}
END_TEST

/* As a script collects answers in a file: in the order they came, and in that very file. */
START_TEST(writes_to_where_its_output_goes)
{
    static const char *const names[] = {"/dev/stdout", "-", "$PWD/log", "/dev/stderr"};

    start();
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        const struct command *c = command_shell(
            stage_text("cd '%s' && exec 3>&1 >log 2>&1 && echo before && \"$LATCHKEY\" request GET"
                       " x-echo 'stream?bytes=4' -i -o \"%s\" && echo after && cat log >&3",
                       stage_folder(), names[i]));

        (void)demand_done(c,
                          stage_text("before\nHTTP/1.1 200 OK\n*\n\n%.4safter\n", stream_bytes(4)));
    }
}
END_TEST

/* Names in the folder that were not there before: half a file, under any name. */
static size_t names_in(const char *folder)
{
    DIR *d = opendir(folder);
    size_t n = 0;

    ck_assert_ptr_nonnull(d);
    while (readdir(d))
        n++;
    closedir(d);
    return n - 2;
}

START_TEST(leaves_no_half_file)
{
    static const char *const broken[] = {"drop?after=200000", "drop?after=200000&chunked=1"};
    const char *folder = stage_path("downloads"), *kept = stage_path("downloads/kept");

    start();
    ck_assert_int_eq(mkdir(folder, 0755), 0);
    write_bytes(kept, "before", 6);
    for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
        demand_failure(
            latchkey("request", "GET", "x-echo", broken[i], "-o", stage_text("%s/new", folder)), 1,
            "the answer broke off: *");
        demand_failure(latchkey("request", "GET", "x-echo", broken[i], "-o", kept), 1,
                       "the answer broke off: *");
        ck_assert_uint_eq(names_in(folder), 1);
        demand_file(kept, "before", 6);
    }
    (void)demand_done(latchkey("request", "GET", "x-echo", "stream?bytes=200000", "-o", kept), "");
    demand_file(kept, stream_bytes(200000), 200000);
    ck_assert_uint_eq(names_in(folder), 1);
}
END_TEST

START_TEST(gives_up_on_silence)
{
    const struct command *c;

    start();
    c = latchkey("--timeout", "1", "request", "GET", "x-echo", "hang");
    ck_assert_int_eq(c->status, 3);
    demand_words(c, "no answer came through * in time; *'--timeout'");
    sandbox_wait_count("active_transfers", 0);
}
END_TEST

/* ---- progress */

START_TEST(shows_progress_on_a_terminal_only)
{
    const char *source = stage_path("source"), *bytes = stream_bytes(LARGE);
    const char *down = stage_path("down");
    struct terminal *measured, *open_ended, *upload;
    struct command *quiet;

    start();
    write_bytes(source, bytes, LARGE);
    measured =
        terminal_start((const char *const[]){"request", "GET", "x-echo",
                                             "stream?bytes=600000&rate=300000", "-o", down, NULL},
                       "");
    open_ended =
        terminal_start((const char *const[]){"request", "GET", "x-echo",
                                             "stream?bytes=600000&rate=300000&chunked=1", NULL},
                       stage_text(">%s", stage_path("open")));
    upload = terminal_start((const char *const[]){"request", "PUT", "x-echo", "sink?rate=1500000",
                                                  "-T", source, "-o", "/dev/null", NULL},
                            "");
    quiet = command_start(NULL, (const char *const[]){"request", "GET", "x-echo",
                                                      "stream?bytes=600000&rate=300000", NULL});

    terminal_wait(measured, " % [#");
    terminal_wait(measured, " KiB of 585.9 KiB  ");
    terminal_wait(measured, "/s  0:0");
    terminal_wait(measured, " left\033[K");
    ck_assert_int_eq(terminal_finish(measured), 0);
    ck_assert_ptr_nonnull(strstr(terminal_screen(measured), "\r\033[Klatchkey ended"));
    demand_file(down, stream_bytes(600000), 600000);

    terminal_wait(open_ended, " KiB/s\033[K");
    ck_assert_int_eq(terminal_finish(open_ended), 0);
    ck_assert_ptr_null(strchr(terminal_screen(open_ended), '%'));
    demand_file(stage_path("open"), stream_bytes(600000), 600000);

    terminal_wait(upload, " of 3.0 MiB  ");
    ck_assert_int_eq(terminal_finish(upload), 0);

    (void)command_finish(quiet);
    ck_assert_str_eq(quiet->err, "");
    demand_file(quiet->out_path, stream_bytes(600000), 600000);
}
END_TEST

/* An upload as somebody types it: the bar is there while it lasts, and gone when its answer comes. */
START_TEST(takes_the_bar_away_before_the_answer)
{
    static const char *const kinds[] = {"-i", "-o/dev/tty", "-o-", NULL};
    const char *source = stage_path("source");
    struct terminal *terminals[ARRAY_SIZE(kinds)];

    start();
    write_bytes(source, stream_bytes(LARGE), LARGE);
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        terminals[i] =
            terminal_start((const char *const[]){"request", "PUT", "x-echo", "sink?rate=1500000",
                                                 "-T", source, kinds[i], NULL},
                           "");
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        const char *answer;

        terminal_wait(terminals[i], " of 3.0 MiB  ");
        terminal_wait(terminals[i], i == 0 ? "\r\033[KHTTP/1.1 200 OK" : "\r\033[K{");
        ck_assert_int_eq(terminal_finish(terminals[i]), 0);
        answer = strrchr(terminal_screen(terminals[i]), '\033');
        ck_assert_ptr_nonnull(answer);
        ck_assert_ptr_nonnull(strstr(answer, "}\r\nlatchkey ended"));
    }
}
END_TEST

/* It would take the line away from whoever types. */
START_TEST(shows_no_bar_in_what_is_typed)
{
    struct terminal *t;

    start();
    t = terminal_start((const char *const[]){"request", "PUT", "x-echo", "x", "-T-", NULL}, "");
    for (int i = 0; i < 3; i++) {
        terminal_type(t, "line\n");
        terminal_wait(t, "line\r\n");
        nanosleep(&(struct timespec){.tv_nsec = 600000000}, NULL);
    }
    terminal_type(t, "\004");
    terminal_wait(t, "\"body\":\"line\\nline\\nline\\n\"}\r\n");
    ck_assert_int_eq(terminal_finish(t), 0);
    ck_assert_ptr_null(strchr(terminal_screen(t), '\033'));
}
END_TEST

/* The bar would run through the body; and words behind it start on a line of their own. */
START_TEST(shows_no_bar_in_the_middle_of_a_body)
{
    struct terminal *t;

    start();
    t = terminal_start((const char *const[]){"request", "GET", "x-echo", "slow?ms=1500", NULL}, "");
    ck_assert_int_eq(terminal_finish(t), 0);
    ck_assert_ptr_null(strchr(terminal_screen(t), '\033'));
    ck_assert_ptr_nonnull(strstr(terminal_screen(t), "}\r\nlatchkey ended"));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("request");
    TCase *c = stage_case(s, "requests", 30);

    tcase_add_test(c, sends_what_it_is_told);
    tcase_add_test(c, sends_bodies_of_every_kind);
    tcase_add_test(c, waits_for_a_body);
    tcase_add_test(c, stores_and_fetches_a_file);
    c = stage_case(s, "answers", 30);
    tcase_add_test(c, tells_a_refusal);
    tcase_add_test(c, tells_what_the_daemon_refuses);
    tcase_add_test(c, tells_that_the_cloud_is_gone);
    tcase_add_test(c, writes_to_where_its_output_goes);
    tcase_add_test(c, leaves_no_half_file);
    tcase_add_test(c, gives_up_on_silence);
    c = stage_case(s, "progress", 30);
    tcase_add_test(c, shows_progress_on_a_terminal_only);
    tcase_add_test(c, takes_the_bar_away_before_the_answer);
    tcase_add_test(c, shows_no_bar_in_what_is_typed);
    tcase_add_test(c, shows_no_bar_in_the_middle_of_a_body);
    return stage_run(s);
}
