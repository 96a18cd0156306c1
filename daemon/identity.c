/* SPDX-License-Identifier: MIT */
#include "identity.h"

#include "secret.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#define PROVIDER(type, provider) {type, &(provider)},
const struct identity_row identity_table[] = {IDENTITY_PROVIDERS(PROVIDER){NULL, NULL}};
#undef PROVIDER

void identity_init(void)
{
    json_set_alloc_funcs(secret_malloc, secret_free);
}

struct identity_request *identity_request_new(const char *method, const char *endpoint,
                                              const char *path)
{
    struct identity_request *r = calloc(1, sizeof(*r));

    if (!r)
        return NULL;
    r->method = method;
    if (asprintf(&r->url, "%s%s", endpoint, path) < 0) {
        free(r);
        return NULL;
    }
    return r;
}

void identity_request_free(struct identity_request *r)
{
    if (!r)
        return;
    free(r->url);
    for (size_t i = 0; i < ARRAY_SIZE(r->headers); i++)
        secret_free(r->headers[i].value);
    secret_free(r->body);
    free(r);
}

int identity_request_add_header(struct identity_request *r, const char *name, const char *value)
{
    size_t i = 0;
    char *copy;

    for (const char *p = value; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            return -EBADMSG;
    copy = secret_strdup(value);
    if (!copy)
        return -ENOMEM;
    while (r->headers[i].name)
        i++;
    r->headers[i] = (struct identity_header){name, copy};
    return 0;
}

bool identity_is_visible(const char *text)
{
    for (const char *p = text; *p; p++)
        if (*p < '!' || *p > '~')
            return false;
    return *text != '\0';
}

const char *identity_answer_header(const struct identity_answer *answer, const char *name)
{
    return answer->headers ? header_list_find(answer->headers, name) : NULL;
}

const char *identity_login_get(const struct identity_login *login, enum credential_field field)
{
    const char *own = login->credential->fields[field];

    return own ? own : login->cloud->login.fields[field];
}

const struct credential *identity_login_scope(const struct identity_login *login)
{
    static const enum credential_field scope[] = {
        CREDENTIAL_TENANT_ID,
        CREDENTIAL_TENANT_NAME,
        CREDENTIAL_DOMAIN_ID,
        CREDENTIAL_DOMAIN_NAME,
    };

    for (size_t i = 0; i < ARRAY_SIZE(scope); i++)
        if (login->credential->fields[scope[i]])
            return login->credential;
    return &login->cloud->login;
}

usec_t identity_now(const struct identity_answer *answer)
{
    usec_t second;

    if (answer->date <= 0)
        return answer->received_realtime;
    second = (usec_t)answer->date * USEC_PER_SEC;
    if (answer->received_realtime >= second && answer->received_realtime - second < USEC_PER_SEC)
        return answer->received_realtime;
    return second + USEC_PER_SEC;
}

bool identity_answer_gives_life(const struct identity_answer *answer, usec_t end,
                                struct session *session)
{
    session->expires = end;
    session->issued = identity_now(answer);
    if (end <= session->issued)
        return false;
    session->obtained = answer->received_boottime;
    session->deadline = session->obtained + (end - session->issued);
    return true;
}

int identity_refuse_credential(const char *why, struct problem **ret_problem)
{
    struct problem *p = problem_new(PROBLEM_CREDENTIALS_REJECTED, "%s", why);

    if (!p)
        return -ENOMEM;
    *ret_problem = p;
    return 1;
}
