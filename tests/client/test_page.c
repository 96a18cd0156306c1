/* SPDX-License-Identifier: MIT */
/* What the library makes of pages that no daemon of ours would share, and of daemons that share none. */
#include "cleanup.h"
#include "latchkey-token-page.h"
#include "latchkey.h"
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#define GOOD_SEALS (F_SEAL_SHRINK | F_SEAL_GROW)
#define BY_SOCKET "{\"token\":\"by-socket\",\"expires_in\":60,\"generation\":7}"
#define OK_HEAD "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
#define SWITCHING "HTTP/1.1 101 Switching Protocols\r\nUpgrade: latchkey-token-page\r\n\r\n"

/* ---- a daemon that answers as it is told */

struct page_kind {
    unsigned seals;
    size_t size;
    const char *magic;
    uint32_t version, owner, state;
    uint64_t deadline; /* 0: never */
};

static struct script {
    const char *answer;           /* to who asks for a page; NULL: hangs up */
    const struct page_kind *kind; /* of the page that follows; NULL: none does */
    bool in_bits;
    bool is_silent; /* behind the answer, until the client goes */
} script;

static int listener;
static pthread_t thread;
static char path[64];
static unsigned asked_for_page, asked_without;
static lk_client *client;
static lk_token_page *page;

static int make_page(const struct page_kind *kind)
{
    struct latchkey_token_page content = {.version = kind->version,
                                          .owner = kind->owner,
                                          .state = kind->state,
                                          .sequence = 2,
                                          .generation = 3,
                                          .deadline = kind->deadline ? kind->deadline
                                                                     : LATCHKEY_TOKEN_PAGE_NEVER,
                                          .length = 7};
    int fd = memfd_create("page", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    memcpy(content.magic, kind->magic, sizeof(content.magic));
    memcpy(content.token, "by-page", 7);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq((int)write(fd, &content, kind->size), (int)kind->size);
    ck_assert_int_eq(fcntl(fd, F_ADD_SEALS, kind->seals), 0);
    return fd;
}

static void pass(int socket, int fd)
{
    union {
        char room[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = {0};
    struct iovec byte = {.iov_base = (char[]){'\n'}, .iov_len = 1};
    struct msghdr m = {.msg_iov = &byte,
                       .msg_iovlen = 1,
                       .msg_control = control.room,
                       .msg_controllen = sizeof(control.room)};
    struct cmsghdr *h = CMSG_FIRSTHDR(&m);

    h->cmsg_level = SOL_SOCKET;
    h->cmsg_type = SCM_RIGHTS;
    h->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(h), &fd, sizeof(fd));
    (void)sendmsg(socket, &m, MSG_NOSIGNAL);
}

static void answer(int socket, const char *text)
{
    size_t length = strlen(text), step = script.in_bits ? 1 : length;

    for (size_t i = 0; i < length; i += step)
        (void)send(socket, text + i, step, MSG_NOSIGNAL);
}

static void serve(int socket)
{
    char request[4096] = "";
    size_t length = 0;
    ssize_t n;

    while (!strstr(request, "\r\n\r\n")) {
        n = recv(socket, request + length, sizeof(request) - 1 - length, 0);
        if (n <= 0)
            return;
        length += (size_t)n;
        request[length] = '\0';
    }
    if (!strstr(request, "\r\nUpgrade: latchkey-token-page\r\n")) {
        asked_without++;
        answer(socket, OK_HEAD "52\r\n\r\n" BY_SOCKET);
        return;
    }
    asked_for_page++;
    if (!script.answer)
        return;
    answer(socket, script.answer);
    if (script.is_silent)
        (void)recv(socket, request, sizeof(request), 0);
    if (script.kind) {
        int fd = make_page(script.kind);

        pass(socket, fd);
        close(fd);
    }
}

static void *serve_all(void *userdata _unused_)
{
    int socket;

    while ((socket = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        serve(socket);
        close(socket);
    }
    return NULL;
}

static void start(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    snprintf(path, sizeof(path), "/tmp/latchkey-page-%d", getpid());
    strcpy(address.sun_path, path);
    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
    ck_assert_int_eq(listen(listener, 8), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, serve_all, NULL), 0);
    ck_assert_int_eq(lk_client_new(path, &client), 0);
    ck_assert_int_eq(lk_client_set_timeout(client, 5), 0);
    ck_assert_int_eq(lk_token_page_new(client, NULL, &page), 0);
}

static void stop(void)
{
    lk_token_page_free(page);
    lk_client_free(client);
    shutdown(listener, SHUT_RDWR);
    pthread_join(thread, NULL);
    close(listener);
    unlink(path);
}

static void demand(const char *wanted, uint64_t generation)
{
    lk_error *error = NULL;
    lk_token_info info;
    char token[64];
    int r = lk_token_page_read(page, token, sizeof(token), &info, &error);

    ck_assert_msg(r == 0, "%s", lk_error_message(error));
    ck_assert_str_eq(token, wanted);
    ck_assert_uint_eq(info.generation, generation);
    ck_assert_uint_eq(info.length, strlen(wanted));
}

/* ---- pages */

#define GOOD GOOD_SEALS, 4096, "latchkey", 1, 1, LATCHKEY_TOKEN_PAGE_USABLE
static const struct page_kind good = {GOOD};

static const struct page_kind bad[] = {
    {0, 4096, "latchkey", 1, 1, LATCHKEY_TOKEN_PAGE_USABLE},
    {F_SEAL_GROW, 4096, "latchkey", 1, 1, LATCHKEY_TOKEN_PAGE_USABLE},
    {F_SEAL_SHRINK, 4096, "latchkey", 1, 1, LATCHKEY_TOKEN_PAGE_USABLE},
    {GOOD_SEALS, 4095, "latchkey", 1, 1, LATCHKEY_TOKEN_PAGE_USABLE},
    {GOOD_SEALS, 4096, "latchkex", 1, 1, LATCHKEY_TOKEN_PAGE_USABLE},
    {GOOD_SEALS, 4096, "latchkey", 2, 1, LATCHKEY_TOKEN_PAGE_USABLE},
    {GOOD_SEALS, 4096, "latchkey", 1, 0, LATCHKEY_TOKEN_PAGE_USABLE},
    {GOOD_SEALS, 4096, "latchkey", 1, 0x40000001, LATCHKEY_TOKEN_PAGE_USABLE},
    {GOOD_SEALS, 4096, "latchkey", 1, 1, LATCHKEY_TOKEN_PAGE_RETIRED},
};

START_TEST(takes_a_page)
{
    script = (struct script){.answer = SWITCHING, .kind = &good, .in_bits = _i == 1};
    for (int i = 0; i < 3; i++)
        demand("by-page", 3);
    ck_assert_uint_eq(asked_for_page, 1);
    ck_assert_uint_eq(asked_without, 0);
}
END_TEST

START_TEST(takes_no_bad_page)
{
    script = (struct script){.answer = SWITCHING, .kind = &bad[_i]};
    demand("by-socket", 7);
    ck_assert_uint_eq(asked_for_page, 1);
    ck_assert_uint_eq(asked_without, 1);
    script.kind = &good;
    demand("by-page", 3);
}
END_TEST

/* A daemon that has not looked at its clock yet is no reason to give an ended token out. */
START_TEST(looks_at_the_deadline)
{
    static const struct page_kind ended = {GOOD, .deadline = 1};

    script = (struct script){.answer = SWITCHING, .kind = &ended};
    demand("by-socket", 7);
    ck_assert_uint_eq(asked_for_page, 1);
    ck_assert_uint_eq(asked_without, 1);
}
END_TEST

START_TEST(does_without_the_descriptor)
{
    script = (struct script){.answer = SWITCHING};
    demand("by-socket", 7);
    ck_assert_uint_eq(asked_for_page, 1);
    ck_assert_uint_eq(asked_without, 1);
}
END_TEST

/* An older one: it need not be asked twice. */
START_TEST(does_without_a_page)
{
    script = (struct script){.answer = OK_HEAD "52\r\n\r\n" BY_SOCKET, .in_bits = _i == 1};
    demand("by-socket", 7);
    demand("by-socket", 7);
    ck_assert_uint_eq(asked_for_page, 2);
    ck_assert_uint_eq(asked_without, 0);
    ck_assert_int_eq(lk_token_page_wait(page, 6, 5, NULL), 0);
    /* and a descriptor that comes with anything else is none */
    script.kind = &good;
    demand("by-socket", 7);
}
END_TEST

static const struct {
    const char *answer;
    int result;
} nonsense[] = {
    {NULL, -ECONNRESET},
    {"HTTP/1.1 200 OK\r\n", -ECONNRESET},
    {OK_HEAD "53\r\n\r\n" BY_SOCKET, -ECONNRESET},
    {OK_HEAD "x\r\n\r\n" BY_SOCKET, -EPROTO},
    {OK_HEAD "99999999999999999999\r\n\r\n" BY_SOCKET, -EPROTO},
    {OK_HEAD "999999999999\r\n\r\n" BY_SOCKET, -EMSGSIZE},
    {OK_HEAD "2\r\n\r\n{}", -EPROTO},
    {"HTTP/1.1 200 OK\r\n\r\n" BY_SOCKET, -EPROTO},
    {"SSH-2.0-OpenSSH\r\n\r\n", -EPROTO},
    {"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\n"
     "Content-Length: 21\r\n\r\n{\"code\":\"signed-out\"",
     -ECONNRESET},
    {"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\n"
     "Content-Length: 21\r\n\r\n{\"code\":\"signed-out\"}",
     LK_SIGNED_OUT},
};

START_TEST(says_what_went_wrong)
{
    lk_error *error = NULL;
    char token[64] = "";
    int r;

    script = (struct script){.answer = nonsense[_i].answer};
    r = lk_token_page_read(page, token, sizeof(token), NULL, &error);
    ck_assert_msg(r == nonsense[_i].result, "%d: %s", r, lk_error_message(error));
    ck_assert_int_eq(lk_error_result(error), r);
    ck_assert_str_eq(token, "");
    ck_assert_uint_eq(asked_without, 0);
    lk_error_free(error);
}
END_TEST

/* One that takes the request and says nothing. */
START_TEST(has_a_limit)
{
    lk_error *error = NULL;
    char token[64];

    ck_assert_int_eq(lk_client_set_timeout(client, 1), 0);
    script = (struct script){.answer = "HTTP/1.1 200 OK\r\n", .is_silent = true};
    ck_assert_int_eq(lk_token_page_read(page, token, sizeof(token), NULL, &error), -ETIMEDOUT);
    ck_assert_int_eq(lk_error_result(error), -ETIMEDOUT);
    lk_error_free(error);
}
END_TEST

Suite *make_suite(void)
{
    Suite *suite = suite_create("page");
    TCase *pages = tcase_create("pages");

    tcase_add_checked_fixture(pages, start, stop);
    tcase_set_timeout(pages, 30);
    tcase_add_loop_test(pages, takes_a_page, 0, 2);
    tcase_add_loop_test(pages, takes_no_bad_page, 0, (int)ARRAY_SIZE(bad));
    tcase_add_test(pages, looks_at_the_deadline);
    tcase_add_test(pages, does_without_the_descriptor);
    tcase_add_loop_test(pages, does_without_a_page, 0, 2);
    tcase_add_loop_test(pages, says_what_went_wrong, 0, (int)ARRAY_SIZE(nonsense));
    tcase_add_test(pages, has_a_limit);
    suite_add_tcase(suite, pages);
    return suite;
}
