/* SPDX-License-Identifier: MIT */
#include "text_file.h"

#include "fuzz.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

static char path[32];

static int memory_file(void)
{
    static int fd = -1;

    if (fd < 0) {
        fd = memfd_create("fuzz", MFD_CLOEXEC);
        (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    }
    return fd;
}

const char *text_file(const uint8_t *data, size_t size, mode_t mode)
{
    int fd = memory_file();

    if (fd < 0 || ftruncate(fd, 0) < 0 || fchmod(fd, mode) < 0 ||
        pwrite(fd, data, size, 0) != (ssize_t)size)
        abort();
    return path;
}

/* Whether the key is in the text once, as the whole value of a key in a line that can be nothing
 * else. */
static bool holds_key(const uint8_t *data, size_t size)
{
    static const char *const lines[] = {"\napi_key = " TEXT_FILE_KEY "\n",
                                        "\npassword = " TEXT_FILE_KEY "\n"};
    const uint8_t *first = memmem(data, size, TEXT_FILE_KEY, strlen(TEXT_FILE_KEY));
    const uint8_t *behind = first ? first + strlen(TEXT_FILE_KEY) : NULL;

    if (!first ||
        memmem(behind, size - (size_t)(behind - data), TEXT_FILE_KEY, strlen(TEXT_FILE_KEY)))
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
        if (memmem(data, size, lines[i], strlen(lines[i])))
            return true;
    return false;
}

void text_file_check_error(const uint8_t *data, size_t size, const char *error)
{
    fuzz_check(error && strncmp(error, path, strlen(path)) == 0 && error[strlen(path)] == ':');
    text_file_check_warning(data, size, error);
}

void text_file_check_warning(const uint8_t *data, size_t size, const char *warning)
{
    fuzz_check(warning && fuzz_is_sentence(warning));
    fuzz_check(!holds_key(data, size) || !strstr(warning, TEXT_FILE_KEY));
}
