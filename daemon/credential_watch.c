/* SPDX-License-Identifier: MIT */
#include "credential_watch.h"

#include <errno.h>
#include <libgen.h>
#include <stdbool.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>

struct credential_watch {
    sd_event_source *inotify;
    char *path;
    char *name; /* within its folder */
    void (*changed)(void *userdata);
    void *userdata;
};

/* A file that has just been made has nothing in it yet: the end of the writing is told of, too. */
static bool is_being_written(const struct credential_watch *w, const struct inotify_event *event)
{
    struct stat st;

    return (event->mask & IN_CREATE) && lstat(w->path, &st) == 0 && S_ISREG(st.st_mode) &&
           st.st_nlink == 1;
}

static int on_event(sd_event_source *source _unused_, const struct inotify_event *event,
                    void *userdata)
{
    struct credential_watch *w = userdata;

    if (event->len > 0 && !strcmp(event->name, w->name) && !is_being_written(w, event))
        w->changed(w->userdata);
    return 0;
}

int credential_watch_new(sd_event *event, const char *path, void (*changed)(void *userdata),
                         void *userdata, struct credential_watch **ret)
{
    _cleanup_(credential_watch_freep) struct credential_watch *w = calloc(1, sizeof(*w));
    _cleanup_(freep) char *for_folder = strdup(path), *for_name = strdup(path);
    int r;

    if (!w || !for_folder || !for_name)
        return -ENOMEM;
    w->changed = changed;
    w->userdata = userdata;
    w->path = strdup(path);
    w->name = strdup(basename(for_name));
    if (!w->path || !w->name)
        return -ENOMEM;
    /* The folder is watched: editors and deployment tools put a new file in the old one's place. */
    r = sd_event_add_inotify(event, &w->inotify, dirname(for_folder),
                             IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_ATTRIB, on_event, w);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(w);
    return 0;
}

void credential_watch_free(struct credential_watch *w)
{
    if (!w)
        return;
    sd_event_source_disable_unref(w->inotify);
    free(w->path);
    free(w->name);
    free(w);
}
