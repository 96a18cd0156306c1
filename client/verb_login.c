/* SPDX-License-Identifier: MIT */
/*
 * login and logout. The key comes from a terminal or a pipe, never from the command line, where
 * every user of the machine could see it.
 */
#include <errno.h>
#include <string.h>

#include "command.h"
#include "display.h"
#include "prompt.h"

static int input_failed(int r)
{
    if (r == -ENODATA)
        return command_misused("user name and key are wanted, a line each");
    if (r == -EINVAL)
        return command_misused("user name and key have to be UTF-8 text");
    command_say("cannot read user name and key: %s", strerror(-r));
    return USAGE;
}

static int set_credential(lk_credential *credential, bool is_password)
{
    _cleanup_(prompt_wipep) char *name = NULL, *secret = NULL;
    int r;

    r = prompt_line("User name: ", false, &name);
    if (r == 0)
        r = prompt_line(is_password ? "Password: " : "API key: ", true, &secret);
    if (r < 0)
        return input_failed(r);
    if (!name || !secret || !*name || !*secret)
        return input_failed(-ENODATA);

    r = lk_credential_set(credential, "username", name);
    if (r == 0)
        r = lk_credential_set(credential, is_password ? "password" : "api_key", secret);
    if (r == -EINVAL)
        return input_failed(r);
    return r < 0 ? command_failed(r, NULL) : DONE;
}

int verb_login(struct command *command)
{
    const struct arguments *arguments = command->arguments;
    _cleanup_(lk_credential_freep) lk_credential *credential = NULL;
    _cleanup_(lk_identity_freep) lk_identity *identity = NULL;
    _cleanup_(lk_error_freep) lk_error *error = NULL;
    int r, status;

    r = lk_credential_new(&credential);
    if (r < 0)
        return command_failed(r, NULL);
    /* who has no daemon need not type a key first */
    r = lk_client_connect(command->client, &error);
    if (r != 0)
        return command_failed(r, error);
    status = set_credential(credential, arguments->password);
    if (status != DONE)
        return status;
    r = lk_login(command->client, arguments->cloud, credential, &identity, &error);
    if (r != 0)
        return command_failed(r, error);
    command_print_outcome(command, identity);
    return DONE;
}

int verb_logout(struct command *command)
{
    const char *cloud = command->arguments->cloud;
    _cleanup_(lk_error_freep) lk_error *error = NULL;
    int r;

    r = lk_logout(command->client, cloud, &error);
    if (r != 0)
        return command_failed(r, error);
    if (!command->arguments->json)
        puts("The daemon has forgotten key and token.");
    return DONE;
}
