/* SPDX-License-Identifier: MIT */
#include "capture.h"

#include "patience.h"
#include "stage.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>

#define REQUESTS_MOST 256
#define WAIT_MOST 20 /* s */
#define AT_ONCE ((size_t)64 * 1024)

struct bytes {
    char *data;
    size_t length;
};

struct capture {
    pthread_t thread;
    int fd, stop_fd, port;
    pthread_mutex_t lock;
    pthread_cond_t came;
    struct capture_answer answer;
    struct bytes requests[REQUESTS_MOST];
    size_t n;
};

/* ---- the thread: it asserts nothing, the test sees what is missing */

/* Waits for bytes; false when it is time to stop. */
static bool wait_readable(const struct capture *c, int fd)
{
    struct pollfd fds[] = {{.fd = fd, .events = POLLIN}, {.fd = c->stop_fd, .events = POLLIN}};

    while (poll(fds, ARRAY_SIZE(fds), -1) < 0)
        if (errno != EINTR)
            return false;
    return !fds[1].revents;
}

static bool read_more(const struct capture *c, int fd, struct bytes *b)
{
    char piece[16384];
    ssize_t n;

    if (!wait_readable(c, fd))
        return false;
    n = recv(fd, piece, sizeof(piece), 0);
    if (n <= 0)
        return false;
    b->data = realloc(b->data, b->length + (size_t)n + 1);
    memcpy(b->data + b->length, piece, (size_t)n);
    b->length += (size_t)n;
    b->data[b->length] = '\0';
    return true;
}

/* False when nobody listens any more. */
static bool write_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t n = send(fd, bytes, length, MSG_NOSIGNAL);

        if (n <= 0)
            return false;
        bytes += n;
        length -= (size_t)n;
    }
    return true;
}

/* The value of a header in a head, or NULL. */
static const char *find_header(const char *head, const char *name)
{
    size_t length = strlen(name);

    for (const char *line = strstr(head, "\r\n"); line && line[2] != '\r';
         line = strstr(line + 2, "\r\n"))
        if (!strncasecmp(line + 2, name, length) && line[2 + length] == ':')
            return line + 2 + length + 1 + strspn(line + 2 + length + 1, " ");
    return NULL;
}

static bool has_whole_body(const struct bytes *b, size_t head)
{
    const char *length = find_header(b->data, "Content-Length");
    const char *coding = find_header(b->data, "Transfer-Encoding");

    if (coding)
        return b->length >= head + 5 && !memcmp(b->data + b->length - 5, "0\r\n\r\n", 5);
    return b->length - head >= (length ? strtoull(length, NULL, 10) : 0);
}

/* False when nothing whole came any more. */
static bool read_request(const struct capture *c, int fd, const struct capture_answer *answer,
                         struct bytes *b)
{
    const char *expect, *end;
    size_t head;

    while (!b->data || !(end = strstr(b->data, "\r\n\r\n")))
        if (!read_more(c, fd, b))
            return false;
    head = (size_t)(end - b->data) + 4;
    expect = find_header(b->data, "Expect");
    if (expect && !strncasecmp(expect, "100-continue", 12))
        write_all(fd, "HTTP/1.1 100 Continue\r\n\r\n", 25);
    while (!has_whole_body(b, head) && (!answer->after || b->length - head < answer->after))
        if (!read_more(c, fd, b))
            return true; /* what came is kept, whole or not */
    return true;
}

static struct capture_answer current_answer(struct capture *c)
{
    struct capture_answer answer;

    pthread_mutex_lock(&c->lock);
    answer = c->answer;
    pthread_mutex_unlock(&c->lock);
    return answer;
}

static void keep_request(struct capture *c, struct bytes *b)
{
    pthread_mutex_lock(&c->lock);
    if (c->n < REQUESTS_MOST) {
        c->requests[c->n++] = *b;
        *b = (struct bytes){0};
    }
    pthread_cond_broadcast(&c->came);
    pthread_mutex_unlock(&c->lock);
    free(b->data);
}

/* Whether it is time to stop, within so many milliseconds. */
static bool is_stopped(const struct capture *c, unsigned within)
{
    struct pollfd p = {.fd = c->stop_fd, .events = POLLIN};

    return poll(&p, 1, (int)within) > 0;
}

/* Without a pause, many at once. */
static void say_again(const struct capture *c, int fd, const struct capture_answer *answer)
{
    size_t length = strlen(answer->again), at_once = answer->pause ? 1 : AT_ONCE / length + 1;
    _cleanup_(freep) char *block = malloc(at_once * length + 1);
    char *to = block;

    for (size_t i = 0; i < at_once; i++)
        to = stpcpy(to, answer->again);
    for (size_t i = 0, n; answer->times == 0 || i < answer->times; i += n) {
        n = answer->times && answer->times - i < at_once ? answer->times - i : at_once;
        if (is_stopped(c, answer->pause) || !write_all(fd, block, n * length))
            return;
    }
}

static void give_answer(const struct capture *c, int fd, const struct capture_answer *answer)
{
    static const char usual[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    const char *bytes = answer->bytes ? answer->bytes : usual;

    if (write_all(fd, bytes, answer->length ? answer->length : strlen(bytes)) && answer->again)
        say_again(c, fd, answer);
}

static void serve(struct capture *c, int fd)
{
    struct capture_answer answer;

    do {
        struct bytes b = {0};

        answer = current_answer(c);
        if (!read_request(c, fd, &answer, &b)) {
            free(b.data);
            return;
        }
        answer = current_answer(c); /* it may have changed while the request was awaited */
        keep_request(c, &b);
        if (answer.end == CAPTURE_RESET)
            (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1},
                             sizeof(struct linger));
        else
            give_answer(c, fd, &answer);
    } while (answer.end == CAPTURE_KEEP);
}

static void *run(void *userdata)
{
    struct capture *c = userdata;

    while (wait_readable(c, c->fd)) {
        _cleanup_(closep) int fd = accept4(c->fd, NULL, NULL, SOCK_CLOEXEC);

        if (fd >= 0)
            serve(c, fd);
    }
    return NULL;
}

/* ---- the test's side */

static void capture_free(void *thing)
{
    struct capture *c = thing;

    eventfd_write(c->stop_fd, 1);
    pthread_join(c->thread, NULL);
    for (size_t i = 0; i < c->n; i++)
        free(c->requests[i].data);
    close(c->fd);
    close(c->stop_fd);
    pthread_mutex_destroy(&c->lock);
    pthread_cond_destroy(&c->came);
    free(c);
}

struct capture *capture_new(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    struct capture *c = calloc(1, sizeof(*c));

    ck_assert_ptr_nonnull(c);
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    c->stop_fd = eventfd(0, EFD_CLOEXEC);
    ck_assert_int_eq(bind(c->fd, (struct sockaddr *)&address, length), 0);
    ck_assert_int_eq(listen(c->fd, 64), 0);
    ck_assert_int_eq(getsockname(c->fd, (struct sockaddr *)&address, &length), 0);
    c->port = ntohs(address.sin_port);
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->came, NULL);
    ck_assert_int_eq(pthread_create(&c->thread, NULL, run, c), 0);
    return stage_keep_with(c, capture_free);
}

int capture_port(const struct capture *c)
{
    return c->port;
}

const char *capture_url(const struct capture *c)
{
    return stage_text("http://127.0.0.1:%d", c->port);
}

void capture_set(struct capture *c, const struct capture_answer *answer)
{
    pthread_mutex_lock(&c->lock);
    c->answer = *answer;
    pthread_mutex_unlock(&c->lock);
}

const char *capture_wait(struct capture *c, size_t number, size_t *ret_length)
{
    const struct bytes *request = NULL;
    struct timespec end;

    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += (time_t)patience(WAIT_MOST);
    pthread_mutex_lock(&c->lock);
    while (c->n <= number && pthread_cond_timedwait(&c->came, &c->lock, &end) == 0)
        continue;
    if (c->n > number)
        request = &c->requests[number];
    pthread_mutex_unlock(&c->lock);
    ck_assert_msg(request, "request number %zu did not come", number);
    if (ret_length)
        *ret_length = request->length;
    return request->data;
}

size_t capture_count(struct capture *c)
{
    size_t n;

    pthread_mutex_lock(&c->lock);
    n = c->n;
    pthread_mutex_unlock(&c->lock);
    return n;
}
