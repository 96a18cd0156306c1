/* SPDX-License-Identifier: MIT */
/*
 * The head of an HTTP answer, made up line by line as it arrives.
 */
#ifndef HEAD_H
#define HEAD_H

#include "cleanup.h"
#include "latchkey.h"

struct head_field {
    char *name;
    char *value;
};

struct lk_head {
    unsigned status;
    char *reason;
    size_t size; /* bytes of text in it */
    size_t n_fields;
    struct head_field *fields;
};

/*
 * Takes the next line, with or without its line end. A status line starts the head anew.
 * -EPROTO: no status line and no header; -EMSGSIZE: the head is too large; -ENOMEM.
 */
int head_add_line(lk_head *head, const char *line, size_t length);

/* Frees what it holds and empties it. */
void head_done(lk_head *head);

#endif
