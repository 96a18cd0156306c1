/* SPDX-License-Identifier: MIT */
#include "audit.h"

#include "log.h"
#include "log_ids.h"
#include "tally.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define TIMER_ACCURACY USEC_PER_SEC

struct audit {
    sd_event *event;
    struct tally *tally;
    sd_event_source *timer;
    usec_t armed; /* when the timer fires; USEC_INFINITY: it is off */
};

/* ---- kinds of records */

enum kind {
    TOKEN,
    TOKEN_PAGE,
    REFUSAL,
    CREDENTIAL,
    FORGET,
    LOGIN,
    LOGIN_FAILED,
    RELOAD,
    RELOAD_FAILED,
    _KIND_MAX,
};
_Static_assert((int)_KIND_MAX <= TALLY_KINDS, "the tally has no room for a kind");

static const struct {
    const char *id;
    int priority;
    const char *operation; /* NULL: the event's own */
    const char *verdict;
    const char *what;
} kinds[_KIND_MAX] = {
    [TOKEN] = {MESSAGE_TOKEN, LOG_INFO, "token", "allowed", "a token was handed out"},
    [TOKEN_PAGE] = {MESSAGE_TOKEN_PAGE, LOG_INFO, "token", "allowed",
                    "a page with the token was handed out"},
    [REFUSAL] = {MESSAGE_REFUSAL, LOG_NOTICE, NULL, "denied", "a request was refused"},
    [CREDENTIAL] = {MESSAGE_CREDENTIAL, LOG_NOTICE, "credential", "allowed",
                    "a credential was handed in"},
    [FORGET] = {MESSAGE_CREDENTIAL_FORGOTTEN, LOG_NOTICE, "credential", "allowed",
                "key and token are to be forgotten"},
    [LOGIN] = {MESSAGE_LOGIN, LOG_INFO, "login", "succeeded", "logged in"},
    [LOGIN_FAILED] = {MESSAGE_LOGIN_FAILED, LOG_WARNING, "login", "failed", "a login failed"},
    [RELOAD] = {MESSAGE_RELOAD, LOG_NOTICE, "reload", "succeeded",
                "the configuration was reloaded"},
    [RELOAD_FAILED] = {MESSAGE_RELOAD_FAILED, LOG_ERR, "reload", "failed",
                       "the configuration was not reloaded, what ran before goes on"},
};

/* ---- records */

static void say(FILE *f, size_t *said, const char *before, const char *text)
{
    if (text && *text)
        fprintf(f, "%s%s%s", (*said)++ > 0 ? ", " : " (", before, text);
}

/* For who reads the message and not its fields: `a token was handed out (cloud x, uid 0, pid 1)`. */
static char *put_in_words(const struct tally_event *e, uint64_t count, const char *detail)
{
    char uid[16] = "", pid[16] = "", *words = NULL;
    size_t length, said = 0;
    FILE *f = open_memstream(&words, &length);

    if (!f)
        return NULL;
    if (e->uid != TALLY_NOBODY)
        snprintf(uid, sizeof(uid), "%u", e->uid);
    if (e->pid != 0)
        snprintf(pid, sizeof(pid), "%d", e->pid);
    fputs(kinds[e->kind].what, f);
    if (count > 0)
        fprintf(f, ", %" PRIu64 " times more", count);
    say(f, &said, "", e->texts[TALLY_OPERATION]);
    say(f, &said, "", e->texts[TALLY_CODE]);
    say(f, &said, "cloud ", e->texts[TALLY_CLOUD]);
    say(f, &said, "uid ", uid);
    say(f, &said, "pid ", pid);
    say(f, &said, "", e->texts[TALLY_UNIT]);
    say(f, &said, "", e->texts[TALLY_USER_UNIT]);
    fprintf(f, "%s%s%s", said > 0 ? ")" : "", detail ? ": " : "", detail ? detail : "");
    (void)fclose(f);
    return words;
}

/* The caller again, or what all callers of a summary have in common. */
static void peer_of(const struct tally_event *e, struct peer *ret)
{
    const char *unit = e->texts[TALLY_UNIT], *user_unit = e->texts[TALLY_USER_UNIT];

    *ret = (struct peer){
        .uid = e->uid,
        .gid = e->gid,
        .pid = e->pid,
        .unit = unit ? strdup(unit) : NULL,
        .user_unit = user_unit ? strdup(user_unit) : NULL,
    };
}

static void write_record(const struct tally_event *e, uint64_t count, const char *detail)
{
    _cleanup_(peer_done) struct peer peer = {0};
    _cleanup_(freep) char *words = put_in_words(e, count, detail);
    const char *operation = kinds[e->kind].operation;
    struct log_fields fields = {
        .message_id = kinds[e->kind].id,
        .operation = operation ? operation : e->texts[TALLY_OPERATION],
        .verdict = kinds[e->kind].verdict,
        .rule = e->texts[TALLY_RULE],
        .cloud = e->texts[TALLY_CLOUD],
        .code = e->texts[TALLY_CODE],
        .count = count,
    };

    if (e->uid != TALLY_NOBODY) {
        peer_of(e, &peer);
        fields.peer = &peer;
    }
    log_with(kinds[e->kind].priority, &fields, "%s", words ? words : kinds[e->kind].what);
}

static void write_summary(const struct tally_event *common, uint64_t count, void *userdata _unused_)
{
    write_record(common, count, NULL);
}

/* ---- when they are written */

static void arm(struct audit *a)
{
    usec_t due = tally_due(a->tally);

    if (due >= a->armed)
        return;
    a->armed = due;
    (void)sd_event_source_set_time(a->timer, due);
    (void)sd_event_source_set_enabled(a->timer, SD_EVENT_ONESHOT);
}

static int on_timer(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata)
{
    struct audit *a = userdata;

    a->armed = USEC_INFINITY;
    tally_flush(a->tally, clock_of_loop(a->event), write_summary, NULL);
    arm(a);
    return 0;
}

static void record(struct audit *a, const struct tally_event *e, const char *detail)
{
    if (!a || tally_add(a->tally, clock_of_loop(a->event), e))
        write_record(e, 0, detail);
    else
        arm(a);
}

int audit_new(sd_event *event, struct audit **ret)
{
    _cleanup_(audit_freep) struct audit *a = calloc(1, sizeof(*a));
    int r;

    if (!a)
        return -ENOMEM;
    a->event = event;
    a->armed = USEC_INFINITY;
    a->tally = tally_new();
    if (!a->tally)
        return -ENOMEM;
    r = sd_event_add_time(event, &a->timer, CLOCK_BOOTTIME, USEC_INFINITY, TIMER_ACCURACY, on_timer,
                          a);
    if (r >= 0)
        r = sd_event_source_set_enabled(a->timer, SD_EVENT_OFF);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(a);
    return 0;
}

void audit_free(struct audit *a)
{
    if (!a)
        return;
    if (a->tally)
        tally_flush(a->tally, USEC_INFINITY, write_summary, NULL);
    tally_free(a->tally);
    sd_event_source_disable_unref(a->timer);
    free(a);
}

/* ---- events */

static struct tally_event event_of(enum kind kind, const struct peer *peer, const char *cloud)
{
    struct tally_event e = {
        .kind = kind, .uid = TALLY_NOBODY, .gid = (gid_t)-1, .texts[TALLY_CLOUD] = cloud};

    if (!peer)
        return e;
    e.uid = peer->uid;
    e.gid = peer->gid;
    e.pid = peer->pid;
    e.texts[TALLY_UNIT] = peer->unit;
    e.texts[TALLY_USER_UNIT] = peer->user_unit;
    return e;
}

static void record_allowed(struct audit *a, enum kind kind, const struct peer *peer,
                           const char *cloud, const char *rule)
{
    struct tally_event e = event_of(kind, peer, cloud);

    e.texts[TALLY_RULE] = rule;
    record(a, &e, NULL);
}

void audit_token(struct audit *a, const struct peer *peer, const char *cloud, const char *rule)
{
    record_allowed(a, TOKEN, peer, cloud, rule);
}

void audit_token_page(struct audit *a, const struct peer *peer, const char *cloud, const char *rule)
{
    record_allowed(a, TOKEN_PAGE, peer, cloud, rule);
}

void audit_credential(struct audit *a, const struct peer *peer, const char *cloud, const char *rule)
{
    record_allowed(a, CREDENTIAL, peer, cloud, rule);
}

void audit_forget(struct audit *a, const struct peer *peer, const char *cloud, const char *rule)
{
    record_allowed(a, FORGET, peer, cloud, rule);
}

void audit_refusal(struct audit *a, const struct peer *peer, const char *operation,
                   const char *cloud, enum problem_code code)
{
    struct tally_event e = event_of(REFUSAL, peer, cloud);

    e.texts[TALLY_OPERATION] = operation;
    e.texts[TALLY_CODE] = problem_word(code);
    record(a, &e, NULL);
}

void audit_login(struct audit *a, const char *cloud, const char *user, uint64_t generation,
                 uint64_t seconds_left)
{
    struct tally_event e = event_of(LOGIN, NULL, cloud);
    _cleanup_(freep) char *detail = NULL;

    if (asprintf(&detail, "as %s, token %" PRIu64 " lives for %" PRIu64 " s", user ? user : "?",
                 generation, seconds_left) < 0)
        detail = NULL;
    record(a, &e, detail);
}

void audit_login_failed(struct audit *a, const char *cloud, const struct problem *problem)
{
    struct tally_event e = event_of(LOGIN_FAILED, NULL, cloud);

    e.texts[TALLY_CODE] = problem_word(problem->code);
    record(a, &e, problem->detail);
}

void audit_reload(const struct peer *peer, const char *error)
{
    struct tally_event e = event_of(error ? RELOAD_FAILED : RELOAD, peer, NULL);

    write_record(&e, 0, error);
}
