/* SPDX-License-Identifier: MIT */
#include "program.h"

#include "daemon.h"
#include "sandbox.h"
#include "stage.h"

lk_client *client;

static void free_client(void *made)
{
    lk_client_free(made);
}

static void free_request(void *made)
{
    lk_request_free(made);
}

void program_connect(const char *socket)
{
    ck_assert_int_eq(lk_client_new(socket, &client), 0);
    (void)stage_keep_with(client, free_client);
}

void program_start(void)
{
    sandbox_start(NULL);
    (void)daemon_start(NULL);
    program_connect(daemon_socket());
}

lk_request *program_request(const char *method, const char *service, const char *path)
{
    lk_request *made = NULL;

    ck_assert_int_eq(lk_request_new(client, method, service, path, &made), 0);
    return stage_keep_with(made, free_request);
}
