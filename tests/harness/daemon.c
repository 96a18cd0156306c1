/* SPDX-License-Identifier: MIT */
#include "daemon.h"

#include "patience.h"
#include "sandbox.h"
#include "secrets.h"
#include "stage.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#define ARGUMENTS_MOST 32
#define PASSED_MOST 128
#define TIME_TO_STOP 11.0 /* s: 10, and a moment to be gone */

static struct daemon *daemons; /* the newest first */
static unsigned started;

const char *daemon_socket(void)
{
    ck_assert_ptr_nonnull(daemons);
    return daemons->socket;
}

const char *daemon_cloud(const char *name, const char *more)
{
    return stage_text("[%s]\nidentity_type = rackspace\nauth_endpoint = %s/v2.0\nusername = %s\n"
                      "api_key = %s\n%s\n",
                      name, sandbox_url(), SANDBOX_USER, SANDBOX_KEY, more ? more : "");
}

const char *daemon_credential(const char *username, const char *key)
{
    secrets_add(key);
    return stage_text("[rackspace_cloud]\nusername = %s\napi_key = %s\n", username, key);
}

/* ---- the start */

static bool can_connect(void *userdata)
{
    struct daemon *d = userdata;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    _cleanup_(closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    strcpy(address.sun_path, d->socket);
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
        return true;
    ck_assert_msg(process_wait(&d->process, 0) == PROCESS_RUNS, "the daemon did not start");
    return false;
}

static void wait_for(struct daemon *d, enum daemon_wait wait)
{
    if (wait == DAEMON_LISTENS)
        ck_assert_msg(wait_until(10, can_connect, d), "the daemon does not listen");
    else if (wait == DAEMON_READY)
        ck_assert_msg(notify_wait(d->notify, "READY=1", 20), "the daemon is not ready");
}

static size_t add_arguments(const char **argv, size_t n, const char *const *more)
{
    for (; more && *more; more++) {
        ck_assert_uint_lt(n, ARGUMENTS_MOST - 1);
        argv[n++] = *more;
    }
    return n;
}

/* The command line; files are written on the way. */
static void make_argv(struct daemon *d, const struct daemon_options *o, const char **argv)
{
    size_t n = 0;

    argv[n++] = getenv("LATCHKEY_DAEMON");
    ck_assert_msg(argv[0], "LATCHKEY_DAEMON does not say where latchkeyd is");
    if (o->config) {
        d->config = stage_write(stage_text("%u.conf", started), 0600, o->config);
        argv[n++] = "--config";
        argv[n++] = d->config;
    } else if (!o->bare) {
        d->credential = stage_write(stage_text("%u.credential", started), 0600,
                                    o->credential ? o->credential
                                                  : daemon_credential(SANDBOX_USER, SANDBOX_KEY));
        n = add_arguments(argv, n,
                          (const char *const[]){"--credential-file", d->credential, "--auth-url",
                                                stage_text("%s/v2.0", sandbox_url()), NULL});
    }
    if (!o->socket || *o->socket)
        n = add_arguments(argv, n, (const char *const[]){"--socket", d->socket, NULL});
    n = add_arguments(argv, n, (const char *const[]){"--log-level", "debug", NULL});
    (void)add_arguments(argv, n, o->arguments);
}

/* The descriptors that systemd would pass, with their names. */
struct passed {
    int fds[PASSED_MOST];
    size_t n;
    const char *names;
};

static void add_passed(struct passed *p, const char *name, int fd)
{
    ck_assert_uint_lt(p->n, PASSED_MOST);
    p->fds[p->n++] = fd;
    p->names = stage_text("%s%s%s", p->names ? p->names : "", p->names ? ":" : "", name);
}

/* The new one's service manager is the old one's. */
static void add_kept(struct passed *p, const struct daemon *from, struct daemon *to)
{
    size_t n = 0;
    const struct notify_kept *kept = from ? notify_kept(from->notify, &n) : NULL;

    for (size_t i = 0; i < n; i++) {
        add_passed(p, kept[i].name, kept[i].fd);
        notify_keep(to->notify, kept[i].name, kept[i].fd);
    }
}

static void add_sockets(struct passed *p, const struct daemon_options *o)
{
    for (size_t i = 0; i < o->n_passed_fds; i++)
        add_passed(p, "latchkeyd.socket", o->passed_fds[i]);
}

struct daemon *daemon_start(const struct daemon_options *options)
{
    static const struct daemon_options usual;
    const struct daemon_options *o = options ? options : &usual;
    struct daemon *d = stage_keep(calloc(1, sizeof(*d)));
    const char *argv[ARGUMENTS_MOST] = {0}, *environment[ARGUMENTS_MOST] = {0};
    struct passed passed = {0};
    size_t n = 0;

    started++;
    d->log = stage_path(stage_text("daemon-%u.log", started));
    d->socket = o->socket && *o->socket ? o->socket : stage_path("socket");
    d->notify = notify_new(stage_text("notify-%u", started));
    make_argv(d, o, argv);
    if (o->kept_first)
        add_kept(&passed, o->after, d);
    add_sockets(&passed, o);
    if (!o->kept_first)
        add_kept(&passed, o->after, d);
    /* The first of two with one name is the one that counts. */
    n = add_arguments(environment, 0, o->environment);
    n = add_arguments(
        environment, n,
        (const char *const[]){stage_text("NOTIFY_SOCKET=%s", notify_path(d->notify)), NULL});
    if (o->after && passed.n > 0)
        (void)add_arguments(
            environment, n,
            (const char *const[]){stage_text("LISTEN_FDNAMES=%s", passed.names), NULL});

    process_start(&d->process, &(struct process_options){
                                   .argv = process_wrap(argv),
                                   .environment = environment,
                                   .log = d->log,
                                   .uid = o->uid,
                                   .group = o->group,
                                   .umask = o->umask,
                                   .passed_fds = passed.fds,
                                   .n_passed_fds = passed.n,
                               });
    d->next = daemons;
    daemons = d;
    wait_for(d, o->wait);
    return d;
}

/* ---- the end */

static void demand_clean(struct daemon *d)
{
    sandbox_remember_tokens();
    secrets_demand_clean_log(d->log);
}

void daemon_stop(struct daemon *d)
{
    double begin = time_now();
    int status;

    if (d->process.pid <= 0)
        return;
    process_signal(&d->process, SIGTERM);
    status = process_wait(&d->process, TIME_TO_STOP);
    ck_assert_msg(status != PROCESS_RUNS, "the daemon still runs %.1f s after SIGTERM",
                  time_now() - begin);
    ck_assert_msg(status == 0, "the daemon ended with %d", status);
    demand_clean(d);
}

void daemon_stop_all(void)
{
    for (struct daemon *d = daemons; d; d = d->next)
        daemon_stop(d);
    secrets_demand_clean_notes();
    daemons = NULL;
}

int daemon_wait_end(struct daemon *d, double seconds)
{
    int status = process_wait(&d->process, seconds);

    ck_assert_msg(status != PROCESS_RUNS, "the daemon still runs");
    demand_clean(d);
    return status;
}

void daemon_refuses(const struct daemon_options *o, const char *said)
{
    struct daemon_options options = *o;
    struct daemon *d;

    options.wait = DAEMON_NOTHING;
    d = daemon_start(&options);
    ck_assert_int_eq(daemon_wait_end(d, 10), 1);
    ck_assert_msg(strstr(daemon_log(d), said), "no '%s' in: %s", said, daemon_log(d));
    ck_assert_str_eq(notify_said(d->notify), "");
}

/* ---- what it says */

const char *daemon_log(const struct daemon *d)
{
    return stage_read(d->log, NULL);
}

struct log_wish {
    const struct daemon *daemon;
    const char *text;
};

static bool is_logged(void *userdata)
{
    const struct log_wish *wish = userdata;

    return strstr(daemon_log(wish->daemon), wish->text);
}

void daemon_wait_log(const struct daemon *d, const char *text)
{
    struct log_wish wish = {d, text};

    ck_assert_msg(wait_until(10, is_logged, &wish), "'%s' is not in the log", text);
}

void daemon_reload(struct daemon *d, const char *config)
{
    if (config)
        (void)stage_write(strrchr(d->config, '/') + 1, 0600, config);
    process_signal(&d->process, SIGHUP);
    ck_assert(notify_wait(d->notify, "RELOADING=1", 10));
    ck_assert(notify_wait(d->notify, "READY=1", 10));
}

const char *daemon_state(const char *cloud)
{
    json_t *identity = reply_json(get("/v1/%s/identity", cloud), 200);

    return json_string_value(json_object_get(identity, "state"));
}

struct state_wish {
    const char *cloud, *state;
};

static bool is_in_state(void *userdata)
{
    const struct state_wish *wish = userdata;

    return !strcmp(daemon_state(wish->cloud), wish->state);
}

void daemon_wait_state(const char *cloud, const char *state)
{
    struct state_wish wish = {cloud, state};

    ck_assert_msg(wait_until(20, is_in_state, &wish), "cloud %s is %s and not %s", cloud,
                  daemon_state(cloud), state);
}
