/* SPDX-License-Identifier: MIT */
/*
 * Replays a target's corpus: the main() of a target that is not linked with libFuzzer. Says how it
 * went as TAP, a line a file. An empty corpus is a failure: nothing would have been tried.
 */
#include "fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static int is_shown(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* The bytes lie in a block of just their size. */
static int read_file(int folder, const char *name, uint8_t **ret_data, size_t *ret_size)
{
    _cleanup_(closep) int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
    _cleanup_(freep) uint8_t *data = NULL;
    struct stat st;
    ssize_t n;

    if (fd < 0 || fstat(fd, &st) < 0)
        return -errno;
    data = malloc((size_t)st.st_size);
    n = data || st.st_size == 0 ? read(fd, data, (size_t)st.st_size) : -1;
    if (n != st.st_size)
        return -EIO;
    *ret_data = TAKE_PTR(data);
    *ret_size = (size_t)n;
    return 0;
}

static bool replay(int folder, const char *name, int number)
{
    _cleanup_(freep) uint8_t *data = NULL;
    size_t size = 0;
    int r = read_file(folder, name, &data, &size);

    if (r < 0) {
        printf("not ok %d - %s: %s\n", number, name, strerror(-r));
        return false;
    }
    fprintf(stderr, "%s\n", name); /* the last one is who did it */
    (void)LLVMFuzzerTestOneInput(data, size);
    printf("ok %d - %s\n", number, name);
    return true;
}

int main(int argc, char **argv)
{
    _cleanup_(closep) int folder = -1;
    struct dirent **entries = NULL;
    bool good = true;
    int n;

    if (argc != 2) {
        fprintf(stderr, "usage: %s CORPUS\n", argv[0]);
        return EXIT_FAILURE;
    }
    folder = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    n = folder < 0 ? -1 : scandirat(folder, ".", &entries, is_shown, alphasort);
    if (n <= 0) {
        printf("1..1\nnot ok 1 - no corpus in %s: %s\n", argv[1],
               n < 0 ? strerror(errno) : "empty");
        free(entries);
        return EXIT_FAILURE;
    }
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    printf("1..%d\n", n);
    for (int i = 0; i < n; i++) {
        good = replay(folder, entries[i]->d_name, i + 1) && good;
        free(entries[i]);
    }
    free(entries);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
