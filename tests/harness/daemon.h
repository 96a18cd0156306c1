/* SPDX-License-Identifier: MIT */
/*
 * The real latchkeyd beside the test, on a socket in its folder. Whatever a test does with it, it
 * has to end with 0 within 10 s of a SIGTERM, without a secret or a complaint in its log.
 */
#ifndef DAEMON_H
#define DAEMON_H

#include "notify.h"
#include "process.h"

enum daemon_wait {
    DAEMON_READY,   /* until it has said READY=1 */
    DAEMON_LISTENS, /* until somebody can connect */
    DAEMON_NOTHING,
};

struct daemon_options {
    const char *config;     /* the text of a configuration file; NULL: a credential file and the
                               sandbox's address on the command line */
    const char *credential; /* the text of that credential file; NULL: what the sandbox takes */
    bool bare;              /* neither of them: `arguments` say it all */
    const char *const *arguments;   /* more of them, NULL-terminated */
    const char *const *environment; /* `NAME=VALUE`, NULL-terminated */
    const char *socket;             /* NULL: one in the test's folder; "": no --socket */
    const int *passed_fds;          /* listening sockets */
    size_t n_passed_fds;
    const struct daemon
        *after;      /* it is started anew behind that one, and gets what that had kept */
    bool kept_first; /* before the sockets, where systemd has them behind */
    enum daemon_wait wait;
    uid_t uid;    /* 0: the test's own */
    gid_t group;  /* with uid: one more group that it is in; 0: none */
    mode_t umask; /* 0: the usual one */
};

struct daemon {
    struct daemon *next;
    struct process process;
    struct notify *notify;
    const char *socket;
    const char *log;
    const char *config; /* the file's path; NULL: none */
    const char *credential;
};

/* Starts one; NULL: in the usual way, with log level debug always. It ends with the test at the
 * latest, and lives in the test's memory. */
struct daemon *daemon_start(const struct daemon_options *options);

/* Starts one that is to give up before anybody takes it for started, and say that. */
void daemon_refuses(const struct daemon_options *options, const char *said);

/* SIGTERM, and all that is demanded of an end. */
void daemon_stop(struct daemon *d);
void daemon_stop_all(void);

/* Waits for an end that nobody asked for: the exit status. The log is looked at. */
int daemon_wait_end(struct daemon *d, double seconds);

/* The socket of the one that was started last. */
const char *daemon_socket(void);

/* The usual configuration of a cloud that is the sandbox's: a section with that name, and more
 * lines behind it. Lasts until the test's end. */
const char *daemon_cloud(const char *name, const char *more);

/* The usual credential file's text. */
const char *daemon_credential(const char *username, const char *key);

/* Everything that it has logged so far. */
const char *daemon_log(const struct daemon *d);
/* Waits until that is in its log. */
void daemon_wait_log(const struct daemon *d, const char *text);

/* SIGHUP, and waits until it has said that it is ready again. */
void daemon_reload(struct daemon *d, const char *config);

/* Waits until a cloud's state is that one. */
void daemon_wait_state(const char *cloud, const char *state);
const char *daemon_state(const char *cloud);

#endif
