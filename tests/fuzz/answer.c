/* SPDX-License-Identifier: MIT */
#include "answer.h"

#include "fuzz.h"

#include <curl/curl.h>
#include <jansson.h>
#include <string.h>

#define NOW 1700000000
#define TOKEN_LEAST 16 /* a shorter text may well be a part of a sentence */

/* Steps over the head; what is left is the body. */
static void read_head(struct fuzz_answer *a, const char **text, const char *end)
{
    const char *newline;

    if (sscanf(*text, "HTTP/%*3[0-9.] %3u", &a->answer.status) != 1)
        return;
    for (bool first = true; (newline = memchr(*text, '\n', (size_t)(end - *text))); first = false) {
        const char *line = *text;
        size_t length = (size_t)(newline - line);

        *text = newline + 1;
        if (length == 0 || (length == 1 && *line == '\r'))
            return;
        if (!first)
            (void)header_list_add(&a->headers, line, length);
    }
}

void fuzz_answer_init(struct fuzz_answer *a, const uint8_t *data, size_t size)
{
    _cleanup_(freep) char *copy = malloc(size + 1);
    const char *text = copy, *date, *retry_after;

    if (!copy)
        abort();
    memcpy(copy, data, size);
    copy[size] = '\0';
    *a = (struct fuzz_answer){0};
    read_head(a, &text, copy + size);

    a->answer.length = (size_t)(copy + size - text);
    a->body = malloc(a->answer.length + 1);
    if (!a->body)
        abort();
    memcpy(a->body, text, a->answer.length + 1);
    a->answer.body = a->body;

    date = header_list_find(&a->headers, "Date");
    retry_after = header_list_find(&a->headers, "Retry-After");
    a->answer.date = date ? curl_getdate(date, NULL) : 0;
    a->answer.retry_after = retry_after ? (unsigned)strtoul(retry_after, NULL, 10) : 0;
    a->answer.headers = &a->headers;
    a->answer.received_boottime = 5000 * USEC_PER_SEC;
    a->answer.received_realtime = NOW * USEC_PER_SEC + 250000;
}

void fuzz_answer_done(struct fuzz_answer *a)
{
    header_list_done(&a->headers);
    free(a->body);
}

static void check_catalog(const struct catalog *c)
{
    for (size_t i = 0; i < c->n_services; i++) {
        const struct service *s = &c->services[i];

        fuzz_check(s->type && s->name);
        for (size_t k = 0; k < s->n_endpoints; k++) {
            const struct endpoint *e = &s->endpoints[k];

            fuzz_check(e->interface && *e->interface && e->url && *e->url);
            fuzz_check((!e->region || *e->region) && (!e->tenant_id || *e->tenant_id));
        }
    }
}

static void check_session(const struct identity_answer *answer, const struct session *s)
{
    _cleanup_(json_decrefp) json_t *document = json_loads(s->document, 0, NULL);

    fuzz_check(s->refs == 1 && s->generation == 0);
    fuzz_check(*s->token);
    for (const char *p = s->token; *p; p++)
        fuzz_check(*p > ' ' && *p <= '~');
    fuzz_check(document);
    fuzz_check(!strstr(s->document, s->token) || strcmp(s->document, "{}") == 0);

    fuzz_check(s->expires > s->issued);
    fuzz_check(s->obtained == answer->received_boottime);
    fuzz_check(s->deadline - s->obtained == s->expires - s->issued);
    fuzz_check(s->user_id && s->user_name);
    fuzz_check(!s->default_region || *s->default_region);
    for (size_t i = 0; i < s->n_roles; i++)
        fuzz_check(s->roles[i].id && s->roles[i].name);
    check_catalog(s->catalog);
}

void fuzz_check_problem(const struct identity_answer *answer, const struct problem *problem)
{
    static const char *const headers[] = {"X-Auth-Token", "X-Subject-Token"};

    fuzz_check(fuzz_is_sentence(problem->detail));
    fuzz_check(
        problem->code == PROBLEM_CREDENTIALS_REJECTED || problem->code == PROBLEM_RATE_LIMITED ||
        problem->code == PROBLEM_IDENTITY_UNAVAILABLE || problem->code == PROBLEM_BAD_ANSWER);
    for (size_t i = 0; i < ARRAY_SIZE(headers); i++) {
        const char *token = identity_answer_header(answer, headers[i]);

        fuzz_check(!token || strlen(token) < TOKEN_LEAST || !strstr(problem->detail, token));
    }
}

void fuzz_decode_login(const struct identity_provider *provider, const uint8_t *data, size_t size)
{
    static char user[] = "test:tester", secret[] = "S3cr3t",
                endpoint[] = "http://127.0.0.1:15000/v3";
    static const struct cloud_config cloud;
    static const struct credential credential = {
        .fields =
            {[CREDENTIAL_USERNAME] = user, [CREDENTIAL_APPLICATION_CREDENTIAL_SECRET] = secret},
    };
    const struct identity_login login = {&cloud, &credential, endpoint};
    _cleanup_(fuzz_answer_done) struct fuzz_answer a = {0};
    _cleanup_(session_unrefp) struct session *session = NULL;
    _cleanup_(problem_freep) struct problem *problem = NULL;
    int r;

    identity_init();
    fuzz_answer_init(&a, data, size);
    r = provider->decode_login(&login, &a.answer, &session, &problem);
    fuzz_check((r == 0 && session && !problem) || (r == 1 && problem && !session));
    if (r == 0)
        check_session(&a.answer, session);
    else
        fuzz_check_problem(&a.answer, problem);
}
