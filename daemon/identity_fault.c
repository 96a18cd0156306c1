/* SPDX-License-Identifier: MIT */
#include "identity_fault.h"

#include "identity_document.h"
#include "rfc3339.h"

#include <limits.h>
#include <string.h>
#include <strings.h>

/* The first that fits counts. */
static const struct rule {
    const char *fault; /* the fault's name; NULL: whatever it is */
    unsigned first_status, last_status;
    enum problem_code code;
    bool only_the_service; /* whoever sits in between has no say in it */
    const char *what, *advice;
} rules[] = {
    {"overLimit", 400, 599, PROBLEM_RATE_LIMITED, false,
     "The identity service has had too many requests",
     "wait, the login is tried again as soon as it allows"},
    {"serviceUnavailable", 400, 599, PROBLEM_IDENTITY_UNAVAILABLE, false,
     "The identity service is out of order", "wait, the login is tried again"},
    {"userDisabled", 400, 499, PROBLEM_CREDENTIALS_REJECTED, false,
     "The identity service says that this user is disabled",
     "have the user enabled, or use another user's credentials"},
    {NULL, 300, 399, PROBLEM_BAD_ANSWER, false,
     "The identity service sends the login elsewhere, where the key does not follow",
     "set `auth_endpoint` to the right address"},
    {NULL, 400, 400, PROBLEM_CREDENTIALS_REJECTED, true,
     "The identity service refused the login request as malformed",
     "check the user name, the key and the tenant, and that `auth_endpoint` speaks this protocol"},
    {NULL, 401, 401, PROBLEM_CREDENTIALS_REJECTED, true,
     "The identity service refused the user name or the key",
     "check both, whether the key is an API key or a password, and the project"},
    {NULL, 403, 403, PROBLEM_CREDENTIALS_REJECTED, true,
     "The identity service forbids this user to log in",
     "check the user's rights, the tenant, and whether the account is in order"},
    {NULL, 404, 405, PROBLEM_BAD_ANSWER, false, "There is no login at this address",
     "check `auth_endpoint`"},
    {NULL, 407, 407, PROBLEM_BAD_ANSWER, false,
     "A proxy on the way to the identity service wants a login of its own",
     "check the proxy and `auth_endpoint`"},
    {NULL, 408, 408, PROBLEM_IDENTITY_UNAVAILABLE, false,
     "The identity service gave up waiting for the login request",
     "wait, the login is tried again"},
    {NULL, 413, 413, PROBLEM_RATE_LIMITED, false, "The identity service has had too many requests",
     "wait, the login is tried again as soon as it allows"},
    {NULL, 429, 429, PROBLEM_RATE_LIMITED, false, "The identity service has had too many requests",
     "wait, the login is tried again as soon as it allows"},
    {NULL, 500, 599, PROBLEM_IDENTITY_UNAVAILABLE, false, "The identity service is out of order",
     "wait, the login is tried again"},
    {NULL, 0, UINT_MAX, PROBLEM_BAD_ANSWER, false,
     "This is no answer that an identity service gives to a login", "check `auth_endpoint`"},
};

static const struct rule multi_factor = {
    NULL,
    401,
    401,
    PROBLEM_CREDENTIALS_REJECTED,
    false,
    "Multi-factor authentication is on for this user, and a password alone is refused then",
    "use the user's API key, which it does not cover",
};

static const struct rule somebody_in_between = {
    NULL,
    0,
    UINT_MAX,
    PROBLEM_BAD_ANSWER,
    false,
    "The login was refused, but not in the words of an identity service",
    "check `auth_endpoint`, and whether a proxy in between has answered",
};

/* The member that is the fault, and its name; NULL where there is none. */
static const json_t *find_fault(json_t *root, const char **ret_name)
{
    const char *name;
    json_t *member;

    json_object_foreach (root, name, member) {
        if (json_is_integer(json_object_get(member, "code")) ||
            json_is_string(json_object_get(member, "message"))) {
            *ret_name = name;
            return member;
        }
    }
    return NULL;
}

static bool is_blank(const struct identity_answer *answer)
{
    return answer->length == 0 || strspn(answer->body, " \t\r\n") == answer->length;
}

static const struct rule *find_rule(const struct identity_answer *answer, const char *fault)
{
    const char *challenge = identity_answer_header(answer, "WWW-Authenticate");
    const struct rule *rule = rules;

    if (answer->status == 401 && challenge && strncasecmp(challenge, "OS-MF", strlen("OS-MF")) == 0)
        return &multi_factor;

    while (answer->status < rule->first_status || answer->status > rule->last_status ||
           (rule->fault && (!fault || strcmp(rule->fault, fault) != 0)))
        rule++;
    if (rule->only_the_service && !fault && !is_blank(answer))
        return &somebody_in_between;
    return rule;
}

/* Whole seconds, rounded up. */
static unsigned clamp_seconds(double seconds)
{
    unsigned whole;

    if (!(seconds > 0))
        return 0;
    if (seconds >= UINT_MAX)
        return UINT_MAX;
    whole = (unsigned)seconds;
    return whole + (whole < seconds);
}

/* The seconds that a value names: a number of them, as a string too, or a time. 0: it names none.
 */
static unsigned seconds_in(const json_t *value, usec_t now)
{
    const char *text = json_string_value(value);
    usec_t at;

    if (json_is_number(value))
        return clamp_seconds(json_number_value(value));
    if (!text || !*text)
        return 0;
    if (text[strspn(text, "0123456789")] == '\0')
        return clamp_seconds(strtod(text, NULL));
    if (rfc3339_parse(text, &at) < 0 || at <= now)
        return 0;
    return clamp_seconds((double)(at - now) / (double)USEC_PER_SEC);
}

static unsigned retry_after(const struct identity_answer *answer, const json_t *root,
                            const json_t *fault)
{
    static const char *const keys[] = {"retryAfter", "retryAt"};
    const json_t *const places[] = {fault, root};
    usec_t now = identity_now(answer);

    if (answer->retry_after > 0)
        return answer->retry_after;
    for (size_t i = 0; i < ARRAY_SIZE(places); i++)
        for (size_t j = 0; j < ARRAY_SIZE(keys); j++) {
            unsigned seconds = seconds_in(json_object_get(places[i], keys[j]), now);

            if (seconds > 0)
                return seconds;
        }
    return 0;
}

struct problem *identity_fault(const struct identity_answer *answer)
{
    _cleanup_(json_decrefp) json_t *root = identity_document_load(answer);
    const char *name = NULL;
    const json_t *fault = find_fault(root, &name);
    const struct rule *rule = find_rule(answer, name);
    struct problem *p = problem_new(rule->code, "%s (HTTP status %u): %s.", rule->what,
                                    answer->status, rule->advice);

    if (p)
        p->retry_after = retry_after(answer, root, fault);
    return p;
}
