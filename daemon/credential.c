/* SPDX-License-Identifier: MIT */
/*
 * pyrax's credential file: which keys there are is one table, and each value is held in secret
 * memory from the moment it is read, for any of them may turn out to be the key in the wrong line.
 */
#include "credential.h"

#include "inifile.h"
#include "secret.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    bool is_key;
} fields[_CREDENTIAL_FIELD_MAX] = {
    [CREDENTIAL_USERNAME] = {"username"},
    [CREDENTIAL_USER_ID] = {"user_id"},
    [CREDENTIAL_USER_DOMAIN_ID] = {"user_domain_id"},
    [CREDENTIAL_USER_DOMAIN_NAME] = {"user_domain_name"},
    [CREDENTIAL_API_KEY] = {"api_key", true},
    [CREDENTIAL_PASSWORD] = {"password", true},
    [CREDENTIAL_APPLICATION_CREDENTIAL_ID] = {"application_credential_id"},
    [CREDENTIAL_APPLICATION_CREDENTIAL_NAME] = {"application_credential_name"},
    [CREDENTIAL_APPLICATION_CREDENTIAL_SECRET] = {"application_credential_secret", true},
    [CREDENTIAL_TENANT_ID] = {"tenant_id"},
    [CREDENTIAL_TENANT_NAME] = {"tenant_name"},
    [CREDENTIAL_PROJECT_DOMAIN_ID] = {"project_domain_id"},
    [CREDENTIAL_PROJECT_DOMAIN_NAME] = {"project_domain_name"},
    [CREDENTIAL_DOMAIN_ID] = {"domain_id"},
    [CREDENTIAL_DOMAIN_NAME] = {"domain_name"},
};

static const struct {
    const char *name;
    enum credential_field field;
} other_names[] = {
    {"project_id", CREDENTIAL_TENANT_ID},
    {"project_name", CREDENTIAL_TENANT_NAME},
};

/* What a credential file has said so far. */
struct file_draft {
    unsigned section_line; /* 0: no section yet */
    struct credential credential;
    unsigned lines[_CREDENTIAL_FIELD_MAX];
};

static void file_draft_done(struct file_draft *d)
{
    credential_done(&d->credential);
}

enum credential_field credential_field_find(const char *name)
{
    size_t i = 0;

    for (size_t j = 0; j < ARRAY_SIZE(other_names); j++)
        if (strcmp(other_names[j].name, name) == 0)
            return other_names[j].field;
    while (i < _CREDENTIAL_FIELD_MAX && strcmp(fields[i].name, name) != 0)
        i++;
    return (enum credential_field)i;
}

const char *credential_field_name(enum credential_field field)
{
    return fields[field].name;
}

bool credential_field_is_key(enum credential_field field)
{
    return fields[field].is_key;
}

struct credential *credential_new(void)
{
    return calloc(1, sizeof(struct credential));
}

int credential_set(struct credential *c, enum credential_field field, const char *text)
{
    char *copy = text && *text ? secret_strdup_locked(text) : NULL;

    if (text && *text && !copy)
        return -ENOMEM;
    secret_free(c->fields[field]);
    c->fields[field] = copy;
    return 0;
}

int credential_copy(const struct credential *from, struct credential **ret)
{
    _cleanup_(credential_freep) struct credential *c = credential_new();

    if (!c)
        return -ENOMEM;
    for (size_t i = 0; i < _CREDENTIAL_FIELD_MAX; i++)
        if (credential_set(c, (enum credential_field)i, from->fields[i]) < 0)
            return -ENOMEM;
    *ret = TAKE_PTR(c);
    return 0;
}

void credential_done(struct credential *c)
{
    for (size_t i = 0; i < _CREDENTIAL_FIELD_MAX; i++)
        secret_free(TAKE_PTR(c->fields[i]));
}

void credential_forget_keys(struct credential *c)
{
    for (size_t i = 0; i < _CREDENTIAL_FIELD_MAX; i++)
        if (fields[i].is_key)
            secret_free(TAKE_PTR(c->fields[i]));
}

void credential_free(struct credential *c)
{
    if (!c)
        return;
    credential_done(c);
    free(c);
}

enum credential_field credential_key(const struct credential *c)
{
    size_t i = 0;

    while (i < _CREDENTIAL_FIELD_MAX && !(fields[i].is_key && c->fields[i]))
        i++;
    return (enum credential_field)i;
}

enum credential_fault credential_check(const struct credential *c, enum credential_field *ret_field,
                                       enum credential_field *ret_key)
{
    enum credential_field key = credential_key(c);
    bool has_user = c->fields[CREDENTIAL_USERNAME] || c->fields[CREDENTIAL_USER_ID];

    *ret_key = key;
    if (key == _CREDENTIAL_FIELD_MAX) {
        *ret_field = CREDENTIAL_API_KEY;
        return CREDENTIAL_WITHOUT_KEY;
    }
    for (size_t i = key + 1U; i < _CREDENTIAL_FIELD_MAX; i++) {
        *ret_field = (enum credential_field)i;
        if (fields[i].is_key && c->fields[i])
            return CREDENTIAL_WITH_TWO_KEYS;
    }
    if (key == CREDENTIAL_APPLICATION_CREDENTIAL_SECRET &&
        c->fields[CREDENTIAL_APPLICATION_CREDENTIAL_ID])
        return CREDENTIAL_WHOLE;
    if (key == CREDENTIAL_APPLICATION_CREDENTIAL_SECRET &&
        !c->fields[CREDENTIAL_APPLICATION_CREDENTIAL_NAME]) {
        *ret_field = CREDENTIAL_APPLICATION_CREDENTIAL_ID;
        return CREDENTIAL_WITHOUT_APPLICATION;
    }
    *ret_field = CREDENTIAL_USERNAME;
    return has_user ? CREDENTIAL_WHOLE : CREDENTIAL_WITHOUT_USER;
}

struct digest credential_digest(const struct credential *c, uint64_t salt)
{
    struct digest digest = {0};
    struct digest_maker maker;

    if (!c)
        return digest;
    digest_begin(&maker, salt);
    for (size_t i = 0; i < _CREDENTIAL_FIELD_MAX; i++)
        digest_add(&maker, fields[i].name, c->fields[i]);
    return digest_end(&maker);
}

static bool text_equal(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

bool credential_equal(const struct credential *a, const struct credential *b)
{
    if (!a || !b)
        return a == b;
    for (size_t i = 0; i < _CREDENTIAL_FIELD_MAX; i++)
        if (!text_equal(a->fields[i], b->fields[i]))
            return false;
    return true;
}

static int open_section(struct file_draft *d, const struct inifile_entry *entry, char **ret_error)
{
    if (d->section_line > 0)
        return textfile_refuse(entry->path, entry->line, NULL, ret_error,
                               "a second section, the first is in line %u; a credential file holds "
                               "one, so give each its own file",
                               d->section_line);
    d->section_line = entry->line;
    return 0;
}

static int take_entry(const struct inifile_entry *entry, void *userdata, char **ret_error)
{
    struct file_draft *d = userdata;
    enum credential_field field;

    if (!entry->key)
        return open_section(d, entry, ret_error);
    if (entry->more)
        return inifile_refuse_more(entry, ret_error);
    field = credential_field_find(entry->key);
    if (field == _CREDENTIAL_FIELD_MAX)
        return textfile_refuse(entry->path, entry->line, entry->key, ret_error,
                               "unknown key; a credential file has username, api_key or password, "
                               "tenant_id and tenant_name, and those that latchkeyd.conf(5) lists "
                               "for Keystone");
    if (d->credential.fields[field])
        return textfile_refuse(entry->path, entry->line, entry->key, ret_error,
                               "given twice, first in line %u; take one out", d->lines[field]);
    if (!*entry->value)
        return textfile_refuse(entry->path, entry->line, entry->key, ret_error,
                               "has no value; write one behind the `=`");
    if (entry->cut && credential_field_is_key(field))
        return inifile_refuse_cut(entry, ret_error);
    d->lines[field] = entry->line;
    return credential_set(&d->credential, field, entry->value);
}

/* A file that was read to its end has to hold a whole credential. */
static int check(const char *path, const struct file_draft *d, char **ret_error)
{
    enum credential_field field, key;

    if (d->section_line == 0)
        return textfile_refuse(
            path, 0, NULL, ret_error,
            "holds no credential; write `[rackspace_cloud]`, `username = NAME` and "
            "`api_key = KEY` into it");
    switch (credential_check(&d->credential, &field, &key)) {
    case CREDENTIAL_WITHOUT_KEY:
        if (!d->credential.fields[CREDENTIAL_USERNAME])
            return textfile_refuse(path, d->section_line, "username", ret_error,
                                   "missing; add `username = NAME`");
        return textfile_refuse(path, d->section_line, fields[field].name, ret_error,
                               "missing; add `api_key = KEY` or `password = PASSWORD`");
    case CREDENTIAL_WITH_TWO_KEYS:
        return textfile_refuse(path, d->lines[field], fields[field].name, ret_error,
                               "%s is given too, in line %u; take one of the two out",
                               fields[key].name, d->lines[key]);
    case CREDENTIAL_WITHOUT_USER:
        return textfile_refuse(path, d->section_line, fields[field].name, ret_error,
                               "missing; add `username = NAME`");
    case CREDENTIAL_WITHOUT_APPLICATION:
        return textfile_refuse(path, d->section_line, fields[field].name, ret_error,
                               "missing; add `application_credential_id = ID`");
    case CREDENTIAL_WHOLE:
        break;
    }
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
    r = check(path, &draft, ret_error);
    if (r >= 0)
        r = credential_copy(&draft.credential, &c);
    if (r < 0)
        return r;
    r = credential_exposure(path, &st, ret_warning);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(c);
    return 0;
}
