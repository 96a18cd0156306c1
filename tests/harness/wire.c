/* SPDX-License-Identifier: MIT */
#include "wire.h"

#include "daemon.h"
#include "patience.h"
#include "raw.h"
#include "sandbox.h"
#include "stage.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#define LINES_MOST 512
#define SERVICES_MOST 12
#define BOUND 20.0 /* s */

static char *copy(const char *from, size_t length)
{
    char *text = stage_keep(malloc(length + 1));

    memcpy(text, from, length);
    text[length] = '\0';
    return text;
}

/* "Name: value", or "Name:" when there is none. */
static char *tidy(const char *line, size_t length)
{
    const char *colon = memchr(line, ':', length), *end = line + length;

    ck_assert_msg(colon, "a header without a colon: %.*s", (int)length, line);
    for (length = (size_t)(colon++ - line); colon < end && (*colon == ' ' || *colon == '\t');)
        colon++;
    while (end > colon && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    return stage_text("%.*s:%s%.*s", (int)length, line, end > colon ? " " : "", (int)(end - colon),
                      colon);
}

struct wire wire_parse(const char *message, size_t length)
{
    struct wire w = {.lines = stage_keep(calloc(LINES_MOST, sizeof(char *)))};
    const char *end = memmem(message, length, "\r\n\r\n", 4), *line = message, *next;

    ck_assert_msg(end, "no whole head: %s", message);
    end += 2;
    for (; line < end; line = next + 2) {
        next = memmem(line, (size_t)(end - line), "\r\n", 2);
        ck_assert_uint_lt(w.n, LINES_MOST);
        if (!w.first)
            w.first = copy(line, (size_t)(next - line));
        else
            w.lines[w.n++] = tidy(line, (size_t)(next - line));
    }
    w.body = end + 2;
    w.length = length - (size_t)(w.body - message);
    return w;
}

const char *wire_take(struct wire *w, const char *name)
{
    const char *value = NULL;
    size_t length = strlen(name), kept = 0;

    for (size_t i = 0; i < w->n; i++) {
        char *line = w->lines[i];

        if (strncasecmp(line, name, length) != 0 || line[length] != ':') {
            w->lines[kept++] = line;
            continue;
        }
        ck_assert_msg(!value, "a second header %s: %s", name, line);
        value = line + length + 1 + (line[length + 1] == ' ');
    }
    w->n = kept;
    return value;
}

const char *wire_headers(const struct wire *w)
{
    size_t size = 1;
    char *text, *to;

    for (size_t i = 0; i < w->n; i++)
        size += strlen(w->lines[i]) + 1;
    text = to = stage_keep(calloc(1, size));
    for (size_t i = 0; i < w->n; i++)
        to = stpcpy(stpcpy(to, w->lines[i]), "\n");
    return text;
}

char *wire_unchunk(const struct wire *w, size_t *ret_length)
{
    char *bytes = stage_keep(malloc(w->length + 1));
    const char *from = w->body, *end = w->body + w->length;
    size_t length = 0, size;

    do {
        char *behind;

        ck_assert_msg(memmem(from, (size_t)(end - from), "\r\n", 2), "a chunk's size is cut off");
        size = strtoul(from, &behind, 16);
        ck_assert_msg(behind > from && !memcmp(behind, "\r\n", 2), "no chunk's size");
        from = behind + 2;
        ck_assert_msg((size_t)(end - from) >= size + 2 && !memcmp(from + size, "\r\n", 2),
                      "a chunk is cut off");
        memcpy(bytes + length, from, size);
        length += size;
        from += size + 2;
    } while (size > 0);
    ck_assert_msg(from == end, "behind the last chunk there is more");
    bytes[length] = '\0';
    if (ret_length)
        *ret_length = length;
    return bytes;
}

struct capture *wire_start(const char *const *services)
{
    struct capture *c = capture_new();
    const char *arguments[2 * SERVICES_MOST + 1] = {0};

    for (size_t n = 0; *services; services++) {
        int name = (int)(strrchr(*services, ',') + 1 - *services);

        ck_assert_uint_lt(n, 2 * SERVICES_MOST);
        arguments[n++] = "--extra-service";
        arguments[n++] = stage_text("%.*s%s%s", name, *services, capture_url(c), *services + name);
    }
    sandbox_start(arguments);
    (void)daemon_start(NULL);
    return c;
}

struct wire wire_answered(struct capture *c, const char *method, const char *bytes, size_t length)
{
    size_t size;
    char *came;

    capture_set(c,
                &(struct capture_answer){.bytes = bytes, .length = length, .end = CAPTURE_CLOSE});
    came = raw_ask(stage_text("%s /v1/default/proxy/x-bare/a HTTP/1.1\r\nHost: latchkey\r\n"
                              "Connection: close\r\n\r\n",
                              method),
                   &size);
    return wire_parse(came, size);
}

struct wire wire_answered_text(struct capture *c, const char *method, const char *text)
{
    return wire_answered(c, method, text, strlen(text));
}

int wire_status(const struct wire *w)
{
    int status = 0;

    ck_assert_msg(sscanf(w->first, "HTTP/1.1 %d", &status) == 1, "no status line: %s", w->first);
    return status;
}

void wire_take_framing(struct wire *w)
{
    const char *connection = wire_take(w, "Connection");

    ck_assert(!connection || !strcasecmp(connection, "close"));
    (void)wire_take(w, "Date");
    (void)wire_take(w, "Content-Length");
}

const char *wire_token(void)
{
    const struct reply *r = send_text("GET", "/v1/default/token", NULL, "Accept: text/plain");

    ck_assert_int_eq(r->status, 200);
    return stage_text("%.*s", (int)strcspn(r->body, "\n"), r->body);
}

/* Listens there; the address is completed. */
static int listen_at(struct sockaddr_in *address, int queue)
{
    socklen_t length = sizeof(*address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)address, length), 0);
    ck_assert_int_eq(listen(fd, queue), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)address, &length), 0);
    return fd;
}

int wire_listen(int *ret_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = listen_at(&address, 64);

    *ret_port = ntohs(address.sin_port);
    return fd;
}

static int hole[1 + 8]; /* who listens, and who fills the queue */

int wire_dig_hole(const char *address, int port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

    ck_assert_int_eq(inet_pton(AF_INET, address, &at.sin_addr), 1);
    hole[0] = listen_at(&at, 0);
    for (size_t i = 1; i < ARRAY_SIZE(hole); i++) {
        hole[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void)connect(hole[i], (struct sockaddr *)&at, sizeof(at));
    }
    return ntohs(at.sin_port);
}

void wire_fill_hole(void)
{
    for (size_t i = ARRAY_SIZE(hole); i-- > 0;)
        close(hole[i]);
}

char *wire_read_body(int fd, const char *head)
{
    struct wire w = wire_parse(head, strlen(head));

    return raw_read(fd, strtoul(wire_take(&w, "Content-Length"), NULL, 10));
}

int wire_play(void)
{
    int port, fd = wire_listen(&port);

    sandbox_start((const char *const[]){
        "--extra-service", stage_text("bare,x-bare,,http://127.0.0.1:%d", port), NULL});
    (void)daemon_start(NULL);
    return fd;
}

int wire_accept(int fd)
{
    double end = time_now() + patience(BOUND);
    struct pollfd p = {.fd = fd, .events = POLLIN};
    int r;

    do
        r = poll(&p, 1, time_left_ms(end));
    while (r < 0 && errno == EINTR);
    ck_assert_msg(r > 0, "nobody connects");
    r = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
    ck_assert_int_ge(r, 0);
    return r;
}
