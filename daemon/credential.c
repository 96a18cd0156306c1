/* SPDX-License-Identifier: MIT */
/*
 * pyrax's credential file: which keys there are is one table, and each value is held in wiped
 * memory from the moment it is read, for any of them may turn out to be the key in the wrong line.
 */
#include "credential.h"

#include "inifile.h"
#include "secret.h"

#include <errno.h>
#include <nettle/sha2.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

enum file_key {
    FILE_USERNAME,
    FILE_API_KEY,
    FILE_PASSWORD,
    FILE_TENANT_ID,
    FILE_TENANT_NAME,
    _FILE_KEY_MAX,
};

static const char *const file_keys[_FILE_KEY_MAX] = {
    [FILE_USERNAME] = "username",       [FILE_API_KEY] = "api_key",
    [FILE_PASSWORD] = "password",       [FILE_TENANT_ID] = "tenant_id",
    [FILE_TENANT_NAME] = "tenant_name",
};

struct file_value {
    char *text; /* secret memory */
    unsigned line;
};

/* What a credential file has said so far. */
struct file_draft {
    unsigned section_line; /* 0: no section yet */
    struct file_value values[_FILE_KEY_MAX];
};

static void file_draft_done(struct file_draft *d)
{
    for (size_t i = 0; i < _FILE_KEY_MAX; i++)
        secret_free(d->values[i].text);
}

int credential_new(enum credential_kind kind, const char *username, const char *key,
                   struct credential **ret)
{
    _cleanup_(credential_freep) struct credential *c = calloc(1, sizeof(*c));

    if (!c)
        return -ENOMEM;
    c->kind = kind;
    c->username = strdup(username);
    c->key = secret_strdup(key);
    if (!c->username || !c->key)
        return -ENOMEM;
    *ret = TAKE_PTR(c);
    return 0;
}

void credential_free(struct credential *c)
{
    if (!c)
        return;
    free(c->username);
    secret_free(c->key);
    free(c->tenant_id);
    free(c->tenant_name);
    free(c);
}

/* With its length, so that no two lists of texts look the same; NULL has none. */
static void digest_text(struct sha256_ctx *ctx, const char *text)
{
    uint64_t length = text ? strlen(text) : UINT64_MAX;

    sha256_update(ctx, sizeof(length), (const uint8_t *)&length);
    if (text)
        sha256_update(ctx, length, (const uint8_t *)text);
}

struct credential_digest credential_digest(const struct credential *c, uint64_t salt)
{
    struct credential_digest digest = {0};
    struct sha256_ctx ctx;

    if (!c)
        return digest;
    sha256_init(&ctx);
    sha256_update(&ctx, sizeof(salt), (const uint8_t *)&salt);
    digest_text(&ctx, c->kind == CREDENTIAL_API_KEY ? "api_key" : "password");
    digest_text(&ctx, c->username);
    digest_text(&ctx, c->key);
    digest_text(&ctx, c->tenant_id);
    digest_text(&ctx, c->tenant_name);
    sha256_digest(&ctx, sizeof(digest.bytes), digest.bytes);
    explicit_bzero(&ctx, sizeof(ctx));
    return digest;
}

bool credential_digest_equal(const struct credential_digest *a, const struct credential_digest *b)
{
    return !memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

static bool text_equal(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

bool credential_equal(const struct credential *a, const struct credential *b)
{
    if (!a || !b)
        return a == b;
    return a->kind == b->kind && text_equal(a->username, b->username) &&
           text_equal(a->key, b->key) && text_equal(a->tenant_id, b->tenant_id) &&
           text_equal(a->tenant_name, b->tenant_name);
}

static int open_section(struct file_draft *d, const struct inifile_entry *entry, char **ret_error)
{
    if (d->section_line > 0)
        return inifile_refuse(entry->path, entry->line, NULL, ret_error,
                              "a second section, the first is in line %u; a credential file holds "
                              "one, so give each its own file",
                              d->section_line);
    d->section_line = entry->line;
    return 0;
}

static int take_entry(const struct inifile_entry *entry, void *userdata, char **ret_error)
{
    struct file_draft *d = userdata;
    struct file_value *value = NULL;

    if (!entry->key)
        return open_section(d, entry, ret_error);
    for (size_t i = 0; i < _FILE_KEY_MAX; i++)
        if (strcmp(file_keys[i], entry->key) == 0)
            value = &d->values[i];
    if (!value)
        return inifile_refuse(entry->path, entry->line, entry->key, ret_error,
                              "unknown key; a credential file has username, api_key or password, "
                              "tenant_id and tenant_name");
    if (value->text)
        return inifile_refuse(entry->path, entry->line, entry->key, ret_error,
                              "given twice, first in line %u; take one out", value->line);
    if (!*entry->value)
        return inifile_refuse(entry->path, entry->line, entry->key, ret_error,
                              "has no value; write one behind the `=`");
    if (entry->cut && (value == &d->values[FILE_API_KEY] || value == &d->values[FILE_PASSWORD]))
        return inifile_refuse_cut(entry, ret_error);
    value->line = entry->line;
    value->text = secret_strdup(entry->value);
    return value->text ? 0 : -ENOMEM;
}

/* Makes the credential out of a file that was read to its end. */
static int finish(const char *path, struct file_draft *d, struct credential **ret, char **ret_error)
{
    const struct file_value *username = &d->values[FILE_USERNAME];
    const struct file_value *api_key = &d->values[FILE_API_KEY];
    const struct file_value *password = &d->values[FILE_PASSWORD];
    _cleanup_(credential_freep) struct credential *c = NULL;
    int r;

    if (d->section_line == 0)
        return inifile_refuse(
            path, 0, NULL, ret_error,
            "holds no credential; write `[rackspace_cloud]`, `username = NAME` and "
            "`api_key = KEY` into it");
    if (!username->text)
        return inifile_refuse(path, d->section_line, "username", ret_error,
                              "missing; add `username = NAME`");
    if (!api_key->text && !password->text)
        return inifile_refuse(path, d->section_line, "api_key", ret_error,
                              "missing; add `api_key = KEY` or `password = PASSWORD`");
    if (api_key->text && password->text)
        return inifile_refuse(path, password->line, "password", ret_error,
                              "api_key is given too, in line %u; take one of the two out",
                              api_key->line);

    r = credential_new(api_key->text ? CREDENTIAL_API_KEY : CREDENTIAL_PASSWORD, username->text,
                       api_key->text ? api_key->text : password->text, &c);
    if (r < 0)
        return r;
    if (d->values[FILE_TENANT_ID].text && !(c->tenant_id = strdup(d->values[FILE_TENANT_ID].text)))
        return -ENOMEM;
    if (d->values[FILE_TENANT_NAME].text &&
        !(c->tenant_name = strdup(d->values[FILE_TENANT_NAME].text)))
        return -ENOMEM;
    *ret = TAKE_PTR(c);
    return 0;
}

static bool is_guarded_by_systemd(const char *path)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    _cleanup_(freep) char *real_folder = folder && *folder ? realpath(folder, NULL) : NULL;
    _cleanup_(freep) char *real_path = realpath(path, NULL);
    size_t length;

    if (!real_folder || !real_path)
        return false;
    length = strlen(real_folder);
    return strncmp(real_path, real_folder, length) == 0 && real_path[length] == '/';
}

/* What comes before the change of mode: mode 600 shuts out a daemon that reads somebody else's file. */
static int make_own(const char *path, char **ret_command)
{
    const struct passwd *p = getpwuid(geteuid());
    int n = p ? asprintf(ret_command, "chown %s %s && ", p->pw_name, path)
              : asprintf(ret_command, "chown %u %s && ", geteuid(), path);

    return n < 0 ? -ENOMEM : 0;
}

int credential_exposure(const char *path, const struct stat *st, char **ret_warning)
{
    _cleanup_(freep) char *chown = NULL;
    char *warning = NULL;

    if (!(st->st_mode & (S_IRGRP | S_IROTH)) || is_guarded_by_systemd(path)) {
        *ret_warning = NULL;
        return 0;
    }
    /* Root reads any file. */
    if (st->st_uid != geteuid() && geteuid() != 0 && make_own(path, &chown) < 0) {
        chown = NULL;
        return -ENOMEM;
    }
    if (asprintf(&warning, "%s: others than its owner can read the key in it; run `%schmod 600 %s`",
                 path, chown ? chown : "", path) < 0)
        return -ENOMEM;
    *ret_warning = warning;
    return 0;
}

int credential_read(const char *path, struct credential **ret, char **ret_warning, char **ret_error)
{
    _cleanup_(file_draft_done) struct file_draft draft = {0};
    _cleanup_(credential_freep) struct credential *c = NULL;
    struct stat st;
    int r;

    r = inifile_read(path, take_entry, &draft, &st, ret_error);
    if (r < 0)
        return r;
    r = finish(path, &draft, &c, ret_error);
    if (r < 0)
        return r;
    r = credential_exposure(path, &st, ret_warning);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(c);
    return 0;
}
