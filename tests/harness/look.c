/* SPDX-License-Identifier: MIT */
#include "look.h"

#include "client.h"
#include "stage.h"

#include <string.h>

json_t *look_identity(const char *cloud)
{
    return reply_json(get("/v1/%s/identity", cloud), 200);
}

static const char *error_of(json_t *identity)
{
    json_t *error = json_object_get(identity, "last_error");
    const char *code, *detail, *at;

    ck_assert_ptr_nonnull(error);
    if (json_is_null(error))
        return NULL;
    json_demand(error, "{s:s, s:s, s:s !}", "code", &code, "detail", &detail, "at", &at);
    ck_assert_msg(strlen(detail) > 20, "no sentence: %s", detail);
    ck_assert_msg(strlen(at) >= 20 && at[strlen(at) - 1] == 'Z', "no time: %s", at);
    return code;
}

const char *look_error(const char *cloud)
{
    return error_of(look_identity(cloud));
}

void look_demand(const char *cloud, const char *state, const char *code)
{
    json_t *identity = look_identity(cloud);
    const char *error = error_of(identity);

    ck_assert_str_eq(json_string_value(json_object_get(identity, "state")), state);
    ck_assert_str_eq(error ? error : "none", code ? code : "none");
}

const char *look_token(const char *cloud)
{
    const char *token;

    json_demand(reply_json(get("/v1/%s/token", cloud), 200), "{s:s}", "token", &token);
    return token;
}

json_int_t look_generation(const char *cloud)
{
    json_int_t generation;

    json_demand(look_identity(cloud), "{s:I}", "generation", &generation);
    return generation;
}

json_int_t look_refresh_in(const char *cloud)
{
    json_t *value = json_object_get(look_identity(cloud), "refresh_in");

    ck_assert_ptr_nonnull(value);
    return json_is_null(value) ? -1 : json_integer_value(value);
}
