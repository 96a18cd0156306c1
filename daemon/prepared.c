/* SPDX-License-Identifier: MIT */
#include "prepared.h"

#include "render.h"
#include "secret.h"

#include <string.h>

#define JSON_TYPE "application/json"

struct prepared {
    uint64_t seconds_left; /* of the token's answer */
    struct answer *token;
    struct answer *catalog;
    struct answer *document;
};

static void prepared_free(void *prepared)
{
    struct prepared *p = prepared;

    answer_unref(p->token);
    answer_unref(p->catalog);
    answer_unref(p->document);
    free(p);
}

static struct prepared *prepared_of(struct session *s)
{
    if (!s->prepared) {
        s->prepared = calloc(1, sizeof(struct prepared));
        s->prepared_free = prepared_free;
    }
    return s->prepared;
}

static struct answer *answer_of(char *text)
{
    return text ? answer_new(JSON_TYPE, text, strlen(text)) : NULL;
}

/* The token is kept in locked memory, and passes through ordinary one once. */
static struct answer *token_answer(const struct session *s)
{
    json_t *document = render_token(s);
    _cleanup_(secret_freep) char *text = document ? json_dumps(document, JSON_COMPACT) : NULL;
    struct answer *a = answer_of(text ? secret_strdup_locked(text) : NULL);

    json_decref(document);
    if (a)
        (void)answer_header(a, "Cache-Control", "no-store");
    return a;
}

struct answer *prepared_token(struct session *s, usec_t now)
{
    uint64_t seconds_left = session_seconds_left(s, now);
    struct prepared *p = prepared_of(s);

    if (!p)
        return NULL;
    if (p->token && p->seconds_left == seconds_left)
        return p->token;
    answer_unref(p->token);
    p->seconds_left = seconds_left;
    p->token = token_answer(s);
    return p->token;
}

struct answer *prepared_catalog(struct session *s)
{
    struct prepared *p = prepared_of(s);
    json_t *document;

    if (!p || p->catalog)
        return p ? p->catalog : NULL;
    document = render_catalog(s->catalog, NULL, NULL, NULL);
    p->catalog = answer_of(document ? json_dumps(document, JSON_COMPACT) : NULL);
    json_decref(document);
    return p->catalog;
}

struct answer *prepared_document(struct session *s)
{
    struct prepared *p = prepared_of(s);

    if (p && !p->document)
        p->document = answer_of(secret_strdup(s->document));
    return p ? p->document : NULL;
}
