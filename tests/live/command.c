/* SPDX-License-Identifier: MIT */
#include "command.h"

#include "daemon.h"
#include "patience.h"
#include "sandbox.h"
#include "secrets.h"
#include "stage.h"

#include <fnmatch.h>
#include <string.h>

#define WORDS_MOST 48
#define TIME_TO_END 30.0

static unsigned started;

const char *command_socket(const struct command_options *options)
{
    return options && options->socket ? options->socket : daemon_socket();
}

const char *const *command_words(const char *const *arguments)
{
    const char **words = stage_keep(calloc(WORDS_MOST, sizeof(char *)));
    size_t n = 0;

    words[n++] = getenv("LATCHKEY_COMMAND");
    ck_assert_msg(words[0], "LATCHKEY_COMMAND does not say where latchkey is");
    for (; *arguments && n < WORDS_MOST - 1; arguments++)
        words[n++] = *arguments;
    ck_assert_uint_lt(n, WORDS_MOST - 1);
    return process_wrap(words);
}

/* ---- its life */

/* A shell arranges its descriptors and then becomes it, or feeds it. */
static const char *make_script(const struct command *c, const struct command_options *o)
{
    const char *output = o->output ? o->output : c->out_path;

    if (o->pipe)
        return stage_text("cat '%s' | \"$@\" >'%s' 2>'%s'", o->pipe, output, c->err_path);
    return stage_text("exec \"$@\" <'%s' >'%s' 2>'%s'", o->input ? o->input : "/dev/null", output,
                      c->err_path);
}

static struct command *start(const struct command_options *options, const char *const *words)
{
    static const struct command_options usual;
    const struct command_options *o = options ? options : &usual;
    struct command *c = stage_keep(calloc(1, sizeof(*c)));
    const char *argv[WORDS_MOST + 4] = {"/bin/sh", "-c", NULL, "sh"};
    const char *environment[8] = {stage_text("LATCHKEY_SOCKET=%s", command_socket(o)),
                                  stage_text("LATCHKEY=%s", getenv("LATCHKEY_COMMAND")),
                                  "LC_ALL=C.UTF-8"};
    size_t n = 4;

    started++;
    c->out_path = stage_path(stage_text("command-%u.out", started));
    c->err_path = stage_path(stage_text("command-%u.log", started));
    argv[2] = make_script(c, o);
    for (; *words; words++)
        argv[n++] = *words;
    n = 3;
    for (const char *const *v = o->environment; v && *v && n < ARRAY_SIZE(environment) - 1; v++)
        environment[n++] = *v;
    unsetenv("LATCHKEY_CLOUD");
    process_start(&c->process, &(struct process_options){
                                   .argv = argv,
                                   .environment = environment,
                                   .log = stage_path(stage_text("shell-%u.log", started)),
                               });
    return c;
}

struct command *command_start(const struct command_options *options, const char *const *arguments)
{
    return start(options, command_words(arguments));
}

/* What it said on standard error. What only a register points to when a signal ends a program, valgrind
 * takes for lost: nobody can help that, so that its word on it does not count. */
static const char *read_err(const struct command *c)
{
    char *text = stage_read(c->err_path, NULL);
    char *report = process_is_wrapped() && c->status > 128 ? strstr(text, "==") : NULL;

    if (report)
        *report = '\0';
    return text;
}

const struct command *command_finish(struct command *c)
{
    const char *secret;

    c->status = process_wait(&c->process, TIME_TO_END);
    ck_assert_msg(c->status != PROCESS_RUNS, "latchkey still runs");
    c->out = stage_read(c->out_path, &c->length);
    c->err = read_err(c);
    ck_assert_ptr_null(memmem(c->out, c->length, SANDBOX_KEY, strlen(SANDBOX_KEY)));
    sandbox_remember_tokens();
    secret = secrets_find(c->err, strlen(c->err));
    ck_assert_msg(!secret, "the secret %s is in: %s", secret, c->err);
    secrets_demand_clean_log(c->err_path);
    return c;
}

const struct command *command_shell(const char *script)
{
    return command_finish(start(NULL, (const char *const[]){"/bin/sh", "-c", script, NULL}));
}

/* ---- what it says */

const char *command_out(const struct command *c)
{
    return stage_read(c->out_path, NULL);
}

const char *command_err(const struct command *c)
{
    return stage_read(c->err_path, NULL);
}

struct wish {
    const char *path, *pattern;
};

static bool is_said(void *userdata)
{
    const struct wish *wish = userdata;

    return fnmatch(wish->pattern, stage_read(wish->path, NULL), 0) == 0;
}

static void wait_for(const char *path, const char *pattern)
{
    struct wish wish = {path, pattern};

    ck_assert_msg(wait_until(10, is_said, &wish), "no '%s' in: %s", pattern,
                  stage_read(path, NULL));
}

void command_wait_out(const struct command *c, const char *pattern)
{
    wait_for(c->out_path, pattern);
}

void command_wait_err(const struct command *c, const char *pattern)
{
    wait_for(c->err_path, pattern);
}

/* ---- demands */

static void demand_match(const char *text, const char *pattern)
{
    ck_assert_msg(fnmatch(pattern, text, 0) == 0, "wanted:\n%s\ngot:\n%s", pattern, text);
}

const char *demand_done(const struct command *c, const char *pattern)
{
    ck_assert_str_eq(c->err, "");
    ck_assert_int_eq(c->status, 0);
    demand_match(c->out, pattern);
    return c->out;
}

static void unload(void *document)
{
    json_decref(document);
}

json_t *demand_json(const struct command *c)
{
    json_t *document = json_loads(demand_done(c, "{*}\n"), 0, NULL);

    ck_assert_msg(document, "no JSON: %s", c->out);
    return stage_keep_with(document, unload);
}

void demand_words(const struct command *c, const char *pattern)
{
    const char *end = strchr(c->err, '\n');

    demand_match(c->err, stage_text("latchkey: %s\n", pattern));
    ck_assert_msg(end && !end[1], "more than a line: %s", c->err);
}

void demand_failure(const struct command *c, int status, const char *pattern)
{
    demand_words(c, pattern);
    ck_assert_str_eq(c->out, "");
    ck_assert_int_eq(c->status, status);
}
