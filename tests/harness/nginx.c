/* SPDX-License-Identifier: MIT */
#include "nginx.h"

#include "patience.h"
#include "process.h"
#include "stage.h"
#include "wire.h"

#include <stdlib.h>
#include <unistd.h>

#define PROGRAM "/usr/sbin/nginx"

static const char *write_config(int port, const char *certificate, const char *directives)
{
    const char *at = stage_folder();

    return stage_write(
        "nginx.conf", 0644,
        stage_text("daemon off;\nmaster_process off;\npid %s/nginx.pid;\nuser root;\n"
                   "events { worker_connections 1024; }\n"
                   "http {\n"
                   "log_format short '$server_protocol $request_method $uri $status';\n"
                   "access_log %s/nginx.access short;\n"
                   "client_body_temp_path %s/nginx.body;\nproxy_temp_path %s/nginx.proxy;\n"
                   "fastcgi_temp_path %s/nginx.fastcgi;\nuwsgi_temp_path %s/nginx.uwsgi;\n"
                   "scgi_temp_path %s/nginx.scgi;\n"
                   "server {\nlisten 127.0.0.1:%d ssl http2;\nroot %s;\n"
                   "ssl_certificate %s/%s.pem;\nssl_certificate_key %s/%s.key;\n%s\n}\n}\n",
                   at, at, at, at, at, at, at, port, at, at, certificate, at, certificate,
                   directives));
}

static bool has_started(void *userdata _unused_)
{
    return access(stage_path("nginx.pid"), F_OK) == 0;
}

static void end(void *thing)
{
    process_kill(thing);
    free(thing);
}

int nginx_start(const char *certificate, const char *directives)
{
    struct process *p = calloc(1, sizeof(*p));
    const char *log = stage_path("nginx.log");
    int port, fd = wire_listen(&port);

    close(fd);
    ck_assert_ptr_nonnull(p);
    process_start(
        p, &(struct process_options){
               .argv = (const char *const[]){PROGRAM, "-p", stage_folder(), "-e", log, "-c",
                                             write_config(port, certificate, directives), NULL},
               .log = log,
           });
    (void)stage_keep_with(p, end);
    /* It listens before it writes that. */
    ck_assert_msg(wait_until(10, has_started, NULL), "nginx: %s", stage_read(log, NULL));
    return port;
}

const char *nginx_log(void)
{
    return stage_read(stage_path("nginx.access"), NULL);
}
