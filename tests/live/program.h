/* SPDX-License-Identifier: MIT */
/* A program that borrows through liblatchkey: its client, and requests that end with the test. */
#ifndef PROGRAM_H
#define PROGRAM_H

#include "latchkey.h"

/* The program's client. */
extern lk_client *client;

/* Makes it, for the daemon at that socket. */
void program_connect(const char *socket);

/* Starts the sandbox and a daemon in the usual way, and makes the client. */
void program_start(void);

lk_request *program_request(const char *method, const char *service, const char *path);

#endif
