/* SPDX-License-Identifier: MIT */
#include "stage.h"

#include "daemon.h"
#include "sandbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SHOWN_OF_A_LOG (4 * 1024)

static char base[64];   /* the suite's */
static char folder[96]; /* the test's */

static struct keepsake {
    struct keepsake *next;
    void *thing;
    void (*release)(void *thing);
} * keepsakes;
static pthread_mutex_t keepsakes_lock = PTHREAD_MUTEX_INITIALIZER;

const char *stage_folder(void)
{
    return folder;
}

/* ---- memory */

void *stage_keep_with(void *thing, void (*release)(void *thing))
{
    struct keepsake *k = malloc(sizeof(*k));

    ck_assert_ptr_nonnull(k);
    ck_assert_ptr_nonnull(thing);
    k->thing = thing;
    k->release = release;
    pthread_mutex_lock(&keepsakes_lock);
    k->next = keepsakes;
    keepsakes = k;
    pthread_mutex_unlock(&keepsakes_lock);
    return thing;
}

void *stage_keep(void *memory)
{
    return stage_keep_with(memory, free);
}

static void free_keepsakes(void)
{
    while (keepsakes) {
        struct keepsake *k = keepsakes;

        keepsakes = k->next;
        k->release(k->thing);
        free(k);
    }
}

char *stage_text(const char *format, ...)
{
    char *text;
    va_list ap;
    int n;

    va_start(ap, format);
    n = vasprintf(&text, format, ap);
    va_end(ap);
    ck_assert_int_ge(n, 0);
    return stage_keep(text);
}

/* ---- files */

char *stage_path(const char *name)
{
    return stage_text("%s/%s", folder, name);
}

const char *stage_write(const char *name, mode_t mode, const char *text)
{
    const char *path = stage_path(name), *aside = stage_text("%s.new", path);
    size_t length = strlen(text);
    int fd = open(aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, length), (ssize_t)length);
    ck_assert_int_eq(fchmod(fd, mode), 0);
    ck_assert_int_eq(close(fd), 0);
    ck_assert_int_eq(rename(aside, path), 0);
    return path;
}

char *stage_read(const char *path, size_t *ret_length)
{
    _cleanup_(fclosep) FILE *f = fopen(path, "re");
    size_t length = 0, size = 4096;
    char *text = malloc(size);

    while (f && text) {
        length += fread(text + length, 1, size - length - 1, f);
        if (length < size - 1)
            break;
        size *= 2;
        text = realloc(text, size);
    }
    ck_assert_ptr_nonnull(text);
    text[length] = '\0';
    if (ret_length)
        *ret_length = length;
    return stage_keep(text);
}

static int remove_one(const char *path, const struct stat *st _unused_, int type _unused_,
                      struct FTW *ftw _unused_)
{
    return remove(path);
}

static void remove_tree(const char *path)
{
    (void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* ---- a test */

static void setup(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
    (void)snprintf(folder, sizeof(folder), "%s/XXXXXX", base);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chmod(folder, 0755), 0);
}

static void teardown(void)
{
    daemon_stop_all();
    sandbox_stop();
    remove_tree(folder);
    free_keepsakes();
}

TCase *stage_case(Suite *suite, const char *name, double seconds)
{
    TCase *c = tcase_create(name);

    tcase_add_checked_fixture(c, setup, teardown);
    tcase_set_timeout(c, seconds);
    suite_add_tcase(suite, c);
    return c;
}

/* ---- a suite */

/* Outside of a test, where nothing may be asserted. */
static int show_log(const char *path, const struct stat *st, int type, struct FTW *ftw _unused_)
{
    size_t length = strlen(path), n;
    char piece[4096];
    FILE *f;

    if (type != FTW_F || length < 4 || strcmp(path + length - 4, ".log") != 0 || st->st_size == 0)
        return 0;
    f = fopen(path, "re");
    if (!f)
        return 0;
    fprintf(stderr, "---- the end of %s\n", path);
    if (st->st_size > SHOWN_OF_A_LOG)
        (void)fseek(f, -SHOWN_OF_A_LOG, SEEK_END);
    while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
        (void)fwrite(piece, 1, n, stderr);
    fclose(f);
    return 0;
}

int stage_run(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    int failed;

    (void)snprintf(base, sizeof(base), "/tmp/latchkey-XXXXXX");
    if (!mkdtemp(base) || chmod(base, 0755) < 0) {
        perror(base);
        return 1;
    }
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    /* A test that failed has left its folder. */
    if (failed > 0)
        (void)nftw(base, show_log, 16, FTW_PHYS);
    if (failed == 0 || !getenv("LATCHKEY_KEEP"))
        remove_tree(base);
    return failed > 0 ? 1 : 0;
}
