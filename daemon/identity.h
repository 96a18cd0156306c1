/* SPDX-License-Identifier: MIT */
/*
 * How to talk to an identity service, without talking to it: a provider per protocol encodes the
 * requests and decodes the answers. A new provider is one file with one `const struct
 * identity_provider` and one row in the table of meson.build.
 */
#ifndef IDENTITY_H
#define IDENTITY_H

#include "config.h"
#include "credential.h"
#include "header_list.h"
#include "problem.h"
#include "providers.h"
#include "session.h"

#include <time.h>

/* What a login is made of; all borrowed. */
struct identity_login {
    const struct cloud_config *cloud;
    const struct credential *credential;
    const char *endpoint; /* where the protocol is spoken, its version in it, without a slash at the
                             end; NULL: at the provider's own */
};

#define IDENTITY_HEADERS_MOST 4

struct identity_header {
    const char *name; /* static */
    char *value;      /* secret memory */
};

/* A request to an identity service, ready to be sent. */
struct identity_request {
    const char *method; /* static */
    char *url;
    struct identity_header headers[IDENTITY_HEADERS_MOST]; /* behind the last, without a name */
    char *body;                                            /* JSON, secret memory; NULL: none */
};

/* With its address, which is the endpoint and a path; NULL without memory. */
struct identity_request *identity_request_new(const char *method, const char *endpoint,
                                              const char *path);
void identity_request_free(struct identity_request *r);
DEFINE_CLEANUP(struct identity_request *, identity_request_free)

/* The name is static. 0; -EBADMSG for a value that no header can carry; -ENOMEM. */
int identity_request_add_header(struct identity_request *r, const char *name, const char *value);

/* What came back, with the moments that its times are counted from. All borrowed. */
struct identity_answer {
    unsigned status;
    const struct header_list *headers; /* NULL: none */
    unsigned retry_after;              /* seconds, from the header; 0: none */
    time_t date;      /* the service's own clock, from the `Date` header; 0: none */
    const char *body; /* NUL-terminated */
    size_t length;
    usec_t received_boottime;
    usec_t received_realtime;
};

/* Whether a text is nothing but visible ASCII, which is what a header can carry. */
bool identity_is_visible(const char *text);

/* The value of that header, or NULL. */
const char *identity_answer_header(const struct identity_answer *answer, const char *name);

struct identity_provider {
    const char *version; /* how a version document begins the protocol's id; NULL: nobody asks */

    /* For a protocol in which nobody has to be asked, in place of all that follows: the session that
     * a login gives. 0 or -ENOMEM. NULL: there is a login. */
    int (*make_session)(const struct identity_login *login, usec_t now_boottime,
                        struct session **ret);

    /* The request that logs in. 0; 1 with ret_problem set when this provider cannot use that
     * credential; or a negative errno. */
    int (*encode_login)(const struct identity_login *login, struct identity_request **ret,
                        struct problem **ret_problem);

    /*
     * Reads the answer to it. 0 with a session (no generation yet); 1 with a problem:
     * credentials-rejected, rate-limited, identity-unavailable or bad-answer, with the seconds to
     * wait if the service named them; or -ENOMEM.
     */
    int (*decode_login)(const struct identity_login *login, const struct identity_answer *answer,
                        struct session **ret, struct problem **ret_problem);

    /* The request that revokes a token; the login has no credential any more. NULL: the protocol
     * has none. 0 or a negative errno. */
    int (*encode_revoke)(const struct identity_login *login, const char *token,
                         struct identity_request **ret);
};

#define PROVIDER(type, provider) extern const struct identity_provider provider;
IDENTITY_PROVIDERS(PROVIDER)
#undef PROVIDER

/* A provider and the identity_type that it serves: one type may have several, the preferred first. */
struct identity_row {
    const char *type;
    const struct identity_provider *provider;
};

/* The rows, and behind them one without a type. */
extern const struct identity_row identity_table[];

/* Has jansson take its memory from the secret room. Once, at the start. */
void identity_init(void);

/* The credential's value, or else the configuration's; NULL: neither has one. */
const char *identity_login_get(const struct identity_login *login, enum credential_field field);

/* Who says what the token is to be good for: the credential if it says anything of it, else the
 * configuration. Their fields tenant, project_domain and domain; never NULL. */
const struct credential *identity_login_scope(const struct identity_login *login);

/*
 * The identity service's clock at the moment the answer came. Its Date header knows whole seconds
 * only, so this machine's clock gives the fraction where the two agree; where they do not, the end
 * of that second is taken: a token is then given up early, never late.
 */
usec_t identity_now(const struct identity_answer *answer);

/* Gives the session its times, with a token that ends at that time of the service's clock; false: it is
 * over already. */
bool identity_answer_gives_life(const struct identity_answer *answer, usec_t end,
                                struct session *session);

/* A credential that the provider cannot use: 1 with the problem, or -ENOMEM. */
int identity_refuse_credential(const char *why, struct problem **ret_problem);

#endif
