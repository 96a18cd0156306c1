/* SPDX-License-Identifier: MIT */
/*
 * The command latchkey: a table of verbs in front of liblatchkey. Answers go to standard output,
 * words about failures to standard error, one line each.
 */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdarg.h>
#include <string.h>

#include "command.h"
#include "display.h"

static const struct verb verbs[] = {
    {"status", "[--watch]", "How each cloud stands.", "w", 0, 0, verb_status},
    {"identity", "", "Who the daemon is at the cloud.", "", 0, 0, verb_identity},
    {"token", "[--min-ttl SECONDS]", "Print a token.", "m", 0, 0, verb_token},
    {"catalog", "[SERVICE] [--region NAME] [--interface NAME]", "The cloud's endpoints.", "rI", 0,
     1, verb_catalog},
    {"endpoint", "SERVICE [--region NAME] [--interface NAME]", "Print the URL of a service.", "rI",
     1, 1, verb_endpoint},
    {"request",
     "METHOD SERVICE[@REGION] PATH [-H NAME:VALUE]... [-d DATA | -T FILE] [-o FILE] [-i]",
     "Send a signed request and print the answer's body.", "rIHdToi", 3, 3, verb_request},
    {"login", "[--password]", "Give the daemon a user name and a key, kept in memory only.", "p", 0,
     0, verb_login},
    {"logout", "", "Make the daemon forget key and token.", "", 0, 0, verb_logout},
    {"refresh", "", "Make the daemon log in anew.", "", 0, 0, verb_refresh},
    {"env", "[--min-ttl SECONDS] [--region NAME] [--service NAME]",
     "Print variables for other programs, for the shell's eval.", "mrS", 0, 0, verb_env},
    {"run", "[--min-ttl SECONDS] [--region NAME] [--service NAME] [--] COMMAND [ARGUMENT]...",
     "Run a command with these variables.", "mrS", 1, -1, verb_run},
    {},
};

/* What to do about results whose own text cannot say it. */
static const struct {
    int result;
    int exit_status;
    const char *advice;
} failures[] = {
    {-ENOENT, NO_DAEMON, "; start it with 'systemctl start latchkeyd.socket'"},
    {-ECONNREFUSED, NO_DAEMON, "; start it with 'systemctl start latchkeyd.socket'"},
    {-ENOTDIR, NO_DAEMON, "; see '--socket'"},
    {-ELOOP, NO_DAEMON, "; see '--socket'"},
    {-EPROTOTYPE, NO_DAEMON, "; see '--socket'"},
    {-EACCES, NO_DAEMON, "; members of the group 'latchkey' may use it"},
    {-ETIMEDOUT, NO_DAEMON, "; see 'journalctl -u latchkeyd', or wait longer with '--timeout'"},
    {-EPROTO, NO_DAEMON, "; see '--socket'"},
};

static void say(const char *advice, const char *format, va_list ap) _printf_(2, 0);

static void say(const char *advice, const char *format, va_list ap)
{
    _cleanup_(freep) char *text = NULL;

    if (vasprintf(&text, format, ap) < 0)
        text = NULL;
    fputs("latchkey: ", stderr);
    display_text(stderr, text ? text : "out of memory");
    fprintf(stderr, "%s\n", advice);
}

static void say_with_advice(const char *advice, const char *format, ...) _printf_(2, 3);

static void say_with_advice(const char *advice, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    say(advice, format, ap);
    va_end(ap);
}

void command_say(const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    say("", format, ap);
    va_end(ap);
}

int command_misused(const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    say("; see 'latchkey --help'", format, ap);
    va_end(ap);
    return USAGE;
}

int command_failed(int r, const lk_error *error)
{
    const char *text = error ? lk_error_message(error) : lk_status_text(r);

    for (size_t i = 0; i < ARRAY_SIZE(failures); i++)
        if (failures[i].result == r) {
            say_with_advice(failures[i].advice, "%s", text);
            return failures[i].exit_status;
        }
    command_say("%s", text);
    return REFUSED;
}

void command_print_json(const char *json)
{
    size_t length = strlen(json);

    fputs(json, stdout);
    if (length == 0 || json[length - 1] != '\n')
        putchar('\n');
}

static void print_help(const struct verb *verb)
{
    if (verb) {
        printf("usage: latchkey [OPTION]... %s %s\n\n%s\n", verb->name, verb->synopsis,
               verb->summary);
        if (*verb->options) {
            puts("\noptions:");
            arguments_explain(stdout, verb);
        }
    } else {
        puts("usage: latchkey [OPTION]... VERB ...\n\n"
             "Borrows tokens, catalogs and signed requests from latchkeyd.\n\nverbs:");
        for (verb = verbs; verb->name; verb++)
            printf("  %-10s %s\n", verb->name, verb->summary);
    }
    puts("\noptions for all verbs:");
    arguments_explain(stdout, NULL);
    puts("\nexit status: 0 done, 1 the daemon or the cloud said no, 2 wrong usage, 3 no daemon.");
}

static void command_done(struct command *command)
{
    lk_client_free(command->client);
}

static int run_verb(const struct arguments *arguments)
{
    _cleanup_(command_done) struct command command = {.arguments = arguments};
    int r;

    r = lk_client_new(arguments->socket, &command.client);
    if (r == -EINVAL || r == -ENAMETOOLONG)
        return command_misused("the socket's path is %s", r == -EINVAL ? "empty" : "too long");
    if (r < 0)
        return command_failed(r, NULL);
    if (arguments->timeout > 0)
        lk_client_set_timeout(command.client, arguments->timeout);
    return arguments->verb->run(&command);
}

/* A verb that failed has said why; what it could not print besides is no second reason. */
static int finish(int status)
{
    if (status != DONE || (fflush(stdout) == 0 && !ferror(stdout)))
        return status;
    command_say("cannot write the output: %s", strerror(errno));
    return REFUSED;
}

/*
 * Places of standard streams that are closed are filled, or the next file or socket would take one
 * of them; in such a way that to read or to write there still fails, and that a command run by us
 * finds them closed, too.
 */
static void fill_standard_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 &&
            open("/dev/null", (fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) | O_CLOEXEC) < 0)
            abort();
}

int main(int argc, char **argv)
{
    _cleanup_(arguments_done) struct arguments arguments = {};
    int r;

    fill_standard_streams();
    setlocale(LC_ALL, "");
    r = arguments_read(&arguments, verbs, argc, argv);
    if (r == -ENOMEM)
        return command_failed(r, NULL);
    if (r < 0)
        return command_misused("%s", arguments.wrong);
    if (arguments.version)
        puts("latchkey " LATCHKEY_VERSION);
    else if (arguments.help)
        print_help(arguments.verb);
    else
        return finish(run_verb(&arguments));
    return finish(DONE);
}
