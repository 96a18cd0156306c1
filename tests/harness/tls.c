/* SPDX-License-Identifier: MIT */
#include "tls.h"

#include "patience.h"
#include "process.h"
#include "stage.h"
#include "wire.h"

#include <netinet/in.h>
#include <sys/socket.h>

static void start(struct process *p, const char *arguments)
{
    process_start(p, &(struct process_options){
                         .argv = (const char *const[]){"/bin/sh", "-c",
                                                       stage_text("cd %s && exec openssl %s",
                                                                  stage_folder(), arguments),
                                                       NULL},
                         .log = stage_path("openssl.log"),
                     });
}

void tls_openssl(const char *arguments)
{
    struct process p = {0};
    int status;

    start(&p, arguments);
    status = process_wait(&p, 20);
    ck_assert_msg(status == 0, "openssl %s: %d", arguments, status);
}

void tls_certificate(const char *name, const char *subject)
{
    tls_openssl(stage_text("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes "
                           "-days 2 -subj /CN=%s -addext subjectAltName=%s -keyout %s.key "
                           "-out %s.pem",
                           name, subject, name, name));
}

static bool listens(void *userdata)
{
    int *port = userdata;
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)*port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    _cleanup_(closep) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    return connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0;
}

static void end(void *thing)
{
    process_kill(thing);
    free(thing);
}

int tls_serve(const char *name, const char *arguments)
{
    struct process *p = calloc(1, sizeof(*p));
    int port, fd = wire_listen(&port);

    close(fd);
    ck_assert_ptr_nonnull(p);
    start(p, stage_text("s_server -accept 127.0.0.1:%d -cert %s.pem -key %s.key -www %s", port,
                        name, name, arguments));
    (void)stage_keep_with(p, end);
    ck_assert_msg(wait_until(10, listens, &port), "openssl does not listen");
    return port;
}
