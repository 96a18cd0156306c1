/* SPDX-License-Identifier: MIT */
/* See token.h. Only a few tokens live at a time, so they are searched in a row. */
#include "token.h"

#include <errno.h>
#include <nettle/base16.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "clock.h"

void token_table_done(struct token_table *table)
{
    free(table->live.tokens);
    free(table->dead.tokens);
    *table = (struct token_table){0};
}

static int append(struct token_list *list, const struct token *token)
{
    if (list->count == list->room) {
        size_t room = list->room ? list->room * 2 : 16;
        struct token *tokens = reallocarray(list->tokens, room, sizeof(*tokens));

        if (!tokens)
            return -ENOMEM;
        list->tokens = tokens;
        list->room = room;
    }
    list->tokens[list->count++] = *token;
    return 0;
}

static void bury(struct token_table *table, size_t position)
{
    struct token_list *live = &table->live;

    /* Without memory the token is forgotten, which is as good as dead. */
    (void)append(&table->dead, &live->tokens[position]);
    live->count--;
    memmove(live->tokens + position, live->tokens + position + 1,
            (live->count - position) * sizeof(*live->tokens));
}

void token_sweep(struct token_table *table)
{
    int64_t now = clock_boot_ns();

    for (size_t i = table->live.count; i-- > 0;)
        if (table->live.tokens[i].end_ns <= now)
            bury(table, i);
}

void token_random_id(char ret_id[static TOKEN_ID_LENGTH + 1])
{
    uint8_t bytes[TOKEN_ID_LENGTH / 2];

    /* 16 bytes come whole, and never fail once the pool is up. */
    if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
        abort();
    base16_encode_update(ret_id, sizeof(bytes), bytes);
    ret_id[TOKEN_ID_LENGTH] = '\0';
}

int token_issue(struct token_table *table, double lifetime, const struct token **ret_token)
{
    struct token token = {
        .end_ns = clock_boot_ns() + (int64_t)(lifetime * 1e9),
        .end_wall = clock_wall() + lifetime,
    };
    int r;

    token_sweep(table);
    token_random_id(token.id);
    r = append(&table->live, &token);
    if (r < 0)
        return r;
    *ret_token = &table->live.tokens[table->live.count - 1];
    return 0;
}

static const struct token *find(const struct token_list *list, const char *id)
{
    for (size_t i = list->count; i-- > 0;)
        if (strcmp(list->tokens[i].id, id) == 0)
            return &list->tokens[i];
    return NULL;
}

enum token_verdict token_look_up(struct token_table *table, const char *id,
                                 const struct token **ret_token)
{
    const struct token *token;

    token_sweep(table);
    token = find(&table->live, id);
    if (!token)
        return find(&table->dead, id) ? TOKEN_DEAD : TOKEN_UNKNOWN;
    if (ret_token)
        *ret_token = token;
    return TOKEN_LIVE;
}

const struct token *token_newest(struct token_table *table)
{
    const struct token *newest = NULL;

    token_sweep(table);
    for (size_t i = 0; i < table->live.count; i++)
        if (!newest || table->live.tokens[i].end_ns > newest->end_ns)
            newest = &table->live.tokens[i];
    return newest;
}

void token_revoke(struct token_table *table, const char *id)
{
    const struct token *token;

    if (token_look_up(table, id, &token) == TOKEN_LIVE)
        bury(table, (size_t)(token - table->live.tokens));
}

void token_revoke_all(struct token_table *table)
{
    token_sweep(table);
    while (table->live.count > 0)
        bury(table, table->live.count - 1);
}
