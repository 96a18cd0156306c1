/* SPDX-License-Identifier: MIT */
#include "config_allow.h"

#include "config_section.h"
#include "config_users.h"
#include "policy_path.h"

#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <string.h>
#include <strings.h>

#define OPERATIONS "status, identity, catalog, token, refresh, credential, proxy, metrics or *"
#define SEPARATORS ", \t"

/* Takes one word of a key's list. 0; -EBADMSG with ret_fault set to what follows "`WORD` " in a sentence;
 * 1 with it set in the same way when it comes to nothing; or -ENOMEM. */
typedef int (*take_fn)(struct policy_rule *rule, const char *word, const char **ret_fault);

static int take_found(int r, const char *none, const char **ret_fault)
{
    if (r == -EINVAL) {
        *ret_fault = "is too large a number for an id; give a name or an id";
        return -EBADMSG;
    }
    if (r > 0)
        *ret_fault = none;
    return r;
}

static int take_user(struct policy_rule *rule, const char *word, const char **ret_fault)
{
    return take_found(config_users_add(word, &rule->users),
                      "is no user that there is, and allows nobody anything; correct it or take it "
                      "out",
                      ret_fault);
}

static int take_group(struct policy_rule *rule, const char *word, const char **ret_fault)
{
    return take_found(config_groups_add(word, &rule->groups),
                      "is no group that there is, and allows nobody anything; correct it or take "
                      "it out",
                      ret_fault);
}

static int take_unit(struct policy_rule *rule, const char *word, const char **ret_fault)
{
    if (strcmp(word, POLICY_USER_UNIT) == 0) {
        *ret_fault = "names no unit; write it behind the colon, as in `user:backup.service`";
        return -EBADMSG;
    }
    return policy_words_add(&rule->units, word);
}

static int take_socket(struct policy_rule *rule, const char *word, const char **ret_fault _unused_)
{
    return policy_words_add(&rule->sockets, word);
}

static int take_cloud(struct policy_rule *rule, const char *word, const char **ret_fault _unused_)
{
    return policy_words_add(&rule->clouds, word);
}

static int take_operation(struct policy_rule *rule, const char *word, const char **ret_fault)
{
    enum operation operation = operation_find(word);

    if (strcmp(word, POLICY_ANY) == 0) {
        rule->any_operation = true;
    } else if (operation < _OPERATION_MAX) {
        rule->operations[operation] = true;
    } else {
        *ret_fault = "is no operation; give " OPERATIONS;
        return -EBADMSG;
    }
    return 0;
}

static int take_service(struct policy_rule *rule, const char *word, const char **ret_fault _unused_)
{
    return policy_words_add(&rule->services, word);
}

static int take_region(struct policy_rule *rule, const char *word, const char **ret_fault _unused_)
{
    return policy_words_add(&rule->regions, word);
}

/* A method is matched as it is sent, and there is none in small letters. */
static int take_method(struct policy_rule *rule, const char *word, const char **ret_fault)
{
    const char *p = word;

    while (isupper((unsigned char)*p) || *p == '-' || *p == '_')
        p++;
    if (*p && strcmp(word, POLICY_ANY) != 0) {
        *ret_fault = "is no method; write it in capitals, as in `GET, HEAD`";
        return -EBADMSG;
    }
    return policy_words_add(&rule->methods, word);
}

static int take_path(struct policy_rule *rule, const char *word, const char **ret_fault)
{
    *ret_fault = policy_path_fault(word);
    return *ret_fault ? -EBADMSG : policy_words_add(&rule->paths, word);
}

static const struct {
    const char *name; /* with an `s` behind it, too */
    take_fn take;
    const char *wanted; /* completes the sentence "give …" */
    bool is_of_call;    /* only signed requests have it */
} keys[_RULE_KEY_MAX] = {
    [RULE_USER] = {"user", take_user, "users: names, numbers, patterns or *", false},
    [RULE_GROUP] = {"group", take_group, "groups: names, numbers, patterns or *", false},
    [RULE_UNIT] = {"unit", take_unit,
                   "systemd units, as in `backup.service` (`user:` before a user's own)", false},
    [RULE_SOCKET] = {"socket", take_socket, "names of listening sockets", false},
    [RULE_CLOUD] = {"cloud", take_cloud, "names of clouds", false},
    [RULE_OPERATION] = {"operation", take_operation, OPERATIONS, false},
    [RULE_SERVICE] = {"service", take_service, "services, as in `object-store`", true},
    [RULE_REGION] = {"region", take_region, "regions, as in `DFW, ORD`", true},
    [RULE_METHOD] = {"method", take_method, "methods, as in `GET, HEAD`", true},
    [RULE_PATH] = {"path", take_path, "paths behind the service, as in `/container/**`", true},
};

/* ---- sections and entries */

bool config_is_rule(const char *section)
{
    return strncasecmp(section, "allow", 5) == 0 && (!section[5] || section[5] == ' ');
}

static int refuse_twin(const struct config_rule *twin, const struct inifile_entry *entry,
                       char **ret_error)
{
    return textfile_refuse(entry->path, entry->line, NULL, ret_error,
                           "[%s]: a second rule of that name, the first is in line %u; give this "
                           "one another",
                           entry->section, twin->line);
}

int config_allow_open(struct config_draft *d, const struct inifile_entry *entry, char **ret_error)
{
    const char *name = entry->section + strlen("allow");
    struct config_rule *grown;

    if (strncmp(entry->section, "allow ", 6) != 0 || !config_draft_is_name(++name))
        return textfile_refuse(entry->path, entry->line, NULL, ret_error,
                               "[%s]: an access rule is headed [allow NAME]; give it a name of "
                               "letters, digits, dots, underscores, hyphens and blanks between "
                               "them",
                               entry->section);
    for (size_t i = 0; i < d->n_rules; i++)
        if (strcmp(d->rules[i].rule.name, name) == 0)
            return refuse_twin(&d->rules[i], entry, ret_error);
    grown = reallocarray(d->rules, d->n_rules + 1, sizeof(*grown));
    if (!grown)
        return -ENOMEM;
    d->rules = grown;
    grown[d->n_rules] = (struct config_rule){.path = entry->path, .line = entry->line};
    grown[d->n_rules].rule.name = strdup(name);
    return grown[d->n_rules++].rule.name ? 0 : -ENOMEM;
}

static enum rule_key find_key(const char *name)
{
    size_t i = 0, length;

    for (; i < _RULE_KEY_MAX; i++) {
        length = strlen(keys[i].name);
        if (strncmp(name, keys[i].name, length) == 0 &&
            (!name[length] || strcmp(name + length, "s") == 0))
            break;
    }
    return (enum rule_key)i;
}

/* An error or a warning of a word, in its line. */
static int say_fault(struct config_draft *d, const struct inifile_entry *entry, int r,
                     const char *word, const char *fault, char **ret_error)
{
    _cleanup_(freep) char *sentence = NULL;

    if (r < 0)
        return textfile_refuse(entry->path, entry->line, entry->key, ret_error, "`%s` %s", word,
                               fault);
    if (asprintf(&sentence, "`%s` %s", word, fault) < 0) {
        sentence = NULL;
        return -ENOMEM;
    }
    return config_draft_warn(d, entry->path, entry->line, NULL, entry->key, sentence);
}

static int take_word(struct config_draft *d, struct config_rule *rule, enum rule_key key,
                     const struct inifile_entry *entry, const char *word, char **ret_error)
{
    const char *fault = NULL;
    int r;

    /* A line that was indented by mistake. */
    if (key != RULE_PATH && strchr(word, '=')) {
        fault = "is no name; begin a line with a key at its very start, and let `=` stand once";
        return say_fault(d, entry, -EBADMSG, word, fault, ret_error);
    }
    rule->n_words[key]++;
    r = keys[key].take(&rule->rule, word, &fault);
    return fault ? say_fault(d, entry, r, word, fault, ret_error) : r;
}

int config_allow_take(struct config_draft *d, const struct inifile_entry *entry, char **ret_error)
{
    struct config_rule *rule = &d->rules[d->n_rules - 1];
    _cleanup_(freep) char *list = strdup(entry->value);
    enum rule_key key = find_key(entry->key);
    char *rest = list;
    int r = list ? 0 : -ENOMEM;

    if (key == _RULE_KEY_MAX)
        return textfile_refuse(entry->path, entry->line, entry->key, ret_error,
                               "not a key of an access rule; there are user, group, unit, socket, "
                               "cloud, operation, service, region, method and path");
    if (rule->lines[key] && !entry->more)
        return textfile_refuse(entry->path, entry->line, entry->key, ret_error,
                               "given twice, first in line %u; make them one, which may go on in "
                               "indented lines",
                               rule->lines[key]);
    if (!entry->more)
        rule->lines[key] = entry->line;
    while (r >= 0 && rest) {
        const char *word = strsep(&rest, SEPARATORS);

        if (*word)
            r = take_word(d, rule, key, entry, word, ret_error);
    }
    return r;
}

/* ---- rules as a whole */

static int check_keys(const struct config_rule *rule, char **ret_error)
{
    bool proxies = policy_rule_has(&rule->rule, OPERATION_PROXY);

    for (size_t key = 0; key < _RULE_KEY_MAX; key++) {
        if (rule->lines[key] == 0)
            continue;
        if (rule->n_words[key] == 0)
            return textfile_refuse(rule->path, rule->lines[key], keys[key].name, ret_error,
                                   "has no value; give %s, or take the line out", keys[key].wanted);
        if (keys[key].is_of_call && !proxies)
            return textfile_refuse(rule->path, rule->lines[key], keys[key].name, ret_error,
                                   "only signed requests have it; add proxy to `operation`, or "
                                   "take the line out");
    }
    return 0;
}

static int check_whole(const struct config_rule *rule, char **ret_error)
{
    const unsigned *lines = rule->lines;

    if (!lines[RULE_USER] && !lines[RULE_GROUP] && !lines[RULE_UNIT] && !lines[RULE_SOCKET])
        return textfile_refuse(rule->path, rule->line, NULL, ret_error,
                               "[allow %s]: names nobody; give user, group, unit or socket; "
                               "`user = *` is everybody",
                               rule->rule.name);
    if (!lines[RULE_OPERATION])
        return textfile_refuse(rule->path, rule->line, NULL, ret_error,
                               "[allow %s]: allows nothing; give `operation`: " OPERATIONS,
                               rule->rule.name);
    return check_keys(rule, ret_error);
}

static bool is_a_cloud(const struct config *c, const char *pattern)
{
    for (size_t i = 0; i < c->n_clouds; i++)
        if (fnmatch(pattern, c->clouds[i].name, FNM_NOESCAPE) == 0)
            return true;
    return false;
}

_printf_(4, 5) static int warn(struct config *c, const struct config_rule *rule, enum rule_key key,
                               const char *format, ...)
{
    char *sentence = NULL;
    va_list ap;
    int r;

    /* A warning looks like an error, it only stops nothing. */
    va_start(ap, format);
    r = textfile_vrefuse(rule->path, rule->lines[key], keys[key].name, &sentence, format, ap);
    va_end(ap);
    return r == -ENOMEM ? r : config_keep_warning(c, sentence);
}

/* What is right, but hardly what was meant. */
static int warn_of_rule(struct config *c, const struct config_rule *rule)
{
    const struct policy_words *units = &rule->rule.units, *clouds = &rule->rule.clouds;
    int r = 0;

    for (size_t i = 0; r >= 0 && i < clouds->n; i++)
        if (!is_a_cloud(c, clouds->word[i]))
            r = warn(c, rule, RULE_CLOUD,
                     "`%s` is no cloud that there is; correct it or take it out", clouds->word[i]);
    for (size_t i = 0; r >= 0 && i < units->n && !rule->lines[RULE_USER]; i++)
        if (strncmp(units->word[i], POLICY_USER_UNIT, strlen(POLICY_USER_UNIT)) == 0)
            r = warn(c, rule, RULE_UNIT,
                     "any user can have a unit `%s`; say with `user` whose is meant",
                     units->word[i] + strlen(POLICY_USER_UNIT));
    return r;
}

int config_allow_apply(struct config *c, struct config_draft *d, char **ret_error)
{
    int r = 0;

    for (size_t i = 0; r >= 0 && i < d->n_rules; i++) {
        r = check_whole(&d->rules[i], ret_error);
        if (r >= 0)
            r = warn_of_rule(c, &d->rules[i]);
        if (r >= 0)
            r = policy_add_rule(c->policy, &d->rules[i].rule);
    }
    return r;
}
