/* SPDX-License-Identifier: MIT */
#include "process.h"

#include "patience.h"
#include "stage.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define WORDS_MOST 64
#define FIRST_PASSED_FD 3
#define PASSED_MOST 128

/* ---- what it gets to see */

/* These would have the program talk to whoever started the test. */
static const char *const left_out[] = {
    "NOTIFY_SOCKET=",
    "LISTEN_FDS=",
    "LISTEN_PID=",
    "LISTEN_FDNAMES=",
    "WATCHDOG_USEC=",
    "WATCHDOG_PID=",
    "JOURNAL_STREAM=",
    "CREDENTIALS_DIRECTORY=",
    "HOME=",
    "XDG_CONFIG_HOME=",
    "XDG_RUNTIME_DIR=",
    "INVOCATION_ID=",
    "LATCHKEY_SOCKET=",
    "http_proxy=",
    "https_proxy=",
    "all_proxy=",
    "HTTP_PROXY=",
    "HTTPS_PROXY=",
    "ALL_PROXY=",
    "no_proxy=",
    "NO_PROXY=",
    "OS_", /* and an openrc file's */
    "ST_",
};

static bool is_left_out(const char *variable)
{
    for (size_t i = 0; i < ARRAY_SIZE(left_out); i++)
        if (!strncmp(variable, left_out[i], strlen(left_out[i])))
            return true;
    return false;
}

static size_t count(const char *const *words)
{
    size_t n = 0;

    while (words && words[n])
        n++;
    return n;
}

/* ret_pid is the place of the number in LISTEN_PID, which is not known yet. */
static const char **make_environment(const struct process_options *o, char **ret_pid)
{
    size_t n = 0, most = count((const char *const *)environ) + count(o->environment) + 4;
    const char **variables = stage_keep(calloc(most + 1, sizeof(char *)));

    for (char **v = environ; *v; v++)
        if (!is_left_out(*v))
            variables[n++] = *v;
    variables[n++] = stage_text("HOME=%s", stage_folder());
    *ret_pid = NULL;
    if (o->n_passed_fds > 0) {
        char *pid = stage_text("LISTEN_PID=%10d", 0);

        variables[n++] = pid;
        variables[n++] = stage_text("LISTEN_FDS=%zu", o->n_passed_fds);
        *ret_pid = strchr(pid, '=') + 1;
    }
    for (size_t i = 0; i < count(o->environment); i++)
        variables[n++] = o->environment[i];
    return variables;
}

/* ---- the child, where only what is safe behind a fork may be called */

static void write_number(char *to, pid_t number)
{
    char digits[16];
    size_t n = 0;

    for (; number > 0; number /= 10)
        digits[n++] = (char)('0' + number % 10);
    while (n > 0)
        *to++ = digits[--n];
    *to = '\0';
}

static bool become(uid_t uid, gid_t group)
{
    return setgroups(group ? 1 : 0, &group) == 0 && setresgid(uid, uid, uid) == 0 &&
           setresuid(uid, uid, uid) == 0;
}

static void place_fds(const struct process_options *o, int log, int *program)
{
    int high[PASSED_MOST];

    /* Out of the way first: one of them may lie where another one has to go. */
    for (size_t i = 0; i < o->n_passed_fds; i++)
        high[i] = fcntl(o->passed_fds[i], F_DUPFD_CLOEXEC, FIRST_PASSED_FD + PASSED_MOST);
    *program = fcntl(*program, F_DUPFD_CLOEXEC, FIRST_PASSED_FD + PASSED_MOST);
    dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    for (size_t i = 0; i < o->n_passed_fds; i++)
        dup2(high[i], FIRST_PASSED_FD + (int)i);
}

static _Noreturn void run(const struct process_options *o, const char **environment, char *pid,
                          int log, int program, pid_t parent)
{
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    (void)signal(SIGPIPE, SIG_DFL);
    place_fds(o, log, &program);
    umask(o->umask ? o->umask : 022);
    if (pid)
        write_number(pid, getpid());
    if (o->uid && !become(o->uid, o->group))
        _exit(126);
    /* Behind the change of user, which forgets it. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(126);
    /* Who may not walk to the program may still run it; that is no way to run a script, though. */
    if (o->uid)
        fexecve(program, (char *const *)(uintptr_t)o->argv, (char *const *)(uintptr_t)environment);
    execve(o->argv[0], (char *const *)(uintptr_t)o->argv, (char *const *)(uintptr_t)environment);
    _exit(127);
}

void process_start(struct process *p, const struct process_options *options)
{
    char *pid = NULL;
    const char **environment = make_environment(options, &pid);
    _cleanup_(closep) int log = open(options->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    _cleanup_(closep) int program = open(options->argv[0], O_RDONLY | O_CLOEXEC);
    pid_t parent = getpid();

    ck_assert_int_ge(log, 0);
    ck_assert_msg(program >= 0, "%s: %s", options->argv[0], strerror(errno));
    p->pid = fork();
    ck_assert_int_ge(p->pid, 0);
    if (p->pid == 0)
        run(options, environment, pid, log, program, parent);
    p->pidfd = pidfd_open(p->pid, 0);
    ck_assert_int_ge(p->pidfd, 0);
}

/* ---- its end */

int process_wait(struct process *p, double seconds)
{
    double end = time_now() + patience(seconds);
    struct pollfd fd = {.fd = p->pidfd, .events = POLLIN};
    int status, r;

    do
        r = poll(&fd, 1, time_left_ms(end));
    while (r < 0 && errno == EINTR);
    if (r == 0)
        return PROCESS_RUNS;
    ck_assert_int_eq(waitpid(p->pid, &status, 0), p->pid);
    close(p->pidfd);
    *p = (struct process){.pidfd = -1};
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void process_signal(const struct process *p, int number)
{
    ck_assert_int_gt(p->pid, 0);
    ck_assert_int_eq(pidfd_send_signal(p->pidfd, number, NULL, 0), 0);
}

void process_kill(struct process *p)
{
    if (p->pid <= 0)
        return;
    process_signal(p, SIGKILL);
    (void)process_wait(p, 10);
}

/* ---- wrappers */

static char *find_program(const char *name)
{
    const char *path = getenv("PATH");

    while (path && *path && !strchr(name, '/')) {
        int n = (int)strcspn(path, ":");
        char *candidate = stage_text("%.*s/%s", n, path, name);

        if (access(candidate, X_OK) == 0)
            return candidate;
        path += n + (path[n] == ':');
    }
    return stage_text("%s", name);
}

const char *const *process_wrap(const char *const *argv)
{
    const char *wrapper = getenv("LATCHKEY_WRAPPER");
    const char **all = stage_keep(calloc(WORDS_MOST, sizeof(char *)));
    char *words = stage_text("%s", wrapper ? wrapper : ""), *word;
    size_t n = 0;

    while ((word = strsep(&words, " ")))
        if (*word && n < WORDS_MOST - 1) {
            all[n] = n == 0 ? find_program(word) : word;
            n++;
        }
    for (; *argv && n < WORDS_MOST - 1; argv++)
        all[n++] = *argv;
    ck_assert_uint_lt(n, WORDS_MOST - 1);
    return all;
}

bool process_is_wrapped(void)
{
    const char *wrapper = getenv("LATCHKEY_WRAPPER");

    return wrapper && *wrapper;
}

bool process_is_instrumented(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return true;
#endif
#ifdef __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
    return true;
#endif
#endif
    return process_is_wrapped();
}
