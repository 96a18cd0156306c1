/* SPDX-License-Identifier: MIT */
/* latchkeyd's command line. */
#include "broker.h"
#include "identity.h"
#include "log.h"
#include "secret.h"
#include "upstream.h"

#include <fcntl.h>
#include <getopt.h>
#include <malloc.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>

#define SYSTEM_CONFIG "/etc/latchkey/latchkeyd.conf"

static const char help[] =
    "Usage: latchkeyd [OPTION]...\n"
    "\n"
    "Logs in to the configured clouds, keeps their tokens alive and serves identity, catalog,\n"
    "token and signed requests to local programs over a Unix socket.\n"
    "\n"
    "  -c, --config FILE           configuration (default: " SYSTEM_CONFIG ";\n"
    "                              for a user ~/.config/latchkey/latchkeyd.conf, else\n"
    "                              ~/.pyrax.cfg), and clouds.yaml beside it; without any,\n"
    "                              one cloud named rackspace\n"
    "      --credential-file FILE  no configuration: one cloud named rackspace with this\n"
    "                              credential in pyrax's format\n"
    "      --auth-url URL          the identity service of that cloud\n"
    "      --from-env              no configuration: the cloud of the OS_* variables that an\n"
    "                              openrc file sets, named envvars\n"
    "      --socket PATH           listen there, and only there\n"
    "      --log-level LEVEL       error, warning, notice, info or debug\n"
    "      --check                 read everything, log in once to each cloud, say how it went\n"
    "                              in a line each, and exit with 0 or 1\n"
    "  -h, --help                  this text\n"
    "      --version               the version\n";

enum {
    OPTION_CREDENTIAL_FILE = 256,
    OPTION_AUTH_URL,
    OPTION_FROM_ENV,
    OPTION_SOCKET,
    OPTION_LOG_LEVEL,
    OPTION_CHECK,
    OPTION_VERSION
};

static const struct option long_options[] = {
    {"config", required_argument, NULL, 'c'},
    {"credential-file", required_argument, NULL, OPTION_CREDENTIAL_FILE},
    {"auth-url", required_argument, NULL, OPTION_AUTH_URL},
    {"from-env", no_argument, NULL, OPTION_FROM_ENV},
    {"socket", required_argument, NULL, OPTION_SOCKET},
    {"log-level", required_argument, NULL, OPTION_LOG_LEVEL},
    {"check", no_argument, NULL, OPTION_CHECK},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, OPTION_VERSION},
    {NULL, 0, NULL, 0},
};

static int log_level(const char *name)
{
    static const struct {
        const char *name;
        int level;
    } levels[] = {
        {"error", LOG_ERR}, {"warning", LOG_WARNING}, {"notice", LOG_NOTICE},
        {"info", LOG_INFO}, {"debug", LOG_DEBUG},
    };

    for (size_t i = 0; i < ARRAY_SIZE(levels); i++)
        if (!strcmp(name, levels[i].name))
            return levels[i].level;
    return -1;
}

/* An empty path would come to mean the usual one, or a folder. */
static bool is_empty(int option)
{
    const struct option *o = long_options;

    if (!optarg || *optarg)
        return false;
    while (o->name && o->val != option)
        o++;
    if (o->name)
        fprintf(stderr, "latchkeyd: --%s has an empty value: see --help\n", o->name);
    return true;
}

enum verdict { RUN, CHECK, DONE, WRONG };

static enum verdict parse(int argc, char **argv, struct broker_options *o)
{
    enum verdict verdict = RUN;
    int c;

    while ((c = getopt_long(argc, argv, "c:h", long_options, NULL)) >= 0) {
        if (is_empty(c))
            return WRONG;
        switch (c) {
        case 'c':
            o->config_path = optarg;
            break;
        case OPTION_CREDENTIAL_FILE:
            o->credential_file = optarg;
            break;
        case OPTION_AUTH_URL:
            o->auth_url = optarg;
            break;
        case OPTION_FROM_ENV:
            o->from_env = true;
            break;
        case OPTION_SOCKET:
            o->socket = optarg;
            break;
        case OPTION_LOG_LEVEL:
            o->log_level = log_level(optarg);
            if (o->log_level < 0) {
                fputs("latchkeyd: --log-level takes error, warning, notice, info or debug\n",
                      stderr);
                return WRONG;
            }
            break;
        case OPTION_CHECK:
            verdict = CHECK;
            break;
        case 'h':
            fputs(help, stdout);
            return DONE;
        case OPTION_VERSION:
            puts("latchkeyd " LATCHKEY_VERSION);
            return DONE;
        default:
            return WRONG;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "latchkeyd: unexpected argument %s: see --help\n", argv[optind]);
        return WRONG;
    }
    if (o->config_path && (o->credential_file || o->auth_url)) {
        fputs("latchkeyd: --config and --credential-file or --auth-url exclude each other\n",
              stderr);
        return WRONG;
    }
    if (o->from_env && (o->config_path || o->credential_file || o->auth_url)) {
        fputs("latchkeyd: --from-env and --config, --credential-file or --auth-url exclude each "
              "other\n",
              stderr);
        return WRONG;
    }
    return verdict;
}

/* The first of the usual places that has a file, or NULL. A user's own come before the system's,
 * root has none of its own. */
static const char *find_config(void)
{
    static char path[4096];
    const char *home = getenv("HOME"), *xdg = getenv("XDG_CONFIG_HOME");

    if (geteuid() != 0 && home) {
        if (xdg && *xdg == '/')
            snprintf(path, sizeof(path), "%s/latchkey/latchkeyd.conf", xdg);
        else
            snprintf(path, sizeof(path), "%s/.config/latchkey/latchkeyd.conf", home);
        if (access(path, F_OK) == 0)
            return path;
        snprintf(path, sizeof(path), "%s/.pyrax.cfg", home);
        if (access(path, F_OK) == 0)
            return path;
    }
    return access(SYSTEM_CONFIG, F_OK) == 0 ? SYSTEM_CONFIG : NULL;
}

/* Each connection is a descriptor: take as many as we may have. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

/* Else the first file that is opened is taken for standard error, and the log written into it. */
static bool fill_standard_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) < 0)
            return false;
    return true;
}

static void warn_of_full_memory(void)
{
    log_warning(
        "locked memory is full: further keys and tokens are kept in ordinary memory and may get "
        "into the swap; %zu KiB are taken at most (LimitMEMLOCK=, ulimit -l)",
        SECRET_LOCKED_MOST / 1024);
}

static void guard_secrets(void)
{
    int r = secret_protect_process();

    if (r < 0)
        log_warning("core dumps could not be switched off: %s", strerror(-r));
    if (secret_lock() == SECRET_UNLOCKED)
        log_warning("keys and tokens cannot be locked into memory and may get into the swap: allow "
                    "%zu KiB of locked memory (LimitMEMLOCK=, ulimit -l)",
                    SECRET_LOCKED_MOST / 1024);
    else
        secret_on_full(warn_of_full_memory);
}

/* The thread in which libcurl looks up a name would have a heap of its own, for good. */
static void share_heap(void)
{
    (void)mallopt(M_ARENA_MAX, 1);
}

static int run(const struct broker_options *options, bool check)
{
    _cleanup_(broker_freep) struct broker *b = NULL;
    _cleanup_(freep) char *error = NULL;
    int r;

    share_heap();
    guard_secrets();
    raise_descriptor_limit();
    identity_init();
    r = upstream_init();
    if (r >= 0)
        r = broker_new(options, &b, &error);
    if (r >= 0 && check)
        return broker_check(b);
    if (r >= 0)
        r = broker_run(b, &error);
    if (r < 0) {
        log_error("%s", error ? error : strerror(-r));
        return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct broker_options options = {.log_level = -1};
    enum verdict verdict;
    int status;

    if (!fill_standard_streams())
        return 1;
    verdict = parse(argc, argv, &options);
    if (verdict == DONE)
        return 0;
    if (verdict == WRONG)
        return 2;
    if (!options.config_path && !options.credential_file && !options.auth_url && !options.from_env)
        options.config_path = find_config();
    log_open(LOG_INFO);
    if (verdict == CHECK && options.log_level < 0)
        options.log_level = LOG_WARNING;
    status = run(&options, verdict == CHECK);
    if (secret_left() > 0)
        log_debug("%zu blocks of locked memory were lost", secret_left());
    return status;
}
