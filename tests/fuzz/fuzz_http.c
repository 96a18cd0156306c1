/* SPDX-License-Identifier: MIT */
/*
 * The whole way of a request: a client that says anything, a daemon of the real rooms, services that
 * answer in many ways. An input begins with five letters and the end of a line (any bytes will do for
 * each): how a service answers, how logins go, in how many pieces the rest is sent, how the client
 * leaves, and how the daemon is, under access rules (http_rules.h) or without. The rest is what the client
 * sends.
 *
 * Whatever that is, answers are well-formed and complete, errors are problem documents, secrets stay in,
 * services get nothing but well-formed requests with the right token below their endpoints, and none that
 * a rule had to allow and did not, and when the client has gone, nothing is left of it.
 */
#include "fuzz.h"
#include "http_daemon.h"
#include "http_reply.h"
#include "http_rules.h"
#include "http_service.h"

#include <string.h>
#include <sys/socket.h>

#define CHOICES 6
#define PIECES_MOST 24
#define ROUNDS_MOST 100000
#define REPLY_MOST ((size_t)4 * 1024 * 1024)

enum leaving { LEAVE_CLOSES, LEAVE_HALF_CLOSES, LEAVE_AT_ONCE, _LEAVE_MAX };
enum mood { MOOD_WELL, MOOD_STOPPING, MOOD_CUT_OFF, _MOOD_MAX };

struct client {
    struct http_daemon *daemon;
    int fd;
    char *reply;
    size_t length, size;
    bool ended;
};

/* Whether something has come. */
static bool receive(struct client *c)
{
    ssize_t n;

    if (c->ended)
        return false;
    if (c->size - c->length < 4096) {
        c->size = c->size * 2 + 64 * 1024;
        fuzz_check(c->size < REPLY_MOST);
        c->reply = realloc(c->reply, c->size);
        if (!c->reply)
            abort();
    }
    n = recv(c->fd, c->reply + c->length, c->size - c->length - 1, MSG_DONTWAIT);
    c->ended = n == 0;
    if (n > 0)
        c->length += (size_t)n;
    c->reply[c->length] = '\0'; /* for those who read numbers */
    return n > 0;
}

/* Until nothing happens any more. */
static void settle(struct client *c)
{
    bool busy = true;

    for (int i = 0; busy; i++) {
        busy = http_daemon_run(c->daemon);
        busy |= receive(c);
        fuzz_check(i < ROUNDS_MOST);
    }
}

static void send_in_pieces(struct client *c, const uint8_t *data, size_t size, size_t pieces)
{
    size_t each = size / pieces + 1;

    while (size > 0) {
        size_t length = size < each ? size : each;
        ssize_t n = send(c->fd, data, length, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n < 0)
            break; /* it has closed, or takes nothing more */
        data += n;
        size -= (size_t)n;
        settle(c);
    }
}

static void set_mood(struct http_daemon *d, enum mood mood)
{
    d->exchange_host.stopping = mood == MOOD_STOPPING || mood == MOOD_CUT_OFF;
    d->exchange_host.cut_off = mood == MOOD_CUT_OFF;
}

static void leave(struct client *c, enum leaving how)
{
    if (how == LEAVE_HALF_CLOSES) {
        (void)shutdown(c->fd, SHUT_WR);
        settle(c);
    }
    close(c->fd);
    while (http_daemon_run(c->daemon))
        ;
}

/* Whoever knows the secrets already may be told them: the fuzzer finds them where they are compared. */
static bool is_in_the_know(const uint8_t *data, size_t size)
{
    return memmem(data, size, HTTP_SERVICE_TOKEN, strlen(HTTP_SERVICE_TOKEN)) ||
           memmem(data, size, HTTP_SERVICE_KEY, strlen(HTTP_SERVICE_KEY)) ||
           memmem(data, size, HTTP_RULES_UNSEEN, strlen(HTTP_RULES_UNSEEN));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct client c = {.daemon = http_daemon()};
    unsigned char choice[CHOICES];
    enum leaving how;
    bool ruled;

    if (size <= CHOICES || is_in_the_know(data, size))
        return -1;
    for (size_t i = 0; i < CHOICES; i++)
        choice[i] = (unsigned char)(data[i] - 'a');
    how = choice[3] % _LEAVE_MAX;
    ruled = choice[4] / _MOOD_MAX % 2;

    http_service_play(choice[1], choice[0], ruled);
    set_mood(c.daemon, choice[4] % _MOOD_MAX);
    if (ruled)
        http_daemon_set_rules(c.daemon);
    c.fd = http_daemon_connect(c.daemon);
    if (how == LEAVE_AT_ONCE)
        (void)send(c.fd, data + CHOICES, size - CHOICES, MSG_NOSIGNAL | MSG_DONTWAIT);
    else
        send_in_pieces(&c, data + CHOICES, size - CHOICES, choice[2] % PIECES_MOST + 1U);
    leave(&c, how);
    if (c.length > 0)
        http_reply_check(c.daemon, c.reply, c.length, c.ended);
    free(c.reply);
    http_daemon_restore(c.daemon);
    return 0;
}
