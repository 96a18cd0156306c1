/* SPDX-License-Identifier: MIT */
#include "passed.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

static int refuse(int fd, const char *name, char **ret_error)
{
    /* systemd calls those without a name so. */
    bool is_named = strcmp(name, "unknown") != 0;

    if (asprintf(ret_error,
                 "descriptor %d%s%s%s, passed as a socket, is no listening Unix stream socket; "
                 "pass one with ListenStream=, or choose a --socket",
                 fd, is_named ? " (" : "", is_named ? name : "", is_named ? ")" : "") < 0)
        *ret_error = NULL;
    close(fd);
    return -ENOTSOCK;
}

static int refuse_environment(int error, char **ret_error)
{
    if (asprintf(ret_error,
                 "LISTEN_FDS and LISTEN_FDNAMES do not say which sockets were passed: %s; "
                 "unset them, or choose a --socket",
                 strerror(-error)) < 0)
        *ret_error = NULL;
    return error;
}

/* 1: one more socket is served. */
static int take(struct server *server, bool has_own, struct store *store, int fd, const char *name,
                char **ret_error)
{
    bool is_socket = sd_is_socket_unix(fd, SOCK_STREAM, 1, NULL, 0) > 0;
    int r;

    if (!is_socket && store_has_name(name)) {
        store_add_passed(store, fd, name);
        return 0;
    }
    if (has_own) {
        close(fd);
        return 0;
    }
    if (!is_socket)
        return refuse(fd, name, ret_error);
    r = server_listen(server, fd, name);
    return r < 0 ? r : 1;
}

int passed_take(struct server *server, bool has_own, struct store *store, char **ret_error)
{
    char **names = NULL;
    int there = sd_listen_fds(false), n = sd_listen_fds_with_names(true, &names), served = 0, r = 0;

    if (n < 0) {
        for (int i = 0; i < there; i++)
            close(SD_LISTEN_FDS_START + i);
        return has_own ? 0 : refuse_environment(n, ret_error);
    }
    for (int i = 0; i < n; i++) {
        if (r >= 0)
            r = take(server, has_own, store, SD_LISTEN_FDS_START + i, names[i], ret_error);
        served += r > 0;
        free(names[i]);
    }
    free(names);
    return r < 0 ? r : served;
}
