/* SPDX-License-Identifier: MIT */
/* A thread takes the messages in: nobody may ever wait because a test looks elsewhere. */
#include "notify.h"

#include "patience.h"
#include "stage.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

#define MESSAGE_MOST 4096
#define KEPT_MOST 256
#define FDS_MOST 8 /* in one message */
#define SETTLED "SETTLED=1"

struct notify {
    pthread_t thread;
    int fd, stop_fd;
    char *path;
    pthread_mutex_t lock;
    pthread_cond_t came;
    char *said;
    size_t length;
    size_t seen; /* up to here notify_wait() has looked */
    struct notify_kept kept[KEPT_MOST];
    size_t n_kept, n_kept_most;
    unsigned settled;
};

/* ---- the store; under the lock */

static void keep(struct notify *n, const char *name, int fd)
{
    if (n->n_kept == KEPT_MOST) {
        close(fd);
        return;
    }
    n->kept[n->n_kept++] = (struct notify_kept){strdup(name), fd};
    if (n->n_kept > n->n_kept_most)
        n->n_kept_most = n->n_kept;
}

static void drop(struct notify *n, const char *name)
{
    size_t left = 0;

    for (size_t i = 0; i < n->n_kept; i++) {
        if (name && strcmp(n->kept[i].name, name) != 0) {
            n->kept[left++] = n->kept[i];
            continue;
        }
        close(n->kept[i].fd);
        free(n->kept[i].name);
    }
    n->n_kept = left;
}

static bool has_line(const char *message, const char *line)
{
    size_t length = strlen(line);

    for (const char *p = message; (p = strstr(p, line)); p += length)
        if ((p == message || p[-1] == '\n') && (p[length] == '\0' || p[length] == '\n'))
            return true;
    return false;
}

/* As systemd reads it: the descriptors become the store's, or nobody's. */
static void take_fds(struct notify *n, const char *message, const int *fds, size_t n_fds)
{
    const char *start = strstr(message, "FDNAME=");
    char name[256] = "";

    if (start)
        (void)sscanf(start, "FDNAME=%255[^\n]", name);
    if (has_line(message, "FDSTOREREMOVE=1"))
        drop(n, name);
    for (size_t i = 0; i < n_fds; i++) {
        if (has_line(message, "FDSTORE=1"))
            keep(n, name, fds[i]);
        else
            close(fds[i]);
    }
}

/* ---- the thread */

static void take(struct notify *n, const char *message, size_t length, const int *fds, size_t n_fds)
{
    char *said;

    pthread_mutex_lock(&n->lock);
    if (!strcmp(message, SETTLED)) {
        n->settled++;
        pthread_cond_broadcast(&n->came);
        pthread_mutex_unlock(&n->lock);
        return;
    }
    take_fds(n, message, fds, n_fds);
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

static void receive(struct notify *n)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(FDS_MOST * sizeof(int))];
    } control = {0};
    char message[MESSAGE_MOST + 1];
    struct iovec part = {.iov_base = message, .iov_len = MESSAGE_MOST};
    struct msghdr header = {.msg_iov = &part,
                            .msg_iovlen = 1,
                            .msg_control = &control,
                            .msg_controllen = sizeof(control)};
    ssize_t length = recvmsg(n->fd, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    struct cmsghdr *c = length >= 0 ? CMSG_FIRSTHDR(&header) : NULL;
    int fds[FDS_MOST];
    size_t n_fds = 0;

    if (length < 0)
        return;
    message[length] = '\0';
    if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
        n_fds = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        memcpy(fds, CMSG_DATA(c), n_fds * sizeof(int));
    }
    take(n, message, (size_t)length, fds, n_fds);
}

static void *run(void *userdata)
{
    struct notify *n = userdata;
    struct pollfd fds[] = {{.fd = n->fd, .events = POLLIN}, {.fd = n->stop_fd, .events = POLLIN}};

    for (;;) {
        if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
            return NULL;
        if (fds[1].revents)
            return NULL;
        receive(n);
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
    drop(n, NULL);
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

static struct timespec later_by(double seconds)
{
    double end = time_wall() + patience(seconds);

    return (struct timespec){.tv_sec = (time_t)end,
                             .tv_nsec = (long)((end - (double)(time_t)end) * 1e9)};
}

bool notify_wait(struct notify *n, const char *line, double seconds)
{
    struct timespec until = later_by(seconds);
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

/* ---- the store */

static void settle(struct notify *n)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct timespec until = later_by(10);
    unsigned before;

    strcpy(address.sun_path, n->path);
    pthread_mutex_lock(&n->lock);
    before = n->settled;
    ck_assert_int_eq(
        sendto(n->fd, SETTLED, strlen(SETTLED), 0, (struct sockaddr *)&address, sizeof(address)),
        strlen(SETTLED));
    while (n->settled == before)
        ck_assert_int_eq(pthread_cond_timedwait(&n->came, &n->lock, &until), 0);
    pthread_mutex_unlock(&n->lock);
}

const struct notify_kept *notify_kept(struct notify *n, size_t *ret_n)
{
    struct notify_kept *kept;

    settle(n);
    pthread_mutex_lock(&n->lock);
    kept = stage_keep(calloc(n->n_kept + 1, sizeof(*kept)));
    for (size_t i = 0; i < n->n_kept; i++)
        kept[i] = (struct notify_kept){stage_text("%s", n->kept[i].name), n->kept[i].fd};
    *ret_n = n->n_kept;
    pthread_mutex_unlock(&n->lock);
    return kept;
}

size_t notify_kept_most(struct notify *n)
{
    size_t most;

    settle(n);
    pthread_mutex_lock(&n->lock);
    most = n->n_kept_most;
    pthread_mutex_unlock(&n->lock);
    return most;
}

void notify_keep(struct notify *n, const char *name, int fd)
{
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);

    ck_assert_int_ge(copy, 0);
    settle(n);
    pthread_mutex_lock(&n->lock);
    keep(n, name, copy);
    pthread_mutex_unlock(&n->lock);
}

void notify_drop(struct notify *n, const char *name)
{
    settle(n);
    pthread_mutex_lock(&n->lock);
    drop(n, name);
    pthread_mutex_unlock(&n->lock);
}
