/* SPDX-License-Identifier: MIT */
/*
 * Swift's own authentication, v1: TempAuth, and Rackspace's legacy v1.0. User and key go out in two
 * headers; token, account and life come back in others, and what the account is reached by is all of the
 * catalog. There is nothing that revokes a token.
 */
#include "identity_document.h"
#include "identity_fault.h"
#include "secret.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <strings.h>

#define PATH "/auth/v1.0" /* where Swift has it, if `auth_endpoint` is the bare root */
/* What a service that does not say it gives a token at least: it is renewed in time, or by a 401. */
#define LIFE_UNSAID ((usec_t)12 * 3600 * USEC_PER_SEC)

/* ---- what goes out */

/* "account:user" as TempAuth wants it, where the two were given apart. Secret memory. */
static char *full_user(const struct identity_login *login)
{
    const char *user = login->credential->fields[CREDENTIAL_USERNAME];
    const char *account = identity_login_scope(login)->fields[CREDENTIAL_TENANT_NAME];
    char *full;

    if (!account || strchr(user, ':'))
        return secret_strdup(user);
    full = secret_malloc(strlen(account) + strlen(user) + 2);
    if (full)
        stpcpy(stpcpy(stpcpy(full, account), ":"), user);
    return full;
}

static bool has_path(const char *endpoint)
{
    const char *authority = strstr(endpoint, "://");

    return strchr(authority ? authority + strlen("://") : endpoint, '/') != NULL;
}

static int encode_login(const struct identity_login *login, struct identity_request **ret,
                        struct problem **ret_problem)
{
    _cleanup_(identity_request_freep) struct identity_request *request = NULL;
    enum credential_field key = credential_key(login->credential);
    _cleanup_(secret_freep) char *user = NULL;
    int r;

    if (!login->credential->fields[CREDENTIAL_USERNAME] ||
        (key != CREDENTIAL_API_KEY && key != CREDENTIAL_PASSWORD))
        return identity_refuse_credential("Swift's v1 authentication takes a user name with an "
                                          "API key or a password: give one of the two.",
                                          ret_problem);
    user = full_user(login);
    request = identity_request_new("GET", login->endpoint, has_path(login->endpoint) ? "" : PATH);
    if (!user || !request)
        return -ENOMEM;
    r = identity_request_add_header(request, "X-Auth-User", user);
    if (r == 0)
        r = identity_request_add_header(request, "X-Auth-Key", login->credential->fields[key]);
    if (r == -EBADMSG)
        return identity_refuse_credential("The user name or the key holds a control character, "
                                          "which no header can carry: correct the credential.",
                                          ret_problem);
    if (r == 0)
        *ret = TAKE_PTR(request);
    return r;
}

/* ---- what comes back */

static int complain(const char *what, struct problem **ret_problem)
{
    *ret_problem = problem_new(
        PROBLEM_BAD_ANSWER, "In the answer to Swift's v1 login, %s: check `auth_endpoint`.", what);
    return *ret_problem ? 1 : -ENOMEM;
}

/*
 * A token's life, 0 for what is no number. Swift cuts it down to the second, and hands the same token out
 * until it ends: in its last second the life is "0", and the token is good.
 */
static usec_t seconds_of(const char *digits)
{
    size_t length = strspn(digits, "0123456789");
    usec_t life = length > 0 && length < 10 ? strtoull(digits, NULL, 10) * USEC_PER_SEC : 0;

    return length > 0 && length < 10 && life == 0 ? USEC_PER_SEC : life;
}

/* Swift says how long the token lives; Rackspace's legacy service let the answer be kept for as long. */
static usec_t life_of(const struct identity_answer *answer)
{
    static const char kept_for[] = "s-maxage=";
    const char *expires = identity_answer_header(answer, "X-Auth-Token-Expires");
    const char *cache = identity_answer_header(answer, "Cache-Control");
    const char *age = cache ? strstr(cache, kept_for) : NULL;

    if (expires)
        return seconds_of(expires);
    return age ? seconds_of(age + strlen(kept_for)) : LIFE_UNSAID;
}

static int add_service(struct catalog *c, const char *type, const char *name, const char *url)
{
    static const char *const interfaces[] = {"public", "internal", "admin"};
    struct service *service = NULL;
    int r = url ? catalog_add_service(c, type, name, &service) : 0;

    for (size_t i = 0; i < ARRAY_SIZE(interfaces) && service && r == 0; i++)
        r = service_add_endpoint(service, NULL, interfaces[i], url, NULL);
    return r;
}

/* The service sends no document: this is what it says, in one. A name in it can still spell a token that is
 * a few letters long. */
static char *make_document(const char *token, const char *storage, const char *cdn)
{
    json_t *document =
        json_pack("{s:s, s:s*}", "X-Storage-Url", storage, "X-CDN-Management-Url", cdn);
    char *text = document ? json_dumps(document, JSON_COMPACT) : NULL;

    json_decref(document);
    if (text && strstr(text, token))
        memcpy(text, "{}", sizeof("{}"));
    return text;
}

static int fill(struct session *s, const struct identity_login *login, const char *token,
                const char *storage, const char *cdn)
{
    const char *account = strrchr(storage, '/');

    s->token = secret_strdup_locked(token);
    s->user_id = strdup(login->credential->fields[CREDENTIAL_USERNAME]);
    s->user_name = strdup(login->credential->fields[CREDENTIAL_USERNAME]);
    s->tenant_id = account && account[1] ? strdup(account + 1) : NULL;
    s->document = make_document(token, storage, cdn);
    if (!s->token || !s->user_id || !s->user_name || (account && account[1] && !s->tenant_id) ||
        !s->document || add_service(s->catalog, "object-store", "swift", storage) < 0 ||
        add_service(s->catalog, "rax:object-cdn", "cloudFilesCDN", cdn) < 0)
        return -ENOMEM;
    return 0;
}

static int read_answer(const struct identity_login *login, const struct identity_answer *answer,
                       struct session **ret, struct problem **ret_problem)
{
    _cleanup_(session_unrefp) struct session *s = session_new();
    const char *token = identity_answer_header(answer, "X-Auth-Token");
    const char *storage = identity_answer_header(answer, "X-Storage-Url");
    const char *cdn = identity_answer_header(answer, "X-CDN-Management-Url");
    usec_t life = life_of(answer);

    if (!token)
        token = identity_answer_header(answer, "X-Storage-Token");
    if (!token || !identity_is_visible(token) || strlen(token) > IDENTITY_TEXT_MOST)
        return complain("the header X-Auth-Token is missing or not one", ret_problem);
    if (!storage || !identity_is_visible(storage) || strstr(storage, token))
        return complain("the header X-Storage-Url is missing or not one", ret_problem);
    if (cdn && (!identity_is_visible(cdn) || strstr(cdn, token)))
        return complain("the header X-CDN-Management-Url is not one", ret_problem);
    if (life == 0)
        return complain("the token's life is not a number of seconds", ret_problem);
    if (!s || fill(s, login, token, storage, cdn) < 0)
        return -ENOMEM;
    (void)identity_answer_gives_life(answer, identity_now(answer) + life, s);
    *ret = TAKE_PTR(s);
    return 0;
}

/* A refusal, in Swift's words: others answer 401 with a page, too. */
static bool is_refusal(const struct identity_answer *answer)
{
    const char *challenge = identity_answer_header(answer, "WWW-Authenticate");
    const char *type = identity_answer_header(answer, "Content-Type");

    if (answer->status != 401 && answer->status != 403)
        return false;
    return (challenge && strncasecmp(challenge, "Swift", strlen("Swift")) == 0) || !type ||
           strncasecmp(type, "text/html", strlen("text/html")) != 0;
}

static int decode_login(const struct identity_login *login, const struct identity_answer *answer,
                        struct session **ret, struct problem **ret_problem)
{
    if (answer->status == 200 || answer->status == 204)
        return read_answer(login, answer, ret, ret_problem);
    if (is_refusal(answer))
        return identity_refuse_credential("Swift refused the user name or the key: check both, and "
                                          "that the user is written as account:user where Swift "
                                          "wants it so.",
                                          ret_problem);
    *ret_problem = identity_fault(answer);
    return *ret_problem ? 1 : -ENOMEM;
}

const struct identity_provider identity_swift_v1 = {
    .encode_login = encode_login,
    .decode_login = decode_login,
};
