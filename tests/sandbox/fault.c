/* SPDX-License-Identifier: MIT */
/* See fault.h. */
#include "fault.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "catalog.h"
#include "cleanup.h"
#include "request.h"

/* A whole login answer around a token that was never issued, for the faults that spoil it. */
static json_t *unissued_access(struct request *r)
{
    _cleanup_(sandbox_unlockp) struct sandbox *s = sandbox_lock(r->sandbox);
    struct token token = {.end_wall = clock_wall() + s->settings.token_lifetime};

    token_random_id(token.id);
    return catalog_access(s, &token, true);
}

static json_t *over_limit(const char *member, json_t *value)
{
    json_t *details = json_pack("{s:i,s:s,s:s}", "code", 413, "message",
                                "This request was rate-limited.", "details", "Error Details...");

    json_object_set_new(details, member, value);
    return json_pack("{s:o}", "overLimit", details);
}

static void over_limit_in_body(struct request *r, const struct sandbox_settings *settings)
{
    answer_json(r, 413, over_limit("retryAfter", json_sprintf("%d", settings->retry_after)));
}

static void over_limit_until(struct request *r, const struct sandbox_settings *settings)
{
    char until[CLOCK_TEXT_MAX];

    clock_write(clock_wall() + settings->clock_offset + settings->retry_after, CLOCK_MS_Z, until);
    answer_json(r, 413, over_limit("retryAt", json_string(until)));
}

static void html(struct request *r, _unused_ const struct sandbox_settings *settings)
{
    answer_text(
        r, 502, "text/html",
        "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 "
        "Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n");
}

static void multi_factor(struct request *r, _unused_ const struct sandbox_settings *settings)
{
    answer_fault(r, 401, "unauthorized",
                 "Additional authentication credentials required. Resend request with X-SessionId "
                 "header");
    answer_header(r, "WWW-Authenticate",
                  "OS-MF sessionId='6a1f0e0e-6d2c-4ab1-9c1e-1f7c3b2f3a10', factor='PASSCODE'");
}

static void garbage(struct request *r, _unused_ const struct sandbox_settings *settings)
{
    answer_text(r, 200, "application/json", "this is not a document, but it says that it is one");
}

static void truncated(struct request *r, _unused_ const struct sandbox_settings *settings)
{
    json_auto_t *access = unissued_access(r);
    _cleanup_(freep) char *text = json_dumps(access, JSON_COMPACT);

    if (text)
        answer_bytes(r, 200, "application/json", text, strlen(text) / 2);
}

static void empty(struct request *r, _unused_ const struct sandbox_settings *settings)
{
    answer_text(r, 200, "application/json", "");
}

static void wrong_types(struct request *r, _unused_ const struct sandbox_settings *settings)
{
    answer_json(r, 200,
                json_pack("{s:{s:{s:s},s:{s:[i],s:i},s:s}}", "access", "serviceCatalog",
                          "cloudFiles", "object-store", "token", "id", 12345, "expires", 1234567890,
                          "user", "myusername"));
}

static void no_token(struct request *r, _unused_ const struct sandbox_settings *settings)
{
    json_t *access = unissued_access(r);

    json_object_del(json_object_get(access, "access"), "token");
    answer_json(r, 200, access);
}

static ssize_t read_endless(_unused_ void *data, uint64_t position, char *buffer, size_t size)
{
    static const char opening[] = "{\"access\":{\"serviceCatalog\":\"";

    memset(buffer, 'x', size);
    if (position == 0 && size >= strlen(opening))
        memcpy(buffer, opening, strlen(opening));
    return (ssize_t)size;
}

static void huge(struct request *r, _unused_ const struct sandbox_settings *settings)
{
    answer_response(
        r, 200,
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 32768, read_endless, NULL, NULL));
    answer_header(r, "Content-Type", "application/json");
}

static void close_silently(_unused_ struct request *r,
                           _unused_ const struct sandbox_settings *settings)
{
}

static void hang(struct request *r, _unused_ const struct sandbox_settings *settings)
{
    (void)request_wait(r, -1);
}

/* A fault is a plain fault document, with or without Retry-After, or what its function makes. */
static const struct fault {
    const char *name;
    unsigned status;
    const char *member;
    const char *message;
    bool retry_after;
    void (*answer)(struct request *r, const struct sandbox_settings *settings);
} faults[] = {
    {"none"},
    {"unauthorized", 401, "unauthorized", "Unable to authenticate user with credentials provided."},
    {"bad_request", 400, "badRequest", "Invalid json request body"},
    {"user_disabled", 403, "userDisabled", "User has been disabled."},
    {"forbidden", 403, "forbidden", "Not Authorized"},
    {"service_unavailable", 503, "serviceUnavailable", "The service is temporarily unavailable."},
    {"over_limit", 413, "overLimit", "This request was rate-limited.", .retry_after = true},
    {"over_limit_body", .answer = over_limit_in_body},
    {"over_limit_at", .answer = over_limit_until},
    {"too_many", 429, "overLimit", "This request was rate-limited.", .retry_after = true},
    {"html", .answer = html},
    {"multi_factor", .answer = multi_factor},
    {"garbage", .answer = garbage},
    {"truncated", .answer = truncated},
    {"empty", .answer = empty},
    {"wrong_types", .answer = wrong_types},
    {"no_token", .answer = no_token},
    {"huge", .answer = huge},
    {"close", .answer = close_silently},
    {"hang", .answer = hang},
};

const char *fault_name(int fault)
{
    return faults[fault].name;
}

int fault_from_name(const char *name, int *ret_fault)
{
    for (size_t i = 0; i < ARRAY_SIZE(faults); i++)
        if (strcmp(faults[i].name, name) == 0) {
            *ret_fault = (int)i;
            return 0;
        }
    return -EINVAL;
}

void fault_answer(struct request *r, int number, const struct sandbox_settings *settings)
{
    const struct fault *fault = &faults[number];

    if (fault->answer) {
        fault->answer(r, settings);
        return;
    }
    answer_fault(r, fault->status, fault->member, fault->message);
    if (fault->retry_after)
        answer_header_number(r, "Retry-After", (uint64_t)settings->retry_after);
}
