/* SPDX-License-Identifier: MIT */
#include "decode.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

struct document {
    json_t *root;
    struct buffer text;
};

/* jansson has words for whatever is wrong with a text, and hardly ever for an allocation that it
 * fails at. */
static bool is_out_of_memory(const json_error_t *error)
{
    return !*error->text || json_error_code(error) == json_error_out_of_memory;
}

int document_new(struct buffer *text, struct document **ret_document)
{
    _cleanup_(document_freep) struct document *document = calloc(1, sizeof(*document));
    json_error_t error;

    if (!document)
        return -ENOMEM;
    document->root = json_loadb(text->data ? text->data : "", text->size, 0, &error);
    if (!document->root)
        return is_out_of_memory(&error) ? -ENOMEM : -EPROTO;
    if (!json_is_object(document->root))
        return -EPROTO;

    document->text = *text;
    *text = (struct buffer){};
    *ret_document = TAKE_PTR(document);
    return 0;
}

void document_free(struct document *document)
{
    if (!document)
        return;
    json_decref(document->root);
    buffer_done(&document->text);
    free(document);
}

const char *document_text(const struct document *document)
{
    return document->text.data;
}

const node *document_root(const struct document *document)
{
    return document->root;
}

const node *node_member(const node *n, const char *key)
{
    return json_object_get(n, key);
}

const char *node_string(const node *n, const char *key)
{
    return json_string_value(json_object_get(n, key));
}

int64_t node_integer(const node *n, const char *key, int64_t fallback)
{
    const json_t *value = json_object_get(n, key);

    return json_is_integer(value) ? json_integer_value(value) : fallback;
}

bool node_flag(const node *n, const char *key)
{
    return json_is_true(json_object_get(n, key));
}

bool node_is_array(const node *n)
{
    return json_is_array(n);
}

size_t node_count(const node *n)
{
    return json_array_size(n);
}

const node *node_at(const node *n, size_t index)
{
    return json_array_get(n, index);
}

const char *node_string_at(const node *n, size_t index)
{
    return json_string_value(json_array_get(n, index));
}

/* The end of the string whose first character, past the quote, is at p: its closing quote, or NULL.
 */
static char *string_end(char *p, bool *ret_escapes)
{
    for (; *p != '"'; p++) {
        if (*p == '\\') {
            *ret_escapes = true;
            p++;
        }
        if (!*p)
            return NULL;
    }
    return p;
}

/* The value of a member of the outermost object, at its first character; NULL when there is none.
 */
static char *member_value(char *p, const char *key)
{
    unsigned depth = 0;

    for (; *p; p++) {
        bool escapes = false;
        char *start = p + 1;

        if (*p == '{' || *p == '[')
            depth++;
        else if (*p == '}' || *p == ']')
            depth--;
        if (*p != '"')
            continue;

        p = string_end(start, &escapes);
        if (!p)
            return NULL;
        if (depth != 1 || (size_t)(p - start) != strlen(key) ||
            memcmp(start, key, strlen(key)) != 0)
            continue;
        start = p + 1 + strspn(p + 1, " \t\r\n");
        if (*start == ':')
            return start + 1 + strspn(start + 1, " \t\r\n");
    }
    return NULL;
}

int decode_cut_secret(struct buffer *text, const char *key, char **ret_secret)
{
    char *value = text->data ? member_value(text->data, key) : NULL;
    bool escapes = false;
    char *end, *secret;

    if (!value)
        return -ENOENT;
    if (*value++ != '"')
        return -EILSEQ;
    end = string_end(value, &escapes);
    if (!end || escapes)
        return -EILSEQ;

    secret = strndup(value, (size_t)(end - value));
    if (!secret)
        return -ENOMEM;
    memset(value, ' ', (size_t)(end - value));
    *ret_secret = secret;
    return 0;
}
