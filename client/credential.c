/* SPDX-License-Identifier: MIT */
#include "credential.h"

#include <errno.h>
#include <string.h>

#include "identity.h"

struct item {
    char *name;
    char *value;
};

struct lk_credential {
    size_t n_items;
    struct item *items;
};

int lk_credential_new(lk_credential **ret_credential)
{
    lk_credential *credential = calloc(1, sizeof(*credential));

    if (!credential)
        return -ENOMEM;
    *ret_credential = credential;
    return 0;
}

void lk_credential_free(lk_credential *credential)
{
    if (!credential)
        return;
    for (size_t i = 0; i < credential->n_items; i++) {
        free(credential->items[i].name);
        secret_free(credential->items[i].value);
    }
    free(credential->items);
    free(credential);
}

/* How many bytes the character at p takes in UTF-8 as RFC 3629 has it; 0 if it is none. */
static size_t character_size(const unsigned char *p)
{
    size_t size = *p < 0x80 ? 1 : *p < 0xc2 ? 0 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : *p < 0xf5 ? 4 : 0;

    for (size_t i = 1; i < size; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    if (size > 2) {
        /* spelled longer than needed; half a surrogate pair; beyond the last character */
        if ((*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f) ||
            (*p == 0xf0 && p[1] < 0x90) || (*p == 0xf4 && p[1] > 0x8f))
            return 0;
    }
    return size;
}

static bool is_utf8(const char *text)
{
    const unsigned char *p = (const unsigned char *)text;

    while (*p) {
        size_t size = character_size(p);

        if (size == 0)
            return false;
        p += size;
    }
    return true;
}

static struct item *find_item(lk_credential *credential, const char *name)
{
    for (size_t i = 0; i < credential->n_items; i++)
        if (strcmp(credential->items[i].name, name) == 0)
            return &credential->items[i];
    return NULL;
}

int lk_credential_set(lk_credential *credential, const char *name, const char *value)
{
    struct item *item = find_item(credential, name), *items;
    _cleanup_(freep) char *name_copy = NULL;
    _cleanup_(secret_freep) char *value_copy = NULL;

    if (!*name || !is_utf8(name) || !is_utf8(value))
        return -EINVAL;
    name_copy = strdup(name);
    value_copy = strdup(value);
    if (!name_copy || !value_copy)
        return -ENOMEM;

    if (!item) {
        /* pointers may move, what they point at stays */
        items = reallocarray(credential->items, credential->n_items + 1, sizeof(*items));
        if (!items)
            return -ENOMEM;
        credential->items = items;
        item = &items[credential->n_items++];
        *item = (struct item){.name = TAKE_PTR(name_copy)};
    }
    secret_free(item->value);
    item->value = TAKE_PTR(value_copy);
    return 0;
}

static void append_quoted(struct buffer *json, const char *text)
{
    buffer_append_string(json, "\"");
    for (; *text; text++) {
        char escaped[8];

        if (*text == '"' || *text == '\\') {
            buffer_append_string(json, "\\");
            buffer_append(json, text, 1);
        } else if ((unsigned char)*text < ' ') {
            snprintf(escaped, sizeof(escaped), "\\u%04x", (unsigned char)*text);
            buffer_append_string(json, escaped);
        } else {
            buffer_append(json, text, 1);
        }
    }
    buffer_append_string(json, "\"");
}

int credential_encode(const lk_credential *credential, struct buffer *ret_json)
{
    _cleanup_(buffer_done) struct buffer json = {};

    buffer_append_string(&json, "{");
    for (size_t i = 0; i < credential->n_items; i++) {
        buffer_append_string(&json, i > 0 ? "," : "");
        append_quoted(&json, credential->items[i].name);
        buffer_append_string(&json, ":");
        append_quoted(&json, credential->items[i].value);
    }
    buffer_append_string(&json, "}");
    if (json.error < 0)
        return json.error;
    *ret_json = json;
    json = (struct buffer){};
    return 0;
}

int lk_login(lk_client *client, const char *cloud, const lk_credential *credential,
             lk_identity **ret_identity, lk_error **ret_error)
{
    _cleanup_(buffer_done) struct buffer json = {};
    struct client_question question = {
        .method = "PUT", .cloud = cloud, .resource = "credential", .body = &json};
    int r;

    r = credential_encode(credential, &json);
    if (r < 0)
        return client_error(client, r, ret_error);
    return identity_ask(client, &question, ret_identity, ret_error);
}

int lk_logout(lk_client *client, const char *cloud, lk_error **ret_error)
{
    _cleanup_(buffer_done) struct buffer body = {};
    struct client_question question = {
        .method = "DELETE", .cloud = cloud, .resource = "credential"};

    return client_ask(client, &question, &body, ret_error);
}
