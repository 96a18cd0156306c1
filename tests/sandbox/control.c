/* SPDX-License-Identifier: MIT */
/* See control.h. */
#include "control.h"

#include <stdlib.h>

#include "cleanup.h"

void control_serve_stats(struct request *r)
{
    _cleanup_(sandbox_unlockp) struct sandbox *s = sandbox_lock(r->sandbox);

    answer_json(r, 200, sandbox_stats(s));
}

void control_serve_settings(struct request *r)
{
    _cleanup_(sandbox_unlockp) struct sandbox *s = sandbox_lock(r->sandbox);

    answer_json(r, 200, sandbox_settings_show(&s->settings));
}

void control_serve_change_settings(struct request *r)
{
    _cleanup_(sandbox_unlockp) struct sandbox *s = sandbox_lock(r->sandbox);
    json_auto_t *changes = request_json(r);
    _cleanup_(freep) char *complaint = sandbox_settings_change(&s->settings, changes);

    if (complaint)
        answer_bad_request(r, complaint);
    else
        answer_json(r, 200, sandbox_settings_show(&s->settings));
}

static json_t *identifiers(const struct token_list *list)
{
    json_t *array = json_array();

    for (size_t i = 0; i < list->count; i++)
        json_array_append_new(array, json_string(list->tokens[i].id));
    return array;
}

void control_serve_tokens(struct request *r)
{
    _cleanup_(sandbox_unlockp) struct sandbox *s = sandbox_lock(r->sandbox);

    token_sweep(&s->tokens);
    answer_json(r, 200,
                json_pack("{s:o,s:o}", "tokens", identifiers(&s->tokens.live), "dead",
                          identifiers(&s->tokens.dead)));
}

void control_serve_revoke_all(struct request *r)
{
    _cleanup_(sandbox_unlockp) struct sandbox *s = sandbox_lock(r->sandbox);
    size_t count;

    token_sweep(&s->tokens);
    count = s->tokens.live.count;
    token_revoke_all(&s->tokens);
    answer_json(r, 200, json_pack("{s:I}", "revoked", (json_int_t)count));
}

void control_serve_reset(struct request *r)
{
    _cleanup_(sandbox_unlockp) struct sandbox *s = sandbox_lock(r->sandbox);

    sandbox_reset(s);
    answer_empty(r, 204);
}
