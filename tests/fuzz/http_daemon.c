/* SPDX-License-Identifier: MIT */
#include "http_daemon.h"

#include "fuzz.h"
#include "http_rules.h"
#include "http_service.h"
#include "log.h"
#include "route.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>

/* One that is healthy for each way to log in, two that need none, and two that have no token. */
static const char configuration[] = "[latchkeyd]\n"
                                    "clouds_yaml = no\n"
                                    "default = main\n"
                                    "[main]\n"
                                    "auth_endpoint = " HTTP_SERVICE_URL "/v2.0\n"
                                    "username = " HTTP_SERVICE_USER "\n"
                                    "api_key = " HTTP_SERVICE_KEY "\n"
                                    "proxy = none\n"
                                    "[keystone]\n"
                                    "identity_type = keystone\n"
                                    "auth_endpoint = " HTTP_SERVICE_URL "/v3\n"
                                    "username = " HTTP_SERVICE_USER "\n"
                                    "password = " HTTP_SERVICE_KEY "\n"
                                    "tenant_name = project\n"
                                    "proxy = none\n"
                                    "[swift]\n"
                                    "identity_type = swift\n"
                                    "auth_endpoint = " HTTP_SERVICE_URL "/auth/v1.0\n"
                                    "username = " HTTP_SERVICE_USER "\n"
                                    "api_key = " HTTP_SERVICE_KEY "\n"
                                    "proxy = none\n"
                                    "[plain]\n"
                                    "identity_type = none\n"
                                    "endpoint = " HTTP_SERVICE_URL HTTP_SERVICE_PLAIN "\n"
                                    "proxy = none\n"
                                    "[" HTTP_RULES_UNSEEN "]\n"
                                    "identity_type = none\n"
                                    "endpoint = " HTTP_SERVICE_URL HTTP_SERVICE_PLAIN "/unseen\n"
                                    "proxy = none\n"
                                    "[out]\n"
                                    "auth_endpoint = " HTTP_SERVICE_URL "/v2.0\n"
                                    "proxy = none\n"
                                    "[failed]\n"
                                    "auth_endpoint = " HTTP_SERVICE_URL HTTP_SERVICE_LIMITED "\n"
                                    "username = " HTTP_SERVICE_USER "\n"
                                    "api_key = " HTTP_SERVICE_KEY "\n"
                                    "proxy = none\n";

/* Beside what the daemon had open at its start: connections to services that are kept, both of their
 * ends, and timers that are made when they are first needed. */
#define DESCRIPTORS_MORE 8
#define ROUNDS_MOST 100000

struct http_cloud {
    enum cloud_state state;
    const struct session *session;
    const struct credential *credential;
    uint64_t logins_started;
    usec_t next_attempt;
    struct cloud_challenges challenge;
};

static void must(int r)
{
    if (r >= 0)
        return;
    fprintf(stderr, "the daemon cannot be set up: %s\n", strerror(-r));
    abort();
}

/* ---- configuration */

static void append(int fd, const char *text)
{
    if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
        abort();
}

static struct config *load(const char *rules)
{
    char path[] = "/tmp/fuzz-http-XXXXXX", *error = NULL;
    int fd = mkstemp(path);
    struct config *config = NULL;
    int r;

    if (fd < 0)
        abort();
    append(fd, configuration);
    append(fd, rules);
    close(fd);
    r = config_load(path, &config, &error);
    (void)unlink(path);
    if (r < 0)
        fprintf(stderr, "%s\n", error ? error : "");
    free(error);
    must(r);
    return config;
}

/* ---- clouds */

static void on_changed(const struct cloud *changed _unused_, void *userdata _unused_)
{
}

static int count_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int n = 0;

    if (!folder)
        return 0;
    while (readdir(folder))
        n++;
    closedir(folder);
    return n - 3; /* `.`, `..` and the folder itself */
}

static struct http_cloud look(const struct cloud *c)
{
    return (struct http_cloud){
        .state = c->state,
        .session = c->session,
        .credential = c->credential,
        .logins_started = c->logins_started,
        .next_attempt = c->next_attempt,
        .challenge = c->challenge,
    };
}

static void settle(struct http_daemon *d)
{
    for (int i = 0; http_daemon_run(d); i++)
        fuzz_check(i < ROUNDS_MOST);
}

static void make_clouds(struct http_daemon *d)
{
    char *error = NULL;

    http_service_play(0, 0, false);
    must(clouds_configure(&d->clouds, &d->cloud_host, d->config, false, &error));
    settle(d);
    for (size_t i = 0; i < d->clouds.n; i++) {
        const struct cloud *c = d->clouds.all[i];
        bool is_out = !strcmp(c->config.name, "out"), is_failed = !strcmp(c->config.name, "failed");

        fuzz_check(c->state == (is_out      ? CLOUD_SIGNED_OUT
                                : is_failed ? CLOUD_FAILED
                                            : CLOUD_READY));
        d->as_made[i] = look(c);
    }
}

static bool is_as_made(const struct http_daemon *d)
{
    for (size_t i = 0; i < d->clouds.n; i++) {
        const struct cloud *c = d->clouds.all[i];
        const struct http_cloud now = look(c), *then = &d->as_made[i];

        fuzz_check(!c->waiters);
        fuzz_check(c->refs == 1);
        if (now.state != then->state || now.session != then->session ||
            now.credential != then->credential || now.logins_started != then->logins_started ||
            now.next_attempt != then->next_attempt || now.challenge.last != then->challenge.last ||
            c->revocations || c->previous)
            return false;
    }
    return true;
}

void http_daemon_restore(struct http_daemon *d)
{
    fuzz_check(server_requests(d->server) == 0);
    fuzz_check(server_connections(d->server) == 0);

    if (is_as_made(d)) {
        fuzz_check(upstream_active(d->upstream) == 0);
        for (size_t i = 0; i < d->clouds.n; i++)
            d->clouds.all[i]->challenge = d->as_made[i].challenge;
    } else {
        clouds_stop(&d->clouds);
        clouds_done(&d->clouds);
        fuzz_check(upstream_active(d->upstream) == 0);
        settle(d);
        make_clouds(d);
    }
    d->exchange_host.stopping = d->exchange_host.cut_off = false;
    d->exchange_host.policy = d->config->policy;
    d->n_asked = 0;
}

/* ---- rules */

static struct policy *load_rules(void)
{
    struct config *config = load(HTTP_RULES);
    struct policy *rules = policy_ref(config->policy);

    config_free(config);
    return rules;
}

void http_daemon_set_rules(struct http_daemon *d)
{
    d->exchange_host.policy = d->rules;
}

bool http_daemon_is_ruled(const struct http_daemon *d)
{
    return d->exchange_host.policy == d->rules;
}

/* What is no resource is told so, whatever the rules are. */
static bool is_refused(const struct http_daemon *d, const struct request *r)
{
    const struct exchange *x = r->context;
    const char *route = route_names[r->route];

    return http_daemon_is_ruled(d) && strcmp(route, "none") != 0 &&
           !http_rules_may_ask(route, x->target.segments[1]);
}

/* ---- the socket */

static void on_request(struct request *r, void *userdata)
{
    struct http_daemon *d = userdata;
    struct http_asked *asked = &d->asked[d->n_asked];

    fuzz_check(d->n_asked < HTTP_ASKED_MOST);
    d->n_asked++;
    snprintf(asked->method, sizeof(asked->method), "%s", r->malformed ? "" : r->method);
    route_request(r, &d->exchange_host);
    asked->route = r->route;
    fuzz_check(r->ops && r->route >= 0 && (size_t)r->route < route_count);
    asked->refused = is_refused(d, r);
}

static void on_request_end(const struct request *r, void *userdata)
{
    struct http_daemon *d = userdata;

    metrics_count_request(d->metrics, (size_t)r->route, r->status);
}

static struct sockaddr_un address(socklen_t *ret_length)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};

    *ret_length =
        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1) +
        (socklen_t)snprintf(a.sun_path + 1, sizeof(a.sun_path) - 1, "fuzz-http-%d", (int)getpid());
    return a;
}

static int listen_abstract(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    socklen_t length;
    struct sockaddr_un a = address(&length);

    if (fd < 0 || bind(fd, (struct sockaddr *)&a, length) < 0 || listen(fd, SOMAXCONN) < 0)
        must(-errno);
    return fd;
}

int http_daemon_connect(struct http_daemon *d _unused_)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    socklen_t length;
    struct sockaddr_un a = address(&length);

    if (fd < 0 || connect(fd, (struct sockaddr *)&a, length) < 0)
        must(-errno);
    return fd;
}

bool http_daemon_run(struct http_daemon *d)
{
    int r = sd_event_run(d->event, 0);

    must(r);
    return r > 0;
}

/* ---- life */

/* Mirrors broker_new() and broker_run(). */
static void make(struct http_daemon *d)
{
    (void)signal(SIGPIPE, SIG_IGN);
    log_set_level(LOG_CRIT);
    identity_init();
    must(upstream_init());
    d->config = load("");
    d->rules = load_rules();
    must(sd_event_new(&d->event));
    must(later_queue_new(d->event, &d->queue));
    must(upstream_new(d->event, d->queue, &d->upstream));
    must(metrics_new(route_names, route_count, &d->metrics));
    must(quota_new(&d->quota));
    quota_set_limits(d->quota, &d->config->quotas);
    must(audit_new(d->event, &d->audit));
    d->cloud_host = (struct cloud_host){
        .event = d->event,
        .upstream = d->upstream,
        .audit = d->audit,
        .changed = on_changed,
        .userdata = d,
    };
    d->exchange_host = (struct exchange_host){
        .event = d->event,
        .clouds = &d->clouds,
        .upstream = d->upstream,
        .metrics = d->metrics,
        .quota = d->quota,
        .audit = d->audit,
        .policy = d->config->policy,
    };
    must(server_new(d->event, d->queue, d->quota, on_request, on_request_end, d, &d->server));
    d->exchange_host.server = d->server;
    must(server_listen(d->server, listen_abstract(), "fuzz"));

    http_service_start(d->event);
    d->as_made = calloc(d->config->n_clouds, sizeof(*d->as_made));
    if (!d->as_made)
        must(-ENOMEM);
    make_clouds(d);
    d->descriptors = count_descriptors();
}

static struct http_daemon *the_daemon;

static void end(void)
{
    struct http_daemon *d = TAKE_PTR(the_daemon);
    int kept = (int)(2 * http_service_connections());

    fuzz_check(count_descriptors() <= d->descriptors + kept + DESCRIPTORS_MORE);
    server_free(d->server);
    clouds_stop(&d->clouds);
    clouds_done(&d->clouds);
    upstream_free(d->upstream);
    later_queue_free(d->queue);
    http_service_stop();
    metrics_free(d->metrics);
    quota_free(d->quota);
    audit_free(d->audit);
    sd_event_unref(d->event);
    policy_unref(d->rules);
    config_free(d->config);
    free(d->as_made);
    free(d);
}

struct http_daemon *http_daemon(void)
{
    static unsigned calls;

    if (!the_daemon) {
        the_daemon = calloc(1, sizeof(*the_daemon));
        if (!the_daemon)
            must(-ENOMEM);
        make(the_daemon);
        (void)atexit(end);
    }
    if (calls++ % 256 == 0)
        fuzz_check(count_descriptors() <= the_daemon->descriptors +
                                              (int)(2 * http_service_connections()) +
                                              DESCRIPTORS_MORE);
    return the_daemon;
}
