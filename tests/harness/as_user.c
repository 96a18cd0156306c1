/* SPDX-License-Identifier: MIT */
#include "as_user.h"

#include "raw.h"
#include "secrets.h"
#include "stage.h"

#include <grp.h>
#include <string.h>
#include <sys/wait.h>

const struct reply *ask_as(uid_t uid, const char *method, const char *target, const char *body)
{
    const char *path = stage_path(stage_text("answer-%u", uid));
    struct reply *r = stage_keep(calloc(1, sizeof(*r)));
    int status;
    pid_t child;

    (void)stage_write(strrchr(path, '/') + 1, 0666, "");
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        size_t length = 0;
        FILE *f;

        if (setgroups(0, NULL) < 0 || setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0)
            _exit(1);
        char *answer =
            raw_ask(stage_text("%s %s HTTP/1.1\r\nHost: latchkey\r\nConnection: close\r\n"
                               "Content-Length: %zu\r\n\r\n%s",
                               method, target, strlen(body), body),
                    &length);

        f = fopen(path, "we");
        _exit(!f || fwrite(answer, 1, length, f) != length || fclose(f) != 0);
    }
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
