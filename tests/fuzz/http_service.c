/* SPDX-License-Identifier: MIT */
#include "http_service.h"

#include "fuzz.h"
#include "http_played.h"
#include "http_rules.h"
#include "upstream_private.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

#define REQUEST_MOST ((size_t)256 * 1024)

struct caller {
    struct caller *next;
    sd_event_source *io;
    int fd;
    char *in; /* what has come and was not answered yet */
    size_t n_in;
    bool invited; /* to send the body that it asked about */
    bool deaf; /* answered before the body was here: where the next request begins is not known */
    char *out; /* what could not be written yet */
    size_t n_out;
    bool ends;
};

static struct {
    sd_event *event;
    sd_event_source *listening;
    int fd;
    struct caller *callers;
    unsigned char identity, service;
    unsigned tokens; /* how many have been handed out */
    bool played_once, ruled;
} s = {.fd = -1};

/* ---- a request, as strictly as one can read it */

struct asked {
    char method[8192], path[8192];
    const char *body; /* NULL: the head is not whole */
    int64_t length;   /* -1: chunked; -2: none */
    unsigned tokens;
    bool right_token, expects, is_ours;
};

static bool is_name(const char *text, size_t length)
{
    static const char chars[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

    for (size_t i = 0; i < length; i++)
        if (!text[i] || !strchr(chars, text[i]))
            return false;
    return length > 0;
}

static bool is(const char *name, size_t length, const char *wanted)
{
    return length == strlen(wanted) && strncasecmp(name, wanted, length) == 0;
}

static void read_line(struct asked *a, const char *line, size_t length)
{
    static const char *const dropped[] = {
        "X-Service-Token",  "Authorization", "Forwarded", "X-Forwarded-For",
        "Proxy-Connection", "Keep-Alive",    "TE",        "Upgrade",
        "Trailer"};
    const char *colon = memchr(line, ':', length), *value;
    size_t n = colon ? (size_t)(colon - line) : 0, n_value;

    fuzz_check(colon && is_name(line, n));
    for (value = colon + 1; value < line + length && *value == ' '; value++)
        ;
    n_value = length - (size_t)(value - line);
    for (size_t i = 0; i < ARRAY_SIZE(dropped); i++)
        fuzz_check(!is(line, n, dropped[i]));
    if (s.ruled)
        fuzz_check(http_rules_may_name(a->path, line, n, value, n_value));
    if (is(line, n, "Host"))
        fuzz_check(is(value, n_value, "127.0.0.1:1"));
    if (is(line, n, "X-Auth-Token")) {
        a->tokens++;
        a->right_token = n_value > strlen(HTTP_SERVICE_TOKEN) &&
                         !strncmp(value, HTTP_SERVICE_TOKEN, strlen(HTTP_SERVICE_TOKEN));
    }
    if (is(line, n, "Expect"))
        a->expects = is(value, n_value, "100-continue");
    if (is(line, n, "User-Agent") && n_value > 9)
        a->is_ours = !strncmp(value, "latchkey/", 9);
    if (is(line, n, "Transfer-Encoding")) {
        fuzz_check(a->length == -2 && is(value, n_value, "chunked"));
        a->length = -1;
    }
    if (is(line, n, "Content-Length")) {
        fuzz_check(a->length == -2 && n_value > 0 && n_value < 20);
        a->length = strtoll(value, NULL, 10);
    }
}

/* Whether segments of `..`, however they are escaped, lead out of the path's first one. */
static bool climbs(const char *path)
{
    char plain[8192];
    int depth = 0;
    size_t n = 0;
    unsigned byte;

    for (const char *p = path; *p && *p != '?' && n + 1 < sizeof(plain); p++) {
        if (*p == '%' && sscanf(p, "%%%2x", &byte) == 1 && p[1] && p[2]) {
            plain[n++] = (char)byte;
            p += 2;
        } else {
            plain[n++] = *p;
        }
    }
    plain[n] = '\0';
    for (char *at = plain + 1, *segment; (segment = strsep(&at, "/\\"));) {
        if (!strcmp(segment, ".."))
            depth--;
        else if (*segment && strcmp(segment, ".") != 0)
            depth++;
        if (depth < 1)
            return true;
    }
    return false;
}

static void read_head(const struct caller *c, struct asked *a)
{
    const char *end = memmem(c->in, c->n_in, "\r\n\r\n", 4), *line = c->in, *next;
    char head[8192];

    *a = (struct asked){.length = -2};
    if (!end)
        return;
    a->body = end + 4;
    next = memmem(line, (size_t)(end + 2 - line), "\r\n", 2);
    fuzz_check((size_t)(next - line) < sizeof(head));
    for (const char *p = c->in; p < end + 2; p++)
        fuzz_check(*p && (*p == '\t' || *p == '\r' || *p == '\n' || (unsigned char)*p >= ' '));
    snprintf(head, sizeof(head), "%.*s", (int)(next - line), line);
    fuzz_check(sscanf(head, "%8191s %8191s", a->method, a->path) == 2);
    fuzz_check(is_name(a->method, strlen(a->method)));
    fuzz_check(strlen(head) == strlen(a->method) + 1 + strlen(a->path) + strlen(" HTTP/1.1"));
    fuzz_check(!strcmp(head + strlen(head) - strlen(" HTTP/1.1"), " HTTP/1.1"));
    fuzz_check(a->path[0] == '/');
    for (line = next + 2; line < end + 2; line = next + 2) {
        next = memmem(line, (size_t)(end + 2 - line), "\r\n", 2);
        fuzz_check(!memchr(line, '\r', (size_t)(next - line)));
        fuzz_check(!memchr(line, '\n', (size_t)(next - line)));
        read_line(a, line, (size_t)(next - line));
    }
}

/* Where the request ends; NULL: not here yet. */
static const char *find_end(const struct caller *c, const struct asked *a)
{
    const char *at = a->body, *end = c->in + c->n_in;

    if (a->length >= -2 && a->length != -1) {
        size_t length = a->length > 0 ? (size_t)a->length : 0;

        return (size_t)(end - at) >= length ? at + length : NULL;
    }
    for (;;) {
        const char *line = memmem(at, (size_t)(end - at), "\r\n", 2);
        char *behind;
        size_t size;

        if (!line)
            return NULL;
        size = strtoul(at, &behind, 16);
        fuzz_check(behind > at && behind == line);
        if ((size_t)(end - line) < size + 4)
            return NULL;
        fuzz_check(!memcmp(line + 2 + size, "\r\n", 2));
        at = line + size + 4;
        if (size == 0)
            return at;
    }
}

/* ---- answers */

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static bool is_for_service(const struct asked *a)
{
    return begins(a->path, HTTP_SERVICE_SIGNED) || begins(a->path, HTTP_SERVICE_PLAIN);
}

static void say(struct caller *c, const char *bytes, size_t length)
{
    if (c->ends)
        return;
    c->out = realloc(c->out, c->n_out + length);
    if (!c->out && c->n_out + length > 0)
        abort();
    memcpy(c->out + c->n_out, bytes, length);
    c->n_out += length;
}

static void say_text(struct caller *c, const char *text)
{
    say(c, text, strlen(text));
}

static void play(struct caller *c, const struct asked *a, const struct http_played *p)
{
    bool bare = !strcmp(a->method, "HEAD");

    if (p->head)
        say_text(c, p->head);
    for (size_t i = 0; p->body && !bare && i < (p->repeated ? p->repeated : 1); i++)
        say_text(c, p->body);
    c->ends = p->ends;
}

static const struct http_played *service_of_the_moment(void)
{
    const struct http_played *p = http_played_service(s.service);

    return p->once && s.played_once ? http_played_service(0) : p;
}

static void answer_login(struct caller *c, const struct asked *a)
{
    const struct http_played *p = http_played_identity(s.identity);
    char *answer;

    fuzz_check(a->is_ours);
    fuzz_check(!s.ruled || begins(a->path, "/v2.0/")); /* main's, whose token was refused */
    if (p) {
        play(c, a, p);
    } else if (!strcmp(a->method, "DELETE")) {
        fuzz_check(a->right_token);
        say_text(c, "HTTP/1.1 204 No Content\r\n\r\n");
    } else {
        fuzz_check(a->tokens == 0);
        answer = http_played_login(a->path, ++s.tokens);
        fuzz_check(answer);
        say_text(c, answer);
        free(answer);
    }
}

static void answer(struct caller *c, const struct asked *a)
{
    fuzz_check(!s.ruled || !is_for_service(a) || http_rules_may_send(a->method, a->path));
    if (begins(a->path, HTTP_SERVICE_SIGNED)) {
        fuzz_check(a->tokens == 1 && a->right_token && !climbs(a->path));
        play(c, a, service_of_the_moment());
        s.played_once = true;
    } else if (begins(a->path, HTTP_SERVICE_PLAIN)) {
        fuzz_check(a->tokens == 0 && !climbs(a->path));
        play(c, a, service_of_the_moment());
        s.played_once = true;
    } else if (begins(a->path, HTTP_SERVICE_LIMITED)) {
        play(c, a, http_played_identity(2));
    } else {
        answer_login(c, a);
    }
}

static bool is_answered_at_once(const struct asked *a)
{
    return is_for_service(a) && service_of_the_moment()->at_once;
}

/* Whether there was a whole request. */
static bool take_request(struct caller *c)
{
    const char *end;
    struct asked a;

    if (c->deaf || c->ends || c->n_in == 0)
        return false;
    read_head(c, &a);
    if (!a.body)
        return false;
    end = find_end(c, &a);
    if (!end && is_answered_at_once(&a)) {
        answer(c, &a);
        c->deaf = true;
        return false;
    }
    if (!end && a.expects && !c->invited) {
        say_text(c, "HTTP/1.1 100 Continue\r\n\r\n");
        c->invited = true;
    }
    if (!end)
        return false;
    answer(c, &a);
    c->invited = false;
    c->n_in -= (size_t)(end - c->in);
    memmove(c->in, end, c->n_in + 1);
    return true;
}

/* ---- connections */

static void caller_free(struct caller *c)
{
    struct caller **link = &s.callers;

    while (*link != c)
        link = &(*link)->next;
    *link = c->next;
    sd_event_source_disable_unref(c->io);
    close(c->fd);
    free(c->in);
    free(c->out);
    free(c);
}

/* False when it is over. */
static bool read_some(struct caller *c)
{
    char block[16 * 1024];
    ssize_t n = recv(c->fd, block, sizeof(block), MSG_DONTWAIT);

    if (n <= 0)
        return n < 0 && errno == EAGAIN;
    if (c->deaf)
        return true;
    fuzz_check(c->n_in + (size_t)n <= REQUEST_MOST);
    memcpy(c->in + c->n_in, block, (size_t)n);
    c->n_in += (size_t)n;
    c->in[c->n_in] = '\0'; /* for those who read numbers */
    return true;
}

static bool write_some(struct caller *c)
{
    ssize_t n;

    if (c->n_out == 0)
        return !c->ends;
    n = send(c->fd, c->out, c->n_out, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0)
        return errno == EAGAIN;
    c->n_out -= (size_t)n;
    memmove(c->out, c->out + n, c->n_out);
    return c->n_out > 0 || !c->ends;
}

static int on_io(sd_event_source *source, int fd _unused_, uint32_t events, void *userdata)
{
    struct caller *c = userdata;

    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) && !read_some(c)) {
        caller_free(c);
        return 0;
    }
    while (take_request(c))
        ;
    if (!write_some(c)) {
        caller_free(c);
        return 0;
    }
    return sd_event_source_set_io_events(source, EPOLLIN | (c->n_out > 0 ? EPOLLOUT : 0U));
}

static int on_connection(sd_event_source *source _unused_, int fd, uint32_t events _unused_,
                         void *userdata _unused_)
{
    struct caller *c = calloc(1, sizeof(*c));

    if (!c)
        abort();
    c->fd = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    c->in = malloc(REQUEST_MOST + 1);
    if (c->fd < 0 || !c->in || sd_event_add_io(s.event, &c->io, c->fd, EPOLLIN, on_io, c) < 0)
        abort();
    c->next = s.callers;
    s.callers = c;
    return 0;
}

static struct sockaddr_un address(socklen_t *ret_length)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};

    *ret_length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1) +
                  (socklen_t)snprintf(a.sun_path + 1, sizeof(a.sun_path) - 1, "fuzz-service-%d",
                                      (int)getpid());
    return a;
}

void http_service_start(sd_event *event)
{
    socklen_t length;
    struct sockaddr_un a = address(&length);

    s.event = event;
    s.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (s.fd < 0 || bind(s.fd, (struct sockaddr *)&a, length) < 0 || listen(s.fd, SOMAXCONN) < 0 ||
        sd_event_add_io(event, &s.listening, s.fd, EPOLLIN, on_connection, NULL) < 0)
        abort();
}

void http_service_stop(void)
{
    while (s.callers)
        caller_free(s.callers);
    s.listening = sd_event_source_disable_unref(s.listening);
    close(s.fd);
}

void http_service_play(unsigned char identity, unsigned char service, bool ruled)
{
    s.identity = identity;
    s.service = service;
    s.played_once = false;
    s.ruled = ruled;
}

size_t http_service_connections(void)
{
    size_t n = 0;

    for (const struct caller *c = s.callers; c; c = c->next)
        n++;
    return n;
}

/* ---- libcurl's way here
 *
 * What takes the place of a function of the upstream room (the linker's --wrap): whatever address a URL
 * names, libcurl connects to us.
 */

int __real_network_set(const struct network *n, const struct upstream *u, CURL *easy);
int __wrap_network_set(const struct network *n, const struct upstream *u, CURL *easy);

int __wrap_network_set(const struct network *n, const struct upstream *u, CURL *easy)
{
    int r = __real_network_set(n, u, easy);
    socklen_t length;
    struct sockaddr_un a = address(&length);

    if (curl_easy_setopt(easy, CURLOPT_ABSTRACT_UNIX_SOCKET, a.sun_path + 1) != CURLE_OK)
        abort();
    return r;
}
