/* SPDX-License-Identifier: MIT */
#include "peer.h"

#include <check.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define MAX_REQUESTS 16
#define PATIENCE 10000 /* milliseconds */

static struct {
    char directory[64];
    char path[96];
    int listener;
    const struct peer_script *script;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t n_requests;
    char *requests[MAX_REQUESTS];
} peer = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

/* Reads more of a request. False: the client is gone, or does nothing. */
static bool read_more(int fd, char **text, size_t *size)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    char chunk[65536];
    ssize_t n;

    if (poll(&p, 1, PATIENCE) != 1)
        return false;
    n = read(fd, chunk, sizeof(chunk));
    if (n <= 0)
        return false;
    *text = realloc(*text, *size + (size_t)n + 1);
    memcpy(*text + *size, chunk, (size_t)n);
    *size += (size_t)n;
    (*text)[*size] = '\0';
    return true;
}

/* Whether head and body are there; the body ends by its length or its last chunk. */
static bool is_whole(const char *text, size_t size)
{
    const char *body = strstr(text, "\r\n\r\n");
    const char *length = strcasestr(text, "\r\nContent-Length:");

    if (!body)
        return false;
    body += 4;
    if (strcasestr(text, "\r\nTransfer-Encoding: chunked"))
        return size >= 5 && strcmp(text + size - 5, "0\r\n\r\n") == 0;
    return !length || size - (size_t)(body - text) >= strtoul(length + 17, NULL, 10);
}

static void remember(char *text)
{
    pthread_mutex_lock(&peer.lock);
    if (peer.n_requests < MAX_REQUESTS)
        peer.requests[peer.n_requests++] = text;
    else
        free(text);
    pthread_cond_broadcast(&peer.changed);
    pthread_mutex_unlock(&peer.lock);
}

static bool take_request(int fd)
{
    char *text = NULL;
    size_t size = 0;
    bool asked = false;

    do {
        if (!read_more(fd, &text, &size)) {
            free(text);
            return false;
        }
        if (!asked && strcasestr(text, "\r\nExpect: 100-continue") && strstr(text, "\r\n\r\n")) {
            asked = true;
            if (write(fd, "HTTP/1.1 100 Continue\r\n\r\n", 25) != 25)
                return false;
        }
    } while (!is_whole(text, size));
    remember(text);
    return true;
}

static void await_request(int fd)
{
    poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, PATIENCE);
}

static void serve_connection(int fd, const char *const answers[PEER_ANSWERS])
{
    for (size_t i = 0; i < PEER_ANSWERS && answers[i]; i++) {
        char *ignored = NULL;
        size_t size = 0;

        if (strcmp(answers[i], PEER_DOES_NOT_READ) == 0) {
            await_request(fd);
            return;
        }
        if (!take_request(fd) || strcmp(answers[i], PEER_HANGS_UP) == 0)
            return;
        if (strcmp(answers[i], PEER_IS_SILENT) == 0) {
            while (read_more(fd, &ignored, &size))
                ;
            free(ignored);
            return;
        }
        if (send(fd, answers[i], strlen(answers[i]), MSG_NOSIGNAL) < 0)
            return;
    }
}

static void *serve(void *unused)
{
    (void)unused;
    for (size_t i = 0; i < PEER_CONNECTIONS && peer.script->connections[i][0]; i++) {
        struct pollfd p = {.fd = peer.listener, .events = POLLIN};
        int fd = poll(&p, 1, PATIENCE) == 1 ? accept(peer.listener, NULL, NULL) : -1;

        if (fd < 0)
            break;
        serve_connection(fd, peer.script->connections[i]);
        close(fd);
    }
    return NULL;
}

static void clean_up(void)
{
    unlink(peer.path);
    rmdir(peer.directory);
}

void peer_start(const struct peer_script *script)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    strcpy(peer.directory, "/tmp/latchkey-peer-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(peer.directory));
    snprintf(peer.path, sizeof(peer.path), "%s/sock", peer.directory);
    atexit(clean_up);

    strcpy(address.sun_path, peer.path);
    peer.script = script;
    peer.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(peer.listener, 0);
    ck_assert_int_eq(bind(peer.listener, (struct sockaddr *)&address, sizeof(address)), 0);
    ck_assert_int_eq(listen(peer.listener, 8), 0);
    ck_assert_int_eq(pthread_create(&peer.thread, NULL, serve, NULL), 0);
}

const char *peer_socket(void)
{
    return peer.path;
}

const char *peer_request(size_t index)
{
    struct timespec limit;
    int r = 0;

    clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_sec += PATIENCE / 1000;
    pthread_mutex_lock(&peer.lock);
    while (peer.n_requests <= index && r == 0)
        r = pthread_cond_timedwait(&peer.changed, &peer.lock, &limit);
    pthread_mutex_unlock(&peer.lock);
    ck_assert_msg(r == 0, "request %zu never came", index);
    return peer.requests[index];
}

size_t peer_finish(void)
{
    size_t n;

    pthread_join(peer.thread, NULL);
    n = peer.n_requests;
    for (size_t i = 0; i < n; i++)
        free(peer.requests[i]);
    close(peer.listener);
    return n;
}
