/* SPDX-License-Identifier: MIT */
#include "prompt.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <termios.h>

#define LINE_LIMIT 4096

static const int ending_signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};

static volatile sig_atomic_t caught;

static void note_signal(int signal)
{
    caught = signal;
}

void prompt_wipe(char *line)
{
    if (!line)
        return;
    explicit_bzero(line, strlen(line));
    free(line);
}

/*
 * Byte by byte, so that nothing behind the line is taken, and no copy stays in a stream's buffer.
 * Signals that are held back come through while it waits if the mask lets them; NULL changes none.
 */
static int read_line(char line[static LINE_LIMIT + 1], const sigset_t *mask)
{
    size_t size = 0;

    for (;;) {
        struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
        char c;
        ssize_t n = mask ? ppoll(&input, 1, NULL, mask) : 0;

        if (n >= 0)
            n = read(STDIN_FILENO, &c, 1);
        if (n < 0)
            return -errno;
        if (n == 0 && size == 0)
            return -ENODATA;
        if (n == 0 || c == '\n')
            break;
        if (size == LINE_LIMIT)
            return -EMSGSIZE;
        line[size++] = c;
    }
    if (size > 0 && line[size - 1] == '\r')
        size--;
    line[size] = '\0';
    return memchr(line, '\0', size) ? -EINVAL : 0;
}

static int ask(const char *question, char line[static LINE_LIMIT + 1], const sigset_t *mask)
{
    fputs(question, stderr);
    fflush(stderr);
    return read_line(line, mask);
}

/* One that the program is to ignore must not end the waiting either. */
static void catch_signal(int signal, struct sigaction *before)
{
    struct sigaction action = {.sa_handler = note_signal}; /* no SA_RESTART: the wait has to end */

    sigaction(signal, NULL, before);
    if (before->sa_handler != SIG_IGN)
        sigaction(signal, &action, NULL);
}

/*
 * Asks with the echo off. -EINTR: one of the signals came; the terminal is as it was before. They
 * are held back but for the wait itself: one that came just before it would be lost on it.
 */
static int ask_unseen(const char *question, char line[static LINE_LIMIT + 1])
{
    struct sigaction before[ARRAY_SIZE(ending_signals)];
    struct termios shown, hidden;
    sigset_t ending, usual;
    int r;

    if (tcgetattr(STDIN_FILENO, &shown) < 0)
        return -errno;
    hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    hidden.c_lflag |= ECHONL;

    caught = 0;
    sigemptyset(&ending);
    for (size_t i = 0; i < ARRAY_SIZE(ending_signals); i++)
        sigaddset(&ending, ending_signals[i]);
    sigprocmask(SIG_BLOCK, &ending, &usual);
    for (size_t i = 0; i < ARRAY_SIZE(ending_signals); i++)
        catch_signal(ending_signals[i], &before[i]);
    r = tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden) < 0 ? -errno : ask(question, line, &usual);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
    sigprocmask(SIG_SETMASK, &usual, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(ending_signals); i++)
        sigaction(ending_signals[i], &before[i], NULL);

    if (caught) {
        fputc('\n', stderr);
        kill(getpid(), caught);
        return -EINTR;
    }
    return r;
}

int prompt_line(const char *question, bool is_secret, char **ret_line)
{
    char line[LINE_LIMIT + 1];
    int r;

    if (!isatty(STDIN_FILENO))
        r = read_line(line, NULL);
    else if (!is_secret)
        r = ask(question, line, NULL);
    else
        /* who stopped the program and went on with it is asked again */
        while ((r = ask_unseen(question, line)) == -EINTR && caught == SIGTSTP)
            ;
    if (r == 0) {
        char *copy = strdup(line);

        if (copy)
            *ret_line = copy;
        else
            r = -ENOMEM;
    }
    explicit_bzero(line, sizeof(line));
    return r;
}
