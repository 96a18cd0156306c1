/* SPDX-License-Identifier: MIT */
/*
 * Every key that a configuration file may hold, in one table: where it may stand, how its value is
 * read, and where the value goes. For the configuration's own files only.
 */
#ifndef CONFIG_KEYS_H
#define CONFIG_KEYS_H

#include "config.h"

enum config_key_id {
    /* of [latchkeyd] */
    KEY_DEFAULT,
    KEY_SOCKET,
    KEY_SOCKET_MODE,
    KEY_SOCKET_GROUP,
    KEY_LOG_LEVEL,
    KEY_CONNECT_TIMEOUT,
    KEY_LOGIN_TIMEOUT,
    KEY_UPSTREAM_TIMEOUT,
    /* of a cloud */
    KEY_IDENTITY_TYPE,
    KEY_AUTH_ENDPOINT,
    KEY_CREDENTIAL_FILE,
    KEY_USERNAME,
    KEY_API_KEY,
    KEY_PASSWORD,
    KEY_TENANT_ID,
    KEY_TENANT_NAME,
    KEY_REGION,
    KEY_INTERFACE,
    KEY_VERIFY_SSL,
    KEY_CA_FILE,
    /* of a cloud, pyrax's */
    KEY_CUSTOM_USER_AGENT,
    KEY_USE_SERVICENET, /* behind KEY_INTERFACE, which has the last word */
    KEY_KEYRING_USERNAME,
    KEY_ENCODING,
    KEY_DEBUG,
    KEY_HTTP_DEBUG,
    _KEY_MAX,
};

/* What the value becomes in the structure; KEY_FIELD_NONE has no place of its own there. */
enum config_key_field {
    KEY_FIELD_NONE,
    KEY_FIELD_STRING,
    KEY_FIELD_SECRET,
    KEY_FIELD_PLAIN,
};

struct config_key {
    const char *name;

    /* Reads a value into the field. 0, -EINVAL for a wrong one, -ENOMEM; NULL: the key is known to
     * pyrax and means nothing here. */
    int (*parse)(const char *value, void *field);
    size_t offset; /* in struct config for a key of [latchkeyd], else in struct cloud_config */
    enum config_key_field field;
    const char *wanted; /* completes the sentence "give …" */

    bool may_be_empty; /* and then counts as not given */
    bool is_login; /* says how to log in: with one of them in a section none of [DEFAULT]'s count */
    const char *unused; /* what to tell somebody whose key has no effect here; NULL: nothing */
};

extern const struct config_key config_keys[_KEY_MAX];

static inline bool config_key_is_daemons(enum config_key_id id)
{
    return id < KEY_IDENTITY_TYPE;
}

/* The key of that name, or _KEY_MAX. */
enum config_key_id config_key_find(const char *name);

/* Reads a value into its field of that struct config or struct cloud_config. As parse. */
int config_key_apply(enum config_key_id id, const char *value, void *structure);

#endif
