/* SPDX-License-Identifier: MIT */
/*
 * clouds.yaml: what is taken is as whole as what stands in a configuration file; what is not is refused
 * with a sentence, in which there is no key.
 */
#include "config_check.h"
#include "fuzz.h"
#include "text_file.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

/* A configuration that has nothing in it but where that file is. */
static const char *configuration_of(const char *clouds_yaml)
{
    static char path[32];
    int fd;

    if (*path)
        return path;
    fd = memfd_create("configuration", MFD_CLOEXEC);
    if (fd < 0 || dprintf(fd, "[latchkeyd]\nclouds_yaml = %s\n", clouds_yaml) < 0)
        abort();
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    return path;
}

/* Whether the key is there once, as the value of a password. */
static bool holds_key(const uint8_t *data, size_t size)
{
    static const char line[] = "    password: " TEXT_FILE_KEY "\n";
    const uint8_t *found = memmem(data, size, line, strlen(line)), *behind;

    if (!found || memmem(data, size, TEXT_FILE_KEY, strlen(TEXT_FILE_KEY)) != found + 14)
        return false;
    behind = found + strlen(line);
    return !memmem(behind, size - (size_t)(behind - data), TEXT_FILE_KEY, strlen(TEXT_FILE_KEY));
}

static void check_sentence(const uint8_t *data, size_t size, const char *sentence)
{
    fuzz_check(sentence && fuzz_is_sentence(sentence));
    fuzz_check(!holds_key(data, size) || !strstr(sentence, TEXT_FILE_KEY));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *path = configuration_of(text_file(data, size, 0600));
    _cleanup_(config_freep) struct config *c = NULL;
    _cleanup_(freep) char *error = NULL;
    int r = config_load(path, &c, &error);

    fuzz_check((r == 0 && c && !error) || (r == -EBADMSG && !c));
    if (r < 0) {
        check_sentence(data, size, error);
        return 0;
    }
    config_check(c);
    for (size_t i = 0; i < c->n_warnings; i++)
        check_sentence(data, size, c->warnings[i]);
    return 0;
}
