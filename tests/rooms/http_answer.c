/* SPDX-License-Identifier: MIT */
#include "http_answer.h"

#include <check.h>
#include <string.h>

#define TAKEN_AT 1795609177 /* 2026-11-25T12:19:37Z */

static char *read_file(const char *name)
{
    _cleanup_(freep) char *path = NULL;
    _cleanup_(fclosep) FILE *f = NULL;
    char *text = calloc(1, 65536);

    ck_assert_int_gt(asprintf(&path, "%s/%s.http", TEST_ANSWERS, name), 0);
    f = fopen(path, "re");
    ck_assert_msg(f != NULL, "%s is not there", path);
    ck_assert_uint_gt(fread(text, 1, 65535, f), 0);
    return text;
}

void http_answer_read(const char *name, struct http_answer *ret)
{
    char *line, *end;

    *ret = (struct http_answer){.text = read_file(name)};
    ret->answer = (struct identity_answer){
        .headers = &ret->headers,
        .received_boottime = 5000 * USEC_PER_SEC,
        .received_realtime = TAKEN_AT * USEC_PER_SEC + 250000,
    };
    ck_assert_int_eq(sscanf(ret->text, "HTTP/1.1 %u", &ret->answer.status), 1);
    line = strchr(ret->text, '\n') + 1;
    for (; *line != '\r' && *line != '\n'; line = end + 1) {
        end = strchr(line, '\n');
        ck_assert_int_eq(header_list_add(&ret->headers, line, (size_t)(end - line)), 0);
    }
    ret->answer.body = strchr(line, '\n') + 1;
    ret->answer.length = strlen(ret->answer.body);
}

void http_answer_done(struct http_answer *a)
{
    header_list_done(&a->headers);
    free(a->text);
}
