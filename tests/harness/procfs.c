/* SPDX-License-Identifier: MIT */
#include "procfs.h"

#include "stage.h"

#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#define LOOK_AGAIN 10 /* ms */

/* From `status`, which anybody may read: others may not even see a process's maps when it has
 * switched core dumps off. */
size_t procfs_private_memory(pid_t pid)
{
    char path[64], line[256];
    size_t kib = 0;
    FILE *f;

    (void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    f = fopen(path, "re");
    if (!f)
        return 0;
    while (fgets(line, sizeof(line), f))
        if (!strncmp(line, "RssAnon:", 8))
            kib = strtoul(line + 8, NULL, 10);
    fclose(f);
    return kib * 1024;
}

int procfs_descriptors(pid_t pid)
{
    DIR *dir = opendir(stage_text("/proc/%d/fd", (int)pid));
    int n = 0;

    if (!dir)
        return -1;
    while (readdir(dir))
        n++;
    closedir(dir);
    return n - 2; /* "." and ".." */
}

const char *procfs_read(pid_t pid, const char *name, size_t *ret_length)
{
    char *path = stage_text("/proc/%d/%s", (int)pid, name);

    return access(path, R_OK) == 0 ? stage_read(path, ret_length) : NULL;
}

struct procfs_watch {
    pthread_t thread;
    pid_t pid;
    size_t most;
    atomic_bool stop;
};

static void *run(void *userdata)
{
    struct procfs_watch *w = userdata;

    do {
        size_t now = procfs_private_memory(w->pid);

        if (now > w->most)
            w->most = now;
        nanosleep(&(struct timespec){.tv_nsec = LOOK_AGAIN * 1000000L}, NULL);
    } while (!atomic_load(&w->stop));
    return NULL;
}

struct procfs_watch *procfs_watch_start(pid_t pid)
{
    struct procfs_watch *w = stage_keep(calloc(1, sizeof(*w)));

    w->pid = pid;
    ck_assert_int_eq(pthread_create(&w->thread, NULL, run, w), 0);
    return w;
}

size_t procfs_watch_stop(struct procfs_watch *w)
{
    atomic_store(&w->stop, true);
    ck_assert_int_eq(pthread_join(w->thread, NULL), 0);
    return w->most;
}
