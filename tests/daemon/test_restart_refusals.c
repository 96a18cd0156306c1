/* SPDX-License-Identifier: MIT */
/* What comes back from the store is read as if an enemy had put it there: what is not exactly what was sent
 * is not used, said so in the log, taken out, and a login follows. */
#include "look.h"
#include "restart.h"
#include "sandbox.h"
#include "stage.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)
#define TOO_LARGE (4 * 1024 * 1024 + 1)

/* ---- other descriptors in its place */

static int memory(const char *text, size_t length, int seals)
{
    int fd = memfd_create("tampered", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    ck_assert_int_eq(write(fd, text, length), (ssize_t)length);
    ck_assert_int_eq(fcntl(fd, F_ADD_SEALS, seals), 0);
    return fd;
}

static int unsealed(const char *text, size_t length)
{
    return memory(text, length, 0);
}

static int writable(const char *text, size_t length)
{
    return memory(text, length, SEALS & ~F_SEAL_WRITE);
}

static int growing(const char *text, size_t length)
{
    return memory(text, length, SEALS & ~F_SEAL_GROW);
}

static int truncated(const char *text, size_t length)
{
    return memory(text, length - 1, SEALS);
}

static int longer(const char *text, size_t length)
{
    return memory(stage_text("%s}", text), length + 1, SEALS);
}

static int empty(const char *text, size_t length _unused_)
{
    return memory(text, 0, SEALS);
}

static int huge(const char *text, size_t length)
{
    char *blanks = stage_keep(malloc(TOO_LARGE));

    memset(blanks, ' ', TOO_LARGE);
    memcpy(blanks, text, length);
    return memory(blanks, TOO_LARGE, SEALS);
}

/* Another text in one place. */
static int with(const char *text, const char *what, const char *instead)
{
    const char *found = strstr(text, what);
    char *changed;

    ck_assert_msg(found, "no %s", what);
    changed = stage_text("%.*s%s%s", (int)(found - text), text, instead, found + strlen(what));
    return memory(changed, strlen(changed), SEALS);
}

static int other_boot(const char *text, size_t length _unused_)
{
    const char *boot = strstr(text, "\"boot\":\"") + strlen("\"boot\":\"");

    return with(text, stage_text("%.32s", boot), "0123456789abcdef0123456789abcdef");
}

static int other_cloud(const char *text, size_t length _unused_)
{
    return with(text, "\"cloud\":\"main\"", "\"cloud\":\"other\"");
}

static int other_version(const char *text, size_t length _unused_)
{
    return with(text, "\"version\":1", "\"version\":2");
}

static int longer_lived(const char *text, size_t length _unused_)
{
    return with(text, "\"deadline\":", "\"deadline\":1");
}

static int header_in_token(const char *text, size_t length _unused_)
{
    return with(text, "\"token\":\"", "\"token\":\"x\\r\\nX-Evil: 1");
}

static int plain_file(const char *text, size_t length _unused_)
{
    return open(stage_write("plain", 0600, text), O_RDONLY | O_CLOEXEC);
}

static int device(const char *text _unused_, size_t length _unused_)
{
    return open("/dev/zero", O_RDONLY | O_CLOEXEC);
}

/* Nobody will ever write into it: whoever reads, waits. */
static int named_pipe(const char *text _unused_, size_t length _unused_)
{
    const char *path = stage_path("pipe");

    ck_assert_int_eq(mkfifo(path, 0600), 0);
    return open(path, O_RDWR | O_CLOEXEC);
}

static int folder(const char *text _unused_, size_t length _unused_)
{
    return open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static const struct {
    int (*make)(const char *text, size_t length);
    const char *name; /* NULL: as it was */
    const char *said;
} tricks[] = {
    {unsealed, NULL, "its kind of descriptor is not right"},
    {writable, NULL, "its kind of descriptor is not right"},
    {growing, NULL, "its kind of descriptor is not right"},
    {plain_file, NULL, "its kind of descriptor is not right"},
    {device, NULL, "its kind of descriptor is not right"},
    {named_pipe, NULL, "its kind of descriptor is not right"},
    {folder, NULL, "its kind of descriptor is not right"},
    {empty, NULL, "its kind of descriptor is not right"},
    {huge, NULL, "its kind of descriptor is not right"},
    {truncated, NULL, "its form is not right"},
    {longer, NULL, "its form is not right"},
    {other_version, NULL, "its version is not right"},
    {other_boot, NULL, "its boot is not right"},
    {other_cloud, NULL, "its cloud is not right"},
    {longer_lived, NULL, "its deadline is not right"},
    {header_in_token, NULL, "its token is not right"},
    {NULL, "session-0-other", "session-0-other is not used: its cloud is not right"},
    {NULL, "session-7-main", "session-7-main is not used: its name is not right"},
    {NULL, "session-", "session- is not used: its name is not right"},
    {NULL, "session-0-\tmain", "its name is not one"},
};

static const char *text_of(int fd, size_t *ret_length)
{
    struct stat st;
    char *text;

    ck_assert_int_eq(fstat(fd, &st), 0);
    text = stage_keep(calloc(1, (size_t)st.st_size + 1));
    ck_assert_int_eq(pread(fd, text, (size_t)st.st_size, 0), st.st_size);
    *ret_length = (size_t)st.st_size;
    return text;
}

START_TEST(refuses_what_is_not_its_own)
{
    struct daemon *d = restart_begin("");
    const struct notify_kept *kept;
    size_t n, length;
    const char *text;
    int fd;

    daemon_stop(d);
    kept = notify_kept(d->notify, &n);
    ck_assert_uint_eq(n, 1);
    text = text_of(kept->fd, &length);
    fd = tricks[_i].make ? tricks[_i].make(text, length) : memory(text, length, SEALS);
    ck_assert_int_ge(fd, 0);
    notify_drop(d->notify, NULL);
    notify_keep(d->notify, tricks[_i].name ? tricks[_i].name : kept->name, fd);
    close(fd);

    d = restart(d, false);
    ck_assert_msg(strstr(daemon_log(d), tricks[_i].said), "%s", daemon_log(d));
    look_demand("main", "ready", NULL);
    ck_assert_int_eq(look_generation("main"), 1);
    ck_assert_int_eq(restart_attempts(), 2);
    if (!strchr(tricks[_i].said, '\t') && strcmp(tricks[_i].said, "its name is not one") != 0)
        ck_assert_uint_eq(restart_kept(d), 1);
}
END_TEST

/* The same bytes in other memory are as good as before: it is what they say that counts. */
START_TEST(takes_a_copy)
{
    struct daemon *d = restart_begin("");
    const struct notify_kept *kept;
    size_t n, length;
    const char *text;
    int fd;

    daemon_stop(d);
    kept = notify_kept(d->notify, &n);
    text = text_of(kept->fd, &length);
    fd = memory(text, length, SEALS);
    notify_drop(d->notify, NULL);
    notify_keep(d->notify, kept->name, fd);
    close(fd);
    (void)restart(d, false);
    ck_assert_int_eq(restart_attempts(), 1);
}
END_TEST

/* ---- what it sends itself */

START_TEST(sends_what_nobody_can_change)
{
    struct daemon *d = restart_begin("");
    const struct notify_kept *kept;
    struct stat st;
    size_t n;

    kept = notify_kept(d->notify, &n);
    ck_assert_uint_eq(n, 1);
    ck_assert_str_eq(kept->name, "session-0-main");
    ck_assert_int_eq(fcntl(kept->fd, F_GET_SEALS) & SEALS, SEALS);
    ck_assert_int_eq(fstat(kept->fd, &st), 0);
    ck_assert_uint_eq(st.st_mode, S_IFREG | 0600);
    ck_assert_int_lt(write(kept->fd, "x", 1), 0);
    ck_assert_ptr_nonnull(strstr(notify_said(d->notify), "FDSTORE=1\nFDPOLL=0\n"));
}
END_TEST

/* Neither key nor credential is in it. */
START_TEST(sends_no_key)
{
    struct daemon *d = restart_begin("");
    const struct notify_kept *kept;
    size_t n, length;
    const char *text;

    kept = notify_kept(d->notify, &n);
    text = text_of(kept->fd, &length);
    ck_assert_ptr_nonnull(strstr(text, look_token("main")));
    ck_assert_ptr_null(strstr(text, SANDBOX_KEY));
}
END_TEST

/* ---- deaths between two messages */

/* There is one at any time, and when there are two the newest counts. */
START_TEST(takes_the_newest)
{
    struct daemon *d = restart_begin("");
    const struct notify_kept *kept;
    const char *token;
    int older;
    size_t n;

    kept = notify_kept(d->notify, &n);
    older = fcntl(kept->fd, F_DUPFD_CLOEXEC, 3);
    ck_assert_int_eq(send_text("POST", "/v1/main/refresh", NULL, NULL)->status, 200);
    token = look_token("main");
    process_kill(&d->process);
    kept = notify_kept(d->notify, &n);
    ck_assert_str_eq(kept->name, "session-1-main");
    if (_i % 2) /* under its own name, or under the other one's */
        notify_keep(d->notify, "session-0-main", older);
    else
        notify_keep(d->notify, "session-1-main", older);
    if (_i / 2) { /* before it, or behind it */
        int newer = fcntl(kept->fd, F_DUPFD_CLOEXEC, 3);

        notify_drop(d->notify, NULL);
        notify_keep(d->notify, _i % 2 ? "session-0-main" : "session-1-main", older);
        notify_keep(d->notify, "session-1-main", newer);
        close(newer);
    }
    close(older);
    d = restart(d, true);
    ck_assert_str_eq(look_token("main"), token);
    ck_assert_int_eq(look_generation("main"), 2);
    ck_assert_uint_eq(restart_kept(d), 1);
    ck_assert_int_eq(restart_attempts(), 2);
}
END_TEST

/* The new one is there before the old one goes. */
START_TEST(is_never_without_one)
{
    struct daemon *d = restart_begin("");
    const char *said, *stored, *removed;
    size_t before = strlen(notify_said(d->notify));

    ck_assert_int_eq(send_text("POST", "/v1/main/refresh", NULL, NULL)->status, 200);
    ck_assert_uint_eq(restart_kept(d), 1);
    said = notify_said(d->notify) + before;
    stored = strstr(said, "FDNAME=session-1-main\n");
    removed = strstr(said, "FDSTOREREMOVE=1\nFDNAME=session-0-main\n");
    ck_assert_ptr_nonnull(stored);
    ck_assert_ptr_nonnull(removed);
    ck_assert(stored < removed);
    ck_assert_uint_eq(notify_kept_most(d->notify), 2);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("restart_refusals");
    TCase *c = stage_case(s, "restart_refusals", 40);

    tcase_add_loop_test(c, refuses_what_is_not_its_own, 0, ARRAY_SIZE(tricks));
    tcase_add_test(c, takes_a_copy);
    tcase_add_test(c, sends_what_nobody_can_change);
    tcase_add_test(c, sends_no_key);
    tcase_add_loop_test(c, takes_the_newest, 0, 4);
    tcase_add_test(c, is_never_without_one);
    return stage_run(s);
}
