/* SPDX-License-Identifier: MIT */
/*
 * How a service is reached: its origin, TLS and the proxy.
 *
 * libcurl reads the files at each new connection, so that a renewed certificate counts from the next
 * one on; a connection that is open stays what it was. A kept one is only for who asks for the same TLS
 * settings and comes by the same proxy as the same user.
 */
#include "upstream_private.h"

#include "secret.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* A name by which OpenSSL looks for a certificate: that of its subject's hash. */
static bool is_hashed(const char *name)
{
    return strspn(name, "0123456789abcdef") == 8 && name[8] == '.' && name[9] >= '0' &&
           name[9] <= '9';
}

static bool has_hashed(const char *path)
{
    const struct dirent *entry;
    bool found = false;
    DIR *folder = opendir(path);

    while (folder && !found && (entry = readdir(folder)))
        found = is_hashed(entry->d_name);
    if (folder)
        closedir(folder);
    return found;
}

/* Who writes both writes the file first, or renames it into the folder: a file that is newer has been
 * changed by hand. */
static bool is_older(const char *file, const char *folder)
{
    struct stat a, b;

    return stat(file, &a) < 0 || stat(folder, &b) < 0 || a.st_mtim.tv_sec < b.st_mtim.tv_sec ||
           (a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec <= b.st_mtim.tv_nsec);
}

bool upstream_has_authorities_folder(void)
{
    const curl_version_info_data *version = curl_version_info(CURLVERSION_NOW);

    return version->capath && version->ssl_version &&
           !strncmp(version->ssl_version, "OpenSSL", strlen("OpenSSL")) &&
           has_hashed(version->capath) &&
           (!version->cainfo || is_older(version->cainfo, version->capath));
}

/* Debian's libcurl would read the system's file of all authorities and look into their folder, too. What
 * comes of the file is 0.8 MiB and 20 ms, with each connection: libcurl shares it only when there is no
 * folder. From the folder OpenSSL takes the one that it needs. */
static CURLcode set_system_authorities(const struct upstream *u, CURL *easy)
{
    CURLoption other = u->has_authorities_folder ? CURLOPT_CAINFO : CURLOPT_CAPATH;

    return curl_easy_setopt(easy, other, (char *)NULL);
}

static int set_tls(const struct network *n, const struct upstream *u, CURL *easy)
{
    bool only_tls13 = n->tls_min_version && !strcmp(n->tls_min_version, "1.3");
    long least = only_tls13 ? CURL_SSLVERSION_TLSv1_3 : CURL_SSLVERSION_TLSv1_2;
    CURLcode c = CURLE_OK;

    /* A session that goes on is verified by what the files were when it began. */
    c |= curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
    c |= curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, n->verify_ssl ? 1L : 0L);
    c |= curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, n->verify_ssl ? 2L : 0L);
    c |= curl_easy_setopt(easy, CURLOPT_SSLVERSION, least);
    c |= curl_easy_setopt(easy, CURLOPT_PROXY_SSLVERSION, least);
    if (n->ca_file) {
        c |= curl_easy_setopt(easy, CURLOPT_CAINFO, n->ca_file);
        /* In place of the system's, not beside them. */
        c |= curl_easy_setopt(easy, CURLOPT_CAPATH, (char *)NULL);
#if LIBCURL_VERSION_NUM >= 0x075700
        /* Else a changed file would count a day later. */
        c |= curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, 0L);
#endif
    } else {
        c |= set_system_authorities(u, easy);
    }
    return c == CURLE_OK ? 0 : -ENOMEM;
}

static int set_client_certificate(const struct network *n, CURL *easy)
{
    const char *key = n->key_file ? n->key_file : n->cert_file;
    CURLcode c = CURLE_OK;

    if (!n->cert_file)
        return 0;
    c |= curl_easy_setopt(easy, CURLOPT_SSLCERT, n->cert_file);
    c |= curl_easy_setopt(easy, CURLOPT_SSLKEY, key);
    /* Without one OpenSSL would ask for it at the terminal, and the daemon would stand still. */
    c |= curl_easy_setopt(easy, CURLOPT_KEYPASSWD, "");
    return c == CURLE_OK ? 0 : -ENOMEM;
}

/* What the environment says, in libcurl's order; it has more, but none that is for a URL of ours. */
static const char *environment_proxy(const char *url)
{
    static const char *const https[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
    static const char *const http[] = {"http_proxy", "all_proxy", "ALL_PROXY"};
    bool is_https = !strncasecmp(url, "https:", 6);
    const char *const *names = is_https ? https : http;
    size_t n = is_https ? ARRAY_SIZE(https) : ARRAY_SIZE(http);

    for (size_t i = 0; i < n; i++) {
        const char *value = getenv(names[i]);

        if (value && *value)
            return value;
    }
    return NULL;
}

static const char *find_proxy(const struct network *n)
{
    return n->proxy ? n->proxy : environment_proxy(n->origin);
}

char *network_proxy_host(const struct network *n)
{
    const char *proxy = find_proxy(n), *scheme, *at;

    if (!proxy || !*proxy)
        return NULL;
    scheme = strstr(proxy, "://");
    at = strrchr(proxy, '@');
    proxy = at ? at + 1 : scheme ? scheme + 3 : proxy;
    return strndup(proxy, strcspn(proxy, "/?#"));
}

bool network_is_plain(const struct network *n)
{
    const char *proxy = find_proxy(n);

    return !strncasecmp(n->origin, "http:", 5) && !(proxy && !strncasecmp(proxy, "https:", 6));
}

static int set_proxy(const struct network *n, CURL *easy)
{
    CURLcode c = CURLE_OK;

    /* Also where http goes: a forward proxy sees a tunnel, never the token. */
    c |= curl_easy_setopt(easy, CURLOPT_HTTPPROXYTUNNEL, 1L);
    c |= curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    if (n->proxy)
        c |= curl_easy_setopt(easy, CURLOPT_PROXY, n->proxy);
    if (n->no_proxy)
        c |= curl_easy_setopt(easy, CURLOPT_NOPROXY, n->no_proxy);
    return c == CURLE_OK ? 0 : -ENOMEM;
}

int network_set(const struct network *n, const struct upstream *u, CURL *easy)
{
    int r;

    if (curl_easy_setopt(easy, CURLOPT_URL, n->origin) != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                         (long)(n->connect_timeout / USEC_PER_MSEC)) != CURLE_OK)
        return -ENOMEM;
    r = set_tls(n, u, easy);
    if (r >= 0)
        r = set_client_certificate(n, easy);
    return r < 0 ? r : set_proxy(n, easy);
}

/* ---- to tell them apart */

size_t network_origin_length(const char *url)
{
    const char *authority = strstr(url, "://");

    if (!authority)
        return 0;
    authority += 3;
    return (size_t)(authority - url) + strcspn(authority, "/?#");
}

/* What it has of a cloud's configuration. */
#define TEXT(field)                                                           \
    {                                                                         \
        offsetof(struct network, field), offsetof(struct cloud_config, field) \
    }
static const struct {
    size_t own, configured;
} texts[] = {
    TEXT(ca_file),         TEXT(cert_file), TEXT(key_file),
    TEXT(tls_min_version), TEXT(proxy),     TEXT(no_proxy),
};

static char **own_text(const struct network *n, size_t i)
{
    return (char **)((uintptr_t)n + texts[i].own);
}

static const char *configured_text(const struct cloud_config *cloud, size_t i)
{
    return *(char *const *)((uintptr_t)cloud + texts[i].configured);
}

int network_init(struct network *n, const char *url, const struct cloud_config *cloud)
{
    bool has_all;

    *n = (struct network){.verify_ssl = cloud->verify_ssl,
                          .connect_timeout = cloud->connect_timeout,
                          .origin = strndup(url, network_origin_length(url))};
    has_all = n->origin;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        const char *text = configured_text(cloud, i);

        *own_text(n, i) = text ? secret_strdup(text) : NULL;
        has_all &= !text || *own_text(n, i);
    }
    if (!has_all)
        network_done(n);
    return has_all ? 0 : -ENOMEM;
}

void network_done(struct network *n)
{
    free(n->origin);
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        secret_free(*own_text(n, i));
    *n = (struct network){0};
}

static bool is_same(const char *a, const char *b)
{
    return a && b ? !strcmp(a, b) : a == b;
}

bool network_is_same(const struct network *n, const char *url, const struct cloud_config *cloud)
{
    size_t length = network_origin_length(url);

    if (strncmp(n->origin, url, length) != 0 || n->origin[length] != '\0' ||
        n->verify_ssl != cloud->verify_ssl)
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        if (!is_same(*own_text(n, i), configured_text(cloud, i)))
            return false;
    return true;
}
