/* SPDX-License-Identifier: MIT */
/*
 * How a cloud is reached: TLS, the proxy, and what of that has to be known when it goes wrong.
 *
 * libcurl reads the files at each new connection, so that a renewed certificate counts from the next
 * one on; a connection that is open stays what it was. It gives a kept connection only to who asks
 * for the same TLS settings and comes by the same proxy as the same user.
 */
#include "upstream_private.h"

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

static int set_tls(const struct upstream *u, CURL *easy, const struct cloud_config *cloud)
{
    bool only_tls13 = cloud->tls_min_version && !strcmp(cloud->tls_min_version, "1.3");
    long least = only_tls13 ? CURL_SSLVERSION_TLSv1_3 : CURL_SSLVERSION_TLSv1_2;
    CURLcode c = CURLE_OK;

    c |= curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, cloud->verify_ssl ? 1L : 0L);
    c |= curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, cloud->verify_ssl ? 2L : 0L);
    c |= curl_easy_setopt(easy, CURLOPT_SSLVERSION, least);
    c |= curl_easy_setopt(easy, CURLOPT_PROXY_SSLVERSION, least);
    if (cloud->ca_file) {
        c |= curl_easy_setopt(easy, CURLOPT_CAINFO, cloud->ca_file);
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

static int set_client_certificate(CURL *easy, const struct cloud_config *cloud)
{
    const char *key = cloud->key_file ? cloud->key_file : cloud->cert_file;
    CURLcode c = CURLE_OK;

    if (!cloud->cert_file)
        return 0;
    c |= curl_easy_setopt(easy, CURLOPT_SSLCERT, cloud->cert_file);
    c |= curl_easy_setopt(easy, CURLOPT_SSLKEY, key);
    /* Without one OpenSSL would ask for it at the terminal, and the daemon would stand still. */
    c |= curl_easy_setopt(easy, CURLOPT_KEYPASSWD, "");
    /* A session that goes on is that of the certificate which it began with. */
    c |= curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
    return c == CURLE_OK ? 0 : -ENOMEM;
}

/* libcurl is spared its own look into the environment, for each transfer, when there is none. */
static int set_proxy(CURL *easy, const struct cloud_config *cloud, bool is_direct)
{
    CURLcode c = CURLE_OK;

    if (is_direct)
        return curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK ? 0 : -ENOMEM;

    /* A forward proxy sees a tunnel, never the token. */
    c |= curl_easy_setopt(easy, CURLOPT_HTTPPROXYTUNNEL, 1L);
    c |= curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    if (cloud->proxy)
        c |= curl_easy_setopt(easy, CURLOPT_PROXY, cloud->proxy);
    if (cloud->no_proxy)
        c |= curl_easy_setopt(easy, CURLOPT_NOPROXY, cloud->no_proxy);
    return c == CURLE_OK ? 0 : -ENOMEM;
}

static int keep(const char *text, char **ret)
{
    if (!text)
        return 0;
    *ret = strdup(text);
    return *ret ? 0 : -ENOMEM;
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

/* HOST[:PORT], and nothing of user and password. */
static int keep_proxy(const char *proxy, char **ret)
{
    const char *scheme = strstr(proxy, "://"), *at = strrchr(proxy, '@');
    const char *host = at ? at + 1 : scheme ? scheme + 3 : proxy;

    *ret = strndup(host, strcspn(host, "/?#"));
    return *ret ? 0 : -ENOMEM;
}

int transfer_set_network(struct transfer *t, const struct cloud_config *cloud)
{
    const char *proxy = cloud->proxy ? cloud->proxy : environment_proxy(t->url);
    int r;

    r = set_tls(t->upstream, t->easy, cloud);
    if (r >= 0)
        r = set_client_certificate(t->easy, cloud);
    if (r >= 0)
        r = set_proxy(t->easy, cloud, !proxy);
    if (r >= 0 && curl_easy_setopt(t->easy, CURLOPT_CONNECTTIMEOUT_MS,
                                   (long)(cloud->connect_timeout / USEC_PER_MSEC)) != CURLE_OK)
        r = -ENOMEM;
    /* The configuration may be another one when the transfer ends. */
    if (r >= 0)
        r = keep(cloud->ca_file, &t->ca_file);
    if (r >= 0)
        r = keep(cloud->cert_file, &t->cert_file);
    if (r >= 0)
        r = keep(cloud->key_file, &t->key_file);
    if (r >= 0 && proxy && *proxy)
        r = keep_proxy(proxy, &t->proxy);
    return r;
}
