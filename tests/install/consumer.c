/* SPDX-License-Identifier: MIT */
/* A program of somebody else's, in C and in C++: it has the installed header and library only. */
#include <errno.h>
#include <latchkey.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    lk_client *client = NULL;
    lk_token *token = NULL;
    lk_error *error = NULL;
    int r;

    if (argc != 2 || strcmp(lk_version(), argv[1]) != 0)
        return 1;
    if (lk_client_new("/nonexistent/latchkey.sock", &client) != 0)
        return 2;
    r = lk_token_get(client, NULL, 0, &token, &error);
    if (r != -ENOENT || token)
        return 3;
    printf("%s\n", lk_error_message(error));
    lk_error_free(error);
    lk_client_free(client);
    return 0;
}
