/* SPDX-License-Identifier: MIT */
/*
 * A cloud's configuration as a value, to be copied and compared. Its members are those that the
 * table of keys has, so that a new key cannot be forgotten here.
 */
#include "config_keys.h"
#include "secret.h"

#include <errno.h>
#include <string.h>

static char **text_at(struct cloud_config *cloud, const struct config_key *key)
{
    return (char **)((char *)cloud + key->offset);
}

static const char *const_text_at(const struct cloud_config *cloud, const struct config_key *key)
{
    return *(char *const *)((const char *)cloud + key->offset);
}

/* Whether a member of the structure holds the key's value as text. */
static bool is_text(size_t id)
{
    return !config_key_is_daemons((enum config_key_id)id) &&
           (config_keys[id].field == KEY_FIELD_STRING || config_keys[id].field == KEY_FIELD_SECRET);
}

static bool text_equal(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

bool cloud_config_equal(const struct cloud_config *a, const struct cloud_config *b)
{
    for (size_t id = 0; id < _KEY_MAX; id++)
        if (is_text(id) &&
            !text_equal(const_text_at(a, &config_keys[id]), const_text_at(b, &config_keys[id])))
            return false;
    return text_equal(a->name, b->name) && a->verify_ssl == b->verify_ssl &&
           cloud_config_overrides_equal(a, b);
}

static int copy_text(const struct cloud_config *from, const struct config_key *key,
                     struct cloud_config *to)
{
    const char *text = const_text_at(from, key);
    char *copy;

    if (!text)
        return 0;
    copy = key->field == KEY_FIELD_SECRET ? secret_strdup_locked(text) : strdup(text);
    if (!copy)
        return -ENOMEM;
    *text_at(to, key) = copy;
    return 0;
}

int cloud_config_copy(const struct cloud_config *from, struct cloud_config *ret)
{
    _cleanup_(cloud_config_done) struct cloud_config copy = {
        .verify_ssl = from->verify_ssl,
        .revoke_on_exit = from->revoke_on_exit,
        .connect_timeout = from->connect_timeout,
        .login_timeout = from->login_timeout,
        .upstream_timeout = from->upstream_timeout,
        .request_timeout = from->request_timeout,
    };

    copy.name = strdup(from->name);
    if (!copy.name)
        return -ENOMEM;
    for (size_t id = 0; id < _KEY_MAX; id++)
        if (is_text(id) && copy_text(from, &config_keys[id], &copy) < 0)
            return -ENOMEM;
    if (cloud_config_copy_overrides(from, &copy) < 0)
        return -ENOMEM;
    *ret = copy;
    copy = (struct cloud_config){0};
    return 0;
}

void cloud_config_done(struct cloud_config *c)
{
    free(c->name);
    cloud_config_overrides_done(c);
    for (size_t id = 0; id < _KEY_MAX; id++) {
        if (!is_text(id))
            continue;
        if (config_keys[id].field == KEY_FIELD_SECRET)
            secret_free(*text_at(c, &config_keys[id]));
        else
            free(*text_at(c, &config_keys[id]));
    }
    *c = (struct cloud_config){0};
}

void cloud_config_forget_keys(struct cloud_config *c)
{
    credential_forget_keys(&c->login);
}

void config_forget_keys(struct config *c)
{
    for (size_t i = 0; i < c->n_clouds; i++)
        cloud_config_forget_keys(&c->clouds[i]);
}
