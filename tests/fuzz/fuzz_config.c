/* SPDX-License-Identifier: MIT */
/*
 * Configuration files: what is taken is whole and in its bounds, and equal to its copy; what is not
 * is refused with a sentence that names the file and holds no key.
 */
#include "config_check.h"
#include "fuzz.h"
#include "text_file.h"

#include <errno.h>
#include <string.h>

/* Where nobody's own clouds.yaml lies. */
static void go_nowhere(void)
{
    if (chdir("/proc") < 0 || setenv("HOME", "/proc", 1) < 0 || unsetenv("XDG_CONFIG_HOME") < 0 ||
        unsetenv("OS_CLIENT_CONFIG_FILE") < 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *path = text_file(data, size, size % 2 ? 0600 : 0644);
    _cleanup_(config_freep) struct config *c = NULL;
    _cleanup_(freep) char *error = NULL;
    int r;

    go_nowhere();
    r = config_load(path, &c, &error);

    fuzz_check((r == 0 && c && !error) || (r == -EBADMSG && !c));
    if (r < 0) {
        text_file_check_error(data, size, error);
        return 0;
    }
    fuzz_check(strcmp(c->path, path) == 0);
    config_check(c);
    for (size_t i = 0; i < c->n_warnings; i++)
        text_file_check_warning(data, size, c->warnings[i]);
    return 0;
}
