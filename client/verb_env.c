/* SPDX-License-Identifier: MIT */
/*
 * env and run: the cloud, handed to programs that know it by environment variables.
 */
#include <errno.h>
#include <string.h>

#include "display.h"
#include "environment.h"

enum {
    NOT_EXECUTABLE = 126,
    NOT_FOUND = 127,
};

int verb_env(struct command *command)
{
    _cleanup_(environment_done) struct environment environment = {};
    int status = environment_ask(command, &environment);

    if (status != DONE)
        return status;
    for (size_t i = 0; i < ARRAY_SIZE(environment.variables); i++) {
        if (!environment.variables[i].value) {
            printf("unset %s\n", environment.variables[i].name);
            continue;
        }
        printf("export %s=", environment.variables[i].name);
        display_quoted(stdout, environment.variables[i].value);
        putchar('\n');
    }
    return DONE;
}

static int apply(const struct environment *environment)
{
    for (size_t i = 0; i < ARRAY_SIZE(environment->variables); i++) {
        const char *name = environment->variables[i].name;
        const char *value = environment->variables[i].value;

        if ((value ? setenv(name, value, 1) : unsetenv(name)) < 0)
            return -errno;
    }
    return 0;
}

int verb_run(struct command *command)
{
    _cleanup_(environment_done) struct environment environment = {};
    char **words = command->arguments->operands;
    int r, status = environment_ask(command, &environment);

    if (status != DONE)
        return status;
    r = apply(&environment);
    if (r < 0)
        return command_failed(r, NULL);

    /* libcurl does not mark all of its descriptors close-on-exec */
    lk_client_free(TAKE_PTR(command->client));
    execvp(words[0], words);
    r = errno;
    command_say("cannot run '%s': %s", words[0], strerror(r));
    return r == ENOENT ? NOT_FOUND : NOT_EXECUTABLE;
}
