/* SPDX-License-Identifier: MIT */
/*
 * latchkey-sandbox: a small cloud on loopback that speaks Rackspace identity v2.0, an object store,
 * servers and load balancers. Its README says what it serves; this file reads the command line, and
 * starts and ends the server.
 */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "cleanup.h"
#include "sandbox.h"
#include "server.h"

enum option_code {
    OPTION_PORT = 256,
    OPTION_PORT_FILE,
    OPTION_TOKEN_LIFETIME,
    OPTION_USERNAME,
    OPTION_API_KEY,
    OPTION_PASSWORD,
    OPTION_TENANT_ID,
    OPTION_TLS_CERT,
    OPTION_TLS_KEY,
    OPTION_EXTRA_SERVICE,
    OPTION_DATA,
    OPTION_DIE_WITH_PARENT,
    OPTION_VERBOSE,
    OPTION_HELP,
};

static const struct option long_options[] = {
    {"port", required_argument, NULL, OPTION_PORT},
    {"port-file", required_argument, NULL, OPTION_PORT_FILE},
    {"token-lifetime", required_argument, NULL, OPTION_TOKEN_LIFETIME},
    {"username", required_argument, NULL, OPTION_USERNAME},
    {"api-key", required_argument, NULL, OPTION_API_KEY},
    {"password", required_argument, NULL, OPTION_PASSWORD},
    {"tenant-id", required_argument, NULL, OPTION_TENANT_ID},
    {"tls-cert", required_argument, NULL, OPTION_TLS_CERT},
    {"tls-key", required_argument, NULL, OPTION_TLS_KEY},
    {"extra-service", required_argument, NULL, OPTION_EXTRA_SERVICE},
    {"data", required_argument, NULL, OPTION_DATA},
    {"die-with-parent", no_argument, NULL, OPTION_DIE_WITH_PARENT},
    {"verbose", no_argument, NULL, OPTION_VERBOSE},
    {"help", no_argument, NULL, OPTION_HELP},
    {0},
};

static const char usage[] =
    "usage: latchkey-sandbox [OPTION]...\n"
    "\n"
    "  --port N               listen on 127.0.0.1:N (default: any free port)\n"
    "  --port-file FILE       write the port there once it listens\n"
    "  --token-lifetime S     seconds that a token lives (default: 86400)\n"
    "  --username NAME        who may log in (default: myusername)\n"
    "  --api-key KEY          and with what (default: 01234567890abcdef)\n"
    "  --password PASSWORD    the same for a login with a password (default: none may)\n"
    "  --tenant-id ID         the account's number (default: 000000)\n"
    "  --tls-cert FILE        speak HTTPS with this certificate\n"
    "  --tls-key FILE         and this key\n"
    "  --extra-service NAME,TYPE,REGION,URL\n"
    "                         add to the catalog; REGION may be empty; may be repeated\n"
    "  --data DIRECTORY       where objects' bodies lie (default: $TMPDIR or /tmp)\n"
    "  --die-with-parent      end when the parent process does\n"
    "  --verbose              a line for each request on standard error\n";

static int read_number(const char *text, double least, double most, double *ret_number)
{
    char *end;
    double number = strtod(text, &end);

    if (end == text || *end || !isfinite(number) || number < least || number > most)
        return -EINVAL;
    *ret_number = number;
    return 0;
}

static int read_text(const char *text, char *ret_text)
{
    if (strlen(text) >= SANDBOX_TEXT_MAX)
        return -EINVAL;
    strcpy(ret_text, text);
    return 0;
}

/* NAME,TYPE,REGION,URL in one allocation, which the name owns. */
static int add_service(struct sandbox_options *options, const char *text)
{
    _cleanup_(freep) char *copy = strdup(text);
    struct sandbox_service *services;
    char *fields[4], *rest = copy;

    for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
        fields[i] = i + 1 < ARRAY_SIZE(fields) ? strsep(&rest, ",") : rest;
        if (!fields[i])
            return copy ? -EINVAL : -ENOMEM;
    }
    services = reallocarray(options->services, options->service_count + 1, sizeof(*services));
    if (!services)
        return -ENOMEM;
    options->services = services;
    services[options->service_count++] =
        (struct sandbox_service){fields[0], fields[1], fields[2], fields[3]};
    TAKE_PTR(copy);
    return 0;
}

static int take_option(struct sandbox *s, int code, const char *value)
{
    struct sandbox_settings *settings = &s->start_settings;
    struct sandbox_options *options = &s->options;
    double number = 0;
    int r = 0;

    switch (code) {
    case OPTION_PORT:
        r = read_number(value, 0, UINT16_MAX, &number);
        options->port = (uint16_t)number;
        return r;
    case OPTION_PORT_FILE:
        options->port_file = value;
        return 0;
    case OPTION_TOKEN_LIFETIME:
        return read_number(value, 0, 1e9, &settings->token_lifetime);
    case OPTION_USERNAME:
        return read_text(value, settings->username);
    case OPTION_API_KEY:
        return read_text(value, settings->api_key);
    case OPTION_PASSWORD:
        return read_text(value, settings->password);
    case OPTION_TENANT_ID:
        options->tenant_id = value;
        return 0;
    case OPTION_TLS_CERT:
        options->tls_cert = value;
        return 0;
    case OPTION_TLS_KEY:
        options->tls_key = value;
        return 0;
    case OPTION_EXTRA_SERVICE:
        return add_service(options, value);
    case OPTION_DATA:
        options->data_directory = value;
        return 0;
    case OPTION_DIE_WITH_PARENT:
        options->die_with_parent = true;
        return 0;
    case OPTION_VERBOSE:
        options->verbose = true;
        return 0;
    default:
        return -EINVAL;
    }
}

static int read_command_line(struct sandbox *s, int argc, char *argv[])
{
    int code, index = 0;

    while ((code = getopt_long(argc, argv, "", long_options, &index)) >= 0) {
        if (code == OPTION_HELP) {
            fputs(usage, stdout);
            exit(0);
        }
        if (code == '?' || take_option(s, code, optarg) < 0) {
            if (code != '?')
                fprintf(stderr, "sandbox: --%s: bad value\n", long_options[index].name);
            return -EINVAL;
        }
    }
    if (optind < argc || !s->options.tls_cert != !s->options.tls_key) {
        fputs(optind < argc ? "sandbox: options only, please\n"
                            : "sandbox: --tls-cert and --tls-key go together\n",
              stderr);
        return -EINVAL;
    }
    return 0;
}

/* Written aside and renamed: who sees the file sees the whole number. */
static int write_port_file(const char *name, uint16_t port)
{
    _cleanup_(freep) char *aside = NULL;
    _cleanup_(fclosep) FILE *file = NULL;

    if (asprintf(&aside, "%s.new", name) < 0)
        return -ENOMEM;
    file = fopen(aside, "we");
    if (!file || fprintf(file, "%u\n", port) < 0 || fflush(file) != 0 || rename(aside, name) < 0)
        return -errno;
    return 0;
}

static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* Before the first thread, so that all of them leave the signals to the wait in serve(). */
static void block_signals(sigset_t *ret_ending)
{
    sigemptyset(ret_ending);
    sigaddset(ret_ending, SIGTERM);
    sigaddset(ret_ending, SIGINT);
    pthread_sigmask(SIG_BLOCK, ret_ending, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static int serve(struct sandbox *s)
{
    struct server *server = NULL;
    sigset_t ending;
    int caught, r;

    block_signals(&ending);
    if (s->options.die_with_parent && prctl(PR_SET_PDEATHSIG, SIGTERM) < 0)
        return -errno;
    raise_descriptor_limit();

    r = server_start(s, &server);
    if (r < 0)
        return r;
    if (s->options.port_file)
        r = write_port_file(s->options.port_file, server_port(server));
    if (r >= 0) {
        printf("sandbox: listening on %s\n", s->base_url);
        fflush(stdout);
        sigwait(&ending, &caught);
    }
    server_stop(server);
    return r;
}

static const char *temporary_directory(void)
{
    const char *directory = getenv("TMPDIR");

    return directory && *directory ? directory : "/tmp";
}

int main(int argc, char *argv[])
{
    static struct sandbox sandbox = {
        .stop_fd = -1,
        .options = {.tenant_id = "000000"},
        .start_settings =
            {
                .token_lifetime = 86400,
                .login_fault_count = -1,
                .retry_after = 1,
                .username = "myusername",
                .api_key = "01234567890abcdef",
            },
    };
    int r;

    sandbox.options.data_directory = temporary_directory();
    if (read_command_line(&sandbox, argc, argv) < 0) {
        fputs("sandbox: --help says what there is\n", stderr);
        return 2;
    }
    r = sandbox_init(&sandbox);
    if (r >= 0)
        r = serve(&sandbox);
    if (r < 0)
        fprintf(stderr, "sandbox: %s\n", strerror(-r));
    sandbox_done(&sandbox);
    return r < 0 ? 1 : 0;
}
