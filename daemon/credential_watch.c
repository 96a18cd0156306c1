/* SPDX-License-Identifier: MIT */
/*
 * What is watched is never the file but the folders around it: editors and deployment tools put a
 * new file in the old one's place, or a new folder, or point a link elsewhere. So there are up to
 * four places to look for a name: where the path has the file and where it has the file's folder,
 * and the same for what the file is a link to. Whenever something happens at one of them, all are
 * looked up anew.
 */
#include "credential_watch.h"

#include <errno.h>
#include <libgen.h>
#include <stdbool.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#define EVENTS \
    (IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF)

enum { PLACE_FILE, PLACE_FOLDER, PLACE_TARGET, PLACE_TARGET_FOLDER, _PLACE_MAX };

struct place {
    struct credential_watch *watch;
    sd_event_source *inotify; /* on the folder that the path's last part is looked for in */
    char *path;
};

struct credential_watch {
    sd_event *event;
    struct place places[_PLACE_MAX];
    char *path;
    char *target; /* where the links end; NULL: the file is no link, or one to nothing */
    void (*changed)(void *userdata);
    void *userdata;
};

/* NULL without memory too: then the path counts as no link. */
static char *find_target(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0 && S_ISLNK(st.st_mode) ? realpath(path, NULL) : NULL;
}

/* One of several links on the way may lie in a watched folder under a name of its own. */
static bool leads_elsewhere(const struct credential_watch *w)
{
    _cleanup_(freep) char *target = NULL;

    if (!w->target)
        return false;
    target = find_target(w->path);
    return !target || strcmp(target, w->target) != 0;
}

/* A file that has just been made has nothing in it yet: the end of the writing is told of, too. */
static bool is_being_written(const struct place *p, const struct inotify_event *event)
{
    struct stat st;

    return (event->mask & IN_CREATE) && lstat(p->path, &st) == 0 && S_ISREG(st.st_mode) &&
           st.st_nlink == 1;
}

/* Whether the event may mean new contents; one without a name is about the folder itself. */
static bool matters(const struct place *p, const struct inotify_event *event)
{
    const char *slash = strrchr(p->path, '/');

    if (event->len > 0 && strcmp(event->name, slash ? slash + 1 : p->path) != 0)
        return leads_elsewhere(p->watch);
    return !is_being_written(p, event);
}

static int arm(struct credential_watch *w);

static int on_event(sd_event_source *source _unused_, const struct inotify_event *event,
                    void *userdata)
{
    struct place *p = userdata;
    struct credential_watch *w = p->watch;

    if (!matters(p, event))
        return 0;
    (void)arm(w);
    w->changed(w->userdata);
    return 0;
}

static void disarm(struct credential_watch *w)
{
    for (size_t i = 0; i < _PLACE_MAX; i++) {
        sd_event_source_disable_unref(w->places[i].inotify);
        free(w->places[i].path);
        w->places[i] = (struct place){.watch = w};
    }
    free(TAKE_PTR(w->target));
}

static int look_for(struct place *p, const char *path)
{
    _cleanup_(freep) char *copy = strdup(path);

    p->path = strdup(path);
    if (!copy || !p->path)
        return -ENOMEM;
    return sd_event_add_inotify(p->watch->event, &p->inotify, dirname(copy), EVENTS, on_event, p);
}

/* Looks for a file and for its folder, which may be waited for. The folder first: one that comes
 * meanwhile is then either told of, or there for the file to be looked for in. */
static int look_for_both(struct place *file, struct place *folder, const char *path)
{
    _cleanup_(freep) char *copy = strdup(path);
    int r, above;

    if (!copy)
        return -ENOMEM;
    above = look_for(folder, dirname(copy));
    r = look_for(file, path);
    return r == -ENOENT && above >= 0 ? 0 : r;
}

static int arm(struct credential_watch *w)
{
    int r;

    disarm(w);
    r = look_for_both(&w->places[PLACE_FILE], &w->places[PLACE_FOLDER], w->path);
    w->target = find_target(w->path);
    if (r >= 0 && w->target)
        (void)look_for_both(&w->places[PLACE_TARGET], &w->places[PLACE_TARGET_FOLDER], w->target);
    return r;
}

int credential_watch_new(sd_event *event, const char *path, void (*changed)(void *userdata),
                         void *userdata, struct credential_watch **ret)
{
    _cleanup_(credential_watch_freep) struct credential_watch *w = calloc(1, sizeof(*w));
    int r;

    if (!w)
        return -ENOMEM;
    w->event = sd_event_ref(event);
    w->changed = changed;
    w->userdata = userdata;
    w->path = strdup(path);
    if (!w->path)
        return -ENOMEM;
    r = arm(w);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(w);
    return 0;
}

void credential_watch_free(struct credential_watch *w)
{
    if (!w)
        return;
    disarm(w);
    sd_event_unref(w->event);
    free(w->path);
    free(w);
}
