/* SPDX-License-Identifier: MIT */
#include "config_check.h"

#include "fuzz.h"
#include "identity.h"

#include <string.h>
#include <strings.h>

static bool is_one_of(const char *text, const char *a, const char *b, const char *c)
{
    return strcmp(text, a) == 0 || strcmp(text, b) == 0 || strcmp(text, c) == 0;
}

static bool is_identity_type(const char *text)
{
    const struct identity_row *row = identity_table;

    while (row->type && strcmp(row->type, text) != 0)
        row++;
    return row->type;
}

static bool is_url(const char *text)
{
    return strncasecmp(text, "http://", 7) == 0 || strncasecmp(text, "https://", 8) == 0;
}

static bool is_timeout(usec_t t)
{
    return t >= USEC_PER_SEC && t <= 86400 * USEC_PER_SEC && t % USEC_PER_SEC == 0;
}

static bool is_path(const char *text)
{
    return !text || *text == '/';
}

static void check_login(const struct credential *login)
{
    enum credential_field field, key;
    enum credential_fault fault = credential_check(login, &field, &key);

    fuzz_check(fault == CREDENTIAL_WHOLE || fault == CREDENTIAL_WITHOUT_KEY);
    for (size_t i = 0; i < _CREDENTIAL_FIELD_MAX; i++)
        fuzz_check(!login->fields[i] || fuzz_is_sentence(login->fields[i]));
}

static void check_cloud(const struct config *c, const struct cloud_config *cloud)
{
    struct cloud_config copy;

    fuzz_check(cloud->name && *cloud->name && !strpbrk(cloud->name, "/\t?%"));
    fuzz_check(config_find(c, cloud->name) == cloud);
    fuzz_check(is_identity_type(cloud->identity_type));
    fuzz_check(!cloud->auth_endpoint || is_url(cloud->auth_endpoint));
    fuzz_check(cloud->auth_endpoint || strcmp(cloud->identity_type, "rackspace") == 0 ||
               strcmp(cloud->identity_type, "none") == 0);
    fuzz_check(strcmp(cloud->identity_type, "none") != 0 || cloud->endpoint ||
               cloud->n_overrides > 0);
    fuzz_check(!cloud->interface || is_one_of(cloud->interface, "public", "internal", "admin"));
    fuzz_check(is_path(cloud->ca_file) && is_path(cloud->cert_file) && is_path(cloud->key_file));
    fuzz_check(!cloud->identity_api_version || *cloud->identity_api_version == 'v');
    fuzz_check(is_timeout(cloud->connect_timeout) && is_timeout(cloud->login_timeout) &&
               is_timeout(cloud->upstream_timeout));
    fuzz_check(cloud->request_timeout == 0 || is_timeout(cloud->request_timeout));
    check_login(&cloud->login);

    if (cloud_config_copy(cloud, &copy) < 0)
        abort();
    fuzz_check(cloud_config_equal(cloud, &copy));
    cloud_config_done(&copy);
}

void config_check(const struct config *c)
{
    fuzz_check(c->n_clouds > 0);
    fuzz_check(config_find(c, c->default_cloud));
    fuzz_check(!config_find(c, "default") || strcmp(c->default_cloud, "default") == 0);
    fuzz_check(c->socket_mode <= 0777);
    fuzz_check(is_path(c->socket));
    for (size_t i = 0; i < c->n_clouds; i++)
        check_cloud(c, &c->clouds[i]);
    fuzz_check(!c->warnings[c->n_warnings]);
}
