/* SPDX-License-Identifier: MIT */
#include "as_user.h"

#include "raw.h"
#include "secrets.h"
#include "stage.h"

#include <grp.h>
#include <string.h>
#include <sys/wait.h>

/* The answer goes into a file. */
static int ask_and_keep(uid_t uid, const char *request, const char *path)
{
    _cleanup_(fclosep) FILE *f = NULL;
    size_t length = 0;
    char *answer;

    if (setgroups(0, NULL) < 0 || setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0)
        return 1;
    answer = raw_ask(request, &length);
    f = fopen(path, "we");
    return !f || fwrite(answer, 1, length, f) != length || fflush(f) != 0;
}

const struct reply *ask_as(uid_t uid, const char *method, const char *target, const char *body)
{
    const char *path = stage_path(stage_text("answer-%u", uid));
    const char *request = stage_text("%s %s HTTP/1.1\r\nHost: latchkey\r\nConnection: close\r\n"
                                     "Content-Length: %zu\r\n\r\n%s",
                                     method, target, body ? strlen(body) : 0, body ? body : "");
    struct reply *r = stage_keep(calloc(1, sizeof(*r)));
    int status;
    pid_t child;

    (void)stage_write(strrchr(path, '/') + 1, 0666, "");
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0)
        _exit(ask_and_keep(uid, request, path));
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);

    r->head = stage_read(path, NULL);
    r->body = strstr(r->head, "\r\n\r\n");
    ck_assert_ptr_nonnull(r->body);
    r->body += 4;
    r->head = stage_text("%.*s", (int)(r->body - r->head), r->head);
    r->length = strlen(r->body);
    ck_assert_int_eq(sscanf(r->head, "HTTP/1.1 %ld", &r->status), 1);
    if (r->status >= 400)
        secrets_note(r->body);
    return r;
}
