/* SPDX-License-Identifier: MIT */
/*
 * What a cloud logs in with: a user name and one key. Read from pyrax's credential file, taken from
 * the configuration or handed in over the socket; held in memory that is wiped.
 */
#ifndef CREDENTIAL_H
#define CREDENTIAL_H

#include "cleanup.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

enum credential_kind {
    CREDENTIAL_API_KEY,
    CREDENTIAL_PASSWORD,
};

struct credential {
    enum credential_kind kind;
    char *username;
    char *key;         /* the API key or the password; secret memory */
    char *tenant_id;   /* NULL: not given; the configuration's stands */
    char *tenant_name; /* NULL: not given */
};

/* Copies its arguments. 0 or -ENOMEM. */
int credential_new(enum credential_kind kind, const char *username, const char *key,
                   struct credential **ret);
void credential_free(struct credential *c);
DEFINE_CLEANUP(struct credential *, credential_free)

/* Whether both log in as the same user with the same key to the same tenant; NULL equals NULL
 * only. */
bool credential_equal(const struct credential *a, const struct credential *b);

/* Enough of a credential to tell later whether another one is the same, without keeping its key. */
struct credential_digest {
    uint8_t bytes[32];
};

/* Of NULL too. The salt, any random number, keeps the digest from being looked up in a table. */
struct credential_digest credential_digest(const struct credential *c, uint64_t salt);
bool credential_digest_equal(const struct credential_digest *a, const struct credential_digest *b);

/*
 * Reads a file in pyrax's format: one section (`[rackspace_cloud]`, `[keystone]` or any other
 * name), `username`, and `api_key` or `password`, perhaps `tenant_id`/`tenant_name`; values are
 * taken raw. 0; -ENOENT, -EACCES or another errno of the operating system; -EBADMSG for a malformed
 * file. ret_error is set with every failure to a sentence that names the file, the line and the
 * key, never a value. ret_warning is set (else NULL) when others than the owner can read the file:
 * it names the file and the fix.
 */
int credential_read(const char *path, struct credential **ret, char **ret_warning,
                    char **ret_error);

/*
 * The warning for a file with a key in it that others than its owner can read, or NULL: a sentence
 * that names the file and the fix. Files below $CREDENTIALS_DIRECTORY are systemd's to guard (it
 * keeps strangers out by the folder, whatever the file's mode says) and get none. 0 or -ENOMEM.
 */
int credential_exposure(const char *path, const struct stat *st, char **ret_warning);

#endif
