/* SPDX-License-Identifier: MIT */
/*
 * The configuration: INI in the shape of pyrax's own .pyrax.cfg, every section a cloud,
 * `[latchkeyd]` the daemon's own keys, `[allow NAME]` an access rule. Read once into a value; a reload reads a second value and
 * compares.
 */
#ifndef CONFIG_H
#define CONFIG_H

#include "clock.h"
#include "credential.h"
#include "policy.h"
#include "quota.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* An endpoint in place of the catalog's. */
struct service_override {
    char *service; /* as it was given */
    char *type;    /* the catalog type that it stands for */
    char *url;     /* with gaps as in template.h */
};

struct cloud_config {
    char *name;
    char *identity_type; /* of the table of providers: never NULL */
    char *auth_endpoint; /* NULL: the provider's own */
    char *endpoint; /* of every service without an override, with identity_type none; may be NULL */
    struct service_override *overrides;
    size_t n_overrides;
    char *credential_file;
    struct credential login; /* perhaps without a key: what stands in for what a credential file, or
                                a credential that is handed in, does not say */
    char *identity_api_version; /* "v3"; NULL: what `auth_endpoint` says, or the service */
    char *region;
    char *interface; /* "public", "internal", "admin"; NULL: public */

    char *ca_file;         /* NULL: the system's */
    char *cert_file;       /* NULL: no client certificate */
    char *key_file;        /* NULL: in cert_file too */
    char *tls_min_version; /* "1.2" or "1.3"; NULL: 1.2 */
    char *proxy;           /* secret memory; NULL: the environment's, "": none */
    char *no_proxy;        /* NULL: the environment's */
    char *user_agent;      /* pyrax's custom_user_agent; NULL: latchkey's own */
    bool verify_ssl;
    bool revoke_on_exit;

    usec_t connect_timeout;  /* to reach the cloud */
    usec_t login_timeout;    /* a whole login */
    usec_t upstream_timeout; /* without a byte moving on a signed request */
    usec_t request_timeout;  /* a whole signed request; 0: none */
};

/* The identity_type of a cloud without an identity service: it needs no credential. */
#define CONFIG_NO_IDENTITY "none"

struct config {
    char *path; /* NULL: no file was read */
    char *default_cloud;
    struct cloud_config *clouds; /* in the file's order; at least one */
    size_t n_clouds;

    char *socket;       /* NULL: the usual place */
    mode_t socket_mode; /* 0660 */
    gid_t socket_group; /* the process's own */
    int log_level;      /* syslog priority, LOG_INFO */
    char *clouds_yaml;  /* NULL: looked for as openstacksdk does, "": none */
    struct quota_limits quotas;
    unsigned logins_at_once; /* at one identity service */
    /* for the clouds that have none of their own */
    usec_t connect_timeout;  /* 10 s */
    usec_t login_timeout;    /* 30 s */
    usec_t upstream_timeout; /* 60 s */
    usec_t request_timeout;  /* 0 */

    struct policy *policy; /* a reference; never NULL */

    char **warnings; /* NULL-terminated sentences that whoever loads it should log */
    size_t n_warnings;
};

/*
 * Reads a configuration file, or none where the path is NULL, and the clouds.yaml beside it. 0; a
 * negative errno with ret_error set to a sentence that names file, line and key (-EBADMSG for what is
 * wrong in a file). The caller frees the sentence.
 */
int config_load(const char *path, struct config **ret, char **ret_error);

/* The configuration that needs no file: one cloud `rackspace`; both arguments may be NULL. 0,
 * -EINVAL for an auth_endpoint that is no http:// or https:// URL, or -ENOMEM. */
int config_default(const char *credential_file, const char *auth_endpoint, struct config **ret);

/* The configuration of one cloud in the OS_* variables of an openrc file, which are wiped and taken out
 * of the environment. As config_load(). */
int config_from_environment(struct config **ret, char **ret_error);

void config_free(struct config *c);
DEFINE_CLEANUP(struct config *, config_free)

/* Wipes the keys that are written in the configuration itself, once they are where they are used. */
void cloud_config_forget_keys(struct cloud_config *c);
void config_forget_keys(struct config *c);

const struct cloud_config *config_find(const struct config *c, const char *name);
/* Whether both reach the same cloud in the same way; the deadlines do not count. */
bool cloud_config_equal(const struct cloud_config *a, const struct cloud_config *b);
/* Of what cloud_config_equal() compares, but for the user agent: that has our version in it. */
struct digest cloud_config_digest(const struct cloud_config *c, uint64_t salt);
int cloud_config_copy(const struct cloud_config *from, struct cloud_config *ret);

/*
 * Gives a service, by any of its names, an endpoint in place of the catalog's. 0; -EINVAL for a URL
 * that is not http:// or https://, or has a gap in it that template.h does not know; -EEXIST when the
 * service has one already, perhaps under another of its names; -ENOMEM.
 */
int cloud_config_add_override(struct cloud_config *c, const char *service, const char *url);
void cloud_config_done(struct cloud_config *c);

/*
 * Finds and reads the credential of a cloud: an empty one where there is no identity service; inline
 * keys; else `credential_file` (a relative one in
 * $CREDENTIALS_DIRECTORY first, then beside the configuration file); else a file in
 * $CREDENTIALS_DIRECTORY that bears the cloud's name. 0 with ret set, or NULL when there is none.
 * ret_path is the file that counts (also when it could not be read), or NULL: somebody may want to
 * watch it. Failures and the warning are credential_read()'s.
 */
int config_credential(const struct config *c, const struct cloud_config *cloud,
                      struct credential **ret, char **ret_path, char **ret_warning,
                      char **ret_error);

#endif
