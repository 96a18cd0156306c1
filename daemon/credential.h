/* SPDX-License-Identifier: MIT */
/*
 * What a cloud logs in with: a user and one key, and what the token is to be good for. Read from
 * pyrax's credential file, taken from the configuration or handed in over the socket; held in memory
 * that is wiped.
 */
#ifndef CREDENTIAL_H
#define CREDENTIAL_H

#include "cleanup.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

/* The names of these in files and requests are those of OpenStack and of pyrax; a project and a
 * tenant are the same. */
enum credential_field {
    CREDENTIAL_USERNAME,
    CREDENTIAL_USER_ID,
    CREDENTIAL_USER_DOMAIN_ID,
    CREDENTIAL_USER_DOMAIN_NAME,
    CREDENTIAL_API_KEY,
    CREDENTIAL_PASSWORD,
    CREDENTIAL_APPLICATION_CREDENTIAL_ID,
    CREDENTIAL_APPLICATION_CREDENTIAL_NAME,
    CREDENTIAL_APPLICATION_CREDENTIAL_SECRET,
    CREDENTIAL_TENANT_ID,
    CREDENTIAL_TENANT_NAME,
    CREDENTIAL_PROJECT_DOMAIN_ID,
    CREDENTIAL_PROJECT_DOMAIN_NAME,
    CREDENTIAL_DOMAIN_ID,
    CREDENTIAL_DOMAIN_NAME,
    _CREDENTIAL_FIELD_MAX,
};

struct credential {
    char *fields[_CREDENTIAL_FIELD_MAX]; /* locked memory; NULL: not given, never empty */
};

/* The field of that name (`project_id` is `tenant_id`), or _CREDENTIAL_FIELD_MAX; and its name. */
enum credential_field credential_field_find(const char *name);
const char *credential_field_name(enum credential_field field);

/* Whether it is one that nobody may see: a credential has one of them. */
bool credential_field_is_key(enum credential_field field);

/* An empty one, or NULL without memory. */
struct credential *credential_new(void);
/* Copies the text, of which an empty one counts as not given. 0 or -ENOMEM. */
int credential_set(struct credential *c, enum credential_field field, const char *text);
int credential_copy(const struct credential *from, struct credential **ret);
void credential_free(struct credential *c);
DEFINE_CLEANUP(struct credential *, credential_free)

/* For one that is part of something else: releases what it holds, all of it or its keys. */
void credential_done(struct credential *c);
void credential_forget_keys(struct credential *c);

/* The field that is its key: API key, password or the secret of an application credential; or
 * _CREDENTIAL_FIELD_MAX when it has none. */
enum credential_field credential_key(const struct credential *c);

enum credential_fault {
    CREDENTIAL_WHOLE,
    CREDENTIAL_WITHOUT_KEY,
    CREDENTIAL_WITH_TWO_KEYS,
    CREDENTIAL_WITHOUT_USER,        /* a key without username or user_id */
    CREDENTIAL_WITHOUT_APPLICATION, /* a secret without the id, or the name, of what it is of */
};

/* What is wrong with it, and the fields to be named: the one that is missing or too many, and the key
 * that it is missing beside. */
enum credential_fault credential_check(const struct credential *c, enum credential_field *ret_field,
                                       enum credential_field *ret_key);

/* Whether both log in as the same user with the same key to the same project; NULL equals NULL
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
 * name) with the fields above, of which it has to have enough to log in; values are taken raw. 0;
 * -ENOENT, -EACCES or another errno of the operating system; -EBADMSG for a malformed file. ret_error
 * is set with every failure to a sentence that names the file, the line and the key, never a value.
 * ret_warning is set (else NULL) when others than the owner can read the file: it names the file and
 * the fix.
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
