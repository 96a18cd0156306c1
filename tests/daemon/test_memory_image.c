/* SPDX-License-Identifier: MIT */
/* What root, a core dump and another process of the same user get to see of the daemon's memory; and
 * that a token which was replaced is nowhere in it. */
#include "daemon.h"
#include "look.h"
#include "memory.h"
#include "patience.h"
#include "procfs.h"
#include "raw.h"
#include "sandbox.h"
#include "secrets.h"
#include "stage.h"
#include "stream.h"
#include "tls.h"
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>

#define GCORE "/usr/bin/gcore"
#define NOBODY 65534
#define MANY 200
#define CLOUD "rackspace"
#define CREDENTIAL "/v1/" CLOUD "/credential"
#define BOX "/v1/" CLOUD "/proxy/object-store@ORD/box"
#define LARGE 300000
#define HEADER_TOKEN "AUTH_tk-that-came-in-a-header"
#define PUT_KEY "a-key-that-nobody-gave"
#define PIECE 12 /* of a secret: enough to be none of the hexadecimal digits in a library */

static bool skip_if_nothing_hides(void)
{
    if (memory_can_be_hidden())
        return false;
    puts("not looked at: this kernel has no memfd_secret");
    return true;
}

/* ---- the use that is made of it */

static const char *const headers_text[] = {"Accept: text/plain", NULL};

/* Kept connections and new ones, both kinds of token answer, answers and bodies small and large. */
static void use(void)
{
    _cleanup_(client_freep) struct client *c = client_new(daemon_socket(), NULL);
    for (int i = 0; i < 3; i++) {
        (void)client_ask(c, &(struct ask){.target = "/v1/" CLOUD "/token"});
        (void)client_ask(c,
                         &(struct ask){.target = "/v1/" CLOUD "/token", .headers = headers_text});
        (void)client_ask(c, &(struct ask){.target = "/v1/" CLOUD "/proxy/compute@ORD/servers"});
        (void)client_ask(c, &(struct ask){.target = "/v1/" CLOUD "/catalog?raw=1"});
    }
    (void)send_text("PUT", BOX, "", NULL);
    ck_assert_int_eq(client_ask(c, &(struct ask){.method = "PUT",
                                                 .target = BOX "/large",
                                                 .body = stream_bytes(LARGE),
                                                 .length = LARGE})
                         ->status,
                     201);
    ck_assert_uint_eq(get(BOX "/large")->length, LARGE);
}

static bool is_under_way(void *userdata _unused_)
{
    return strstr(get("/metrics")->body, "\nlatchkey_transfers_in_flight 1\n") != NULL;
}

/* An upload of which the end does not come yet. */
static int begin_upload(void)
{
    int fd = raw_connect(NULL);

    raw_print(fd, "PUT " BOX "/late HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", LARGE);
    raw_send(fd, stream_bytes(LARGE), LARGE / 2);
    ck_assert(wait_until(5, is_under_way, NULL));
    return fd;
}

static struct daemon *start_over(bool tls)
{
    if (!tls) {
        sandbox_start(NULL);
        return daemon_start(&(struct daemon_options){.config = daemon_cloud(CLOUD, "")});
    }
    tls_certificate("good", "IP:127.0.0.1");
    sandbox_start((const char *const[]){"--tls-cert", stage_path("good.pem"), "--tls-key",
                                        stage_path("good.key"), NULL});
    return daemon_start(&(struct daemon_options){
        .config = daemon_cloud(CLOUD, stage_text("ca_file = %s", stage_path("good.pem")))});
}

/* ---- an earlier token */

static void demand_no_piece(const struct daemon *d, const char *secret)
{
    size_t length = strlen(secret);

    memory_demand_gone(d->process.pid, "token's beginning", stage_text("%.*s", PIECE, secret));
    memory_demand_gone(d->process.pid, "token's end", secret + length - PIECE);
}

/* All of the memory can be read here: there is nothing to hide behind. */
START_TEST(forgets_an_earlier_token)
{
    const char *first, *second;
    struct daemon *d;

    if (!memory_may_look())
        return;
    memory_hide_nothing();
    d = start_over(_i);
    use();
    first = look_token(CLOUD);
    ck_assert_uint_gt(memory_count(d->process.pid, first), 0);
    (void)reply_json(send_text("POST", "/v1/" CLOUD "/refresh", NULL, NULL), 200);
    demand_no_piece(d, first);

    use();
    second = look_token(CLOUD);
    ck_assert_str_ne(first, second);
    ck_assert_uint_gt(memory_count(d->process.pid, second), 0);
    demand_no_piece(d, first);

    ck_assert_int_eq(send_text("DELETE", CREDENTIAL, NULL, NULL)->status, 204);
    demand_no_piece(d, second);
    demand_no_piece(d, SANDBOX_KEY);
}
END_TEST

static bool has_come(void *userdata)
{
    const struct daemon *d = userdata;

    return memory_count(d->process.pid, PUT_KEY) > 0;
}

/* It has gone through the buffer of all answers, which stays while another request is under way. */
START_TEST(forgets_a_token_that_came_in_a_header)
{
    static const char again[] = "{\"username\": \"u\", \"password\": \"" PUT_KEY "\"}";
    struct daemon *d;
    int port, fd, client, listener = wire_listen(&port);

    if (!memory_may_look())
        return;
    secrets_add(HEADER_TOKEN);
    memory_hide_nothing();
    d = daemon_start(&(struct daemon_options){
        .config = stage_text("[" CLOUD "]\nidentity_type = swift\nusername = u\n"
                             "password = " PUT_KEY "\nauth_endpoint = http://127.0.0.1:%d/v1.0\n",
                             port),
        .wait = DAEMON_LISTENS});
    fd = wire_accept(listener);
    (void)raw_read_head(fd);
    raw_print(fd, "HTTP/1.1 204 No Content\r\nX-Auth-Token: " HEADER_TOKEN "\r\n"
                  "X-Storage-Url: http://127.0.0.1:1/a\r\n\r\n");
    daemon_wait_state(CLOUD, "ready");
    ck_assert_uint_gt(memory_count(d->process.pid, HEADER_TOKEN), 0);
    close(fd);
    ck_assert_int_eq(send_text("DELETE", CREDENTIAL, NULL, NULL)->status, 204);
    client = raw_connect(NULL);
    raw_print(client, "PUT " CREDENTIAL " HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n%s",
              strlen(again), again);
    fd = wire_accept(listener);
    (void)raw_read_head(fd);
    demand_no_piece(d, HEADER_TOKEN);
    close(client);
    close(fd);
    close(listener);
}
END_TEST

/* Bodies lie in libmicrohttpd's memory, which it frees as it is when a connection ends in one. */
START_TEST(wipes_a_key_of_which_the_end_never_came)
{
    struct daemon *d;
    int fd;

    if (!memory_may_look())
        return;
    secrets_add(PUT_KEY);
    memory_hide_nothing();
    d = start_over(false);
    fd = raw_connect(NULL);
    raw_print(fd,
              "PUT " CREDENTIAL " HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"
              "{\"username\":\"%s\",\"api_key\":\"" PUT_KEY "\"",
              SANDBOX_USER);
    ck_assert(wait_until(5, has_come, d));
    close(fd);
    memory_demand_gone(d->process.pid, "key", PUT_KEY);
}
END_TEST

/* ---- out of sight */

/* Not even that of an upload which was signed with an earlier token. */
START_TEST(keeps_secrets_out_of_roots_sight)
{
    _cleanup_(closep) int upload = -1;
    const char *first;
    struct daemon *d;

    if (!memory_may_look() || skip_if_nothing_hides())
        return;
    d = start_over(_i);
    use();
    upload = begin_upload();
    first = look_token(CLOUD);
    (void)reply_json(send_text("POST", "/v1/" CLOUD "/refresh", NULL, NULL), 200);
    ck_assert(memory_is_hidden(d->process.pid));
    ck_assert_uint_gt(memory_count(d->process.pid, SANDBOX_USER), 0);
    demand_no_piece(d, first);
    demand_no_piece(d, look_token(CLOUD));
    demand_no_piece(d, SANDBOX_KEY);
}
END_TEST

/* ---- cores */

/* NULL, and why, when there is no gdb. */
static const char *take_core(const struct daemon *d, const char *options, size_t *ret_length)
{
    struct process p = {0};
    int status;

    if (access(GCORE, X_OK) < 0) {
        ck_assert_msg(!getenv("CI"), "there is no " GCORE);
        puts("no core was taken: there is no " GCORE);
        return NULL;
    }
    process_start(
        &p, &(struct process_options){
                .argv = (const char *const[]){"/bin/sh", "-c",
                                              stage_text(GCORE " %s -o %s %d", options,
                                                         stage_path("core"), (int)d->process.pid),
                                              NULL},
                .log = stage_path("gcore.log"),
            });
    status = process_wait(&p, 40);
    ck_assert_msg(status == 0, "gcore ended with %d", status);
    return stage_read(stage_path(stage_text("core.%d", (int)d->process.pid)), ret_length);
}

static bool holds(const char *core, size_t length, const char *text)
{
    return memmem(core, length, text, strlen(text)) != NULL;
}

static void demand_not_in(const char *core, size_t length, const char *secret)
{
    ck_assert(!holds(core, length, stage_text("%.*s", PIECE, secret)));
    ck_assert(!holds(core, length, secret + strlen(secret) - PIECE));
}

/* With memfd_secret and without: no memory of the daemon's is in it at all. */
START_TEST(are_in_no_core)
{
    const char *core, *token;
    struct daemon *d;
    size_t length;

    if (!memory_may_look())
        return;
    if (_i)
        memory_hide_nothing();
    d = start_over(false);
    use();
    token = look_token(CLOUD);
    core = take_core(d, "", &length);
    if (!core)
        return;
    ck_assert(holds(core, length, "/latchkeyd"));
    ck_assert(!holds(core, length, SANDBOX_USER));
    demand_not_in(core, length, token);
    demand_not_in(core, length, SANDBOX_KEY);
}
END_TEST

/* Root has gdb take what we asked to be left out, too. */
START_TEST(are_in_no_core_of_everything)
{
    const char *core, *token;
    struct daemon *d;
    size_t length;

    if (!memory_may_look() || skip_if_nothing_hides())
        return;
    d = start_over(true);
    use();
    token = look_token(CLOUD);
    core = take_core(d, "-a", &length);
    if (!core)
        return;
    ck_assert(holds(core, length, SANDBOX_USER));
    demand_not_in(core, length, token);
    demand_not_in(core, length, SANDBOX_KEY);
}
END_TEST

/* ---- another process of the same user */

static struct daemon *start_as_nobody(void)
{
    sandbox_start(NULL);
    ck_assert_int_eq(chmod(stage_folder(), 0777), 0);
    return daemon_start(&(struct daemon_options){
        .bare = true,
        .arguments =
            (const char *const[]){
                "--credential-file",
                stage_write("shared", 0644, daemon_credential(SANDBOX_USER, SANDBOX_KEY)),
                "--auth-url", stage_text("%s/v2.0", sandbox_url()), NULL},
        .uid = NOBODY});
}

/* Does that as nobody: its errno. */
static int try_as_nobody(long (*act)(pid_t pid), pid_t pid)
{
    pid_t child = fork();
    int status;

    ck_assert_int_ge(child, 0);
    if (child == 0) {
        if (setresgid(NOBODY, NOBODY, NOBODY) < 0 || setresuid(NOBODY, NOBODY, NOBODY) < 0)
            _exit(255);
        _exit(act(pid) < 0 ? errno : 0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static long act_seize(pid_t pid)
{
    return ptrace(PTRACE_SEIZE, pid, NULL, NULL);
}

static long act_open(pid_t pid)
{
    char path[64];

    (void)snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
    return open(path, O_RDONLY | O_CLOEXEC);
}

/* What is read is where the stack of the one is that asks, and need not be there. */
static long act_read(pid_t pid)
{
    char there;
    const struct iovec to = {.iov_base = &there, .iov_len = 1};
    ssize_t n = process_vm_readv(pid, &to, 1, &to, 1, 0);

    return n < 0 && errno == EFAULT ? 0 : n;
}

static bool is_open_to_all(void *userdata)
{
    const struct process *p = userdata;

    return try_as_nobody(act_open, p->pid) == 0;
}

/* Yama, where a kernel has it, may keep them from each other anyway. */
static bool is_left_to_us(void)
{
    const char *scope = stage_read("/proc/sys/kernel/yama/ptrace_scope", NULL);

    return *scope == '\0' || *scope == '0';
}

START_TEST(are_kept_from_the_same_user)
{
    struct process other = {0};
    struct daemon *d;

    if (!memory_may_look())
        return;
    d = start_as_nobody();
    ck_assert_int_eq(try_as_nobody(act_seize, d->process.pid), EPERM);
    ck_assert_int_eq(try_as_nobody(act_read, d->process.pid), EPERM);
    ck_assert_int_eq(try_as_nobody(act_open, d->process.pid), EACCES);

    process_start(&other, &(struct process_options){
                              .argv = (const char *const[]){"/bin/sleep", "60", NULL},
                              .log = stage_path("sleep.log"),
                              .uid = NOBODY,
                          });
    if (is_left_to_us()) {
        ck_assert(wait_until(5, is_open_to_all, &other));
        ck_assert_int_eq(try_as_nobody(act_seize, other.pid), 0);
        ck_assert_int_eq(try_as_nobody(act_read, other.pid), 0);
    }
    process_kill(&other);
}
END_TEST

/* ---- the limit of what may be locked */

static struct daemon *start_within(rlim_t limit)
{
    ck_assert_int_eq(setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){limit, limit}), 0);
    return start_as_nobody();
}

static size_t locked_kib(const struct daemon *d)
{
    const char *line = strstr(procfs_read(d->process.pid, "status", NULL), "VmLck:");

    return line ? strtoul(line + strlen("VmLck:"), NULL, 10) : 0;
}

/* With memfd_secret and without. */
START_TEST(makes_do_with_what_may_be_locked)
{
    struct daemon *d;

    if (!memory_may_look())
        return;
    if (_i)
        memory_hide_nothing();
    d = start_within((rlim_t)64 * 1024);
    ck_assert_uint_eq(locked_kib(d), 64);
    ck_assert_ptr_null(strstr(daemon_log(d), "LimitMEMLOCK"));
}
END_TEST

START_TEST(says_when_nothing_may_be_locked)
{
    struct daemon *d;

    if (!memory_may_look())
        return;
    d = start_within(0);
    ck_assert_uint_eq(locked_kib(d), 0);
    ck_assert_ptr_nonnull(strstr(daemon_log(d), "LimitMEMLOCK"));
    (void)look_token(CLOUD);
}
END_TEST

/* What comes when it is full is served all the same, and said once. */
START_TEST(says_when_no_more_may_be_locked)
{
    static const char words[] = "locked memory is full";
    const char *config = "", *log;
    struct daemon *d;

    if (!memory_may_look())
        return;
    sandbox_start(NULL);
    ck_assert_int_eq(chmod(stage_folder(), 0777), 0);
    for (int i = 0; i < MANY; i++)
        config = stage_text("%s%s", config, daemon_cloud(stage_text("cloud-%d", i), NULL));
    ck_assert_int_eq(
        setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){(rlim_t)16 * 1024, (rlim_t)16 * 1024}), 0);
    d = daemon_start(&(struct daemon_options){
        .bare = true,
        .arguments = (const char *const[]){"--config", stage_write("many", 0644, config), NULL},
        .uid = NOBODY});
    ck_assert(notify_wait(d->notify, stage_text("STATUS=%d of %d clouds ready", MANY, MANY), 20));
    ck_assert_uint_eq(locked_kib(d), 16);
    log = strstr(daemon_log(d), words);
    ck_assert_ptr_nonnull(log);
    ck_assert_ptr_null(strstr(log + 1, words));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("memory_image");
    TCase *c = stage_case(s, "memory_image", 60);

    tcase_add_loop_test(c, forgets_an_earlier_token, false, true + 1);
    tcase_add_test(c, forgets_a_token_that_came_in_a_header);
    tcase_add_test(c, wipes_a_key_of_which_the_end_never_came);
    tcase_add_loop_test(c, keeps_secrets_out_of_roots_sight, false, true + 1);
    tcase_add_loop_test(c, are_in_no_core, false, true + 1);
    tcase_add_test(c, are_in_no_core_of_everything);
    tcase_add_test(c, are_kept_from_the_same_user);
    tcase_add_loop_test(c, makes_do_with_what_may_be_locked, false, true + 1);
    tcase_add_test(c, says_when_nothing_may_be_locked);
    tcase_add_test(c, says_when_no_more_may_be_locked);
    return stage_run(s);
}
