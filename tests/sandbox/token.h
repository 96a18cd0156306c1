/* SPDX-License-Identifier: MIT */
/*
 * The tokens that the identity service gave out: each lives for its own time, counted on
 * CLOCK_BOOTTIME, unless it is revoked. Dead ones are remembered, to tell the use of a dead token
 * from that of an unknown one. The caller has the lock.
 */
#ifndef SANDBOX_TOKEN_H
#define SANDBOX_TOKEN_H

#include <stddef.h>
#include <stdint.h>

#define TOKEN_ID_LENGTH 32

struct token {
    char id[TOKEN_ID_LENGTH + 1];
    int64_t end_ns;
    double end_wall;
};

struct token_list {
    struct token *tokens;
    size_t count;
    size_t room;
};

struct token_table {
    struct token_list live;
    struct token_list dead;
};

enum token_verdict {
    TOKEN_LIVE,
    TOKEN_DEAD,
    TOKEN_UNKNOWN,
};

void token_table_done(struct token_table *table);

/* Moves what has expired to the dead. Every other call does so first. */
void token_sweep(struct token_table *table);

/* The token stays valid until the next call on the table. */
int token_issue(struct token_table *table, double lifetime, const struct token **ret_token);

/* ret_token may be NULL; it is set for a live token only. */
enum token_verdict token_look_up(struct token_table *table, const char *id,
                                 const struct token **ret_token);

/* The live token that ends last, or NULL. */
const struct token *token_newest(struct token_table *table);

void token_revoke(struct token_table *table, const char *id);
void token_revoke_all(struct token_table *table);

/* Random hexadecimal digits and a NUL. */
void token_random_id(char ret_id[static TOKEN_ID_LENGTH + 1]);

#endif
