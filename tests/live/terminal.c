/* SPDX-License-Identifier: MIT */
#include "terminal.h"

#include "command.h"
#include "patience.h"
#include "stage.h"

#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>

#define SCREEN_MOST (256 * 1024)
#define COLUMNS 100
#define ENDED "latchkey ended with "

struct terminal {
    pid_t pid; /* of the shell */
    int fd;
    size_t length, seen;
    char screen[SCREEN_MOST + 1];
};

/* A shell without a terminal is sent SIGHUP; SIGKILL leaves nothing to chance. */
static void end(void *terminal)
{
    struct terminal *t = terminal;

    close(t->fd);
    (void)kill(t->pid, SIGKILL);
    (void)waitpid(t->pid, NULL, 0);
    free(t);
}

struct terminal *terminal_start(const char *const *arguments, const char *redirection)
{
    return terminal_start_with("trap : INT;", arguments, redirection);
}

struct terminal *terminal_start_with(const char *before, const char *const *arguments,
                                     const char *redirection)
{
    struct terminal *t = calloc(1, sizeof(*t));
    const struct winsize size = {.ws_row = 25, .ws_col = COLUMNS};
    const char *const *words = command_words(arguments);
    const char *argv[64] = {
        "/bin/sh", "-c",
        stage_text("%s \"$@\" %s; echo '%s'$?.; read line", before, redirection, ENDED), "sh"};
    const char *socket = command_socket(NULL);
    size_t n = 4;

    ck_assert_ptr_nonnull(t);
    for (; *words; words++)
        argv[n++] = *words;
    t->pid = forkpty(&t->fd, NULL, NULL, &size);
    ck_assert_int_ge(t->pid, 0);
    if (t->pid == 0) {
        unsetenv("LATCHKEY_CLOUD");
        setenv("LATCHKEY_SOCKET", socket, 1);
        setenv("LC_ALL", "C.UTF-8", 1);
        execv(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    return stage_keep_with(t, end);
}

/* Something more on the screen, within what is left of the time. */
static bool read_on(struct terminal *t, double until)
{
    struct pollfd fd = {.fd = t->fd, .events = POLLIN};
    ssize_t n;

    if (poll(&fd, 1, time_left_ms(until)) <= 0)
        return false;
    ck_assert_uint_lt(t->length, SCREEN_MOST);
    n = read(t->fd, t->screen + t->length, SCREEN_MOST - t->length);
    if (n <= 0)
        return false;
    t->length += (size_t)n;
    t->screen[t->length] = '\0';
    return true;
}

void terminal_wait(struct terminal *t, const char *text)
{
    double until = time_now() + patience(20);
    const char *found;

    while (!(found = strstr(t->screen + t->seen, text)))
        ck_assert_msg(read_on(t, until), "no '%s' on the terminal: %s", text, t->screen);
    t->seen = (size_t)(found - t->screen) + strlen(text);
}

void terminal_type(struct terminal *t, const char *keys)
{
    ck_assert_int_eq(write(t->fd, keys, strlen(keys)), (ssize_t)strlen(keys));
}

int terminal_finish(struct terminal *t)
{
    const char *status;

    terminal_wait(t, ENDED);
    status = t->screen + t->seen;
    terminal_wait(t, ".");
    return atoi(status);
}

const char *terminal_screen(const struct terminal *t)
{
    return t->screen;
}

bool terminal_echoes(const struct terminal *t)
{
    struct termios settings;

    /* The controlling side is told the other side's settings. */
    ck_assert_int_eq(tcgetattr(t->fd, &settings), 0);
    return (settings.c_lflag & ECHO) && (settings.c_lflag & ICANON);
}
