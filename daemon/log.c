/* SPDX-License-Identifier: MIT */
#include "log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>

/* sd-journal.h would otherwise log this file's lines instead of leaving the place out. */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#define FIELDS_MOST 8

static int level = LOG_INFO;
static bool journal;

static const char *const level_names[] = {"emergency", "alert",  "critical", "error",
                                          "warning",   "notice", "info",     "debug"};

/* $JOURNAL_STREAM names the socket that systemd gave us as standard error: unless somebody
 * redirected it, that is where we are. */
static bool stderr_is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    unsigned long long device, inode;
    struct stat st;

    if (!stream || sscanf(stream, "%llu:%llu", &device, &inode) != 2)
        return false;
    if (fstat(STDERR_FILENO, &st) < 0)
        return false;
    return st.st_dev == device && st.st_ino == inode;
}

void log_open(int max_priority)
{
    level = max_priority;
    journal = stderr_is_journal();
}

void log_set_level(int max_priority)
{
    level = max_priority;
}

static void add(struct iovec *iov, size_t *n, char *text)
{
    iov[(*n)++] = (struct iovec){.iov_base = text, .iov_len = strlen(text)};
}

static void to_journal(int priority, const struct log_fields *f, const char *message)
{
    const struct peer *peer = f ? f->peer : NULL;
    struct iovec iov[FIELDS_MOST];
    char *texts[FIELDS_MOST] = {NULL};
    size_t n = 0, n_texts = 0;

#define ADD(...)                                         \
    do {                                                 \
        if (asprintf(&texts[n_texts], __VA_ARGS__) >= 0) \
            add(iov, &n, texts[n_texts++]);              \
    } while (0)
    ADD("MESSAGE=%s", message);
    ADD("PRIORITY=%d", priority);
    if (f && f->cloud)
        ADD("LATCHKEY_CLOUD=%s", f->cloud);
    if (f && f->state)
        ADD("LATCHKEY_STATE=%s", f->state);
    if (f && f->code)
        ADD("LATCHKEY_CODE=%s", f->code);
    if (peer) {
        ADD("LATCHKEY_PEER_UID=%u", peer->uid);
        ADD("LATCHKEY_PEER_PID=%d", peer->pid);
    }
    if (peer && peer->unit)
        ADD("LATCHKEY_PEER_UNIT=%s", peer->unit);
#undef ADD
    (void)sd_journal_sendv(iov, (int)n);
    for (size_t i = 0; i < n_texts; i++)
        free(texts[i]);
}

/* A name may hold anything: none is to end the line and begin one of its own, or to steer a
 * terminal. */
static void make_plain(char *message)
{
    for (unsigned char *p = (unsigned char *)message; *p; p++) {
        bool is_long = *p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0; /* U+0080 to U+009F */

        if (*p < ' ' || *p == 0x7f || is_long)
            *p = '?';
        if (is_long)
            *++p = '?';
    }
}

static void to_stderr(int priority, const struct log_fields *f, const char *message)
{
    flockfile(stderr);
    fprintf(stderr, "latchkeyd: %s: %s", level_names[priority], message);
    if (f && f->cloud)
        fprintf(stderr, " cloud=%s", f->cloud);
    if (f && f->state)
        fprintf(stderr, " state=%s", f->state);
    if (f && f->code)
        fprintf(stderr, " code=%s", f->code);
    if (f && f->peer)
        fprintf(stderr, " uid=%u pid=%d", f->peer->uid, f->peer->pid);
    if (f && f->peer && f->peer->unit)
        fprintf(stderr, " unit=%s", f->peer->unit);
    fputc('\n', stderr);
    funlockfile(stderr);
}

void log_with(int priority, const struct log_fields *fields, const char *format, ...)
{
    _cleanup_(freep) char *message = NULL;
    va_list ap;
    int r;

    if (priority > level)
        return;
    va_start(ap, format);
    r = vasprintf(&message, format, ap);
    va_end(ap);
    if (r < 0) {
        message = NULL;
        return;
    }
    if (journal) {
        to_journal(priority, fields, message);
        return;
    }
    make_plain(message);
    to_stderr(priority, fields, message);
}
