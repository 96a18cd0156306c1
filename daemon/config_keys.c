/* SPDX-License-Identifier: MIT */
/*
 * The readers of single values are strict: what they do not understand wholly they refuse, and the
 * table's `wanted` says what would have been right.
 */
#include "config_keys.h"

#include "providers.h"
#include "secret.h"
#include "template.h"

#include <ctype.h>
#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>
#include <syslog.h>

#define SECONDS_MAX 86400
#define QUOTA_MOST 1000000
#define LOGINS_MOST 1000

struct word {
    const char *spelling;
    const char *name;
    int number;
};

static const struct word booleans[] = {
    {"yes", NULL, 1}, {"true", NULL, 1},  {"on", NULL, 1},  {"1", NULL, 1},
    {"no", NULL, 0},  {"false", NULL, 0}, {"off", NULL, 0}, {"0", NULL, 0},
};

#define PROVIDER(type, provider) {type, type, 0},
static const struct word identity_types[] = {
    IDENTITY_PROVIDERS(PROVIDER) /* and as pyrax spells its own classes */
    {"rax_identity.RaxIdentity", "rackspace", 0},
    {"keystone_identity.KeystoneIdentity", "keystone", 0},
};
#undef PROVIDER

static const struct word interfaces[] = {
    {"public", "public", 0},        {"publicURL", "public", 0}, {"internal", "internal", 0},
    {"internalURL", "internal", 0}, {"admin", "admin", 0},      {"adminURL", "admin", 0},
};

static const struct word log_levels[] = {
    {"error", NULL, LOG_ERR}, {"warning", NULL, LOG_WARNING}, {"notice", NULL, LOG_NOTICE},
    {"info", NULL, LOG_INFO}, {"debug", NULL, LOG_DEBUG},
};

static const struct word tls_versions[] = {
    {"1.2", "1.2", 0},
    {"TLSv1.2", "1.2", 0},
    {"1.3", "1.3", 0},
    {"TLSv1.3", "1.3", 0},
};

static const struct word *find_word(const struct word *words, size_t n, const char *value)
{
    for (size_t i = 0; i < n; i++)
        if (strcasecmp(words[i].spelling, value) == 0)
            return &words[i];
    return NULL;
}

static int set_text(char **field, const char *value)
{
    char *copy = strdup(value);

    if (!copy)
        return -ENOMEM;
    free(*field);
    *field = copy;
    return 0;
}

static int parse_text(const char *value, void *field)
{
    return set_text(field, value);
}

static int parse_secret(const char *value, void *field)
{
    char **secret = field;
    char *copy = secret_strdup_locked(value);

    if (!copy)
        return -ENOMEM;
    secret_free(*secret);
    *secret = copy;
    return 0;
}

static int parse_name_of(const struct word *word, char **field)
{
    return word ? set_text(field, word->name) : -EINVAL;
}

static int parse_identity_type(const char *value, void *field)
{
    return parse_name_of(find_word(identity_types, ARRAY_SIZE(identity_types), value), field);
}

static int parse_interface(const char *value, void *field)
{
    return parse_name_of(find_word(interfaces, ARRAY_SIZE(interfaces), value), field);
}

static int parse_tls_version(const char *value, void *field)
{
    return parse_name_of(find_word(tls_versions, ARRAY_SIZE(tls_versions), value), field);
}

/* The major version alone, "v3": nobody's protocols differ in what is behind the dot. */
static int parse_api_version(const char *value, void *field)
{
    const char *number = value + (*value == 'v' || *value == 'V');
    size_t major = strspn(number, "0123456789");
    size_t minor = number[major] == '.' ? strspn(number + major + 1, "0123456789") + 1 : 0;
    char version[8];

    if (major == 0 || minor == 1 || number[major + minor] || major + 2 > sizeof(version))
        return -EINVAL;
    snprintf(version, sizeof(version), "v%.*s", (int)major, number);
    return set_text(field, version);
}

static int parse_boolean(const char *value, void *field)
{
    const struct word *word = find_word(booleans, ARRAY_SIZE(booleans), value);

    if (!word)
        return -EINVAL;
    *(bool *)field = word->number;
    return 0;
}

static int parse_log_level(const char *value, void *field)
{
    const struct word *word = find_word(log_levels, ARRAY_SIZE(log_levels), value);

    if (!word)
        return -EINVAL;
    *(int *)field = word->number;
    return 0;
}

/* The field is that of `interface`: ServiceNet is the internal one, unless something else was
 * asked for by name. */
static int parse_use_servicenet(const char *value, void *field)
{
    char **interface = field;
    bool use;
    int r = parse_boolean(value, &use);

    if (r < 0 || !use || *interface)
        return r;
    return set_text(interface, "internal");
}

static int parse_user_agent(const char *value, void *field)
{
    char **agent = field;
    char *both;

    if (asprintf(&both, "%s latchkey/%s", value, LATCHKEY_VERSION) < 0)
        return -ENOMEM;
    free(*agent);
    *agent = both;
    return 0;
}

/* A number of the given base within its bounds, nothing but digits. */
static int parse_number(const char *value, int base, unsigned long least, unsigned long most,
                        unsigned long *ret)
{
    unsigned long number;
    char *end;

    if (!isdigit((unsigned char)*value))
        return -EINVAL;
    number = strtoul(value, &end, base);
    if (*end || number < least || number > most)
        return -EINVAL;
    *ret = number;
    return 0;
}

static int parse_seconds(const char *value, void *field)
{
    unsigned long seconds;
    int r = parse_number(value, 10, 1, SECONDS_MAX, &seconds);

    if (r == 0)
        *(usec_t *)field = seconds * USEC_PER_SEC;
    return r;
}

static int parse_quota(const char *value, void *field)
{
    unsigned long most;
    int r = parse_number(value, 10, 0, QUOTA_MOST, &most);

    if (r == 0)
        *(unsigned *)field = (unsigned)most;
    return r;
}

static int parse_logins(const char *value, void *field)
{
    unsigned long most;
    int r = parse_number(value, 10, 1, LOGINS_MOST, &most);

    if (r == 0)
        *(unsigned *)field = (unsigned)most;
    return r;
}

static int parse_mode(const char *value, void *field)
{
    unsigned long mode;
    int r = parse_number(value, 8, 0, 0777, &mode);

    if (r == 0)
        *(mode_t *)field = (mode_t)mode;
    return r;
}

/* A `~/` at the start is the user's own folder, as it was for pyrax. */
static int parse_path(const char *value, void *field)
{
    const char *home = getenv("HOME");
    char **path = field;
    char *expanded;

    if (strncmp(value, "~/", 2) != 0)
        return set_text(path, value);
    if (!home || *home != '/')
        return -EINVAL;
    if (asprintf(&expanded, "%s/%s", home, value + 2) < 0)
        return -ENOMEM;
    free(*path);
    *path = expanded;
    return 0;
}

static int parse_absolute_path(const char *value, void *field)
{
    return *value == '/' || strncmp(value, "~/", 2) == 0 ? parse_path(value, field) : -EINVAL;
}

/* An empty one: no file at all. */
static int parse_path_or_no(const char *value, void *field)
{
    return strcasecmp(value, "no") == 0 ? set_text(field, "") : parse_absolute_path(value, field);
}

static int parse_socket(const char *value, void *field)
{
    _cleanup_(freep) char *path = NULL;
    int r = parse_absolute_path(value, &path);

    if (r < 0)
        return r;
    if (strlen(path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
        return -EINVAL;
    return set_text(field, path);
}

static int parse_group(const char *value, void *field)
{
    const struct group *group = getgrnam(value);

    if (!group)
        return -EINVAL;
    *(gid_t *)field = group->gr_gid;
    return 0;
}

/* Nothing, or a colon and a port. */
static bool is_port(const char *text, size_t length)
{
    return length == 0 ||
           (*text == ':' && length >= 2 && length <= 6 &&
            strspn(text + 1, "0123456789") >= length - 1 && strtoul(text + 1, NULL, 10) <= 65535);
}

/* A host and perhaps a port, as they stand in a URL. */
static bool is_authority(const char *text, size_t length)
{
    size_t host;

    if (*text != '[') {
        host = strcspn(text, ":/@[]");
        return host > 0 && is_port(text + host, length - host);
    }
    host = strspn(text + 1, "0123456789abcdefABCDEF:.");
    return host > 0 && text[1 + host] == ']' && is_port(text + host + 2, length - host - 2);
}

int config_parse_url(const char *value, void *field)
{
    const char *rest = strncasecmp(value, "https://", 8) == 0  ? value + 8
                       : strncasecmp(value, "http://", 7) == 0 ? value + 7
                                                               : "";

    for (const char *p = value; *p; p++)
        if (*p <= ' ' || *p >= 0x7f || *p == '?' || *p == '#')
            return -EINVAL;
    return is_authority(rest, strcspn(rest, "/")) ? set_text(field, value) : -EINVAL;
}

static int parse_endpoint(const char *value, void *field)
{
    return template_check(value) < 0 ? -EINVAL : config_parse_url(value, field);
}

/* What stands behind a proxy's scheme, and NULL for a scheme that there is no proxy of. */
static const char *skip_proxy_scheme(const char *value)
{
    static const char *const schemes[] = {"http",    "https",  "socks4",
                                          "socks4a", "socks5", "socks5h"};
    const char *rest = strstr(value, "://");

    if (!rest)
        return value;
    for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
        if (strlen(schemes[i]) == (size_t)(rest - value) &&
            strncasecmp(value, schemes[i], strlen(schemes[i])) == 0)
            return rest + 3;
    return NULL;
}

/* libcurl takes an empty one for none, whatever the environment says. It must not meet one that it does
 * not understand: that it would quote, password and all. */
static int parse_proxy(const char *value, void *field)
{
    const char *rest = skip_proxy_scheme(value);
    size_t user, host;

    if (strcasecmp(value, "none") == 0)
        return parse_secret("", field);
    for (const char *p = value; *p; p++)
        if (*p <= ' ' || *p >= 0x7f)
            return -EINVAL;
    if (!rest)
        return -EINVAL;
    user = strcspn(rest, "@/?#");
    if (rest[user] == '@')
        rest += user + 1;
    host = strcspn(rest, "/");
    return is_authority(rest, host) && strlen(rest + host) <= 1 ? parse_secret(value, field)
                                                                : -EINVAL;
}

#define IN_DAEMON(member) offsetof(struct config, member)
#define IN_CLOUD(member) offsetof(struct cloud_config, member)
#define LOGIN(id, name, wanted, ...)                                                            \
    [KEY_LOGIN + CREDENTIAL_##                                                                  \
        id] = {name,   parse_secret, IN_CLOUD(login.fields[CREDENTIAL_##id]), KEY_FIELD_SECRET, \
               wanted, __VA_ARGS__}
#define BOOLEAN "yes or no"
#define PATH "a path, with ~/ only where $HOME is set"
#define SECONDS "a whole number of seconds from 1 to 86400"
#define QUOTA(kind, name)                                                 \
    {                                                                     \
        name, parse_quota, IN_DAEMON(quotas.most[kind]), KEY_FIELD_PLAIN, \
            "a whole number up to 1000000, or 0 for no limit"             \
    }

const struct config_key config_keys[_KEY_MAX] = {
    [KEY_DEFAULT] = {"default", parse_text, IN_DAEMON(default_cloud), KEY_FIELD_STRING,
                     "the name of a cloud"},
    [KEY_SOCKET] = {"socket", parse_socket, IN_DAEMON(socket), KEY_FIELD_STRING,
                    "an absolute path of at most 107 bytes"},
    [KEY_SOCKET_MODE] = {"socket_mode", parse_mode, IN_DAEMON(socket_mode), KEY_FIELD_PLAIN,
                         "an octal mode such as 0660"},
    [KEY_SOCKET_GROUP] = {"socket_group", parse_group, IN_DAEMON(socket_group), KEY_FIELD_PLAIN,
                          "the name of a group that there is"},
    [KEY_LOG_LEVEL] = {"log_level", parse_log_level, IN_DAEMON(log_level), KEY_FIELD_PLAIN,
                       "error, warning, notice, info or debug"},
    [KEY_CLOUDS_YAML] = {"clouds_yaml", parse_path_or_no, IN_DAEMON(clouds_yaml), KEY_FIELD_STRING,
                         "an absolute path, or no"},
    [KEY_CONNECTIONS_PER_USER] = QUOTA(QUOTA_CONNECTIONS, "connections_per_user"),
    [KEY_REQUESTS_PER_USER] = QUOTA(QUOTA_REQUESTS, "requests_per_user"),
    [KEY_WAITING_PER_USER] = QUOTA(QUOTA_WAITING, "waiting_per_user"),
    [KEY_LOGINS_AT_ONCE] = {"logins_at_once", parse_logins, IN_DAEMON(logins_at_once),
                            KEY_FIELD_PLAIN, "a whole number from 1 to 1000"},
    [KEY_DEFAULT_CONNECT_TIMEOUT] = {"connect_timeout", parse_seconds, IN_DAEMON(connect_timeout),
                                     KEY_FIELD_PLAIN, SECONDS},
    [KEY_DEFAULT_LOGIN_TIMEOUT] = {"login_timeout", parse_seconds, IN_DAEMON(login_timeout),
                                   KEY_FIELD_PLAIN, SECONDS},
    [KEY_DEFAULT_UPSTREAM_TIMEOUT] = {"upstream_timeout", parse_seconds,
                                      IN_DAEMON(upstream_timeout), KEY_FIELD_PLAIN, SECONDS},
    [KEY_DEFAULT_REQUEST_TIMEOUT] = {"request_timeout", parse_seconds, IN_DAEMON(request_timeout),
                                     KEY_FIELD_PLAIN, SECONDS},

    [KEY_IDENTITY_TYPE] = {"identity_type", parse_identity_type, IN_CLOUD(identity_type),
                           KEY_FIELD_STRING, "one of " IDENTITY_TYPES, .may_be_empty = true},
    [KEY_AUTH_ENDPOINT] = {"auth_endpoint", config_parse_url, IN_CLOUD(auth_endpoint),
                           KEY_FIELD_STRING,
                           "an http:// or https:// URL with a host, without user, query or "
                           "fragment",
                           .may_be_empty = true},
    [KEY_ENDPOINT] = {"endpoint", parse_endpoint, IN_CLOUD(endpoint), KEY_FIELD_STRING,
                      CONFIG_ENDPOINT_WANTED},
    [KEY_CREDENTIAL_FILE] = {"credential_file", parse_path, IN_CLOUD(credential_file),
                             KEY_FIELD_STRING, PATH, .is_login = true},
    LOGIN(USERNAME, "username", "a user's name", .is_login = true),
    LOGIN(USER_ID, "user_id", "a user's id", .is_login = true),
    LOGIN(USER_DOMAIN_ID, "user_domain_id", "a domain's id", .may_be_empty = true),
    LOGIN(USER_DOMAIN_NAME, "user_domain_name", "a domain's name", .may_be_empty = true),
    LOGIN(API_KEY, "api_key", "the API key", .is_login = true, .is_key = true),
    LOGIN(PASSWORD, "password", "the password", .is_login = true, .is_key = true),
    LOGIN(APPLICATION_CREDENTIAL_ID, "application_credential_id", "an application credential's id",
          .is_login = true),
    LOGIN(APPLICATION_CREDENTIAL_NAME, "application_credential_name",
          "an application credential's name", .is_login = true),
    LOGIN(APPLICATION_CREDENTIAL_SECRET, "application_credential_secret",
          "an application credential's secret", .is_login = true, .is_key = true),
    LOGIN(TENANT_ID, "tenant_id", "a tenant's id", .may_be_empty = true),
    LOGIN(TENANT_NAME, "tenant_name", "a tenant's name", .may_be_empty = true),
    LOGIN(PROJECT_DOMAIN_ID, "project_domain_id", "a domain's id", .may_be_empty = true),
    LOGIN(PROJECT_DOMAIN_NAME, "project_domain_name", "a domain's name", .may_be_empty = true),
    LOGIN(DOMAIN_ID, "domain_id", "a domain's id", .may_be_empty = true),
    LOGIN(DOMAIN_NAME, "domain_name", "a domain's name", .may_be_empty = true),
    [KEY_IDENTITY_API_VERSION] = {"identity_api_version", parse_api_version,
                                  IN_CLOUD(identity_api_version), KEY_FIELD_STRING,
                                  "a version such as 3 or 2.0"},
    [KEY_REGION] = {"region", parse_text, IN_CLOUD(region), KEY_FIELD_STRING,
                    "a region such as ORD", .may_be_empty = true},
    [KEY_INTERFACE] = {"interface", parse_interface, IN_CLOUD(interface), KEY_FIELD_STRING,
                       "public, internal or admin"},
    [KEY_VERIFY_SSL] = {"verify_ssl", parse_boolean, IN_CLOUD(verify_ssl), KEY_FIELD_PLAIN, BOOLEAN,
                        .may_be_empty = true},
    [KEY_CA_FILE] = {"ca_file", parse_absolute_path, IN_CLOUD(ca_file), KEY_FIELD_STRING,
                     "an absolute path"},

    [KEY_CERT_FILE] = {"cert_file", parse_path, IN_CLOUD(cert_file), KEY_FIELD_STRING, PATH},
    [KEY_KEY_FILE] = {"key_file", parse_path, IN_CLOUD(key_file), KEY_FIELD_STRING, PATH},
    [KEY_TLS_MIN_VERSION] = {"tls_min_version", parse_tls_version, IN_CLOUD(tls_min_version),
                             KEY_FIELD_STRING, "1.2 or 1.3"},
    [KEY_PROXY] = {"proxy", parse_proxy, IN_CLOUD(proxy), KEY_FIELD_SECRET,
                   "[SCHEME://][USER:PASSWORD@]HOST[:PORT], in user and password %XX for anything "
                   "odd, or none"},
    [KEY_NO_PROXY] = {"no_proxy", parse_text, IN_CLOUD(no_proxy), KEY_FIELD_STRING,
                      "hosts with commas between them, or *"},
    [KEY_CONNECT_TIMEOUT] = {"connect_timeout", parse_seconds, IN_CLOUD(connect_timeout),
                             KEY_FIELD_PLAIN, SECONDS},
    [KEY_LOGIN_TIMEOUT] = {"login_timeout", parse_seconds, IN_CLOUD(login_timeout), KEY_FIELD_PLAIN,
                           SECONDS},
    [KEY_UPSTREAM_TIMEOUT] = {"upstream_timeout", parse_seconds, IN_CLOUD(upstream_timeout),
                              KEY_FIELD_PLAIN, SECONDS},
    [KEY_REQUEST_TIMEOUT] = {"request_timeout", parse_seconds, IN_CLOUD(request_timeout),
                             KEY_FIELD_PLAIN, SECONDS},
    [KEY_REVOKE_ON_EXIT] = {"revoke_on_exit", parse_boolean, IN_CLOUD(revoke_on_exit),
                            KEY_FIELD_PLAIN, BOOLEAN},

    [KEY_CUSTOM_USER_AGENT] = {"custom_user_agent", parse_user_agent, IN_CLOUD(user_agent),
                               KEY_FIELD_STRING, "a program's name and version",
                               .may_be_empty = true},
    [KEY_USE_SERVICENET] = {"use_servicenet", parse_use_servicenet, IN_CLOUD(interface),
                            KEY_FIELD_NONE, BOOLEAN, .may_be_empty = true},
    [KEY_KEYRING_USERNAME] = {"keyring_username", .may_be_empty = true,
                              .unused = "no keyring is looked into; give the key in a "
                                        "credential_file or with `latchkey login`"},
    [KEY_ENCODING] = {"encoding", .may_be_empty = true},
    [KEY_DEBUG] = {"debug", .may_be_empty = true},
    [KEY_HTTP_DEBUG] = {"http_debug", .may_be_empty = true},
};

enum config_key_id config_key_find(const char *name, bool daemons)
{
    enum credential_field field = credential_field_find(name);
    size_t id = daemons ? 0 : KEY_IDENTITY_TYPE, end = daemons ? KEY_IDENTITY_TYPE : _KEY_MAX;

    if (field != _CREDENTIAL_FIELD_MAX && !daemons)
        return config_key_of(field);
    while (id < end && strcmp(config_keys[id].name, name) != 0)
        id++;
    return id < end ? (enum config_key_id)id : _KEY_MAX;
}

int config_key_apply(enum config_key_id id, const char *value, void *structure)
{
    const struct config_key *key = &config_keys[id];

    return key->parse ? key->parse(value, (char *)structure + key->offset) : 0;
}
