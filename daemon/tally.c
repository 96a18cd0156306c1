/* SPDX-License-Identifier: MIT */
#include "tally.h"

#include <string.h>

/* A journal takes 10000 records of a service in 30 s before it drops any. */
_Static_assert(TALLY_WINDOW >= 30 * USEC_PER_SEC && 2 * TALLY_RECORDS < 10000,
               "the journal's own limit must never be reached");

/* What a slot counts. */
enum width {
    ONE_KIND,   /* events that are the same */
    ONE_CALLER, /* all else that one caller does */
    EVERYBODY,  /* all else */
};

struct slot {
    enum width width;
    unsigned kind;
    uid_t uid;
    gid_t gid;
    pid_t pid;
    char *texts[_TALLY_TEXT_MAX];
    usec_t end;       /* of its window */
    unsigned written; /* events that had a record each */
    uint64_t pending;
};

struct tally {
    struct slot slots[TALLY_SLOTS]; /* those in use come first */
    size_t n;
    usec_t due;
};

struct tally *tally_new(void)
{
    struct tally *t = calloc(1, sizeof(*t));

    if (t)
        t->due = USEC_INFINITY;
    return t;
}

static void forget_texts(struct slot *s)
{
    for (size_t i = 0; i < _TALLY_TEXT_MAX; i++)
        free(TAKE_PTR(s->texts[i]));
}

void tally_free(struct tally *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->n; i++)
        forget_texts(&t->slots[i]);
    free(t);
}

/* ---- what events have in common */

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_texts(const struct slot *s, const struct tally_event *e)
{
    for (size_t i = 0; i < _TALLY_TEXT_MAX; i++)
        if (!same_text(s->texts[i], e->texts[i]))
            return false;
    return true;
}

static bool copy_texts(struct slot *s, const struct tally_event *e)
{
    for (size_t i = 0; i < _TALLY_TEXT_MAX; i++) {
        s->texts[i] = e->texts[i] ? strdup(e->texts[i]) : NULL;
        if (e->texts[i] && !s->texts[i])
            return false;
    }
    return true;
}

static void begin_summary(struct slot *s, const struct tally_event *e)
{
    s->uid = e->uid;
    s->gid = e->gid;
    s->pid = e->pid;
    if (s->width != ONE_KIND)
        (void)copy_texts(s, e);
}

static void keep_common(struct slot *s, const struct tally_event *e)
{
    if (s->uid != e->uid)
        s->uid = TALLY_NOBODY;
    if (s->gid != e->gid)
        s->gid = (gid_t)-1;
    if (s->pid != e->pid)
        s->pid = 0;
    for (size_t i = 0; i < _TALLY_TEXT_MAX && s->width != ONE_KIND; i++)
        if (s->texts[i] && !same_text(s->texts[i], e->texts[i]))
            free(TAKE_PTR(s->texts[i]));
}

/* ---- slots */

static struct slot *find(struct tally *t, enum width width, const struct tally_event *e)
{
    for (size_t i = 0; i < t->n; i++) {
        struct slot *s = &t->slots[i];

        if (s->width != width || s->kind != e->kind)
            continue;
        if (width != EVERYBODY && s->uid != e->uid)
            continue;
        if (width != ONE_KIND || same_texts(s, e))
            return s;
    }
    return NULL;
}

/* The last slots are for what counts everybody, at most one for each kind. A caller may have so many; what
 * the daemon does by itself comes in as many kinds as there are clouds. */
static bool is_room(const struct tally *t, enum width width, uid_t uid)
{
    size_t n = 0;

    if (t->n >= TALLY_SLOTS - TALLY_KINDS)
        return false;
    for (size_t i = 0; i < t->n && width == ONE_KIND && uid != TALLY_NOBODY; i++)
        if (t->slots[i].width == ONE_KIND && t->slots[i].uid == uid)
            n++;
    return n < TALLY_SLOTS_CALLER;
}

/* Slots whose window is over and that nothing is pending in are of no use. */
static void release_ended(struct tally *t, usec_t now)
{
    for (size_t i = t->n; i-- > 0;) {
        if (now < t->slots[i].end || t->slots[i].pending > 0)
            continue;
        forget_texts(&t->slots[i]);
        t->slots[i] = t->slots[--t->n];
    }
}

static struct slot *take(struct tally *t, usec_t now, enum width width, const struct tally_event *e)
{
    struct slot *s = &t->slots[t->n++];

    *s = (struct slot){.width = width, .kind = e->kind, .uid = e->uid, .end = now + TALLY_WINDOW};
    if (width == ONE_KIND && !copy_texts(s, e)) {
        forget_texts(s);
        s->width = ONE_CALLER; /* without memory it says less */
    }
    return s;
}

/* The narrowest that there is, or that there is room for. */
static struct slot *find_or_take(struct tally *t, usec_t now, const struct tally_event *e)
{
    struct slot *s = find(t, ONE_KIND, e);

    if (s && (now < s->end || s->pending > 0))
        return s;
    release_ended(t, now);
    for (enum width width = ONE_KIND; width < EVERYBODY; width++) {
        s = find(t, width, e);
        if (s)
            return s;
        if (is_room(t, width, e->uid))
            return take(t, now, width, e);
    }
    s = find(t, EVERYBODY, e);
    return s ? s : take(t, now, EVERYBODY, e);
}

/* ---- events */

bool tally_add(struct tally *t, usec_t now, const struct tally_event *e)
{
    struct slot *s = find_or_take(t, now, e);

    if (s->written < TALLY_FIRST) {
        s->written++;
        return true;
    }
    if (s->pending++ == 0)
        begin_summary(s, e);
    else
        keep_common(s, e);
    if (s->end < t->due)
        t->due = s->end;
    return false;
}

usec_t tally_due(const struct tally *t)
{
    return t->due;
}

static void hand_out(struct slot *s, tally_write write, void *userdata)
{
    struct tally_event common = {.kind = s->kind, .uid = s->uid, .gid = s->gid, .pid = s->pid};

    memcpy(common.texts, s->texts, sizeof(common.texts));
    write(&common, s->pending, userdata);
    s->pending = 0;
}

void tally_flush(struct tally *t, usec_t now, tally_write write, void *userdata)
{
    t->due = USEC_INFINITY;
    for (size_t i = 0; i < t->n; i++) {
        struct slot *s = &t->slots[i];

        if (s->pending > 0 && now >= s->end)
            hand_out(s, write, userdata);
        else if (s->pending > 0 && s->end < t->due)
            t->due = s->end;
    }
    release_ended(t, now);
}
