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
    KEY_CLOUDS_YAML,
    KEY_CONNECTIONS_PER_USER,
    KEY_REQUESTS_PER_USER,
    KEY_WAITING_PER_USER,
    KEY_LOGINS_AT_ONCE,
    KEY_DEFAULT_CONNECT_TIMEOUT,
    KEY_DEFAULT_LOGIN_TIMEOUT,
    KEY_DEFAULT_UPSTREAM_TIMEOUT,
    KEY_DEFAULT_REQUEST_TIMEOUT,
    /* of a cloud */
    KEY_IDENTITY_TYPE,
    KEY_AUTH_ENDPOINT,
    KEY_ENDPOINT,
    KEY_CREDENTIAL_FILE,
    KEY_LOGIN, /* the fields of a credential, in their order */
    KEY_LOGIN_LAST = KEY_LOGIN + _CREDENTIAL_FIELD_MAX - 1,
    KEY_IDENTITY_API_VERSION,
    KEY_REGION,
    KEY_INTERFACE,
    KEY_VERIFY_SSL,
    KEY_CA_FILE,
    KEY_CERT_FILE,
    KEY_KEY_FILE,
    KEY_TLS_MIN_VERSION,
    KEY_PROXY,
    KEY_NO_PROXY,
    KEY_CONNECT_TIMEOUT,
    KEY_LOGIN_TIMEOUT,
    KEY_UPSTREAM_TIMEOUT,
    KEY_REQUEST_TIMEOUT,
    KEY_REVOKE_ON_EXIT,
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
    KEY_FIELD_SECRET, /* text in secret memory */
    KEY_FIELD_PLAIN,
};

#define CONFIG_ENDPOINT_WANTED                                                           \
    "an http:// or https:// URL with a host, without user, query or fragment, in which " \
    "%(project_id)s, %(user_id)s and {region_name} may stand"

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
    bool is_key;   /* nobody may see its value */
    const char *unused; /* what to tell somebody whose key has no effect here; NULL: nothing */
};

extern const struct config_key config_keys[_KEY_MAX];

static inline bool config_key_is_daemons(enum config_key_id id)
{
    return id < KEY_IDENTITY_TYPE;
}

/* The key of a credential's field. */
static inline enum config_key_id config_key_of(enum credential_field field)
{
    return (enum config_key_id)(KEY_LOGIN + field);
}

/* The key of that name, in [latchkeyd] or in a cloud's section, or _KEY_MAX. */
enum config_key_id config_key_find(const char *name, bool daemons);

/*
 * Puts full paths in place of a client certificate's, which are looked up as credential_file is. One that is
 * not there yet may still come. ret_warning is set (else NULL) when others than its owner can read the
 * private key. 0 or -ENOMEM.
 */
int config_place_certificate(const struct config *c, struct cloud_config *cloud,
                             char **ret_warning);

/* Reads a value into its field of that struct config or struct cloud_config. As parse. */
int config_key_apply(enum config_key_id id, const char *value, void *structure);

/* The parse of auth_endpoint, for a field that is text. */
int config_parse_url(const char *value, void *field);

/* How much of a key is the service that it gives an endpoint to (`object_store_endpoint_override`), or 0
 * when it is no such key (config_override.c). */
size_t config_override_service(const char *key);

/* The overrides' part in what cloud_config.c does. */
int cloud_config_copy_overrides(const struct cloud_config *from, struct cloud_config *to);
bool cloud_config_overrides_equal(const struct cloud_config *a, const struct cloud_config *b);
void cloud_config_overrides_done(struct cloud_config *c);

#endif
