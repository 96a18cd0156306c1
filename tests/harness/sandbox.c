/* SPDX-License-Identifier: MIT */
#include "sandbox.h"

#include "patience.h"
#include "process.h"
#include "secrets.h"
#include "stage.h"

#include <signal.h>
#include <stdarg.h>
#include <string.h>

#define ARGUMENTS_MOST 32

#define SANDBOXES_MOST 2

static struct {
    struct process process;
    char url[64];
    int port;
} sandboxes[SANDBOXES_MOST];
static size_t n_sandboxes;

#define newest sandboxes[n_sandboxes - 1]

int sandbox_port(void)
{
    return newest.port;
}

const char *sandbox_url(void)
{
    ck_assert_uint_gt(n_sandboxes, 0);
    return newest.url;
}

bool sandbox_runs(void)
{
    return n_sandboxes > 0;
}

/* ---- life */

static bool port_is_known(void *userdata)
{
    const char *path = userdata;

    if (access(path, F_OK) == 0)
        return true;
    ck_assert_msg(process_wait(&newest.process, 0) == PROCESS_RUNS, "the sandbox did not start");
    return false;
}

void sandbox_start(const char *const *arguments)
{
    char *port_file = stage_path("port");
    const char *argv[ARGUMENTS_MOST] = {
        getenv("LATCHKEY_SANDBOX"),
        "--die-with-parent",
        "--port-file",
        port_file,
        "--data",
        stage_folder(),
    };
    size_t n = 6;
    bool tls = false;

    ck_assert_msg(argv[0], "LATCHKEY_SANDBOX does not say where the sandbox is");
    ck_assert_uint_lt(n_sandboxes, SANDBOXES_MOST);
    n_sandboxes++;
    for (; arguments && *arguments; arguments++) {
        ck_assert_uint_lt(n, ARGUMENTS_MOST - 1);
        argv[n++] = *arguments;
        tls = tls || !strcmp(*arguments, "--tls-cert");
    }
    (void)unlink(port_file);
    process_start(&newest.process, &(struct process_options){
                                       .argv = argv,
                                       .log = stage_path("sandbox.log"),
                                   });
    ck_assert_msg(wait_until(10, port_is_known, port_file), "the sandbox does not listen");
    newest.port = atoi(stage_read(port_file, NULL));
    (void)snprintf(newest.url, sizeof(newest.url), "http%s://127.0.0.1:%d", tls ? "s" : "",
                   newest.port);
    secrets_add(SANDBOX_KEY);
}

void sandbox_stop(void)
{
    sandbox_remember_tokens();
    for (; n_sandboxes > 0; n_sandboxes--) {
        int status;

        process_signal(&newest.process, SIGTERM);
        status = process_wait(&newest.process, 10);
        ck_assert_msg(status == 0, "the sandbox ended with %d", status);
    }
}

/* ---- the control plane */

static const struct reply *ask_at(const char *url, const struct ask *a)
{
    _cleanup_(client_freep) struct client *c = client_new(NULL, url);

    return client_ask(c, a);
}

const struct reply *sandbox_ask(const struct ask *a)
{
    return ask_at(sandbox_url(), a);
}

static json_t *control(const char *method, const char *target, const char *body)
{
    const struct reply *r = sandbox_ask(&(struct ask){
        .method = method,
        .target = target,
        .body = body,
        .length = body ? (int64_t)strlen(body) : 0,
    });

    return r->status == 204 ? NULL : reply_json(r, 200);
}

void sandbox_set(const char *format, ...)
{
    char members[1024];
    va_list ap;

    va_start(ap, format);
    (void)vsnprintf(members, sizeof(members), format, ap);
    va_end(ap);
    for (char *p = members; *p; p++)
        if (*p == '\'')
            *p = '"';
    (void)control("POST", "/sandbox/settings", stage_text("{%s}", members));
}

void sandbox_reset(void)
{
    (void)control("POST", "/sandbox/reset", NULL);
}

json_t *sandbox_stats(void)
{
    return control("GET", "/sandbox/stats", NULL);
}

json_int_t sandbox_count(const char *member)
{
    json_t *value = json_object_get(sandbox_stats(), member);

    ck_assert_msg(value, "the sandbox does not count %s", member);
    return json_is_array(value) ? (json_int_t)json_array_size(value) : json_integer_value(value);
}

struct wish {
    const char *member;
    json_int_t wanted;
    bool or_more;
};

static bool is_granted(void *userdata)
{
    const struct wish *wish = userdata;
    json_int_t count = sandbox_count(wish->member);

    return count == wish->wanted || (wish->or_more && count > wish->wanted);
}

static void wait_for(struct wish wish)
{
    ck_assert_msg(wait_until(20, is_granted, &wish), "the sandbox's %s is %lld and not %lld",
                  wish.member, (long long)sandbox_count(wish.member), (long long)wish.wanted);
}

void sandbox_wait_count(const char *member, json_int_t wanted)
{
    wait_for((struct wish){member, wanted, false});
}

void sandbox_wait_count_at_least(const char *member, json_int_t wanted)
{
    wait_for((struct wish){member, wanted, true});
}

void sandbox_revoke_all(void)
{
    (void)control("POST", "/sandbox/revoke-all", NULL);
}

bool sandbox_takes(const char *token)
{
    const struct reply *r = sandbox_ask(&(struct ask){
        .target = "/echo/alive",
        .headers = (const char *const[]){stage_text("X-Auth-Token: %s", token), NULL},
    });

    ck_assert_msg(r->status == 200 || r->status == 401, "the echo answers %ld", r->status);
    return r->status == 200;
}

void sandbox_remember_tokens(void)
{
    static const char *const lists[] = {"tokens", "dead"};
    json_t *document, *token;
    size_t i;

    for (size_t n = 0; n < n_sandboxes; n++) {
        document =
            reply_json(ask_at(sandboxes[n].url, &(struct ask){.target = "/sandbox/tokens"}), 200);
        for (size_t list = 0; list < ARRAY_SIZE(lists); list++)
            json_array_foreach (json_object_get(document, lists[list]), i, token)
                secrets_add(json_string_value(token));
    }
}
