/* SPDX-License-Identifier: MIT */
#include "log.h"

#include "clock.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>

/* sd-journal.h would otherwise log this file's lines instead of leaving the place out. */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#define MESSAGE_MOST 4096 /* bytes, for who reads it and for a terminal */
#define VALUE_MOST 256    /* as long as the name of a unit gets */
#define FIELD_MOST (VALUE_MOST + 32)

/* The journal drops what comes beyond 10000 messages in 30 s, records of what was done among them: all
 * else that a client can bring about, such as signed requests that fail, stays well below that. */
#define CHATTER_WINDOW (30 * USEC_PER_SEC)
#define CHATTER_MOST 3000
/* Of these too, but nobody has them left out by bringing about others. */
#define WARNINGS_MOST 500

static int level = LOG_INFO;
static bool journal;
static struct chatter {
    unsigned most;
    usec_t begin;
    unsigned written;
    unsigned left_out;
} chatter = {.most = CHATTER_MOST}, warnings = {.most = WARNINGS_MOST};

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

/* A name may hold anything: none is to end the line and begin one of its own, or to steer a
 * terminal. */
static void make_plain(char *text)
{
    for (unsigned char *p = (unsigned char *)text; *p; p++) {
        bool is_long = *p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0; /* U+0080 to U+009F */

        if (*p < ' ' || *p == 0x7f || is_long)
            *p = '?';
        if (is_long)
            *++p = '?';
    }
}

/* How much of a text is kept, which is no half of a character. */
static int kept(const char *text, size_t most)
{
    size_t length = strnlen(text, most);

    while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80)
        length--;
    return (int)length;
}

/* ---- fields */

enum field {
    FIELD_PRIORITY,
    FIELD_MESSAGE_ID,
    FIELD_OPERATION,
    FIELD_VERDICT,
    FIELD_RULE,
    FIELD_CLOUD,
    FIELD_STATE,
    FIELD_CODE,
    FIELD_PEER_UID,
    FIELD_PEER_GID,
    FIELD_PEER_PID,
    FIELD_PEER_UNIT,
    FIELD_PEER_USER_UNIT,
    FIELD_COUNT,
    _FIELD_MAX,
};

/* As the journal has them, and as they stand behind a line on standard error; NULL: they do not. */
static const struct {
    const char *journal;
    const char *line;
} names[_FIELD_MAX] = {
    [FIELD_PRIORITY] = {"PRIORITY", NULL},
    [FIELD_MESSAGE_ID] = {"MESSAGE_ID", NULL},
    [FIELD_OPERATION] = {"LATCHKEY_OPERATION", "operation"},
    [FIELD_VERDICT] = {"LATCHKEY_VERDICT", "verdict"},
    [FIELD_RULE] = {"LATCHKEY_RULE", "rule"},
    [FIELD_CLOUD] = {"LATCHKEY_CLOUD", "cloud"},
    [FIELD_STATE] = {"LATCHKEY_STATE", "state"},
    [FIELD_CODE] = {"LATCHKEY_CODE", "code"},
    [FIELD_PEER_UID] = {"LATCHKEY_PEER_UID", "uid"},
    [FIELD_PEER_GID] = {"LATCHKEY_PEER_GID", "gid"},
    [FIELD_PEER_PID] = {"LATCHKEY_PEER_PID", "pid"},
    [FIELD_PEER_UNIT] = {"LATCHKEY_PEER_UNIT", "unit"},
    [FIELD_PEER_USER_UNIT] = {"LATCHKEY_PEER_USER_UNIT", "user_unit"},
    [FIELD_COUNT] = {"LATCHKEY_COUNT", "count"},
};

struct values {
    char text[_FIELD_MAX][VALUE_MOST + 1]; /* "": there is none */
};

static void put_text(struct values *v, enum field field, const char *text)
{
    if (!text)
        return;
    snprintf(v->text[field], sizeof(v->text[field]), "%.*s", kept(text, VALUE_MOST), text);
    make_plain(v->text[field]);
}

static void put_number(struct values *v, enum field field, uint64_t number)
{
    snprintf(v->text[field], sizeof(v->text[field]), "%" PRIu64, number);
}

static void put_peer(struct values *v, const struct peer *peer)
{
    put_number(v, FIELD_PEER_UID, peer->uid);
    if (peer->gid != LOG_NO_GID)
        put_number(v, FIELD_PEER_GID, peer->gid);
    if (peer->pid != LOG_NO_PID)
        put_number(v, FIELD_PEER_PID, (uint64_t)peer->pid);
    put_text(v, FIELD_PEER_UNIT, peer->unit);
    put_text(v, FIELD_PEER_USER_UNIT, peer->user_unit);
}

static void put_all(struct values *v, int priority, const struct log_fields *f)
{
    *v = (struct values){0};
    put_number(v, FIELD_PRIORITY, (uint64_t)priority);
    if (!f)
        return;
    put_text(v, FIELD_MESSAGE_ID, f->message_id);
    put_text(v, FIELD_OPERATION, f->operation);
    put_text(v, FIELD_VERDICT, f->verdict);
    put_text(v, FIELD_RULE, f->rule);
    put_text(v, FIELD_CLOUD, f->cloud);
    put_text(v, FIELD_STATE, f->state);
    put_text(v, FIELD_CODE, f->code);
    if (f->peer)
        put_peer(v, f->peer);
    if (f->count > 0)
        put_number(v, FIELD_COUNT, f->count);
}

/* ---- the two ways out */

static void to_journal(const struct values *v, const char *message)
{
    char fields[_FIELD_MAX][FIELD_MOST];
    _cleanup_(freep) char *text = NULL;
    struct iovec iov[_FIELD_MAX + 1];
    int n = 0;

    if (asprintf(&text, "MESSAGE=%s", message) < 0) {
        text = NULL;
        return;
    }
    iov[n++] = (struct iovec){.iov_base = text, .iov_len = strlen(text)};
    for (size_t i = 0; i < _FIELD_MAX; i++) {
        if (!*v->text[i])
            continue;
        snprintf(fields[i], FIELD_MOST, "%s=%s", names[i].journal, v->text[i]);
        iov[n++] = (struct iovec){.iov_base = fields[i], .iov_len = strlen(fields[i])};
    }
    (void)sd_journal_sendv(iov, n);
}

/* A value that could be taken for two, or for a field of its own, stands in quotes. */
static void print_value(const char *value)
{
    if (!strpbrk(value, " =\"\\")) {
        fputs(value, stderr);
        return;
    }
    fputc('"', stderr);
    for (const char *p = value; *p; p++) {
        if (*p == '"' || *p == '\\')
            fputc('\\', stderr);
        fputc(*p, stderr);
    }
    fputc('"', stderr);
}

static void to_stderr(int priority, const struct values *v, const char *message)
{
    flockfile(stderr);
    fprintf(stderr, "latchkeyd: %s: %s", level_names[priority], message);
    for (size_t i = 0; i < _FIELD_MAX; i++) {
        if (!names[i].line || !*v->text[i])
            continue;
        fprintf(stderr, " %s=", names[i].line);
        print_value(v->text[i]);
    }
    fputc('\n', stderr);
    funlockfile(stderr);
}

static bool is_too_much(struct chatter *c)
{
    usec_t now = clock_monotonic();
    unsigned left_out = c->left_out;

    if (now - c->begin >= CHATTER_WINDOW) {
        c->begin = now;
        c->written = c->left_out = 0;
        if (left_out > 0)
            log_warning("%u messages were left out, for there were too many", left_out);
    }
    if (c->written++ < c->most)
        return false;
    c->left_out++;
    return true;
}

void log_with(int priority, const struct log_fields *fields, const char *format, ...)
{
    _cleanup_(freep) char *message = NULL;
    struct values values;
    va_list ap;
    int r;

    if (priority > level || (journal && !(fields && fields->message_id) &&
                             is_too_much(priority <= LOG_WARNING ? &warnings : &chatter)))
        return;
    va_start(ap, format);
    r = vasprintf(&message, format, ap);
    va_end(ap);
    if (r < 0) {
        message = NULL;
        return;
    }
    message[kept(message, MESSAGE_MOST)] = '\0';
    make_plain(message);
    put_all(&values, priority, fields);
    if (journal)
        to_journal(&values, message);
    else
        to_stderr(priority, &values, message);
}
