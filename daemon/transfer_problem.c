/* SPDX-License-Identifier: MIT */
/*
 * What a failed transfer is called, why it failed, and what to do about it. The reason is libcurl's
 * own sentence where that says enough and nothing that is secret: of a proxy it may say the
 * password.
 */
#include "upstream_private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

static const struct verdict {
    CURLcode result;
    enum problem_code code;
    const char *advice;
} verdicts[] = {
    {CURLE_PEER_FAILED_VERIFICATION, PROBLEM_TLS_FAILURE,
     "check the certificate, this machine's clock and ca_file"},
    {CURLE_SSL_INVALIDCERTSTATUS, PROBLEM_TLS_FAILURE,
     "check the certificate, this machine's clock and ca_file"},
    {CURLE_SSL_ISSUER_ERROR, PROBLEM_TLS_FAILURE,
     "check the certificate, this machine's clock and ca_file"},
    {CURLE_SSL_CACERT_BADFILE, PROBLEM_TLS_FAILURE,
     "check ca_file, which has to be a PEM file with certificates"},
    {CURLE_SSL_CRL_BADFILE, PROBLEM_TLS_FAILURE, "check ca_file"},
    {CURLE_SSL_CERTPROBLEM, PROBLEM_TLS_FAILURE,
     "check cert_file and key_file, which have to be PEM files that belong together, the key "
     "without a passphrase"},
    {CURLE_SSL_CLIENTCERT, PROBLEM_TLS_FAILURE,
     "the service wants another client certificate, so check cert_file and key_file"},
    {CURLE_SSL_CONNECT_ERROR, PROBLEM_TLS_FAILURE,
     "check that the service speaks TLS there, and tls_min_version, cert_file and ca_file"},
    {CURLE_SSL_CIPHER, PROBLEM_TLS_FAILURE, "check tls_min_version"},
    {CURLE_SSL_ENGINE_INITFAILED, PROBLEM_TLS_FAILURE, "check the installation of OpenSSL"},
    {CURLE_USE_SSL_FAILED, PROBLEM_TLS_FAILURE, "check that the service speaks TLS there"},
    {CURLE_WEIRD_SERVER_REPLY, PROBLEM_BAD_ANSWER,
     "check that the URL belongs to the cloud and not to a proxy in between"},
    {CURLE_UNSUPPORTED_PROTOCOL, PROBLEM_BAD_ANSWER,
     "check that the URL belongs to the cloud and not to a proxy in between"},
    {CURLE_WRITE_ERROR, PROBLEM_BAD_ANSWER,
     "check that the URL belongs to the cloud and not to a proxy in between"},
    {CURLE_COULDNT_RESOLVE_PROXY, PROBLEM_UPSTREAM_UNREACHABLE, "check the network and the proxy"},
};

static const struct verdict unreachable = {CURLE_OK, PROBLEM_UPSTREAM_UNREACHABLE,
                                           "check the network, the name and the port"};

static const struct verdict *find_verdict(CURLcode result)
{
    for (size_t i = 0; i < ARRAY_SIZE(verdicts); i++)
        if (verdicts[i].result == result)
            return &verdicts[i];
    return &unreachable;
}

/* What is a failed read to libcurl, and something else to who has to mend it: with TLS 1.3 a service refuses
 * a client's certificate only when the handshake is over. */
static CURLcode refine(const struct connection *c, CURLcode result)
{
    bool is_refused = strstr(c->error, "SSL") && strstr(c->error, "alert");

    return result == CURLE_RECV_ERROR && is_refused ? CURLE_SSL_CLIENTCERT : result;
}

/* ---- deadlines */

static struct problem *explain_timeout(const struct transfer *t, const char *where)
{
    const char *known = t->connection->error[0] ? t->connection->error
                                                : curl_easy_strerror(CURLE_OPERATION_TIMEDOUT);
    const char *what = known, *key = "connect_timeout";

    if (t->late) {
        key = t->late;
        what = t->late == t->total_key ? "It has taken too long" : "Nothing has moved for too long";
    }
    return problem_new(PROBLEM_UPSTREAM_TIMEOUT,
                       "%s: %s; try again later, or raise %s in the configuration.", where, what,
                       key);
}

/* ---- files */

/* NULL when it can be read, or there is none. */
static struct problem *explain_file(const char *where, const char *key, const char *path)
{
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;

    if (!path || fd >= 0) {
        closep(&fd);
        return NULL;
    }
    return problem_or_no_memory(
        problem_new(PROBLEM_TLS_FAILURE,
                    "%s: %s %s cannot be read: %s; see that it is there and that the daemon's user "
                    "may read it.",
                    where, key, path, strerror(errno)));
}

/* What libcurl says of a file is OpenSSL's, and no help when it is merely not there. */
static struct problem *explain_files(const struct connection *c, CURLcode result, const char *where)
{
    struct problem *p = NULL;

    if (result == CURLE_SSL_CACERT_BADFILE)
        return explain_file(where, "ca_file", c->network.ca_file);
    if (result != CURLE_SSL_CERTPROBLEM)
        return NULL;
    p = explain_file(where, "cert_file", c->network.cert_file);
    if (!p)
        p = explain_file(where, "key_file", c->network.key_file);
    if (!p)
        p = problem_or_no_memory(problem_new(
            PROBLEM_TLS_FAILURE,
            "%s: the client certificate cannot be used: %s; check cert_file %s and key_file %s, "
            "which have to be PEM files that belong together, the key without a passphrase.",
            where, c->error[0] ? c->error : curl_easy_strerror(result), c->network.cert_file,
            c->network.key_file ? c->network.key_file : c->network.cert_file));
    return p;
}

/* ---- proxies */

/* Whether it is the proxy that could not be connected: libcurl's sentence says where it went, without
 * the brackets of an address of IPv6. */
static bool went_to_proxy(const struct connection *c)
{
    const char *host = c->proxy_host ? c->proxy_host + (*c->proxy_host == '[') : "";
    size_t length = strcspn(host, host == c->proxy_host ? ":" : "]");
    const char *port = strrchr(host + length, ':');
    _cleanup_(freep) char *place = NULL;

    if (asprintf(&place, "to %.*s port %s", (int)length, host, port ? port + 1 : "") < 0) {
        place = NULL;
        return false;
    }
    return length > 0 && strstr(c->error, place);
}

static const char *proxy_advice(long status)
{
    if (status == 407)
        return "it wants user and password, so give proxy = http://USER:PASSWORD@HOST:PORT";
    if (status >= 300)
        return "ask whoever runs the proxy to let it through, or give no_proxy";
    return "check proxy, or https_proxy and no_proxy in the environment";
}

/* libcurl quotes what it does not understand, user and password with it. */
static bool is_quoted(const struct connection *c)
{
    static const char quotes[] = "Unsupported proxy";

    return !strncmp(c->error, quotes, strlen(quotes));
}

/* NULL when it is not the proxy's fault. */
static struct problem *explain_proxy(const struct connection *c, CURLcode result, const char *where)
{
    const char *what = c->error[0] ? c->error : curl_easy_strerror(result);
    long status = 0;

    if (c->easy)
        curl_easy_getinfo(c->easy, CURLINFO_HTTP_CONNECTCODE, &status);
    if (is_quoted(c))
        what = "libcurl knows no such proxy";
    else if (status < 300 && result != CURLE_COULDNT_RESOLVE_PROXY && result != CURLE_PROXY &&
             !(result == CURLE_COULDNT_CONNECT && went_to_proxy(c)))
        return NULL;
    return problem_or_no_memory(problem_new(
        PROBLEM_UPSTREAM_UNREACHABLE, "%s: the proxy %s does not lead there: %s; %s.", where,
        c->proxy_host ? c->proxy_host : "of the environment", what, proxy_advice(status)));
}

/* ---- all of it */

static const char *reason(const struct transfer *t, CURLcode result)
{
    if (t->unrepeated)
        return "The connection ended without an answer to what is not to be sent twice";
    if (t->response.error == -EMSGSIZE)
        return "The headers of the answer are too large";
    if (t->response.error == -EBADMSG)
        return t->response.has_head ? "The body of the answer is malformed"
                                    : "The head of the answer is malformed";
    if (t->connection->error[0])
        return t->connection->error;
    if (result == CURLE_PARTIAL_FILE)
        return "The connection ended before the answer did";
    return curl_easy_strerror(result);
}

static struct problem *explain_rest(const struct transfer *t, CURLcode result, const char *where)
{
    const struct verdict *verdict = find_verdict(result);

    return problem_new(verdict->code, "%s: %s; %s.", where, reason(t, result),
                       t->unrepeated ? "see whether it was carried out before you send it again"
                                     : verdict->advice);
}

struct problem *transfer_explain(const struct transfer *t, CURLcode result)
{
    const struct connection *c = t->connection;
    const char *where = c->network.origin ? c->network.origin : "the cloud";
    struct problem *p;

    if (result == CURLE_OPERATION_TIMEDOUT)
        return explain_timeout(t, where);
    result = refine(c, result);
    p = explain_files(c, result, where);
    if (!p)
        p = explain_proxy(c, result, where);
    return p ? p : explain_rest(t, result, where);
}
