/* SPDX-License-Identifier: MIT */
/*
 * liblatchkey: the token, the catalog and signed requests of a cloud, borrowed from latchkeyd
 * through its Unix socket. The program never sees the user's key.
 *
 *     lk_client *client = NULL;
 *     lk_token *token = NULL;
 *     lk_error *error = NULL;
 *
 *     if (lk_client_new(NULL, &client) == 0 &&
 *         lk_token_get(client, NULL, 60, &token, &error) == 0)
 *         use(lk_token_secret(token));
 *     else
 *         fprintf(stderr, "%s\n", lk_error_message(error));
 *     lk_error_free(error);
 *     lk_token_free(token);
 *     lk_client_free(client);
 *
 * Results
 *     A call that can fail returns an int: 0 for success; a negative errno when something broke
 *     (-ENOENT or -ECONNREFUSED: no daemon; -ETIMEDOUT; -ENOMEM …); a positive lk_status when the
 *     daemon gave an answer other than the one hoped for (LK_DENIED, LK_NOT_READY …). Where a call
 *     takes an lk_error **, that is set on every result but 0, unless memory is out, to an object
 *     with words for people; NULL says that you do not want it.
 * Ownership
 *     What comes back through a ret_ parameter belongs to the caller, who frees it with the free
 *     function of its type. It is left untouched on failure. Every free function accepts NULL. A
 *     const pointer that a function returns belongs to the object it was asked of, lives as long as
 *     that, and is NULL where there is no value. Arguments are only read, and copied where they are
 *     needed for longer than the call.
 * Text
 *     Strings are UTF-8. Times are RFC 3339 in UTC ("2026-01-31T08:00:00Z"). Durations are whole
 *     seconds; -1 stands for one that is not known.
 * Blocking
 *     Calls marked [blocks] talk to the daemon and return within the client's time limit
 *     (lk_client_set_timeout) or the one they are given. All others return at once.
 * Threads
 *     One lk_client serves any number of threads at once: each call uses a connection of its own,
 *     so a call that waits holds up no other. Results are never changed after they are returned, so
 *     all threads may read them. An lk_request or lk_credential belongs to one thread at a time. No
 *     object may be freed while it is in use.
 * Processes
 *     After fork() a child may go on using a client (it makes its own connections), provided that
 *     no other thread was inside a call at that moment. No connection to the daemon outlives exec;
 *     what libcurl opens for itself may, unconnected to anything.
 * Manners
 *     Nothing is printed, no signal is raised or left changed, no locale or environment is changed,
 *     nothing exits. A daemon that is started again is found again by the next call.
 * Secrets
 *     Tokens and credentials are wiped from memory when their objects are freed.
 */
#ifndef LATCHKEY_H
#define LATCHKEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

typedef struct lk_client lk_client;         /* a way to one daemon */
typedef struct lk_error lk_error;           /* why a call did not return 0 */
typedef struct lk_clouds lk_clouds;         /* the clouds that the caller may see */
typedef struct lk_token lk_token;           /* one token */
typedef struct lk_token_page lk_token_page; /* a cloud's token, in memory shared with the daemon */
typedef struct lk_identity lk_identity;     /* who the daemon is at a cloud, and how it stands */
typedef struct lk_catalog lk_catalog;       /* a cloud's endpoints */
typedef struct lk_endpoint lk_endpoint;     /* one of them */
typedef struct lk_credential lk_credential; /* what lk_login hands over */
typedef struct lk_request lk_request;       /* a signed request */
typedef struct lk_head lk_head;             /* status and headers of its answer */

/*
 * What the daemon, or the cloud through it, answers instead of what was asked for. Numbers never
 * change; later versions may add some, so treat one that you do not know as LK_PROBLEM.
 */
enum lk_status {
    LK_OK = 0,
    LK_PROBLEM = 1,              /* any other refusal: lk_error_code() has its code word */
    LK_NO_CHANGE = 2,            /* lk_token_wait: the time is over, the token is still the same */
    LK_DENIED = 3,               /* the daemon's rules do not let this process do it */
    LK_NOT_READY = 4,            /* no usable token yet, or no longer */
    LK_SIGNED_OUT = 5,           /* the daemon holds no credential for this cloud */
    LK_CREDENTIALS_REJECTED = 6, /* the identity service refused the credential */
    LK_UNKNOWN_CLOUD = 7,        /* the daemon has no cloud of this name */
    LK_UNKNOWN_SERVICE = 8,      /* the catalog has no such service */
    LK_UNKNOWN_REGION = 9,     /* the service is not in that region; the detail lists the regions */
    LK_UNKNOWN_INTERFACE = 10, /* the service has no such interface there */
    LK_REGION_REQUIRED = 11,   /* say which region; the detail lists them */
    LK_BAD_PATH = 12,          /* the path would leave the endpoint */
    LK_BAD_REQUEST = 13,       /* the daemon does not understand the request */
    LK_UNREACHABLE = 14,       /* the cloud could not be reached, or not safely (TLS) */
    LK_UPSTREAM_TIMEOUT = 15,  /* the cloud did not answer in time */
    LK_RATE_LIMITED = 16,      /* the identity service asks to wait */
    LK_UPSTREAM_BROKEN = 17,   /* the cloud answered nonsense, or is out of order */
    LK_STOPPING = 18,          /* the daemon is going down */
    LK_TOO_MANY = 19           /* this user has more under way than the daemon lets one have */
};
typedef enum lk_status lk_status;

/* A short text for a result of any call here, never NULL. It is constant; lk_error says more. */
const char *lk_status_text(int result);

/* The version of the library that runs, such as "1.2.3". */
const char *lk_version(void);

/* ---- errors ---------------------------------------------------------------------------------- */

void lk_error_free(lk_error *error);

/*
 * The result of the call that gave this error: negative errno or positive lk_status. This and all
 * that follow accept NULL, which says nothing.
 */
int lk_error_result(const lk_error *error);

/* One line for people, never NULL; no newline, no secret. */
const char *lk_error_message(const lk_error *error);

/* The HTTP status of the daemon's answer; 0 when there was none. */
unsigned lk_error_http_status(const lk_error *error);

/*
 * The daemon's own words (RFC 9457): a stable code word such as "region-required", a title, and a
 * sentence that says what to do. NULL where the daemon gave none, so for every negative errno.
 */
const char *lk_error_code(const lk_error *error);
const char *lk_error_title(const lk_error *error);
const char *lk_error_detail(const lk_error *error);

/* ---- client ---------------------------------------------------------------------------------- */

/*
 * Makes a client for the daemon behind a socket. With a path of NULL, the socket is
 * $LATCHKEY_SOCKET, else $XDG_RUNTIME_DIR/latchkey/latchkey.sock if that exists, else
 * /run/latchkey/latchkey.sock. Wherever a call takes a cloud, NULL stands for $LATCHKEY_CLOUD as it
 * is now, else for the daemon's default cloud. Does not connect, so the daemon may come later. A
 * set-user-ID program reads none of these variables.
 *
 * -ENAMETOOLONG: the path does not fit into a socket address (107 bytes); -EINVAL: it is empty.
 */
int lk_client_new(const char *socket_path, lk_client **ret_client);

/* Closes its connections. Free its requests first. */
void lk_client_free(lk_client *client);

/* The path of the socket that is used. */
const char *lk_client_socket(const lk_client *client);

/*
 * The longest time that a later call may take, in seconds, 60 at first. Signed requests have a
 * limit of another kind (lk_request_set_silence). Any thread may call this at any time. -EINVAL: 0.
 */
int lk_client_set_timeout(lk_client *client, unsigned seconds);

/*
 * Makes sure that a daemon answers; no other call needs it. [blocks]
 *
 * This and every call marked [blocks] can fail with -ENOENT or -ECONNREFUSED (no daemon there),
 * -ENOTDIR, -ELOOP or -EPROTOTYPE (nor can there be one: the path leads nowhere, or to a socket of
 * another type), -EACCES (the socket's mode keeps this process out), -ETIMEDOUT, -ECONNRESET (the
 * daemon went away in the middle), -EPROTO (what answers is not latchkeyd), -EMSGSIZE (an answer
 * beyond all measure) and -ENOMEM, and, where it takes a cloud, with LK_UNKNOWN_CLOUD and LK_DENIED.
 */
int lk_client_connect(lk_client *client, lk_error **ret_error);

/* ---- clouds ---------------------------------------------------------------------------------- */

/* The clouds that this process may see, and how each of them stands. [blocks] */
int lk_clouds_get(lk_client *client, lk_clouds **ret_clouds, lk_error **ret_error);
void lk_clouds_free(lk_clouds *clouds);

/* The name of the default cloud; NULL when there is none, or none that this process may see. */
const char *lk_clouds_default(const lk_clouds *clouds);

/*
 * Cloud number index, below lk_clouds_count(); beyond it NULL and -1. The state is one of
 * "starting", "ready", "renewing", "degraded", "failed", "rejected" and "signed-out" (latchkey(1)
 * explains them); expires_in is how many seconds the token had left when the daemon answered.
 */
size_t lk_clouds_count(const lk_clouds *clouds);
const char *lk_clouds_name(const lk_clouds *clouds, size_t index);
const char *lk_clouds_state(const lk_clouds *clouds, size_t index);
int64_t lk_clouds_expires_in(const lk_clouds *clouds, size_t index);

/* The daemon's answer as it came, a JSON document. */
const char *lk_clouds_json(const lk_clouds *clouds);

/* ---- token ----------------------------------------------------------------------------------- */

/*
 * A token that lives for min_ttl seconds more: where fewer are left, the daemon renews it first. If
 * no login, or none for so long a time, is to be had, it is the best token there is: see
 * lk_token_expires_in().
 * Ask again whenever you need one instead of keeping it: the answer comes out of the daemon's
 * memory. [blocks] LK_NOT_READY, LK_SIGNED_OUT, LK_CREDENTIALS_REJECTED: there is none to be had;
 * LK_PROBLEM with the code "no-token": the cloud has no identity service and never has one.
 */
int lk_token_get(lk_client *client, const char *cloud, unsigned min_ttl, lk_token **ret_token,
                 lk_error **ret_error);

/*
 * Waits until there is a token of another generation than after, seconds at most, and returns it;
 * 0 for after takes any token. It is a later generation, or one of a daemon that was started again
 * and counts anew; one that goes away meanwhile has ten seconds to come back. [blocks, for seconds
 * and the client's time limit at most]
 * LK_NO_CHANGE: none came; this is no failure, so ret_error stays as it is.
 */
int lk_token_wait(lk_client *client, const char *cloud, uint64_t after, unsigned seconds,
                  lk_token **ret_token, lk_error **ret_error);

/* Wipes the token and frees it. */
void lk_token_free(lk_token *token);

/* The token itself, what X-Auth-Token wants. */
const char *lk_token_secret(const lk_token *token);

/* When it ends, by the identity service's clock. */
const char *lk_token_expires(const lk_token *token);

/* How many seconds it has left now, by a clock that nobody can set; 0 once it is over. */
int64_t lk_token_expires_in(const lk_token *token);

/* 1 for the first token of this cloud since the daemon started, one more with every new one. */
uint64_t lk_token_generation(const lk_token *token);

/* The daemon's answer as it came, a JSON document. It holds the token: keep it as secret. */
const char *lk_token_json(const lk_token *token);

/* ---- token page ------------------------------------------------------------------------------ */

/*
 * A cloud's token for who needs it often: in a page of memory that the daemon shares and keeps up to
 * date. Where there is none to share (an older daemon, a token of more than 4032 bytes) all works the
 * same through the socket, at its speed. Does not connect: the first call that follows does. To be
 * freed before its client. -ENOMEM.
 */
int lk_token_page_new(lk_client *client, const char *cloud, lk_token_page **ret_page);
void lk_token_page_free(lk_token_page *page);

typedef struct lk_token_info {
    size_t length;       /* of the token, without the NUL behind it */
    uint64_t generation; /* as lk_token_generation() */
    int64_t expires_in;  /* seconds that are left now; INT64_MAX: it never ends */
} lk_token_info;

/*
 * Copies the token that there is now into the buffer, with a NUL behind it; the copy is the caller's
 * to wipe. ret_info may be NULL. Any number of threads may do so at once: it makes no system call and
 * takes no lock as long as the page's daemon lives and the token too. After that the daemon, or the
 * one in its place, is asked for another page. [blocks then, and fails as lk_token_get()]
 * -ENOBUFS: it does not fit into size bytes; ret_info has its length.
 */
int lk_token_page_read(lk_token_page *page, char *buffer, size_t size, lk_token_info *ret_info,
                       lk_error **ret_error);

/*
 * Waits until a token of another generation than after can be read, seconds at most; 0 for after
 * takes any. Needs no connection while the page's daemon lives. [blocks, as lk_token_wait()]
 * LK_NO_CHANGE: none came.
 */
int lk_token_page_wait(lk_token_page *page, uint64_t after, unsigned seconds, lk_error **ret_error);

/* ---- identity -------------------------------------------------------------------------------- */

/* Who the daemon is at a cloud. It answers in every state, without a token too. [blocks] */
int lk_identity_get(lk_client *client, const char *cloud, lk_identity **ret_identity,
                    lk_error **ret_error);

/*
 * Logs in anew, even if the token is still good, and waits for the outcome. Callers at the same
 * time share one login. ret_identity may be NULL. [blocks] LK_SIGNED_OUT, LK_CREDENTIALS_REJECTED,
 * LK_UNREACHABLE, LK_RATE_LIMITED …: why it did not work.
 */
int lk_refresh(lk_client *client, const char *cloud, lk_identity **ret_identity,
               lk_error **ret_error);

void lk_identity_free(lk_identity *identity);

/* The cloud's name, also when "default" was asked for, and its state: a word of lk_clouds_state. */
const char *lk_identity_cloud(const lk_identity *identity);
const char *lk_identity_state(const lk_identity *identity);

/* Whether a usable token is held. Without one, what follows is empty or unknown. */
bool lk_identity_authenticated(const lk_identity *identity);

const char *lk_identity_user_id(const lk_identity *identity);
const char *lk_identity_user_name(const lk_identity *identity);
const char *lk_identity_tenant_id(const lk_identity *identity);
const char *lk_identity_tenant_name(const lk_identity *identity);

/* The user's roles: number index, below lk_identity_role_count(); beyond it NULL. */
size_t lk_identity_role_count(const lk_identity *identity);
const char *lk_identity_role_id(const lk_identity *identity, size_t index);
const char *lk_identity_role_name(const lk_identity *identity, size_t index);
const char *lk_identity_role_description(const lk_identity *identity, size_t index);

/* The region taken when none is asked for, and all regions of the catalog. */
const char *lk_identity_default_region(const lk_identity *identity);
size_t lk_identity_region_count(const lk_identity *identity);
const char *lk_identity_region(const lk_identity *identity, size_t index);

/* The token's life; the durations were right when the daemon answered. */
const char *lk_identity_issued(const lk_identity *identity);
const char *lk_identity_expires(const lk_identity *identity);
int64_t lk_identity_expires_in(const lk_identity *identity);
int64_t lk_identity_refresh_in(const lk_identity *identity);
uint64_t lk_identity_generation(const lk_identity *identity);

/* What the last login failed with, code word, sentence and time; NULL when it did not fail. */
const char *lk_identity_error_code(const lk_identity *identity);
const char *lk_identity_error_detail(const lk_identity *identity);
const char *lk_identity_error_at(const lk_identity *identity);

/* The daemon's answer as it came, a JSON document. */
const char *lk_identity_json(const lk_identity *identity);

/* ---- catalog and endpoints ------------------------------------------------------------------- */

/*
 * The cloud's endpoints in the identity service's order; those of a service, a region, an interface
 * only where one is given. NULL takes all. [blocks] LK_NOT_READY, LK_SIGNED_OUT …
 */
int lk_catalog_get(lk_client *client, const char *cloud, const char *service, const char *region,
                   const char *interface, lk_catalog **ret_catalog, lk_error **ret_error);
void lk_catalog_free(lk_catalog *catalog);

/* Endpoint number index, below lk_catalog_count(); beyond it NULL. It belongs to the catalog. */
size_t lk_catalog_count(const lk_catalog *catalog);
const lk_endpoint *lk_catalog_at(const lk_catalog *catalog, size_t index);

/* The daemon's answer as it came, a JSON document. */
const char *lk_catalog_json(const lk_catalog *catalog);

/*
 * The one endpoint that the daemon chooses for a service: by type ("object-store"), catalog name
 * ("cloudFiles") or alias ("swift"). A region or interface of NULL leaves it to the daemon's rules
 * (latchkeyd(8)). [blocks] LK_UNKNOWN_SERVICE, LK_UNKNOWN_REGION, LK_UNKNOWN_INTERFACE,
 * LK_REGION_REQUIRED, LK_NOT_READY …
 */
int lk_endpoint_get(lk_client *client, const char *cloud, const char *service, const char *region,
                    const char *interface, lk_endpoint **ret_endpoint, lk_error **ret_error);

/* For an endpoint of lk_endpoint_get, not for one of a catalog. */
void lk_endpoint_free(lk_endpoint *endpoint);

/* The service's type and catalog name; the region is NULL where the service has none. */
const char *lk_endpoint_service(const lk_endpoint *endpoint);
const char *lk_endpoint_name(const lk_endpoint *endpoint);
const char *lk_endpoint_region(const lk_endpoint *endpoint);
const char *lk_endpoint_interface(const lk_endpoint *endpoint);
const char *lk_endpoint_url(const lk_endpoint *endpoint);

/* Only catalogs name it, and not for every endpoint. */
const char *lk_endpoint_tenant_id(const lk_endpoint *endpoint);

/* The daemon's answer as it came, a JSON document; NULL for an endpoint of a catalog. */
const char *lk_endpoint_json(const lk_endpoint *endpoint);

/* ---- login and logout ------------------------------------------------------------------------ */

/*
 * A credential is a few named values, in the names that the cloud's provider takes: "username" with
 * "api_key" or "password", or "application_credential_id" with "application_credential_secret", and
 * "tenant_id" or "tenant_name" where they are needed; latchkeyd.conf(5) has them all. Values are
 * copied, replaced where the name is set already, and wiped when the credential is freed. -EINVAL:
 * an empty name, or text that is not UTF-8.
 */
int lk_credential_new(lk_credential **ret_credential);
int lk_credential_set(lk_credential *credential, const char *name, const char *value);
void lk_credential_free(lk_credential *credential);

/*
 * Hands a credential to the daemon, which keeps it in memory only, and waits for the first login
 * with it. The daemon takes it from root and its own user, and from those whom its access rules allow
 * it. ret_identity may be NULL. [blocks]
 * LK_DENIED; LK_CREDENTIALS_REJECTED: the identity service does not know it; LK_UNREACHABLE …
 */
int lk_login(lk_client *client, const char *cloud, const lk_credential *credential,
             lk_identity **ret_identity, lk_error **ret_error);

/* Makes the daemon forget key and token and revoke the token. For the same callers. [blocks] */
int lk_logout(lk_client *client, const char *cloud, lk_error **ret_error);

/* ---- signed requests ------------------------------------------------------------------------- */

/*
 * A request to a service of the cloud, which the daemon signs with the token and passes on; bodies
 * stream both ways in constant memory, whatever their size.
 *
 *     lk_request_new(client, "GET", "object-store", "/photos/cat.jpg", &request);
 *     lk_request_set_region(request, "DFW");
 *     lk_request_on_body(request, write_to_file, file);
 *     r = lk_request_perform(request, &error);
 *     if (r == 0 && lk_request_status(request) == 200)
 *         …
 *
 * Callbacks run in the thread that performs the request and may block for as long as they like; the
 * daemon and the cloud are then held back. They may use the client for other calls, but must
 * neither free nor change the request. A callback stops the transfer by returning a negative errno,
 * which lk_request_perform then returns (-ECANCELED where the reason does not matter).
 */

/* Gives up to size bytes of the request's body: how many, or 0 at its end, or a negative errno. */
typedef int64_t (*lk_read_fn)(void *userdata, void *buffer, size_t size);

/* Gets the answer's status and headers, once, before its body; the head lives until it returns. */
typedef int (*lk_head_fn)(void *userdata, const lk_head *head);

/* Gets the next size bytes of the answer's body, at least one. */
typedef int (*lk_body_fn)(void *userdata, const void *data, size_t size);

/*
 * Gets the body bytes sent and received so far and how many there will be, -1 where that is not
 * known; at least once a second, also when nothing moves: the place to stop a transfer from.
 */
typedef int (*lk_progress_fn)(void *userdata, int64_t sent, int64_t to_send, int64_t received,
                              int64_t to_receive);

/*
 * method is any HTTP method, sent as given. service is a type, name or alias as for
 * lk_endpoint_get. path is what follows the endpoint's URL, query included, sent byte for byte
 * ("a%2Fb" stays that); a slash in front makes no difference. The client must outlive the request.
 * -EINVAL: a method that is none, an empty service, a blank or control character in the path.
 */
int lk_request_new(lk_client *client, const char *method, const char *service, const char *path,
                   lk_request **ret_request);
void lk_request_free(lk_request *request);

/* Where to: NULL, as at first, leaves it to the daemon. */
int lk_request_set_cloud(lk_request *request, const char *cloud);
int lk_request_set_region(lk_request *request, const char *region);
int lk_request_set_interface(lk_request *request, const char *interface);

/*
 * Adds a header; one name may be added several times. The daemon drops what would interfere with
 * the signature (X-Auth-Token, Authorization, Host, …). -EINVAL: not a header, a control character
 * other than a tab in the value, or one of Connection, Content-Length, Host and Transfer-Encoding,
 * which the library sets itself.
 */
int lk_request_add_header(lk_request *request, const char *name, const char *value);

/* A body out of memory, which is copied. */
int lk_request_set_body(lk_request *request, const void *data, size_t size);

/*
 * A body out of a callback: length bytes, or as many as come if length is -1. A body that ends
 * before its length stops the transfer with -ENODATA; nothing is read beyond it.
 */
void lk_request_set_reader(lk_request *request, lk_read_fn read, void *userdata, int64_t length);

/* Who gets what of the answer; NULL, as at first, drops it. */
void lk_request_on_head(lk_request *request, lk_head_fn on_head, void *userdata);
void lk_request_on_body(lk_request *request, lk_body_fn on_body, void *userdata);
void lk_request_on_progress(lk_request *request, lk_progress_fn on_progress, void *userdata);

/*
 * How long the transfer may stand still, in seconds, 300 at first, before it fails with -ETIMEDOUT;
 * time spent in callbacks does not count. There is no limit on the whole. -EINVAL: 0.
 */
int lk_request_set_silence(lk_request *request, unsigned seconds);

/*
 * Sends the request and hands the answer to the callbacks. [blocks] Returns
 *  - 0 when an answer of the service came whole, whatever its status: see lk_request_status();
 *  - a positive lk_status when the answer is a problem document of the daemon, which could not or
 *    did not want to get one from the service. The callbacks get this answer too;
 *  - a negative errno when the exchange broke off; what the callbacks got is then incomplete.
 * It is sent twice only if it has no body, is a GET, HEAD or OPTIONS, and went out on a connection
 * that the daemon had closed without a byte of an answer. A request may be performed again later; a
 * reader must then be able to give its body again.
 */
int lk_request_perform(lk_request *request, lk_error **ret_error);

/* The HTTP status of the last answer; 0 when none came. */
unsigned lk_request_status(const lk_request *request);

/* Status code, and the words behind it, "" where there are none. */
unsigned lk_head_status(const lk_head *head);
const char *lk_head_reason(const lk_head *head);

/* The value of the first header of a name, compared without case; NULL when there is none. */
const char *lk_head_header(const lk_head *head, const char *name);

/* Header number index in the order of the answer, below lk_head_count(); beyond it NULL. */
size_t lk_head_count(const lk_head *head);
const char *lk_head_name(const lk_head *head, size_t index);
const char *lk_head_value(const lk_head *head, size_t index);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
