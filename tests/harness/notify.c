/* SPDX-License-Identifier: MIT */
/* A thread takes the messages in: nobody may ever wait because a test looks elsewhere. */
#include "notify.h"

#include "patience.h"
#include "stage.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

#define MESSAGE_MOST 4096

struct notify {
    pthread_t thread;
    int fd, stop_fd;
    char *path;
    pthread_mutex_t lock;
    pthread_cond_t came;
    char *said;
    size_t length;
    size_t seen; /* up to here notify_wait() has looked */
};

/* ---- the thread */

static void take(struct notify *n, const char *message, size_t length)
{
    char *said;

    pthread_mutex_lock(&n->lock);
    said = realloc(n->said, n->length + length + 2);
    if (said) {
        n->said = said;
        memcpy(said + n->length, message, length);
        n->length += length;
        if (length > 0 && message[length - 1] != '\n')
            said[n->length++] = '\n';
        said[n->length] = '\0';
    }
    pthread_cond_broadcast(&n->came);
    pthread_mutex_unlock(&n->lock);
}

static void *run(void *userdata)
{
    struct notify *n = userdata;
    struct pollfd fds[] = {{.fd = n->fd, .events = POLLIN}, {.fd = n->stop_fd, .events = POLLIN}};
    char message[MESSAGE_MOST];

    for (;;) {
        ssize_t length;

        if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
            return NULL;
        if (fds[1].revents)
            return NULL;
        length = recv(n->fd, message, sizeof(message), MSG_DONTWAIT);
        if (length >= 0)
            take(n, message, (size_t)length);
    }
}

/* ---- the test's side */

static void notify_free(void *thing)
{
    struct notify *n = thing;

    eventfd_write(n->stop_fd, 1);
    pthread_join(n->thread, NULL);
    close(n->fd);
    close(n->stop_fd);
    pthread_mutex_destroy(&n->lock);
    pthread_cond_destroy(&n->came);
    free(n->said);
    free(n);
}

struct notify *notify_new(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct notify *n = calloc(1, sizeof(*n));

    ck_assert_ptr_nonnull(n);
    n->path = stage_path(name);
    n->said = strdup("");
    n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    n->stop_fd = eventfd(0, EFD_CLOEXEC);
    ck_assert(n->fd >= 0 && n->stop_fd >= 0);
    ck_assert_uint_lt(strlen(n->path), sizeof(address.sun_path));
    strcpy(address.sun_path, n->path);
    ck_assert_int_eq(bind(n->fd, (struct sockaddr *)&address, sizeof(address)), 0);
    ck_assert_int_eq(chmod(n->path, 0666), 0);
    pthread_mutex_init(&n->lock, NULL);
    pthread_cond_init(&n->came, NULL);
    ck_assert_int_eq(pthread_create(&n->thread, NULL, run, n), 0);
    return stage_keep_with(n, notify_free);
}

const char *notify_path(const struct notify *n)
{
    return n->path;
}

/* Looks through what came since the last look, up to and with the line. */
static bool look(struct notify *n, const char *line)
{
    size_t length = strlen(line);

    while (n->seen < n->length) {
        const char *start = n->said + n->seen;
        size_t size = strcspn(start, "\n");

        n->seen += size + 1;
        if (size == length && !memcmp(start, line, length))
            return true;
    }
    return false;
}

bool notify_wait(struct notify *n, const char *line, double seconds)
{
    double end = time_wall() + patience(seconds);
    struct timespec until = {.tv_sec = (time_t)end,
                             .tv_nsec = (long)((end - (double)(time_t)end) * 1e9)};
    bool found;

    pthread_mutex_lock(&n->lock);
    while (!(found = look(n, line)))
        if (pthread_cond_timedwait(&n->came, &n->lock, &until) != 0)
            break;
    pthread_mutex_unlock(&n->lock);
    return found;
}

const char *notify_said(struct notify *n)
{
    const char *said;

    pthread_mutex_lock(&n->lock);
    said = stage_text("%s", n->said);
    pthread_mutex_unlock(&n->lock);
    return said;
}
